//! The areas of the window. Each reads the frame's context, draws, and asks for commands.

pub mod facets;
pub mod headline;
pub mod inspector;
pub mod keys;
pub mod lists;
pub mod messages;
pub mod overlay;
pub mod patterns;
pub mod start;
pub mod status_bar;
pub mod top_bar;
