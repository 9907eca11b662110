//! Why a source is read as it is, line by line: for whoever wonders why a file was not taken.

use super::reference::read_alone;
use crate::classify::Knowledge;
use crate::ingest::open_location;
use crate::model::{Snapshot, SourceLocation, Timestamp};
use crate::parse::detect::{Kind, detect, head_says, line_says};
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

/// So much of a source's head is shown line by line.
const HEAD_BYTES: u64 = 64 * 1024;

/// What was found.
#[derive(Debug)]
pub struct Looked {
    /// What the source is taken for, and why.
    pub kind: String,
    /// The first lines, each with what it says or why it was not taken.
    pub lines: Vec<LineLooked>,
    /// What reading all of it gave.
    pub snapshot: Snapshot,
}

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineLooked {
    /// From 1.
    pub number: u64,
    /// As it stands there; bytes that are no text replaced.
    pub text: String,
    /// What it says: `postfix: a recipient was refused`.
    pub says: String,
}

/// Looks into the file `path`, or standard input for `-`.
pub fn look_into(
    knowledge: &Arc<Knowledge>,
    path: &Path,
    year: Option<i32>,
    now: Timestamp,
) -> io::Result<Looked> {
    let location = match path.as_os_str() == "-" {
        true => SourceLocation::Stream,
        false => SourceLocation::File(path.to_path_buf()),
    };
    let opened = open_location(&location, Arc::default())?;
    let mut reader = opened.reader;
    let mut head = Vec::new();
    reader.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    let kind = detect(&head);
    let by_line = kind == Kind::Log;
    let lines = head.split_inclusive(|byte| *byte == b'\n').enumerate().map(|(n, line)| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let says = if by_line { line_says(line) } else { String::new() };
        LineLooked { number: n as u64 + 1, text: String::from_utf8_lossy(line).into_owned(), says }
    });
    let mut lines: Vec<_> = lines.collect();
    let name = path.display().to_string();
    let snapshot = read_alone(knowledge, &name, io::Cursor::new(head.clone()).chain(reader), year, now);
    if !by_line {
        say_what_was_found(&mut lines, &snapshot);
    }
    Ok(Looked { kind: head_says(&head), lines, snapshot })
}

/// What is no log has its answer by the lines that decided.
fn say_what_was_found(lines: &mut [LineLooked], snapshot: &Snapshot) {
    let mut says = |number: u64, words: String| {
        let line = number.checked_sub(1).and_then(|at| lines.get_mut(at as usize));
        if let Some(line) = line.filter(|line| line.says.is_empty()) {
            line.says = words;
        }
    };
    for (_, rejection) in snapshot.iter() {
        let evidence = rejection.evidence;
        let to = evidence.final_recipient().unwrap_or("a recipient that is not named");
        says(evidence.origin().line, format!("{}: {to} was refused", evidence.format()));
        evidence
            .origins()
            .skip(1)
            .for_each(|o| says(o.line, format!("{}: belongs to a refusal", evidence.format())));
    }
    for place in &snapshot.coverage.not_understood_at {
        says(place.line, "a 5yz reply that was not understood".to_owned());
    }
    for problem in &snapshot.problems {
        if let Some(origin) = problem.problem.origin {
            says(origin.line, problem.problem.message.clone());
        }
    }
}
