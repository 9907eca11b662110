//! Mail messages one after the other in one file (RFC 4155).
//!
//! Every message starts with a line `From MAILER-DAEMON Thu Jan  1 00:00:00 2026` that stands at the start of the
//! file or after a blank line. Such a line inside a message is written `>From `; it is left as it stands.

use std::ops::Range;

/// Whether `line` starts a message. `previous_blank`: the line before it is blank, or there is none.
pub fn is_boundary(line: &[u8], previous_blank: bool) -> bool {
    // The year at the end tells the separator from a sentence that starts with "From" in a careless mailbox.
    previous_blank
        && line.starts_with(b"From ")
        && line
            .windows(4)
            .any(|w| (w.starts_with(b"19") || w.starts_with(b"20")) && w.iter().all(u8::is_ascii_digit))
}

/// Where the last message of `bytes` begins, unless that is at its start.
pub fn last_boundary(bytes: &[u8]) -> Option<usize> {
    let mut end = bytes.len();
    while let Some(found) = memchr::memmem::rfind(&bytes[..end], b"\nFrom ") {
        let start = found + 1;
        let before = &bytes[..found];
        let blank_before =
            before.ends_with(b"\n") || before.ends_with(b"\n\r") || matches!(before, [] | [b'\r']);
        // A line that is not whole yet may lack its year.
        if let Some(len) = memchr::memchr(b'\n', &bytes[start..])
            && is_boundary(&bytes[start..start + len], blank_before)
        {
            return Some(start);
        }
        end = found;
    }
    None
}

/// The messages of a mailbox: their bytes without the `From ` line, and the number of their first line, from 1.
pub fn messages(bytes: &[u8]) -> impl Iterator<Item = (Range<usize>, u64)> + '_ {
    Messages { bytes, at: 0, line: 1, open: None, previous_blank: true }
}

struct Messages<'a> {
    bytes: &'a [u8],
    /// Where the next line starts, and its number.
    at: usize,
    line: u64,
    /// The message that is being collected.
    open: Option<(usize, u64)>,
    previous_blank: bool,
}

impl Iterator for Messages<'_> {
    type Item = (Range<usize>, u64);

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.bytes.len() {
            let start = self.at;
            let rest = &self.bytes[start..];
            let end = memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |n| start + n + 1);
            let line = self.bytes[start..end].trim_ascii_end();
            let boundary = is_boundary(line, self.previous_blank);
            self.at = end;
            self.line += 1;
            self.previous_blank = line.is_empty();
            if boundary {
                let done = self.open.replace((end, self.line));
                if let Some((from, number)) = done {
                    return Some((from..start, number));
                }
            } else if self.open.is_none() && !line.is_empty() {
                // No `From ` line at the start: what is there is still a message.
                self.open = Some((start, self.line - 1));
            }
        }
        let (from, number) = self.open.take()?;
        (from < self.bytes.len()).then_some((from..self.bytes.len(), number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[(&str, u64)]) {
        let got: Vec<_> = messages(text.as_bytes()).map(|(span, line)| (&text[span], line)).collect();
        assert_eq!(got, expect);
    }

    #[test]
    fn mailboxes() {
        let first = "From MAILER-DAEMON Thu Jan  1 00:00:00 2026\n";
        check(&format!("{first}A: 1\n\nx\n"), &[("A: 1\n\nx\n", 2)]);
        check(&format!("{first}A: 1\n\nx\n\n{first}B: 2\n"), &[("A: 1\n\nx\n\n", 2), ("B: 2\n", 7)]);
        check(
            &format!("{first}A: 1\n\nx\n>From y\nFrom z 2026\n"),
            &[("A: 1\n\nx\n>From y\nFrom z 2026\n", 2)],
        );
        check("A: 1\n\nFrom here on 550s\n", &[("A: 1\n\nFrom here on 550s\n", 1)]);
        check(&first.replace('\n', "\r\n"), &[]);
        check("", &[]);
    }

    #[test]
    fn boundaries() {
        assert!(is_boundary(b"From a@example.org Thu Jan  1 00:00:00 2026", true));
        assert!(!is_boundary(b"From a@example.org Thu Jan  1 00:00:00 2026", false));
        assert!(!is_boundary(b"From now on", true));
        assert!(!is_boundary(b"From: a@example.org 2026", true));
    }
}
