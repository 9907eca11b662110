//! Log dialects: one file (or folder) an MTA.
//!
//! To add one: a file with a `DIALECT`, and its line in [`DIALECTS`].

pub mod exim;
pub mod postfix;
mod text;

use super::event::{EventKind, Glance, LogEvent, LogLine};
use super::frame::Framed;

/// How one MTA writes its log.
#[derive(Debug)]
pub struct Dialect {
    /// The name that `LogEvent::format` has, too.
    pub name: &'static str,
    /// What its programs' names hold, to find them in odd frames.
    pub hint: &'static str,
    /// Whether a line of this program is written by this MTA.
    pub takes: fn(program: &str) -> bool,
    /// Reads a line that this MTA writes to a file of its own, without a syslog frame.
    pub bare: Option<for<'a> fn(text: &'a str) -> Option<Framed<'a>>>,
    /// The instance a program belongs to, as `LogEvent::instance` has it.
    pub instance: fn(program: &str) -> &str,
    /// Whether an event is the first that is written of a message. A part of a log that begins with it is complete.
    pub opens: fn(event: &EventKind<'_>) -> bool,
    /// Reads the message of a line of the most common shapes: queue id (empty if there is none) and what it says.
    /// It must say what `parse` says, or `None`: then `parse` is asked. This is what makes a dialect fast.
    pub glance: Option<for<'a> fn(message: &'a [u8]) -> Option<(&'a [u8], Glance<'a>)>>,
    /// Reads a line. `None` if the grammar does not know it.
    pub parse: for<'a> fn(line: &'a LogLine<'a>) -> Option<LogEvent<'a>>,
    /// The daemon a program name stands for, as it is counted: `postfix/smtp` for `postfix-out/smtp`.
    pub daemon: fn(program: &str) -> &str,
}

/// All dialects.
pub static DIALECTS: &[Dialect] = &[postfix::DIALECT, exim::DIALECT];

/// The dialect of a program's lines.
pub fn by_program(program: &str) -> Option<&'static Dialect> {
    DIALECTS.iter().find(|d| (d.takes)(program))
}

/// The frame of a line that an MTA wrote to a file of its own.
pub fn bare(text: &str) -> Option<Framed<'_>> {
    DIALECTS.iter().find_map(|d| d.bare?(text))
}

/// Whether a known program could be named in `head`: a cheap check before a closer look.
pub fn may_name_program(head: &[u8]) -> bool {
    DIALECTS.iter().any(|d| memchr::memmem::find(head, d.hint.as_bytes()).is_some())
}
