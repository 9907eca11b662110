//! Messages that were forgotten because the queue was too full, and whose refusals lack something for it.
//!
//! They are few, and they are read for once more when the log has ended: see [`LogCorrelator::only`].
//!
//! [`LogCorrelator::only`]: super::LogCorrelator::only

use crate::correlate::hash::{Hashed, hash};
use std::collections::HashSet;
use std::hash::BuildHasherDefault;

/// Messages, as hashes of the host that wrote the log and the queue id.
#[derive(Clone, Default, Debug, PartialEq)]
pub struct Messages(HashSet<u64, BuildHasherDefault<Hashed>>);

impl Messages {
    /// No message.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the message is one of them.
    pub fn has(&self, host: Option<&str>, queue_id: Option<&str>) -> bool {
        let host = Self::seed(host.unwrap_or(""));
        queue_id.is_some_and(|queue_id| self.has_seeded(host, queue_id.as_bytes()))
    }

    /// The host's part of the hash.
    pub(super) fn seed(host: &str) -> u64 {
        hash(0, host.as_bytes())
    }

    pub(super) fn has_seeded(&self, seed: u64, queue_id: &[u8]) -> bool {
        self.0.contains(&hash(seed, queue_id))
    }

    fn add(&mut self, host: &str, queue_id: &str) {
        self.0.insert(hash(Self::seed(host), queue_id.as_bytes()));
    }
}

/// What was forgotten.
#[derive(Default, Debug)]
pub(super) struct Forgotten {
    /// Some message was.
    pub any: bool,
    /// Those whose refusals lack something.
    pub messages: Messages,
    /// Where the first of these refusals was handed out: an offset.
    pub from: Option<u64>,
}

impl Forgotten {
    /// A refusal is handed out at offset `place` that lacks something.
    pub fn note(&mut self, host: &str, queue_id: &str, place: u64) {
        if !queue_id.is_empty() {
            self.messages.add(host, queue_id);
            self.from = Some(self.from.map_or(place, |from| from.min(place)));
        }
    }

    /// Adds what a later part of the log gave.
    pub fn add(&mut self, later: Self) {
        self.any |= later.any;
        self.messages.0.extend(later.messages.0);
        self.from = match (self.from, later.from) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}
