//! The plain way: one source, one thread, from any reader. What the engine gives must be the same.
//!
//! For tests, and for whoever wants to read one thing without threads.

use super::CancelToken;
use super::source::{Part, SourceJob, read_opened};
use crate::classify::Knowledge;
use crate::group::Judge;
use crate::ingest::open_reader;
use crate::model::{ReadState, Snapshot, SourceId, SourceLocation, SourceProblem, SourceReport, Timestamp};
use std::io::Read;
use std::sync::Arc;

/// Reads `reader` to its end as the source `name`. `now` stands in for the clock.
pub fn read_alone(
    knowledge: &Arc<Knowledge>,
    name: &str,
    reader: impl Read + Send + 'static,
    year: Option<i32>,
    now: Timestamp,
) -> Snapshot {
    let job = SourceJob {
        id: SourceId(0),
        location: SourceLocation::Stream,
        year,
        named: true,
        now,
        bytes_read: Arc::default(),
        cancel: CancelToken::default(),
    };
    let name: Arc<str> = name.into();
    let mut snapshot = Snapshot { generation: 1, state: ReadState::Done, ..Snapshot::default() };
    let mut bytes = 0;
    let mut judge = Judge::new(Arc::clone(knowledge));
    let mut accepted = std::collections::BTreeMap::<String, u64>::new();
    let mut take = |part: Part| {
        snapshot.push(part.rejections.into());
        snapshot.coverage.add(part.coverage);
        let named = part.problems.into_iter();
        snapshot.problems.extend(named.map(|problem| SourceProblem { source: Arc::clone(&name), problem }));
        for (domain, n) in part.accepted {
            *accepted.entry(domain).or_default() += n;
        }
        bytes = part.bytes;
    };
    read_opened(&job, open_reader(reader), &mut judge, &mut take);
    snapshot.accepted = Arc::new(accepted);
    snapshot.sources.push(SourceReport {
        id: SourceId(0),
        name: Arc::clone(&name),
        location: SourceLocation::Stream,
        formats: Vec::new(),
        bytes,
        lines: snapshot.coverage.lines,
        rejections: snapshot.len() as u64,
        understood: snapshot.coverage.by_daemon.values().map(|d| d.understood).sum(),
        done: true,
    });
    snapshot
}
