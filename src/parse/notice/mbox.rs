//! Mail messages one after the other in one file (RFC 4155).
//!
//! Every message starts with a line `From MAILER-DAEMON Thu Jan  1 00:00:00 2026` that stands at the start of the
//! file or after a blank line. Such a line inside a message is written `>From `; it is left as it stands. Some programs
//! leave it as it is, and say with `Content-Length: 2317` where the message ends (mboxcl2); Thunderbird writes
//! `From - Thu Jan  1 00:00:00 2026`, with or without a blank line in front.

use std::ops::Range;

/// Whether `line` starts a message. `previous_blank`: the line before it is blank, or there is none.
pub fn is_boundary(line: &[u8], previous_blank: bool) -> bool {
    if !line.starts_with(b"From ") {
        return false;
    }
    // The year at the end tells the separator from a sentence that starts with "From" in a careless mailbox.
    (previous_blank || (line.starts_with(b"From - ") && is_dated(line)))
        && line
            .windows(4)
            .any(|w| (w.starts_with(b"19") || w.starts_with(b"20")) && w.iter().all(u8::is_ascii_digit))
}

/// Whether a separator has the date that it should have: `Thu Jan  1 00:00:00 2026`, perhaps with a zone in it.
fn is_dated(line: &[u8]) -> bool {
    const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).skip(2);
    let is_clock = |word: &[u8]| {
        word.len() >= 5 && word.contains(&b':') && word.iter().all(|b| b.is_ascii_digit() || *b == b':')
    };
    words.next().is_some_and(|word| DAYS.contains(&word)) && words.take(4).any(is_clock)
}

/// Whether another message follows the first one of a mailbox that has lost its first line.
pub fn goes_on(head: &[u8]) -> bool {
    memchr::memmem::find_iter(head, b"\nFrom ").take(64).any(|at| {
        let (before, rest) = (&head[..at], &head[at + 1..]);
        let mut below = rest.splitn(3, |b| *b == b'\n');
        let (Some(line), Some(field)) = (below.next(), below.next()) else { return false };
        let is_field = field.iter().position(|b| *b == b':').is_some_and(|colon| {
            colon > 0 && field[..colon].iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
        });
        let blank = matches!(before, [.., b'\n'] | [.., b'\n', b'\r']);
        blank && is_dated(line) && is_field && !introduces(before)
    })
}

/// Whether the last words of `before` introduce a returned message, whose own `From ` line may follow.
fn introduces(before: &[u8]) -> bool {
    let text = before.trim_ascii_end();
    let start = memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
    let line = text[start..].trim_ascii();
    // The end of a multipart is the end of a message.
    let is_end = line.starts_with(b"--") && line.ends_with(b"--") && !line.contains(&b' ');
    let colon = line.iter().position(|b| *b == b':');
    let is_field = colon.is_some_and(|colon| colon > 0 && !line[..colon].contains(&b' '));
    // A folded field belongs to those above it.
    let folded = text.get(start).is_some_and(|b| matches!(b, b' ' | b'\t'));
    let rule = memchr::memmem::find(line, b"---").is_some();
    !is_end && (rule || is_field || folded || line.ends_with(b":"))
}

/// Whether the messages of a mailbox say how long they are: its first one does.
pub fn says_lengths(head: &[u8]) -> bool {
    let mut lines =
        head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end).skip_while(|line| line.is_empty());
    lines.next();
    lines.take_while(|line| !line.is_empty()).any(|line| content_length(line).is_some())
}

/// `Content-Length: 2317`
pub fn content_length(line: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"Content-Length:";
    let value =
        line.get(..NAME.len()).filter(|name| name.eq_ignore_ascii_case(NAME)).map(|_| &line[NAME.len()..])?;
    std::str::from_utf8(value.trim_ascii()).ok()?.parse().ok()
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
    fn mailboxes_without_their_first_line() {
        let check = |head: &str, expect: bool| {
            assert_eq!(goes_on(head.as_bytes()), expect, "{head}");
            assert_eq!(goes_on(head.replace('\n', "\r\n").as_bytes()), expect, "CRLF: {head}");
        };
        let next = "From a@example.org Thu Jan  1 00:00:00 2026\nReceived: x\n";
        check(&format!("A: 1\n\nwords\n\n{next}"), true);
        check(&format!("A: 1\n\n--b\n\nx\n--b--\n\n{next}"), true);
        check(&format!("A: 1\n\nwords\n{next}"), false);
        check(&format!("A: 1\n\n   ----- Unsent message follows -----\n\n{next}"), false);
        check(&format!("A: 1\n\nYour mail was:\n\n{next}"), false);
        check(&format!("A: 1\n\n--b\nContent-Type: message/rfc822;\n charset=x\n\n{next}"), false);
        check(&format!("A: 1\n\n--b\nContent-Type: message/rfc822\n\n{next}"), false);
        check("A: 1\n\nwords\n\nFrom here to 2026 on\nx: y\n", false);
    }

    #[test]
    fn lengths() {
        assert!(says_lengths(b"From a 2026\r\nA: 1\r\ncontent-length: 12\r\n\r\n"));
        assert!(!says_lengths(b"From a 2026\nA: 1\n\nContent-Length: 12\n"));
        assert_eq!(content_length(b"Content-Length: 12"), Some(12));
        assert_eq!(content_length(b"Content-Length: -1"), None);
        assert_eq!(content_length(b"Content"), None);
    }

    #[test]
    fn boundaries() {
        assert!(is_boundary(b"From - Thu Jan  1 00:00:00 2026", false));
        assert!(!is_boundary(b"From - as of 2026", false));
        assert!(is_boundary(b"From MAILER-DAEMON Thu Jan 01 00:00:00 +0100 2026", true));
        assert!(is_boundary(b"From a@example.org Thu Jan  1 00:00:00 2026", true));
        assert!(!is_boundary(b"From a@example.org Thu Jan  1 00:00:00 2026", false));
        assert!(!is_boundary(b"From now on", true));
        assert!(!is_boundary(b"From: a@example.org 2026", true));
    }
}
