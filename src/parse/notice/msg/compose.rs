//! A message in a compound file, written down as an internet mail.

use super::props::{File, Is, Object};
use super::rtf;
use crate::parse::notice::fields;
use crate::smtp::EnhancedStatus;

/// So deep are messages in messages written down.
const MAX_DEPTH: usize = 4;

/// The most attachments of one message that are looked at.
const MAX_ATTACHMENTS: usize = 64;

/// The content type of RFC 3464.
const STATUS: &str = "message/delivery-status";

/// The longest mail that is written down.
const MAX_MAIL: usize = 32 << 20;

/// The message that the file is.
pub(super) fn mail(file: &mut File<'_>) -> Vec<u8> {
    let message = Object::at(file, String::new(), Is::Message);
    let mut out = String::new();
    write(file, &message, 0, &mut out);
    out.into_bytes()
}

/// What a report says of all its recipients ([MS-OXOMSG] section 2.2.3: the last part of the message class).
fn action_of(class: &str) -> Option<&'static str> {
    let class = class.to_ascii_uppercase();
    if !class.starts_with("REPORT.") {
        return None;
    }
    Some(match class.rsplit('.').next()? {
        "NDR" => "failed",
        "DELAYED" => "delayed",
        "DR" => "delivered",
        _ => return None,
    })
}

fn write(file: &mut File<'_>, message: &Object, depth: usize, out: &mut String) {
    let class = message.text(file, 0x001a).unwrap_or_default();
    let action = action_of(&class);
    let as_sent = message.text(file, 0x007d).unwrap_or_default();
    let lower = as_sent.to_ascii_lowercase();
    let was_report = lower.contains("multipart/report") && lower.contains("delivery-status");
    let is_receipt = class.to_ascii_uppercase().starts_with("REPORT.") && action.is_none();
    headers(file, message, &as_sent, out);
    let mut parts = bodies(file, message);
    let attached = attachments(file, message, depth, out.len());
    let has_status = attached.iter().any(|(kind, _)| *kind == STATUS);
    if let (Some(action), false) = (action, has_status) {
        parts.extend(status(file, message, action).map(|status| (STATUS, status)));
    }
    parts.extend(attached);
    let kind = if is_receipt {
        "multipart/report; report-type=disposition-notification"
    } else if action.is_some() || was_report || has_status {
        "multipart/report; report-type=delivery-status"
    } else {
        "multipart/mixed"
    };
    // A multipart has to have parts.
    if parts.is_empty() {
        out.push_str("Content-Type: text/plain\n\n");
        return;
    }
    // A part that holds this line harms only itself.
    let boundary = format!("=_part_of_msg_{depth}");
    out.push_str(&format!("MIME-Version: 1.0\nContent-Type: {kind}; boundary=\"{boundary}\"\n"));
    for (kind, text) in parts {
        if out.len() + text.len() > MAX_MAIL {
            break;
        }
        let charset = if kind.starts_with("text/") { "; charset=utf-8" } else { "" };
        out.push_str(&format!("\n--{boundary}\nContent-Type: {kind}{charset}\n"));
        out.push_str("Content-Transfer-Encoding: 8bit\n\n");
        out.push_str(&text);
    }
    out.push_str(&format!("\n--{boundary}--\n"));
}

/// The header fields as they came, or made of properties where there are none.
fn headers(file: &mut File<'_>, message: &Object, as_sent: &str, out: &mut String) {
    let mut known = Vec::new();
    let mut keep = false;
    for line in as_sent.lines() {
        if line.trim().is_empty() {
            if known.is_empty() {
                continue;
            }
            break;
        }
        if !line.starts_with([' ', '\t']) {
            let name = fields::split(line).map(|(name, _)| name.to_ascii_lowercase());
            // The parts are written down in another way than they were sent.
            keep = name.as_ref().is_some_and(|n| !n.starts_with("content-") && n != "mime-version");
            known.extend(name);
        }
        if keep {
            out.push_str(line);
            out.push('\n');
        }
    }
    let address = |file: &mut File<'_>, ids: &[u16]| {
        ids.iter().find_map(|id| message.text(file, *id).filter(|text| text.contains('@')))
    };
    let from = address(file, &[0x5d01, 0x0c1f]);
    let name = message.text(file, 0x0c1a);
    let from = match (name, from) {
        (Some(name), Some(from)) => Some(format!("\"{}\" <{from}>", name.replace(['"', '\\'], "'"))),
        (name, from) => from.or(name),
    };
    let sent = message.time(0x0e06).or_else(|| message.time(0x0039));
    let date = sent.and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0)).map(|d| d.to_rfc2822());
    let made = [
        ("From", from),
        ("To", address(file, &[0x5d07, 0x0076, 0x0067])),
        ("Subject", message.text(file, 0x0037)),
        ("Date", date),
        ("Message-ID", message.text(file, 0x1035)),
    ];
    for (name, value) in made {
        if let Some(value) = value.filter(|_| !known.iter().any(|k| k.eq_ignore_ascii_case(name))) {
            out.push_str(&format!("{name}: {}\n", one_line(&value)));
        }
    }
}

/// The words for people, in every form there is.
fn bodies(file: &mut File<'_>, message: &Object) -> Vec<(&'static str, String)> {
    let mut parts = Vec::new();
    let body = message.text(file, 0x1000);
    let html = message
        .bytes(file, 0x1013)
        .map(|bytes| message.text_of(&bytes))
        .or_else(|| message.text(file, 0x1013));
    let body = match (body, &html) {
        (None, None) => message.bytes(file, 0x1009).and_then(|packed| rtf::text(&packed)),
        (body, _) => body,
    };
    // Of a report, what its writer says.
    let report = message.text(file, 0x1001);
    let report = report.filter(|report| !body.as_ref().is_some_and(|body| body.contains(report.trim())));
    parts.extend(report.into_iter().chain(body).map(|text| ("text/plain", lines(&text))));
    parts.extend(html.map(|html| ("text/html", lines(&html))));
    parts
}

/// The attached parts of a notice: the delivery status and the returned message.
fn attachments(
    file: &mut File<'_>,
    message: &Object,
    depth: usize,
    len: usize,
) -> Vec<(&'static str, String)> {
    let mut parts = Vec::new();
    let mut room = MAX_MAIL.saturating_sub(len);
    for attachment in message.parts(file, "attach").into_iter().take(MAX_ATTACHMENTS) {
        let part = if let Some(inner) = attachment.embedded(file) {
            if depth >= MAX_DEPTH {
                continue;
            }
            let mut text = String::new();
            write(file, &inner, depth + 1, &mut text);
            ("message/rfc822", text)
        } else {
            let Some(bytes) = attachment.bytes(file, 0x3701) else { continue };
            let kind = attachment.text(file, 0x370e).unwrap_or_default();
            let name = attachment.text(file, 0x3707).or_else(|| attachment.text(file, 0x3704));
            let Some(kind) = kind_of(&kind, &name.unwrap_or_default(), &bytes) else { continue };
            (kind, lines(&message.text_of(&bytes)))
        };
        room = match room.checked_sub(part.1.len()) {
            Some(room) => room,
            None => break,
        };
        parts.push(part);
    }
    parts
}

/// The content type of an attachment that says something of a refusal.
fn kind_of(declared: &str, name: &str, bytes: &[u8]) -> Option<&'static str> {
    const KINDS: [&str; 3] = [STATUS, "message/rfc822", "text/rfc822-headers"];
    if let Some(kind) = KINDS.into_iter().find(|kind| declared.trim().eq_ignore_ascii_case(kind)) {
        return Some(kind);
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).to_ascii_lowercase();
    let fields = ["reporting-mta:", "final-recipient:"];
    if fields.iter().any(|field| head.trim_start().starts_with(field)) {
        return Some(STATUS);
    }
    name.to_ascii_lowercase().ends_with(".eml").then_some("message/rfc822")
}

/// The delivery status of RFC 3464 that the recipients of a report tell.
fn status(file: &mut File<'_>, report: &Object, action: &str) -> Option<String> {
    let mut out = String::new();
    let mut field = |name: &str, value: &str| out.push_str(&format!("{name}: {}\n", one_line(value)));
    if let Some(mta) = report.text(file, 0x6820) {
        field("Reporting-MTA", &typed(&mta));
    }
    let recipients = report.parts(file, "recip");
    let mut n = 0;
    for recipient in recipients {
        let is_smtp = recipient.text(file, 0x3002).is_some_and(|kind| kind.eq_ignore_ascii_case("SMTP"));
        let address = recipient
            .text(file, 0x39fe)
            .or_else(|| recipient.text(file, 0x3003).filter(|a| is_smtp || a.contains('@')))
            .or_else(|| recipient.text(file, 0x3001).filter(|a| a.contains('@')));
        let Some(address) = address else { continue };
        n += 1;
        out.push('\n');
        let mut field = |name: &str, value: &str| out.push_str(&format!("{name}: {}\n", one_line(value)));
        field("Final-Recipient", &format!("rfc822;{}", address.trim()));
        field("Action", action);
        let info = recipient.text(file, 0x0c1b).unwrap_or_default();
        let Info { remote_mta, status, diagnostic } = Info::read(&info);
        if let Some(status) = status {
            field("Status", status);
        }
        if let Some(mta) = recipient.text(file, 0x0c21).or_else(|| remote_mta.map(str::to_owned)) {
            field("Remote-MTA", &typed(&mta));
        }
        if let Some(diagnostic) = diagnostic {
            field("Diagnostic-Code", diagnostic);
        }
    }
    (n > 0).then_some(out)
}

/// What `PidTagSupplementaryInfo` holds ([MS-OXCMAIL], on delivery status notifications).
#[derive(PartialEq, Eq, Debug, Default)]
pub(super) struct Info<'a> {
    pub remote_mta: Option<&'a str>,
    pub status: Option<&'a str>,
    pub diagnostic: Option<&'a str>,
}

impl<'a> Info<'a> {
    /// `<mx.example.net #5.1.1 smtp;550 5.1.1 no such user>`, each part of it optional; else the text is the diagnostic.
    pub fn read(text: &'a str) -> Self {
        let text = text.trim();
        let some = |part: &'a str| Some(part.trim()).filter(|part| !part.is_empty());
        let whole = Self { diagnostic: some(text), ..Self::default() };
        // Exchange 2003 writes `> #SMTP#` at the end.
        let Some(inside) = text.strip_prefix('<').and_then(|t| t.rfind('>').map(|end| &t[..end])) else {
            return whole;
        };
        let Some((host, rest)) = inside.split_once('#') else { return whole };
        let (status, diagnostic) = rest.split_once(' ').unwrap_or((rest, ""));
        let is_status = EnhancedStatus::at_start(status).is_some_and(|(_, rest)| rest.is_empty());
        if !is_status || host.trim().contains(' ') {
            return whole;
        }
        Self { remote_mta: some(host), status: Some(status), diagnostic: some(diagnostic) }
    }
}

/// `dns; mx.example.net`: with the type of the name in front.
fn typed(host: &str) -> String {
    if host.contains(';') { host.to_owned() } else { format!("dns; {host}") }
}

/// As the value of a header field.
fn one_line(value: &str) -> String {
    value.trim().split(['\r', '\n', '\0']).map(str::trim).collect::<Vec<_>>().join(" ")
}

/// With line feeds alone at the end of lines.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "")
}
