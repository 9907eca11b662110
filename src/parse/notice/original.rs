//! The returned message: its headers, in a part of their own or at the end of a plain body.
//!
//! `------ This is a copy of the message, including all the headers. ------`, then `Return-Path:`, `Received:` …

use super::address::addresses;
use super::fields::{self, Field};
use super::status::rfc5322_date;
use crate::model::{OriginalMail, Text};
use crate::smtp::{ReversePath, tidy_mailbox};

/// What is kept of the returned message.
#[derive(Default, Debug, Clone)]
pub(super) struct Original {
    /// From, subject, date.
    pub mail: OriginalMail,
    /// Without angle brackets.
    pub message_id: Option<Text>,
    /// `Return-Path`, or what Exim and others wrote instead.
    pub reverse_path: Option<ReversePath>,
    /// `To:`, for notices that do not name the recipient.
    pub to: Vec<String>,
}

/// The longest header block read.
const MAX_HEADERS: usize = 256 * 1024;

/// Reads the headers at the start of `text`.
pub(super) fn read(text: &str) -> Original {
    // Blank lines in front are no end of the headers.
    let text = super::quoted::cap(text.trim_start(), MAX_HEADERS);
    let end = text.find("\n\n").or_else(|| text.find("\n\r\n")).unwrap_or(text.len());
    let text = &text[..end];
    let Some(block) = fields::blocks(text).into_iter().next() else { return Original::default() };
    from_fields(&block)
}

fn from_fields(block: &[Field<'_>]) -> Original {
    let get = |name| fields::value(block, name);
    let mailboxes = |name| get(name).map(|v| addresses(v).into_iter().map(str::to_owned).collect::<Vec<_>>());
    let reverse_path = get("Return-Path")
        .map(|v| ReversePath::parse(addresses(v).first().copied().unwrap_or_else(|| tidy_mailbox(v))));
    Original {
        mail: OriginalMail {
            from: get("From").map(Text::from),
            subject: get("Subject").map(Text::from),
            date: get("Date").and_then(rfc5322_date),
        },
        message_id: get("Message-ID").and_then(message_id),
        reverse_path,
        to: mailboxes("To")
            .filter(|l| !l.is_empty())
            .or_else(|| mailboxes("X-Envelope-To"))
            .unwrap_or_default(),
    }
}

/// `<id@example.org>` without the angle brackets.
pub(super) fn message_id(value: &str) -> Option<Text> {
    let id = value.trim();
    let id = id.split_once('<').map_or(id, |(_, rest)| rest);
    let id = id.split(['>', ' ']).next()?.trim();
    (!id.is_empty()).then(|| id.into())
}

/// Header names by which a returned message is recognised in a plain body.
const NAMES: [&str; 22] = [
    "received",
    "return-path",
    "message-id",
    "from",
    "to",
    "subject",
    "date",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "x-mailer",
    "reply-to",
    "sender",
    "dkim-signature",
    "x-received",
    "user-agent",
    "delivered-to",
    "references",
    "in-reply-to",
    "cc",
    "x-originating-ip",
    "importance",
];

/// Where the headers of the returned message start in a plain body, as the number of a line.
pub(super) fn start_in(lines: &[&str]) -> Option<usize> {
    (0..lines.len()).find(|i| is_header(lines[*i]) && looks_like_headers(&lines[*i..]))
}

/// At least three known fields in a row, one of them such as only a message has.
fn looks_like_headers(lines: &[&str]) -> bool {
    let (mut known, mut certain) = (0, false);
    for line in lines.iter().take(200) {
        if line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((name, _)) = fields::split(line) else { break };
        let name = name.to_ascii_lowercase();
        if super::quoted::is_status_field(&name) {
            return false;
        }
        known +=
            usize::from(NAMES.contains(&name.as_str()) || name.starts_with("x-") || name.starts_with("arc-"));
        certain |= matches!(
            name.as_str(),
            "received" | "return-path" | "message-id" | "mime-version" | "x-received" | "dkim-signature"
        );
        if known >= 3 && certain {
            return true;
        }
    }
    known >= 3 && certain
}

/// Whether `line` is a field such as messages have.
pub(super) fn is_header(line: &str) -> bool {
    fields::split(line).is_some_and(|(name, _)| {
        let name = name.to_ascii_lowercase();
        NAMES.contains(&name.as_str()) || name.starts_with("x-") || name.starts_with("arc-")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let o = read(
            "Return-path: <s@example.org>\nFrom: S <s@example.org>\nSubject: =?utf-8?Q?H=C3=A9?=\nMessage-Id: <1@example.org>\nTo: a@example.net\n\nbody",
        );
        assert_eq!(o.reverse_path, Some(ReversePath::parse("s@example.org")));
        assert_eq!(o.mail.subject.as_deref(), Some("Hé"));
        assert_eq!(o.message_id.as_deref(), Some("1@example.org"));
        assert_eq!(o.to, ["a@example.net"]);
        assert_eq!(read("Return-Path: <>\n").reverse_path, Some(ReversePath::Null));
    }

    #[test]
    fn headers_at_the_end_of_a_body() {
        #[track_caller]
        fn check(text: &str, expect: Option<usize>) {
            assert_eq!(start_in(&text.lines().collect::<Vec<_>>()), expect, "{text}");
        }
        check("no\n\nReceived: from x\n\tby y\nFrom: a\nSubject: b\n", Some(2));
        check("Reporting-MTA: dns; x\nFrom: a\nSubject: b\nMessage-ID: c\n", Some(1));
        check("Your message\nTo: a\nSubject: b\nSent: c\ndid not reach\n", None);
        check("Final-Recipient: rfc822; a\nAction: failed\nStatus: 5.0.0\n", None);
    }
}
