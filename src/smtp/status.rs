//! Reply codes (`550`) and enhanced status codes (`5.1.1`).

use std::fmt;

/// The three-digit code that starts an SMTP reply (RFC 5321 §4.2), 200 to 599.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReplyCode(u16);

impl ReplyCode {
    /// A reply code if `value` is one: 200 to 599.
    pub fn new(value: u16) -> Option<Self> {
        (200..=599).contains(&value).then_some(Self(value))
    }

    /// The code that stands at the very start of `text`, followed by no further digit.
    pub fn at_start(text: &str) -> Option<Self> {
        Self::at_start_of(text.as_bytes())
    }

    /// As [`Self::at_start`], where the text may be anything.
    pub fn at_start_of(bytes: &[u8]) -> Option<Self> {
        let digits = bytes.get(..3)?;
        if !digits.iter().all(u8::is_ascii_digit) || bytes.get(3).is_some_and(u8::is_ascii_digit) {
            return None;
        }
        Self::new(digits.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0')))
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }

    /// 5yz: do not send this again unchanged.
    pub fn is_permanent(self) -> bool {
        self.0 >= 500
    }

    /// 4yz: the server asks to try again.
    pub fn is_transient(self) -> bool {
        (400..500).contains(&self.0)
    }
}

impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// An enhanced status code such as `5.7.515` (RFC 3463): class 2, 4 or 5; subject and detail up to three digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EnhancedStatus {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    pub class: u8,
    /// 1 address, 2 mailbox, 3 mail system, 4 network, 5 protocol, 6 content, 7 security or policy.
    pub subject: u16,
    /// The particular condition.
    pub detail: u16,
}

impl EnhancedStatus {
    /// The code that stands at the very start of `text`, and what follows it.
    ///
    /// A triple that RFC 3463 does not allow (`0.0.0`, `9.9.9`, the start of an IP address) is none.
    pub fn at_start(text: &str) -> Option<(Self, &str)> {
        let class = match text.as_bytes() {
            [class @ (b'2' | b'4' | b'5'), b'.', ..] => class - b'0',
            _ => return None,
        };
        let (subject, rest) = number(&text[2..])?;
        let (detail, rest) = number(rest.strip_prefix('.')?)?;
        let goes_on = match rest.as_bytes() {
            [b'.', next, ..] => next.is_ascii_digit(),
            [next, ..] => next.is_ascii_alphanumeric(),
            [] => false,
        };
        (!goes_on).then_some((Self { class, subject, detail }, rest))
    }

    /// The code if `text` is one and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::at_start(text).and_then(|(status, rest)| rest.is_empty().then_some(status))
    }

    /// Class 5.
    pub fn is_permanent(self) -> bool {
        self.class == 5
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// One to three digits without a leading zero, and what follows them.
fn number(text: &str) -> Option<(u16, &str)> {
    let len = text.bytes().take(4).take_while(u8::is_ascii_digit).count();
    if len == 0 || len > 3 || (len > 1 && text.starts_with('0')) {
        return None;
    }
    Some((text[..len].parse().ok()?, &text[len..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got = EnhancedStatus::at_start(text).map(|(s, rest)| format!("{s}|{rest}"));
        assert_eq!(got.as_deref().unwrap_or("-"), expect, "{text}");
    }

    #[test]
    fn enhanced_status_codes() {
        check("5.1.1 unknown", "5.1.1| unknown");
        check("5.7.515", "5.7.515|");
        check("5.1.1: x", "5.1.1|: x");
        check("5.1.1. x", "5.1.1|. x");
        check("4.2.0", "4.2.0|");
        check("0.0.0 x", "-");
        check("9.9.9 x", "-");
        check("5.1", "-");
        check("5.1.1.9 is an address", "-");
        check("5.7.1234", "-");
        check("5.01.1", "-");
        check("5.1.1x", "-");
        check("", "-");
    }

    #[test]
    fn reply_codes_at_the_start() {
        assert_eq!(ReplyCode::at_start("550 x").map(ReplyCode::get), Some(550));
        assert_eq!(ReplyCode::at_start("550").map(ReplyCode::get), Some(550));
        assert_eq!(ReplyCode::at_start("550-x").map(ReplyCode::get), Some(550));
        assert_eq!(ReplyCode::at_start("5501"), None);
        assert_eq!(ReplyCode::at_start("199"), None);
        assert_eq!(ReplyCode::at_start("600 x"), None);
        assert_eq!(ReplyCode::at_start("55"), None);
    }
}
