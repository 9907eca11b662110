//! The command line: the window's second door, and the whole program where there is no display.
//!
//! Exit codes: 0 done; 1 done, but `--fail-on` matched or `--strict` saw problems; 2 the job could not be done.

mod args;
mod case;
mod explain;
mod formats;
mod progress;
mod report;
#[cfg(feature = "gui")]
mod window;

pub use args::Args;
pub use formats::markdown as formats_table;

use crate::export::Style;
use args::Command;
use clap::Parser as _;
use std::io;
use std::process::ExitCode;

/// Done, but a condition that was asked for is met.
const EXIT_CONDITION: u8 = 1;
/// The job could not be done.
const EXIT_FAILED: u8 = 2;

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let result = match args.command {
        Some(Command::Report(report)) => report::run(&report),
        Some(Command::Explain(explain)) => explain::run(&explain),
        Some(Command::Formats(args)) => formats::run(&args),
        None => open_window(args.paths, args.year),
    };
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fivefifty: {error:#}");
            ExitCode::from(EXIT_FAILED)
        }
    }
}

/// The reader of our output has seen enough: that is no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|e| e.downcast_ref::<io::Error>()).any(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Colours for a terminal, unless `NO_COLOR` is set.
fn style(is_terminal: bool) -> Style {
    Style::new(is_terminal, std::env::var_os("NO_COLOR").as_deref())
}

/// Columns of the terminal; 100 where it does not say.
fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let asked = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.or_else(asked).unwrap_or(100).clamp(40, 140)
}

#[cfg(feature = "gui")]
fn open_window(paths: Vec<std::path::PathBuf>, year: Option<i32>) -> anyhow::Result<ExitCode> {
    window::run(paths, year)
}

#[cfg(not(feature = "gui"))]
fn open_window(paths: Vec<std::path::PathBuf>, year: Option<i32>) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        !paths.is_empty(),
        "this build has no window; give it files to report on, or see `fivefifty --help`"
    );
    report::run(&args::ReportArgs::for_paths(paths, year))
}
