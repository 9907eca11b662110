//! Opening one input: compression is undone, UTF-16 becomes UTF-8, what was read of the file is counted.

use super::packing::{Damage, Packing};
use crate::model::Timestamp;
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An input that is ready to be read.
pub struct Opened {
    /// The decompressed text.
    pub reader: Box<dyn Read + Send>,
    /// When it was last written; `None` for standard input and pastes.
    pub written: Option<Timestamp>,
    /// The bytes on disk are not the bytes of the text (compressed, or UTF-16).
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
    open_reader(stdin(read))
}

/// Standard input as it is.
pub fn stdin(read: Arc<AtomicU64>) -> impl Read + Send + 'static {
    counted(io::stdin(), read)
}

/// Raises `read` by what is read of `inner`.
pub fn counted(inner: impl Read + Send + 'static, read: Arc<AtomicU64>) -> impl Read + Send + 'static {
    Counting { inner, read }
}

/// Opens bytes in memory: pasted text, or a sample the program carries.
pub fn open_bytes(bytes: Arc<[u8]>, read: Arc<AtomicU64>) -> io::Result<Opened> {
    open_reader(Counting { inner: Cursor::new(bytes), read })
}

/// A sentence for an error of the system, for people.
pub fn reason(error: &io::Error) -> String {
    if let Some(damage) = error.get_ref().and_then(|inner| inner.downcast_ref::<Damage>()) {
        return damage.to_string();
    }
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "no permission to read it".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::UnexpectedEof => "the data ends early".to_owned(),
        _ => error.to_string(),
    }
}

/// How much is looked at to recognise compression, encoding and archives.
pub(super) const MAGIC_BYTES: usize = 512;

/// How much is read to see it: all of most mails, so that they are read in one go.
const FIRST_BYTES: usize = 8 * 1024;

/// Opens anything that can be read; it has no date.
pub fn open_reader(reader: impl Read + Send + 'static) -> io::Result<Opened> {
    Ok(unpack(reader)?.into_text())
}

/// An input whose compression is undone.
pub(super) struct Unpacked {
    /// Its first bytes; the reader still gives them.
    pub head: Vec<u8>,
    /// Its bytes.
    pub reader: Box<dyn Read + Send>,
    /// How it was compressed.
    pub packing: Option<Packing>,
}

/// Undoes the compression of an input.
pub(super) fn unpack(reader: impl Read + Send + 'static) -> io::Result<Unpacked> {
    let (head, reader) = peek(reader, FIRST_BYTES)?;
    match Packing::of(&head) {
        // No more than that: what stands before damaged data has to come out first.
        Some(packing) => {
            let (head, reader) = peek(packing.decode(reader), MAGIC_BYTES)?;
            Ok(Unpacked { head, reader: Box::new(reader), packing: Some(packing) })
        }
        None => Ok(Unpacked { head, reader: Box::new(reader), packing: None }),
    }
}

impl Unpacked {
    /// Its text as UTF-8.
    pub fn into_text(self) -> Opened {
        let Self { head, reader, packing } = self;
        let utf16 = utf16(&head);
        let reader = match utf16 {
            Some(encoding) => Box::new(
                DecodeReaderBytesBuilder::new()
                    .encoding(Some(encoding))
                    .bom_override(true)
                    .strip_bom(true)
                    .build(reader),
            ),
            None => reader,
        };
        Opened { reader, written: None, decoded: packing.is_some() || utf16.is_some() }
    }
}

/// The first bytes, and a reader that still gives them. At most `n_bytes` are read for it.
pub(super) fn peek<R: Read>(mut reader: R, n_bytes: usize) -> io::Result<(Vec<u8>, Peeked<R>)> {
    let (mut first, mut len, mut failed) = (vec![0; n_bytes], 0, None);
    while len < MAGIC_BYTES.min(n_bytes) {
        match reader.read(&mut first[len..]) {
            Ok(0) => break,
            Ok(n) => len += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if len == 0 => return Err(error),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    first.truncate(len);
    let magic = first[..len.min(MAGIC_BYTES)].to_vec();
    Ok((magic, Peeked { first: Cursor::new(first), failed, reader }))
}

/// Gives what was read before, the error that reading met then, and what follows.
pub(super) struct Peeked<R> {
    first: Cursor<Vec<u8>>,
    failed: Option<io::Error>,
    reader: R,
}

impl<R: Read> Read for Peeked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.first.read(buf)? {
            0 => match self.failed.take() {
                Some(error) => Err(error),
                None => self.reader.read(buf),
            },
            n => Ok(n),
        }
    }
}

/// The kind of UTF-16 that a text is in: by its byte order mark, else by the NUL beside each ASCII letter.
fn utf16(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [0xff, 0xfe, ..] => return Some(UTF_16LE),
        [0xfe, 0xff, ..] => return Some(UTF_16BE),
        _ => {}
    }
    // Text in another script has a first line of ASCII all the same: a time stamp, a header field, a column name.
    let pairs = head.chunks_exact(2).take(32);
    let (mut n_pairs, mut little, mut big) = (0, 0, 0);
    for pair in pairs {
        n_pairs += 1;
        let is_text = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
        little += usize::from(is_text(pair[0]) && pair[1] == 0);
        big += usize::from(is_text(pair[1]) && pair[0] == 0);
    }
    match n_pairs {
        0 | 1 => None,
        _ if little * 10 >= n_pairs * 9 => Some(UTF_16LE),
        _ if big * 10 >= n_pairs * 9 => Some(UTF_16BE),
        _ => None,
    }
}

/// Counts what is read through it.
pub(super) struct Counting<R> {
    /// What is read.
    pub inner: R,
    /// Raised by the bytes read.
    pub read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl<R: Seek> Seek for Counting<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
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
    fn utf_16_with_and_without_a_mark() {
        let text = "Date,Status\r\n17.11.2026,550 5.1.1 Empf\u{e4}nger unbekannt \u{1f4ea}\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, mark) in [(little, [0xff, 0xfe]), (big, [0xfe, 0xff])] {
            assert_eq!(text_of(&bytes), (text.into(), true, bytes.len() as u64), "no mark");
            assert_eq!(text_of(&[&mark[..], &bytes].concat()).0, text, "mark");
            assert_eq!(text_of(&gzip(&bytes)).0, text, "gzip");
            assert_eq!(
                text_of(&bytes[..bytes.len() - 1]).0,
                format!("{}\u{fffd}", &text[..text.len() - 1]),
                "cut"
            );
        }
        // A few NULs do not make it UTF-16.
        for bytes in [&b"5\0"[..], b"550\0no\0", b"a log\n\0\0\0\0\0\0", b"\0\0\0\0", b"5\xff5\xfe"] {
            assert_eq!(utf16(bytes), None, "{bytes:?}");
        }
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
