//! Reads sources off the caller's thread and publishes snapshots; the window and the command line drive the same
//! engine.

mod run;

pub use run::{Engine, Input, RawLine, RawLines, Wake};
