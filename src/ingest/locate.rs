//! Opening a source where it stands: a file, memory, standard input, or a member of an archive.

use super::archive::{Archive, Member, Members, archive_in_bytes, archive_in_file};
use super::open::{Opened, open_bytes, open_file, open_reader, open_stdin};
use super::pipe::{PipeIn, pipe};
use super::watch::Limits;
use crate::model::{MemberPlace, ProblemKind, SourceLocation};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Opens what is at `location`. `read` is raised by the bytes taken from disk.
pub fn open_location(location: &SourceLocation, read: Arc<AtomicU64>) -> io::Result<Opened> {
    match location {
        SourceLocation::File(path) => open_file(path, read),
        SourceLocation::Memory(bytes) => open_bytes(Arc::clone(bytes), read),
        SourceLocation::Member(place) => open_member(place, &read),
        SourceLocation::Stream => open_stdin(read),
    }
}

/// Opens an archive again, up to one member. Another thread unpacks it, until nobody reads any more.
fn open_member(place: &MemberPlace, read: &Arc<AtomicU64>) -> io::Result<Opened> {
    let archive = match &place.archive {
        SourceLocation::File(path) => archive_in_file(path, read)?,
        SourceLocation::Memory(bytes) => archive_in_bytes(bytes),
        SourceLocation::Member(_) | SourceLocation::Stream => None,
    };
    let archive = archive.ok_or_else(gone)?;
    let (to, from) = pipe();
    let wanted = place.path.clone();
    let work = move || only(archive, &wanted, to);
    std::thread::Builder::new().name("unpacker".to_owned()).spawn(work)?;
    open_reader(from)
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the archive does not hold it any more")
}

/// Sends one member of an archive.
fn only(archive: Archive, wanted: &[u32], to: PipeIn) {
    let done = AtomicBool::new(false);
    let mut one = One { to: Some(to), done: &done };
    let limits = Limits { free_bytes: u64::MAX, ..Limits::default() };
    archive.walk("", Some(wanted), limits, &|| done.load(Ordering::Relaxed), &mut one);
    if let Some(to) = one.to {
        to.fail(gone());
    }
}

struct One<'a> {
    to: Option<PipeIn>,
    done: &'a AtomicBool,
}

impl Members for One<'_> {
    fn member(&mut self, member: Member<'_>) {
        if let Some(to) = self.to.take() {
            to.pump(member.reader);
            self.done.store(true, Ordering::Relaxed);
        }
    }

    fn problem(&mut self, _name: &str, _kind: ProblemKind, _message: String) {}
}
