//! The note to paste, for each reader, with redaction.

pub mod escape;
pub mod fill;
pub mod redact;

pub use escape::{one_line, visible};
pub use fill::{fill, fill_command};
pub use redact::Redactor;
