//! The only module that opens inputs: folders walked, archives opened, compression and UTF-16 undone, bytes handed on in
//! whole lines.

pub mod archive;
pub mod blank;
pub mod blocks;
pub mod containers;
pub mod discover;
pub mod locate;
pub mod open;
mod packing;
pub mod pipe;
pub mod reread;
pub mod segment;
mod tarball;
pub mod watch;
mod zipped;
mod zstd;

pub use archive::{Archive, Member, Members, Stream, archive_in_bytes, archive_in_file, archive_or_text};
pub use blank::{FirstText, behind_blanks};
pub use blocks::{Block, Blocks, MAX_LINE_BYTES};
pub use containers::{CONTAINERS, Container};
pub use discover::{Found, discover};
pub use locate::open_location;
pub use open::{Opened, open_bytes, open_file, open_reader, open_stdin};
pub use pipe::{PipeIn, PipeOut, pipe};
pub use reread::{LineSpan, RereadError, reread};
pub use segment::{Segment, read_at};
pub use watch::Limits;
