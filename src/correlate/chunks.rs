//! Long Exim lines in syslog, cut into pieces.
//!
//! `[1/3] 2026-11-17 14:51:07 1aBcDe-0001Ab-Cd ** a@exa`, `[2/3] mple.org R=…`; `[3\3]` starts after a line end.
//! See "Writing to syslog" in Exim's specification. The pieces of one process come in order, those of several mixed.

use crate::model::{Origin, Timestamp};
use crate::parse::LogLine;
use std::borrow::Cow;

/// Processes whose pieces are waited for at one time.
const MAX_OPEN: usize = 64;

/// Longer ones are taken as they stand: a reject log's headers are not needed.
const MAX_BYTES: usize = 64 * 1024;

/// A line put together again.
#[derive(Debug)]
pub(super) struct Whole {
    time: Option<Timestamp>,
    host: Option<String>,
    program: String,
    pid: Option<u32>,
    text: String,
    total: u32,
    next: u32,
    /// Where its pieces stand.
    pub origins: Vec<Origin>,
}

impl Whole {
    /// As a line. Only the first of several lines is Exim's entry; the others are a mail's headers.
    pub(super) fn line(&self) -> LogLine<'_> {
        LogLine {
            time: self.time,
            host: self.host.as_deref(),
            program: &self.program,
            pid: self.pid,
            message: Cow::Borrowed(self.text.split('\n').next().unwrap_or("")),
        }
    }
}

/// What became of a line.
#[derive(Debug)]
pub(super) enum Piece {
    /// It is no piece.
    No,
    /// More is to come.
    Held,
    /// The last piece: the whole.
    Done(Whole),
    /// A piece without those before it: the length of its mark.
    Alone(usize),
}

/// Pieces waiting for the rest.
#[derive(Default, Debug)]
pub(super) struct Chunks {
    open: Vec<Whole>,
}

impl Chunks {
    /// Takes a line's message.
    pub(super) fn take(&mut self, line: &LogLine<'_>, origin: Origin) -> Piece {
        let Some((number, total, new_line, mark)) = mark(&line.message) else { return Piece::No };
        let text = &line.message[mark..];
        if number == 1 {
            if self.open.len() >= MAX_OPEN {
                self.open.remove(0);
            }
            self.open.push(Whole {
                time: line.time,
                host: line.host.map(str::to_owned),
                program: line.program.to_owned(),
                pid: line.pid,
                text: text.to_owned(),
                total,
                next: 2,
                origins: vec![origin],
            });
            return Piece::Held;
        }
        let same = |w: &Whole| {
            w.pid == line.pid
                && w.host.as_deref() == line.host
                && w.program == line.program
                && (w.next, w.total) == (number, total)
        };
        let Some(at) = self.open.iter().position(same) else { return Piece::Alone(mark) };
        let whole = &mut self.open[at];
        if new_line {
            whole.text.push('\n');
        }
        if whole.text.len() < MAX_BYTES {
            whole.text.push_str(text);
            whole.origins.push(origin);
        }
        whole.next += 1;
        if number == total { Piece::Done(self.open.remove(at)) } else { Piece::Held }
    }

    /// No pieces wait.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The log has ended: what is there.
    pub(super) fn rest(&mut self) -> Vec<Whole> {
        std::mem::take(&mut self.open)
    }
}

/// `[2/3] `: number, total, whether a line end came before, length with the blank after it.
fn mark(message: &str) -> Option<(u32, u32, bool, usize)> {
    let inside = message.strip_prefix('[')?;
    let close = inside.as_bytes().iter().take(12).position(|b| *b == b']')?;
    let at = inside[..close].find(['/', '\\'])?;
    let number: u32 = inside[..at].parse().ok()?;
    let total: u32 = inside[at + 1..close].parse().ok()?;
    if !(1..=total).contains(&number) || total < 2 {
        return None;
    }
    let end = close + 2;
    let end = if message[end..].starts_with(' ') { end + 1 } else { end };
    Some((number, total, inside.as_bytes()[at] == b'\\', end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceId;

    fn take(chunks: &mut Chunks, pid: u32, message: &str) -> String {
        let line =
            LogLine { time: None, host: None, program: "exim", pid: Some(pid), message: message.into() };
        let origin = Origin { source: SourceId(0), line: 1, start: 0, len: 1 };
        match chunks.take(&line, origin) {
            Piece::No => "no".into(),
            Piece::Held => "held".into(),
            Piece::Alone(mark) => format!("alone {mark}"),
            Piece::Done(whole) => format!("{} |{}", whole.origins.len(), whole.line().message),
        }
    }

    #[test]
    fn pieces() {
        let chunks = &mut Chunks::default();
        assert_eq!(take(chunks, 7, "plain"), "no");
        assert_eq!(take(chunks, 7, "[1234] pid"), "no");
        assert_eq!(take(chunks, 7, "[1/3] ab"), "held");
        assert_eq!(take(chunks, 8, "[1/2] xy"), "held");
        assert_eq!(take(chunks, 7, "[2/3]  c"), "held");
        assert_eq!(take(chunks, 8, "[2\\2] header"), "2 |xy");
        assert_eq!(take(chunks, 7, "[3/3] d"), "3 |ab cd");
        assert_eq!(take(chunks, 7, "[3/3] d"), "alone 6");
    }
}
