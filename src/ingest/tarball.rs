//! `mail-logs.tar`, also compressed: the members of a tar archive (POSIX ustar and pax, GNU, and those of old).

use super::archive::{Walk, Whole, is_hidden, member_name};
use super::packing::named;
use super::watch::Watched;
use crate::model::{ProblemKind, Timestamp};
use std::cell::RefCell;
use std::io::{self, Read};

/// A header's size.
const BLOCK: usize = 512;

/// Where a header keeps its checksum (POSIX.1-2008 `pax`, ustar format).
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// Whether the bytes begin with the header of a tar archive: its checksum fits.
pub(super) fn is_tar(head: &[u8]) -> bool {
    let Some(block) = head.get(..BLOCK).filter(|block| block[0] != 0) else { return false };
    let digits = block[CHECKSUM].trim_ascii_start();
    let digits = &digits[..digits.iter().take_while(|b| matches!(b, b'0'..=b'7')).count()];
    let said = digits.iter().fold(0u32, |sum, digit| (sum << 3) | u32::from(digit - b'0'));
    let bytes = block.iter().enumerate();
    let sum: u32 = bytes.map(|(at, b)| if CHECKSUM.contains(&at) { 32 } else { u32::from(*b) }).sum();
    !digits.is_empty() && said == sum
}

/// Hands on the members of the tar archive that `reader` gives.
pub(super) fn walk(walk: &mut Walk<'_>, name: &str, place: &mut Vec<u32>, reader: &mut dyn Read) {
    let watch = walk.watch;
    let failure = RefCell::new(None);
    let mut archive = tar::Archive::new(Noting { inner: Watched::new(reader, watch), failure: &failure });
    let mut failed = None;
    match archive.entries() {
        Err(error) => failed = Some(error),
        Ok(mut entries) => {
            for n in 0.. {
                if walk.is_over() {
                    return;
                }
                let mut entry = match watch.in_headers(|| entries.next()) {
                    None => break,
                    Some(Ok(entry)) => entry,
                    Some(Err(error)) => {
                        failed = Some(error);
                        break;
                    }
                };
                if !walk.count() {
                    return;
                }
                let own = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                let kind = entry.header().entry_type();
                let is_file = kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse();
                let written = entry.header().mtime().ok().and_then(time);
                let left = entry.size();
                let mut entry = Whole { left, inner: &mut entry, format: "tar" };
                if is_file && !is_hidden(&own) && !walk.passes_by(place, n) {
                    place.push(n);
                    walk.inside(member_name(name, &own), place, written, &mut entry);
                    place.pop();
                    if walk.wanted_in(place).is_some() {
                        return;
                    }
                }
                // The library would do so as if it were a header.
                if let Err(error) = io::copy(&mut entry, &mut io::sink()) {
                    failed = Some(error);
                    break;
                }
            }
        }
    }
    // What follows is empty, but a compressed stream may be damaged there.
    if failed.is_none() {
        let _ = io::copy(&mut archive.into_inner(), &mut io::sink());
    }
    // The library puts its own words in place of what failed.
    let why = failure.take().or_else(|| Some(super::open::reason(&named(failed?, "tar"))));
    if let Some(why) = why {
        walk.problem(name, ProblemKind::Truncated, format!("{why}; what came before was read"));
    }
}

fn time(seconds: u64) -> Option<Timestamp> {
    chrono::DateTime::from_timestamp(i64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?, 0)
}

/// Keeps in mind why reading failed.
struct Noting<'a, R> {
    inner: R,
    failure: &'a RefCell<Option<String>>,
}

impl<R: Read> Read for Noting<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let result = self.inner.read(buf);
        if let Err(error) = &result
            && error.kind() != io::ErrorKind::Interrupted
        {
            *self.failure.borrow_mut() = Some(super::open::reason(error));
        }
        result
    }
}
