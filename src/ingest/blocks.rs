//! A source in blocks of whole lines, in bounded memory.

use std::io::{self, Read};

/// The longest line that is kept whole. What is longer is cut here, and the cut is reported.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// How much is read at once, and how much at first: most mails are small.
const READ_BYTES: usize = 256 * 1024;
const FIRST_BYTES: usize = 16 * 1024;

/// Some whole lines. The last line of a source may lack its line end.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// The lines.
    pub bytes: &'a [u8],
    /// Number of the first line, from 1.
    pub line: u64,
    /// Offset of the first byte.
    pub start: u64,
    /// The (only) line of this block was longer than [`MAX_LINE_BYTES`]; what follows of it is not in any block.
    pub cut: bool,
}

/// Cuts what a reader gives into blocks.
pub struct Blocks<R> {
    reader: R,
    /// `buf[from..to]` was read and not yet given; the rest is room.
    buf: Vec<u8>,
    from: usize,
    to: usize,
    /// So many bytes from `from` on went out with the last block.
    given: usize,
    /// How many lines those are, if somebody has counted them.
    given_lines: Option<u64>,
    line: u64,
    start: u64,
    ended: bool,
    skipping: bool,
}

impl<R: Read> Blocks<R> {
    /// Blocks from the beginning of `reader`.
    pub fn new(reader: R) -> Self {
        Self::from_place(reader, 1, 0, false)
    }

    /// The first line of `reader` is line `line` of its source, at offset `start`. `in_line`: it begins within a line
    /// that was cut, whose rest is skipped.
    pub fn from_place(reader: R, line: u64, start: u64, in_line: bool) -> Self {
        let (buf, ended, skipping) = (Vec::new(), false, in_line);
        Self { reader, buf, from: 0, to: 0, given: 0, given_lines: None, line, start, ended, skipping }
    }

    /// Blocks of a source whose first bytes have been read already: they are not read or moved again. `reader` gives
    /// what follows, unless the source `ended` with them.
    pub fn begun(head: Vec<u8>, reader: R, ended: bool) -> Self {
        Self { to: head.len(), buf: head, ended, ..Self::new(reader) }
    }

    /// The last block was found to hold so many line ends: then they need not be counted again.
    pub fn has_line_ends(&mut self, n: u64) {
        self.given_lines = Some(n);
    }

    /// Line number and offset of what comes after the blocks given so far.
    pub fn place(&mut self) -> (u64, u64) {
        self.take_given();
        (self.line, self.start)
    }

    /// The next block; `None` at the end. After an error the lines read before it are still given, then the error,
    /// then the end.
    pub fn next_block(&mut self) -> io::Result<Option<Block<'_>>> {
        self.take_given();
        // No line end is in `buf[self.from..searched]`.
        let mut searched = self.from;
        loop {
            if self.skipping {
                self.skip_line();
                searched = self.from;
            }
            if !self.skipping {
                if let Some(at) = memchr::memrchr(b'\n', &self.buf[searched..self.to]) {
                    return Ok(Some(self.give(searched + at + 1 - self.from, false)));
                }
                searched = self.to;
                if self.to - self.from >= MAX_LINE_BYTES {
                    self.skipping = true;
                    return Ok(Some(self.give(MAX_LINE_BYTES, true)));
                }
            }
            if self.ended {
                let rest = self.to - self.from;
                return Ok((rest > 0 && !self.skipping).then(|| self.give(rest, false)));
            }
            let moved = self.make_room();
            searched -= moved;
            match self.fill() {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
    }

    fn give(&mut self, len: usize, cut: bool) -> Block<'_> {
        self.given = len;
        Block { bytes: &self.buf[self.from..self.from + len], line: self.line, start: self.start, cut }
    }

    /// Drops the block that was given last and moves the place on.
    fn take_given(&mut self) {
        let given = std::mem::take(&mut self.given);
        let bytes = &self.buf[self.from..self.from + given];
        let n_lines = self.given_lines.take();
        self.line += n_lines.unwrap_or_else(|| memchr::memchr_iter(b'\n', bytes).count() as u64);
        self.start += given as u64;
        self.from += given;
    }

    /// Drops the rest of a line that was cut.
    fn skip_line(&mut self) {
        let end = memchr::memchr(b'\n', &self.buf[self.from..self.to]);
        let drop = end.map_or(self.to - self.from, |at| at + 1);
        self.from += drop;
        self.start += drop as u64;
        if end.is_some() {
            self.line += 1;
            self.skipping = false;
        }
    }

    /// Moves what is there to the front, so that the same memory is used again; says how far.
    fn make_room(&mut self) -> usize {
        let moved = self.from;
        self.buf.copy_within(self.from..self.to, 0);
        (self.from, self.to) = (0, self.to - moved);
        let room = (2 * self.buf.len()).clamp(FIRST_BYTES, READ_BYTES);
        if self.buf.len() < self.to + room {
            self.buf.resize(self.to + room, 0);
        }
        moved
    }

    fn fill(&mut self) -> io::Result<usize> {
        loop {
            match self.reader.read(&mut self.buf[self.to..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => {
                    self.to += *result.as_ref().unwrap_or(&0);
                    return result;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Dribble<'a>(&'a [u8]);

    impl Read for Dribble<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n = self.0.len().min(1);
            buf[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn all(mut blocks: Blocks<impl Read>) -> Vec<(String, u64, u64)> {
        let mut out = Vec::new();
        while let Some(b) = blocks.next_block().expect("reads") {
            out.push((String::from_utf8_lossy(b.bytes).into_owned(), b.line, b.start));
        }
        out
    }

    #[test]
    fn whole_lines_with_their_places() {
        assert_eq!(all(Blocks::new(&b"a\nbb\nc"[..])), [("a\nbb\n".into(), 1, 0), ("c".into(), 3, 5)]);
        assert_eq!(
            all(Blocks::new(Dribble(b"a\nbb\nc"))),
            [("a\n".into(), 1, 0), ("bb\n".into(), 2, 2), ("c".into(), 3, 5)]
        );
        assert_eq!(all(Blocks::new(&b""[..])), []);
    }

    #[test]
    fn what_was_read_before_comes_first() {
        let begun = |head: &[u8], rest: &'static [u8], ended| all(Blocks::begun(head.to_vec(), rest, ended));
        let expect = [("a\n".into(), 1, 0), ("bb\n".into(), 2, 2), ("c".into(), 3, 5)];
        assert_eq!(begun(b"a\nb", b"b\nc", false), expect);
        assert_eq!(begun(b"a\nb", b"", true), [("a\n".into(), 1, 0), ("b".into(), 2, 2)]);
        assert_eq!(begun(b"", b"", true), []);
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_next_keeps_its_place() {
        let mut bytes = vec![b'x'; 3 * MAX_LINE_BYTES];
        bytes.extend_from_slice(b"\nnext\n");
        let mut blocks = Blocks::new(&bytes[..]);
        let first = blocks.next_block().expect("reads").expect("a block");
        assert_eq!((first.bytes.len(), first.line, first.cut), (MAX_LINE_BYTES, 1, true));
        let second = blocks.next_block().expect("reads").expect("a block");
        assert_eq!((second.bytes, second.line, second.start), (&b"next\n"[..], 2, bytes.len() as u64 - 5));
        assert!(blocks.next_block().expect("reads").is_none());
    }
}
