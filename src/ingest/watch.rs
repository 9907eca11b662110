//! Bounds of an archive: how much it may expand, how long its headers may be, whether somebody asked to stop.

use super::archive::so_far;
use super::packing::Damage;
use std::cell::Cell;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What is read of one archive at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Archives in archives: the outermost is the first.
    pub depth: usize,
    /// Members of all of them together.
    pub members: u32,
    /// So much may come out of any archive …
    pub free_bytes: u64,
    /// … and more only if it is no more than so many times its size. Logs shrink to a tenth, seldom to a hundredth.
    pub ratio: u64,
    /// The largest zip archive that is taken into memory.
    pub zip_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 3, members: 200_000, free_bytes: 1 << 30, ratio: 250, zip_bytes: 64 << 20 }
    }
}

/// The most that the headers of one member of a tar archive may take.
const MAX_HEADER_BYTES: u64 = 4 << 20;

/// Watches over the reading of one archive, with all that is in it.
pub(super) struct Watch<'a> {
    pub limits: Limits,
    cancelled: &'a dyn Fn() -> bool,
    packed: Arc<AtomicU64>,
    expanded: Cell<u64>,
    bomb: Cell<bool>,
    headers_left: Cell<Option<u64>>,
}

impl<'a> Watch<'a> {
    /// `packed` counts the bytes taken from the archive's file.
    pub fn new(limits: Limits, cancelled: &'a dyn Fn() -> bool, packed: Arc<AtomicU64>) -> Self {
        Self {
            limits,
            cancelled,
            packed,
            expanded: Cell::new(0),
            bomb: Cell::new(false),
            headers_left: Cell::new(None),
        }
    }

    /// It expands beyond measure.
    pub fn is_bomb(&self) -> bool {
        self.bomb.get()
    }

    /// Nothing more is to be read.
    pub fn is_over(&self) -> bool {
        self.bomb.get() || (self.cancelled)()
    }

    /// Does `work`, which reads headers and nothing else: they are kept in memory, so there must not be too much of them.
    pub fn in_headers<T>(&self, work: impl FnOnce() -> T) -> T {
        let outer = self.headers_left.replace(Some(MAX_HEADER_BYTES));
        let result = work();
        self.headers_left.set(outer);
        result
    }

    fn expand(&self, n: usize) -> io::Result<()> {
        let expanded = self.expanded.get() + n as u64;
        self.expanded.set(expanded);
        if expanded > self.limits.free_bytes
            && expanded > so_far(&self.packed).saturating_mul(self.limits.ratio)
        {
            self.bomb.set(true);
            return Err(Damage::error(format!(
                "the archive expands to more than {} times its size",
                self.limits.ratio
            )));
        }
        Ok(())
    }
}

/// Reads what a decoder gives, or the blocks of a tar archive.
pub(super) struct Watched<'a, R> {
    inner: R,
    watch: &'a Watch<'a>,
}

impl<'a, R: Read> Watched<'a, R> {
    /// Watches over `inner`.
    pub fn new(inner: R, watch: &'a Watch<'a>) -> Self {
        Self { inner, watch }
    }
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.watch.is_over() {
            return Err(Damage::error("reading was stopped".to_owned()));
        }
        let room = match self.watch.headers_left.get() {
            Some(0) => return Err(Damage::error("the archive has a header that is too long".to_owned())),
            Some(left) => buf.len().min(usize::try_from(left).unwrap_or(usize::MAX)),
            None => buf.len(),
        };
        let n = self.inner.read(&mut buf[..room])?;
        // What an archive within reads from this one was taken off by it, too.
        if let Some(left) = self.watch.headers_left.get() {
            self.watch.headers_left.set(Some(left.saturating_sub(n as u64)));
        }
        self.watch.expand(n)?;
        Ok(n)
    }
}
