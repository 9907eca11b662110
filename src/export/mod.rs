//! What is printed for machines and for people.

pub mod explain;
pub mod jsonl;
pub mod markdown;
pub mod style;
mod summary;
pub mod terminal;

pub use explain::write_explain;
pub use jsonl::{JsonlPrinter, write_jsonl};
pub use markdown::write_markdown;
pub use style::Style;
pub use terminal::write_terminal;
