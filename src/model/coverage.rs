//! How much of what was read was understood.

use super::Origin;
use std::collections::BTreeMap;

/// How many not-understood lines are kept with their place; all are counted.
pub const MAX_LISTED: usize = 10_000;

/// Counts for one kind of writer: a daemon's name in a log, a format elsewhere.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DaemonCoverage {
    /// Lines (or messages) of it.
    pub read: u64,
    /// Those that a grammar knows.
    pub understood: u64,
    /// Of those, lines that decide nothing: connections, warnings, remarks.
    pub ignored: u64,
    /// Those that hold a 5yz reply and were not understood.
    pub not_understood: u64,
}

impl DaemonCoverage {
    /// Adds what another part counted.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.understood += other.understood;
        self.ignored += other.ignored;
        self.not_understood += other.not_understood;
    }
}

/// What was read, and how much of it was understood.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    /// Lines read.
    pub lines: u64,
    /// Lines that hold an SMTP reply.
    pub with_reply: u64,
    /// Lines that hold a 5yz reply and that no grammar took.
    pub not_understood: u64,
    /// Places of the first [`MAX_LISTED`] of those.
    pub not_understood_at: Vec<Origin>,
    /// Mail messages read (notices and others).
    pub messages: u64,
    /// Messages that are no refusal: vacation replies, abuse reports, success notices.
    pub not_refusals: u64,
    /// By daemon or format, in name order.
    pub by_daemon: BTreeMap<String, DaemonCoverage>,
}

impl Coverage {
    /// Notes a line with a 5yz reply that was not understood.
    pub fn miss(&mut self, origin: Origin) {
        self.not_understood += 1;
        if self.not_understood_at.len() < MAX_LISTED {
            self.not_understood_at.push(origin);
        }
    }

    /// Adds what another part of the input gave.
    pub fn add(&mut self, other: Coverage) {
        self.lines += other.lines;
        self.with_reply += other.with_reply;
        self.not_understood += other.not_understood;
        self.messages += other.messages;
        self.not_refusals += other.not_refusals;
        let room = MAX_LISTED.saturating_sub(self.not_understood_at.len());
        self.not_understood_at.extend(other.not_understood_at.into_iter().take(room));
        for (name, counts) in other.by_daemon {
            self.by_daemon.entry(name).or_default().add(&counts);
        }
    }
}
