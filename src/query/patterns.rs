//! The answer's rows put together by pattern.

use super::column::NO_TEXT;
use super::index::{Index, NO_TIME};
use super::rows::Rows;
use super::view::{PatternRow, TREND_BARS};
use super::workers::{Workers, map};
use crate::model::{RejectionIdx, timestamp};
use crate::smtp::Stage;
use std::ops::Range;
use std::sync::Arc;

/// Patterns that are described in one piece have so many rows together, or more.
const ROWS_PER_PIECE: usize = 100_000;

/// The patterns of `rows`, of which there are `by_kind` of each kind: most refusals first, then by id.
pub(super) fn pattern_rows(
    rows: &[RejectionIdx],
    by_kind: &[u32],
    index: &Index,
    workers: &dyn Workers,
) -> Vec<PatternRow> {
    let (groups, all) = group(rows, by_kind, index);
    let all = Arc::new(all);
    let mut pieces = Vec::new();
    let mut from = 0;
    for (at, group) in groups.iter().enumerate() {
        if group.rows.end - groups[from].rows.start >= ROWS_PER_PIECE || at + 1 == groups.len() {
            pieces.push(from..at + 1);
            from = at + 1;
        }
    }
    let described = map(workers, pieces.len(), |piece| {
        let mut recipients = Recipients::new(index);
        let groups = &groups[pieces[piece].clone()];
        let describe = |group: &Group| {
            let rows = Rows::part_of(&all, group.rows.clone());
            let n_recipients = recipients.count(&rows);
            describe(group, rows, n_recipients, index)
        };
        groups.iter().map(describe).collect::<Vec<PatternRow>>()
    });
    let mut out: Vec<PatternRow> = described.into_iter().flatten().collect();
    out.sort_by(|a, b| b.rows.len().cmp(&a.rows.len()).then_with(|| a.pattern.id.cmp(&b.pattern.id)));
    out
}

/// A pattern that has rows.
struct Group {
    /// Its place in the list of all.
    rows: Range<usize>,
    /// Those with a time; they stand first.
    n_timed: usize,
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
    let mut group_of_pattern = vec![0; index.patterns.len()];
    // Where the next row of each group goes.
    let mut next = Vec::new();
    let mut end = 0;
    for (group, n) in group_of_pattern.iter_mut().zip(&by_pattern).filter(|(_, n)| **n > 0) {
        *group = groups.len() as u32;
        next.push(end as u32);
        let (by_stage, trend, n_timed) = ([0; Stage::ALL.len()], [0; TREND_BARS], 0);
        groups.push(Group { rows: end..end + *n as usize, n_timed, by_stage, trend });
        end += *n as usize;
    }
    for (kind, n) in index.kinds.iter().zip(by_kind).filter(|(_, n)| **n > 0) {
        groups[group_of_pattern[kind.pattern as usize] as usize].by_stage[kind.stage as usize] += n;
    }
    let group_of: Vec<u32> = index.kinds.iter().map(|kind| group_of_pattern[kind.pattern as usize]).collect();
    let mut all = vec![0; rows.len()];
    let mut put = |rows: &[RejectionIdx], next: &mut [u32]| {
        for idx in rows {
            let next = &mut next[group_of[index.kind_of[*idx as usize] as usize] as usize];
            all[*next as usize] = *idx;
            *next += 1;
        }
    };
    // Newest first, and those without a time at the end: the rows of a bar stand together.
    let time = |idx: &RejectionIdx| index.times[*idx as usize];
    let (mut rows, timeless) = rows.split_at(rows.partition_point(|idx| time(idx) != NO_TIME));
    let span = Span::new(rows.last().map_or(0, time), rows.first().map_or(0, time));
    while let Some(bar) = rows.first().map(|newest| span.bar(time(newest))) {
        let (in_bar, older) = rows.split_at(rows.partition_point(|idx| span.bar(time(idx)) >= bar));
        let before = next.clone();
        put(in_bar, &mut next);
        for ((group, before), after) in groups.iter_mut().zip(before).zip(&next) {
            group.trend[bar] = after - before;
        }
        rows = older;
    }
    for (group, next) in groups.iter_mut().zip(&next) {
        group.n_timed = *next as usize - group.rows.start;
    }
    put(timeless, &mut next);
    (groups, all)
}

fn describe(group: &Group, rows: Rows, n_recipients: u32, index: &Index) -> PatternRow {
    let first_idx = rows.iter().copied().min().unwrap_or_default();
    let first = &index.kinds[index.kind_of[first_idx as usize] as usize];
    let most = group.by_stage.iter().max().copied().unwrap_or(0);
    let stage = group.by_stage.iter().position(|n| *n == most).unwrap_or(0);
    let time = |idx: &RejectionIdx| index.times[*idx as usize];
    let timed = &rows[..group.n_timed];
    PatternRow {
        pattern: Arc::clone(&index.patterns[first.pattern as usize]),
        verdict: Arc::clone(&index.verdicts[first.verdict as usize]),
        stage: Stage::ALL[stage],
        n_recipients,
        first_seen: timed.last().and_then(|idx| timestamp(time(idx))),
        last_seen: timed.first().and_then(|idx| timestamp(time(idx))),
        trend: group.trend,
        rows,
    }
}

/// The span of time of all rows.
struct Span {
    start: f64,
    width: f64,
}

impl Span {
    fn new(oldest: i64, newest: i64) -> Self {
        // In floats, because times may lie further apart than an i64 holds.
        let start = oldest as f64;
        Self { start, width: (newest as f64 - start).max(1.0) }
    }

    /// The bar that a time within the span belongs to; the last time belongs to the last bar.
    fn bar(&self, time: i64) -> usize {
        let share = (time as f64 - self.start) / self.width;
        ((share * TREND_BARS as f64) as usize).min(TREND_BARS - 1)
    }
}

/// Counts different recipients, pattern after pattern.
struct Recipients<'a> {
    firsts: &'a [RejectionIdx],
    /// A bit for each recipient, by its first row: it was seen in this pattern.
    seen: Vec<u64>,
}

impl<'a> Recipients<'a> {
    fn new(index: &'a Index) -> Self {
        let firsts = index.recipients.firsts();
        Self { firsts, seen: vec![0; firsts.len().div_ceil(64)] }
    }

    fn count(&mut self, rows: &[RejectionIdx]) -> u32 {
        let recipients =
            || rows.iter().map(|idx| self.firsts[*idx as usize]).filter(|first| *first != NO_TEXT);
        let mut n = 0;
        for first in recipients() {
            let (word, bit) = (&mut self.seen[first as usize / 64], 1 << (first % 64));
            n += u32::from(*word & bit == 0);
            *word |= bit;
        }
        recipients().for_each(|first| self.seen[first as usize / 64] = 0);
        n
    }
}
