//! Trouble with the data: never the end of a run, always shown.

use super::Origin;
use std::fmt;

/// What kind of trouble.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ProblemKind {
    /// The input could not be opened or read (missing, no permission, is a device).
    Unreadable,
    /// Reading ended early: truncated gzip, file removed or cut while reading.
    Truncated,
    /// Empty file.
    Empty,
    /// Bytes that are no text, or no mail evidence at all.
    NotMail,
    /// A line or message longer than is kept.
    TooLong,
    /// A 5yz reply stands in a line that no grammar took.
    NotUnderstood,
    /// More messages were in the queue at one time than are kept in mind, and the source cannot be read again.
    Forgotten,
    /// A parser failed; the rest of the source was given up.
    Internal,
}

/// One trouble, with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// Where, if it has a place in a source.
    pub origin: Option<Origin>,
    /// A sentence without the source's name: "the gzip stream ends early; what came before it was read".
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Some(origin) => write!(f, "line {}: {}", origin.line, self.message),
            None => f.write_str(&self.message),
        }
    }
}
