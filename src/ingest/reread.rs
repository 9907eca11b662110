//! Reading spans of a source again, for the Raw tab: raw lines are not kept in memory.

use super::Blocks;
use super::open::reason;
use super::open_location;
use crate::model::SourceLocation;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::RangeInclusive;

/// Lines to read again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineSpan {
    /// Line numbers, from 1.
    pub lines: RangeInclusive<u64>,
    /// A place at or before the first of them from which reading may begin: line number and byte offset.
    pub from: (u64, u64),
}

/// Why lines cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum RereadError {
    /// Standard input is gone once read.
    #[error("standard input cannot be read a second time; save it to a file and open that")]
    Stream,
    /// The file cannot be opened any more.
    #[error("{0}")]
    Gone(String),
}

/// The lines of `spans` (in ascending order), with their numbers. Stops when `cancelled` says so.
pub fn reread(
    location: &SourceLocation,
    spans: &[LineSpan],
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<(u64, Vec<u8>)>, RereadError> {
    let mut out = Vec::new();
    let Some(first) = spans.first() else { return Ok(out) };
    let (mut line, reader) = open_at(location, first.from)?;
    let mut wanted = spans.iter().peekable();
    let mut blocks = Blocks::new(reader);
    while let Ok(Some(block)) = blocks.next_block() {
        if cancelled() {
            break;
        }
        let mut bytes = block.bytes;
        while !bytes.is_empty() {
            let end = memchr::memchr(b'\n', bytes);
            let text = &bytes[..end.unwrap_or(bytes.len())];
            while wanted.next_if(|span| *span.lines.end() < line).is_some() {}
            let Some(span) = wanted.peek() else { return Ok(out) };
            if span.lines.contains(&line) {
                out.push((line, text.strip_suffix(b"\r").unwrap_or(text).to_vec()));
            }
            bytes = &bytes[end.map_or(bytes.len(), |at| at + 1)..];
            line += 1;
        }
    }
    Ok(out)
}

/// A reader at or before the wanted place, and the number of the line it begins with.
fn open_at(location: &SourceLocation, from: (u64, u64)) -> Result<(u64, Box<dyn Read + Send>), RereadError> {
    let gone = |error: io::Error| RereadError::Gone(reason(&error));
    if matches!(location, SourceLocation::Stream) {
        return Err(RereadError::Stream);
    }
    let opened = open_location(location, Default::default()).map_err(gone)?;
    if let (SourceLocation::File(path), false) = (location, opened.decoded) {
        let mut file = File::open(path).map_err(gone)?;
        file.seek(SeekFrom::Start(from.1)).map_err(gone)?;
        return Ok((from.0, Box::new(file)));
    }
    // What is decoded or in an archive can only be read from its beginning.
    Ok((1, opened.reader))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn plain_and_compressed_lines_come_back() {
        let dir = tempfile::tempdir().expect("a folder");
        let text = b"one\r\ntwo\nthree\nfour\n";
        let plain = dir.path().join("a.log");
        std::fs::write(&plain, text).expect("a file");
        let packed = dir.path().join("a.log.gz");
        let mut gz =
            flate2::write::GzEncoder::new(File::create(&packed).expect("a file"), Default::default());
        gz.write_all(text).expect("compresses");
        gz.finish().expect("ends");
        let spans = [LineSpan { lines: 2..=2, from: (2, 5) }, LineSpan { lines: 4..=9, from: (4, 15) }];
        for path in [plain, packed] {
            let got = reread(&SourceLocation::File(path), &spans, &|| false).expect("reads");
            assert_eq!(got, [(2, b"two".to_vec()), (4, b"four".to_vec())]);
        }
    }
}
