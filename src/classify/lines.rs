//! The lines of one reply as slices of the evidence, codes apart.
//!
//! [`crate::smtp::unflatten`] gives the lines as a new text; here they stay slices, so that every word that matched
//! can be pointed at in the evidence. The same reply gives the same lines whether it came with line ends, with
//! Exim's two characters `\n`, or joined with blanks as Postfix does.

use crate::smtp::{EnhancedStatus, Reply, ReplyCode, read_reply};

/// One line of a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Line<'a> {
    /// `550`, where the line starts with it.
    pub code: Option<&'a str>,
    /// `5.1.1`, where it follows.
    pub enhanced: Option<&'a str>,
    /// The words.
    pub text: &'a str,
}

/// The lines of `reply`, which is not nested.
pub(crate) fn reply_lines(reply: &str) -> Vec<Line<'_>> {
    let reply = without_own_words(without_type(reply.trim()));
    let first = reply_codes(reply);
    let mut lines = Vec::new();
    for raw in raw_lines(reply) {
        let mut rest = raw;
        // Only a reply whose first line says "more to come" can have been joined with blanks.
        if reply.as_bytes().get(3) == Some(&b'-')
            && let Some(code) = first.code
        {
            while let Some(at) = joined_at(rest, code, first.enhanced) {
                lines.push(line(&rest[..at], first.code, first.enhanced));
                rest = &rest[at..];
            }
        }
        lines.push(line(rest, first.code, first.enhanced));
    }
    lines
}

/// The codes of `reply`, which is not nested.
pub(crate) fn reply_codes(reply: &str) -> Reply<'_> {
    read_reply(without_type(reply.trim()))
}

/// `smtp;` before a Diagnostic-Code (RFC 3464 §2.3.6), should the evidence still carry it.
fn without_type(reply: &str) -> &str {
    match reply.get(..5) {
        Some(head) if head.eq_ignore_ascii_case("smtp;") => reply[5..].trim_start(),
        _ => reply,
    }
}

/// Exim gives up with the last temporary refusal and adds words of its own (transports/smtp.c, deliver.c); the
/// refusal is the cause.
fn without_own_words(reply: &str) -> &str {
    match reply.strip_suffix(": retry timeout exceeded") {
        Some(cause) if read_reply(cause).code.is_some() => cause,
        _ => reply,
    }
}

/// Lines by their ends: real ones and the characters `\n` or `\r\n` written out.
fn raw_lines(reply: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(reply);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut from = 0;
        while let Some(found) = memchr::memchr3(b'\n', b'\r', b'\\', &text.as_bytes()[from..]) {
            let at = from + found;
            let tail = &text[at..];
            let len =
                ["\\r\\n", "\\n", "\r\n", "\n", "\r"].iter().find(|e| tail.starts_with(**e)).map(|e| e.len());
            if let Some(len) = len {
                rest = Some(&tail[len..]);
                return Some(&text[..at]);
            }
            from = at + 1;
        }
        rest = None;
        Some(text)
    })
}

/// Where the next line starts in a text that was joined with blanks.
fn joined_at(text: &str, code: ReplyCode, enhanced: Option<EnhancedStatus>) -> Option<usize> {
    let digits = code.to_string();
    let bytes = text.as_bytes();
    memchr::memmem::find_iter(&bytes[1.min(bytes.len())..], digits.as_bytes()).map(|i| i + 1).find(|&at| {
        matches!(bytes[at - 1], b' ' | b'\t')
            && matches!(bytes.get(at + 3), Some(b'-' | b' '))
            && !text[..at].trim().is_empty()
            && (enhanced.is_none() || read_reply(&text[at..]).enhanced == enhanced)
    })
}

/// Takes the codes off one line. Only the reply's own: a line of prose may start with another number.
fn line(raw: &str, code: Option<ReplyCode>, enhanced: Option<EnhancedStatus>) -> Line<'_> {
    let raw = raw.trim();
    let reply = read_reply(raw);
    let own = if reply.code.is_some() { reply.code == code } else { reply.enhanced == enhanced };
    if !own {
        return Line { code: None, enhanced: None, text: raw };
    }
    let head = &raw[..raw.len() - reply.text.len()];
    // The only dots before the words are those of the status.
    let status = reply.enhanced.and_then(|_| {
        let dot = head.find('.')?;
        let end = head.trim_end_matches(|c: char| !c.is_ascii_digit()).len();
        head.get(dot.checked_sub(1)?..end)
    });
    // `550 5.1.1 - gsmtp`: a dash after a blank is not the code's own, though it was skipped with it.
    let separators = head.len() - head.trim_end_matches(|c: char| !c.is_alphanumeric()).len();
    let dash = raw[head.len() - separators..head.len()].find(" -").map(|at| head.len() - separators + at + 1);
    let text = &raw[dash.unwrap_or(head.len())..];
    Line { code: reply.code.map(|_| &raw[..3]), enhanced: status, text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::unflatten;

    #[track_caller]
    fn check(reply: &str, expect: &str) {
        let got: Vec<_> = reply_lines(reply)
            .iter()
            .map(|l| format!("{} {} {}", l.code.unwrap_or("-"), l.enhanced.unwrap_or("-"), l.text))
            .collect();
        assert_eq!(got.join("|"), expect, "{reply}");
    }

    #[test]
    fn lines_of_replies() {
        check("550 5.1.1 no", "550 5.1.1 no");
        check("smtp; 550 #5.1.1 no", "550 5.1.1 no");
        check("550-5.1.1 a 550-5.1.1 b 550 5.1.1 c", "550 5.1.1 a|550 5.1.1 b|550 5.1.1 c");
        check("550-5.1.1 a\\n550 5.1.1 b", "550 5.1.1 a|550 5.1.1 b");
        check("550-5.1.1 a\r\n550 5.1.1 b", "550 5.1.1 a|550 5.1.1 b");
        check("550 5.1.1 room 550 is closed", "550 5.1.1 room 550 is closed");
        check("550-a\n250 places", "550 - a|- - 250 places");
        check("550 5.7.1 a\n5.7.1 b", "550 5.7.1 a|- 5.7.1 b");
        check("550-5.1.1 a\n550 5.1.1 - gsmtp", "550 5.1.1 a|550 5.1.1 - gsmtp");
        check("452 4.2.2 full: retry timeout exceeded", "452 4.2.2 full");
        check("x: retry timeout exceeded", "- - x: retry timeout exceeded");
        check("no codes", "- - no codes");
        check("", "- - ");
        check("550", "550 - ");
    }

    #[test]
    fn the_same_lines_as_unflatten() {
        for reply in [
            "550-5.1.1 a 550-5.1.1 b 550 5.1.1 c",
            "550-a 550 b",
            "550-5.1.1 room 550 is 550 5.1.1 c",
            "550 a\\nb",
        ] {
            assert_eq!(reply_lines(reply).len(), unflatten(reply).lines().count(), "{reply}");
        }
    }
}
