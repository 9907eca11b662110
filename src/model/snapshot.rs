//! Everything read so far: an immutable value, shared by `Arc` between reader, query worker and window.

use super::{Coverage, Passage, Problem, Rejection, RejectionRef, Rejections, Retold, SourceId};
use imbl::{OrdMap, Vector};
use std::sync::Arc;
use std::time::Duration;

/// Place of a rejection in a snapshot: source order, then place in the source. Keeps its value in later snapshots
/// of the same case.
pub type RejectionIdx = u32;

/// One file, archive member, standard input or paste.
#[derive(Clone, Debug)]
pub struct SourceReport {
    /// Its place in the order given.
    pub id: SourceId,
    /// As the user knows it: a path as given, `-`, or `pasted text 1`.
    pub name: Arc<str>,
    /// Where to read it again for the Raw tab; `None` for standard input.
    pub location: SourceLocation,
    /// The grammars that took something of it: `postfix`, `dsn.rfc3464`, in name order.
    pub formats: Vec<&'static str>,
    /// Bytes read of the decompressed text.
    pub bytes: u64,
    /// Lines read.
    pub lines: u64,
    /// Refusals found.
    pub rejections: u64,
    /// Lines or messages that a grammar understood, refusals or not.
    pub understood: u64,
    /// Reading has ended.
    pub done: bool,
}

/// Where the bytes of a source can be read again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SourceLocation {
    /// A plain or compressed file.
    File(std::path::PathBuf),
    /// Text that was pasted, kept in memory.
    Memory(Arc<[u8]>),
    /// A member of an archive.
    Member(Arc<MemberPlace>),
    /// Gone after reading.
    Stream,
}

/// Where a member of an archive is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberPlace {
    /// The archive: a file, or memory.
    pub archive: SourceLocation,
    /// Its number in the archive, from 0; of one in an archive within: the number of that, then its own.
    pub path: Vec<u32>,
}

/// What reading is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReadState {
    /// Nothing was opened.
    #[default]
    Empty,
    /// Reading goes on.
    Reading,
    /// All was read.
    Done,
    /// The user stopped it; what was read is kept.
    Stopped,
}

/// How far reading is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Bytes of the files read so far (compressed size for compressed files).
    pub bytes_read: u64,
    /// Bytes of all files together; 0 if unknown.
    pub bytes_total: u64,
    /// The source being read.
    pub current: Option<Arc<str>>,
    /// Since reading began.
    pub elapsed: Duration,
}

/// A problem and the source it is about.
#[derive(Clone, Debug)]
pub struct SourceProblem {
    /// The source's name as the user knows it.
    pub source: Arc<str>,
    /// What is wrong.
    pub problem: Problem,
}

/// Everything read so far. A clone costs nothing, however much was read: what grows is shared.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Grows with every publication; 0 is the empty snapshot.
    pub generation: u64,
    /// All sources, in the order given.
    pub sources: Vector<SourceReport>,
    /// The rejections in pieces that are never changed once published.
    pub chunks: Vector<Arc<Rejections>>,
    /// Index of the first rejection of each chunk.
    pub starts: Vector<RejectionIdx>,
    /// Which of them another source tells of already; known once all is read.
    pub retold: Retold,
    /// Of those that count: the hop before that had accepted the mail, where only a notice tells of the refusal.
    pub passages: OrdMap<RejectionIdx, Passage>,
    /// Trouble, in source order.
    pub problems: Vector<SourceProblem>,
    /// What was read and understood, all sources together.
    pub coverage: Coverage,
    /// Recipients accepted, by domain.
    pub accepted: OrdMap<String, u64>,
    /// How far reading is.
    pub progress: Progress,
    /// What reading is doing.
    pub state: ReadState,
}

impl Snapshot {
    /// How many rejections, permanent or not.
    pub fn len(&self) -> usize {
        match (self.starts.last(), self.chunks.last()) {
            (Some(start), Some(chunk)) => *start as usize + chunk.len(),
            _ => 0,
        }
    }

    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a piece at the end.
    pub fn push(&mut self, chunk: Arc<Rejections>) {
        if !chunk.is_empty() {
            self.starts.push_back(self.len() as RejectionIdx);
            self.chunks.push_back(chunk);
        }
    }

    /// The rejection at `idx`, where it is kept.
    pub fn get(&self, idx: RejectionIdx) -> Option<RejectionRef<'_>> {
        let chunk = match self.starts.binary_search(&idx) {
            Ok(begins) => begins,
            Err(behind) => behind.checked_sub(1)?,
        };
        let at = (idx - self.starts[chunk]) as usize;
        (at < self.chunks[chunk].len()).then(|| self.chunks[chunk].get(at))
    }

    /// A copy of the rejection at `idx`: for the few that are shown or written about.
    pub fn open(&self, idx: RejectionIdx) -> Option<Rejection> {
        self.get(idx).map(RejectionRef::to_rejection)
    }

    /// All, in order, with their indices.
    pub fn iter(&self) -> impl Iterator<Item = (RejectionIdx, RejectionRef<'_>)> {
        self.chunks.iter().flat_map(|c| c.iter()).enumerate().map(|(i, r)| (i as RejectionIdx, r))
    }

    /// The name of a source.
    pub fn source_name(&self, id: SourceId) -> &str {
        self.sources.get(id.0 as usize).map_or("?", |s| &s.name)
    }

    /// Recipients that were accepted, all domains together.
    pub fn n_accepted(&self) -> u64 {
        self.accepted.values().sum()
    }
}
