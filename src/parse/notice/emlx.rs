//! A mail as Apple Mail keeps it: a line with its length in bytes, the mail, and a property list.
//!
//! `2317      ` / `Return-Path: <>` … `<?xml version="1.0" encoding="UTF-8"?>`

use std::ops::Range;

/// Whether a line is the length that such a file begins with.
pub fn is_length(line: &[u8]) -> bool {
    length(line).is_some()
}

/// Where the mail stands, if `bytes` begins with its length. A file that was cut holds less than it says.
pub fn message(bytes: &[u8]) -> Option<Range<usize>> {
    let end = memchr::memchr(b'\n', bytes)?;
    let len = length(&bytes[..end])?;
    let start = end + 1;
    Some(start..start.saturating_add(len).min(bytes.len()))
}

fn length(line: &[u8]) -> Option<usize> {
    let digits = line.trim_ascii_end();
    let is_number = (1..=10).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    if !is_number {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_without_what_is_around_them() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(message(text.as_bytes()).map(|span| &text[span]), expect, "{text:?}");
        };
        check("6       \nA: 1\n\n<?xml version=\"1.0\"?>", Some("A: 1\n\n"));
        check("6\r\nA: 1\n\nrest", Some("A: 1\n\n"));
        check("9999\nA: 1\n", Some("A: 1\n"));
        check("9999999999\n", Some(""));
        check("99999999999\nA: 1\n", None);
        check("550 no\nA: 1\n", None);
        check("6", None);
        check("\nA: 1\n", None);
    }
}
