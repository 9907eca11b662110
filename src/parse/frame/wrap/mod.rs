//! What containers, journals and log collectors wrap around a log line, taken off.
//!
//! `{"log":"Nov 17 14:51:07 mx postfix/smtp[7]: …\n","stream":"stdout","time":"2026-11-17T13:51:07.1Z"}` (Docker),
//! `2026-11-17T13:51:07.1Z stdout F Nov 17 …` (Kubernetes), `{"_HOSTNAME":"mx","MESSAGE":"4F1C: …", …}` (journald),
//! GELF, Filebeat, Fluentd, CloudWatch and the like. What is inside is read as if it stood alone; what it lacks (time,
//! host, program) is taken from around it. Its place is the outer line.

mod cri;
mod export;
mod fields;
mod json;
mod line;
mod pretty;
mod split;

pub use line::Unwrapped;

use crate::model::Origin;
use export::Export;
use pretty::Pretty;
use split::Splits;

/// What a line is.
#[derive(Debug)]
pub enum Taken {
    /// Nothing is wrapped around it.
    No,
    /// Part of something that goes on.
    Part,
    /// Log lines, not seldom just one.
    Lines(Vec<Unwrapped>),
}

/// Takes wrappings off, line by line.
#[derive(Default, Debug)]
pub struct Wraps {
    export: Export,
    pretty: Pretty,
    splits: Splits,
    open: bool,
}

impl Wraps {
    /// The next lines are part of something that has begun.
    #[inline(always)]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Nothing has begun that may go on.
    pub fn is_empty(&self) -> bool {
        !self.open && self.splits.is_empty()
    }

    /// Takes the next line.
    pub fn line(&mut self, bytes: &[u8], origin: Origin) -> Taken {
        let taken = match bytes.first() {
            _ if self.open => self.any(bytes, origin),
            Some(b'{' | b'[' | b' ' | b'\t' | b'_' | b'\x1e' | b'd' | b'E' | b'0'..=b'9') => {
                self.any(bytes, origin)
            }
            _ => return Taken::No,
        };
        self.open = self.export.is_open() || self.pretty.is_open();
        taken
    }

    fn any(&mut self, bytes: &[u8], origin: Origin) -> Taken {
        if self.export.is_open() || bytes.starts_with(b"__") {
            match self.export.line(bytes, origin) {
                Taken::No => {}
                taken => return taken,
            }
        }
        let text = bytes.trim_ascii();
        // RFC 7464 (`-o json-seq`) puts a record separator first, `-o json-sse` and webhooks `data: `.
        let text = text.strip_prefix(b"\x1e").unwrap_or(text);
        let text = text.strip_prefix(b"data: ").unwrap_or(text);
        match self.pretty.line(text, origin) {
            Taken::No => {}
            taken => return taken,
        }
        let mut lines = match text.first() {
            Some(b'{' | b'[') => json::read(text, origin),
            Some(b'0'..=b'9' | b'E') => cri::read(bytes, origin).into_iter().collect(),
            _ => return Taken::No,
        };
        if lines.is_empty() {
            return Taken::No;
        }
        // A JSON line may stand in another's string, or behind a stamp.
        for line in &mut lines {
            line.unwrap_again();
        }
        let held = lines.iter().any(|line| line.split.is_some());
        let mut whole = Vec::with_capacity(lines.len());
        for line in lines {
            self.splits.put(line, &mut whole);
        }
        if whole.iter().any(Unwrapped::is_framed) {
            return Taken::Lines(whole);
        }
        if held && whole.is_empty() { Taken::Part } else { Taken::No }
    }

    /// The source has ended: what has begun.
    pub fn finish(&mut self) -> Vec<Unwrapped> {
        self.open = false;
        let mut rest = self.splits.rest();
        rest.extend(self.export.finish());
        rest
    }

    /// The line numbers were counted from a later line.
    pub fn shift_lines(&mut self, lines: u64) {
        self.export.shift_lines(lines);
        self.pretty.shift_lines(lines);
        self.splits.shift_lines(lines);
    }
}

/// What stands in a line that is wrapped for itself, whether or not it is a log line.
pub fn text_of(bytes: &[u8], origin: Origin) -> Option<String> {
    let text = bytes.trim_ascii();
    let lines = match text.first()? {
        b'{' => json::read(text, origin),
        b'0'..=b'9' => cri::read(bytes, origin).into_iter().collect(),
        _ => return None,
    };
    lines.into_iter().next().and_then(|line| line.texts.into_iter().next())
}

#[cfg(test)]
mod tests;
