//! Numbers, times and texts as the window writes them.

use crate::model::Timestamp;

pub use crate::notes::visible;
pub use crate::query::words::{counted, fmt_count as number};

/// Evidence on one line, with its hidden characters shown.
pub fn one_line(text: &str) -> String {
    crate::notes::one_line(text).into_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(percent(24, 1000).as_deref(), Some("2.4 %"));
        assert_eq!(percent(0, 0), None);
    }

    #[test]
    fn names() {
        assert_eq!(file_name("/var/log/mail.log"), "mail.log");
        assert_eq!(file_name("-"), "-");
    }
}
