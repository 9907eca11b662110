//! Where a fact stands: every number on screen can be traced to bytes.

/// The place of a source in the order in which sources were given. Stable for one run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SourceId(pub u32);

/// A span of a source: bytes of the *decompressed* text, which is read again when it is shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Origin {
    /// The file, member, standard input or paste.
    pub source: SourceId,
    /// Line number of the first line, from 1.
    pub line: u64,
    /// Byte offset of the first byte, from 0.
    pub start: u64,
    /// Length in bytes, without the last line end.
    pub len: u32,
}
