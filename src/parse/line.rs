//! Lines of a source with their place.

use super::dress;
use crate::model::{Origin, SourceId};

/// One line without its line end.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The source it stands in.
    pub source: SourceId,
    /// The bytes, without `\n` or `\r\n`.
    pub bytes: &'a [u8],
    /// Line number, from 1.
    pub number: u64,
    /// Byte offset of its first byte in the source.
    pub start: u64,
    /// It holds none of the bytes that [`is_dressed`](super::dress::is_dressed) looks for within a line. `false` if
    /// nobody has looked.
    pub plain: bool,
}

impl Line<'_> {
    /// Its place.
    pub fn origin(&self) -> Origin {
        Origin {
            source: self.source,
            line: self.number,
            start: self.start,
            len: u32::try_from(self.bytes.len()).unwrap_or(u32::MAX),
        }
    }
}

/// The lines of a piece of a source. `\n` ends a line; one `\r` before it is not part of the line.
pub struct Lines<'a> {
    source: SourceId,
    rest: &'a [u8],
    first: u64,
    number: u64,
    start: u64,
    /// How many bytes of `rest` are known to be plain, if it is known.
    plain: Option<usize>,
}

impl<'a> Lines<'a> {
    /// The lines of `bytes`, whose first is line `number` at offset `start`.
    pub fn new(source: SourceId, bytes: &'a [u8], number: u64, start: u64) -> Self {
        Self { source, rest: bytes, first: number, number, start, plain: None }
    }

    /// How many line ends were met so far.
    pub fn n_ends(&self) -> u64 {
        self.number - self.first
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (raw, taken, ends) = match memchr::memchr(b'\n', self.rest) {
            Some(at) => (&self.rest[..at], at + 1, 1),
            None => (self.rest, self.rest.len(), 0),
        };
        let bytes = raw.strip_suffix(b"\r").unwrap_or(raw);
        // One search for many lines: such bytes are rare.
        let plain = *self.plain.get_or_insert_with(|| dress::plain_len(self.rest));
        self.plain = plain.checked_sub(taken);
        let plain = plain >= bytes.len();
        let line = Line { source: self.source, bytes, number: self.number, start: self.start, plain };
        self.rest = &self.rest[taken..];
        self.number += ends;
        self.start += taken as u64;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_places() {
        let got: Vec<_> = Lines::new(SourceId(0), b"a\r\nbb\n\nc", 5, 100)
            .map(|l| (String::from_utf8_lossy(l.bytes).into_owned(), l.number, l.start))
            .collect();
        assert_eq!(
            got,
            [("a".into(), 5, 100), ("bb".into(), 6, 103), (String::new(), 7, 106), ("c".into(), 8, 107)]
        );
    }

    #[test]
    fn plain_lines() {
        let plain = |text: &str| -> String {
            let lines = Lines::new(SourceId(0), text.as_bytes(), 1, 0);
            lines.map(|line| if line.plain { 'p' } else { '-' }).collect()
        };
        assert_eq!(plain("a\nb\nc"), "ppp");
        assert_eq!(plain("&\nb\n&&x\n\nc&"), "-p-p-");
        assert_eq!(plain("a\r\n\u{1b}\r\n\u{a0}b\nc\n"), "p--p");
    }
}
