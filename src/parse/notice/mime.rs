//! The parts of a notice: words for people, delivery status, returned message (RFC 3462, RFC 3464, RFC 6522).
//!
//! `Content-Type: multipart/report; report-type=delivery-status` holds `text/plain`, `message/delivery-status` and
//! `message/rfc822` or `text/rfc822-headers`. Many systems send the same parts in another order or another multipart.

use super::address::addresses;
use super::fields::{self, Field};
use super::quoted;
use super::status::to_utc;
use crate::model::Timestamp;
use mail_parser::{HeaderName, Message, MessagePart, MimeHeaders as _, PartType};
use std::borrow::Cow;

/// The parts that matter.
#[derive(Default)]
pub(super) struct Parts<'a> {
    /// Plain text.
    pub plain: Vec<Cow<'a, str>>,
    /// HTML as plain text.
    pub html: Vec<String>,
    /// `message/delivery-status`
    pub status: Vec<String>,
    /// `text/rfc822-headers`
    pub headers: Vec<Cow<'a, str>>,
    /// `message/rfc822`
    pub messages: Vec<&'a Message<'a>>,
    /// An abuse report (RFC 5965) or a read receipt (RFC 8098).
    pub other_report: bool,
    /// `multipart/report` about a delivery.
    pub delivery_report: bool,
}

/// The longest HTML that is turned into text.
const MAX_HTML: usize = 512 * 1024;

/// Sorts the parts of a message.
pub(super) fn parts<'a>(message: &'a Message<'a>) -> Parts<'a> {
    let mut parts = Parts::default();
    for (n, part) in message.parts.iter().enumerate() {
        let kind = content_type(part);
        match kind.as_str() {
            "message/delivery-status" | "message/global-delivery-status" => parts.status.push(text_of(part)),
            "message/feedback-report"
            | "message/disposition-notification"
            | "message/global-disposition-notification" => {
                parts.other_report = true;
            }
            "text/rfc822-headers" | "message/global-headers" | "message/rfc822-headers" => {
                parts.headers.push(Cow::Owned(text_of(part)));
            }
            "multipart/report" if n == 0 => match report_type(part).as_deref() {
                Some("feedback-report" | "disposition-notification") => parts.other_report = true,
                _ => parts.delivery_report = true,
            },
            _ => match &part.body {
                PartType::Text(text) => parts.plain.push(Cow::Borrowed(text.as_ref())),
                PartType::Html(html) => {
                    parts.html.push(mail_parser::decoders::html::html_to_text(quoted::cap(html, MAX_HTML)));
                }
                PartType::Message(nested) => parts.messages.push(nested),
                PartType::Binary(bytes) | PartType::InlineBinary(bytes) if kind.starts_with("message/") => {
                    parts.headers.push(String::from_utf8_lossy(bytes));
                }
                // A multipart without a boundary, or one that never comes.
                PartType::Binary(bytes) if kind.starts_with("multipart/") => {
                    parts.plain.push(String::from_utf8_lossy(bytes));
                }
                _ => {}
            },
        }
    }
    let nothing = parts.status.is_empty() && parts.messages.is_empty() && parts.html.is_empty();
    if nothing && parts.plain.iter().all(|t| t.trim().is_empty()) {
        parts.plain = vec![body_of(message)];
    }
    parts
}

/// The body as written: for a multipart whose boundaries are broken.
fn body_of<'a>(message: &'a Message<'a>) -> Cow<'a, str> {
    let Some(root) = message.parts.first() else { return Cow::Borrowed("") };
    let raw: &[u8] = message.raw_message.as_ref();
    let (from, to) = (root.offset_body as usize, root.offset_end as usize);
    let body = raw.get(from..to).filter(|b| !b.is_empty()).or_else(|| raw.get(from..));
    String::from_utf8_lossy(body.unwrap_or(b""))
}

fn content_type(part: &MessagePart<'_>) -> String {
    part.content_type().map_or(String::new(), |c| {
        let mut kind = c.ctype().to_ascii_lowercase();
        if let Some(subtype) = c.subtype() {
            kind.push('/');
            kind.push_str(&subtype.to_ascii_lowercase());
        }
        kind
    })
}

fn report_type(part: &MessagePart<'_>) -> Option<String> {
    part.content_type()?.attribute("report-type").map(str::to_ascii_lowercase)
}

/// Text whose character set nobody declares: UTF-8, or ISO-2022-JP by its escape sequences.
fn undeclared(bytes: &[u8]) -> String {
    let japanese = memchr::memmem::find(bytes, b"\x1b$").is_some();
    let encoding = if japanese { encoding_rs::ISO_2022_JP } else { encoding_rs::UTF_8 };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

fn text_of(part: &MessagePart<'_>) -> String {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.clone().into_owned(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => undeclared(bytes),
        PartType::Message(message) => headers_of(message),
        PartType::Multipart(_) => String::new(),
    }
}

/// The header block of a message as written.
pub(super) fn headers_of(message: &Message<'_>) -> String {
    let Some(root) = message.parts.first() else { return String::new() };
    let (from, to) = (root.offset_header as usize, root.offset_body as usize);
    message.raw_message.get(from..to).map_or(String::new(), |raw| String::from_utf8_lossy(raw).into_owned())
}

/// The start of an attached message as written: where blank lines stand in front, its headers are in its body.
pub(super) fn start_of(message: &Message<'_>) -> String {
    let headers = headers_of(message);
    if !headers.trim().is_empty() {
        return headers;
    }
    quoted::cap(&body_of(message), MAX_HTML).to_owned()
}

/// What the headers of the notice itself say.
#[derive(Default, Debug)]
pub(super) struct Head {
    /// Decoded.
    pub subject: String,
    /// Whom it is from, as written.
    pub from: String,
    /// Whom it is to: the sender of what was refused.
    pub to: Vec<String>,
    /// When it was written.
    pub date: Option<Timestamp>,
    /// `X-Failed-Recipients`
    pub failed: Vec<String>,
    /// `Auto-Submitted: auto-replied`, and its older relatives.
    pub auto_replied: bool,
    /// `Return-Path: <>`: written by a mail system.
    pub null_sender: bool,
}

impl Head {
    /// Whether the sender is called as mail systems call themselves.
    pub fn is_from_daemon(&self) -> bool {
        let from = self.from.to_ascii_lowercase();
        [
            "mailer-daemon",
            "mailer_daemon",
            "postmaster",
            "mail delivery",
            "mail-daemon",
            "mdaemon",
            "mailerdaemon",
            "microsoftexchange",
            "maildelivery",
            "mail system",
        ]
        .iter()
        .any(|name| from.contains(name))
    }
}

/// Reads the headers of a notice.
pub(super) fn head(message: &Message<'_>) -> Head {
    let text = headers_of(message);
    let block: Vec<Field<'_>> = fields::blocks(&text).into_iter().flatten().collect();
    let get = |name| fields::value(&block, name);
    let all = |name: &str| -> Vec<String> {
        let values = block.iter().filter(|f| f.name.eq_ignore_ascii_case(name));
        let mut list: Vec<String> = Vec::new();
        for mailbox in values.flat_map(|f| addresses(&f.value)) {
            if !list.iter().any(|l| l.eq_ignore_ascii_case(mailbox)) {
                list.push(mailbox.to_owned());
            }
        }
        list
    };
    let auto = get("Auto-Submitted").unwrap_or("").to_ascii_lowercase();
    Head {
        subject: get("Subject").unwrap_or("").to_owned(),
        from: get("From").unwrap_or("").to_owned(),
        to: all("To"),
        date: message.header(HeaderName::Date).and_then(|v| v.as_datetime()).and_then(to_utc),
        failed: all("X-Failed-Recipients"),
        auto_replied: auto.starts_with("auto-replied")
            || ["X-Autoreply", "X-Autorespond", "X-Auto-Response-From"].iter().any(|n| get(n).is_some())
            || get("Precedence").is_some_and(|p| p.eq_ignore_ascii_case("auto_reply")),
        null_sender: get("Return-Path")
            .is_some_and(|v| v.trim() == "<>" || v.trim().to_ascii_lowercase().starts_with("<mailer-daemon")),
    }
}
