//! The last step of a reader: what was found is judged, and kept for the snapshot or put into words at once.

use super::source::Part;
use crate::group::Judge;
use crate::model::{Coverage, Print, Problem, Rejections, SourceId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A [`Part`] of a source, judged.
#[derive(Default)]
pub(super) struct Finished {
    /// Empty if they were printed.
    pub rejections: Rejections,
    /// The refusals in words.
    pub printed: Vec<u8>,
    /// How many refusals, kept or printed.
    pub n_rejections: u64,
    /// The grammars that found them.
    pub formats: Vec<&'static str>,
    pub problems: Vec<Problem>,
    pub coverage: Coverage,
    pub accepted: BTreeMap<String, u64>,
    /// Bytes of decompressed text so far.
    pub bytes: u64,
    /// The source has ended.
    pub done: bool,
}

/// Prints what need not wait.
#[derive(Clone)]
pub(super) struct Printer {
    pub print: Arc<dyn Print>,
    /// The source whose refusals go out now; those of later ones are kept until it is their turn, since they are
    /// smaller than their words.
    pub turn: Arc<AtomicU32>,
}

/// Finishes parts. One for each reader.
pub(super) struct Finisher {
    pub judge: Judge,
    pub printer: Option<Printer>,
}

impl Finisher {
    /// Judges a part of the source `name`.
    pub fn finish(&mut self, source: SourceId, name: &str, part: Part) -> Finished {
        let Part { records, problems, coverage, accepted, bytes, done, .. } = part;
        let rejections = self.judge.judge_all(records);
        let n_rejections = rejections.len() as u64;
        let formats = rejections.evidence().formats().to_vec();
        let mut finished = Finished {
            n_rejections,
            formats,
            problems,
            coverage,
            accepted,
            bytes,
            done,
            ..Finished::default()
        };
        match &self.printer {
            Some(printer) if printer.turn.load(Ordering::Relaxed) == source.0 => {
                printer.print.print(name, &rejections, &mut finished.printed);
            }
            _ => finished.rejections = rejections,
        }
        finished
    }
}
