//! A source in blocks of whole lines, in bounded memory.

use std::io::{self, Read};

/// The longest line that is kept whole. What is longer is cut here, and the cut is reported.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// How much is read at once.
const READ_BYTES: usize = 256 * 1024;

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
    /// Room; `buf[..filled]` holds bytes. Its size never shrinks, so that a small read costs no clearing.
    buf: Vec<u8>,
    filled: usize,
    /// `buf[..given]` went out with the last block.
    given: usize,
    line: u64,
    start: u64,
    ended: bool,
    skipping: bool,
}

impl<R: Read> Blocks<R> {
    /// Blocks from the beginning of `reader`.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            buf: Vec::new(),
            filled: 0,
            given: 0,
            line: 1,
            start: 0,
            ended: false,
            skipping: false,
        }
    }

    /// The next block; `None` at the end. After an error the lines read before it are still given, then the error,
    /// then the end.
    pub fn next_block(&mut self) -> io::Result<Option<Block<'_>>> {
        self.take_given();
        loop {
            if self.skipping {
                self.skip_line();
            }
            if !self.skipping {
                if let Some(at) = memchr::memrchr(b'\n', &self.buf[..self.filled]) {
                    return Ok(Some(self.give(at + 1, false)));
                }
                if self.filled >= MAX_LINE_BYTES {
                    self.skipping = true;
                    return Ok(Some(self.give(MAX_LINE_BYTES, true)));
                }
            }
            if self.ended {
                let rest = self.filled;
                return Ok((rest > 0 && !self.skipping).then(|| self.give(rest, false)));
            }
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
        Block { bytes: &self.buf[..len], line: self.line, start: self.start, cut }
    }

    /// Drops the block that was given last and moves the place on.
    fn take_given(&mut self) {
        let given = std::mem::take(&mut self.given);
        self.line += memchr::memchr_iter(b'\n', &self.buf[..given]).count() as u64;
        self.start += given as u64;
        self.drop_front(given);
    }

    /// Drops the rest of a line that was cut.
    fn skip_line(&mut self) {
        let end = memchr::memchr(b'\n', &self.buf[..self.filled]);
        let drop = end.map_or(self.filled, |at| at + 1);
        self.drop_front(drop);
        self.start += drop as u64;
        if end.is_some() {
            self.line += 1;
            self.skipping = false;
        }
    }

    fn drop_front(&mut self, len: usize) {
        self.buf.copy_within(len..self.filled, 0);
        self.filled -= len;
    }

    fn fill(&mut self) -> io::Result<usize> {
        let room = self.filled + READ_BYTES;
        if self.buf.len() < room {
            self.buf.resize(room, 0);
        }
        loop {
            match self.reader.read(&mut self.buf[self.filled..room]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => {
                    self.filled += *result.as_ref().unwrap_or(&0);
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
