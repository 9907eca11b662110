//! What a reader reads a source from, where that was opened before: a member of an archive, or a stream.

use super::CancelToken;
use crate::ingest::Opened;
use std::io::{self, Cursor, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

type Open = Box<dyn FnOnce() -> io::Result<Opened> + Send>;

/// An opened source, to be taken by the first who reads it.
pub(super) struct Supply {
    open: Mutex<Option<Open>>,
    /// It comes from a thread that unpacks it, so its reading may be shared.
    pub streams: bool,
}

impl Supply {
    pub fn new(streams: bool, open: impl FnOnce() -> io::Result<Opened> + Send + 'static) -> Arc<Self> {
        Arc::new(Self { open: Mutex::new(Some(Box::new(open))), streams })
    }

    /// Opens it. It can be read only once.
    pub fn open(&self) -> io::Result<Opened> {
        let open = locked(&self.open).take();
        open.map_or_else(|| Err(io::Error::other("it was read before")), |open| open())
    }
}

/// Bounds the memory that members of archives take while they wait to be read.
#[derive(Default)]
pub(super) struct Budget {
    used: Mutex<usize>,
    freed: Condvar,
}

/// So many bytes may wait.
const MAX_WAITING: usize = 32 << 20;

/// How often a thread that waits looks whether somebody asked to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl Budget {
    /// Keeps `bytes` until they are read. Waits for room; `None` if somebody asked to stop.
    pub fn keep(self: &Arc<Self>, bytes: Vec<u8>, cancel: &CancelToken) -> Option<Kept> {
        let n = bytes.len();
        let mut used = locked(&self.used);
        while *used > 0 && *used + n > MAX_WAITING {
            if cancel.is_cancelled() {
                return None;
            }
            used = self.freed.wait_timeout(used, LOOK_EVERY).unwrap_or_else(PoisonError::into_inner).0;
        }
        *used += n;
        Some(Kept { bytes: Cursor::new(bytes), n, budget: Arc::clone(self) })
    }
}

/// Bytes that wait to be read.
pub(super) struct Kept {
    bytes: Cursor<Vec<u8>>,
    n: usize,
    budget: Arc<Budget>,
}

impl Read for Kept {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buf)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        *locked(&self.budget.used) -= self.n;
        self.budget.freed.notify_all();
    }
}

/// Nothing that is held under these locks can panic half way.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
