//! Looks through the logs once more for mail that was accepted and failed later.

use super::CancelToken;
use crate::correlate::Passages;
use crate::ingest::{Blocks, open_location};
use crate::model::{Origin, Passage, RejectionIdx, Snapshot, SourceLocation, SourceReport};
use aho_corasick::AhoCorasick;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// For the refusals of `snapshot` that only notices tell of: the lines of logs that say that the mail was accepted before.
/// Without such notices or without logs nothing is read.
pub(super) fn passages(snapshot: &Snapshot, cancel: &CancelToken) -> BTreeMap<RejectionIdx, Passage> {
    // Mails have no lines that are counted.
    let logs: Vec<&SourceReport> = snapshot.sources.iter().filter(|source| source.lines > 0).collect();
    if logs.is_empty() {
        return BTreeMap::new();
    }
    let mut passages = Passages::of(snapshot);
    if passages.is_empty() {
        return BTreeMap::new();
    }
    let ids = passages.message_ids();
    logs.iter().for_each(|log| each_line_with(log, &ids, cancel, |line, _| passages.see_id(line)));
    let ids = passages.queue_ids();
    if !ids.is_empty() {
        logs.iter()
            .for_each(|log| each_line_with(log, &ids, cancel, |line, origin| passages.see(line, origin)));
    }
    passages.found()
}

/// Calls `each` for every line of a log that holds one of `words`. What cannot be read again gives nothing: that it could
/// not be read was said before.
fn each_line_with(
    log: &SourceReport,
    words: &[String],
    cancel: &CancelToken,
    mut each: impl FnMut(&[u8], Origin),
) {
    if log.location == SourceLocation::Stream {
        return;
    }
    let opened = open_location(&log.location, Arc::default());
    let (Ok(opened), Ok(finder)) = (opened, AhoCorasick::new(words)) else { return };
    let mut blocks = Blocks::new(opened.reader);
    while let Ok(Some(block)) = next(&mut blocks, cancel) {
        let (mut behind, mut number) = (0, block.line);
        let mut counted = 0;
        for found in finder.find_iter(block.bytes) {
            if found.start() < behind {
                continue;
            }
            let start = memchr::memrchr(b'\n', &block.bytes[..found.start()]).map_or(0, |at| at + 1);
            let end = memchr::memchr(b'\n', &block.bytes[start..]).map_or(block.bytes.len(), |at| start + at);
            number += memchr::memchr_iter(b'\n', &block.bytes[counted..start]).count() as u64;
            (counted, behind) = (start, end);
            let line = &block.bytes[start..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let place = Origin {
                source: log.id,
                line: number,
                start: block.start + start as u64,
                len: line.len() as u32,
            };
            each(line, place);
        }
    }
}

fn next<'a, R: io::Read>(
    blocks: &'a mut Blocks<R>,
    cancel: &CancelToken,
) -> io::Result<Option<crate::ingest::Block<'a>>> {
    if cancel.is_cancelled() { Ok(None) } else { blocks.next_block() }
}
