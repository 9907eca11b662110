//! The events of one message put together: by queue id in a log; and mixed documents taken apart.

pub mod document;
pub mod log;

pub use log::LogCorrelator;
