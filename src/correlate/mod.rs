//! The events of one message put together: by queue id in a log; and mixed documents taken apart.

mod ahead;
mod chunks;
mod context;
mod counts;
pub mod document;
mod hash;
pub mod log;
mod passages;
mod retold;

pub use log::{Followed, LogCorrelator, Messages, Room};
pub use passages::Passages;
pub use retold::retold;
