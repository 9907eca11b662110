//! One log line, and what is told around it.

use super::json;
use crate::model::Origin;
use crate::parse::frame::syslog::{at_start, framed, tag};
use crate::parse::frame::{Framed, Stamp};
use crate::parse::mta;

/// Wrappings within wrappings that are taken off.
const MAX_DEPTH: usize = 3;

/// A line that was wrapped, and what is told around it.
#[derive(Clone, Debug)]
pub struct Unwrapped {
    /// When, as far as the wrapping says.
    pub stamp: Stamp,
    /// The host.
    pub host: Option<String>,
    /// The program with its instance.
    pub program: Option<String>,
    /// Its process id.
    pub pid: Option<u32>,
    /// What may be the line: the likeliest first.
    pub texts: Vec<String>,
    /// Where it stands; several lines if it was split.
    pub origins: Vec<Origin>,
    /// The stream it may go on in: this is only a part.
    pub(super) split: Option<Split>,
}

/// How a line is part of a longer one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Split {
    /// Parts of one stream belong together.
    pub stream: String,
    /// Nothing follows.
    pub last: bool,
    /// The part does not say whether it goes on: a line end is missing.
    pub guessed: bool,
}

impl Unwrapped {
    /// A line of which only the place is known.
    pub(super) fn at(origin: Origin) -> Self {
        Self {
            stamp: Stamp::None,
            host: None,
            program: None,
            pid: None,
            texts: Vec::new(),
            origins: vec![origin],
            split: None,
        }
    }

    /// The log line; `None` if it is none.
    pub fn framed(&self) -> Option<Framed<'_>> {
        let program = self.program.as_deref();
        let own = |found: &Framed<'_>| mta::by_program(found.program).is_some();
        if program.is_some_and(|program| mta::by_program(program).is_some()) {
            // The whole line may have been handed on as its message.
            let inner = |text| {
                let tagged = tag(text).map(|(program, pid, message)| Framed {
                    stamp: Stamp::None,
                    host: None,
                    program,
                    pid,
                    message,
                });
                at_start(text).or(tagged).filter(own)
            };
            let text = self.texts.first()?;
            return inner(text).map(|inner| self.around(inner)).or_else(|| self.outer(text));
        }
        let inner = |text| framed(text).or_else(|| mta::bare(text));
        let found = self.texts.iter().filter_map(|text| inner(text)).find(own);
        found
            .map(|found| self.around(found))
            .or_else(|| self.outer(self.texts.first()?))
            .or_else(|| self.texts.iter().find_map(|text| framed(text)))
    }

    /// The line as its message and what is told around it.
    fn outer<'a>(&'a self, message: &'a str) -> Option<Framed<'a>> {
        Some(Framed {
            stamp: self.stamp,
            host: self.host.as_deref(),
            program: self.program.as_deref()?,
            pid: self.pid,
            // rsyslog keeps the blank behind the tag.
            message: message.strip_prefix(' ').unwrap_or(message),
        })
    }

    /// Whether it is one, and what is missing is known.
    pub(super) fn is_framed(&self) -> bool {
        self.framed().is_some()
    }

    fn around<'a>(&'a self, inner: Framed<'a>) -> Framed<'a> {
        Framed {
            stamp: inner.stamp.within(self.stamp),
            host: inner.host.or(self.host.as_deref()),
            pid: inner.pid.or(self.pid),
            ..inner
        }
    }

    /// Takes off what is wrapped around the text itself: JSON in a string.
    pub(super) fn unwrap_again(&mut self) {
        for _ in 0..MAX_DEPTH {
            let [text] = self.texts.as_slice() else { return };
            if self.program.is_some() || !text.starts_with('{') {
                return;
            }
            let mut inner = json::read(text.as_bytes(), self.origins[0]);
            let (Some(one), true) = (inner.pop(), inner.is_empty()) else { return };
            self.stamp = one.stamp.within(self.stamp);
            self.host = one.host.or(self.host.take());
            (self.program, self.pid, self.texts) = (one.program, one.pid, one.texts);
            self.split = self.split.take().or(one.split);
        }
    }
}
