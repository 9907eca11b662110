//! The answers thread: computes what a query answers over the newest snapshot.

use super::run::Shared;
use crate::model::{ReadState, Snapshot};
use crate::query::{Alone, Index, Query, Workers, answer_with};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The shortest time between two answers that only a newer snapshot asks for.
const BETWEEN: Duration = Duration::from_millis(100);
/// After an answer that took long the next one waits so many times as long, so that reading has the processors; but
/// never longer than [`AT_MOST`].
const PAUSE: u32 = 3;
const AT_MOST: Duration = Duration::from_millis(300);

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
    // Before this time a newer snapshot alone is not worth an answer.
    let mut next = Instant::now();
    let mut is_answered = true;
    loop {
        let ask = if is_answered {
            asks.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            asks.recv_deadline(next)
        };
        let mut is_urgent = false;
        match ask {
            Ok(first) => {
                // Only the newest of what has piled up matters.
                for ask in std::iter::once(first).chain(asks.try_iter()) {
                    match ask {
                        Ask::Snapshot(newer) => snapshot = newer,
                        Ask::Query { number, query, include_transient } => {
                            question = (number, query, include_transient);
                            is_urgent = true;
                        }
                    }
                }
                is_answered = false;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let is_reading = snapshot.state == ReadState::Reading;
        let began = Instant::now();
        if is_reading && !is_urgent && began < next {
            continue;
        }
        let (number, query, include_transient) = &question;
        // A newer snapshot does not cancel: while a file is read, an answer must come out now and then.
        let cancelled = || shared.newest_question.load(Ordering::Relaxed) != *number;
        let workers: &dyn Workers = if is_reading { &Alone } else { &Processors };
        let (knowledge, transient) = (&shared.knowledge, *include_transient);
        let view = answer_with(&mut index, workers, knowledge, &snapshot, query, transient, &cancelled);
        is_answered = true;
        next = Instant::now() + (began.elapsed() * PAUSE).clamp(BETWEEN, AT_MOST);
        if let Some(view) = view {
            shared.set_view(Arc::new(view));
            (shared.wake)();
        }
    }
}

/// All processors.
struct Processors;

impl Workers for Processors {
    fn each(&self, n_pieces: usize, work: &(dyn Fn(usize) + Sync)) {
        let n_threads = std::thread::available_parallelism().map_or(1, usize::from).min(n_pieces);
        let next = AtomicUsize::new(0);
        let take = || {
            while let Some(piece) =
                Some(next.fetch_add(1, Ordering::Relaxed)).filter(|piece| *piece < n_pieces)
            {
                work(piece);
            }
        };
        std::thread::scope(|scope| {
            (1..n_threads).for_each(|_| _ = scope.spawn(take));
            take();
        });
    }
}
