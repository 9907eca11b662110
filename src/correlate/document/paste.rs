//! Bare replies in pasted text, where nothing else was found.
//!
//! `550 5.1.1 <a@example.org>: Recipient address rejected`, alone, quoted, after `said: ` or in the middle of a
//! sentence. Without a session around it a number proves little: FTP has 550s, too, counts and sizes look like codes,
//! and articles list them all. So a reply needs an enhanced status code or the words of mail.

use super::Known;
use crate::model::{Attempt, Evidence, Harvest, Origin, SourceId, Text};
use crate::parse::transcript::infer;
use crate::parse::{Line, Lines, dress};
use crate::smtp::{ReplyCode, Stage, innermost, read_reply, unflatten};
use std::collections::BTreeSet;

/// Bytes of a line that are looked at.
const MAX_LINE: usize = 16 * 1024;
/// So many different codes, in order, are a list of codes and no evidence.
const LIST: usize = 4;

/// Counts the replies in `text` that are not known yet; with `collect` they become evidence, too.
/// With `excused` they are not reported as missed: the notice around them was read.
pub(super) fn read(
    source: SourceId,
    text: &[u8],
    known: &Known,
    collect: bool,
    excused: bool,
    out: &mut Harvest,
) {
    let mut found: Vec<Bare> = Vec::new();
    let mut articles = false;
    let mut foreign = false;
    let mut columns = None;
    for line in Lines::new(source, text, 1, 0) {
        out.coverage.lines += 1;
        if known.logged.contains(&line.number) {
            continue;
        }
        if known.taken.contains(&line.number) {
            out.coverage.with_reply += 1;
            continue;
        }
        let clean = clean(&line);
        foreign |= is_ftp(&clean);
        if let Some(last) = found.last_mut().filter(|last| last.goes_on(&line, &clean)) {
            last.push(&line, &clean);
            out.coverage.with_reply += 1;
            continue;
        }
        let Some(reply) = reply_in(&clean) else {
            columns = recipient_column(&clean).or(columns);
            continue;
        };
        out.coverage.with_reply += 1;
        articles |= is_article(&clean);
        found.push(Bare {
            text: reply.to_owned(),
            recipient: columns.and_then(|columns| in_column(&clean, columns)),
            line: clean.clone(),
            origin: line.origin(),
            last: line.number,
        });
    }
    let codes: Vec<ReplyCode> = found.iter().filter_map(|bare| ReplyCode::at_start(&bare.text)).collect();
    let distinct: BTreeSet<ReplyCode> = codes.iter().copied().collect();
    let list =
        distinct.len() >= LIST && codes.windows(2).filter(|w| w[0] <= w[1]).count() + 1 >= codes.len() - 1;
    if !collect || list || articles || foreign {
        if !(excused || list || articles || foreign) {
            found.iter().for_each(|bare| out.coverage.miss(bare.origin));
        }
        return;
    }
    let mut told = BTreeSet::new();
    for bare in found {
        let key: String =
            bare.text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let evidence = bare.into_evidence();
        if told.insert((key, evidence.final_recipient.clone())) {
            out.evidence.push(evidence);
        }
    }
}

/// A reply with its lines.
struct Bare {
    text: String,
    line: String,
    /// From a table's column.
    recipient: Option<String>,
    origin: Origin,
    last: u64,
}

impl Bare {
    /// Whether `line` is the next line of this multi-line reply.
    fn goes_on(&self, line: &Line<'_>, clean: &str) -> bool {
        let last = self.text.rsplit('\n').next().unwrap_or("");
        let more = last.as_bytes().get(3) == Some(&b'-');
        let code = ReplyCode::at_start(last);
        self.last + 2 >= line.number
            && more
            && code.is_some()
            && code == ReplyCode::at_start(clean)
            && self.text.len() + clean.len() < 2 * MAX_LINE
    }

    fn push(&mut self, line: &Line<'_>, clean: &str) {
        self.text.push('\n');
        self.text.push_str(clean);
        self.last = line.number;
        let len = (line.start - self.origin.start).saturating_add(line.bytes.len() as u64);
        self.origin.len = u32::try_from(len).unwrap_or(u32::MAX);
    }

    fn into_evidence(self) -> Evidence {
        let mut evidence = Evidence::new("transcript.paste", self.origin);
        let text: Text = unflatten(&self.text).into();
        let nested = innermost(&text);
        let inner = read_reply(nested.inner);
        let outer = read_reply(&text);
        evidence.reply_code = inner.code.or(outer.code);
        evidence.enhanced_status = inner.enhanced.or(outer.enhanced);
        evidence.stage = infer::stage(&self.line);
        evidence.stage_inferred = evidence.stage != Stage::Unknown && !self.line.contains("in reply to ");
        evidence.final_recipient = self
            .recipient
            .or_else(|| envelope_recipient(&self.line))
            .or_else(|| infer::recipient(&text))
            .map(Into::into);
        let host = innermost(&self.line).inner_host.map(|host| host.split('[').next().unwrap_or(host));
        evidence.remote_mta = host.filter(|host| host.contains('.')).map(Text::from);
        let text: Text = if nested.outer.is_empty() { nested.inner.into() } else { text };
        evidence.attempts = vec![Attempt {
            time: None,
            remote_mta: evidence.remote_mta.clone(),
            reply_code: evidence.reply_code,
            enhanced_status: evidence.enhanced_status,
            text: text.clone(),
            origin: self.origin,
        }];
        evidence.diagnostic_code = text;
        evidence
    }
}

/// `to=<a@example.org>`, `rcpt=a@example.org`, `"recipient":"a@example.org"` in the same line: the envelope says it.
fn envelope_recipient(line: &str) -> Option<String> {
    const KEYS: [&str; 11] = [
        "to",
        "rcpt",
        "recipient",
        "recipients",
        "rcpt_to",
        "rcptto",
        "emailaddress",
        "email",
        "final_recipient",
        "recipientaddress",
        "recipient_address",
    ];
    for (at, _) in line.match_indices(['=', ':']).take(200) {
        let before = line[..at].trim_end_matches('"');
        let start = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len();
        let quoted = before.len() < at;
        let key = before[start..].to_ascii_lowercase();
        // In prose `to: ` says nothing; in JSON the key is quoted.
        if !KEYS.contains(&key.as_str()) || line.as_bytes()[at] == b':' && !quoted {
            continue;
        }
        let value = line[at + 1..].trim_start_matches([' ', '"', '[', '<', '\'']);
        let end = value.find(['>', '"', '\'', ',', ';', ' ', ']']).unwrap_or(value.len());
        if value[..end].contains('@') {
            return Some(value[..end].to_owned());
        }
    }
    None
}

/// Which column of a table has the recipients, and what parts the columns: a message trace is exported so.
fn recipient_column(line: &str) -> Option<(char, usize)> {
    const NAMES: [&str; 7] = [
        "recipient",
        "rcpt",
        "recipient_address",
        "recipient address",
        "recipientaddress",
        "to",
        "recipients",
    ];
    let separator = [',', '\t', ';'].into_iter().find(|c| line.matches(*c).count() >= 2)?;
    let column =
        fields(line, separator).position(|name| NAMES.contains(&name.to_ascii_lowercase().as_str()))?;
    Some((separator, column))
}

fn in_column(line: &str, (separator, column): (char, usize)) -> Option<String> {
    let field = fields(line, separator).nth(column)?;
    let one = field.contains('@') && !field.contains([' ', ';', ',']);
    one.then(|| field.to_owned())
}

/// The fields of a table's line; quotes hide separators (RFC 4180).
fn fields(line: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    line.split(move |c: char| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .map(|field| field.trim().trim_matches('"'))
}

fn clean(line: &Line<'_>) -> String {
    let text = String::from_utf8_lossy(&line.bytes[..line.bytes.len().min(MAX_LINE)]);
    let text = dress::undress(&text);
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    let text = text.replace("**", "");
    text.trim_start_matches([' ', '\t', '>', '`', '|', '*', '-', '"', '\'', '\u{a0}', '\u{feff}'])
        .trim_end()
        .to_owned()
}

/// The 5yz reply in a line, from its code on.
fn reply_in(line: &str) -> Option<&str> {
    let bytes = line.as_bytes();
    for at in memchr::memchr_iter(b'5', bytes) {
        let rest = &line[at..];
        let Some(code) = ReplyCode::at_start(rest) else { continue };
        let before = &line[..at];
        let glued = before.ends_with(|c: char| c.is_alphanumeric() || ".-_/=@+#$€:,".contains(c));
        // `said:550 …`, `smtp;550 …` and Exchange's `{LED=550 5.4.1 …}` are glued on purpose.
        let value = before.ends_with('=') && read_reply(rest).enhanced.is_some();
        if glued && !before.ends_with("said:") && !value || bytes[at + 1] > b'7' || !code.is_permanent() {
            continue;
        }
        let after = &rest[3..];
        if !after.starts_with([' ', '-', '\t', ':', '_']) {
            continue;
        }
        let reply = read_reply(rest);
        if is_count(reply.text) {
            continue;
        }
        if reply.enhanced.is_some_and(|status| status.is_permanent()) {
            return Some(ended(rest, before));
        }
        let at_edge = before.is_empty()
            || before
                .trim_end()
                .ends_with([':', ';', '"', '\'', '(', '[', '{', '>', '`', '=', '«', '“', '‘', '|']);
        let named = ["error", "code", "reply", "response", "smtp", "with", "bounce"]
            .iter()
            .any(|w| before.trim_end().to_ascii_lowercase().ends_with(w));
        if (at_edge || named) && is_mail_talk(reply.text) {
            return Some(ended(rest, before));
        }
    }
    None
}

/// Without what closes the quotes or brackets that were opened before the reply.
fn ended<'a>(reply: &'a str, before: &str) -> &'a str {
    // Inside a string of JSON or CSV, and inside Exchange's braces, it ends with them.
    let inside = |open: char| before.matches(open).count() - before.matches(&format!("\\{open}")).count();
    if inside('"') % 2 == 1
        && let Some(end) = reply.match_indices('"').map(|(at, _)| at).find(|at| !reply[..*at].ends_with('\\'))
    {
        return ended(reply[..end].trim_end(), &before.replace('"', " "));
    }
    if before.matches('{').count() > before.matches('}').count()
        && before.ends_with('=')
        && let Some(end) = reply.find('}')
    {
        return reply[..end].trim_end();
    }
    let close = match before.chars().next_back() {
        Some('"') => '"',
        Some('\'') => '\'',
        Some('`') => '`',
        Some('(') => ')',
        Some('[') => ']',
        Some('“') => '”',
        _ => return reply.trim_end_matches(['`', '|', ' ']),
    };
    // In `smtpmsg='550 …' errormsg='…'` the first quote that can close does.
    let closes = |at: &usize| {
        let after = &reply[at + close.len_utf8()..];
        let key = after.trim_start().split_once('=').map_or("", |(key, _)| key);
        after.starts_with([',', ';', '}', ']']) || !key.is_empty() && !key.contains(char::is_whitespace)
    };
    let first = reply.match_indices(close).map(|(at, _)| at).find(closes);
    if let (Some(at), '\'' | '"') = (first, close) {
        return reply[..at].trim_end();
    }
    match reply.rfind(close) {
        // A closing bracket may be the reply's own.
        Some(at) if close != ')' || !reply[..at].contains('(') || reply.ends_with("))") => {
            reply[..at].trim_end()
        }
        _ => reply,
    }
}

/// Whether what follows the code makes it a number of things: `550 messages`, `550 rejected`, `550 5.1.1: 42 mails`.
fn is_count(words: &str) -> bool {
    const COUNTED: [&str; 25] = [
        "senders",
        "messages",
        "mails",
        "emails",
        "e-mails",
        "recipients",
        "users",
        "addresses",
        "mailboxes",
        "accounts",
        "bounces",
        "errors",
        "times",
        "bytes",
        "kb",
        "mb",
        "gb",
        "hours",
        "minutes",
        "seconds",
        "ms",
        "domains",
        "hosts",
        "people",
        "deliveries",
    ];
    /// Alone, these are things counted, too.
    const NOUNS: [&str; 4] = ["mailbox", "user", "mail", "message"];
    const DONE: [&str; 9] = [
        "rejected",
        "rejects",
        "bounced",
        "deferred",
        "delivered",
        "received",
        "forwarded",
        "discarded",
        "held",
    ];
    let capital = words.trim_start().starts_with(|c: char| c.is_ascii_uppercase());
    let lower = words.to_ascii_lowercase();
    let mut words =
        lower.split_whitespace().map(|word| word.trim_matches([':', ',', '.', ';', ')', '(', '%']));
    let first = words.next().unwrap_or("");
    let number = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    if first.is_empty() {
        return words.next().is_some_and(number) && words.next().is_none_or(|word| COUNTED.contains(&word));
    }
    match words.next() {
        // `550 Rejected` is a reply, `550 rejected` a sum.
        None => {
            !capital && (DONE.contains(&first) || NOUNS.contains(&first))
                || COUNTED.contains(&first)
                || number(first)
        }
        Some(second) if number(first) => COUNTED.contains(&second) || first.len() > 3,
        Some(second) => COUNTED.contains(&first) || DONE.contains(&first) && number(second),
    }
}

/// Whether the words can be those of a mail server, not of FTP.
fn is_mail_talk(words: &str) -> bool {
    let lower = words.to_ascii_lowercase();
    const MAIL: [&str; 44] = [
        "mailbox",
        "user",
        "recipient",
        "relay",
        "sender",
        "reject",
        "denied",
        "spam",
        "unknown",
        "unavailable",
        "account",
        "domain",
        "policy",
        "message",
        "mail",
        "blocked",
        "block list",
        "blacklist",
        "blocklist",
        "listed",
        "authenticat",
        "not allowed",
        "no such",
        "does not exist",
        "not found",
        "quota",
        "refused",
        "disabled",
        "dmarc",
        "spf",
        "dkim",
        "address",
        "reverse dns",
        "ptr",
        "helo",
        "reputation",
        "administrative prohibition",
        "permanent",
        "requested action",
        "content",
        "virus",
        "host",
        "rdns",
        "service",
    ];
    const FTP: [&str; 9] = [
        "file",
        "directory",
        "folder",
        "permission denied",
        "can't cwd",
        "not a plain",
        "couldn't",
        "failed to change",
        "login incorrect",
    ];
    let of_mail = lower.contains("mail") || lower.contains("recipient");
    let ftp = !of_mail && FTP.iter().any(|w| lower.contains(w));
    !ftp && MAIL.iter().any(|w| lower.contains(w))
}

/// Signs of an FTP session around.
fn is_ftp(line: &str) -> bool {
    ["230 ", "331 ", "226 ", "227 ", "150 "].iter().any(|code| line.starts_with(code))
        && ["log", "user", "password", "transfer", "passive", "opening", "data connection"]
            .iter()
            .any(|w| line.to_ascii_lowercase().contains(w))
}

/// A line that talks about replies.
fn is_article(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    ["e.g.", "for example", "such as", " means ", "rfc 5321", "rfc 3463", "rfc5321", "stands for"]
        .iter()
        .any(|w| lower.contains(w))
}
