//! Refusals of a log that lack something, since their messages had to be forgotten, and all that follow them.
//!
//! They wait until the log has ended. Then it is read once more, for their messages alone, and they go out complete, in
//! their order. A busy log never needs it: it takes more than 65,536 messages in the queue at one time.

use super::source::{Part, Reading, SourceJob};
use crate::correlate::{LogCorrelator, Messages};
use crate::ingest::{Blocks, open_location};
use crate::model::{Problem, ProblemKind, ReadOptions, Records, SourceLocation};

/// What waits.
pub(super) struct Hold {
    options: ReadOptions,
    records: Records,
    places: Vec<u64>,
    from: Option<u64>,
}

impl Hold {
    pub fn new(options: ReadOptions) -> Self {
        Self { options, records: Records::default(), places: Vec::new(), from: None }
    }

    /// Takes out of a part what has to wait.
    pub fn keep(&mut self, part: &mut Part, log: &LogCorrelator) {
        let Some(from) = log.lacking_from() else { return };
        let from = *self.from.get_or_insert(from);
        let go = part.places.partition_point(|place| *place < from);
        self.places.extend(part.places.drain(go..));
        self.records.append(&part.records.split_off(go));
    }

    /// The log has ended: what waited, complete as far as that can be.
    pub fn release(&mut self, job: &SourceJob, log: &mut LogCorrelator) -> (Records, Option<Problem>) {
        let Some(from) = self.from.take() else { return (Records::default(), None) };
        let (mut records, mut places) = (std::mem::take(&mut self.records), std::mem::take(&mut self.places));
        if job.cancel.is_cancelled() {
            return (records, None);
        }
        let messages = log.lacking();
        let Some((again, again_places)) = self.read_again(job, &messages) else {
            let message = format!(
                "more messages were in the queue at one time than are kept in mind: what earlier lines say is missing \
                 for {} of them",
                messages.len()
            );
            return (records, Some(Problem { kind: ProblemKind::Forgotten, origin: None, message }));
        };
        let is_told_again =
            |at: usize| messages.has(records.get(at).reporting_mta(), records.get(at).queue_id());
        let n = records.len();
        let mut order: Vec<usize> = (0..n).filter(|at| !is_told_again(*at)).collect();
        order.extend((0..again.len()).filter(|at| again_places[*at] >= from).map(|at| n + at));
        records.append(&again);
        places.extend(again_places);
        // What is only known at the end of the log stands there, in the order of its lines.
        let place = |at: &usize| {
            let evidence = records.get(*at);
            let at_end = (places[*at] == u64::MAX).then(|| (evidence.origin(), evidence.final_recipient()));
            (places[*at], at_end)
        };
        order.sort_by_key(place);
        records.reorder(&order);
        (records, None)
    }

    /// Reads the log for some messages alone: their refusals and where each was decided. `None` if it cannot be read
    /// again.
    fn read_again(&self, job: &SourceJob, messages: &Messages) -> Option<(Records, Vec<u64>)> {
        if matches!(job.location, SourceLocation::Stream) {
            return None;
        }
        let opened = open_location(&job.location, Default::default());
        let mut log = LogCorrelator::new(job.id, self.options.clone()).only(messages.clone());
        let mut nobody = |_| {};
        let mut reading = Reading::new(job, &mut nobody);
        reading.read_lines(&mut Blocks::new(opened.ok()?.reader), &mut log, |_, _| true);
        log.finish(&mut reading.harvest);
        let harvest = std::mem::take(&mut reading.harvest);
        Some((harvest.records, harvest.places))
    }
}
