//! The answers thread: computes what a query answers over the newest snapshot.

use super::run::Shared;
use crate::model::Snapshot;
use crate::query::{Index, Query, answer_with};
use crossbeam_channel::Receiver;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What the thread is told.
pub(super) enum Ask {
    /// There is more to answer over.
    Snapshot(Arc<Snapshot>),
    /// A new question; the number tells it from older ones.
    Query { number: u64, query: Query, include_transient: bool },
}

/// Runs until the engine is dropped.
pub(super) fn run(shared: &Shared, asks: &Receiver<Ask>) {
    let mut snapshot = Arc::<Snapshot>::default();
    let mut question = (0, Query::default(), false);
    let mut index = Index::default();
    while let Ok(first) = asks.recv() {
        // Only the newest of what has piled up matters.
        for ask in std::iter::once(first).chain(asks.try_iter()) {
            match ask {
                Ask::Snapshot(newer) => snapshot = newer,
                Ask::Query { number, query, include_transient } => {
                    question = (number, query, include_transient)
                }
            }
        }
        let (number, query, include_transient) = &question;
        // A newer snapshot does not cancel: while a file is read, an answer must come out now and then.
        let cancelled = || shared.newest_question.load(Ordering::Relaxed) != *number;
        if let Some(view) =
            answer_with(&mut index, &shared.knowledge, &snapshot, query, *include_transient, &cancelled)
        {
            shared.set_view(Arc::new(view));
            (shared.wake)();
        }
    }
}
