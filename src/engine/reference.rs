//! The plain way: one source, one thread, from any reader. What the engine gives must be the same.
//!
//! For tests, and for whoever wants to read one thing without threads.

use super::CancelToken;
use super::finish::{Finished, Finisher};
use super::segments::{Hands, SEGMENT_BYTES, Segments};
use super::source::{SourceJob, read_opened, read_source};
use crate::classify::Knowledge;
use crate::group::Judge;
use crate::ingest::open_reader;
use crate::model::{
    ReadState, Snapshot, SourceId, SourceLocation, SourceProblem, SourceReport, Timestamp, Zone,
};
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
    read_alone_in_zone(knowledge, name, reader, year, Zone::default(), now)
}

/// As [`read_alone`], with the zone of time stamps that name none.
pub fn read_alone_in_zone(
    knowledge: &Arc<Knowledge>,
    name: &str,
    reader: impl Read + Send + 'static,
    year: Option<i32>,
    zone: Zone,
    now: Timestamp,
) -> Snapshot {
    let job = SourceJob {
        id: SourceId(0),
        name: name.into(),
        location: SourceLocation::Stream,
        supply: None,
        year,
        zone,
        named: true,
        now,
        bytes_read: Arc::default(),
        cancel: CancelToken::default(),
        plain: true,
        segment_bytes: SEGMENT_BYTES,
    };
    let mut parts = Vec::new();
    with_hands(knowledge, &mut |part| parts.push(part), |hands| {
        read_opened(&job, open_reader(reader), hands);
    });
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
    read_in_segments_in_zone(knowledge, path, year, Zone::default(), now, segment_bytes, n_workers)
}

/// As [`read_in_segments`], with the zone of time stamps that name none.
pub fn read_in_segments_in_zone(
    knowledge: &Arc<Knowledge>,
    path: &Path,
    year: Option<i32>,
    zone: Zone,
    now: Timestamp,
    segment_bytes: u64,
    n_workers: usize,
) -> Snapshot {
    let job = SourceJob {
        id: SourceId(0),
        name: path.display().to_string().into(),
        location: SourceLocation::File(path.to_path_buf()),
        supply: None,
        year,
        zone,
        named: true,
        now,
        bytes_read: Arc::default(),
        cancel: CancelToken::default(),
        plain: false,
        segment_bytes,
    };
    let (send, parts) = channel();
    std::thread::scope(|scope| {
        let mut share = |segments: &Arc<Segments>| {
            for _ in 1..n_workers {
                let (segments, send) = (Arc::clone(segments), send.clone());
                scope.spawn(move || {
                    let mut hand_in = |part| send.send(part).expect("the receiver lives longer");
                    with_hands(knowledge, &mut hand_in, |hands| segments.work(hands));
                });
            }
        };
        let mut hand_in = |part| send.send(part).expect("the receiver lives longer");
        with_hands(knowledge, &mut hand_in, |hands| read_source(&job, hands, &mut share));
    });
    drop(send);
    put_together(&path.display().to_string(), parts)
}

/// Does `work` with a judge of its own.
fn with_hands(knowledge: &Arc<Knowledge>, send: &mut dyn FnMut(Finished), work: impl FnOnce(&mut Hands<'_>)) {
    let mut finisher = Finisher { judge: Judge::new(Arc::clone(knowledge)), printer: None };
    let mut finish = |part| finisher.finish(SourceId(0), "", part);
    work(&mut Hands { finish: &mut finish, send });
}

fn put_together(name: &str, parts: impl IntoIterator<Item = Finished>) -> Snapshot {
    let name: Arc<str> = name.into();
    let mut snapshot = Snapshot { generation: 1, state: ReadState::Done, ..Snapshot::default() };
    let mut bytes = 0u64;
    for part in parts {
        snapshot.push(Arc::new(part.rejections));
        snapshot.coverage.add(part.coverage);
        let named = part.problems.into_iter();
        snapshot.problems.extend(named.map(|problem| SourceProblem { source: Arc::clone(&name), problem }));
        for (domain, n) in part.accepted {
            *snapshot.accepted.entry(domain).or_default() += n;
        }
        bytes = bytes.max(part.bytes);
    }
    snapshot.sources.push_back(SourceReport {
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
