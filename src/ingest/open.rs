//! Opening one input: gzip is undone, UTF-16 becomes UTF-8, what was read of the file is counted.

use crate::model::Timestamp;
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An input that is ready to be read.
pub struct Opened {
    /// The decompressed text.
    pub reader: Box<dyn Read + Send>,
    /// When it was last written; `None` for standard input and pastes.
    pub written: Option<Timestamp>,
    /// The bytes on disk are not the bytes of the text (gzip or UTF-16).
    pub decoded: bool,
}

/// Opens a file. `read` is raised by the bytes taken from disk, for progress.
pub fn open_file(path: &Path, read: Arc<AtomicU64>) -> io::Result<Opened> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    if meta.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    let written = meta.modified().ok().map(Timestamp::from);
    let mut opened = open_reader(Counting { inner: file, read })?;
    opened.written = written;
    Ok(opened)
}

/// Opens standard input.
pub fn open_stdin(read: Arc<AtomicU64>) -> io::Result<Opened> {
    open_reader(Counting { inner: io::stdin(), read })
}

/// Opens bytes in memory: pasted text, or a sample the program carries.
pub fn open_bytes(bytes: Arc<[u8]>, read: Arc<AtomicU64>) -> io::Result<Opened> {
    open_reader(Counting { inner: Cursor::new(bytes), read })
}

/// A sentence for an error of the system, for people.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "no permission to read it".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::UnexpectedEof => "the gzip data ends early".to_owned(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            format!("the gzip data is damaged ({error})")
        }
        _ => error.to_string(),
    }
}

/// How much is looked at to recognise compression and encoding.
const MAGIC_BYTES: usize = 4;

/// How much is read to see it: all of most mails, so that they are read in one go.
const FIRST_BYTES: usize = 8 * 1024;

/// Opens anything that can be read; it has no date.
pub fn open_reader(reader: impl Read + Send + 'static) -> io::Result<Opened> {
    let (magic, reader) = peek(reader, FIRST_BYTES)?;
    if magic.starts_with(&[0x1f, 0x8b]) {
        // No more than that: what stands before damaged data has to come out first.
        let packed = MultiGzDecoder::new(BufReader::with_capacity(64 * 1024, reader));
        let (magic, text) = peek(packed, MAGIC_BYTES)?;
        return Ok(Opened { reader: decoded_text(text, is_utf16(&magic)), written: None, decoded: true });
    }
    let utf16 = is_utf16(&magic);
    Ok(Opened { reader: decoded_text(reader, utf16), written: None, decoded: utf16 })
}

/// The first bytes, and a reader that still gives them. At most `n_bytes` are read for it.
fn peek(
    mut reader: impl Read + Send + 'static,
    n_bytes: usize,
) -> io::Result<(Vec<u8>, impl Read + Send + 'static)> {
    let (mut first, mut len) = (vec![0; n_bytes], 0);
    while len < MAGIC_BYTES {
        match reader.read(&mut first[len..]) {
            Ok(0) => break,
            Ok(n) => len += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    first.truncate(len);
    let magic = first[..len.min(MAGIC_BYTES)].to_vec();
    Ok((magic, Cursor::new(first).chain(reader)))
}

fn is_utf16(magic: &[u8]) -> bool {
    magic.starts_with(&[0xff, 0xfe]) || magic.starts_with(&[0xfe, 0xff])
}

fn decoded_text(reader: impl Read + Send + 'static, utf16: bool) -> Box<dyn Read + Send> {
    if utf16 {
        Box::new(DecodeReaderBytesBuilder::new().bom_sniffing(true).strip_bom(true).build(reader))
    } else {
        Box::new(reader)
    }
}

/// Counts what is read through it.
struct Counting<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn text_of(bytes: &[u8]) -> (String, bool, u64) {
        let read = Arc::new(AtomicU64::new(0));
        let mut opened = open_bytes(bytes.into(), Arc::clone(&read)).expect("opens");
        let mut text = String::new();
        opened.reader.read_to_string(&mut text).expect("reads");
        (text, opened.decoded, read.load(Ordering::Relaxed))
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).expect("compresses");
        encoder.finish().expect("ends")
    }

    #[test]
    fn plain_gzip_and_utf16() {
        assert_eq!(text_of(b"550 no"), ("550 no".into(), false, 6));
        assert_eq!(text_of(b""), (String::new(), false, 0));
        assert_eq!(text_of(b"x").0, "x");
        let mut members = gzip(b"550 ");
        members.extend(gzip(b"no"));
        let n = members.len() as u64;
        assert_eq!(text_of(&members), ("550 no".into(), true, n));
        assert_eq!(text_of(b"\xff\xfe5\x005\x000\x00").0, "550");
    }

    #[test]
    fn a_truncated_gzip_gives_what_it_holds() {
        let whole = gzip(&b"550 no such user\n".repeat(20_000));
        let read = Arc::new(AtomicU64::new(0));
        let mut opened = open_bytes(whole[..whole.len() / 2].into(), read).expect("opens");
        let mut text = Vec::new();
        let error = opened.reader.read_to_end(&mut text).expect_err("ends early");
        assert_eq!(reason(&error), "the gzip data ends early");
        assert!(text.len() > 10_000);
    }
}
