//! Compressed streams: gzip, bzip2, xz and Zstandard, recognised by their first bytes and undone as they are read.
//!
//! `mail.log.1.gz`, `mail.log-20261117.xz`, KumoMTA's `.zst`. Streams that follow one another in a file are read as one
//! text. What stands before damaged data comes out first, then an error that names the format.

use super::zstd::Zstd;
use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;
use std::fmt;
use std::io::{self, BufReader, Read};

/// A format of compressed streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packing {
    /// RFC 1952.
    Gzip,
    /// `.bz2`
    Bzip2,
    /// `.xz`
    Xz,
    /// RFC 8878.
    Zstd,
}

/// The most memory that the window of one stream may take: what `xz` and `zstd` themselves accept by default.
pub(super) const MAX_WINDOW_BYTES: u64 = 128 << 20;

/// What a decoder needs besides its window.
const XZ_EXTRA_KIB: u32 = 8 << 10;

/// Read from the input at once.
const INPUT_BYTES: usize = 64 * 1024;

impl Packing {
    /// The format of data that begins so.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            // "BZh9", then a block or the end: a text may begin with the four letters.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            // A frame, or one that is to be skipped.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "Zstandard",
        }
    }

    /// The text of a stream. It ends with the first error.
    pub fn decode<R: Read>(self, reader: R) -> Decoder<R> {
        let input = BufReader::with_capacity(INPUT_BYTES, reader);
        let inner = match self {
            Self::Gzip => Inner::Gzip(Box::new(MultiGzDecoder::new(input))),
            Self::Bzip2 => Inner::Bzip2(Box::new(MultiBzDecoder::new(input))),
            Self::Xz => {
                let limit = (MAX_WINDOW_BYTES >> 10) as u32 + XZ_EXTRA_KIB;
                Inner::Xz(Box::new(XzReader::new_mem_limit(input, true, limit)))
            }
            Self::Zstd => Inner::Zstd(Box::new(Zstd::new(input))),
        };
        Decoder { inner, packing: self, ended: false }
    }
}

enum Inner<R: Read> {
    Gzip(Box<MultiGzDecoder<BufReader<R>>>),
    Bzip2(Box<MultiBzDecoder<BufReader<R>>>),
    Xz(Box<XzReader<BufReader<R>>>),
    Zstd(Box<Zstd<BufReader<R>>>),
}

/// Gives the text of a compressed stream.
pub struct Decoder<R: Read> {
    inner: Inner<R>,
    packing: Packing,
    /// Nothing is asked of a decoder that failed.
    ended: bool,
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.ended || buf.is_empty() {
            return Ok(0);
        }
        let result = match &mut self.inner {
            Inner::Gzip(reader) => reader.read(buf),
            Inner::Bzip2(reader) => reader.read(buf),
            Inner::Xz(reader) => reader.read(buf),
            Inner::Zstd(reader) => reader.read(buf),
        };
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.ended = true;
                Err(named(error, self.packing.name()))
            }
            Ok(n) => {
                self.ended = n == 0;
                Ok(n)
            }
        }
    }
}

/// What is wrong with packed data: a sentence for people.
#[derive(Debug)]
pub(super) struct Damage(pub String);

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Damage {}

impl Damage {
    /// As an error of reading.
    pub fn error(message: String) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, Self(message))
    }
}

/// Says of which format an error is; one of the system stays as it is.
pub(super) fn named(error: io::Error, format: &str) -> io::Error {
    if error.get_ref().is_some_and(|inner| inner.is::<Damage>()) {
        return error;
    }
    let message = match error.kind() {
        _ if ends_early(&error) => format!("the {format} data ends early"),
        io::ErrorKind::OutOfMemory => format!(
            "the {format} data needs more than {} MiB of memory to be unpacked; unpack it yourself first",
            MAX_WINDOW_BYTES >> 20
        ),
        io::ErrorKind::InvalidInput
        | io::ErrorKind::InvalidData
        | io::ErrorKind::Unsupported
        | io::ErrorKind::Other
            if error.raw_os_error().is_none() =>
        {
            format!("the {format} data is damaged ({error})")
        }
        _ => return error,
    };
    Damage::error(message)
}

/// The end of the input is behind the error, however deep.
fn ends_early(error: &io::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof) {
            return true;
        }
        // An `io::Error` with another inside gives the source of that, not that itself.
        source = match io.and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::Write as _;

    /// All formats.
    pub const ALL: [Packing; 4] = [Packing::Gzip, Packing::Bzip2, Packing::Xz, Packing::Zstd];

    /// Packs a text.
    pub fn pack(packing: Packing, text: &[u8]) -> Vec<u8> {
        match packing {
            Packing::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(text).expect("compresses");
                encoder.finish().expect("ends")
            }
            Packing::Bzip2 => {
                let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
                encoder.write_all(text).expect("compresses");
                encoder.finish().expect("ends")
            }
            Packing::Xz => {
                let options = lzma_rust2::XzOptions::with_preset(1);
                let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).expect("begins");
                encoder.write_all(text).expect("compresses");
                encoder.finish().expect("ends")
            }
            Packing::Zstd => {
                ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
            }
        }
    }

    fn unpack(packing: Packing, bytes: &[u8]) -> (Vec<u8>, Option<String>) {
        let mut out = Vec::new();
        let error = packing.decode(bytes).read_to_end(&mut out).err();
        (out, error.map(|error| error.to_string()))
    }

    fn text() -> Vec<u8> {
        (0..20_000).flat_map(|n| format!("{} no such user {n}\n", 550 + n % 5).into_bytes()).collect()
    }

    #[test]
    fn streams_one_behind_the_other() {
        for packing in ALL {
            let text = text();
            let packed = pack(packing, &text);
            assert_eq!(Packing::of(&packed), Some(packing));
            assert_eq!(unpack(packing, &packed), (text.clone(), None), "{packing:?}");
            let empty = pack(packing, b"");
            assert_eq!(Packing::of(&empty), Some(packing), "an empty text");
            let several = [&packed[..], &empty, &pack(packing, b"end\n")].concat();
            assert_eq!(unpack(packing, &several), ([&text[..], b"end\n"].concat(), None), "{packing:?}");
        }
    }

    #[test]
    fn what_comes_before_the_damage_is_given() {
        let text = text();
        for packing in ALL {
            let packed = pack(packing, &text);
            for cut in (1..packed.len()).step_by(packed.len() / 40) {
                let (got, error) = unpack(packing, &packed[..cut]);
                assert!(text.starts_with(&got), "{packing:?} cut at {cut}");
                let error = error.unwrap_or_else(|| panic!("{packing:?} cut at {cut}: no error"));
                assert_eq!(error, format!("the {} data ends early", packing.name()), "cut at {cut}");
            }
            let mut damaged = packed.clone();
            let half = damaged.len() / 2;
            damaged[half..half + 40].fill(0xa5);
            let (_, error) = unpack(packing, &damaged);
            let error = error.expect("it is damaged");
            assert!(error.starts_with(&format!("the {} data ", packing.name())), "{packing:?}: {error}");
        }
    }

    #[test]
    fn nothing_else_is_taken_for_packed() {
        for head in
            [&b""[..], b"B", b"BZh9 is no log", b"\x1f", b"\xfd7zX", b"(\xb5/", b"550 no", b"PK\x03\x04"]
        {
            assert_eq!(Packing::of(head), None, "{head:?}");
        }
    }

    proptest::proptest! {
        /// Whatever stands behind the first bytes.
        #[test]
        fn arbitrary_bytes_behind_the_magic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600),
                                            keep in 4usize..80) {
            for packing in ALL {
                let mut packed = pack(packing, b"550 5.1.1 no such user here\n");
                packed.truncate(keep);
                packed.extend_from_slice(&bytes);
                let (got, _) = unpack(packing, &packed);
                proptest::prop_assert!(got.len() < 10_000_000);
            }
        }
    }
}
