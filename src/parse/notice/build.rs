//! Findings become evidence.

use super::decide::stage_of;
use super::finding::{Fate, Finding};
use super::original::Original;
use super::place::Place;
use super::quoted::{Quoted, best_reply, cap, enhanced_of, find_enhanced};
use super::stage;
use super::status::host_and_ip;
use crate::model::{Action, Attempt, Evidence, Text, Timestamp};
use crate::smtp::{EnhancedStatus, ReversePath, Stage, innermost, read_reply, unflatten};
use std::net::IpAddr;

/// What a whole notice says.
#[derive(Default)]
pub(super) struct Notice {
    /// `dsn.rfc3464`, `dsn.qmail` …
    pub format: &'static str,
    /// One for each recipient that was refused.
    pub findings: Vec<Finding>,
    /// Who wrote it.
    pub reporting_mta: Option<String>,
    /// The id the writer gave the message.
    pub queue_id: Option<String>,
    /// The envelope sender of the message, where a field says it.
    pub sender: Option<String>,
    /// Whom the notice is to.
    pub to: Vec<String>,
    /// When it was written.
    pub date: Option<Timestamp>,
    /// The returned message.
    pub original: Original,
    /// What to say of recipients whose fate is not stated.
    pub fate: Option<Fate>,
}

/// The longest diagnostic text kept.
const MAX_DIAGNOSTIC: usize = 8 * 1024;

/// Evidence for every recipient, each once.
pub(super) fn evidence(notice: &Notice, place: Place<'_>) -> Vec<Evidence> {
    let mut out: Vec<Evidence> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for finding in &notice.findings {
        let key = finding.recipient.as_deref().unwrap_or("").to_ascii_lowercase();
        if seen.insert(key) {
            out.push(one(notice, finding, place));
        }
    }
    out
}

fn one(notice: &Notice, finding: &Finding, place: Place<'_>) -> Evidence {
    let found = best_reply(&finding.text);
    let diagnostic = match &found {
        // `5.3.0 - Other mail system problem 550-'Unknown user'`: the reply starts with its status.
        Some(_) if starts_with_status(&finding.text) => finding.text.trim().to_owned(),
        Some(found) => unflatten(without_command(&found.reply)),
        None => unflatten(finding.text.trim()),
    };
    let nested = innermost(&diagnostic);
    let code = found.as_ref().map(|found| read_reply(nested.inner).code.unwrap_or(found.code));
    // X.0.0 says nothing that the field does not say better.
    let enhanced = quoted_status(&diagnostic, found.as_ref())
        .or_else(|| enhanced_of(nested.inner))
        .filter(|e| (e.subject, e.detail) != (0, 0) || finding.status.is_none_or(|s| s.class != e.class))
        .or(finding.status.filter(|s| s.class != 2))
        .or_else(
            || if found.is_some() { find_enhanced(&diagnostic) } else { find_enhanced(&finding.context) },
        );
    let (named_host, named_ip) = remote_host(finding, nested.inner_host);
    let mut e = Evidence::new(notice.format, place.deciding(finding.recipient.as_deref(), &diagnostic));
    e.origins.push(place.whole());
    e.time = finding.time.or(notice.date);
    e.reporting_mta = notice.reporting_mta.as_deref().map(Text::from);
    e.remote_mta = finding.remote_mta.clone().or(named_host).map(Text::from);
    e.remote_ip = finding.remote_ip.or(named_ip);
    e.queue_id = notice.queue_id.as_deref().map(Text::from);
    e.message_id = notice.original.message_id.clone();
    e.reverse_path = reverse_path(notice);
    e.final_recipient = finding.recipient.as_deref().map(Text::from);
    e.original_recipient = finding
        .original_recipient
        .as_deref()
        .filter(|o| !finding.recipient.as_deref().is_some_and(|r| r.eq_ignore_ascii_case(o)))
        .map(Text::from);
    let said = stage_of(finding);
    let inferred = if said.is_none() { stage::from_codes(code, enhanced) } else { None };
    e.stage = said.or(inferred).unwrap_or(Stage::Unknown);
    e.stage_inferred = inferred.is_some();
    e.reply_code = code;
    e.enhanced_status = enhanced;
    e.diagnostic_code = cap(&diagnostic, MAX_DIAGNOSTIC).into();
    e.action = match finding.fate.or(notice.fate) {
        Some(Fate::Delayed) => Action::Delayed,
        _ => Action::Failed,
    };
    e.attempts = vec![Attempt {
        time: e.time,
        remote_mta: e.remote_mta.clone(),
        reply_code: code,
        enhanced_status: enhanced,
        text: e.diagnostic_code.clone(),
        origin: e.origins[0],
    }];
    e.original = notice.original.mail.clone();
    e
}

/// `5.3.0 - …`
fn starts_with_status(text: &str) -> bool {
    let read = read_reply(text);
    read.code.is_none() && read.enhanced.is_some() && !text.contains('\n')
}

/// `5.1.0 - Unknown address error 550-'5.7.1 Access denied'`: the status behind the code is the server's.
fn quoted_status(diagnostic: &str, found: Option<&Quoted>) -> Option<EnhancedStatus> {
    let found = found.filter(|_| starts_with_status(diagnostic))?;
    let (_, behind) = diagnostic.split_once(&found.code.to_string())?;
    EnhancedStatus::at_start(behind.trim_start_matches(['-', '\'', '"', ' '])).map(|(status, _)| status)
}

/// Without what the sending program adds, so that the same reply reads the same in log and notice: Postfix's
/// ` (in reply to RCPT TO command)`, Gmail's ` (state 14).`, Yahoo's ` [RCPT_TO]`.
fn without_command(reply: &str) -> &str {
    let marks = [" (in reply to ", " (state ", " [RCPT_TO]", " [MAIL_FROM]", " [BODY]", " [DATA]"];
    let cut = marks.iter().filter_map(|mark| reply.rfind(mark)).min().unwrap_or(reply.len());
    reply[..cut].trim_end()
}

/// The envelope sender: from the returned message, from the writer's own field, else whom the notice is to.
fn reverse_path(notice: &Notice) -> Option<ReversePath> {
    if let Some(path) = &notice.original.reverse_path {
        return Some(path.clone());
    }
    if let Some(sender) = &notice.sender {
        return Some(ReversePath::parse(sender));
    }
    match notice.to.as_slice() {
        [only] => Some(ReversePath::parse(only)),
        _ => None,
    }
}

/// The host that the words in front of the reply name: `host mx.example.org[192.0.2.1] said:`.
fn remote_host(finding: &Finding, inner: Option<&str>) -> (Option<String>, Option<IpAddr>) {
    if let Some(inner) = inner.filter(|h| h.contains('.')) {
        let (host, ip) = host_and_ip(inner);
        return (Some(host).filter(|h| !h.is_empty()), ip);
    }
    let text = if finding.context.is_empty() { &finding.text } else { &finding.context };
    let before = match best_reply(text) {
        Some(reply) => &text[..reply.start],
        None => cap(text, 512),
    };
    let before = before.replace('\n', " ");
    host_before_ip(&before).unwrap_or_else(|| host_after_words(&before))
}

/// `mx.example.org [192.0.2.1]`, `mx.example.org[192.0.2.1]:25`, `example.org (192.0.2.1)`.
fn host_before_ip(text: &str) -> Option<(Option<String>, Option<IpAddr>)> {
    text.match_indices(['[', '(']).take(64).find_map(|(at, _)| {
        let inside = text[at + 1..].split([']', ')']).next()?;
        let ip: IpAddr = inside.strip_prefix("IPv6:").unwrap_or(inside).parse().ok()?;
        let host = text[..at].trim_end().rsplit([' ', '(', '<']).next()?.trim_end_matches('.');
        let is_host = host.contains('.')
            && host.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-' || c == '_');
        Some((is_host.then(|| host.to_owned()), Some(ip)))
    })
}

/// `Connected to 192.0.2.1 but`, `192.0.2.1 does not like recipient`, `while talking to mx.example.org.:`, `host: mx`.
fn host_after_words(text: &str) -> (Option<String>, Option<IpAddr>) {
    let lower = text.to_ascii_lowercase();
    let after = ["connected to ", "while talking to ", "host: ", "host ", "mail server at ", "smtp server <"]
        .iter()
        .find_map(|words| {
            let at = lower.find(words)?;
            text[at + words.len()..].split([' ', ',', '>']).next()
        });
    let word = after
        .or_else(|| text.split_whitespace().next())
        .unwrap_or("")
        .trim_matches([':', '.', '<', '>', '[', ']', ',', ';']);
    if let Ok(ip) = word.parse::<IpAddr>() {
        return (None, Some(ip));
    }
    let is_host = after.is_some()
        && word.contains('.')
        && word.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-');
    (is_host.then(|| word.to_owned()), None)
}
