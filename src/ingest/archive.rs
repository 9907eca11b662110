//! Archives: each member is a source of its own, `logs.zip/var/log/mail.log`; archives within are opened, too.
//!
//! An archive is gone through once, from its beginning: members are handed on in the order in which they stand in it.
//! Nothing is written to disk, so names with `../` in them are only names. How deep archives are nested, how many members
//! they have and how much they expand is bounded; what is left out is said.

use super::open::{Counting, MAGIC_BYTES, Opened, peek, unpack};
use super::packing::{Damage, Packing, named};
use super::watch::{Limits, Watch, Watched};
use super::{tarball, zipped};
use crate::model::{ProblemKind, Timestamp};
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Takes what is found in an archive.
pub trait Members {
    /// A member that is no archive itself.
    fn member(&mut self, member: Member<'_>);
    /// Something that could not be read, or not all of it.
    fn problem(&mut self, name: &str, kind: ProblemKind, message: String);
}

/// One file in an archive.
pub struct Member<'a> {
    /// The archive's name, and its own behind it.
    pub name: String,
    /// Its number in the archive, from 0; of one in an archive within: the number of that, then its own.
    pub place: &'a [u32],
    /// When it was last written.
    pub written: Option<Timestamp>,
    /// Its bytes. They may still be compressed.
    pub reader: &'a mut dyn Read,
}

/// An archive that is open.
pub struct Archive {
    input: Input,
    /// Bytes taken from its file so far.
    packed: Arc<AtomicU64>,
}

enum Input {
    Tar(Box<dyn Read + Send>),
    Zip(Box<dyn ReadSeek + Send>),
    /// A zip archive that has to be taken into memory first: its table of contents stands at its end.
    ZipStream(Box<dyn Read + Send>),
}

/// What zip archives are read from.
pub(super) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// What a stream holds.
pub enum Stream {
    /// An archive.
    Archive(Archive),
    /// Anything else.
    Text(Opened),
}

/// The archive in a file; `None` if it is none. `read` is raised by the bytes taken from disk.
pub fn archive_in_file(path: &Path, read: &Arc<AtomicU64>) -> io::Result<Option<Archive>> {
    let mut file = File::open(path)?;
    let mut head = Vec::with_capacity(MAGIC_BYTES);
    file.by_ref().take(MAGIC_BYTES as u64).read_to_end(&mut head)?;
    let packed = Arc::<AtomicU64>::default();
    let counted = |mut file: File| -> io::Result<_> {
        file.rewind()?;
        let inner = Counting { inner: file, read: Arc::clone(read) };
        Ok(Counting { inner, read: Arc::clone(&packed) })
    };
    let input = match Shape::of(&head) {
        Some(Shape::Zip) => Input::Zip(Box::new(BufReader::new(counted(file)?))),
        Some(Shape::Tar) => Input::Tar(Box::new(BufReader::with_capacity(64 * 1024, counted(file)?))),
        None if Packing::of(&head).is_some() => {
            file.rewind()?;
            // What is only looked at here does not count as read.
            let Ok(found) = unpack(file.try_clone()?) else { return Ok(None) };
            if Shape::of(&found.head) != Some(Shape::Tar) {
                return Ok(None);
            }
            drop(found);
            Input::Tar(unpack(counted(file)?)?.reader)
        }
        None => return Ok(None),
    };
    Ok(Some(Archive { input, packed }))
}

/// The archive in these bytes, if it is one.
pub fn archive_in_bytes(bytes: &Arc<[u8]>) -> Option<Archive> {
    let input = match Shape::of(bytes.get(..MAGIC_BYTES).unwrap_or(bytes)) {
        Some(Shape::Zip) => Input::Zip(Box::new(Cursor::new(Arc::clone(bytes)))),
        Some(Shape::Tar) => Input::Tar(Box::new(Cursor::new(Arc::clone(bytes)))),
        None => match Packing::of(bytes) {
            Some(_) => {
                let found = unpack(Cursor::new(Arc::clone(bytes))).ok()?;
                (Shape::of(&found.head) == Some(Shape::Tar)).then_some(Input::Tar(found.reader))?
            }
            None => return None,
        },
    };
    Some(Archive { input, packed: Arc::new(AtomicU64::new(bytes.len() as u64)) })
}

/// What a stream holds that can be read only once.
pub fn archive_or_text(reader: impl Read + Send + 'static) -> io::Result<Stream> {
    let packed = Arc::<AtomicU64>::default();
    let found = unpack(Counting { inner: reader, read: Arc::clone(&packed) })?;
    let input = match Shape::of(&found.head) {
        Some(Shape::Tar) => Input::Tar(found.reader),
        Some(Shape::Zip) if found.packing.is_none() => Input::ZipStream(found.reader),
        _ => return Ok(Stream::Text(found.into_text())),
    };
    Ok(Stream::Archive(Archive { input, packed }))
}

impl Archive {
    /// Goes through the archive called `name`. With `wanted`, the place of a member, only to that. Ends early when
    /// `cancelled` says so.
    pub fn walk(
        self,
        name: &str,
        wanted: Option<&[u32]>,
        limits: Limits,
        cancelled: &dyn Fn() -> bool,
        to: &mut dyn Members,
    ) {
        let Self { input, packed } = self;
        let watch = Watch::new(limits, cancelled, packed);
        let mut walk = Walk { to, wanted, watch: &watch, n_members: 0, stopped: false };
        let mut place = Vec::new();
        match input {
            Input::Tar(mut reader) => {
                tarball::walk(&mut walk, name, &mut place, &mut reader);
            }
            Input::Zip(mut reader) => zipped::walk(&mut walk, name, &mut place, &mut reader),
            Input::ZipStream(mut reader) => walk.zip_in_memory(name, &mut place, &mut reader),
        }
        let message = match (watch.is_bomb(), walk.stopped) {
            (true, _) => {
                format!("it expands to more than {} times its size; the rest was left out", limits.ratio)
            }
            (false, true) => format!("it holds more than {} files; the rest was left out", limits.members),
            _ => return,
        };
        walk.to.problem(name, ProblemKind::TooLong, message);
    }
}

/// What kind of archive something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    Tar,
    Zip,
}

impl Shape {
    fn of(head: &[u8]) -> Option<Self> {
        if zipped::is_zip(head) { Some(Self::Zip) } else { tarball::is_tar(head).then_some(Self::Tar) }
    }
}

/// On the way through an archive.
pub(super) struct Walk<'a> {
    to: &'a mut dyn Members,
    wanted: Option<&'a [u32]>,
    pub watch: &'a Watch<'a>,
    n_members: u32,
    /// There are too many members.
    stopped: bool,
}

impl Walk<'_> {
    /// Whether the way ends here.
    pub fn is_over(&self) -> bool {
        self.stopped || self.watch.is_over()
    }

    /// Whether member number `n` of the archive at `place` need not be looked at.
    pub fn passes_by(&self, place: &[u32], n: u32) -> bool {
        self.wanted.is_some_and(|wanted| wanted.get(place.len()) != Some(&n))
    }

    /// The only member wanted of the archive at `place`.
    pub fn wanted_in(&self, place: &[u32]) -> Option<u32> {
        self.wanted.and_then(|wanted| wanted.get(place.len()).copied())
    }

    /// Counts a member. `false` if there are too many.
    pub fn count(&mut self) -> bool {
        self.n_members += 1;
        self.stopped |= self.wanted.is_none() && self.n_members > self.watch.limits.members;
        !self.stopped
    }

    /// Says what is wrong with an archive or a member. Nothing is said if somebody asked to stop.
    pub fn problem(&mut self, name: &str, kind: ProblemKind, message: String) {
        if !self.watch.is_over() && self.wanted.is_none() {
            self.to.problem(name, kind, message);
        }
    }

    /// Looks into a member, whose place ends with its own number.
    pub fn inside(
        &mut self,
        name: String,
        place: &mut Vec<u32>,
        written: Option<Timestamp>,
        reader: &mut dyn Read,
    ) {
        let (head, mut reader) = match peek(reader, MAGIC_BYTES) {
            Ok(found) => found,
            Err(error) => return self.unreadable(&name, &error),
        };
        match Shape::of(&head) {
            Some(_) if self.is_too_deep(&name, place) => {}
            Some(Shape::Zip) => self.zip_in_memory(&name, place, &mut reader),
            Some(Shape::Tar) => tarball::walk(self, &name, place, &mut reader),
            None => match Packing::of(&head) {
                None => self.to.member(Member { name, place, written, reader: &mut reader }),
                Some(packing) => {
                    let mut text = Watched::new(packing.decode(reader), self.watch);
                    match peek(&mut text, MAGIC_BYTES) {
                        Err(error) => self.unreadable(&name, &error),
                        Ok((head, mut reader)) => {
                            if Shape::of(&head) != Some(Shape::Tar) {
                                self.to.member(Member { name, place, written, reader: &mut reader });
                            } else if !self.is_too_deep(&name, place) {
                                tarball::walk(self, &name, place, &mut reader);
                            }
                        }
                    }
                }
            },
        }
    }

    fn unreadable(&mut self, name: &str, error: &io::Error) {
        self.problem(name, ProblemKind::Unreadable, super::open::reason(error));
    }

    fn is_too_deep(&mut self, name: &str, place: &[u32]) -> bool {
        let too_deep = place.len() >= self.watch.limits.depth;
        if too_deep {
            let message =
                format!("an archive within {} others was not opened; unpack it yourself first", place.len());
            self.problem(name, ProblemKind::TooLong, message);
        }
        too_deep
    }

    /// A zip archive that cannot be read from its end: all of it is taken into memory, if it is small enough.
    fn zip_in_memory(&mut self, name: &str, place: &mut Vec<u32>, reader: &mut dyn Read) {
        let limit = self.watch.limits.zip_bytes;
        let mut bytes = Vec::new();
        let read = reader.take(limit + 1).read_to_end(&mut bytes);
        if bytes.len() as u64 > limit {
            let message = format!(
                "a zip archive of over {} MiB can only be read from a file of its own; it was left out",
                limit >> 20
            );
            return self.problem(name, ProblemKind::TooLong, message);
        }
        zipped::walk(self, name, place, &mut Cursor::new(bytes));
        if let Err(error) = read {
            let message = format!("{}; what came before was read", super::open::reason(&error));
            self.problem(name, ProblemKind::Truncated, message);
        }
    }
}

/// The name of a member behind that of its archive, without control characters. It is never used as a path.
pub(super) fn member_name(archive: &str, own: &str) -> String {
    let visible = own.trim_start_matches("./").chars().take(1024);
    let visible: String = visible.map(|c| if is_harmful(c) { '\u{fffd}' } else { c }).collect();
    format!("{archive}/{visible}")
}

/// Control characters, and those that turn the direction of writing.
fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Hidden files hold settings, or what a file system keeps beside each file.
pub(super) fn is_hidden(own: &str) -> bool {
    own.rsplit(['/', '\\']).next().is_some_and(|last| last.starts_with('.'))
}

/// Gives an error if fewer bytes come than there should be.
pub(super) struct Whole<R> {
    /// The bytes.
    pub inner: R,
    /// So many are still to come.
    pub left: u64,
    /// Of which format they are.
    pub format: &'static str,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf).map_err(|error| named(error, self.format))?;
        if n == 0 && self.left > 0 && !buf.is_empty() {
            self.left = 0;
            return Err(Damage::error(format!("the {} data ends early", self.format)));
        }
        self.left = self.left.saturating_sub(n as u64);
        Ok(n)
    }
}

/// Bytes taken so far.
pub(super) fn so_far(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
#[path = "archive/tests.rs"]
mod tests;
