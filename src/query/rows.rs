//! The rows of an answer, and of each of its patterns: pieces of one list, so that a clone costs nothing.

use crate::model::RejectionIdx;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// Refusals by their indices.
#[derive(Clone, Default)]
pub struct Rows {
    all: Arc<Vec<RejectionIdx>>,
    part: Range<usize>,
}

impl Rows {
    /// A part of `all`.
    pub(super) fn part_of(all: &Arc<Vec<RejectionIdx>>, part: Range<usize>) -> Self {
        Self { all: Arc::clone(all), part }
    }
}

impl From<Vec<RejectionIdx>> for Rows {
    fn from(all: Vec<RejectionIdx>) -> Self {
        Self { part: 0..all.len(), all: Arc::new(all) }
    }
}

impl Deref for Rows {
    type Target = [RejectionIdx];

    fn deref(&self) -> &[RejectionIdx] {
        &self.all[self.part.clone()]
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
