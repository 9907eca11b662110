//! The only module that opens inputs: folders walked, gzip and UTF-16 undone, bytes handed on in whole lines.

pub mod blank;
pub mod blocks;
pub mod discover;
pub mod open;
pub mod reread;
pub mod segment;

pub use blank::{FirstText, behind_blanks};
pub use blocks::{Block, Blocks, MAX_LINE_BYTES};
pub use discover::{Found, discover};
pub use open::{Opened, open_bytes, open_file, open_reader, open_stdin};
pub use reread::{LineSpan, RereadError, reread};
pub use segment::{Segment, read_at};
