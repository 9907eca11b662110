//! fivefifty reads mail logs, SMTP transcripts and undeliverable notices and says who refused what, at which
//! stage of SMTP, why, and what to do about it.
//!
//! The modules in reading order; each imports only from those above it (a test in `tests/suite` holds this):
//!
//! - [`near`]: searches over the few bytes of a line
//! - [`smtp`]: the vocabulary of RFC 5321 and RFC 3463: reply codes, enhanced status codes, stages, paths
//! - [`model`]: the facts that are passed around: origin, evidence, rejection, verdict, problem
//! - [`parse`]: bytes to events and evidence; pure, never fails
//! - [`correlate`]: the events of one message put together, by queue id
//! - [`classify`]: why it was refused: rules, providers and guidance from `assets/`
//! - [`group`]: which refusals are the same: variable parts masked, a stable pattern id
//! - [`query`]: the filter language, and what a query answers: rows, patterns, facets
//! - [`ingest`]: the only module that opens inputs
//! - [`engine`]: reads sources off the caller's thread and publishes snapshots
//! - [`notes`]: the note to paste, for each reader, with redaction
//! - [`export`]: what is printed for machines and for people
//! - [`cli`]: `report`, `explain` and the rest of the command line
//! - `gui`: the window (feature `gui`)

pub mod near;

pub mod smtp;

pub mod model;

pub mod parse;

pub mod correlate;

pub mod classify;

pub mod group;

pub mod query;

pub mod ingest;

pub mod engine;

pub mod notes;

pub mod export;

pub mod cli;

#[cfg(feature = "gui")]
pub mod gui;
