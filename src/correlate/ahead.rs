//! A part of a log read without what stands before it.
//!
//! Most messages begin and end within a part: their first line (`client=`) tells that nothing about them stands
//! before. The lines of all others are kept as they are, and put to what is known once the parts before have been
//! read. All that the result depends on is noted, so that a part can be read again where it was taken wrongly.

use super::context::Key;
use super::hash::Hashed;
use crate::model::{Origin, Timestamp};
use crate::parse::LogLine;
use crate::parse::frame::Stamp;
use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::BuildHasherDefault;

/// When there are more bytes of lines about earlier messages, the part is better read in its turn.
const MAX_OPEN_BYTES: usize = 4 << 20;

/// What is noted while a part is read ahead.
#[derive(Default, Debug)]
pub(super) struct Ahead {
    /// Offset of its first line.
    pub start: u64,
    /// Lines are taken for those of a file of the MTA's own, as they seem to be before.
    pub bare_first: bool,
    /// Messages that began here, as hashes.
    pub opened: Vec<u64>,
    /// Messages that may have begun before and are not finished here, as hashes.
    open: HashSet<u64, BuildHasherDefault<Hashed>>,
    /// How often one was added to those.
    pub n_open: usize,
    /// How many of them left.
    pub n_closed: usize,
    lines: Vec<OpenLine>,
    text: String,
    /// Stamps without a year at which another day begins, and the time that was made of them.
    pub days: Vec<(Stamp, Option<Timestamp>)>,
    /// The lines cannot be told apart from those before.
    pub dependent: bool,
}

/// A line about a message that may have begun before.
#[derive(Debug)]
struct OpenLine {
    time: Option<Timestamp>,
    origin: Origin,
    /// Where host, program and message end in `text`; the host starts where the message before it ends.
    ends: [usize; 3],
}

impl Ahead {
    pub(super) fn new(start: u64, bare_first: bool) -> Self {
        Self { start, bare_first, ..Self::default() }
    }

    /// Whether more must be known of a message that did not begin here. `opens`: its first line is being read.
    pub(super) fn is_open(&mut self, key: &Key<'_>, opens: bool) -> bool {
        if !self.open.is_empty() && self.open.contains(&key.hash) {
            return true;
        }
        if opens {
            self.opened.push(key.hash);
            return false;
        }
        self.open.insert(key.hash);
        self.n_open += 1;
        true
    }

    /// The message has left the queue: whatever comes now is of another.
    pub(super) fn close(&mut self, key: &Key<'_>) {
        self.open.remove(&key.hash);
        self.n_closed += 1;
    }

    /// Keeps a line.
    pub(super) fn keep(
        &mut self,
        time: Option<Timestamp>,
        host: &str,
        program: &str,
        message: &str,
        origin: Origin,
    ) {
        if self.text.len() > MAX_OPEN_BYTES {
            self.dependent = true;
            return;
        }
        let ends = [host, program, message].map(|part| {
            self.text.push_str(part);
            self.text.len()
        });
        self.lines.push(OpenLine { time, origin, ends });
    }

    /// All lines that were kept, in order; their numbers are raised by `lines_before`.
    pub(super) fn each_line(&self, lines_before: u64, mut take: impl FnMut(&LogLine<'_>, Origin)) {
        let mut start = 0;
        for OpenLine { time, origin, ends: [host, program, message] } in &self.lines {
            let text = |from: usize, to: usize| &self.text[from..to];
            let line = LogLine {
                time: *time,
                host: Some(text(start, *host)),
                program: text(*host, *program),
                pid: None,
                message: Cow::Borrowed(text(*program, *message)),
            };
            take(&line, Origin { line: origin.line + lines_before, ..*origin });
            start = *message;
        }
    }
}
