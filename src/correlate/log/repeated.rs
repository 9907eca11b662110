//! "last message repeated 3 times": what the line before said counts again.
//!
//! A client that was refused four times with the same words is one refusal of four tries; a delivery that was put off
//! again is a further try. A syslog that writes its repeats so writes them right behind the line, and again some time
//! later if the line goes on being repeated.

use super::queue::Queue;
use crate::model::{Attempt, Harvest, Origin};
use crate::parse::event::{EventKind, LogLine, Outcome};
use crate::parse::frame::repeat::Repeat;
use crate::parse::mta;
use std::borrow::Cow;

/// So many tries of one refusal are kept.
const MAX_TRIES: usize = 100;

/// What a line said that may be repeated.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Said {
    /// Nothing that counts again.
    #[default]
    Nothing,
    /// A client was refused; the refusal was handed out last.
    Refused,
    /// A delivery was put off.
    PutOff,
}

impl Said {
    pub(super) fn of(event: &EventKind<'_>) -> Option<Self> {
        match event {
            EventKind::Refused(_) => Some(Self::Refused),
            EventKind::Attempt(attempt) if attempt.outcome == Outcome::Deferred => Some(Self::PutOff),
            _ => None,
        }
    }
}

/// The last line that said something which may be repeated.
#[derive(Clone, Default, Debug)]
pub(super) struct Last {
    said: Said,
    /// What became of it depends on lines before this part of the log.
    left_open: bool,
    /// The line after which its repeats may follow: itself, a repeat, or what says nothing.
    number: u64,
    host: Option<String>,
    program: String,
    message: String,
}

impl Last {
    /// Keeps a line. The buffers are used again.
    pub(super) fn note(&mut self, line: &LogLine<'_>, said: Said, left_open: bool, number: u64) {
        (self.said, self.left_open, self.number) = (said, left_open, number);
        match (&mut self.host, line.host) {
            (Some(host), Some(new)) => {
                host.clear();
                host.push_str(new);
            }
            (host, new) => *host = new.map(str::to_owned),
        }
        self.program.clear();
        self.program.push_str(line.program);
        self.message.clear();
        self.message.push_str(&line.message);
    }

    /// The line `number` says nothing: repeats may still follow.
    pub(super) fn nothing_on(&mut self, number: u64) {
        if self.number + 1 == number {
            self.number = number;
        }
    }

    /// A refusal was handed out last that may be repeated.
    pub(super) fn is_refusal(&self) -> bool {
        self.said == Said::Refused
    }

    /// What a later part of the log, which begins `lines` lines further on, ended with.
    pub(super) fn take_over(&mut self, later: &Self, lines: u64) {
        if later.said != Said::Nothing {
            *self = Self { left_open: false, number: later.number + lines, ..later.clone() };
        } else if self.number == lines {
            self.number += later.number;
        }
    }

    fn is_of(&self, line: &LogLine<'_>, repeat: &Repeat<'_>) -> bool {
        let same_host = line.host.is_none() || self.host.as_deref() == line.host;
        same_host
            && repeat.message.is_none_or(|message| {
                self.program == line.program && !message.is_empty() && self.message.starts_with(message)
            })
    }
}

impl Queue {
    /// Takes a line that says that another was repeated.
    pub(super) fn repeated(
        &mut self,
        line: &LogLine<'_>,
        repeat: Repeat<'_>,
        origin: Origin,
        out: &mut Harvest,
    ) {
        let follows = self.last.number + 1 == self.number;
        if let Some(ahead) = &mut self.ahead
            && follows
            && (self.last.said == Said::Nothing || self.last.left_open)
        {
            // The line before stands in another part.
            ahead.dependent = true;
            return;
        }
        if !follows {
            self.last.said = Said::Nothing;
        }
        let known = follows && self.last.said != Said::Nothing && self.last.is_of(line, &repeat);
        match repeat.message {
            None => {
                self.counts.daemon(line.program).read += 1;
                if known {
                    self.again(line, repeat.times, origin, out);
                }
            }
            Some(_) if known => {
                let daemon = mta::by_program(line.program).map_or(line.program, |d| (d.daemon)(line.program));
                let counts = self.counts.daemon(daemon);
                counts.read += 1;
                counts.understood += 1;
                self.again(line, repeat.times, origin, out);
            }
            // The line itself is not there: the first of the repeats stands for it.
            Some(message) => {
                let inner = LogLine { message: Cow::Borrowed(message), ..line.clone() };
                let event = mta::by_program(line.program).and_then(|dialect| (dialect.parse)(&inner));
                let has_message = event.is_some_and(|event| event.queue_id.is_some());
                if let Some(ahead) = self.ahead.as_mut().filter(|_| has_message) {
                    ahead.dependent = true;
                    return;
                }
                self.last.said = Said::Nothing;
                self.take(&inner, origin, out);
                if self.last.said != Said::Nothing {
                    self.again(line, repeat.times.saturating_sub(1), origin, out);
                }
            }
        }
        self.last.number = self.number;
    }

    /// What was said last counts `times` times more.
    fn again(&mut self, line: &LogLine<'_>, times: u32, origin: Origin, out: &mut Harvest) {
        match self.last.said {
            Said::Nothing => {}
            Said::Refused => refused_again(line, times as usize, origin, out),
            Said::PutOff => {
                let last = std::mem::take(&mut self.last);
                let inner = LogLine {
                    time: line.time,
                    host: last.host.as_deref(),
                    program: &last.program,
                    pid: None,
                    message: Cow::Borrowed(&last.message),
                };
                for _ in 0..times.min(MAX_TRIES as u32) {
                    self.event_again(&inner, origin, out);
                }
                self.last = last;
            }
        }
    }
}

fn refused_again(line: &LogLine<'_>, times: usize, origin: Origin, out: &mut Harvest) {
    let n = out.records.len();
    let n_tries = n.checked_sub(1).map_or(MAX_TRIES, |at| out.records.get(at).n_tries());
    if n_tries >= MAX_TRIES || times == 0 {
        return;
    }
    let Some(mut evidence) = out.records.pop() else { return };
    let own = evidence.own_attempt();
    let further = Attempt { time: line.time, origin, ..own };
    evidence.attempts.extend(std::iter::repeat_n(further, times.min(MAX_TRIES - n_tries)));
    if !evidence.origins.contains(&origin) {
        evidence.origins.push(origin);
    }
    out.records.push_evidence(&evidence);
}
