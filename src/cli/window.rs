//! Opens the window; where that cannot be, says why in one sentence and prints the report instead.

use super::args::ReportArgs;
use super::report;
use crate::classify::Knowledge;
use crate::engine::Input;
use crate::gui;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

pub(super) fn run(paths: Vec<PathBuf>, year: Option<i32>) -> anyhow::Result<ExitCode> {
    let knowledge = Arc::new(Knowledge::builtin()?);
    let inputs = paths.iter().cloned().map(Input::Path).collect();
    match gui::run(knowledge, year, inputs) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) if paths.is_empty() => Err(error.into()),
        Err(error) => {
            eprintln!("fivefifty: {error}; here is the report instead\n");
            report::run(&ReportArgs::for_paths(paths, year))
        }
    }
}
