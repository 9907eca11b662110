//! Reads sources off the caller's thread and publishes snapshots; the window and the command line drive the same
//! engine.
//!
//! Threads: the *finder* walks folders and unpacks archives; the *case* thread plans, puts the parts of all sources in
//! order and publishes at most every 100 ms;
//! *reader* threads read, correlate and judge, one source at a time each, a big log together; the *answers* thread computes views, the
//! newest question first; the *raw* thread reads lines again for the Raw tab. The caller only ever swaps an `Arc`.

mod answers;
mod cancel;
mod case;
mod find;
mod finish;
mod hold;
mod look;
mod passages;
mod priority;
mod raw;
mod reference;
mod run;
mod segments;
mod source;
mod supply;

pub use crate::ingest::CONTAINERS;
pub use cancel::CancelToken;
pub use look::{LineLooked, Looked, look_into};
pub use raw::{RawLine, RawLines, RawOf};
pub use reference::{read_alone, read_alone_in_zone, read_in_segments, read_in_segments_in_zone};
pub use run::{Engine, Input, Printed, Wake};
