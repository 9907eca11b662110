//! From the thread that unpacks an archive to the one that reads a member of it: some blocks at a time.

use crossbeam_channel::{Receiver, Sender, bounded};
use std::io::{self, Cursor, Read};

/// So many blocks may wait to be read.
const MAX_WAITING: usize = 4;

/// The size of a block.
const BLOCK_BYTES: usize = 64 * 1024;

/// The end that is written to.
pub struct PipeIn(Sender<io::Result<Vec<u8>>>);

/// The end that is read.
pub struct PipeOut {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: Cursor<Vec<u8>>,
    ended: bool,
}

/// A new pipe.
pub fn pipe() -> (PipeIn, PipeOut) {
    let (blocks, receiver) = bounded(MAX_WAITING);
    (PipeIn(blocks), PipeOut { blocks: receiver, block: Cursor::default(), ended: false })
}

impl PipeIn {
    /// Sends all that `reader` gives, and the error that ends it. Ends early if nobody reads any more.
    pub fn pump(self, reader: &mut dyn Read) {
        loop {
            let mut block = Vec::with_capacity(BLOCK_BYTES);
            let result = (&mut *reader).take(BLOCK_BYTES as u64).read_to_end(&mut block);
            let ended = block.len() < BLOCK_BYTES;
            if !block.is_empty() && self.0.send(Ok(block)).is_err() {
                return;
            }
            if let Err(error) = result {
                self.fail(error);
                return;
            }
            if ended {
                return;
            }
        }
    }

    /// Sends all that `reader` gives, then an error.
    pub fn pump_then_fail(self, reader: &mut dyn Read, error: io::Error) {
        self.pump(&mut reader.chain(Fails(Some(error))));
    }

    /// Ends with an error.
    pub fn fail(self, error: io::Error) {
        let _ = self.0.send(Err(error));
    }
}

/// Gives an error once.
struct Fails(Option<io::Error>);

impl Read for Fails {
    fn read(&mut self, _buf: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

impl Read for PipeOut {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.block.read(buf)?;
            if n > 0 || buf.is_empty() || self.ended {
                return Ok(n);
            }
            match self.blocks.recv() {
                Ok(Ok(block)) => self.block = Cursor::new(block),
                Ok(Err(error)) => {
                    self.ended = true;
                    return Err(error);
                }
                Err(_) => self.ended = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_comes_through_in_order() {
        for len in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, 10 * BLOCK_BYTES + 7] {
            let bytes: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
            let (to, mut from) = pipe();
            let mut got = Vec::new();
            std::thread::scope(|scope| {
                scope.spawn(|| to.pump(&mut &bytes[..]));
                from.read_to_end(&mut got).expect("reads");
            });
            assert_eq!(got, bytes, "{len}");
        }
    }

    #[test]
    fn an_error_comes_last_and_nobody_need_read() {
        let (to, mut from) = pipe();
        to.fail(io::ErrorKind::UnexpectedEof.into());
        assert_eq!(from.read(&mut [0]).expect_err("an error").kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(from.read(&mut [0]).expect("the end"), 0);
        let (to, from) = pipe();
        drop(from);
        to.pump(&mut io::repeat(0));
    }
}
