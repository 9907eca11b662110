//! One big log or mailbox read by several threads, with the result of one.
//!
//! The log comes in pieces of whole lines ([`feed`]). Each is read *ahead*, as if nothing stood before it, and what
//! depends on what does is left open. Whoever finishes the piece that is due puts it behind the ones before it
//! ([`ordered`]); should its lines mean something else there (a time stamp of another year, a queue id that was in
//! use), it is read again, in its turn. So the result depends neither on the size of the pieces nor on the number of
//! threads. What was put in order is finished (judged, put into words) by whoever is free, and sent in order.

mod feed;
mod ordered;

use super::finish::Finished;
use super::source::{Part, SourceJob};
use crate::correlate::{LogCorrelator, Room};
use crate::model::{Harvest, ReadOptions, SourceLocation};
use crate::parse::Lines;
use feed::{Feed, Piece};
use ordered::{Found, Ordered};
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The usual size of a piece.
pub(super) const SEGMENT_BYTES: u64 = 8 << 20;

/// The usual size of a piece of a mailbox: some hundred mails.
const MAIL_BYTES: u64 = 512 << 10;

/// A log or mailbox that is being read in pieces.
pub(super) struct Segments {
    job: SourceJob,
    feed: Mutex<Feed>,
    /// So many pieces may be under way at one time: this bounds the memory.
    n_under_way: usize,
    queue: Mutex<Queue>,
    moved: Condvar,
    ordered: Mutex<Ordered>,
    /// Memory of pieces that are done with.
    rooms: Mutex<Vec<Room>>,
}

/// What is under way.
#[derive(Default)]
struct Queue {
    /// A thread is taking the next piece.
    feeding: bool,
    /// Pieces taken so far, and whether the last one is among them.
    n_taken: usize,
    all_taken: bool,
    /// The next one to be put behind the others.
    due: usize,
    found: BTreeMap<usize, (Piece, Option<Found>)>,
    /// A thread is putting pieces in order.
    merging: bool,
    /// The rest is read in order.
    in_order: bool,
    /// All is in order.
    ended: bool,
    /// Parts in order, to be finished.
    merged: VecDeque<(usize, Part)>,
    n_merged: usize,
    /// Parts that are finished, and the next one to be sent.
    finished: BTreeMap<usize, Finished>,
    n_sent: usize,
    sending: bool,
}

impl Queue {
    fn has_room(&self, n_under_way: usize) -> bool {
        self.n_taken < self.due + n_under_way && self.merged.len() + self.finished.len() < n_under_way
    }
}

enum Task {
    Read(Piece),
    Finish(usize, Box<Part>),
}

/// How a reader works on a log that it shares with others.
pub(super) struct Hands<'a> {
    /// Judges a part.
    pub finish: &'a mut dyn FnMut(Part) -> Finished,
    /// Takes parts in order.
    pub send: &'a mut dyn FnMut(Finished),
}

impl Segments {
    /// Cuts the log at `job.location`, which begins with `head`. `Err` gives the reader back if the log is small or
    /// cannot be cut.
    pub fn plan(
        job: &SourceJob,
        options: &ReadOptions,
        head: &[u8],
        decoded: bool,
        reader: Box<dyn Read + Send>,
    ) -> Result<Arc<Self>, Box<dyn Read + Send>> {
        let streams = job.supply.as_ref().is_some_and(|supply| supply.streams);
        if !streams && !matches!(job.location, SourceLocation::File(_)) {
            return Err(reader);
        }
        let mut scout = LogCorrelator::new(job.id, options.clone());
        let Some(whole_lines) = memchr::memrchr(b'\n', head).map(|at| at + 1) else { return Err(reader) };
        for line in Lines::new(job.id, &head[..whole_lines], 1, 0) {
            scout.line(line, &mut Harvest::default());
        }
        if job.plain || scout.ahead(0, None).is_none() {
            return Err(reader);
        }
        // A pipe must not be opened a second time.
        let file = match &job.location {
            SourceLocation::File(path) => {
                path.metadata().ok().filter(std::fs::Metadata::is_file).zip(Some(path))
            }
            _ => None,
        };
        let feed = match file.map(|(meta, path)| (meta.len(), path)) {
            _ if streams => Feed::of_stream(reader, scout, job.segment_bytes.div_ceil(2)),
            Some(_) if decoded => Feed::of_stream(reader, scout, job.segment_bytes.div_ceil(2)),
            Some((len, path)) if len >= 2 * job.segment_bytes => {
                let Ok(file) = File::open(path) else { return Err(reader) };
                Feed::of_file(file, len, Arc::clone(&job.bytes_read), scout, job.segment_bytes)
            }
            _ => return Err(reader),
        };
        Ok(Self::new(job, feed, options.clone()))
    }

    /// Cuts the mailbox at `job.location`. `Err` gives the reader back if it is small.
    pub fn plan_mails(
        job: &SourceJob,
        reader: Box<dyn Read + Send>,
    ) -> Result<Arc<Self>, Box<dyn Read + Send>> {
        let streams = job.supply.as_ref().is_some_and(|supply| supply.streams);
        let piece_bytes = job.segment_bytes.min(MAIL_BYTES);
        let is_big = match &job.location {
            _ if streams => true,
            SourceLocation::File(path) => path.metadata().map_or(0, |meta| meta.len()) >= 2 * piece_bytes,
            _ => false,
        };
        if job.plain || !is_big {
            return Err(reader);
        }
        let options = ReadOptions { year: job.year, zone: job.zone, written: job.now, bare_replies: false };
        let feed = Feed::of_mails(reader, piece_bytes);
        Ok(Self::new(job, feed, options))
    }

    fn new(job: &SourceJob, feed: Feed, options: ReadOptions) -> Arc<Self> {
        let log = LogCorrelator::new(job.id, options.clone());
        let n_threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 16);
        Arc::new(Self {
            job: job.clone(),
            feed: Mutex::new(feed),
            n_under_way: n_threads + 1,
            queue: Mutex::default(),
            moved: Condvar::new(),
            ordered: Mutex::new(Ordered::new(log, options)),
            rooms: Mutex::default(),
        })
    }

    /// Takes part in the reading until nothing is left to do. The last part sent is `done`.
    pub fn work(&self, hands: &mut Hands<'_>) {
        // Should this thread panic, the others must not wait for it.
        let _guard = EndOnPanic(self);
        while let Some(task) = self.claim() {
            match task {
                Task::Read(mut piece) => {
                    let read = AssertUnwindSafe(|| ordered::read_ahead(&self.job, &mut piece));
                    let found = catch_unwind(read).unwrap_or(None);
                    self.deliver(piece, found, hands);
                }
                Task::Finish(number, part) => {
                    let finished = (hands.finish)(*part);
                    self.send(number, finished, hands);
                }
            }
        }
    }

    fn claim(&self) -> Option<Task> {
        let mut queue = locked(&self.queue);
        loop {
            if let Some((number, part)) = queue.merged.pop_front() {
                return Some(Task::Finish(number, Box::new(part)));
            }
            if queue.ended {
                return None;
            }
            let may_read = !(queue.all_taken || queue.feeding || queue.in_order);
            if may_read && queue.has_room(self.n_under_way) {
                let (queue, piece) = self.take(queue);
                drop(queue);
                return Some(Task::Read(piece));
            }
            queue = self.moved.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes the next piece. No other thread may be doing so.
    fn take<'a>(&'a self, mut queue: MutexGuard<'a, Queue>) -> (MutexGuard<'a, Queue>, Piece) {
        queue.feeding = true;
        drop(queue);
        // What a decoder gives takes its time.
        let room = locked(&self.rooms).pop();
        let piece = locked(&self.feed).next(room);
        let mut queue = locked(&self.queue);
        queue.feeding = false;
        queue.n_taken += 1;
        queue.all_taken = piece.last;
        self.moved.notify_all();
        (queue, piece)
    }

    /// Hands in what was found; puts in order what is due, unless another thread does.
    fn deliver(&self, piece: Piece, found: Option<Found>, hands: &mut Hands<'_>) {
        let mut queue = locked(&self.queue);
        queue.found.insert(piece.number, (piece, found));
        if queue.merging {
            return;
        }
        queue.merging = true;
        while !queue.ended {
            let due = queue.due;
            let (piece, found) = match queue.found.remove(&due) {
                Some(found) => found,
                None if queue.in_order && !queue.feeding && queue.n_taken == due => {
                    let (unlocked, piece) = self.take(queue);
                    queue = unlocked;
                    (piece, None)
                }
                None => break,
            };
            drop(queue);
            let last = piece.last;
            let went_on = self.merge(piece, found, hands);
            if !went_on || last {
                let part = locked(&self.ordered).finish(&self.job);
                self.put_in_order(part, hands);
            }
            let in_order = locked(&self.ordered).is_better_in_order();
            queue = locked(&self.queue);
            queue.due += 1;
            queue.in_order = in_order;
            queue.ended = !went_on || last;
            self.moved.notify_all();
        }
        queue.merging = false;
    }

    /// Puts a piece behind those before it. Says whether reading goes on.
    fn merge(&self, piece: Piece, found: Option<Found>, hands: &mut Hands<'_>) -> bool {
        let ordered = &mut *locked(&self.ordered);
        if self.job.cancel.is_cancelled() {
            return false;
        }
        if let Some((parts, room)) = found.and_then(|found| ordered.put_behind(found)) {
            locked(&self.rooms).extend(room);
            parts.into_iter().for_each(|part| self.put_in_order(part, hands));
        } else if !ordered.read_again(&self.job, &piece, &mut |part| self.put_in_order(part, hands)) {
            return false;
        }
        match piece.error {
            Some(error) => {
                self.put_in_order(Part::of_error(&error), hands);
                false
            }
            None => true,
        }
    }

    /// A part is in order: whoever is free finishes it.
    fn put_in_order(&self, part: Part, hands: &mut Hands<'_>) {
        let mut queue = locked(&self.queue);
        let number = queue.n_merged;
        queue.merged.push_back((number, part));
        queue.n_merged += 1;
        self.moved.notify_one();
        // The others have enough to do.
        while queue.merged.len() > 2 * self.n_under_way
            && let Some((number, part)) = queue.merged.pop_front()
        {
            drop(queue);
            let finished = (hands.finish)(part);
            self.send(number, finished, hands);
            queue = locked(&self.queue);
        }
    }

    /// Hands in a finished part; sends what is due, unless another thread does.
    fn send(&self, number: usize, finished: Finished, hands: &mut Hands<'_>) {
        let mut queue = locked(&self.queue);
        queue.finished.insert(number, finished);
        if queue.sending {
            return;
        }
        queue.sending = true;
        while let due = queue.n_sent
            && let Some(finished) = queue.finished.remove(&due)
        {
            drop(queue);
            (hands.send)(finished);
            queue = locked(&self.queue);
            queue.n_sent += 1;
            self.moved.notify_all();
        }
        queue.sending = false;
    }
}

struct EndOnPanic<'a>(&'a Segments);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut queue = locked(&self.0.queue);
            queue.ended = true;
            queue.merged.clear();
            self.0.moved.notify_all();
        }
    }
}

/// After a panic the source is given up, so nothing is read of what a lock may have left half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
