//! Which refusals are the same: variable parts masked, a stable pattern id.

pub mod judge;

pub use judge::Judge;
