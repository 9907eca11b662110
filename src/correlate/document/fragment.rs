//! Postfix delivery lines whose frame was cut off.
//!
//! `to=<a@example.org>, relay=mx.example.org[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host
//! mx.example.org[192.0.2.1] said: 550 5.1.1 no such user (in reply to RCPT TO command))`: people paste from `to=` on,
//! and mail clients wrap it.

use crate::model::{Action, Attempt, Evidence, Harvest, Origin, SourceId, Text};
use crate::parse::transcript::infer;
use crate::parse::{Line, Lines};
use crate::smtp::{EnhancedStatus, ReversePath, Stage, innermost, read_reply, tidy_mailbox, unflatten};
use std::collections::BTreeSet;

/// A line of prose is no delivery line, and a delivery line is not wrapped more often than this.
const MAX_LINES: usize = 12;
const MAX_BYTES: usize = 16 * 1024;

/// Reads all fragments in `text`; their lines are noted in `taken`.
pub(super) fn read(source: SourceId, text: &[u8], out: &mut Harvest, taken: &mut BTreeSet<u64>) {
    let mut open: Option<Joined> = None;
    for line in Lines::new(source, text, 1, 0) {
        let clean = clean(&line);
        let starts =
            field(&clean, "to=<").is_some() || (open.is_none() && clean.contains("status=bounced ("));
        if let Some(joined) = open.as_mut() {
            if !starts && joined.goes_on(&line, &clean) {
                joined.push(&line, &clean);
                if joined.is_complete() {
                    finish(open.take(), out, taken);
                }
                continue;
            }
            finish(open.take(), out, taken);
        }
        if starts && clean.len() < MAX_BYTES {
            let joined = Joined { text: clean, origin: line.origin(), last: line.number, lines: 1 };
            if joined.is_complete() {
                finish(Some(joined), out, taken);
            } else {
                open = Some(joined);
            }
        }
    }
    finish(open, out, taken);
}

/// The lines of one fragment.
struct Joined {
    text: String,
    origin: Origin,
    last: u64,
    lines: usize,
}

impl Joined {
    fn goes_on(&self, line: &Line<'_>, clean: &str) -> bool {
        self.last + 1 == line.number
            && !clean.is_empty()
            && self.lines < MAX_LINES
            && self.text.len() + clean.len() < MAX_BYTES
    }

    fn push(&mut self, line: &Line<'_>, clean: &str) {
        self.text.push(' ');
        self.text.push_str(clean);
        self.last = line.number;
        self.lines += 1;
        self.origin.len = u32::try_from(line.start - self.origin.start).unwrap_or(u32::MAX);
        self.origin.len = self.origin.len.saturating_add(line.bytes.len() as u32);
    }

    fn is_complete(&self) -> bool {
        status(&self.text).is_some_and(|(_, reason)| reason.is_some())
    }
}

fn clean(line: &Line<'_>) -> String {
    let bytes = &line.bytes[..line.bytes.len().min(MAX_BYTES)];
    let text = String::from_utf8_lossy(bytes);
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    text.trim_matches([' ', '\t', '>', '`', '|', '*', '\r']).to_owned()
        + if text.ends_with("<>") { ">" } else { "" }
}

/// `bounced` and what stands in the parentheses, if they are closed.
fn status(text: &str) -> Option<(&str, Option<&str>)> {
    let (_, rest) = text.split_once("status=")?;
    let word_len = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, rest) = rest.split_at(word_len);
    let Some(body) = rest.trim_start().strip_prefix('(') else { return Some((word, None)) };
    let mut depth = 1;
    for (at, b) in body.bytes().enumerate() {
        match b {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((word, Some(&body[..at])));
        }
    }
    Some((word, None))
}

fn finish(joined: Option<Joined>, out: &mut Harvest, taken: &mut BTreeSet<u64>) {
    let Some(joined) = joined else { return };
    let text = joined.text.as_str();
    let Some((word, closed)) = status(text) else { return };
    let recipient = field(text, "to=<").filter(|r| r.contains('@')).map(Text::from);
    let action = match word {
        "bounced" | "expired" | "undeliverable" => Action::Failed,
        "deferred" | "SOFTBOUNCE" => Action::Delayed,
        "sent" => {
            if let Some(recipient) = recipient {
                out.accept(&recipient);
            }
            taken.extend(joined.origin.line..=joined.last);
            return;
        }
        _ => return,
    };
    // The end may be cut off as well.
    let reason =
        closed.or_else(|| text.split_once("status=")?.1.split_once('(').map(|(_, r)| r)).unwrap_or("");
    let nested = innermost(reason);
    let reply = read_reply(nested.inner);
    let mut evidence = Evidence::new("postfix", joined.origin);
    evidence.action = action;
    evidence.final_recipient = recipient;
    evidence.original_recipient = field(text, "orig_to=<").map(Text::from);
    evidence.reverse_path = field(text, "from=<").map(ReversePath::parse);
    if let Some((_, relay)) = text.split_once("relay=") {
        let relay = relay.split([',', ' ']).next().unwrap_or("");
        let host = relay.split('[').next().unwrap_or("");
        evidence.remote_mta = (!host.is_empty() && host != "none").then(|| host.into());
        evidence.remote_ip = relay.split_once('[').and_then(|(_, ip)| ip.split(']').next()?.parse().ok());
    }
    let dsn =
        text.split_once("dsn=").and_then(|(_, dsn)| EnhancedStatus::at_start(dsn)).map(|(status, _)| status);
    evidence.reply_code = reply.code;
    evidence.enhanced_status = reply.enhanced.or(dsn);
    evidence.stage = match infer::stage(reason) {
        stage if reason.contains("in reply to") => stage,
        _ if reason.contains("refused to talk to me") => Stage::Connect,
        _ => Stage::Unknown,
    };
    let words: Text = match nested.outer.first() {
        Some(_) => unflatten(nested.inner).into(),
        None => reason.into(),
    };
    evidence.attempts = vec![Attempt {
        time: None,
        remote_mta: evidence.remote_mta.clone(),
        reply_code: evidence.reply_code,
        enhanced_status: evidence.enhanced_status,
        text: words.clone(),
        origin: joined.origin,
    }];
    evidence.diagnostic_code = words;
    out.evidence.push(evidence);
    taken.extend(joined.origin.line..=joined.last);
}

/// The value after `name`, up to the closing bracket.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    while let Some(at) = text[from..].find(name).map(|i| i + from) {
        // `orig_to=<` also ends in `to=<`.
        let whole = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let value = &text[at + name.len()..];
        if whole {
            return value.split_once('>').map(|(value, _)| tidy_mailbox(value));
        }
        from = at + name.len();
    }
    None
}
