//! A log in pieces of whole lines, in order: spans of a file, or what a decoder gives.

use crate::correlate::{LogCorrelator, Room};
use crate::ingest::{MAX_LINE_BYTES, Segment, read_at};
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// A piece of a log, and what it is read ahead with.
pub(super) struct Piece {
    /// Its place among the pieces.
    pub number: usize,
    text: Text,
    /// What it is read ahead with; `None` if it has to be read in its turn.
    pub log: Option<Box<LogCorrelator>>,
    /// Nothing follows.
    pub last: bool,
    /// Why nothing follows, if there is more.
    pub error: Option<io::Error>,
}

enum Text {
    /// The lines that begin in this span.
    Span { file: Arc<File>, from: u64, to: u64, read: Arc<AtomicU64> },
    /// These bytes, which stand at `start`. They may begin within a line that was cut.
    Bytes { bytes: Arc<Vec<u8>>, start: u64, in_line: bool },
}

impl Piece {
    /// Its text from the beginning, the offset of that, and whether it begins within a line.
    pub fn open(&self) -> io::Result<(Box<dyn Read + '_>, u64, bool)> {
        match &self.text {
            Text::Span { file, from, to, read } => {
                let (start, segment) = Segment::open(file, *from, *to, read)?;
                Ok((Box::new(segment), start, false))
            }
            Text::Bytes { bytes, start, in_line } => {
                Ok((Box::new(Cursor::new(bytes.as_slice())), *start, *in_line))
            }
        }
    }
}

/// Gives the pieces of one log, one after the other.
pub(super) struct Feed {
    input: Input,
    /// Knows the year where the last piece began.
    scout: LogCorrelator,
    piece_bytes: u64,
    n_given: usize,
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
    in_line: bool,
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
        Self { input: Input::File { file: Arc::new(file), at: 0, len, read }, scout, piece_bytes, n_given: 0 }
    }

    /// The lines of whatever `reader` gives.
    pub fn of_stream(reader: Box<dyn Read + Send>, scout: LogCorrelator, piece_bytes: u64) -> Self {
        let stream = Stream { reader, rest: Vec::new(), at: 0, in_line: false, used: Vec::new() };
        Self { input: Input::Stream(stream), scout, piece_bytes, n_given: 0 }
    }

    /// The next piece, to be read ahead in `room`; the last one says so. There is always one, empty if need be.
    pub fn next(&mut self, room: Option<Room>) -> Piece {
        let (text, last, error) = match &mut self.input {
            Input::File { file, at, len, read } => {
                let from = *at;
                // The last piece is the larger one, and a log may grow while it is read.
                let last = *len - from < 2 * self.piece_bytes;
                let to = if last { u64::MAX } else { from + self.piece_bytes };
                *at = to;
                if from > 0 {
                    look_into(file, from, &mut self.scout);
                }
                (Text::Span { file: Arc::clone(file), from, to, read: Arc::clone(read) }, last, None)
            }
            Input::Stream(stream) => {
                let start = stream.at;
                let in_line = stream.in_line;
                let (bytes, last, error) = stream.next(self.piece_bytes);
                if let Some(first) =
                    bytes.split(|b| *b == b'\n').nth(usize::from(in_line)).filter(|_| start > 0)
                {
                    self.scout.look(first);
                }
                (Text::Bytes { bytes, start, in_line }, last, error)
            }
        };
        let start = match &text {
            Text::Span { from, .. } => *from,
            Text::Bytes { start, .. } => *start,
        };
        let number = self.n_given;
        self.n_given += 1;
        Piece { number, text, log: self.scout.ahead(start, room).map(Box::new), last, error }
    }
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
    /// The next whole lines, whether nothing follows, and why if there is more.
    fn next(&mut self, piece_bytes: u64) -> (Arc<Vec<u8>>, bool, Option<io::Error>) {
        let mut bytes = self.room();
        bytes.append(&mut self.rest);
        let mut searched = 0;
        let mut error = None;
        let mut want = piece_bytes as usize;
        let (end, last) = loop {
            let missing = want.saturating_sub(bytes.len()) as u64;
            let last = match self.reader.by_ref().take(missing).read_to_end(&mut bytes) {
                Ok(n) => n as u64 != missing,
                Err(failed) => {
                    error = Some(failed);
                    true
                }
            };
            if last {
                break (bytes.len(), true);
            }
            if let Some(at) = memchr::memrchr(b'\n', &bytes[searched..]) {
                break (searched + at + 1, false);
            }
            // A line longer than this is cut by whoever reads it.
            if bytes.len() > MAX_LINE_BYTES {
                break (bytes.len(), false);
            }
            searched = bytes.len();
            want += piece_bytes as usize;
        };
        self.rest.extend_from_slice(&bytes[end..]);
        bytes.truncate(end);
        self.at += end as u64;
        self.in_line = !bytes.ends_with(b"\n") && (self.in_line || !bytes.is_empty());
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
