//! Numbers, times and texts as the window writes them.

use crate::model::{RejectionIdx, Snapshot, Timestamp};
use std::borrow::Cow;

/// `1204118` as `1,204,118`.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 refusal`, `2 refusals`.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// `part` of `whole` as `2.4 %`; nothing without a whole.
pub fn percent(part: u64, whole: u64) -> Option<String> {
    (whole > 0).then(|| format!("{:.1} %", part as f64 * 100.0 / whole as f64))
}

/// `17 Nov 14:59:07`, for columns.
pub fn time(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "–".to_owned(), |t| t.format("%d %b %H:%M:%S").to_string())
}

/// `17 Nov 2026 14:59:07 UTC`, where there is room.
pub fn full_time(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "not in the evidence".to_owned(), |t| t.format("%d %b %Y %H:%M:%S UTC").to_string())
}

/// How long ago: `now`, `4 min ago`, `1 h ago`, then the date.
pub fn ago(now: Timestamp, time: Option<Timestamp>) -> String {
    let Some(time) = time else { return "–".to_owned() };
    match (now - time).num_minutes() {
        i64::MIN..=0 => "now".to_owned(),
        minutes @ 1..60 => format!("{minutes} min ago"),
        minutes @ 60..1440 => format!("{} h ago", minutes / 60),
        _ => time.format("%d %b %H:%M").to_string(),
    }
}

/// `since 14 Nov`.
pub fn since(time: Option<Timestamp>) -> String {
    time.map_or_else(String::new, |t| format!("since {}", t.format("%d %b")))
}

/// `412 MB/s`.
pub fn speed(bytes: u64, seconds: f64) -> String {
    if seconds <= 0.05 {
        return String::new();
    }
    format!("{}/s", size((bytes as f64 / seconds) as u64))
}

/// `412 MB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}

/// The last part of a path; the whole text if it is none.
pub fn file_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit(['/', '\\']).next().filter(|n| !n.is_empty()).unwrap_or(path)
}

/// Control and bidirectional characters shown as escapes, so that evidence cannot play tricks on its reader.
/// Line ends stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| c == '\n' || !(c.is_control() || is_bidi(c));
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            '\r' => out.push_str("\\r"),
            c if harmless(c) => out.push(c),
            c => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
        }
    }
    Cow::Owned(out)
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Evidence on one line: line ends become blanks.
pub fn one_line(text: &str) -> String {
    visible(text).replace('\n', " ")
}

/// Sentence with `{placeholders}` filled in from one refusal.
pub fn fill(snapshot: &Snapshot, idx: Option<RejectionIdx>, text: &str) -> String {
    if !text.contains('{') {
        return text.to_owned();
    }
    let evidence = idx.and_then(|idx| snapshot.get(idx)).map(|r| &r.evidence);
    let recipient = evidence.and_then(|e| e.final_recipient.as_deref());
    let sender = evidence.and_then(|e| e.reverse_path.as_ref()).map(|p| p.as_str());
    let domain = |mailbox: Option<&str>| mailbox.and_then(crate::smtp::domain_of).map(str::to_owned);
    let values = [
        ("{recipient_domain}", domain(recipient), "the recipient's domain"),
        ("{sender_domain}", domain(sender), "the sender's domain"),
        ("{recipient}", recipient.map(str::to_owned), "the recipient"),
        ("{sender}", sender.map(str::to_owned), "the sender"),
        ("{remote_host}", evidence.and_then(|e| e.remote_mta.as_deref()).map(str::to_owned), "the remote host"),
        ("{our_ip}", None, "your outgoing IP"),
    ];
    let mut out = text.to_owned();
    for (name, value, otherwise) in values {
        if out.contains(name) {
            out = out.replace(name, value.as_deref().unwrap_or(otherwise));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_204_118), "1,204,118");
        assert_eq!(percent(24, 1000).as_deref(), Some("2.4 %"));
        assert_eq!(percent(0, 0), None);
    }

    #[test]
    fn evidence_plays_no_tricks() {
        assert_eq!(visible("a\u{202e}b\u{7}"), "a\\u{202e}b\\u{7}");
        assert_eq!(visible("a\nb"), "a\nb");
        assert_eq!(one_line("a\r\nb"), "a\\r b");
    }

    #[test]
    fn names() {
        assert_eq!(file_name("/var/log/mail.log"), "mail.log");
        assert_eq!(file_name("-"), "-");
    }
}
