//! One big log read by several threads, with the result of one.
//!
//! The log is cut into segments of whole lines. Each is read *ahead*, as if nothing stood before it, and what depends
//! on what does is left open. Whoever finishes the segment that is due puts it behind the ones before it; should its
//! lines mean something else there (a time stamp of another year, a queue id that was in use), it is read again, in
//! its turn. So the result depends neither on the size of the segments nor on the number of threads.

use super::source::{Part, Reading, SourceJob};
use crate::correlate::{Followed, LogCorrelator};
use crate::group::Judge;
use crate::ingest::{Blocks, Segment, read_at};
use crate::model::{Harvest, Origin, ReadOptions, Rejection, SourceLocation};
use crate::parse::Lines;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The usual size of a segment.
pub(super) const SEGMENT_BYTES: u64 = 16 << 20;

/// After so many segments in a row had to be read again, the rest is read in order: reading ahead is wasted.
const MAX_READ_AGAIN: u32 = 3;

/// A log that is being read in segments.
pub(super) struct Segments {
    job: SourceJob,
    file: Arc<File>,
    /// Where each segment begins, and what it is read ahead with.
    starts: Vec<u64>,
    scouts: Vec<Mutex<Option<LogCorrelator>>>,
    /// So many segments may be under way at one time: this bounds the memory.
    n_under_way: usize,
    queue: Mutex<Queue>,
    moved: Condvar,
    ordered: Mutex<Ordered>,
}

/// Which segments are under way.
#[derive(Default)]
struct Queue {
    /// The next one to read.
    next: usize,
    /// The next one to be put behind the others.
    due: usize,
    found: BTreeMap<usize, Option<Found>>,
    /// A thread is putting segments in order.
    merging: bool,
    in_order: bool,
    ended: bool,
}

/// All that is known of the segments before the one that is due.
struct Ordered {
    log: LogCorrelator,
    /// Number of the next line.
    line: u64,
    n_again: u32,
}

/// What a segment gave.
struct Found {
    log: LogCorrelator,
    rejections: Vec<Rejection>,
    /// The rest; its line numbers count from the segment's first.
    harvest: Harvest,
    n_lines: u64,
    end: u64,
}

impl Segments {
    /// Cuts the log at `job.location`, which begins with `head`. `None` if it is small or cannot be cut.
    pub fn plan(job: &SourceJob, options: &ReadOptions, head: &[u8]) -> Option<Arc<Self>> {
        let SourceLocation::File(path) = &job.location else { return None };
        // A pipe must not be opened a second time.
        let len = path.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
        if job.plain || len < 2 * job.segment_bytes {
            return None;
        }
        let file = Arc::new(File::open(path).ok()?);
        let mut scout = LogCorrelator::new(job.id, options.clone());
        let whole_lines = memchr::memrchr(b'\n', head)? + 1;
        for line in Lines::new(job.id, &head[..whole_lines], 1, 0) {
            scout.line(line, &mut Harvest::default());
        }
        let starts: Vec<u64> = (0..len / job.segment_bytes).map(|n| n * job.segment_bytes).collect();
        let mut scouts = Vec::with_capacity(starts.len());
        let mut bytes = [0; 4096];
        for start in &starts {
            if *start > 0 {
                let n = read_at(&file, &mut bytes, *start).ok()?;
                let mut lines = bytes[..n].split(|b| *b == b'\n');
                // The first line began before, the last one may be cut.
                lines.next();
                lines.next_back();
                lines.take(1).for_each(|line| scout.look(line));
            }
            scouts.push(Mutex::new(Some(scout.ahead(*start)?)));
        }
        let n_threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 16);
        let log = LogCorrelator::new(job.id, options.clone());
        Some(Arc::new(Self {
            job: job.clone(),
            file,
            starts,
            scouts,
            n_under_way: 2 * n_threads,
            queue: Mutex::default(),
            moved: Condvar::new(),
            ordered: Mutex::new(Ordered { log, line: 1, n_again: 0 }),
        }))
    }

    /// Takes part in the reading until no segment is left to begin. Parts are sent in order by whichever thread has
    /// them; the last one is `done`.
    pub fn work(&self, judge: &mut Judge, send: &mut dyn FnMut(Part)) {
        while let Some(number) = self.claim() {
            let found = catch_unwind(AssertUnwindSafe(|| self.read_ahead(number, judge))).unwrap_or(None);
            self.deliver(number, found, judge, send);
        }
    }

    fn claim(&self) -> Option<usize> {
        let mut queue = locked(&self.queue);
        loop {
            if queue.ended || queue.in_order || queue.next >= self.starts.len() {
                return None;
            }
            if queue.next < queue.due + self.n_under_way {
                queue.next += 1;
                return Some(queue.next - 1);
            }
            queue = self.moved.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn end_of(&self, number: usize) -> u64 {
        // A log may grow while it is read.
        self.starts.get(number + 1).copied().unwrap_or(u64::MAX)
    }

    fn blocks(&self, number: usize, line: u64) -> io::Result<Blocks<Segment>> {
        let (start, segment) =
            Segment::open(&self.file, self.starts[number], self.end_of(number), &self.job.bytes_read)?;
        Ok(Blocks::from_place(segment, line, start))
    }

    /// Reads a segment as if nothing stood before it; `None` if it has to be read in its turn.
    fn read_ahead(&self, number: usize, judge: &mut Judge) -> Option<Found> {
        let mut log = locked(&self.scouts[number]).take()?;
        let mut blocks = self.blocks(number, 1).ok()?;
        let mut keep = |_| {};
        let mut reading = Reading::new(&self.job, judge, &mut keep);
        reading.read_lines(&mut blocks, &mut log, |_, log| !log.is_dependent()).then_some(())?;
        let mut harvest = std::mem::take(&mut reading.harvest);
        log.flush(&mut harvest);
        let rejections = harvest.evidence.drain(..).map(|e| judge.judge(e)).collect();
        let (line, end) = blocks.place();
        Some(Found { log, rejections, harvest, n_lines: line - 1, end })
    }

    /// Hands in what was found; puts in order what is due, unless another thread does.
    fn deliver(&self, number: usize, found: Option<Found>, judge: &mut Judge, send: &mut dyn FnMut(Part)) {
        let mut queue = locked(&self.queue);
        queue.found.insert(number, found);
        if queue.merging {
            return;
        }
        queue.merging = true;
        // Should this thread panic, the others must not wait for it.
        let _guard = EndOnPanic(self);
        while !queue.ended {
            let due = queue.due;
            let found = match queue.found.remove(&due) {
                Some(found) => found,
                None if queue.in_order && queue.next == due => {
                    queue.next += 1;
                    None
                }
                None => break,
            };
            drop(queue);
            let (went_on, in_order) = self.merge(due, found, judge, send);
            let ended = !went_on || due + 1 == self.starts.len();
            if ended {
                self.finish(judge, send);
            }
            queue = locked(&self.queue);
            queue.due += 1;
            queue.in_order = in_order;
            queue.ended = ended;
            self.moved.notify_all();
        }
        queue.merging = false;
    }

    /// Puts a segment behind those before it. Says whether reading goes on, and whether the rest is read in order.
    fn merge(
        &self,
        number: usize,
        found: Option<Found>,
        judge: &mut Judge,
        send: &mut dyn FnMut(Part),
    ) -> (bool, bool) {
        let ordered = &mut *locked(&self.ordered);
        if self.job.cancel.is_cancelled() {
            return (false, true);
        }
        if let Some(found) = found
            && let Some(part) = put_behind(ordered, found, judge)
        {
            ordered.n_again = 0;
            send(part);
            return (true, false);
        }
        ordered.n_again += 1;
        let in_order = ordered.n_again >= MAX_READ_AGAIN;
        let mut reading = Reading::new(&self.job, judge, send);
        let mut blocks = match self.blocks(number, ordered.line) {
            Ok(blocks) => blocks,
            Err(error) => {
                reading.cannot_go_on(&error);
                reading.hand_on(false);
                return (false, in_order);
            }
        };
        let went_on = reading.read_lines(&mut blocks, &mut ordered.log, |reading, _| {
            reading.hand_on(false);
            true
        });
        reading.hand_on(false);
        ordered.line = blocks.place().0;
        (went_on, in_order)
    }

    fn finish(&self, judge: &mut Judge, send: &mut dyn FnMut(Part)) {
        let mut reading = Reading::new(&self.job, judge, send);
        locked(&self.ordered).log.finish(&mut reading.harvest);
        reading.hand_on(true);
    }
}

fn put_behind(ordered: &mut Ordered, found: Found, judge: &mut Judge) -> Option<Part> {
    let Found { log, rejections, harvest, n_lines, end } = found;
    let lines_before = ordered.line - 1;
    let mut out = Harvest::default();
    let followed = ordered.log.follow(log, harvest.coverage, lines_before, &mut out)?;
    ordered.log.flush(&mut out);
    ordered.line += n_lines;
    let mut part = Part { bytes: end, coverage: out.coverage, accepted: harvest.accepted, ..Part::default() };
    for (domain, n) in out.accepted {
        *part.accepted.entry(domain).or_default() += n;
    }
    part.problems = harvest.problems;
    let shift = |origin: &mut Origin| origin.line += lines_before;
    part.problems.iter_mut().filter_map(|p| p.origin.as_mut()).for_each(shift);
    let Followed { open, places } = followed;
    let mut open = out.evidence.into_iter().zip(open).peekable();
    part.rejections.reserve(rejections.len() + open.len());
    for (mut rejection, place) in rejections.into_iter().zip(places) {
        while let Some((evidence, _)) = open.next_if(|(_, open_place)| *open_place < place) {
            part.rejections.push(judge.judge(evidence));
        }
        rejection.evidence.origins.iter_mut().for_each(shift);
        rejection.evidence.attempts.iter_mut().for_each(|a| shift(&mut a.origin));
        part.rejections.push(rejection);
    }
    part.rejections.extend(open.map(|(evidence, _)| judge.judge(evidence)));
    Some(part)
}

struct EndOnPanic<'a>(&'a Segments);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            locked(&self.0.queue).ended = true;
            self.0.moved.notify_all();
        }
    }
}

/// After a panic the source is given up, so nothing is read of what a lock may have left half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
