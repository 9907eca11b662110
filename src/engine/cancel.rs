//! Asking work to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks the work that holds a clone of it to end. Checked once a block, so that it answers within milliseconds.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
