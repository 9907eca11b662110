//! Undeliverable notices: RFC 3464 reports and what older and odder systems write.
//!
//! `This is the mail system at host mail.example.org. … <a@example.org>: host mx said: 550 5.1.1 no such user`.
//! A notice is taken apart in three steps: [`mime`] sorts its parts, [`status`] reads the fields of RFC 3464 and
//! [`body`] the words for people; [`build`] makes one piece of evidence a recipient of what they say. The grammars
//! are general: an address line with its reason ([`recipients`]), a printed session ([`transcript`]), words that
//! introduce a reply ([`quoted`]).

mod address;
mod body;
mod build;
mod decide;
pub mod emlx;
mod fields;
mod finding;
pub(super) mod formats;
pub mod mbox;
mod mime;
pub mod msg;
mod original;
mod place;
mod quoted;
mod read;
mod recipients;
mod signs;
mod stage;
mod status;
mod transcript;

#[cfg(test)]
mod tests;

use crate::model::{Harvest, SourceId};
use place::Place;
use read::Outcome;

/// Reads one mail message that starts at line `line` and byte `start` of `source`.
pub fn read_mail(source: SourceId, bytes: &[u8], line: u64, start: u64, out: &mut Harvest) {
    out.coverage.messages += 1;
    let place = Place { source, raw: bytes, line, start };
    take(read::mail(bytes), place, out);
}

/// Reads the body of a notice whose headers are lost (pasted text). Returns how many refusals were found.
pub fn read_body(source: SourceId, text: &[u8], line: u64, start: u64, out: &mut Harvest) -> usize {
    let place = Place { source, raw: text, line, start };
    match read::pasted(&String::from_utf8_lossy(text)) {
        Some(notice) => take(Outcome::Refused(vec![notice]), place, out),
        None => 0,
    }
}

/// Hands on what a message gave. Returns how many refusals it held.
fn take(outcome: Outcome, place: Place<'_>, out: &mut Harvest) -> usize {
    match outcome {
        Outcome::Refused(notices) => {
            let mut found = 0;
            for notice in &notices {
                let evidence = build::evidence(notice, place);
                count(notice.format, evidence.len(), out);
                found += evidence.len();
                out.evidence.extend(evidence);
            }
            found
        }
        Outcome::NotUnderstood => {
            out.coverage.miss(place.whole());
            count("dsn.other", 0, out);
            0
        }
        Outcome::NoRefusal => {
            out.coverage.not_refusals += 1;
            0
        }
    }
}

/// Counts one notice of a format.
fn count(format: &str, found: usize, out: &mut Harvest) {
    let counts = out.coverage.by_daemon.entry(format.to_owned()).or_default();
    counts.read += 1;
    counts.understood += u64::from(found > 0);
    counts.not_understood += u64::from(found == 0);
}
