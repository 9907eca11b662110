//! A text of each refusal (recipient, sender, remote MTA), known by the first refusal that has it.
//!
//! The texts stand in the evidence and are not kept again: a million recipients take four bytes each, and the places
//! of a hash table.

use crate::model::RejectionIdx;
use std::hash::BuildHasher as _;

/// The first of a refusal that has no such text.
pub(super) const NO_TEXT: RejectionIdx = RejectionIdx::MAX;

/// One text of each refusal.
#[derive(Default)]
pub(super) struct Column {
    firsts: Vec<RejectionIdx>,
    /// Hash and first refusal of each different text, at a place that the hash says, or behind it.
    slots: Vec<(u32, RejectionIdx)>,
    n_different: usize,
    hasher: foldhash::fast::RandomState,
}

impl Column {
    /// For each refusal the first one with the same text, or [`NO_TEXT`].
    pub fn firsts(&self) -> &[RejectionIdx] {
        &self.firsts
    }

    /// How many different texts.
    pub fn n_different(&self) -> usize {
        self.n_different
    }

    /// Takes memory for so many more refusals.
    pub fn reserve(&mut self, n_more: usize) {
        self.firsts.reserve_exact(n_more);
    }

    /// Adds the text of the next refusal; `is_same` says whether an earlier refusal has it. Gives the first with it.
    pub fn push(&mut self, text: Option<&str>, is_same: impl Fn(RejectionIdx, &str) -> bool) -> RejectionIdx {
        let first = text.map_or(NO_TEXT, |text| self.first(text, is_same));
        self.firsts.push(first);
        first
    }

    fn first(&mut self, text: &str, is_same: impl Fn(RejectionIdx, &str) -> bool) -> RejectionIdx {
        // An eighth stays free, so that what is not there is missed before long.
        if self.n_different * 8 >= self.slots.len() * 7 {
            self.grow();
        }
        let hash = self.hasher.hash_one(text) as u32;
        let mut at = self.place(hash);
        loop {
            match self.slots[at] {
                (_, NO_TEXT) => break,
                (other, first) if other == hash && is_same(first, text) => return first,
                _ => at = self.behind(at),
            }
        }
        let first = self.firsts.len() as RejectionIdx;
        self.slots[at] = (hash, first);
        self.n_different += 1;
        first
    }

    /// The hash as a share of all places, of which there may be any number.
    fn place(&self, hash: u32) -> usize {
        ((u64::from(hash) * self.slots.len() as u64) >> 32) as usize
    }

    fn behind(&self, at: usize) -> usize {
        if at + 1 < self.slots.len() { at + 1 } else { 0 }
    }

    /// By a quarter: twice as many places would be half empty for a million recipients.
    fn grow(&mut self) {
        let len = (self.slots.len() / 4 * 5).max(64);
        for (hash, first) in std::mem::replace(&mut self.slots, vec![(0, NO_TEXT); len]) {
            if first != NO_TEXT {
                let mut at = self.place(hash);
                while self.slots[at].1 != NO_TEXT {
                    at = self.behind(at);
                }
                self.slots[at] = (hash, first);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_known_by_its_first() {
        let texts: Vec<String> = (0..5000).map(|n| format!("user{}", n % 3000)).collect();
        let mut column = Column::default();
        for (at, text) in texts.iter().enumerate() {
            let first = column.push(Some(text), |first, text| texts[first as usize] == text);
            assert_eq!(first as usize, at % 3000);
            column.push(None, |_, _| false);
            assert_eq!(column.firsts.pop(), Some(NO_TEXT));
        }
        assert_eq!((column.firsts.len(), column.n_different), (5000, 3000));
    }
}
