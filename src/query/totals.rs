//! What is counted over all rows of an answer.

use super::column::NO_TEXT;
use super::index::Index;
use crate::model::RejectionIdx;

/// Counts over rows.
pub(super) struct Totals {
    /// Rows of each kind.
    pub by_kind: Vec<u32>,
    /// Rows of each recipient domain.
    pub by_domain: Vec<u32>,
    /// Different recipients.
    pub n_recipients: u32,
}

impl Totals {
    /// Counts over `rows`. Over all of them the index has counted already.
    pub fn new(rows: &[RejectionIdx], index: &Index) -> Self {
        if rows.len() == index.len() {
            return Self {
                by_kind: index.rows_of_kind.clone(),
                by_domain: index.rows_of_domain.clone(),
                n_recipients: index.recipients.n_different() as u32,
            };
        }
        Self {
            by_kind: by_number(rows, &index.kind_of, index.kinds.len()),
            by_domain: by_number(rows, &index.domain_of, index.domains.len()),
            n_recipients: n_recipients(rows, index),
        }
    }
}

fn by_number(rows: &[RejectionIdx], number_of: &[u32], n: usize) -> Vec<u32> {
    let mut counts = vec![0; n];
    rows.iter().for_each(|idx| counts[number_of[*idx as usize] as usize] += 1);
    counts
}

fn n_recipients(rows: &[RejectionIdx], index: &Index) -> u32 {
    let firsts = index.recipients.firsts();
    // A bit for each recipient, by the first row that has it.
    let mut seen = vec![0u64; firsts.len().div_ceil(64)];
    let mut n = 0;
    for idx in rows {
        let first = firsts[*idx as usize];
        if first != NO_TEXT {
            let (word, bit) = (&mut seen[first as usize / 64], 1 << (first % 64));
            n += u32::from(*word & bit == 0);
            *word |= bit;
        }
    }
    n
}
