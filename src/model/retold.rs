//! Which refusals are the same one, told by more than one source: a log and the notice that came of it.

use super::{Origin, RejectionIdx, Text};
use imbl::OrdMap;
use std::sync::Arc;

/// Refusals that another one tells of already. Those are kept, and counted once.
#[derive(Clone, Default, Debug)]
pub struct Retold {
    /// From each one that is told again to the one that counts.
    first: OrdMap<RejectionIdx, RejectionIdx>,
    /// From one that counts to the others, in order.
    others: OrdMap<RejectionIdx, Arc<[RejectionIdx]>>,
}

impl Retold {
    /// `pairs` lead from one that is told again to the one that counts.
    pub fn of(pairs: impl IntoIterator<Item = (RejectionIdx, RejectionIdx)>) -> Self {
        let first: OrdMap<_, _> = pairs.into_iter().collect();
        let mut others: std::collections::BTreeMap<_, Vec<_>> = std::collections::BTreeMap::new();
        for (again, first) in &first {
            others.entry(*first).or_default().push(*again);
        }
        let others = others.into_iter().map(|(first, again)| (first, Arc::from(again))).collect();
        Self { first, others }
    }

    /// How many are told again.
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// None is.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// The one that counts, if `idx` only tells of it again.
    pub fn first(&self, idx: RejectionIdx) -> Option<RejectionIdx> {
        self.first.get(&idx).copied()
    }

    /// Those that tell of `idx` again, in order.
    pub fn others(&self, idx: RejectionIdx) -> &[RejectionIdx] {
        self.others.get(&idx).map_or(&[], |others| others)
    }

    /// All that are told again, in order.
    pub fn iter(&self) -> impl Iterator<Item = RejectionIdx> + '_ {
        self.first.keys().copied()
    }
}

/// What a log says of a mail that was refused later: an earlier hop had accepted it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passage {
    /// The line that says so.
    pub origin: Origin,
    /// Who accepted it.
    pub remote_mta: Option<Text>,
    /// In its words: `250 2.0.0 Ok: queued as 4b14`.
    pub text: Text,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_lead_to_the_other() {
        let retold = Retold::of([(5, 1), (7, 1), (4, 2)]);
        assert_eq!((retold.first(7), retold.first(1)), (Some(1), None));
        assert_eq!((retold.others(1), retold.others(5)), (&[5, 7][..], &[][..]));
        assert_eq!((retold.len(), retold.iter().collect::<Vec<_>>()), (3, vec![4, 5, 7]));
    }
}
