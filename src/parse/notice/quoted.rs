//! Replies inside prose: `host mx said: 550 5.1.1 no`, `Remote Server returned '550 5.1.1 no'`,
//! `(reason: 550 no)`, `#550 5.1.1 no#`, `ERROR_CODE :550, ERROR_CODE :5.2.1`.
//!
//! A number is a reply code only where a reply can start: at the start of a line, after words that introduce a
//! reply, or in front of an enhanced status code. "550 messages" and "port 550" are none.

use crate::smtp::{EnhancedStatus, ReplyCode, read_reply};

/// The longest text that is searched for replies.
const MAX_TEXT: usize = 64 * 1024;

/// The longest reply that is kept.
const MAX_REPLY: usize = 4 * 1024;

/// Words that count things rather than say something about a mailbox.
const UNITS: [&str; 14] = [
    "bytes",
    "kb",
    "mb",
    "kib",
    "mib",
    "seconds",
    "minutes",
    "hours",
    "days",
    "messages",
    "recipients",
    "users",
    "times",
    "characters",
];

/// A reply found in prose.
#[derive(Debug, PartialEq, Eq, Clone)]
pub(super) struct Quoted {
    /// Where it starts.
    pub start: usize,
    /// The code it starts with.
    pub code: ReplyCode,
    /// The reply: its lines joined with blanks, those of a multi-line reply with `\n`.
    pub reply: String,
}

/// The reply that decides: the first permanent one, else the first transient one.
pub(super) fn best_reply(text: &str) -> Option<Quoted> {
    let text = cap(text, MAX_TEXT);
    let mut transient = None;
    for (start, code) in starts(text) {
        if code.is_permanent() && !is_summary(&text[start..]) {
            return Some(quoted(text, start, code));
        }
        if transient.is_none() {
            transient = Some((start, code));
        }
    }
    transient.map(|(start, code)| quoted(text, start, code))
}

/// Sendmail's own `554 5.0.0 Service unavailable`, which only repeats that something failed.
pub(super) fn is_summary(reply: &str) -> bool {
    let reply = reply.trim_start();
    let lower = cap(reply, 200).to_ascii_lowercase();
    // What follows when every RCPT was refused, or when a refused command is followed by others.
    if (lower.starts_with("503") || lower.starts_with("554"))
        && [
            "no valid recipient",
            "need rcpt",
            "valid rcpt",
            "rcpt commands were rejected",
            "rcpt first",
            "need mail",
        ]
        .iter()
        .any(|w| lower.contains(w))
    {
        return true;
    }
    reply.starts_with("554 5.0.0 Service unavailable")
        || reply.starts_with("554 5.3.0 unknown mailer error")
        || (reply.starts_with("554 ")
            && cap(reply, 400)
                .lines()
                .next()
                .is_some_and(|l| l.trim_end().ends_with("... Service unavailable")))
}

fn quoted(text: &str, start: usize, code: ReplyCode) -> Quoted {
    // Amazon SES puts the status first: `5.3.0 - Other mail system problem 550-'Unknown user'`.
    let line = text[..start].rfind('\n').map_or(0, |n| n + 1);
    let status_first = EnhancedStatus::at_start(text[line..start].trim_start()).is_some();
    let start = if status_first && text[start + 3..].starts_with("-'") { line } else { start };
    Quoted { start, code, reply: reply_at(text, start) }
}

/// Every place where a 4yz or 5yz reply starts.
fn starts(text: &str) -> impl Iterator<Item = (usize, ReplyCode)> + '_ {
    let bytes = text.as_bytes();
    memchr::memchr2_iter(b'4', b'5', bytes).filter_map(move |at| {
        if !(bytes.get(at + 1)?.is_ascii_digit() && bytes.get(at + 2)?.is_ascii_digit()) {
            return None;
        }
        // Inside a longer number or word there is no code.
        if at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || b"._-/@%&?~+$\\".contains(&bytes[at - 1])) {
            return None;
        }
        let code = ReplyCode::at_start(&text[at..])?;
        is_reply(text, at).then_some((at, code))
    })
}

fn is_reply(text: &str, at: usize) -> bool {
    let after = &text[at + 3..];
    if !(after.is_empty()
        || after.starts_with([
            ' ', '-', ':', '_', ',', ')', '\'', '"', '\n', '\t', ';', '#', ']', '}', '.', '<', '\u{a0}',
        ]))
    {
        return false;
    }
    if after.starts_with('.') && after[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    if after.starts_with(':') && after[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    // Amazon SES: `5.3.0 - Other mail system problem 550-'Unknown user'`.
    if after.starts_with("-'") || after.starts_with("-\"") {
        return true;
    }
    let rest = after.trim_start_matches([' ', '-', '_', '\t', '\u{a0}']);
    if EnhancedStatus::at_start(rest.trim_start_matches(['#', '(', '[', '<'])).is_some() {
        return true;
    }
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric()).take(12).collect();
    if UNITS.contains(&word.to_ascii_lowercase().as_str()) {
        return false;
    }
    let before = &text[..at];
    let line = before.rsplit('\n').next().unwrap_or("");
    let line = line.trim_start_matches(['>', '<', '*', '-', '|', ' ', '\t', '(', '[']);
    // At the start of a line, or of a bulleted one.
    if line.is_empty() {
        return !rest.is_empty() || after.starts_with(['\n', '-']) || at == 0;
    }
    let lead = line.trim_end();
    // MDaemon `<-- 550 no`, m-FILTER `R 550 no`.
    if lead.ends_with("<--") || lead.ends_with("<-") || lead.ends_with("<<") || lead == "R" || lead == "S" {
        return true;
    }
    if lead.ends_with("],") || lead.ends_with("),") {
        return true;
    }
    if lead.ends_with([':', '\'', '"', '#', '=', '>', '`', '“', '‘', '«', ';', '(']) {
        return true;
    }
    let last: String = lead.chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_').take(16).collect();
    let last: String = last.chars().rev().collect::<String>().to_ascii_lowercase();
    [
        "error",
        "code",
        "returned",
        "response",
        "reply",
        "said",
        "status",
        "smtp",
        "with",
        "responded",
        "erreur",
        "fehler",
    ]
    .contains(&last.as_str())
}

/// The reply that starts at `start`: up to the end of its paragraph, its quotation marks or its parentheses.
fn reply_at(text: &str, start: usize) -> String {
    let rest = cap(&text[start..], MAX_REPLY);
    let closing = match text[..start].trim_end_matches(' ').chars().next_back() {
        Some('\'') => Some('\''),
        Some('"') => Some('"'),
        Some('“') => Some('”'),
        Some('#') => Some('#'),
        _ => None,
    };
    let lead = text[..start].rsplit('\n').next().unwrap_or("");
    let is_open = |open: char, close: char| lead.rfind(open).is_some_and(|at| !lead[at..].contains(close));
    let brackets =
        [('(', ')'), ('[', ']'), ('<', '>')].into_iter().find(|(open, close)| is_open(*open, *close));
    let mut out = String::new();
    let mut may_go_on = true;
    for (n, line) in rest.lines().enumerate() {
        let line = line.trim();
        if n > 0 && (line.is_empty() || !may_go_on || ends_reply(line, &out)) {
            break;
        }
        let is_line = n > 0 && same_code(line, rest);
        if n > 0 {
            out.push(if is_line { '\n' } else { ' ' });
        }
        out.push_str(line);
        may_go_on = out.len() < MAX_REPLY;
    }
    if let Some(mark) = closing {
        // `'550 user can't'`: the mark that closes stands before a blank, a stop or the end.
        let end = out.char_indices().skip(3).find(|(i, c)| {
            *c == mark && (mark == '#' || !out[i + c.len_utf8()..].starts_with(|n: char| n.is_alphanumeric()))
        });
        // `#550 #5.1.1 no#` has the mark in front of the status too.
        let end = match end {
            Some((i, '#')) if out[i + 1..].starts_with(|c: char| c.is_ascii_digit()) => {
                out[i + 1..].find('#').map(|n| (i + 1 + n, '#'))
            }
            other => other,
        };
        if let Some((end, _)) = end {
            out.truncate(end);
        }
    } else if let Some((open, close)) = brackets
        && let Some(end) = unbalanced_close(&out, open, close)
    {
        out.truncate(end);
    }
    // Exchange: `#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found #SMTP#`.
    let end = out.trim_end().trim_end_matches("#SMTP#").trim_end_matches([' ', '#']).len();
    out.truncate(end);
    out
}

/// The bracket that was opened before `text` starts.
fn unbalanced_close(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0i32;
    for (i, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            if depth == 0 {
                return Some(i);
            }
            depth -= 1;
        }
    }
    None
}

/// Whether `line` is another line of the reply `first` (`550-a` / `550 b`).
fn same_code(line: &str, first: &str) -> bool {
    let code = first.get(..3);
    line.get(..3) == code
        && matches!(line.as_bytes().get(3), Some(b'-' | b' '))
        && first.as_bytes().get(3) == Some(&b'-')
}

/// Whether `line` is no longer part of the reply so far.
fn ends_reply(line: &str, so_far: &str) -> bool {
    let other_code = ReplyCode::at_start(line).is_some_and(|c| c.get() >= 400)
        && matches!(line.as_bytes().get(3), Some(b'-' | b' '))
        && !same_code(line, so_far);
    other_code
        || line.starts_with("<<<")
        || line.starts_with(">>>")
        || line.starts_with("---")
        || line.starts_with("===")
        || line.starts_with("***")
        || line.starts_with("... while talking")
        || ["Warning: message still", "Message could not be delivered", "Will keep trying", "Message will be", "Giving up on ",
            "DSN generated by:",
            "Generating server:",
            "Original message headers:",
            "Reporting server:",
        ]
        .iter()
        .any(|l| line.starts_with(l))
        || super::fields::split(line).is_some_and(|(name, _)| is_status_field(name))
        // The next recipient, unless the reply has had no words yet: `550` / `<a@example.org>: User unknown`.
        || (line.starts_with('<')
            && line.contains(">:")
            && !read_reply(so_far).text.is_empty()
            && super::address::address_line(line).is_some_and(|l| !l.rest.is_empty()))
}

/// Field names of RFC 3464: what follows a reply in a plain text report.
pub(super) fn is_status_field(name: &str) -> bool {
    const NAMES: [&str; 11] = [
        "reporting-mta",
        "final-recipient",
        "original-recipient",
        "action",
        "status",
        "remote-mta",
        "diagnostic-code",
        "last-attempt-date",
        "arrival-date",
        "will-retry-until",
        "received-from-mta",
    ];
    NAMES.iter().any(|n| n.eq_ignore_ascii_case(name))
}

/// The first enhanced status code anywhere in `text`: `(#5.1.1)`, `ERROR_CODE :5.2.1`, `-- 5.4.1 Access denied`.
/// Versions and IP addresses are none.
pub(super) fn find_enhanced(text: &str) -> Option<EnhancedStatus> {
    let text = cap(text, MAX_TEXT);
    let bytes = text.as_bytes();
    memchr::memchr2_iter(b'4', b'5', bytes).find_map(|at| {
        if bytes.get(at + 1) != Some(&b'.') {
            return None;
        }
        if at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || b"._/@-".contains(&bytes[at - 1])) {
            // `550-5.1.1` is a status behind a code, `x-5.1.1` a version.
            let behind_code =
                bytes[at - 1] == b'-' && at >= 4 && bytes[at - 4..at - 1].iter().all(u8::is_ascii_digit);
            if !behind_code {
                return None;
            }
        }
        let before = text[..at].trim_end_matches([' ', '(', '[']).to_ascii_lowercase();
        if before.ends_with("version")
            || before.ends_with(" v")
            || before.ends_with("exim")
            || before.ends_with("sendmail")
        {
            return None;
        }
        let (status, rest) = EnhancedStatus::at_start(&text[at..])?;
        // `5.65.1/1.37` and `5.4.3-p1` are versions.
        (!rest.starts_with('/') && status.subject < 10).then_some(status)
    })
}

/// A reply without a code, on a line that starts with its status: `5.2.2 <a@example.org>... Mailbox full`.
pub(super) fn bare_status_reply(text: &str) -> Option<String> {
    let text = cap(text, MAX_TEXT);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let skipped = line.len() - line.trim_start_matches([' ', '\t', '-', '*', '#', '(']).len();
        if EnhancedStatus::at_start(&line[skipped..])
            .is_some_and(|(s, rest)| s.class != 2 && rest.starts_with([' ', ':', '\t']))
        {
            return Some(reply_at(text, at + skipped));
        }
        at += line.len();
    }
    None
}

/// The enhanced status code of a reply: behind its code, else anywhere in it.
pub(super) fn enhanced_of(reply: &str) -> Option<EnhancedStatus> {
    let read = read_reply(reply);
    read.enhanced.filter(|e| e.class != 2).or_else(|| find_enhanced(read.text))
}

/// At most `len` bytes of `text`, cut between characters.
pub(super) fn cap(text: &str, len: usize) -> &str {
    if text.len() <= len {
        return text;
    }
    let end = (0..=len).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got = best_reply(text).map(|q| q.reply);
        assert_eq!(got.as_deref().unwrap_or("-"), expect, "{text}");
    }

    #[test]
    fn replies_in_prose() {
        check(
            "host mx said: 550 5.1.1 no (in reply to RCPT TO command)",
            "550 5.1.1 no (in reply to RCPT TO command)",
        );
        check("Remote Server returned '550 5.1.1 can't do'", "550 5.1.1 can't do");
        check("    (reason: 550 no (really))", "550 no (really)");
        check(
            "#550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found ##",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found",
        );
        check("550-5.1.1 a\n550 5.1.1 b\nnext", "550-5.1.1 a\n550 5.1.1 b next");
        check("the error was:\n550 a\n b\n\nc", "550 a b");
        check("452 later\n550 no", "550 no");
        check("452 later", "452 later");
        check("ERROR_CODE :550, ERROR_CODE :5.2.1 <a@example.org>", "550, ERROR_CODE :5.2.1 <a@example.org>");
        check("#<mx.example.org #5.0.0 smtp; 550 5.1.1 <a@b> no> #SMTP#", "550 5.1.1 <a@b> no");
        check("10:00:00: [1:2] <-- 550 no", "550 no");
        check("responded with failure: 552 sorry (#5.1.1)", "552 sorry (#5.1.1)");
    }

    #[test]
    fn numbers_that_are_no_replies() {
        for text in [
            "after 550 messages",
            "port 550",
            "size=5501",
            "192.550.1.2",
            "550.20",
            "room 550 is closed",
            "id 4F550",
            "at 10:550:00",
        ] {
            check(text, "-");
        }
    }

    #[test]
    fn enhanced_codes_in_prose() {
        #[track_caller]
        fn check(text: &str, expect: &str) {
            let got = find_enhanced(text).map(|e| e.to_string());
            assert_eq!(got.as_deref().unwrap_or("-"), expect, "{text}");
        }
        check("sorry (#5.1.1)", "5.1.1");
        check("-- 5.4.1 Access denied", "5.4.1");
        check("192.0.5.1.1", "-");
        check("Exim version 4.7.2", "-");
        check("by mx (5.65.1/1.37)", "-");
    }
}
