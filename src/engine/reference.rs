//! The plain way: one source, one thread, from any reader. What the engine gives must be the same.
//!
//! For tests, and for whoever wants to read one thing without threads.

use super::CancelToken;
use super::segments::{SEGMENT_BYTES, Segments};
use super::source::{Part, SourceJob, read_opened, read_source};
use crate::classify::Knowledge;
use crate::group::Judge;
use crate::ingest::open_reader;
use crate::model::{ReadState, Snapshot, SourceId, SourceLocation, SourceProblem, SourceReport, Timestamp};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

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
        plain: true,
        segment_bytes: SEGMENT_BYTES,
    };
    let mut parts = Vec::new();
    let mut judge = Judge::new(Arc::clone(knowledge));
    read_opened(&job, open_reader(reader), &mut judge, &mut |part| parts.push(part));
    put_together(name, parts)
}

/// Reads the file `path` in segments of `segment_bytes`, on `n_workers` threads.
pub fn read_in_segments(
    knowledge: &Arc<Knowledge>,
    path: &Path,
    year: Option<i32>,
    now: Timestamp,
    segment_bytes: u64,
    n_workers: usize,
) -> Snapshot {
    let job = SourceJob {
        id: SourceId(0),
        location: SourceLocation::File(path.to_path_buf()),
        year,
        named: true,
        now,
        bytes_read: Arc::default(),
        cancel: CancelToken::default(),
        plain: false,
        segment_bytes,
    };
    let (send, parts) = channel();
    std::thread::scope(|scope| {
        let mut judge = Judge::new(Arc::clone(knowledge));
        let mut hand_in = |part| send.send(part).expect("the receiver lives longer");
        let mut share = |segments: &Arc<Segments>| {
            for _ in 1..n_workers {
                let (segments, send) = (Arc::clone(segments), send.clone());
                let mut judge = Judge::new(Arc::clone(knowledge));
                scope.spawn(move || {
                    segments.work(&mut judge, &mut |part| {
                        send.send(part).expect("the receiver lives longer");
                    });
                });
            }
        };
        read_source(&job, &mut judge, &mut hand_in, &mut share);
    });
    drop(send);
    put_together(&path.display().to_string(), parts)
}

fn put_together(name: &str, parts: impl IntoIterator<Item = Part>) -> Snapshot {
    let name: Arc<str> = name.into();
    let mut snapshot = Snapshot { generation: 1, state: ReadState::Done, ..Snapshot::default() };
    let mut bytes = 0u64;
    let mut accepted = std::collections::BTreeMap::<String, u64>::new();
    for part in parts {
        snapshot.push(part.rejections.into());
        snapshot.coverage.add(part.coverage);
        let named = part.problems.into_iter();
        snapshot.problems.extend(named.map(|problem| SourceProblem { source: Arc::clone(&name), problem }));
        for (domain, n) in part.accepted {
            *accepted.entry(domain).or_default() += n;
        }
        bytes = bytes.max(part.bytes);
    }
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
