//! The note to paste, for each reader, with redaction.

pub mod advice;
pub mod document;
pub mod escape;
pub mod fill;
pub mod note;
pub mod redact;
pub mod wrap;

pub use advice::Advice;
pub use escape::{one_line, visible};
pub use fill::{fill, fill_command};
pub use note::{NoteFormat, NoteOptions, Reader, note_for_message, note_for_pattern};
pub use redact::Redactor;
