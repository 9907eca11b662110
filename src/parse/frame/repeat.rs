//! Lines that stand for others: a syslog that writes the same line once, and later how often it came again.
//!
//! `Nov 17 14:51:37 mx last message repeated 3 times` (syslogd; `--- … ---` on macOS) is about the line before,
//! `Nov 17 14:51:37 mx postfix/smtpd[7]: message repeated 3 times: [ NOQUEUE: reject: …]` (rsyslog) tells itself
//! which one; its text is cut after 800 bytes.

/// Who says that a line was repeated, where the line names no program.
pub const PROGRAM: &str = "syslogd";

/// How often a line came again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Repeat<'a> {
    /// So many times more.
    pub times: u32,
    /// Its message, where that is told; perhaps cut.
    pub message: Option<&'a str>,
}

/// Whether a message says so: a quick look.
pub fn is_repeat(message: &str) -> bool {
    matches!(message.as_bytes().first(), Some(b'l' | b'm' | b'-')) && repeat(message).is_some()
}

/// Reads `last message repeated 3 times` and `message repeated 3 times: [ text]`.
pub fn repeat(message: &str) -> Option<Repeat<'_>> {
    let counted = |rest: &'_ str| -> Option<(u32, usize)> {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let times = rest[..digits]
            .bytes()
            .fold(0u32, |n, digit| n.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
        let unit = [" times", " time"].into_iter().find(|unit| rest[digits..].starts_with(unit))?;
        (digits > 0).then_some((times, digits + unit.len()))
    };
    if let Some(rest) = message.strip_prefix("message repeated ") {
        let (times, end) = counted(rest)?;
        let text = rest[end..].strip_prefix(": [")?;
        let text = text.strip_prefix(' ').unwrap_or(text);
        return Some(Repeat { times, message: Some(text.strip_suffix(']').unwrap_or(text)) });
    }
    let (rest, ends) = match message.strip_prefix("--- ") {
        Some(rest) => (rest, " ---"),
        None => (message, ""),
    };
    let rest = rest.strip_prefix("last message repeated ")?;
    let (times, end) = counted(rest)?;
    (rest[end..].trim_end() == ends).then_some(Repeat { times, message: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expect: Option<(u32, Option<&str>)>) {
        assert_eq!(repeat(message).map(|r| (r.times, r.message)), expect, "{message}");
        assert_eq!(is_repeat(message), expect.is_some());
    }

    #[test]
    fn repeats() {
        check("last message repeated 3 times", Some((3, None)));
        check("last message repeated 1 time", Some((1, None)));
        check("--- last message repeated 12 times ---", Some((12, None)));
        check(
            "message repeated 3 times: [ NOQUEUE: reject: x [y]]",
            Some((3, Some("NOQUEUE: reject: x [y]"))),
        );
        check(
            "message repeated 3 times: [ NOQUEUE: reject: cut o",
            Some((3, Some("NOQUEUE: reject: cut o"))),
        );
        check("last message repeated 99999999999 times", Some((u32::MAX, None)));
        for message in [
            "",
            "-",
            "last message",
            "last message repeated many times",
            "last message repeated 3 times a day",
            "--- last message repeated 3 times",
            "message repeated 3 times",
            "4F1C: last message repeated 3 times",
        ] {
            check(message, None);
        }
    }
}
