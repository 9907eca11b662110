//! The answer's rows put together by pattern.

use super::column::{Column, NO_TEXT};
use super::index::{Index, NO_TIME};
use super::rows::Rows;
use super::view::{PatternRow, TREND_BARS};
use super::workers::{Workers, map};
use crate::model::{RejectionIdx, timestamp};
use crate::smtp::Stage;
use std::ops::Range;
use std::sync::Arc;

/// Patterns whose recipients are counted in one piece have so many rows together, or more.
const ROWS_PER_PIECE: usize = 100_000;

/// The patterns of `rows`, of which there are `by_kind` of each kind: most refusals first, then by id.
pub(super) fn pattern_rows(
    rows: &[RejectionIdx],
    by_kind: &[u32],
    index: &Index,
    workers: &dyn Workers,
) -> Vec<PatternRow> {
    let (groups, all) = group(rows, by_kind, index);
    let n_recipients = n_recipients_of(&groups, &all, index, workers);
    let all = Arc::new(all);
    let mut out = Vec::with_capacity(groups.len());
    for (group, n_recipients) in groups.iter().zip(n_recipients) {
        let rows = Rows::part_of(&all, group.rows.clone());
        let timed = &rows[..rows.len() - group.n_timeless as usize];
        let time = |idx: &RejectionIdx| timestamp(index.times[*idx as usize]);
        let first = &index.kinds[index.kind_of[group.first_idx as usize] as usize];
        let most = group.by_stage.iter().max().copied().unwrap_or(0);
        let stage = group.by_stage.iter().position(|n| *n == most).unwrap_or(0);
        out.push(PatternRow {
            pattern: Arc::clone(&index.patterns[first.pattern as usize]),
            verdict: Arc::clone(&index.verdicts[first.verdict as usize]),
            stage: Stage::ALL[stage],
            n_recipients,
            first_seen: timed.last().and_then(time),
            last_seen: timed.first().and_then(time),
            trend: group.trend,
            rows,
        });
    }
    out.sort_by(|a, b| b.rows.len().cmp(&a.rows.len()).then_with(|| a.pattern.id.cmp(&b.pattern.id)));
    out
}

/// How many different recipients `rows` have.
pub(super) fn n_recipients(rows: &[RejectionIdx], recipients: &Column) -> u32 {
    let firsts = recipients.firsts();
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

/// A pattern that has rows.
struct Group {
    /// Its place in the list of all.
    rows: Range<usize>,
    n_timeless: u32,
    first_idx: RejectionIdx,
    by_stage: [u32; Stage::ALL.len()],
    trend: [u32; TREND_BARS],
}

/// The patterns that have rows, and all rows: pattern after pattern, each newest first.
fn group(rows: &[RejectionIdx], by_kind: &[u32], index: &Index) -> (Vec<Group>, Vec<RejectionIdx>) {
    let mut by_pattern = vec![0u32; index.patterns.len()];
    for (kind, n) in index.kinds.iter().zip(by_kind) {
        by_pattern[kind.pattern as usize] += n;
    }
    let mut groups = Vec::new();
    let mut number_of = vec![u32::MAX; index.patterns.len()];
    let mut end = 0;
    for (number, n) in number_of.iter_mut().zip(&by_pattern).filter(|(_, n)| **n > 0) {
        *number = groups.len() as u32;
        groups.push(Group {
            rows: end..end,
            n_timeless: 0,
            first_idx: RejectionIdx::MAX,
            by_stage: [0; Stage::ALL.len()],
            trend: [0; TREND_BARS],
        });
        end += *n as usize;
    }
    for (kind, n) in index.kinds.iter().zip(by_kind).filter(|(_, n)| **n > 0) {
        groups[number_of[kind.pattern as usize] as usize].by_stage[kind.stage as usize] += n;
    }
    // Newest first, and those without a time at the end.
    let time = |idx: &RejectionIdx| index.times[*idx as usize];
    let timed = &rows[..rows.partition_point(|idx| time(idx) != NO_TIME)];
    let span = timed.last().map_or(0, time)..timed.first().map_or(0, time);
    let group_of: Vec<u32> = index.kinds.iter().map(|kind| number_of[kind.pattern as usize]).collect();
    let mut all = vec![0; rows.len()];
    let mut bars = Bars::new(&span);
    for idx in rows {
        let group = &mut groups[group_of[index.kind_of[*idx as usize] as usize] as usize];
        all[group.rows.end] = *idx;
        group.rows.end += 1;
        group.first_idx = group.first_idx.min(*idx);
        match time(idx) {
            NO_TIME => group.n_timeless += 1,
            time => group.trend[bars.bar(time)] += 1,
        }
    }
    (groups, all)
}

/// The bars of the trend over a span of time.
struct Bars {
    start: f64,
    width: f64,
    /// The time that was asked for last: the next one is near, and mostly the same.
    last: (i64, usize),
}

impl Bars {
    fn new(span: &Range<i64>) -> Self {
        // In floats, because times may lie further apart than an i64 holds.
        let (start, width) = (span.start as f64, (span.end as f64 - span.start as f64).max(1.0));
        Self { start, width, last: (NO_TIME, 0) }
    }

    /// The bar that a time within the span belongs to.
    fn bar(&mut self, time: i64) -> usize {
        if time != self.last.0 {
            let share = (time as f64 - self.start) / self.width;
            // The last time belongs to the last bar.
            self.last = (time, ((share * TREND_BARS as f64) as usize).min(TREND_BARS - 1));
        }
        self.last.1
    }
}

/// Different recipients of each group.
fn n_recipients_of(groups: &[Group], all: &[RejectionIdx], index: &Index, workers: &dyn Workers) -> Vec<u32> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for (at, group) in groups.iter().enumerate() {
        if group.rows.end - groups[from].rows.start >= ROWS_PER_PIECE || at + 1 == groups.len() {
            pieces.push(from..at + 1);
            from = at + 1;
        }
    }
    let firsts = index.recipients.firsts();
    let counted = map(workers, pieces.len(), |piece| {
        // For each recipient the group it was last counted in.
        let mut seen_in = vec![u32::MAX; firsts.len()];
        let groups = &groups[pieces[piece].clone()];
        let count = |(number, group): (usize, &Group)| {
            let recipients = all[group.rows.clone()].iter().map(|idx| firsts[*idx as usize]);
            let is_new = |first: &RejectionIdx| {
                *first != NO_TEXT
                    && std::mem::replace(&mut seen_in[*first as usize], number as u32) != number as u32
            };
            recipients.filter(is_new).count() as u32
        };
        groups.iter().enumerate().map(count).collect::<Vec<u32>>()
    });
    counted.concat()
}
