//! A source in pieces, in order: a log in whole lines, spans of a file or what a decoder gives; a mailbox in whole mails.

use crate::correlate::{LogCorrelator, Room};
use crate::engine::source::MAX_MAIL_BYTES;
use crate::ingest::{MAX_LINE_BYTES, Segment, read_at};
use crate::parse::notice::mbox;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// A piece of a log, and what it is read ahead with.
pub(super) struct Piece {
    /// Its place among the pieces.
    pub number: usize,
    text: Text,
    pub what: What,
    /// Nothing follows.
    pub last: bool,
    /// Why nothing follows, if there is more.
    pub error: Option<io::Error>,
}

/// What a piece holds.
pub(super) enum What {
    /// Lines, and what they are read ahead with; `None` if they have to be read in their turn.
    Log(Option<Box<LogCorrelator>>),
    /// Mails, whose first line has this number.
    Mails(u64),
}

enum Text {
    /// The lines that begin in this span.
    Span { file: Arc<File>, from: u64, to: u64, read: Arc<AtomicU64> },
    /// These bytes, which stand at `start`. They may begin within a line or mail that was cut.
    Bytes { bytes: Arc<Vec<u8>>, start: u64, within: bool },
}

impl Piece {
    /// Its text from the beginning, the offset of that, and whether it begins within a line or mail.
    pub fn open(&self) -> io::Result<(Box<dyn Read + '_>, u64, bool)> {
        match &self.text {
            Text::Span { file, from, to, read } => {
                let (start, segment) = Segment::open(file, *from, *to, read)?;
                Ok((Box::new(segment), start, false))
            }
            Text::Bytes { bytes, start, within } => {
                Ok((Box::new(Cursor::new(bytes.as_slice())), *start, *within))
            }
        }
    }
}

/// Gives the pieces of one log, one after the other.
pub(super) struct Feed {
    input: Input,
    cut: Cut,
    piece_bytes: u64,
    n_given: usize,
}

/// Where pieces are cut.
enum Cut {
    /// Between lines. The scout knows the year where the last piece began.
    Lines(Box<LogCorrelator>),
    /// Between mails; the number of the next line.
    Mails(u64),
}

enum Input {
    File { file: Arc<File>, at: u64, len: u64, read: Arc<AtomicU64> },
    Stream(Stream),
}

/// What is left of a decoder or a pipe.
struct Stream {
    reader: Box<dyn Read + Send>,
    /// The beginning of a line whose end was not read yet.
    rest: Vec<u8>,
    at: u64,
    /// It was cut within a line or mail that is too long.
    within: bool,
    /// Memory of pieces that may be done with.
    used: Vec<Arc<Vec<u8>>>,
}

impl Feed {
    /// The lines of a file. `scout` has read its first lines.
    pub fn of_file(
        file: File,
        len: u64,
        read: Arc<AtomicU64>,
        scout: LogCorrelator,
        piece_bytes: u64,
    ) -> Self {
        let input = Input::File { file: Arc::new(file), at: 0, len, read };
        Self { input, cut: Cut::Lines(Box::new(scout)), piece_bytes, n_given: 0 }
    }

    /// The lines of whatever `reader` gives.
    pub fn of_stream(reader: Box<dyn Read + Send>, scout: LogCorrelator, piece_bytes: u64) -> Self {
        Self { input: Stream::of(reader), cut: Cut::Lines(Box::new(scout)), piece_bytes, n_given: 0 }
    }

    /// The mails of whatever `reader` gives.
    pub fn of_mails(reader: Box<dyn Read + Send>, piece_bytes: u64) -> Self {
        Self { input: Stream::of(reader), cut: Cut::Mails(1), piece_bytes, n_given: 0 }
    }

    /// The next piece, to be read ahead in `room`; the last one says so. There is always one, empty if need be.
    pub fn next(&mut self, room: Option<Room>) -> Piece {
        let (text, last, error) = match (&mut self.input, &mut self.cut) {
            (Input::File { file, at, len, read }, cut) => {
                let from = *at;
                // The last piece is the larger one, and a log may grow while it is read.
                let last = *len - from < 2 * self.piece_bytes;
                let to = if last { u64::MAX } else { from + self.piece_bytes };
                *at = to;
                if let Cut::Lines(scout) = cut
                    && from > 0
                {
                    look_into(file, from, scout);
                }
                (Text::Span { file: Arc::clone(file), from, to, read: Arc::clone(read) }, last, None)
            }
            (Input::Stream(stream), cut) => {
                let is_mail = matches!(cut, Cut::Mails(_));
                let (start, within) = (stream.at, stream.within);
                let (bytes, last, error) = stream.next(self.piece_bytes, is_mail);
                if let Cut::Lines(scout) = cut
                    && let Some(first) =
                        bytes.split(|b| *b == b'\n').nth(usize::from(within)).filter(|_| start > 0)
                {
                    scout.look(first);
                }
                (Text::Bytes { bytes, start, within }, last, error)
            }
        };
        let what = match (&mut self.cut, &text) {
            (Cut::Lines(scout), Text::Span { from: start, .. } | Text::Bytes { start, .. }) => {
                What::Log(scout.ahead(*start, room).map(Box::new))
            }
            (Cut::Mails(line), Text::Bytes { bytes, .. }) => {
                let first = *line;
                *line += memchr::memchr_iter(b'\n', bytes).count() as u64;
                What::Mails(first)
            }
            (Cut::Mails(line), Text::Span { .. }) => What::Mails(*line),
        };
        let number = self.n_given;
        self.n_given += 1;
        Piece { number, text, what, last, error }
    }
}

/// A mail longer than this loses its end, so its pieces need not hang together.
const LONGEST_MAIL: usize = MAX_MAIL_BYTES + (1 << 20);

fn last_line_end(bytes: &[u8]) -> Option<usize> {
    memchr::memrchr(b'\n', bytes).map(|at| at + 1)
}

/// Shows the scout the first whole line after `from`.
fn look_into(file: &File, from: u64, scout: &mut LogCorrelator) {
    let mut bytes = [0; 4096];
    let Ok(n) = read_at(file, &mut bytes, from) else { return };
    let mut lines = bytes[..n].split(|b| *b == b'\n');
    // The first line began before, the last one may be cut.
    lines.next();
    lines.next_back();
    lines.take(1).for_each(|line| scout.look(line));
}

impl Stream {
    fn of(reader: Box<dyn Read + Send>) -> Input {
        Input::Stream(Self { reader, rest: Vec::new(), at: 0, within: false, used: Vec::new() })
    }

    /// The next whole lines or mails, whether nothing follows, and why if there is more.
    fn next(&mut self, piece_bytes: u64, is_mail: bool) -> (Arc<Vec<u8>>, bool, Option<io::Error>) {
        let longest = if is_mail { LONGEST_MAIL } else { MAX_LINE_BYTES };
        let cut = |bytes: &[u8]| if is_mail { mbox::last_boundary(bytes) } else { last_line_end(bytes) };
        let mut bytes = self.room();
        bytes.append(&mut self.rest);
        let mut error = None;
        let mut want = piece_bytes as usize;
        let (end, last, within) = loop {
            let missing = want.saturating_sub(bytes.len()) as u64;
            let last = match self.reader.by_ref().take(missing).read_to_end(&mut bytes) {
                Ok(n) => n as u64 != missing,
                Err(failed) => {
                    error = Some(failed);
                    true
                }
            };
            if last {
                break (bytes.len(), true, false);
            }
            if let Some(at) = cut(&bytes) {
                break (at, false, false);
            }
            // What is longer is cut by whoever reads it.
            if bytes.len() > longest {
                break (bytes.len(), false, true);
            }
            want += (piece_bytes as usize).max(bytes.len());
        };
        self.rest.extend_from_slice(&bytes[end..]);
        bytes.truncate(end);
        self.at += end as u64;
        self.within = within;
        let bytes = Arc::new(bytes);
        self.used.push(Arc::clone(&bytes));
        (bytes, last, error)
    }

    /// Memory of a piece that nobody reads any more.
    fn room(&mut self) -> Vec<u8> {
        let free = self.used.iter_mut().position(|used| Arc::get_mut(used).is_some());
        let mut room = free.and_then(|at| Arc::into_inner(self.used.swap_remove(at))).unwrap_or_default();
        room.clear();
        room
    }
}
