//! One line of a transcript taken apart: decoration, who speaks, reply or command.
//!
//! `[2026-11-24 17:15:40] DEBUG [mklIS3sz9co] S: 550 5.1.1 no` is decoration and a reply.
//! Arrows mean one thing in Sendmail and the opposite in IceWarp, so the *content* decides: what starts with three
//! digits is a reply, a known verb is a command. What stood before it is the line's key; [`roles`](super::roles)
//! learns from all lines of a document which keys carry replies.

use super::command::{self, Command};
use super::literal;
use super::style::Style;
use crate::model::Timestamp;
use crate::parse::dress::without_colours;
use crate::smtp::ReplyCode;
use std::borrow::Cow;

/// Longer lines are cut: no reply line is longer than 512 bytes (RFC 5321 §4.5.3.1.5), no content line than 1000.
const MAX_LINE: usize = 64 * 1024;
/// Decorations before the content.
const MAX_PEELS: usize = 12;

/// What a line holds once its decoration is off.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Kind<'a> {
    /// A line of a reply; `more` if the code is followed by `-`.
    Reply { code: ReplyCode, more: bool, text: &'a str },
    /// A command.
    Command(Command<'a>),
    /// A lone dot: the end of the content.
    Dot,
    /// Anything else; the line without its outer blanks.
    Other(&'a str),
}

/// What the decoration says.
#[derive(Clone, Default, Debug)]
pub(super) struct Prefix {
    /// The decoration with times, ids and numbers masked.
    pub(super) key: String,
    /// A time with a date.
    pub(super) time: Option<Timestamp>,
    /// The session's id.
    pub(super) id: Option<String>,
    /// It is an error message, which repeats a reply.
    pub(super) retold: bool,
    /// The tool that writes lines like this.
    pub(super) style: Style,
    date: Option<chrono::NaiveDate>,
}

/// A raw line as text: decoded, without a byte order mark, colour codes and HTML entities.
pub(super) fn clean(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = &bytes[..bytes.len().min(MAX_LINE)];
    let mut text = String::from_utf8_lossy(bytes);
    if text.contains('&')
        && ["&lt;", "&gt;", "&amp;", "&quot;", "&#39;", "&nbsp;"].iter().any(|e| text.contains(e))
    {
        let plain = text
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&nbsp;", " ")
            .replace("&amp;", "&");
        text = Cow::Owned(plain);
    }
    if text.contains('\u{1b}') {
        text = Cow::Owned(without_colours(&text));
    }
    if let Some(rest) = text.strip_prefix('\u{feff}') {
        text = Cow::Owned(rest.to_owned());
    }
    text
}

/// Takes `line` apart and gives `each` its parts: mostly one, several for a literal that holds several lines.
pub(super) fn lex(line: &str, mut each: impl FnMut(&Prefix, Kind<'_>)) {
    let mut prefix = Prefix::default();
    let mut rest = line.trim();
    for _ in 0..MAX_PEELS {
        if let Some(kind) = classify(rest) {
            prefix.style = Style::of(&prefix.key, false);
            each(&prefix, kind);
            return;
        }
        if let Some((value, _)) = literal::read(rest) {
            prefix.style = Style::of(&prefix.key, true);
            if prefix.key.ends_with("response:") {
                prefix.retold = true;
            }
            let mut any = false;
            for part in value.split('\n').filter(|part| !part.is_empty()) {
                // A lone word in quotes is no content; a whole message is.
                each(&prefix, classify(part).unwrap_or(Kind::Other(part)));
                any = true;
            }
            if any && value.contains('\n') || classify(value.trim_end()).is_some() {
                return;
            }
            break;
        }
        match peel(rest, &mut prefix) {
            Some(shorter) => rest = shorter.trim_start(),
            None => break,
        }
    }
    if let Some((marked, kind)) = behind_marker(line.trim()) {
        each(&marked, kind);
        return;
    }
    prefix.style = Style::of(&prefix.key, false);
    each(&prefix, Kind::Other(line.trim()));
}

/// How long a program's own columns before the arrow may be.
const MAX_COLUMNS: usize = 200;

/// Content behind columns of unknown form and an arrow or a label: `192.0.2.1 [1A2C] Thu, 17 Nov 2026 14:51:07 >>> `,
/// `"SMTPC"⇥12⇥7⇥"2026-11-17 14:51:07.123"⇥"192.0.2.1"⇥"RECEIVED: `, `2026-11-17T14:51:07.123Z,Out,08D1,6,…,<,`,
/// `mailnews.smtp: S: `, `[2026-11-17 14:51:07] 4< `.
fn behind_marker(line: &str) -> Option<(Prefix, Kind<'_>)> {
    let bytes = line.as_bytes();
    let head = &bytes[..bytes.len().min(MAX_COLUMNS)];
    // Columns have numbers, or are one word: prose mostly ends here.
    let first_number = head.iter().position(u8::is_ascii_digit).unwrap_or(head.len());
    let one_word = head.iter().position(|b| *b == b' ').unwrap_or(head.len());
    if first_number == head.len() && bytes.get(one_word.wrapping_sub(1)) != Some(&b':') {
        return None;
    }
    for at in 1..head.len() {
        let starts = match head[at] {
            b'<' | b'>' => !matches!(head[at - 1], b'<' | b'>' | b'=' | b'-'),
            b'-' | b'=' => matches!(head[at - 1], b' ' | b'\t'),
            b'A'..=b'Z' | b'a'..=b'z' => matches!(head[at - 1], b' ' | b'\t' | b'"'),
            _ => false,
        };
        if !starts || !line.is_char_boundary(at) {
            continue;
        }
        let Some(len) = marker_len(&line[at..]) else { continue };
        let columns = &line[..at];
        let after = &line[at + len..];
        let by_comma = columns.ends_with(',') && after.starts_with(',');
        let content = if by_comma { csv_field(&after[1..]) } else { after.trim_start() };
        let content = match columns.bytes().filter(|b| *b == b'"').count() % 2 {
            1 => content.strip_suffix('"').unwrap_or(content),
            _ => content,
        };
        let Some(kind) = classify(content).filter(|kind| *kind != Kind::Dot) else { continue };
        let word = columns.trim_end();
        if !(columns.bytes().any(|b| b.is_ascii_digit()) || word.ends_with(':') && !word.contains(' ')) {
            return None;
        }
        let mut prefix =
            Prefix { key: format!("…{}", line[at..at + len].to_ascii_lowercase()), ..Prefix::default() };
        // The program has sent the reply: it is the server (Exchange's SmtpReceive, hMailServer's SMTPD, IceWarp).
        let sent = prefix.key.contains('>') && !prefix.key.contains('<') || prefix.key.ends_with("sent:");
        if sent && matches!(kind, Kind::Reply { .. }) {
            prefix.style = Style::Server;
        }
        prefix.id = column_id(columns);
        prefix.time = columns.char_indices().find_map(|(at, c)| {
            let (crate::parse::frame::Stamp::Full(time), _) =
                crate::parse::frame::stamp::iso(columns.get(at..).filter(|_| c.is_ascii_digit())?)?
            else {
                return None;
            };
            Some(time)
        });
        return Some((prefix, kind));
    }
    None
}

/// What follows a program's own columns and an arrow or a label, whatever it is, and where it begins.
pub(super) fn after_marker(line: &str) -> Option<(usize, &str)> {
    let bytes = line.as_bytes();
    (1..bytes.len().min(MAX_COLUMNS)).filter(|at| line.is_char_boundary(*at)).find_map(|at| {
        let parted = matches!(bytes[at - 1], b' ' | b'\t' | b'"' | b',') || bytes[at - 1].is_ascii_digit();
        let after = at + marker_len(&line[at..]).filter(|_| parted)?;
        let rest = line[after..].trim_start_matches([' ', ',', '\t']);
        Some((line.len() - rest.len(), rest))
    })
}

/// The length of an arrow or a label at the start of `text`.
fn marker_len(text: &str) -> Option<usize> {
    const ARROWS: [&str; 12] = ["<<<", ">>>", "<--", "-->", "<==", "==>", "<<", ">>", "<-", "->", "<", ">"];
    if let Some(arrow) = ARROWS.iter().find(|arrow| text.starts_with(**arrow)) {
        let after = text.as_bytes().get(arrow.len());
        return matches!(after, Some(b' ' | b'\t' | b',')).then_some(arrow.len());
    }
    let b = text.as_bytes();
    let colon = b.iter().take(18).position(|c| *c == b':')?;
    if b.get(colon + 1) != Some(&b' ') {
        return None;
    }
    let label = text.get(..colon)?;
    let mut named = LABELS.iter().chain(&["smtp send", "smtp response"]);
    named.any(|known| known.eq_ignore_ascii_case(label)).then_some(colon + 1)
}

/// The session's id in a program's columns: what stands in brackets, or the third of several columns.
fn column_id(columns: &str) -> Option<String> {
    let separator = ['\t', ','].into_iter().find(|c| columns.matches(*c).count() >= 4);
    if let Some(separator) = separator {
        let third = columns.split(separator).nth(2)?.trim_matches('"');
        return (!third.is_empty() && third.len() <= 64).then(|| third.to_owned());
    }
    let (_, rest) = columns.rsplit_once('[')?;
    let (id, _) = rest.split_once(']')?;
    (!id.is_empty() && id.len() <= 32 && id.matches(':').count() < 2).then(|| id.to_owned())
}

/// The first field of a CSV line.
fn csv_field(text: &str) -> &str {
    match text.strip_prefix('"') {
        Some(quoted) => &quoted[..quoted.find("\",").or(quoted.rfind('"')).unwrap_or(quoted.len())],
        None => text.split(',').next().unwrap_or(text),
    }
}

/// The line without the decoration whose keys are `key`, for content lines.
pub(super) fn content(line: &str) -> &str {
    let mut prefix = Prefix::default();
    let mut rest = line.trim();
    for _ in 0..MAX_PEELS {
        // A header field is content; its name is no decoration.
        if header_name(rest).is_some() {
            break;
        }
        match peel(rest, &mut prefix) {
            Some(shorter) => rest = shorter.trim_start(),
            None => break,
        }
    }
    rest
}

/// The name of the header field that starts here: those worth keeping.
pub(super) fn header_name(text: &str) -> Option<&str> {
    let (name, _) = text.split_once(':')?;
    ["from", "subject", "date", "message-id"].contains(&name.to_ascii_lowercase().as_str()).then_some(name)
}

/// Reply, command or final dot.
fn classify(text: &str) -> Option<Kind<'_>> {
    if text == "." {
        return Some(Kind::Dot);
    }
    if let Some(code) = reply_code(text) {
        let more = text.as_bytes().get(3) == Some(&b'-');
        return Some(Kind::Reply { code, more, text: text.trim_end() });
    }
    command::read(text).map(Kind::Command)
}

/// The code of a line that is a reply line: `550`, `550 text`, `550-text`.
pub(super) fn reply_code(text: &str) -> Option<ReplyCode> {
    let code = ReplyCode::at_start(text)?;
    // RFC 5321 §4.2.1 has 0 to 5 as the second digit; 571 and 535 are in use.
    let plausible = text.as_bytes()[1] <= b'7';
    let ends = matches!(text.as_bytes().get(3), None | Some(b' ' | b'-' | b'\t'));
    // `550-600` and `2026-…` are no replies; `550-5.1.1` and `250-8BITMIME` are.
    let range = text.as_bytes().get(3) == Some(&b'-')
        && text.as_bytes().get(4..7).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
    // A client's `<262 bytes encoded mime message>` is a count.
    let count = text.get(3..).is_some_and(|rest| rest.trim_start().starts_with("bytes"));
    // Few 2yz and 3yz replies are defined (RFC 5321 §4.2.3, RFC 4954); the rest of these are FTP's.
    let known = code.get() >= 400
        || is_foreign(code)
        || matches!(code.get(), 200 | 202 | 211 | 214 | 220 | 221 | 235 | 250..=253 | 334 | 354);
    (plausible && ends && known && !range && !count).then_some(code)
}

/// Whether no SMTP server gives this code: FTP does (RFC 959).
pub(super) fn is_foreign(code: ReplyCode) -> bool {
    matches!(code.get(), 226..=232 | 257 | 331 | 332 | 350 | 425 | 426)
}

/// Takes one piece of decoration off the left.
fn peel<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    let first = text.chars().next()?;
    if first == '[' {
        let end = text.bytes().take(90).position(|b| b == b']')?;
        bracket(&text[1..end], prefix);
        prefix.key.push_str("[]");
        return Some(&text[end + 1..]);
    }
    if is_arrow(first) {
        let run: &str = &text[..text.find(|c| !is_arrow(c)).unwrap_or(text.len())];
        if run.len() > 16 {
            return None;
        }
        prefix.key.push_str(run);
        return Some(&text[run.len()..]);
    }
    if first.is_ascii_digit() {
        return peel_time(text, prefix).or_else(|| peel_gutter(text, prefix));
    }
    peel_word(text, prefix)
}

fn is_arrow(c: char) -> bool {
    matches!(
        c,
        '<' | '>'
            | '-'
            | '='
            | '~'
            | '*'
            | '|'
            | '+'
            | '»'
            | '«'
            | '→'
            | '←'
            | '⇒'
            | '⇐'
            | '│'
            | '┃'
            | '•'
            | '`'
            | '#'
    )
}

/// What stands in square brackets: a time stamp, a session's id, a level.
fn bracket(inner: &str, prefix: &mut Prefix) {
    if inner.starts_with(|c: char| c.is_ascii_digit()) && inner.contains(':') {
        peel_time(inner, prefix);
        let last = prefix.key.len() - usize::from(prefix.key.ends_with('@'));
        prefix.key.truncate(last);
    } else if inner.len() >= 6 && inner.chars().all(|c| c.is_ascii_alphanumeric() || "-_+/=".contains(c)) {
        prefix.id = Some(inner.to_owned());
    }
}

/// `2026-11-24 17:15:40.123`, `2026-11-24T17:15:40Z`, `17:14:43.180941`.
fn peel_time<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    let len = text
        .bytes()
        .take(40)
        .take_while(|b| {
            b.is_ascii_digit() || matches!(b, b'-' | b':' | b'.' | b',' | b'T' | b'Z' | b'+' | b'/')
        })
        .count();
    let (stamp, rest) = text.split_at(len);
    let stamp = stamp.trim_end_matches([',', '.', ':', '-']);
    if let Some(date) = stamp.get(..10).and_then(|d| chrono::NaiveDate::parse_from_str(d, "%Y-%m-%d").ok()) {
        prefix.key.push('@');
        prefix.date = Some(date);
        if stamp.len() > 11 {
            prefix.time = day_time(date, &stamp[11..]);
        }
        return Some(rest);
    }
    let clock = stamp.matches(':').count() == 2 && !stamp.contains(['-', '/', 'T']);
    let slashes = stamp.matches('/').count() == 2;
    if !(clock || slashes) {
        return None;
    }
    if let (true, Some(date)) = (clock, prefix.date) {
        prefix.time = day_time(date, stamp);
    }
    prefix.key.push('@');
    Some(rest)
}

fn day_time(date: chrono::NaiveDate, clock: &str) -> Option<Timestamp> {
    let (clock, zone) = match clock.find(['Z', '+', '-']) {
        Some(at) => clock.split_at(at),
        None => (clock, ""),
    };
    let clock = clock.replace(',', ".");
    let time = chrono::NaiveTime::parse_from_str(&clock, "%H:%M:%S%.f").ok()?;
    let at = date.and_time(time).and_utc();
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let (Some(hours), Some(minutes)) = (digits.get(..2), digits.get(2..4)) else { return Some(at) };
    let offset = chrono::TimeDelta::minutes(hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?);
    let shifted =
        if zone.starts_with('-') { at.checked_add_signed(offset) } else { at.checked_sub_signed(offset) };
    Some(shifted.unwrap_or(at))
}

/// `12: `, `12 | `, `050 ` (Sendmail's verbose replies).
fn peel_gutter<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    let len = text.bytes().take(6).take_while(u8::is_ascii_digit).count();
    let rest = &text[len..];
    let marked = rest.trim_start().starts_with(['|', '│', ')']) || rest.starts_with([':', '\t', '.']);
    let small = rest.starts_with(' ') && (len < 3 || text.starts_with('0'));
    if len > 5 || !(marked || small) {
        return None;
    }
    // A dot that belongs to a number is no gutter.
    if rest.starts_with('.') && rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    prefix.key.push('0');
    Some(rest.trim_start_matches([':', '\t', '.', ' ', ')']))
}

/// Labels after which one side's words follow.
const LABELS: [&str; 36] = [
    "s",
    "c",
    "in",
    "out",
    "server",
    "client",
    "server -> client",
    "client -> server",
    "smtp -> from server",
    "client -> smtp",
    "send",
    "sent",
    "sending",
    "reply",
    "recv",
    "received",
    "receive",
    "receiving",
    "response",
    "request",
    "command",
    "read",
    "write",
    "us",
    "them",
    "me",
    "remote",
    "local",
    "smtp",
    "lmtp",
    "debug smtp",
    "rcvd",
    "rcv",
    "snd",
    "srv",
    "cli",
];

/// Words before the content: labels, levels, programs.
fn peel_word<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    let word_len = text
        .bytes()
        .take(64)
        .take_while(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b':' | b'=' | b'(' | b')')
        })
        .count();
    let word = &text[..word_len];
    let rest = &text[word_len..];
    // `Net::SMTP=GLOB(0x55f25f4d6548)<<< `, `Net::SMTP::SSL=GLOB(…)>>> `.
    if word.starts_with("Net::") && rest.starts_with(['<', '>']) {
        prefix.id = word.split_once("(0x").map(|(_, id)| id.to_owned());
        prefix.key.push_str("glob");
        return Some(rest);
    }
    // Exim: `  SMTP>> RCPT TO:<…>`, `  SMTP(close)>>`.
    if (word.starts_with("SMTP") || word.starts_with("LMTP"))
        && (rest.starts_with("<<") || rest.starts_with(">>"))
    {
        prefix.key.push_str("smtp");
        return Some(rest);
    }
    if let Some(colon) = text.bytes().take(24).position(|b| b == b':') {
        let label = text[..colon].trim_end().to_ascii_lowercase();
        if LABELS.contains(&label.as_str()) {
            prefix.key.push_str(&label);
            prefix.key.push(':');
            return Some(&text[colon + 1..]);
        }
    }
    // JSON and JavaScript: `"response":` has its quotes read as a literal; here the bare name.
    let level = word.trim_end_matches(':');
    if matches!(level, "DEBUG" | "INFO" | "TRACE" | "WARN" | "WARNING" | "ERROR" | "NOTICE" | "VERBOSE") {
        prefix.retold |= level == "ERROR";
        prefix.key.push_str(level);
        return Some(rest);
    }
    // A container: `smtp-1  | 550 …`; a program: `send[123]: 550 …`.
    let blank = rest.trim_start();
    if !word.is_empty() && !word.contains(':') && blank.starts_with("| ") {
        prefix.key.push('|');
        return Some(&blank[1..]);
    }
    // A Java logger: `org.example.Mailer - S: 550 …`.
    if word.contains('.') && rest.starts_with(" - ") {
        prefix.key.push('-');
        return Some(&rest[3..]);
    }
    if !word.is_empty() && rest.starts_with('[') {
        let end = rest.bytes().take(12).position(|b| b == b']')?;
        let number = rest[1..end].bytes().all(|b| b.is_ascii_digit());
        let after = rest[end + 1..].strip_prefix(':')?;
        return number.then(|| {
            prefix.key.push_str("p:");
            after
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: &str) {
        let mut got = Vec::new();
        lex(&clean(line.as_bytes()), |prefix, kind| {
            let kind = match kind {
                Kind::Reply { text, .. } => format!("R {text}"),
                Kind::Command(c) => format!("C {:?} {}", c.verb, c.argument),
                Kind::Dot => ".".into(),
                Kind::Other(text) => format!("O {text}"),
            };
            got.push(format!("{} {kind}", prefix.key));
        });
        assert_eq!(got.join(" / "), expect, "{line}");
    }

    #[test]
    fn decorations() {
        check("550 5.1.1 no", " R 550 5.1.1 no");
        check("<** 550-5.1.1 no", "<** R 550-5.1.1 no");
        check(" -> RCPT TO:<a@example.org>", "-> C Rcpt <a@example.org>");
        check("reply: b'550 5.1.1 no\\r\\n'", "reply: R 550 5.1.1 no");
        check("17:14:43.18 send: 'rcpt TO:<a@example.org>\\r\\n'", "@send: C Rcpt <a@example.org>");
        check("send: b'Subject: t\\r\\n\\r\\nhi\\r\\n.\\r\\n'", "send: O Subject: t / send: O hi / send: .");
        check("Net::SMTP=GLOB(0x55f2)<<< 550 no", "glob<<< R 550 no");
        check("[2026-11-24 17:15:40] DEBUG [mklIS3sz9co] S: 550 no", "[]DEBUG[]s: R 550 no");
        check("2026-11-24 17:17:09\tSERVER -> CLIENT: 550 no", "@@server -> client: R 550 no");
        check(" Out: 550 no", "out: R 550 no");
        check("  SMTP<< 550 no", "smtp<< R 550 no");
        check("&lt;-- 550 no", "<-- R 550 no");
        check("> > 250 ok", ">> R 250 ok");
        check("\u{1b}[31m< 550 no\u{1b}[0m", "< R 550 no");
        check("050 >>> QUIT", "0>>> C Quit ");
        check("  12 | S: 550 no", "0|s: R 550 no");
        check("mailer-1  | C: QUIT", "|c: C Quit ");
        check("-> \"550 no\\r\\n\"", "-> R 550 no");
        check("10:00:00,123 [main] DEBUG org.example.Mailer - S: 550 no", "@[]DEBUG-s: R 550 no");
        check("2026-11-24", "@ O 2026-11-24");
        check("550-600 people", " O 550-600 people");
    }

    #[test]
    fn times() {
        let mut time = None;
        lex("[2026-11-24T17:15:40+01:00] S: 550 no", |prefix, _| time = prefix.time);
        assert_eq!(time.map(|t| t.to_rfc3339()).as_deref(), Some("2026-11-24T16:15:40+00:00"));
    }
}
