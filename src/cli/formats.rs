//! `fivefifty formats`: what can be read; `fivefifty formats FILE`: why a file was taken as it was, line by line.

use super::args::FormatsArgs;
use crate::classify::Knowledge;
use crate::engine::{CONTAINERS, Looked, look_into};
use crate::notes::one_line;
use crate::parse::formats::{Extent, Family, Format, Sample, formats};
use anyhow::Context as _;
use chrono::Utc;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

pub(super) fn run(args: &FormatsArgs) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    match &args.path {
        None if args.markdown => out.write_all(markdown().as_bytes())?,
        None => write_list(&mut out)?,
        Some(path) => write_look(&mut out, path, args)?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

const FAMILIES: [(Family, &str); 5] = [
    (Family::Log, "Logs"),
    (Family::Table, "Tables"),
    (Family::Events, "Events"),
    (Family::Notice, "Notices"),
    (Family::Transcript, "Transcripts"),
];

fn write_list(out: &mut impl Write) -> io::Result<()> {
    let width = formats().map(|format| format.name.len()).max().unwrap_or(0);
    for (family, title) in FAMILIES {
        let mut of_it = formats().filter(|format| format.family == family).peekable();
        if of_it.peek().is_none() {
            continue;
        }
        writeln!(out, "{title}")?;
        for format in of_it {
            writeln!(
                out,
                "  {:width$}  {} ({}; sample {})",
                format.name,
                format.title,
                extent(format),
                sample(format)
            )?;
        }
        writeln!(out)?;
    }
    let containers: Vec<&str> = CONTAINERS.iter().map(|container| container.name).collect();
    writeln!(out, "Any of them may lie in a folder, or in: {}.", containers.join(", "))?;
    writeln!(out, "`fivefifty formats FILE` says line by line why a file was taken or not.")
}

fn extent(format: &Format) -> String {
    match format.extent {
        Extent::Fully => "read fully".to_owned(),
        Extent::Partly(but) => format!("read but for {but}"),
    }
}

fn sample(format: &Format) -> &'static str {
    match format.sample {
        Sample::RealProgram => "from the program",
        Sample::Documentation => "from documentation",
    }
}

/// The table of README.md and docs/FORMATS.md.
pub fn markdown() -> String {
    let mut out = String::from("| format | what | read | sample | grammar from |\n|---|---|---|---|---|\n");
    for (family, _) in FAMILIES {
        for format in formats().filter(|format| format.family == family) {
            let (name, title, grammar) = (format.name, format.title, format.grammar);
            let read = match format.extent {
                Extent::Fully => "fully".to_owned(),
                Extent::Partly(but) => format!("but for {but}"),
            };
            out.push_str(&format!("| `{name}` | {title} | {read} | {} | {grammar} |\n", sample(format)));
        }
    }
    out
}

fn write_look(out: &mut impl Write, path: &Path, args: &FormatsArgs) -> anyhow::Result<()> {
    anyhow::ensure!(!path.is_dir(), "{} is a folder; name one file of it", path.display());
    let name = path.display().to_string();
    let name = one_line(&name);
    let knowledge = Arc::new(Knowledge::builtin()?);
    let looked =
        look_into(&knowledge, path, args.year, Utc::now()).with_context(|| format!("cannot read {name}"))?;
    let Looked { kind, lines, snapshot } = looked;
    writeln!(out, "{name}: {kind}")?;
    for problem in &snapshot.problems {
        writeln!(out, "{name}: {}", problem.problem.message)?;
    }
    let coverage = &snapshot.coverage;
    let refused = snapshot.iter().filter(|(_, rejection)| rejection.is_permanent()).count();
    writeln!(
        out,
        "refused for good: {refused}; accepted: {}; lines with a 5yz reply not understood: {}\n",
        snapshot.n_accepted(),
        coverage.not_understood
    )?;
    for (daemon, counts) in &coverage.by_daemon {
        writeln!(
            out,
            "  {daemon}: {} read, {} understood ({} decide nothing), {} with a 5yz reply not understood",
            counts.read, counts.understood, counts.ignored, counts.not_understood
        )?;
    }
    let mut telling = lines.iter().filter(|line| args.all || !line.says.is_empty());
    for line in telling.by_ref().take(args.lines) {
        writeln!(out, "{:>7}  {}", line.number, cut(&one_line(&line.text), 100))?;
        writeln!(out, "         = {}", one_line(&line.says))?;
    }
    if telling.next().is_some() {
        writeln!(out, "\nThese are the first; --lines N shows more of them.")?;
    }
    Ok(())
}

/// The first `n` characters.
fn cut(text: &str, n: usize) -> String {
    match text.char_indices().nth(n) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_in_the_list() {
        let mut out = Vec::new();
        write_list(&mut out).expect("memory can be written");
        let list = String::from_utf8(out).expect("text");
        for format in formats() {
            assert!(list.contains(format.name) && markdown().contains(format.title), "{}", format.name);
        }
    }

    #[test]
    fn a_cut_is_between_characters() {
        assert_eq!((cut("äöü", 2), cut("ab", 2)), ("äö…".to_owned(), "ab".to_owned()));
    }
}
