//! Log dialects: one file (or folder) an MTA.
//!
//! To add one: a file with a `DIALECT`, and its line in [`DIALECTS`].

pub mod exim;
pub mod postfix;
#[cfg(test)]
mod show;
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
    /// Reads the message of a line of the most common shapes. It must say what `parse` says, or `None`: then `parse`
    /// is asked. This is what makes a dialect fast.
    pub glance: Option<AtAGlance>,
    /// Reads a line. `None` if the grammar does not know it.
    pub parse: for<'a> fn(line: &'a LogLine<'a>) -> Option<LogEvent<'a>>,
    /// The daemon a program name stands for, as it is counted: `postfix/smtp` for `postfix-out/smtp`.
    pub daemon: fn(program: &str) -> &str,
}

/// How the lines of which a dialect has most are read by their bytes.
#[derive(Clone, Copy, Debug)]
pub struct AtAGlance {
    /// Where the queue id ends that a message seems to begin with. A guess by its shape is enough.
    pub id_end: fn(message: &[u8]) -> Option<usize>,
    /// Whether it is a queue id. This is not asked of one that is known already, as most are.
    pub is_id: fn(seeming: &[u8]) -> bool,
    /// What is said of the message in what follows its queue id.
    pub says: for<'a> fn(rest: &'a [u8]) -> Option<Glance<'a>>,
    /// Whether a message without a queue id is a remark that decides nothing.
    pub is_remark: fn(message: &[u8]) -> bool,
}

impl AtAGlance {
    /// The queue id that a message begins with; empty if there is none. `is_known`: whether one is known already.
    #[inline(always)]
    pub fn queue_id<'a>(&self, message: &'a [u8], is_known: impl FnOnce(&'a [u8]) -> bool) -> &'a [u8] {
        match (self.id_end)(message) {
            Some(end) if is_known(&message[..end]) || (self.is_id)(&message[..end]) => &message[..end],
            _ => &[],
        }
    }

    /// What a message with this queue id says.
    #[inline(always)]
    pub fn what<'a>(&self, message: &'a [u8], queue_id: &[u8]) -> Option<Glance<'a>> {
        match queue_id.len() {
            0 => (self.is_remark)(message).then_some(Glance::Other),
            len => (self.says)(&message[len..]),
        }
    }
}

/// All dialects.
pub static DIALECTS: &[Dialect] = &[postfix::DIALECT, exim::DIALECT];

/// The dialect of a program's lines.
pub fn by_program(program: &str) -> Option<&'static Dialect> {
    DIALECTS.iter().find(|d| (d.takes)(program))
}

/// The frame of a line that an MTA wrote to a file of its own.
///
/// In front may stand what grep, a pager or a container tool adds: `mainlog.1:`, `12: `, `exim-1  | `. There the line
/// has to say something, not only look like a remark.
pub fn bare(text: &str) -> Option<Framed<'_>> {
    let at_start = || DIALECTS.iter().find_map(|d| d.bare?(text));
    at_start().or_else(|| {
        let text = &text[behind_prefix(text)?..];
        DIALECTS.iter().find_map(|d| {
            let found = d.bare?(text)?;
            let line = LogLine {
                time: None,
                host: None,
                program: found.program,
                pid: found.pid,
                message: found.message.into(),
            };
            let event = (d.parse)(&line)?;
            (!matches!(event.kind, EventKind::Other)).then_some(found)
        })
    })
}

/// How long a prefix may be.
const MAX_PREFIX: usize = 160;

/// Where a date stands behind a prefix: `2026-11-17 ` after something that is no part of a word.
fn behind_prefix(text: &str) -> Option<usize> {
    let head = &text.as_bytes()[..text.len().min(MAX_PREFIX)];
    memchr::memchr_iter(b'-', head).find_map(|dash| {
        let at = dash.checked_sub(4).filter(|at| *at > 0)?;
        let date = head.get(at..at + 11)?;
        let shaped = date.iter().enumerate().all(|(n, b)| match n {
            4 | 7 => *b == b'-',
            10 => *b == b' ',
            _ => b.is_ascii_digit(),
        });
        (shaped && b" :|>\t*`-\"'".contains(&head[at - 1])).then_some(at)
    })
}

/// Whether a known program could be named in `head`: a cheap check before a closer look.
pub fn may_name_program(head: &[u8]) -> bool {
    DIALECTS.iter().any(|d| memchr::memmem::find(head, d.hint.as_bytes()).is_some())
}
