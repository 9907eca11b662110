//! Reading one source: its kind is recognised, its text goes to the grammar, what comes out is judged and handed on
//! in parts.

use super::CancelToken;
use super::hold::Hold;
use super::segments::{Hands, Segments};
use super::supply::Supply;
use crate::correlate::{LogCorrelator, document};
use crate::ingest::{Block, Blocks, FirstText, Opened, behind_blanks, open_location};
use crate::model::{
    Coverage, Evidence, Harvest, Origin, Problem, ProblemKind, ReadOptions, Records, SourceId,
    SourceLocation, Timestamp, Zone,
};
use crate::parse::notice::{self, emlx, mbox, msg};
use crate::parse::{Kind, Line, Lines, detect};
use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// One source to read.
#[derive(Clone)]
pub(super) struct SourceJob {
    pub id: SourceId,
    /// As the user knows it.
    pub name: Arc<str>,
    pub location: SourceLocation,
    /// It is open already: a member of an archive, or a stream.
    pub supply: Option<Arc<Supply>>,
    pub year: Option<i32>,
    /// Of time stamps that name none.
    pub zone: Zone,
    /// It was named or pasted, not found in a folder.
    pub named: bool,
    /// "Now" for what has no date of its own.
    pub now: Timestamp,
    /// Raised by the bytes taken from disk.
    pub bytes_read: Arc<AtomicU64>,
    pub cancel: CancelToken,
    /// On this thread alone, every line by its grammar: the reference for all other ways.
    pub plain: bool,
    /// A log of twice this size or more is read in segments.
    pub segment_bytes: u64,
}

/// What was found since the last part of the same source.
#[derive(Default)]
pub(super) struct Part {
    /// Not judged yet.
    pub records: Records,
    /// See [`Harvest::places`]; of a log alone.
    pub places: Vec<u64>,
    pub problems: Vec<Problem>,
    pub coverage: Coverage,
    pub accepted: BTreeMap<String, u64>,
    /// Bytes of decompressed text so far.
    pub bytes: u64,
    /// The source has ended.
    pub done: bool,
}

impl Part {
    /// What was harvested of the first `bytes` of a source.
    pub fn of(harvest: Harvest, bytes: u64) -> Self {
        let Harvest { evidence, mut records, places, problems, coverage, accepted } = harvest;
        evidence.iter().for_each(|evidence| records.push_evidence(evidence));
        Self { records, places, problems, coverage, accepted, bytes, done: false }
    }

    /// Nothing was found, not even lines.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.problems.is_empty()
            && self.accepted.is_empty()
            && self.coverage == Coverage::default()
    }

    /// An error ends the source before its end.
    pub fn of_error(error: &io::Error) -> Self {
        let message = format!("{}; what came before was read", crate::ingest::open::reason(error));
        let problem = Problem { kind: ProblemKind::Truncated, origin: None, message };
        Self { problems: vec![problem], ..Self::default() }
    }
}

/// How much of a source's head its kind is recognised from.
const HEAD_BYTES: usize = 64 * 1024;

/// Room for it at first: most sources of a folder are small.
const FIRST_HEAD_BYTES: usize = 16 * 1024;

/// The longest mail message that is kept whole; a longer one loses its tail (attachments come last).
pub(super) const MAX_MAIL_BYTES: usize = 32 << 20;

/// The longest `.msg` file that is read whole.
const MAX_MSG_BYTES: usize = 64 << 20;

/// Text that is no log is read in pieces of this size.
const DOCUMENT_BYTES: usize = 16 << 20;

/// Reads a source to its end; calls `send` with every part, the last of which is `done`. A big log is shown to `share`
/// first: whoever has time may take part in its reading.
pub(super) fn read_source(job: &SourceJob, hands: &mut Hands<'_>, share: &mut dyn FnMut(&Arc<Segments>)) {
    let opened = match &job.supply {
        Some(supply) => supply.open(),
        None => open_location(&job.location, Arc::clone(&job.bytes_read)),
    };
    if let Some(segments) = read_opened(job, opened, hands) {
        share(&segments);
        segments.work(hands);
    }
}

/// As [`read_source`], for an input that somebody else has opened. What is better read in segments is given back.
pub(super) fn read_opened(
    job: &SourceJob,
    opened: io::Result<Opened>,
    hands: &mut Hands<'_>,
) -> Option<Arc<Segments>> {
    let mut send = |part| (hands.send)((hands.finish)(part));
    let mut reading = Reading::new(job, &mut send);
    let segments = match opened {
        Ok(opened) => reading.read(opened),
        Err(error) => {
            reading.problem(ProblemKind::Unreadable, None, crate::ingest::open::reason(&error));
            None
        }
    };
    if segments.is_none() {
        reading.hand_on(true);
    }
    segments
}

/// A source being read.
pub(super) struct Reading<'a> {
    job: &'a SourceJob,
    send: &'a mut dyn FnMut(Part),
    /// What was found since it was last handed on.
    pub harvest: Harvest,
    bytes: u64,
}

impl<'a> Reading<'a> {
    pub fn new(job: &'a SourceJob, send: &'a mut dyn FnMut(Part)) -> Self {
        Self { job, send, harvest: Harvest::default(), bytes: 0 }
    }

    fn read(&mut self, opened: Opened) -> Option<Arc<Segments>> {
        let options = ReadOptions {
            year: self.job.year,
            zone: self.job.zone,
            written: opened.written.unwrap_or(self.job.now).min(self.job.now),
            bare_replies: self.job.named,
        };
        let mut reader = opened.reader;
        let mut head = Vec::with_capacity(FIRST_HEAD_BYTES);
        let failed = reader.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).err();
        let kind = detect(&head);
        // Nothing follows: the end was met while the head was read.
        let ended = failed.is_none() && head.len() < HEAD_BYTES;
        // Where mails say their length, pieces of a mailbox cannot be told apart.
        let lengths = kind == Kind::Mbox && mbox::says_lengths(&head);
        let shareable = failed.is_none() && !lengths && matches!(kind, Kind::Log | Kind::Mbox);
        let rest: Box<dyn io::Read + Send> = Box::new(Failing { reader, failed });
        if kind == Kind::Msg {
            self.read_msg(head, rest);
            return None;
        }
        if kind == Kind::Empty && !ended {
            self.read_behind_blanks(head, rest, &options);
            return None;
        }
        let blocks = if shareable {
            let first_lines = if kind == Kind::Log { head.clone() } else { Vec::new() };
            let whole = Box::new(io::Cursor::new(head).chain(rest));
            let planned = match kind {
                Kind::Log => Segments::plan(self.job, &options, &first_lines, opened.decoded, whole),
                _ => Segments::plan_mails(self.job, whole),
            };
            match planned {
                Ok(segments) => return Some(segments),
                Err(whole) => Blocks::new(whole),
            }
        } else {
            Blocks::begun(head, rest, ended)
        };
        match lengths {
            true => self.read_mails(blocks, Mails::WithLengths),
            false => self.read_as(kind, blocks, options),
        }
        None
    }

    /// Reads a source that begins with a great many blank lines.
    fn read_behind_blanks(
        &mut self,
        head: Vec<u8>,
        mut rest: Box<dyn io::Read + Send>,
        options: &ReadOptions,
    ) {
        match behind_blanks(head, &mut rest) {
            Ok(Some(FirstText { text, line, start })) => {
                let kind = detect(&text);
                let blocks = Blocks::from_place(io::Cursor::new(text).chain(rest), line, start, false);
                self.read_as(kind, blocks, options.clone());
            }
            Ok(None) => self.read_as(Kind::Empty, Blocks::new(io::empty()), options.clone()),
            Err(error) => {
                self.problem(ProblemKind::Unreadable, None, crate::ingest::open::reason(&error));
            }
        }
    }

    fn read_as(&mut self, kind: Kind, blocks: Blocks<impl io::Read>, options: ReadOptions) {
        match kind {
            Kind::Empty => self.problem(ProblemKind::Empty, None, "the file is empty".to_owned()),
            Kind::Binary => {
                let message = "no text: neither a log nor a mail; it was not read".to_owned();
                self.problem(ProblemKind::NotMail, None, message);
            }
            Kind::Log => self.read_log(blocks, options),
            Kind::Mbox => self.read_mails(blocks, Mails::Mailbox { within: false }),
            Kind::Mail => self.read_mails(blocks, Mails::One),
            // Reading went past it before blocks were made, unless blank lines stood in front.
            Kind::Msg => self.read_as(Kind::Binary, blocks, options),
            Kind::Text => self.read_document(blocks, &options),
        }
    }

    fn read_log(&mut self, mut blocks: Blocks<impl io::Read>, options: ReadOptions) {
        let mut log = LogCorrelator::new(self.job.id, options.clone());
        if self.job.plain {
            log = log.thorough();
        }
        let mut hold = Hold::new(options);
        self.read_lines(&mut blocks, &mut log, |reading, log| {
            reading.hand_on_held(&mut hold, log);
            true
        });
        log.finish(&mut self.harvest);
        self.hand_on_held(&mut hold, &log);
        let (records, problem) = hold.release(self.job, &mut log);
        self.harvest.records = records;
        self.harvest.problems.extend(problem);
    }

    /// Reads the lines of `blocks`; calls `go_on` after each block. Says whether the end was reached.
    pub fn read_lines(
        &mut self,
        blocks: &mut Blocks<impl io::Read>,
        log: &mut LogCorrelator,
        mut go_on: impl FnMut(&mut Self, &LogCorrelator) -> bool,
    ) -> bool {
        loop {
            match self.next_block(blocks) {
                Next::Block(block) => {
                    let mut lines = Lines::new(self.job.id, block.bytes, block.line, block.start);
                    for line in lines.by_ref() {
                        log.line(line, &mut self.harvest);
                    }
                    let n_ends = lines.n_ends();
                    blocks.has_line_ends(n_ends);
                }
                Next::End => return true,
                Next::Stop => return false,
            }
            if !go_on(self, log) {
                return false;
            }
        }
    }

    /// Reads one mail, or those of a mailbox.
    pub fn read_mails(&mut self, mut blocks: Blocks<impl io::Read>, mails: Mails) {
        let mut mail = Mail::default();
        let (mbox, mut skip, lengths) = match mails {
            Mails::One => (false, false, false),
            Mails::Mailbox { within } => (true, within, false),
            Mails::WithLengths => (true, false, true),
        };
        let mut after_blank = !skip;
        while let Next::Block(block) = self.next_block(&mut blocks) {
            if !mbox && mail.push_block(&block) {
                continue;
            }
            for line in Lines::new(self.job.id, block.bytes, block.line, block.start) {
                if mbox && mbox::is_boundary(line.bytes, after_blank) && !(lengths && mail.holds(&line)) {
                    self.end_mail(&mut mail);
                    mail.begin_after(&line);
                    skip = false;
                } else if !skip {
                    mail.push(&line, block.bytes, block.start);
                    if lengths {
                        mail.look_for_length(&line);
                    }
                }
                after_blank = line.bytes.is_empty();
            }
            self.hand_on(false);
        }
        self.end_mail(&mut mail);
    }

    fn end_mail(&mut self, mail: &mut Mail) {
        if mail.cut {
            let message = format!("a message of over {} MiB: its end was not read", MAX_MAIL_BYTES >> 20);
            let origin = Origin { source: self.job.id, line: mail.line, start: mail.start, len: 0 };
            self.problem(ProblemKind::TooLong, Some(origin), message);
        }
        for (bytes, line, start) in mail.pieces() {
            // As Apple Mail keeps it.
            let (bytes, line, start) = match emlx::message(bytes) {
                Some(span) => (&bytes[span.clone()], line + 1, start + span.start as u64),
                None => (bytes, line, start),
            };
            if !bytes.is_empty() {
                notice::read_mail(self.job.id, bytes, line, start, &mut self.harvest);
            }
        }
        *mail = Mail::default();
    }

    /// Reads what Outlook saved. It has no lines: its parts stand anywhere in the file.
    fn read_msg(&mut self, mut bytes: Vec<u8>, mut rest: impl io::Read) {
        let missing = (MAX_MSG_BYTES + 1).saturating_sub(bytes.len()) as u64;
        let failed = rest.by_ref().take(missing).read_to_end(&mut bytes).err();
        if let Some(error) = failed {
            self.cannot_go_on(&error);
        } else if bytes.len() > MAX_MSG_BYTES {
            let message = format!("a .msg file of over {} MiB: its end was not read", MAX_MSG_BYTES >> 20);
            self.problem(ProblemKind::TooLong, None, message);
            bytes.truncate(MAX_MSG_BYTES);
        }
        self.bytes = bytes.len() as u64;
        msg::read(self.job.id, &bytes, &mut self.harvest);
    }

    fn read_document(&mut self, mut blocks: Blocks<impl io::Read>, options: &ReadOptions) {
        let mut piece = Vec::new();
        let mut place = (1, 0);
        while let Next::Block(block) = self.next_block(&mut blocks) {
            if piece.is_empty() {
                place = (block.line, block.start);
            }
            piece.extend_from_slice(block.bytes);
            if piece.len() >= DOCUMENT_BYTES {
                self.end_piece(&mut piece, place, options);
            }
        }
        self.end_piece(&mut piece, place, options);
    }

    fn end_piece(&mut self, piece: &mut Vec<u8>, (line, start): (u64, u64), options: &ReadOptions) {
        let mut harvest = Harvest::default();
        document::read(self.job.id, piece, options, &mut harvest);
        move_origins(&mut harvest, line - 1, start);
        self.harvest.evidence.append(&mut harvest.evidence);
        self.harvest.problems.append(&mut harvest.problems);
        self.harvest.coverage.add(harvest.coverage);
        for (domain, n) in harvest.accepted {
            *self.harvest.accepted.entry(domain).or_default() += n;
        }
        piece.clear();
        self.hand_on(false);
    }

    /// The next block. An error is noted.
    fn next_block<'b, R: io::Read>(&mut self, blocks: &'b mut Blocks<R>) -> Next<'b> {
        if self.job.cancel.is_cancelled() {
            return Next::Stop;
        }
        match blocks.next_block() {
            Ok(None) => Next::End,
            Ok(Some(block)) => {
                self.bytes = block.start + block.bytes.len() as u64;
                if block.cut {
                    let message = format!(
                        "a line of over {} bytes: its end was not read",
                        crate::ingest::MAX_LINE_BYTES
                    );
                    let origin = Origin { source: self.job.id, line: block.line, start: block.start, len: 0 };
                    self.problem(ProblemKind::TooLong, Some(origin), message);
                }
                Next::Block(block)
            }
            Err(error) => {
                self.cannot_go_on(&error);
                Next::Stop
            }
        }
    }

    /// Notes an error that ends the reading.
    pub fn cannot_go_on(&mut self, error: &io::Error) {
        self.harvest.problems.append(&mut Part::of_error(error).problems);
    }

    fn problem(&mut self, kind: ProblemKind, origin: Option<Origin>, message: String) {
        self.harvest.problems.push(Problem { kind, origin, message });
    }

    /// Sends what was harvested of a log, but for what has to wait.
    pub fn hand_on_held(&mut self, hold: &mut Hold, log: &LogCorrelator) {
        let harvest = match log.may_be_repeated() {
            true => self.harvest.take_all_but_last(),
            false => std::mem::take(&mut self.harvest),
        };
        let mut part = Part::of(harvest, self.bytes);
        hold.keep(&mut part, log);
        if !part.is_empty() {
            (self.send)(part);
        }
    }

    fn take_part(&mut self) -> Part {
        Part::of(std::mem::take(&mut self.harvest), self.bytes)
    }

    /// Sends what was harvested.
    pub fn hand_on(&mut self, done: bool) {
        let part = Part { done, ..self.take_part() };
        if done || !part.is_empty() {
            (self.send)(part);
        }
    }
}

/// How mails stand in a source.
#[derive(Clone, Copy)]
pub(super) enum Mails {
    /// It is one mail.
    One,
    /// Mails one after the other. `within`: it begins within one whose end is not wanted.
    Mailbox { within: bool },
    /// The same, and they say how long they are.
    WithLengths,
}

/// What comes next of a source.
enum Next<'a> {
    Block(Block<'a>),
    End,
    /// An error, or somebody asked to stop.
    Stop,
}

/// A message being put together from its lines.
#[derive(Default)]
struct Mail {
    bytes: Vec<u8>,
    line: u64,
    start: u64,
    cut: bool,
    /// What its fields say of its length, and whether they have ended.
    length: Option<u64>,
    in_body: bool,
    /// Where it ends by that, as an offset in the source.
    end: Option<u64>,
    /// `From ` lines before that end: where they begin in `bytes`, and their numbers.
    inner: Vec<(usize, u64)>,
}

/// So many `From ` lines are kept in mind of one mail.
const MAX_INNER: usize = 10_000;

impl Mail {
    /// Whether a `From ` line stands before the end of which its fields speak.
    fn holds(&mut self, line: &Line<'_>) -> bool {
        let holds = !self.cut && self.inner.len() < MAX_INNER && self.end.is_some_and(|end| line.start < end);
        if holds {
            self.inner.push((self.bytes.len(), line.number));
        }
        holds
    }

    /// Looks for `Content-Length` in a line that was added.
    fn look_for_length(&mut self, line: &Line<'_>) {
        if self.in_body {
            return;
        }
        if line.bytes.is_empty() {
            self.in_body = true;
            // The line and its end are the last that was added.
            let here = self.start + self.bytes.len() as u64;
            self.end = self.length.map(|length| here.saturating_add(length));
        } else {
            self.length = mbox::content_length(line.bytes).or(self.length);
        }
    }

    /// The mail; or the mails that it is cut into where the length it gives is wrong. With line and offset of each.
    fn pieces(&self) -> Vec<(&[u8], u64, u64)> {
        let whole = vec![(&self.bytes[..], self.line, self.start)];
        let Some(end) = self.end.filter(|_| !self.inner.is_empty()) else { return whole };
        let behind = usize::try_from(end - self.start).ok().and_then(|end| self.bytes.get(end..));
        if !self.cut && behind.is_some_and(|rest| rest.iter().all(u8::is_ascii_whitespace)) {
            return whole;
        }
        let mut pieces = Vec::new();
        let (mut from, mut line) = (0, self.line);
        for (at, number) in &self.inner {
            pieces.push((&self.bytes[from..*at], line, self.start + from as u64));
            from = memchr::memchr(b'\n', &self.bytes[*at..]).map_or(self.bytes.len(), |end| *at + end + 1);
            line = number + 1;
        }
        pieces.push((&self.bytes[from..], line, self.start + from as u64));
        pieces
    }

    /// The message begins with the line after `separator`.
    fn begin_after(&mut self, separator: &Line<'_>) {
        self.line = separator.number + 1;
        self.start = separator.start + separator.bytes.len() as u64 + 1;
    }

    /// Adds all lines of a block in one go, if they fit.
    fn push_block(&mut self, block: &Block<'_>) -> bool {
        let fits = !self.cut && self.bytes.len() + block.bytes.len() <= MAX_MAIL_BYTES;
        if fits {
            if self.bytes.is_empty() {
                (self.line, self.start) = (block.line, block.start);
            }
            self.bytes.extend_from_slice(block.bytes);
        }
        fits
    }

    /// Adds a line with its line end as it stands in `block`.
    fn push(&mut self, line: &Line<'_>, block: &[u8], block_start: u64) {
        if self.bytes.is_empty() {
            (self.line, self.start) = (line.number, line.start);
        }
        let from = (line.start - block_start) as usize;
        let ended = memchr::memchr(b'\n', &block[from..]).map_or(block.len(), |at| from + at + 1);
        if self.bytes.len() + (ended - from) > MAX_MAIL_BYTES {
            self.cut = true;
        } else if !self.cut {
            self.bytes.extend_from_slice(&block[from..ended]);
        }
    }
}

/// Gives the error that reading the head met, once its bytes are used up.
struct Failing<R> {
    reader: R,
    failed: Option<io::Error>,
}

impl<R: io::Read> io::Read for Failing<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.reader.read(buf),
        }
    }
}

/// Moves all places by the piece's own place.
fn move_origins(harvest: &mut Harvest, lines: u64, bytes: u64) {
    if (lines, bytes) == (0, 0) {
        return;
    }
    let shift = |origin: &mut Origin| {
        origin.line += lines;
        origin.start += bytes;
    };
    for Evidence { origins, attempts, .. } in &mut harvest.evidence {
        origins.iter_mut().for_each(shift);
        attempts.iter_mut().for_each(|a| shift(&mut a.origin));
    }
    harvest.coverage.not_understood_at.iter_mut().for_each(shift);
    harvest.problems.iter_mut().filter_map(|p| p.origin.as_mut()).for_each(shift);
}
