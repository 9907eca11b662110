//! One message: is it a notice, and what does it say of whom?

use super::body::{self, Body};
use super::build::Notice;
use super::decide;
use super::finding::{Fate, Finding};
use super::mime::{self, Head, Parts};
use super::original::{self, Original};
use super::quoted::{self, best_reply};
use super::signs;
use super::status::{self, Report};
use mail_parser::{Message, MessageParser};
use std::borrow::Cow;

/// What a message turned out to be.
pub(super) enum Outcome {
    /// Notices about refused or delayed recipients: one, or those that somebody forwarded together.
    Refused(Vec<Notice>),
    /// A notice by all signs, but nothing could be read from it.
    NotUnderstood,
    /// Vacation replies, abuse reports, receipts, success notices, ordinary mail.
    NoRefusal,
}

/// How deep attached notices are followed.
const MAX_DEPTH: usize = 8;

/// How many attached messages a mail may hold before the rest of it is left out: parsing nests with them.
const MAX_MESSAGES: usize = 64;

/// Reads a whole mail.
pub(super) fn mail(bytes: &[u8]) -> Outcome {
    let bytes = with_line_ends(bytes);
    let bytes = shallow(&bytes);
    match MessageParser::default().parse(bytes) {
        Some(message) => message_at(&message, 0),
        None => Outcome::NoRefusal,
    }
}

/// Mail that was saved with bare carriage returns as line ends; lengths stay as they are.
fn with_line_ends(bytes: &[u8]) -> Cow<'_, [u8]> {
    let bare = memchr::memchr(b'\n', bytes).is_none() && memchr::memchr(b'\r', bytes).is_some();
    if !bare {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(bytes.iter().map(|b| if *b == b'\r' { b'\n' } else { *b }).collect())
}

/// The start of a mail that nests no deeper than is safe to parse.
fn shallow(bytes: &[u8]) -> &[u8] {
    let nests = |at: &usize| {
        let rest = &bytes[*at + 1..];
        ["essage/rfc822", "essage/global", "ultipart/digest"]
            .iter()
            .any(|n| rest.get(..n.len()).is_some_and(|r| r.eq_ignore_ascii_case(n.as_bytes())))
    };
    match memchr::memchr2_iter(b'm', b'M', bytes).filter(nests).nth(MAX_MESSAGES) {
        Some(at) => &bytes[..at],
        None => bytes,
    }
}

fn message_at(message: &Message<'_>, depth: usize) -> Outcome {
    let parts = mime::parts(message);
    let head = mime::head(message);
    let reports: Vec<Report> = parts.status.iter().map(|t| status::read(t)).collect();
    let has_status = reports.iter().any(|r| !r.recipients.is_empty());
    let body = best_body(&parts, &head);
    // Sieve refuses in the form of a read receipt (RFC 5429 §2.2).
    let sieve = body.prose.contains("was automatically rejected");
    if parts.other_report && !has_status && !sieve {
        return Outcome::NoRefusal;
    }
    let strong = is_notice(&head, &parts, &body);
    if !has_status && body.report.is_none() && is_away(&head, &body) {
        return Outcome::NoRefusal;
    }
    let original = original_of(&parts, &body);
    let mut notice = Notice {
        format: body.signs.format.unwrap_or("dsn.other"),
        to: head.to.clone(),
        date: head.date,
        fate: body::fate_of(body.signs),
        ..Notice::default()
    };
    let mut reports = reports;
    if !has_status && strong {
        reports.extend(body.report.clone());
    }
    if let Some(outcome) = from_reports(&mut notice, reports, &body) {
        notice.original = original;
        return outcome.unwrap_or_else(|| Outcome::Refused(vec![notice]));
    }
    if strong && !body.findings.is_empty() {
        notice.findings.clone_from(&body.findings);
        add_failed(&mut notice, &head, &body);
        notice.original = original;
        notice.reporting_mta = writer(&body.prose);
        return Outcome::Refused(vec![notice]);
    }
    // A notice that somebody forwarded or wrapped. What a report attaches is the returned message, not a notice.
    if depth < MAX_DEPTH && !parts.delivery_report {
        let mut forwarded = Vec::new();
        for nested in &parts.messages {
            if let Outcome::Refused(notices) = message_at(nested, depth + 1) {
                forwarded.extend(notices);
            }
        }
        if !forwarded.is_empty() {
            return Outcome::Refused(forwarded);
        }
    }
    if !strong {
        return Outcome::NoRefusal;
    }
    add_failed(&mut notice, &head, &body);
    add_unnamed(&mut notice, &original, &body);
    notice.original = original;
    notice.reporting_mta = writer(&body.prose);
    if notice.findings.is_empty() { Outcome::NotUnderstood } else { Outcome::Refused(vec![notice]) }
}

/// Reads text that was pasted without headers. Only what carries the words of a notice is taken.
pub(super) fn pasted(text: &str) -> Option<Notice> {
    // Webhooks and JSON logs quote notices' words; they have readers of their own.
    if text.trim_start().starts_with(['{', '[']) && text.contains("\":") {
        return None;
    }
    let body = body::read(text, &[], &[]);
    let is_notice = body.report.is_some()
        || body.signs.format.is_some()
        || (body.signs.failure && (!body.findings.is_empty() || body.original.is_some()))
        || (body.certain && !body.findings.is_empty());
    // A client's transcript prints its error message below the session.
    let dialogue = body.report.is_none() && body.signs.format.is_none() && is_dialogue(text);
    if !is_notice || dialogue {
        return None;
    }
    let original = body.original.clone().unwrap_or_default();
    let mut notice = Notice {
        format: body.signs.format.unwrap_or("dsn.other"),
        fate: body::fate_of(body.signs),
        ..Notice::default()
    };
    match from_reports(&mut notice, body.report.clone().into_iter().collect(), &body) {
        Some(Some(_)) => return None,
        Some(None) => {}
        None => {
            notice.findings.clone_from(&body.findings);
            notice.reporting_mta = writer(&body.prose);
            if notice.findings.is_empty() {
                add_unnamed(&mut notice, &original, &body);
            }
        }
    }
    // Without headers, only a reply or a recipient makes it more than an article about notices.
    notice.findings.retain(|f| best_reply(&f.text).is_some() || f.recipient.is_some());
    notice.original = original;
    (!notice.findings.is_empty()).then_some(notice)
}

/// Whether the text is a whole session rather than a notice.
fn is_dialogue(text: &str) -> bool {
    let lower = quoted::cap(text, 64 * 1024).to_ascii_lowercase();
    (lower.contains("ehlo ") || lower.contains("helo "))
        && lower.contains("mail from:")
        && lower.contains("rcpt to:")
}

/// The words: plain text if there is any that says something, else the HTML.
fn best_body(parts: &Parts<'_>, head: &Head) -> Body {
    let read = |text: &str| body::read(text, &head.failed, &head.to);
    let plain = read(&parts.plain.join("\n\n"));
    let said = |b: &Body| b.report.is_some() || b.findings.iter().any(|f| best_reply(&f.text).is_some());
    if parts.html.is_empty() || said(&plain) {
        return plain;
    }
    let html = read(&parts.html.join("\n\n"));
    if said(&html) || plain.findings.is_empty() { html } else { plain }
}

/// Whether a message without fields of RFC 3464 is a notice all the same.
fn is_notice(head: &Head, parts: &Parts<'_>, body: &Body) -> bool {
    let subject = signs::is_notice_subject(&head.subject);
    let machine = head.is_from_daemon() || head.null_sender;
    parts.delivery_report
        || !parts.status.is_empty()
        || !head.failed.is_empty()
        || body.report.is_some()
        || body.signs.format.is_some()
        || (subject && (machine || body.signs.failure || body.signs.delay))
        || (machine && (body.signs.failure || body.signs.delay || !body.exchanges.is_empty()))
        || (body.signs.failure && !body.findings.is_empty())
}

/// Whether it is an absence note or another automatic reply (RFC 3834).
fn is_away(head: &Head, body: &Body) -> bool {
    let away = head.auto_replied || signs::is_away_subject(&head.subject);
    away && head.failed.is_empty() && body.signs.format.is_none() && !signs::is_notice_subject(&head.subject)
}

/// The returned message, from its part or from the end of the text.
fn original_of(parts: &Parts<'_>, body: &Body) -> Original {
    if let Some(nested) = parts.messages.first() {
        return original::read(&mime::start_of(nested));
    }
    if let Some(headers) = parts.headers.first() {
        return original::read(headers);
    }
    if let Some(original) = &body.original {
        return original.clone();
    }
    // Behind the delivery status, where the boundary between them is broken.
    parts.status.iter().find_map(|status| original_behind(status)).unwrap_or_default()
}

fn original_behind(status: &str) -> Option<Original> {
    let lines: Vec<&str> = quoted::cap(status, 256 * 1024).lines().collect();
    let from = original::start_in(&lines)?;
    Some(original::read(&lines[from..].join("\n")))
}

/// Takes what the fields say, completed by the words. `None`: there are no fields. `Some(Some(_))`: no refusal.
fn from_reports(notice: &mut Notice, reports: Vec<Report>, body: &Body) -> Option<Option<Outcome>> {
    if reports.iter().all(|r| r.recipients.is_empty()) {
        // A report without recipients still says who wrote it.
        notice.reporting_mta = reports.into_iter().find_map(|r| r.reporting_mta);
        return None;
    }
    for report in reports {
        notice.reporting_mta = notice.reporting_mta.take().or(report.reporting_mta);
        notice.queue_id = notice.queue_id.take().or(report.queue_id);
        notice.sender = notice.sender.take().or(report.sender);
        notice.findings.extend(report.recipients);
    }
    notice.format = "dsn.rfc3464";
    let stated = notice.findings.iter().any(|f| f.fate.is_some());
    notice.findings.retain(|f| f.fate != Some(Fate::Fine));
    if notice.findings.is_empty() {
        return Some(Some(Outcome::NoRefusal));
    }
    if stated {
        notice.fate = None;
    }
    let single = notice.findings.len() == 1;
    for finding in &mut notice.findings {
        complete(finding, body, single);
    }
    Some(None)
}

/// Adds to the fields of a recipient what only the words say.
fn complete(finding: &mut Finding, body: &Body, single: bool) {
    let same = |a: &Option<String>, b: &Option<String>| matches!((a, b), (Some(a), Some(b)) if a.eq_ignore_ascii_case(b));
    let words = body
        .findings
        .iter()
        .find(|f| same(&f.recipient, &finding.recipient) || same(&f.recipient, &finding.original_recipient))
        .or_else(|| body.findings.first().filter(|_| single && body.findings.len() == 1));
    if finding.recipient.is_none()
        && let Some(words) = words
    {
        finding.recipient.clone_from(&words.recipient);
    }
    if finding.recipient.is_none()
        && let Some(words) = words
    {
        finding.recipient.clone_from(&words.recipient);
    }
    let own = best_reply(&finding.text).filter(|q| !quoted::is_summary(&q.reply));
    finding.context = finding.text.clone();
    if let Some(words) = words {
        finding.context.push('\n');
        finding.context.push_str(&words.context);
        finding.stage = finding.stage.or(words.stage);
    }
    let exchange = body.around(single).exchange_for(finding.recipient.as_deref());
    if let Some(exchange) = exchange {
        finding.stage = finding.stage.or(exchange.stage);
    }
    if let Some(own) = own {
        // Sendmail keeps the first line only of a reply that goes on: `550-5.2.1 The account`.
        if let Some(whole) = exchange.filter(|e| is_cut_from(&own.reply, &e.reply)) {
            finding.text.clone_from(&whole.reply);
        }
        return;
    }
    let from_words = words.map(|w| w.text.as_str()).filter(|t| best_reply(t).is_some());
    let reply = exchange
        .map(|e| e.reply.clone())
        .or_else(|| from_words.map(str::to_owned))
        .or_else(|| best_reply(&body.prose).filter(|_| single).map(|q| q.reply));
    match reply {
        Some(reply) => finding.text = reply,
        None if finding.text.len() < 8 => {
            if let Some(words) = words.filter(|w| !w.text.is_empty()) {
                finding.text.clone_from(&words.text);
            } else if single {
                finding.text = decide::words_of_failure(&body.prose);
            }
        }
        None => {}
    }
}

/// Whether `part` is the first line of the multi-line reply `whole`.
fn is_cut_from(part: &str, whole: &str) -> bool {
    part.as_bytes().get(3) == Some(&b'-')
        && !part.contains('\n')
        && whole.len() > part.len()
        && whole.get(..4) == part.get(..4)
}

/// Adds the recipients that only `X-Failed-Recipients` names.
fn add_failed(notice: &mut Notice, head: &Head, body: &Body) {
    for failed in &head.failed {
        let have = |f: &Finding| {
            [&f.recipient, &f.original_recipient]
                .into_iter()
                .flatten()
                .any(|r| r.eq_ignore_ascii_case(failed))
        };
        if !notice.findings.iter().any(have) {
            let mut finding = Finding { recipient: Some(failed.clone()), ..Finding::default() };
            decide::decide(&mut finding, body.around(head.failed.len() < 2));
            notice.findings.push(finding);
        }
    }
}

/// For notices that name nobody: the recipients of the returned message, else a refusal of nobody in particular.
fn add_unnamed(notice: &mut Notice, original: &Original, body: &Body) {
    if !notice.findings.is_empty() {
        return;
    }
    let mut finding = Finding::default();
    decide::decide(&mut finding, body.around(true));
    let has_reply = best_reply(&finding.text).is_some();
    match original.to.as_slice() {
        [] if has_reply => notice.findings.push(finding),
        [only] => {
            finding.recipient = Some(only.clone());
            notice.findings.push(finding);
        }
        // Which of several was refused is not said.
        _ if has_reply => notice.findings.push(finding),
        _ => {}
    }
}

/// The host that wrote the notice, where its words say so.
fn writer(prose: &str) -> Option<String> {
    let lower = prose.to_ascii_lowercase();
    let words = [
        "program at host ",
        "mail system at host ",
        "qmail-send program at ",
        "generating server: ",
        "mail agent v",
        "reporting server: ",
    ];
    let (at, words) = words.iter().find_map(|w| lower.find(w).map(|at| (at, *w)))?;
    let mut rest = &prose[at + words.len()..];
    if words.ends_with(" v") {
        rest = rest.split_once(" at ")?.1;
    }
    let host = rest.split_whitespace().next()?.trim_end_matches(['.', ',', ':']);
    host.contains('.').then(|| host.to_owned())
}
