//! Which refusals are the same: variable parts masked, a stable pattern id.
//!
//! [`mask`] turns `550 5.1.1 <bob@example.org>: unknown` into `550 5.1.1 <recipient>: unknown`. It is careful: what
//! may be a word stays, so that two different refusals never share a pattern, at the price that one refusal may now
//! and then have two. [`key`] makes the id, [`judge`] does both together with the verdict, once per masked reply.

mod hash;
pub mod judge;
mod key;
mod mask;
mod shape;
mod shortcut;

pub use judge::Judge;
