//! What stands behind blank lines without end: a file may begin with as many as it likes.

use std::io::{self, Read};

/// So much is read at once.
const READ_BYTES: usize = 64 * 1024;

/// The first text of a source, and its place.
#[derive(PartialEq, Eq, Debug)]
pub struct FirstText {
    /// The text, from the beginning of its line on where that is known; at most some 128 KiB.
    pub text: Vec<u8>,
    /// Number of its first line, from 1.
    pub line: u64,
    /// Offset of its first byte.
    pub start: u64,
}

/// Reads on until something other than blanks comes. `blank` was read before, and is blank. `None` at the end.
pub fn behind_blanks(blank: Vec<u8>, reader: &mut impl Read) -> io::Result<Option<FirstText>> {
    let (mut line, mut start, mut text) = (1, 0, blank);
    loop {
        let first = text.iter().position(|byte| !byte.is_ascii_whitespace());
        let until = first.unwrap_or(text.len());
        let line_start = memchr::memrchr(b'\n', &text[..until]).map(|at| at + 1);
        // Blanks at the beginning of the line are of no account if they were left behind.
        let from = if first.is_some() { line_start.unwrap_or(until) } else { until };
        line += memchr::memchr_iter(b'\n', &text[..from]).count() as u64;
        start += from as u64;
        if first.is_some() {
            text.drain(..from);
            reader.take(READ_BYTES as u64).read_to_end(&mut text)?;
            return Ok(Some(FirstText { text, line, start }));
        }
        text.clear();
        if reader.take(READ_BYTES as u64).read_to_end(&mut text)? == 0 {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_text_is_found() {
        let check = |head: &str, rest: &str, expect: Option<(&str, u64, u64)>| {
            let found = behind_blanks(head.into(), &mut rest.as_bytes()).unwrap();
            let got = found.map(|found| (String::from_utf8(found.text).unwrap(), found.line, found.start));
            assert_eq!(got, expect.map(|(text, line, start)| (text.to_owned(), line, start)));
        };
        check("\n\n", "", None);
        check("\n\n", "\n  a\nb", Some(("  a\nb", 4, 3)));
        check(" ", " a", Some(("a", 1, 2)));
        let blank = "\n".repeat(3 * READ_BYTES - 1);
        check("\n", &format!("{blank}\r\n x"), Some((" x", 3 * 65_536 + 2, 3 * 65_536 + 2)));
    }
}
