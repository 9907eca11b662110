//! The frame around a log line: time stamp, host, program. One file a frame.
//!
//! `Nov 17 14:51:07 mx postfix/smtp[7]: …` (RFC 3164), `2026-11-17T14:51:07+01:00 mx postfix/smtp[7]: …`
//! (rsyslog, journald), `<22>1 2026-11-17T14:51:07Z mx postfix/smtp 7 - - …` (RFC 5424); and what collectors [wrap]
//! around lines. A line's first byte tells frames apart, so nothing has to be remembered from line to line but the year.

pub mod clock;
pub mod glance;
pub mod repeat;
pub mod stamp;
pub mod syslog;
pub mod wrap;

pub use clock::Clock;
pub use glance::{Frames, Glanced, Head};
pub use stamp::Stamp;
pub use syslog::framed;
pub use wrap::{Taken, Unwrapped, Wraps};

use super::event::LogLine;
use std::borrow::Cow;

/// A framed line whose stamp may lack its year.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Framed<'a> {
    /// When it was written.
    pub stamp: Stamp,
    /// The host that wrote it.
    pub host: Option<&'a str>,
    /// The program with its instance.
    pub program: &'a str,
    /// Its process id.
    pub pid: Option<u32>,
    /// What follows.
    pub message: &'a str,
}

impl<'a> Framed<'a> {
    /// The line with its time made complete by `clock`.
    pub fn line(self, clock: &mut Clock) -> LogLine<'a> {
        LogLine {
            time: clock.date(self.stamp),
            host: self.host,
            program: self.program,
            pid: self.pid,
            message: Cow::Borrowed(self.message),
        }
    }
}
