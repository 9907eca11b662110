//! Lines that a syslog has cut because they were too long, and whose rest it wrote as a line of its own.
//!
//! rsyslog cuts what comes by TCP after 1,024 or 8,192 bytes (`maxMessageSize`): `Nov 17 14:51:07 mx postfix/smtp[7]:
//! … status=bounced (host mx said: 550 5.7.1 …wo`, then `Nov 17 14:51:09 rd …)`, with the time at which it was cut and
//! the first word of the rest in place of a host.

use super::LogCorrelator;
use crate::model::{Harvest, Origin, Timestamp};
use crate::parse::event::LogLine;
use crate::parse::frame::stamp::{bsd, iso};
use crate::parse::frame::{Framed, framed};
use crate::parse::mta;
use std::borrow::Cow;

/// Lengths after which lines are cut.
const LIMITS: [usize; 5] = [1024, 2048, 4096, 8192, 16_384];

/// The length that counts is that of the line as it came, whose time and priority may have been written otherwise.
const TOLERANCE: usize = 24;

/// A line that seems to be cut.
#[derive(Debug)]
pub(super) struct Cut {
    time: Option<Timestamp>,
    host: Option<String>,
    program: String,
    pid: Option<u32>,
    message: String,
    origin: Origin,
    number: u64,
}

impl Cut {
    /// `line`, if it seems to be cut.
    fn of(line: &LogLine<'_>, origin: Origin, number: u64) -> Option<Self> {
        let message = line.message.as_bytes();
        if message.len() < 800 {
            return None;
        }
        let pid = line.pid.map_or(0, |pid| 3 + pid.checked_ilog10().unwrap_or(0) as usize);
        let frame =
            "<22>Nov 17 14:51:07   : ".len() + line.host.map_or(0, str::len) + line.program.len() + pid;
        let len = frame + message.len();
        let at_limit = LIMITS.iter().any(|limit| (limit - TOLERANCE..=limit + 2).contains(&len));
        let count = |byte: u8| memchr::memchr_iter(byte, message).count();
        (at_limit && count(b'(') > count(b')')).then(|| Self {
            time: line.time,
            host: line.host.map(str::to_owned),
            program: line.program.to_owned(),
            pid: line.pid,
            message: line.message.clone().into_owned(),
            origin,
            number,
        })
    }

    /// What `text` adds, if it is the rest.
    fn rest<'a>(&self, text: &'a str) -> Option<&'a str> {
        let (_, rest) = bsd(text).or_else(|| iso(text))?;
        let whole = |found: Framed<'_>| {
            mta::by_program(found.program).is_some()
                || found.pid.is_some()
                || found.host.is_none()
                || found.host == self.host.as_deref()
        };
        if framed(text).is_some_and(whole) { None } else { rest.strip_prefix(' ') }
    }
}

impl LogCorrelator {
    /// Keeps a line that seems to be cut; says whether it does.
    pub(super) fn is_cut(&mut self, line: &LogLine<'_>, origin: Origin) -> bool {
        let Some(cut) = Cut::of(line, origin, self.queue.number) else { return false };
        self.cut = Some(Box::new(cut));
        if let Some(ahead) = &mut self.queue.ahead {
            ahead.dependent = true;
        }
        true
    }

    /// Takes the line that was kept, with `text` if that is its rest: the line `number` at `origin`. Says whether it is.
    #[cold]
    pub(super) fn take_cut(&mut self, next: Option<(&str, Origin, u64)>, out: &mut Harvest) -> bool {
        let Some(cut) = self.cut.take() else { return false };
        let next = next.filter(|(_, _, number)| cut.number + 1 == *number);
        let rest = next.and_then(|(text, origin, _)| Some((cut.rest(text)?, origin)));
        let message = rest.map_or_else(|| cut.message.clone(), |(rest, _)| cut.message.clone() + rest);
        let line = LogLine {
            time: cut.time,
            host: cut.host.as_deref(),
            program: &cut.program,
            pid: cut.pid,
            message: Cow::Owned(message),
        };
        self.queue.more_origins.extend(rest.map(|(_, origin)| origin));
        let number = std::mem::replace(&mut self.queue.number, cut.number);
        self.queue.take(&line, cut.origin, out);
        self.queue.number = number;
        self.queue.more_origins.clear();
        rest.is_some()
    }
}
