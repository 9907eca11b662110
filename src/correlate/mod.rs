//! The events of one message put together: by queue id in a log; and mixed documents taken apart.

mod chunks;
mod context;
mod counts;
pub mod document;
pub mod log;

pub use log::LogCorrelator;
