//! Putting the pieces of a log behind one another.

use super::feed::{Piece, What};
use crate::correlate::{Followed, LogCorrelator, Room};
use crate::engine::hold::Hold;
use crate::engine::source::{Mails, Part, Reading, SourceJob};
use crate::ingest::Blocks;
use crate::model::{Harvest, Origin, ReadOptions};

/// After so many pieces in a row had to be read again, the rest is read in order: reading ahead is wasted.
const MAX_READ_AGAIN: u32 = 3;

/// What a piece gave.
pub(super) enum Found {
    /// Of a log: its line numbers count from the piece's first.
    Log { log: Box<LogCorrelator>, harvest: Box<Harvest>, n_lines: u64, end: u64 },
    /// Of mails, which do not depend on one another.
    Mails(Vec<Part>),
}

/// Reads a piece as if nothing stood before it; `None` if it has to be read in its turn.
pub(super) fn read_ahead(job: &SourceJob, piece: &mut Piece) -> Option<Found> {
    let What::Log(log) = &mut piece.what else { return read_mails(job, piece) };
    let mut log = log.take()?;
    let (text, start, in_line) = piece.open().ok()?;
    let mut blocks = Blocks::from_place(text, 1, start, in_line);
    let mut keep = |_| {};
    let mut reading = Reading::new(job, &mut keep);
    reading.read_lines(&mut blocks, &mut log, |_, log| !log.is_dependent()).then_some(())?;
    let mut harvest = std::mem::take(&mut reading.harvest);
    log.flush(&mut harvest);
    let (line, end) = blocks.place();
    Some(Found::Log { log, harvest: Box::new(harvest), n_lines: line - 1, end })
}

fn read_mails(job: &SourceJob, piece: &Piece) -> Option<Found> {
    let What::Mails(line) = piece.what else { return None };
    let (text, start, within) = piece.open().ok()?;
    let mut parts = Vec::new();
    let mut keep = |part| parts.push(part);
    let mut reading = Reading::new(job, &mut keep);
    reading.read_mails(Blocks::from_place(text, line, start, false), Mails::Mailbox { within });
    reading.hand_on(false);
    Some(Found::Mails(parts))
}

/// All that is known of the pieces before the one that is due.
pub(super) struct Ordered {
    log: LogCorrelator,
    /// Number of the next line, and where it stands.
    line: u64,
    end: u64,
    n_again: u32,
    hold: Hold,
    /// The refusal found last, if the next piece may begin with a line that says it was repeated.
    last: Harvest,
}

impl Ordered {
    pub fn new(log: LogCorrelator, options: ReadOptions) -> Self {
        Self { log, line: 1, end: 0, n_again: 0, hold: Hold::new(options), last: Harvest::default() }
    }

    /// Reading ahead has been in vain for some time.
    pub fn is_better_in_order(&self) -> bool {
        self.n_again >= MAX_READ_AGAIN
    }

    /// Puts a piece behind those before it, and gives its room back; `None` if its lines mean something else there.
    pub fn put_behind(&mut self, found: Found) -> Option<(Vec<Part>, Option<Room>)> {
        let (log, harvest, n_lines, end) = match found {
            Found::Log { log, harvest, n_lines, end } => (log, *harvest, n_lines, end),
            Found::Mails(parts) => return Some((parts, None)),
        };
        let lines_before = self.line - 1;
        let mut out = Harvest::default();
        let Followed { open, room } = self.log.follow(*log, harvest.coverage, lines_before, &mut out)?;
        self.log.flush(&mut out);
        self.line += n_lines;
        self.end = end;
        self.n_again = 0;
        let mut part =
            Part { bytes: end, coverage: out.coverage, accepted: harvest.accepted, ..Part::default() };
        for (domain, n) in out.accepted {
            *part.accepted.entry(domain).or_default() += n;
        }
        part.problems = harvest.problems;
        let shift = |origin: &mut Origin| origin.line += lines_before;
        part.problems.iter_mut().filter_map(|p| p.origin.as_mut()).for_each(shift);
        (part.records, part.places) = (harvest.records, harvest.places);
        part.records.shift_lines(lines_before);
        if !out.records.is_empty() {
            part.records.append(&out.records);
            part.places.extend(open);
            let mut order: Vec<usize> = (0..part.records.len()).collect();
            order.sort_by_key(|at| part.places[*at]);
            part.records.reorder(&order);
            part.places.sort_unstable();
        }
        self.give_last(&mut part);
        if self.log.may_be_repeated()
            && let (Some(place), Some(last)) = (part.places.pop(), part.records.pop())
        {
            self.last.records.push_evidence(&last);
            self.last.places.push(place);
        }
        self.hold.keep(&mut part, &self.log);
        Some((vec![part], Some(room)))
    }

    /// Puts the refusal that was kept back before the others.
    fn give_last(&mut self, part: &mut Part) {
        let Harvest { mut records, mut places, .. } = std::mem::take(&mut self.last);
        if records.is_empty() {
            return;
        }
        records.append(&part.records);
        places.append(&mut part.places);
        (part.records, part.places) = (records, places);
    }

    /// Reads a piece in its turn. Says whether reading goes on.
    pub fn read_again(&mut self, job: &SourceJob, piece: &Piece, send: &mut dyn FnMut(Part)) -> bool {
        if let What::Mails(_) = piece.what {
            if let Some(Found::Mails(parts)) = read_mails(job, piece) {
                parts.into_iter().for_each(send);
            }
            return !job.cancel.is_cancelled();
        }
        self.n_again += 1;
        let mut reading = Reading::new(job, send);
        let (text, start, in_line) = match piece.open() {
            Ok(opened) => opened,
            Err(error) => {
                reading.cannot_go_on(&error);
                reading.hand_on(false);
                return false;
            }
        };
        let mut blocks = Blocks::from_place(text, self.line, start, in_line);
        reading.harvest = std::mem::take(&mut self.last);
        let hold = &mut self.hold;
        let went_on = reading.read_lines(&mut blocks, &mut self.log, |reading, log| {
            reading.hand_on_held(hold, log);
            true
        });
        reading.hand_on_held(hold, &self.log);
        self.last = std::mem::take(&mut reading.harvest);
        (self.line, self.end) = blocks.place();
        went_on
    }

    /// The log has ended: what still waits.
    pub fn finish(&mut self, job: &SourceJob) -> Part {
        let mut harvest = Harvest::default();
        self.log.finish(&mut harvest);
        let mut part = Part { done: true, ..Part::of(harvest, self.end) };
        self.give_last(&mut part);
        self.hold.keep(&mut part, &self.log);
        let (records, problem) = self.hold.release(job, &mut self.log);
        part.records.append(&records);
        part.problems.extend(problem);
        part
    }
}
