//! What a parser or a correlator hands on.

use super::{Coverage, Evidence, Problem, Records, Timestamp, Zone};
use std::collections::BTreeMap;

/// How a source is to be read. Values, so that reading the same bytes gives the same result.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The year of the first time stamp that has none, if the user says so.
    pub year: Option<i32>,
    /// The zone of time stamps that name none.
    pub zone: Zone,
    /// When the source was last written, or now for standard input and pasted text: the newest line cannot be
    /// younger, which gives time stamps without a year theirs.
    pub written: Timestamp,
    /// The source was named or pasted, so that a bare `550 …` between words counts. What only lies in a folder that
    /// was named (a README that quotes replies) must hold a log, a session or a notice.
    pub bare_replies: bool,
}

/// Evidence and counts of one source, drained by the engine while reading goes on.
#[derive(Default, Debug)]
pub struct Harvest {
    /// Refusals found in documents and mails, in the order in which their deciding lines stand.
    pub evidence: Vec<Evidence>,
    /// Refusals found in a log, in the order in which their deciding lines stand.
    pub records: Records,
    /// For each of `records` the offset of the line with which it was handed out; the greatest number is the log's end.
    pub places: Vec<u64>,
    /// Trouble worth telling the user.
    pub problems: Vec<Problem>,
    /// What was read and understood.
    pub coverage: Coverage,
    /// Recipients that were accepted (250), by recipient domain in lower case.
    pub accepted: BTreeMap<String, u64>,
}

impl Harvest {
    /// Takes everything out but the refusal that was found last: the next line may say that it was repeated.
    pub fn take_all_but_last(&mut self) -> Self {
        let mut taken = std::mem::take(self);
        if let (Some(place), Some(last)) = (taken.places.pop(), taken.records.pop()) {
            self.records.push_evidence(&last);
            self.places.push(place);
        }
        taken
    }

    /// Counts one recipient that a server accepted.
    pub fn accept(&mut self, recipient: &str) {
        let domain = crate::smtp::domain_of(recipient).unwrap_or("").to_ascii_lowercase();
        *self.accepted.entry(domain).or_default() += 1;
    }
}
