//! Work in pieces that do not depend on one another. Who asks says on how many processors it is done: here are no
//! threads.

use std::sync::OnceLock;

/// Does pieces of work, in any order, side by side if it can.
pub trait Workers: Sync {
    /// Calls `work` once for each number below `n_pieces`; returns when all are done.
    fn each(&self, n_pieces: usize, work: &(dyn Fn(usize) + Sync));
}

/// One piece after the other.
pub struct Alone;

impl Workers for Alone {
    fn each(&self, n_pieces: usize, work: &(dyn Fn(usize) + Sync)) {
        (0..n_pieces).for_each(work);
    }
}

/// What `work` gives for each number below `n_pieces`, in order.
pub(super) fn map<T: Send + Sync>(
    workers: &dyn Workers,
    n_pieces: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let results: Vec<OnceLock<T>> = (0..n_pieces).map(|_| OnceLock::new()).collect();
    workers.each(n_pieces, &|piece| {
        let _ = results[piece].set(work(piece));
    });
    results.into_iter().filter_map(OnceLock::into_inner).collect()
}

/// What two pieces of work give.
pub(super) fn both<A: Send + Sync + Default, B: Send + Sync + Default>(
    workers: &dyn Workers,
    one: impl Fn() -> A + Sync,
    other: impl Fn() -> B + Sync,
) -> (A, B) {
    let (a, b) = (OnceLock::new(), OnceLock::new());
    workers.each(2, &|piece| match piece {
        0 => _ = a.set(one()),
        _ => _ = b.set(other()),
    });
    (a.into_inner().unwrap_or_default(), b.into_inner().unwrap_or_default())
}
