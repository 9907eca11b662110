//! One log: lines in, refusals out, the context of each message kept while it is in the queue.

use crate::model::{Harvest, ReadOptions, SourceId};
use crate::parse::Line;

/// Reads the lines of one log in order.
pub struct LogCorrelator {
    _source: SourceId,
    _options: ReadOptions,
}

impl LogCorrelator {
    /// For the log `source`.
    pub fn new(source: SourceId, options: ReadOptions) -> Self {
        Self { _source: source, _options: options }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>, out: &mut Harvest) {
        let _ = (line, out);
    }

    /// The log has ended: what is still waiting for a verdict is handed out as it stands.
    pub fn finish(&mut self, out: &mut Harvest) {
        let _ = out;
    }
}
