//! The raw thread: reads the untouched lines around a refusal, or around any other place, again.

use super::run::Shared;
use crate::ingest::{LineSpan, reread};
use crate::model::{Origin, RejectionIdx, Snapshot, SourceLocation};
use crate::parse::transcript::Secrets;
use crossbeam_channel::Receiver;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;

/// Whose lines are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RawOf {
    /// A refusal: the deciding line, what stands around it, and the message's other lines.
    Rejection(RejectionIdx),
    /// A place: a line that no grammar took, or one with a problem.
    Place(Origin),
}

/// The untouched lines around a refusal or a place. Credentials are hidden.
#[derive(Clone, Debug)]
pub struct RawLines {
    /// Whose lines they are.
    pub of: RawOf,
    /// Source name as the user knows it.
    pub source: Arc<str>,
    /// Lines in order. A gap in the numbers is a gap in what is shown.
    pub lines: Vec<RawLine>,
    /// Why the lines cannot be shown, if so: the source is gone or has changed.
    pub problem: Option<String>,
}

/// One untouched line.
#[derive(Clone, Debug)]
pub struct RawLine {
    /// From 1.
    pub number: u64,
    /// The bytes as text; invalid UTF-8 replaced.
    pub text: String,
    /// One of this message's own lines.
    pub own: bool,
    /// Part of the deciding evidence, or of the wanted place.
    pub deciding: bool,
}

/// Lines shown before and after the deciding one.
const AROUND: u64 = 3;

/// How many bytes before a line are searched for the lines before it.
const LOOK_BACK: u64 = 256 * 1024;

/// Lines shown of a long span (a notice with its attachments).
const MAX_SPAN_LINES: u64 = 2_000;

/// Runs until the engine is dropped.
pub(super) fn run(shared: &Shared, wanted: &Receiver<RawOf>) {
    while let Ok(first) = wanted.recv() {
        let Some(of) = std::iter::once(first).chain(wanted.try_iter()).last() else { continue };
        let snapshot = shared.snapshot();
        let Some(lines) = raw_lines(&snapshot, of, &|| !wanted.is_empty()) else { continue };
        shared.set_raw(Arc::new(lines));
        (shared.wake)();
    }
}

/// `None` if the snapshot has no such refusal or source: it was closed meanwhile.
fn raw_lines(snapshot: &Snapshot, of: RawOf, cancelled: &dyn Fn() -> bool) -> Option<RawLines> {
    let origins = &match &of {
        RawOf::Rejection(idx) => snapshot.get(*idx)?.evidence.origins().collect(),
        RawOf::Place(origin) => vec![*origin],
    };
    let deciding = origins[0];
    let source = snapshot.sources.get(deciding.source.0 as usize)?;
    let (read, problem) = match reread(&source.location, &spans(&source.location, origins), cancelled) {
        Ok(read) => (read, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let mut at = deciding.start;
    let mut secrets = Secrets::default();
    let lines = read
        .into_iter()
        .map(|(number, bytes)| {
            let is_deciding = number >= deciding.line && at < deciding.start + u64::from(deciding.len).max(1);
            if is_deciding {
                at += bytes.len() as u64 + 1;
            }
            let text = String::from_utf8_lossy(&bytes);
            RawLine {
                number,
                text: secrets.hide(&text).into_owned(),
                own: origins.iter().any(|o| o.source == deciding.source && o.line == number)
                    || is_deciding
                    || is_in_message(origins, number),
                deciding: is_deciding,
            }
        })
        .collect();
    Some(RawLines { of, source: Arc::clone(&source.name), lines, problem })
}

/// A notice's second origin spans the whole message: all that follows it is the message's own.
fn is_in_message(origins: &[Origin], number: u64) -> bool {
    matches!(origins, [first, whole] if whole.len > first.len && whole.start <= first.start && number >= whole.line)
}

/// The place of a line some lines before `origin`; the beginning of the source if it cannot be found.
///
/// Only for plain files, so that a line near the end of a long log comes at once. In compressed ones the place is
/// not looked at: they are read from their beginning.
fn lines_before(location: &SourceLocation, origin: &Origin) -> (u64, u64) {
    let beginning = (1, 0);
    let SourceLocation::File(path) = location else { return beginning };
    let from = origin.start.saturating_sub(LOOK_BACK);
    let mut before = vec![0; (origin.start - from) as usize];
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut before)
    });
    if read.is_err() {
        return beginning;
    }
    let wanted = origin.line.saturating_sub(AROUND);
    // The line that holds `origin` begins behind the last line end, the one before it behind the last but one.
    let starts = memchr::memrchr_iter(b'\n', &before).map(|at| from + at as u64 + 1);
    let places = (1..=origin.line).rev().zip(starts);
    let found = places.take_while(|(line, _)| *line >= wanted.max(2)).last();
    found.filter(|(line, _)| *line == wanted || from > 0).unwrap_or(beginning)
}

/// The lines to read: those around the deciding one, the message's own, and a notice as a whole.
fn spans(location: &SourceLocation, origins: &[Origin]) -> Vec<LineSpan> {
    let deciding = origins[0];
    // Line number to byte offset at which reading may begin.
    let mut lines = BTreeMap::new();
    let whole = origins.iter().skip(1).find(|o| o.len > deciding.len && o.start <= deciding.start);
    if let Some(whole) = whole {
        let last = (deciding.line + AROUND).max(whole.line + MAX_SPAN_LINES);
        return vec![LineSpan { lines: whole.line..=last, from: (whole.line, whole.start) }];
    }
    for origin in origins.iter().filter(|o| o.source == deciding.source) {
        lines.insert(origin.line, (origin.line, origin.line));
    }
    let last = deciding.line + AROUND.max(u64::from(deciding.len) / 40);
    lines.insert(deciding.line, (deciding.line.saturating_sub(AROUND).max(1), last));
    let first_known = origins.iter().filter(|o| o.source == deciding.source).min_by_key(|o| o.start);
    let from = match first_known {
        Some(first) if first.line <= deciding.line.saturating_sub(AROUND) => (first.line, first.start),
        Some(first) => lines_before(location, first),
        None => (1, 0),
    };
    lines.into_values().map(|(first, last)| LineSpan { lines: first..=last, from }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SourceId, SourceReport};

    #[test]
    fn a_place_comes_with_the_lines_around_it() {
        let text: String = (1..=9).map(|n| format!("line {n}\n")).collect();
        let mut snapshot = Snapshot::default();
        snapshot.sources.push_back(SourceReport {
            id: SourceId(0),
            name: "a.log".into(),
            location: SourceLocation::Memory(text.as_bytes().into()),
            formats: Vec::new(),
            bytes: 0,
            lines: 9,
            rejections: 0,
            understood: 0,
            done: true,
        });
        let place = Origin { source: SourceId(0), line: 5, start: 28, len: 6 };
        let raw = raw_lines(&snapshot, RawOf::Place(place), &|| false).expect("the source is there");
        assert_eq!(raw.lines.iter().map(|l| l.number).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 8]);
        let deciding: Vec<_> = raw.lines.iter().filter(|l| l.deciding).map(|l| l.text.as_str()).collect();
        assert_eq!(deciding, ["line 5"]);
        let gone = Origin { source: SourceId(1), ..place };
        assert!(raw_lines(&snapshot, RawOf::Place(gone), &|| false).is_none());
    }

    #[test]
    fn lines_before_a_place_are_found_without_reading_all() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.log");
        let text: String = (1..=40_000).map(|n| format!("line {n:05}\n")).collect();
        std::fs::write(&path, text).expect("a file");
        let location = SourceLocation::File(path);
        let check = |line: u64, expect: (u64, u64)| {
            let origin = Origin { source: SourceId(0), line, start: (line - 1) * 11, len: 10 };
            assert_eq!(lines_before(&location, &origin), expect, "line {line}");
        };
        check(1, (1, 0));
        check(4, (1, 0));
        check(5, (2, 11));
        check(40_000, (39_997, 39_996 * 11));
        check(40_009, (1, 0));
    }
}
