//! What kind of evidence a source is: decided by its content, never by its name.

/// How a source is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Nothing in it.
    Empty,
    /// Bytes that are no text.
    Binary,
    /// A log: one event a line.
    Log,
    /// Mail messages one after the other, each after a `From ` line (RFC 4155).
    Mbox,
    /// One mail message with headers.
    Mail,
    /// Anything else: pasted text, a transcript, a notice without its headers, or a mixture.
    Text,
}

/// The kind of a source whose first bytes are `head`.
pub fn detect(head: &[u8]) -> Kind {
    if head.is_empty() { Kind::Empty } else { Kind::Text }
}
