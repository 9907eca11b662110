//! Counts of a log, gathered here and handed on now and then: a line costs an addition, no look-up by name.

use super::hash::Hashed;
use crate::model::{Coverage, DaemonCoverage, Harvest, Origin};
use crate::smtp::EnhancedStatus;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

/// Program names that are counted apart. Rubbish that looks like a log must not fill the report.
const MAX_DAEMONS: usize = 200;

/// What was read since it was last handed on.
#[derive(Default, Debug)]
pub(super) struct Counts {
    /// Lines read.
    pub lines: u64,
    /// Lines with a reply.
    pub with_reply: u64,
    /// The names seen so far, in the order in which they came; they stay when their counts are handed on, so that
    /// the same names are counted apart however the log is cut.
    daemons: Vec<(Box<str>, DaemonCoverage)>,
    last: usize,
    accepted: HashMap<Box<[u8]>, u64, BuildHasherDefault<Hashed>>,
}

impl Counts {
    /// The counts of a daemon.
    pub(super) fn daemon(&mut self, name: &str) -> &mut DaemonCoverage {
        let number = self.daemon_number(name);
        &mut self.daemons[number].1
    }

    /// A number that stays the daemon's own.
    pub(super) fn daemon_number(&mut self, name: &str) -> usize {
        if self.daemons.get(self.last).is_none_or(|(n, _)| **n != *name) {
            self.last = self.find_daemon(name);
        }
        self.last
    }

    fn find_daemon(&mut self, name: &str) -> usize {
        if let Some(at) = self.daemons.iter().position(|(n, _)| **n == *name) {
            return at;
        }
        if self.daemons.len() < MAX_DAEMONS {
            self.daemons.push((name.into(), DaemonCoverage::default()));
        } else if self.daemons.len() == MAX_DAEMONS {
            self.daemons.push(("others".into(), DaemonCoverage::default()));
        }
        self.daemons.len() - 1
    }

    /// A line of the daemon `number` was understood. `decides`: it says something of a message.
    pub(super) fn understood(&mut self, number: usize, decides: bool) {
        let counts = &mut self.daemons[number].1;
        counts.read += 1;
        counts.understood += 1;
        counts.ignored += u64::from(!decides);
    }

    /// A recipient was accepted.
    pub(super) fn accept(&mut self, recipient: &[u8]) {
        let domain = memchr::memrchr(b'@', recipient).map_or(&[][..], |at| &recipient[at + 1..]);
        if let Some(n) = self.accepted.get_mut(domain) {
            *n += 1;
            return;
        }
        *self.accepted.entry(domain.to_ascii_lowercase().into()).or_default() += 1;
    }

    /// Adds what a later part of the log gave, which was read for itself, with its line numbers counted from there.
    /// `theirs` is what it has handed on.
    pub(super) fn add(&mut self, later: &Self, mut theirs: Coverage, lines_before: u64, out: &mut Harvest) {
        // In the order in which the names came there.
        for (name, _) in &later.daemons {
            let number = self.daemon_number(name);
            if let Some(counts) = theirs.by_daemon.remove(&**name) {
                self.daemons[number].1.add(&counts);
            }
        }
        theirs.not_understood_at.iter_mut().for_each(|origin| origin.line += lines_before);
        out.coverage.add(theirs);
    }

    /// More names were seen than are counted apart.
    pub(super) fn is_full(&self) -> bool {
        self.daemons.len() > MAX_DAEMONS
    }

    /// Hands everything on.
    pub(super) fn flush(&mut self, out: &mut Harvest) {
        out.coverage.lines += std::mem::take(&mut self.lines);
        out.coverage.with_reply += std::mem::take(&mut self.with_reply);
        for (name, counts) in &mut self.daemons {
            let counts = std::mem::take(counts);
            if counts == DaemonCoverage::default() {
                continue;
            }
            out.coverage.by_daemon.entry(name.to_string()).or_default().add(&counts);
        }
        for (domain, n) in self.accepted.drain() {
            *out.accepted.entry(String::from_utf8_lossy(&domain).into_owned()).or_default() += n;
        }
    }

    /// A line with a 5yz reply was not understood.
    pub(super) fn miss(&mut self, daemon: Option<&str>, origin: Origin, out: &mut Harvest) {
        self.with_reply += 1;
        out.coverage.miss(origin);
        if let Some(daemon) = daemon {
            self.daemon(daemon).not_understood += 1;
        }
    }
}

/// Whether a 5yz reply seems to stand in `text`: `550 no`, `550-5.1.1`, `554 5.7.1`, `(5.1.1)`; not `size=550 x`,
/// `550 bytes`, an address or a time.
pub(super) fn holds_refusal(text: &str) -> bool {
    let b = text.as_bytes();
    for at in memchr::memchr_iter(b'5', b) {
        let before = at.checked_sub(1).map(|i| b[i]);
        let free =
            matches!(before, None | Some(b' ' | b'(' | b'"' | b'\'' | b'<' | b'>' | b'[' | b'#' | b'\t'));
        if !free {
            continue;
        }
        let rest = &text[at..];
        if let Some((status, _)) = EnhancedStatus::at_start(rest) {
            // `5.1.1`; versions look like it too, so the subject must exist.
            if status.subject <= 7 {
                return true;
            }
            continue;
        }
        let code = matches!(b.get(at + 1..at + 3), Some([b'0'..=b'7', b'0'..=b'9']));
        if !code || !matches!(b.get(at + 3), Some(b' ' | b'-')) {
            continue;
        }
        let words = rest[4..].trim_start_matches(' ');
        let starts_words = words
            .starts_with(|c: char| c.is_alphabetic() || matches!(c, '<' | '#' | '"' | '\'' | '('))
            || words.starts_with("5.");
        const AMOUNTS: [&str; 8] =
            ["bytes", "messages", "seconds", "second", "ms", "of ", "recipients", "times"];
        if starts_words && !AMOUNTS.iter().any(|a| words.starts_with(a)) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_in_text() {
        for text in ["550 no", "x: 550 5.1.1 no", "\"550-no", "(550 no)", "status 5.1.1 y", "554 5.7.1"] {
            assert!(holds_refusal(text), "{text}");
        }
        for text in [
            "",
            "size=550 x",
            "550 bytes",
            "10.5.1.1 x",
            "192.0.2.550 x",
            "14:51:550 x",
            "550",
            "5500 x",
            "550 123",
            "250 ok",
            "delay=550, x",
            "4550 no",
        ] {
            assert!(!holds_refusal(text), "{text}");
        }
    }
}
