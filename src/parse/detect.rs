//! What kind of evidence a source is: decided by its content, never by its name.

use super::event::LogLine;
use super::frame::{Framed, Taken, Unwrapped, Wraps, framed, wrap};
use super::notice::{emlx, mbox, msg};
use super::{dress, mta};
use crate::model::{Origin, SourceId};
use std::borrow::Cow;

/// How a source is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Nothing in it.
    Empty,
    /// Bytes that are no text.
    Binary,
    /// A log: one event a line.
    Log,
    /// Mail messages one after the other, each after a `From ` line (RFC 4155).
    Mbox,
    /// One mail message with headers.
    Mail,
    /// A message or report that Outlook saved.
    Msg,
    /// Anything else: pasted text, a transcript, a notice without its headers, or a mixture.
    Text,
}

/// So many lines of the head are looked at.
const MAX_LINES: usize = 4000;

/// So many framed lines make a log even if none of them is an MTA's: its own may come later.
const MIN_FRAMED: usize = 20;

/// A shorter source can be a paste; nobody pastes more.
const PASTE: usize = 64 * 1024;

/// The kind of a source whose first bytes are `head`.
pub fn detect(head: &[u8]) -> Kind {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if head.iter().all(u8::is_ascii_whitespace) {
        return Kind::Empty;
    }
    if head.starts_with(&msg::MAGIC) {
        return Kind::Msg;
    }
    // Line ends of old: the document reader knows them.
    if memchr::memchr(b'\n', head).is_none()
        && memchr::memchr(b'\r', head.trim_ascii_end()).is_some()
        && !is_binary(head)
    {
        return Kind::Text;
    }
    // Mail is cheap to recognise: then lines are counted only while they may still make a log.
    let mail = mail(head);
    let lines = Counted::new(head, mail.is_some());
    // In a short paste, what is no log line may be the rest of one.
    let mixed = head.len() < PASTE && (lines.filled - lines.framed) * 10 > lines.filled;
    if !mixed && lines.framed * 2 > lines.filled && (lines.own > 0 || lines.framed >= MIN_FRAMED) {
        return Kind::Log;
    }
    // Mail first: old charsets (ISO-2022-JP) and attachments look like binary data.
    if let Some(kind) = mail {
        return kind;
    }
    if is_binary(head) && lines.own == 0 { Kind::Binary } else { Kind::Text }
}

/// Whether `line` is one of a mail log: framed and of a known MTA's program, or of Exim's own files, or a journal
/// entry of one.
pub fn is_log_line(line: &[u8]) -> bool {
    look(line) == Look::Own
}

/// What a source with these first bytes is taken for, and why.
pub fn head_says(head: &[u8]) -> String {
    let lines = || {
        let Counted { filled, framed, own } = Counted::new(head, false);
        format!("of {filled} lines {framed} are log lines, {own} of them of a mail program that is known")
    };
    match detect(head) {
        Kind::Empty => "empty: nothing in it but blanks".to_owned(),
        Kind::Binary => "no text, and neither a log nor a mail".to_owned(),
        Kind::Log => format!("a log: {}", lines()),
        Kind::Mbox => "a mailbox: mails, each after a `From ` line".to_owned(),
        Kind::Mail => "one mail: it begins with mail headers".to_owned(),
        Kind::Msg => "a message that Outlook saved".to_owned(),
        Kind::Text => format!("text in which replies, sessions and notices are looked for: {}", lines()),
    }
}

/// What one line of a log says, or why it was not taken.
pub fn line_says(line: &[u8]) -> String {
    if line.iter().all(u8::is_ascii_whitespace) {
        return String::new();
    }
    let says = |found: Framed<'_>| {
        event_says(&LogLine {
            time: None,
            host: found.host,
            program: found.program,
            pid: found.pid,
            message: Cow::Borrowed(found.message),
        })
    };
    let mut wraps = Wraps::default();
    let lines = match wraps.line(line, NOWHERE) {
        Taken::No => Vec::new(),
        Taken::Part if wraps.is_open() => return "part of an entry over several lines".to_owned(),
        Taken::Part => wraps.finish(),
        Taken::Lines(lines) => lines,
    };
    if let Some(found) = lines.iter().find_map(Unwrapped::framed) {
        return says(found);
    }
    let text = String::from_utf8_lossy(line);
    let text = dress::undress(&text);
    let Some(found) = framed(&text).or_else(|| mta::bare(&text)) else {
        return "no log line: no time stamp with a program's name was recognised".to_owned();
    };
    says(found)
}

fn event_says(line: &LogLine<'_>) -> String {
    let Some(dialect) = mta::by_program(line.program) else {
        return format!("{}: no format reads this program's lines", line.program);
    };
    let says = (dialect.parse)(line).map_or("not understood", |event| event.kind.says());
    format!("{}: {says}", dialect.name)
}

#[derive(PartialEq, Eq)]
enum Look {
    /// A known MTA's.
    Own,
    /// Of a log, and another program's.
    Framed,
    Other,
}

fn look(line: &[u8]) -> Look {
    let own = |program: &str| if mta::by_program(program).is_some() { Look::Own } else { Look::Framed };
    let mut wraps = Wraps::default();
    let mut taken = wraps.line(line, NOWHERE);
    if let Taken::Part = taken {
        taken = Taken::Lines(wraps.finish());
    }
    if let Taken::Lines(lines) = taken {
        return best(&lines);
    }
    let text = std::str::from_utf8(line).map_or_else(|_| String::from_utf8_lossy(line), Cow::Borrowed);
    let text = dress::undress(&text);
    let found: Option<Framed<'_>> = framed(&text).or_else(|| mta::bare(&text));
    found.map_or(Look::Other, |f| own(f.program))
}

/// What the best of several lines is.
fn best(lines: &[Unwrapped]) -> Look {
    let mut found = Look::Other;
    for line in lines.iter().filter_map(Unwrapped::framed) {
        if mta::by_program(line.program).is_some() {
            return Look::Own;
        }
        found = Look::Framed;
    }
    found
}

/// For lines whose place does not matter.
const NOWHERE: Origin = Origin { source: SourceId(0), line: 0, start: 0, len: 0 };

/// What the lines of the head look like.
#[derive(Default)]
struct Counted {
    filled: usize,
    framed: usize,
    own: usize,
}

impl Counted {
    /// `until_no_log`: stops where even framed lines alone could not make a log any more.
    fn new(head: &[u8], until_no_log: bool) -> Self {
        let mut counted = Self::default();
        let n_lines = (memchr::memchr_iter(b'\n', head).count() + 1).min(MAX_LINES);
        // The last line may be cut; its frame is there all the same.
        let (mut wraps, mut in_reject) = (Wraps::default(), false);
        for (number, line) in head.split(|b| *b == b'\n').take(MAX_LINES).enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if until_no_log && 2 * counted.framed + (n_lines - number) <= counted.filled {
                break;
            }
            let was_open = wraps.is_open();
            match wraps.line(line, NOWHERE) {
                Taken::Part => {
                    counted.filled += 1;
                    counted.framed += 1;
                    continue;
                }
                Taken::Lines(lines) => {
                    let look = best(&lines);
                    counted.own += usize::from(look == Look::Own);
                    if !was_open {
                        counted.filled += 1;
                        counted.framed += usize::from(look != Look::Other);
                        in_reject = look == Look::Own;
                    }
                    continue;
                }
                Taken::No => {}
            }
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match look(line) {
                Look::Own => {
                    counted.own += 1;
                    counted.framed += 1;
                    in_reject = is_bare(line);
                }
                Look::Framed => counted.framed += 1,
                // The headers that Exim's reject log repeats are part of its lines.
                Look::Other if in_reject && is_reject_log_part(line) => counted.framed += 1,
                Look::Other
                    if in_reject
                        && wrap::text_of(line, NOWHERE)
                            .is_some_and(|text| is_reject_log_part(text.as_bytes())) =>
                {
                    counted.framed += 1
                }
                Look::Other => {}
            }
            counted.filled += 1;
        }
        counted.own += usize::from(best(&wraps.finish()) == Look::Own);
        counted
    }
}

fn is_bare(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_digit)
}

/// `P Received: …`, `  F From: …`, `Envelope-from: <…>`, a folded header, or the dashes that end an entry.
pub(crate) fn is_reject_log_part(line: &[u8]) -> bool {
    let flagged = matches!(line, [b'A'..=b'Z' | b'*' | b' ', b' ', b'!'..=b'~', ..]);
    flagged
        || line.starts_with(b"Envelope-")
        || line.starts_with(b"\t")
        || line.starts_with(b" ")
        || line.starts_with(b"-----")
}

/// NULs, or more control characters than text has.
fn is_binary(head: &[u8]) -> bool {
    let head = &head[..head.len().min(8192)];
    let n_control = head.iter().filter(|b| matches!(b, 0..=8 | 14..=26 | 28..=31 | 127)).count();
    head.contains(&0) || n_control * 20 > head.len()
}

/// Mail if the first lines are header fields, at least one of them a mail's own.
fn mail(head: &[u8]) -> Option<Kind> {
    const OWN: [&str; 16] = [
        "from",
        "to",
        "subject",
        "date",
        "received",
        "return-path",
        "message-id",
        "content-type",
        "mime-version",
        "delivered-to",
        "reply-to",
        "sender",
        "x-original-to",
        "envelope-to",
        "dkim-signature",
        "auto-submitted",
    ];
    let mut lines = head
        .split(|b| *b == b'\n')
        .map(|l| l.strip_suffix(b"\r").unwrap_or(l))
        .skip_while(|l| l.iter().all(u8::is_ascii_whitespace))
        .peekable();
    let first = *lines.peek()?;
    let is_mbox = first.starts_with(b"From ") && memchr::memchr(b':', first).is_some();
    if emlx::is_length(first) || is_mbox || first.starts_with(b">From ") || first.starts_with(b"From ") {
        lines.next();
    }
    let (mut n_fields, mut n_own, mut ended) = (0, 0, false);
    for line in lines {
        if line.is_empty() {
            ended = true;
            break;
        }
        if matches!(line[0], b' ' | b'\t') && n_fields > 0 {
            continue;
        }
        // A mailer's `>From ` line may stand among the headers.
        if line.starts_with(b">From ") {
            continue;
        }
        let Some(name) = field_name(line) else { break };
        n_fields += 1;
        n_own += usize::from(OWN.contains(&Cow::as_ref(&name.to_ascii_lowercase().into())));
    }
    // `To: bob` and a line of prose is no mail; three fields in a row, or fields up to an empty line, are one.
    let is_mail = n_own > 0 && (n_fields >= 3 || (ended && n_fields >= 2) || (is_mbox && n_fields > 0));
    let is_mbox = is_mbox || (is_mail && mbox::goes_on(head));
    is_mail.then_some(if is_mbox { Kind::Mbox } else { Kind::Mail })
}

/// The name in `Name: value` (RFC 5322 §2.2). SMTP commands (`MAIL FROM:`) have a blank in it and are none.
fn field_name(line: &[u8]) -> Option<&str> {
    let colon = memchr::memchr(b':', line)?;
    let name = &line[..colon];
    let named =
        !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    // `S: 220 mx`, `C: EHLO x` and `220: x` mark the sides of a transcript.
    let side = name.len() == 1 || name.iter().all(u8::is_ascii_digit);
    (named && !side).then(|| std::str::from_utf8(name).unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(head: &str, expect: Kind) {
        assert_eq!(detect(head.as_bytes()), expect, "{head}");
        assert_eq!(detect(head.replace('\n', "\r\n").as_bytes()), expect, "CRLF: {head}");
    }

    #[test]
    fn logs() {
        check("Nov 17 14:51:07 mx postfix/smtp[7]: 4F1C: removed\n", Kind::Log);
        check("Nov 17 14:51:07 mx cron[7]: x\nNov 17 14:51:07 mx exim[7]: x", Kind::Log);
        check("2026-11-17 14:51:07 1aBcDe-0001Ab-Cd Completed\n", Kind::Log);
        check("{\"_HOSTNAME\":\"mx\",\"SYSLOG_IDENTIFIER\":\"postfix/smtp\",\"MESSAGE\":\"x\"}\n", Kind::Log);
        check("__CURSOR=s\nSYSLOG_IDENTIFIER=postfix/smtp\nMESSAGE=x\n\n", Kind::Log);
        check(
            "2026-11-17 14:51:07 H=x [192.0.2.1] rejected after DATA: no\nEnvelope-from: <a@example.org>\n\
             P Received: from x\n\tby mx\nF From: a@example.org\n  Subject: x\n  To: b\n----------\n",
            Kind::Log,
        );
        check("Nov 17 14:51:07 mx cron[7]: x\n", Kind::Text);
        check("Hello,\nthis is what I get:\nplease help\nNov 17 14:51:07 mx exim[7]: x\n", Kind::Text);
        assert!(is_log_line(b"postfix/smtp[7]: x"));
        assert!(!is_log_line(b"Nov 17 14:51:07 mx cron[7]: x"));
        assert!(!is_log_line(b"550 5.1.1 no"));
    }

    #[test]
    fn mails() {
        check("From: a@example.org\nTo: b@example.org\nSubject: x\n\nHello", Kind::Mail);
        check("\n>From a Mon\nReturn-Path: <>\nX-Odd: x\n folded\nDate: y\n\nHello", Kind::Mail);
        check("Received: from x\n\tby y\nFrom: x\n\n", Kind::Mail);
        check("\u{feff}From: a@example.org\nTo: b@example.org\n\nHello", Kind::Mail);
        check("From a@example.org Tue Nov 17 14:51:07 2026\nFrom: a@example.org\nTo: b\n\nx", Kind::Mbox);
        check("17      \nFrom: a@example.org\nTo: b\n\nx", Kind::Mail);
        check("Subject: x\nFrom: a\nTo: b\n\nx\n\nFrom - Tue Nov 17 14:51:07 2026\nFrom: c\n\ny", Kind::Mbox);
        check("From my side it fails: see below\nwhat now?", Kind::Text);
        check("220 mx ESMTP\nMAIL FROM:<a@example.org>\n550 no\n", Kind::Text);
        check("S: 220 mx\nC: EHLO x\nS: 550 no\n", Kind::Text);
        check("To: you\nwhat is this?", Kind::Text);
        check("MAIL FROM:<a>\nRCPT TO:<b>\nDATA\n", Kind::Text);
    }

    #[test]
    fn the_rest() {
        check("", Kind::Empty);
        check(" \n\n", Kind::Empty);
        check("550 5.1.1 no such user\n", Kind::Text);
        assert_eq!(detect(b"\x7fELF\x02\x01\x01\0\0\0"), Kind::Binary);
        assert_eq!(detect(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Kind::Binary);
        assert_eq!(detect(b"Nov 17 14:51:07 mx exim[7]: x \0\nNov 17 14:51:07 mx exim[7]: y\n"), Kind::Log);
        assert_eq!(detect("Gr\u{fc}\u{df}e 550 nein".as_bytes()), Kind::Text);
    }
}
