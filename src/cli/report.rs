//! `fivefifty report`: reads everything, prints what was refused.

use super::args::{Format, ReportArgs};
use super::{EXIT_CONDITION, EXIT_FAILED, case};
use crate::classify::Knowledge;
use crate::export::{JsonlPrinter, write_jsonl, write_markdown, write_terminal};
use crate::model::{ProblemKind, ReadState, Snapshot};
use crate::query::{Query, View, answer};
use anyhow::Context as _;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

pub(super) fn run(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let filter = query(&args.filter, "--filter")?;
    let fail_on = args.fail_on.as_deref().map(|text| query(text, "--fail-on")).transpose()?;
    let knowledge = Arc::new(Knowledge::builtin()?);
    // What is printed as it is found need not be kept. Of several sources two may tell of the same refusal, and that is
    // known only when all are read.
    let alone = args.paths.len() == 1 && !args.paths[0].is_dir();
    let snapshot = if args.format == Format::Jsonl && filter.is_all() && fail_on.is_none() && alone {
        let (knowledge, include_transient) = (Arc::clone(&knowledge), args.include_transient);
        let printer = JsonlPrinter { knowledge: Arc::clone(&knowledge), include_transient };
        widen_pipe();
        let mut out = io::stdout().lock();
        case::read_printing(&knowledge, &args.paths, args.year, args.tz, Arc::new(printer), &mut out)
            .and_then(|snapshot| out.flush().map(|()| snapshot))
            .context(CANNOT_PRINT)?
    } else {
        let snapshot = case::read(&knowledge, &args.paths, args.year, args.tz);
        print(args, &knowledge, &snapshot, &filter)?;
        snapshot
    };
    if args.format == Format::Jsonl {
        tell_problems(&snapshot);
    }
    if nothing_was_readable(&snapshot) {
        return Ok(ExitCode::from(EXIT_FAILED));
    }
    let failed =
        fail_on.is_some_and(|q| !answered(&knowledge, &snapshot, &q, args.include_transient).rows.is_empty());
    let strict = args.strict && (!snapshot.problems.is_empty() || snapshot.coverage.not_understood > 0);
    // The program ends here: giving back a million small pieces of memory one by one takes longer than printing them.
    std::mem::forget(snapshot);
    Ok(if failed || strict { ExitCode::from(EXIT_CONDITION) } else { ExitCode::SUCCESS })
}

/// Gives a pipe room for what is printed while its reader is busy; anything else that is printed to stays as it is.
fn widen_pipe() {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(io::stdout(), 1 << 20);
}

const CANNOT_PRINT: &str = "cannot print the report";

fn query(text: &str, option: &str) -> anyhow::Result<Query> {
    Query::parse(text).map_err(|e| {
        let mark = format!("{}{}", " ".repeat(e.at.start), "^".repeat(e.at.len().max(1)));
        anyhow::anyhow!("{option}: {e}\n  {text}\n  {mark}")
    })
}

fn answered(knowledge: &Knowledge, snapshot: &Snapshot, query: &Query, include_transient: bool) -> View {
    answer(knowledge, snapshot, query, include_transient, &|| false).unwrap_or_default()
}

fn print(
    args: &ReportArgs,
    knowledge: &Knowledge,
    snapshot: &Snapshot,
    filter: &Query,
) -> anyhow::Result<()> {
    let stdout = io::stdout();
    let style = super::style(stdout.is_terminal());
    let mut out = BufWriter::with_capacity(64 * 1024, stdout.lock());
    let view = || answered(knowledge, snapshot, filter, args.include_transient);
    match args.format {
        Format::Text => write_terminal(&mut out, snapshot, knowledge, &view(), super::width(), style),
        Format::Md => write_markdown(&mut out, snapshot, knowledge, &view()),
        Format::Jsonl => {
            // In the order of the evidence, whatever order the window shows.
            let mut rows = view().rows.to_vec();
            rows.sort_unstable();
            write_jsonl(&mut out, snapshot, knowledge, rows.into_iter())
        }
    }
    .and_then(|()| out.flush())
    .context(CANNOT_PRINT)
}

/// Each input that gave trouble, on standard error: JSON Lines have no place for it, the other reports do.
fn tell_problems(snapshot: &Snapshot) {
    const SHOWN: usize = 50;
    for problem in snapshot.problems.iter().take(SHOWN) {
        let line = problem.problem.origin.map_or(String::new(), |o| format!(":{}", o.line));
        let name = crate::notes::one_line(&problem.source);
        eprintln!("fivefifty: {name}{line}: {}", problem.problem.message);
    }
    if snapshot.problems.len() > SHOWN {
        eprintln!("fivefifty: and {} more", snapshot.problems.len() - SHOWN);
    }
}

/// No source could be read at all.
fn nothing_was_readable(snapshot: &Snapshot) -> bool {
    let unusable = |s: &&crate::model::SourceReport| {
        s.bytes == 0
            || snapshot
                .problems
                .iter()
                .any(|p| p.source == s.name && p.problem.kind == ProblemKind::Unreadable)
    };
    let unreadable = snapshot.problems.iter().filter(|p| p.problem.kind == ProblemKind::Unreadable).count();
    snapshot.state != ReadState::Empty && unreadable > 0 && snapshot.sources.iter().all(|s| unusable(&s))
}
