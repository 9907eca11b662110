//! A big plain file in segments of whole lines, so that several threads can read it.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A segment holds the lines whose first byte is in `from..to`; the file is read with its own offset, so any number
/// of segments may be read at one time.
pub struct Segment {
    file: Arc<File>,
    at: u64,
    /// The line that is being read here is the last.
    last_line_from: u64,
    ended: bool,
    read: Arc<AtomicU64>,
}

/// How much is looked at in one go to find a line's end.
const LOOK_BYTES: usize = 64 * 1024;

impl Segment {
    /// The lines of `file` that begin in `from..to`. Gives the offset of the first of them, too. `read` is raised by
    /// the bytes taken from disk, for progress.
    pub fn open(file: &Arc<File>, from: u64, to: u64, read: &Arc<AtomicU64>) -> io::Result<(u64, Self)> {
        let (file, read) = (Arc::clone(file), Arc::clone(read));
        let mut segment = Self { file, at: from, last_line_from: to, ended: false, read };
        if from > 0 {
            segment.skip_begun_line(from - 1)?;
        }
        Ok((segment.at, segment))
    }

    /// The line at `at` begins before the segment.
    fn skip_begun_line(&mut self, mut at: u64) -> io::Result<()> {
        let mut bytes =
            vec![0; LOOK_BYTES.min(usize::try_from(self.last_line_from - at).unwrap_or(LOOK_BYTES))];
        while at < self.last_line_from {
            let n = read_at(&self.file, &mut bytes, at)?;
            if n == 0 {
                break;
            }
            if let Some(end) = memchr::memchr(b'\n', &bytes[..n]) {
                self.at = at + end as u64 + 1;
                self.ended = self.at >= self.last_line_from;
                return Ok(());
            }
            at += n as u64;
        }
        (self.at, self.ended) = (self.last_line_from, true);
        Ok(())
    }
}

impl Read for Segment {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        let mut n = read_at(&self.file, buf, self.at)?;
        // The line end at or after the last byte of the segment ends it.
        let inside = usize::try_from((self.last_line_from - 1).saturating_sub(self.at)).unwrap_or(n).min(n);
        if let Some(end) = memchr::memchr(b'\n', &buf[inside..n]) {
            n = inside + end + 1;
            self.ended = true;
        }
        self.at += n as u64;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Reads at an offset, without moving the file's own.
pub fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        #[cfg(unix)]
        let result = std::os::unix::fs::FileExt::read_at(file, buf, offset);
        #[cfg(windows)]
        let result = std::os::windows::fs::FileExt::seek_read(file, buf, offset);
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn segments_hold_every_line_once() {
        for text in [
            "",
            "a",
            "a\n",
            "\n\n\n",
            "aaa\nbb\n\nccccccccc\nd\ne",
            "a long line without an end",
            "\r\na\r\n",
        ] {
            let mut file = tempfile::tempfile().expect("a file");
            file.write_all(text.as_bytes()).expect("is written");
            let file = Arc::new(file);
            let len = text.len() as u64;
            for size in 1..=len + 1 {
                let (mut whole, mut at) = (String::new(), 0);
                while at < len {
                    let to = if at + size >= len { u64::MAX } else { at + size };
                    let (start, mut segment) = Segment::open(&file, at, to, &Arc::default()).expect("opens");
                    let mut part = String::new();
                    segment.read_to_string(&mut part).expect("reads");
                    assert!(part.is_empty() || start == whole.len() as u64, "{text:?} {size}");
                    assert!(
                        part.is_empty() || part.ends_with('\n') || text.ends_with(&part),
                        "{text:?} {size}"
                    );
                    whole.push_str(&part);
                    at += size;
                }
                assert_eq!(whole, text, "{size}");
            }
        }
    }
}
