//! Bytes to events and evidence. Pure: no input is opened, no clock is read, nothing fails.

pub mod detect;
pub mod dress;
pub mod event;
pub mod formats;
pub mod frame;
pub mod line;
pub mod mta;
pub mod notice;
pub mod told;
pub mod transcript;

pub use detect::{Kind, detect};
pub use event::{EventKind, LogEvent, LogLine};
pub use formats::{Format, formats};
pub use line::{Line, Lines};
pub use told::Told;
