//! `message/delivery-status`: one block about the message, then one block a recipient (RFC 3464 §2).
//!
//! `Final-Recipient: rfc822; a@example.org` / `Action: failed` / `Status: 5.1.1` /
//! `Diagnostic-Code: smtp; 550 5.1.1 no such user`. The same fields are read from plain bodies.

use super::address::addresses;
use super::fields::{self, Field};
use super::finding::{Fate, Finding};
use crate::model::Timestamp;
use crate::smtp::{EnhancedStatus, tidy_mailbox};
use std::net::IpAddr;

/// What a delivery status says.
#[derive(Clone, Default, Debug)]
pub(super) struct Report {
    /// `Reporting-MTA`, without its type.
    pub reporting_mta: Option<String>,
    /// The reporting MTA's id of the message.
    pub queue_id: Option<String>,
    /// The envelope sender, where the writer gives it.
    pub sender: Option<String>,
    /// One for each recipient.
    pub recipients: Vec<Finding>,
}

/// The most recipients taken from one report.
const MAX_RECIPIENTS: usize = 2_000;

/// Reads a delivery status.
pub(super) fn read(text: &str) -> Report {
    let mut report = Report::default();
    for block in fields::blocks(text) {
        about_message(&block, &mut report);
        // Some writers leave the blank line between recipients out.
        for part in split_recipients(&block) {
            if report.recipients.len() >= MAX_RECIPIENTS {
                return report;
            }
            if let Some(finding) = about_recipient(part) {
                report.recipients.push(finding);
            }
        }
    }
    report
}

fn about_message(block: &[Field<'_>], report: &mut Report) {
    let mut take = |slot: fn(&mut Report) -> &mut Option<String>, value: Option<String>| {
        if slot(report).is_none() {
            *slot(report) = value;
        }
    };
    take(|r| &mut r.reporting_mta, typed(block, "Reporting-MTA").map(|v| host_and_ip(v).0));
    take(|r| &mut r.queue_id, queue_id(block));
    let sender = typed(block, "X-Postfix-Sender").or_else(|| typed(block, "X-Sender"));
    take(|r| &mut r.sender, sender.map(|v| tidy_mailbox(v).to_owned()));
}

/// `X-Postfix-Queue-ID: 4F1C`, `X-Outbound-Mail-Queue-ID`, …
fn queue_id(block: &[Field<'_>]) -> Option<String> {
    let field = block.iter().find(|f| f.name.to_ascii_lowercase().ends_with("queue-id"))?;
    let id = field.value.trim();
    (!id.is_empty() && !id.contains(char::is_whitespace)).then(|| id.to_owned())
}

/// Cuts a block where `Final-Recipient` stands a second time.
fn split_recipients<'a, 'b>(block: &'a [Field<'b>]) -> Vec<&'a [Field<'b>]> {
    let is = |f: &Field<'_>, name: &str| f.name.eq_ignore_ascii_case(name);
    let finals: Vec<usize> = (0..block.len()).filter(|i| is(&block[*i], "Final-Recipient")).collect();
    if finals.len() < 2 {
        return vec![block];
    }
    // `Original-Recipient` may stand in front of the `Final-Recipient` it belongs to.
    let before = |i: usize| if i > 0 && is(&block[i - 1], "Original-Recipient") { i - 1 } else { i };
    let cuts: Vec<usize> = finals.iter().skip(1).map(|i| before(*i)).collect();
    let mut parts = Vec::new();
    let mut from = 0;
    for cut in cuts {
        parts.push(&block[from..cut]);
        from = cut;
    }
    parts.push(&block[from..]);
    parts
}

fn about_recipient(block: &[Field<'_>]) -> Option<Finding> {
    let final_recipient = typed(block, "Final-Recipient");
    let original = typed(block, "Original-Recipient");
    let action = fields::value(block, "Action").and_then(Fate::parse);
    let status = fields::value(block, "Status").and_then(status_code);
    let diagnostic = diagnostic(block);
    // The fields about the message have no recipient, and `Status:` alone is a mail reader's flag.
    if final_recipient.is_none() && original.is_none() && (action.is_none() || diagnostic.is_none()) {
        return None;
    }
    let mailbox = |v: &str| {
        let v = v.trim();
        let whole = tidy_mailbox(v);
        if whole.matches('@').count() == 1 && !whole.contains([' ', '<', '(', ';', ':']) {
            return whole.to_owned();
        }
        let exact = addresses(v).first().map(|a| (*a).to_owned());
        let tidy = tidy_mailbox(v).to_owned();
        // Quoted and odd local parts keep their form.
        if v.starts_with('<') || v.contains('"') { tidy } else { exact.unwrap_or(tidy) }
    };
    // Routing left-overs such as `@mx.example.org` name nobody.
    let recipient = final_recipient.map(mailbox).filter(|m| !m.is_empty() && !m.starts_with('@'));
    // Domino and others write the mailbox they could not read as `X-Actual-Recipient` only.
    let actual = typed(block, "X-Actual-Recipient").map(mailbox);
    let (remote_mta, remote_ip) = match typed(block, "Remote-MTA") {
        Some(value) => {
            let (host, ip) = host_and_ip(value);
            ((!host.is_empty()).then_some(host), ip)
        }
        None => (None, None),
    };
    let original = original.map(mailbox).filter(|m| !m.is_empty());
    Some(Finding {
        recipient: recipient.or(actual).or_else(|| original.clone()),
        original_recipient: original,
        fate: action,
        status,
        text: diagnostic.unwrap_or_default(),
        remote_mta,
        remote_ip,
        time: fields::value(block, "Last-Attempt-Date").and_then(rfc5322_date),
        ..Finding::default()
    })
}

/// `smtp; 550 5.1.1 no` without the type; several fields (some writers give two) become lines.
fn diagnostic(block: &[Field<'_>]) -> Option<String> {
    let mut best: Option<String> = None;
    for field in block.iter().filter(|f| f.name.eq_ignore_ascii_case("Diagnostic-Code")) {
        let value = without_type(&field.value).trim();
        let has_code = super::quoted::best_reply(value).is_some();
        let better = match &best {
            None => true,
            Some(have) => has_code && super::quoted::best_reply(have).is_none(),
        };
        if better && !value.is_empty() {
            best = Some(value.to_owned());
        }
    }
    best
}

/// The value of a field `type; value` without its type.
fn typed<'a>(block: &'a [Field<'_>], name: &str) -> Option<&'a str> {
    let value = without_type(fields::value(block, name)?).trim();
    (!value.is_empty()).then_some(value)
}

/// `rfc822; a@example.org` → `a@example.org`; a value without a type stays.
fn without_type(value: &str) -> &str {
    match value.split_once(';') {
        Some((kind, rest))
            if kind.len() < 24
                && kind.trim().chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') =>
        {
            rest
        }
        _ => value,
    }
}

/// `5.1.1 (bad destination mailbox address)` → 5.1.1
fn status_code(value: &str) -> Option<EnhancedStatus> {
    EnhancedStatus::at_start(value.trim_start_matches(['#', '(', ' '])).map(|(status, _)| status)
}

/// `mx.example.org [192.0.2.1]`, `mx.example.org (192.0.2.1, the server …)`, `[192.0.2.1]`, `192.0.2.1`.
pub(super) fn host_and_ip(value: &str) -> (String, Option<IpAddr>) {
    let value = value.trim();
    let host = value.split([' ', '(', '[', ',']).next().unwrap_or("").trim_end_matches('.');
    let ip = value
        .split([' ', '(', ')', '[', ']', ',', '<', '>'])
        .find_map(|t| t.strip_prefix("IPv6:").unwrap_or(t).parse().ok());
    let host =
        if host.is_empty() { ip.map_or(String::new(), |ip: IpAddr| ip.to_string()) } else { host.to_owned() };
    (host, ip)
}

/// A date of RFC 5322 §3.3, in UTC.
pub(super) fn rfc5322_date(value: &str) -> Option<Timestamp> {
    let mail = format!("Date: {}\r\n\r\n", value.replace(['\r', '\n'], " "));
    let mail =
        mail_parser::MessageParser::default().parse(mail.as_bytes()).and_then(|m| m.date().cloned())?;
    to_utc(&mail)
}

/// mail-parser's date in UTC.
pub(super) fn to_utc(date: &mail_parser::DateTime) -> Option<Timestamp> {
    if !date.is_valid() {
        return None;
    }
    chrono::DateTime::from_timestamp(date.to_timestamp(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let got: Vec<String> = read(text)
            .recipients
            .iter()
            .map(|f| {
                format!(
                    "{} {:?} {} {} | {}",
                    f.recipient.as_deref().unwrap_or("-"),
                    f.fate,
                    f.status.map_or("-".into(), |s| s.to_string()),
                    f.remote_mta.as_deref().unwrap_or("-"),
                    f.text
                )
            })
            .collect();
        assert_eq!(got, expect);
    }

    #[test]
    fn recipients() {
        check(
            "Reporting-MTA: dns; mail.example.org\n\nFinal-Recipient: rfc822; a@example.org\nAction: failed\n\
             Status: 5.1.1 (bad destination mailbox address)\nRemote-MTA: dns; mx.example.org [192.0.2.1]\n\
             Diagnostic-Code: smtp; 550 5.1.1 no\n   such user\n",
            &["a@example.org Some(Failed) 5.1.1 mx.example.org | 550 5.1.1 no such user"],
        );
        check(
            "Final-Recipient: rfc822;<a@example.org>\nAction: delayed\nFinal-Recipient: rfc822;b@example.org\n\
             Action: failed\nStatus: 5.0.0\nDiagnostic-Code: X-Unix; 67\n",
            &["a@example.org Some(Delayed) - - | ", "b@example.org Some(Failed) 5.0.0 - | 67"],
        );
        check("Reporting-MTA: dns; a\nArrival-Date: x\n", &[]);
        check("Status: RO\nX: y\n", &[]);
    }

    #[test]
    fn about_the_message() {
        let r = read(
            "Reporting-MTA: dns; mail.example.org\nX-Postfix-Queue-ID: 4F1C\nX-Postfix-Sender: rfc822; s@example.org\n",
        );
        assert_eq!(r.reporting_mta.as_deref(), Some("mail.example.org"));
        assert_eq!(r.queue_id.as_deref(), Some("4F1C"));
        assert_eq!(r.sender.as_deref(), Some("s@example.org"));
    }

    #[test]
    fn dates_are_utc() {
        let date = rfc5322_date("Thu, 29 Apr 2010 23:34:45 +0900 (JST)").map(|d| d.to_rfc3339());
        assert_eq!(date.as_deref(), Some("2010-04-29T14:34:45+00:00"));
        assert_eq!(rfc5322_date("yesterday"), None);
    }
}
