//! Instructions of a small run: a count repeats where a time does not.

use crate::generator::{Shares, write_exim_log, write_postfix_log};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Threads meet in another order each time: less than this is no change.
const TOLERANCE_PERCENT: f64 = 1.0;

const BYTES: u64 = 10_000_000;

fn recorded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/benches/instructions.toml")
}

/// Counts the instructions for 10 MB of log under callgrind, and prints them beside those that were recorded last.
pub fn compare(record: bool) {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("valgrind is not installed: instructions are not counted\n");
        return;
    }
    let before: BTreeMap<String, u64> =
        fs::read_to_string(recorded()).ok().and_then(|text| toml::from_str(&text).ok()).unwrap_or_default();
    let mut now = BTreeMap::new();
    println!("| log of 10 MB | million instructions | recorded | |\n|---|---|---|---|");
    for (name, refused) in [("accepted", 0), ("refused_3", 30), ("refused_20", 200), ("exim_3", 30)] {
        let path = crate::scratch("instructions.log");
        let mut log = fs::File::create(&path).map(std::io::BufWriter::new).expect("the log can be written");
        match name {
            "exim_3" => write_exim_log(&mut log, BYTES, refused),
            _ => write_postfix_log(&mut log, BYTES, &Shares { refused, ..Shares::default() }),
        }
        .expect("the log can be written");
        drop(log);
        let count = count(&path);
        let old = before.get(name).copied();
        let change = old.map(|old| 100.0 * (count as f64 / old as f64 - 1.0));
        println!(
            "| {name} | {:.1} | {} | {} |",
            count as f64 / 1e6,
            old.map_or("-".to_owned(), |old| format!("{:.1}", old as f64 / 1e6)),
            match change {
                Some(change) if change.abs() > TOLERANCE_PERCENT => format!("{change:+.1} %"),
                Some(_) => "as before".to_owned(),
                None => "new".to_owned(),
            }
        );
        now.insert(name, count);
        crate::remove(&path);
    }
    println!();
    if record {
        let lines: String = now.iter().map(|(name, count)| format!("{name} = {count}\n")).collect();
        let head = "# Instructions of `fivefifty report --format jsonl` for 10 MB of generated log, counted by callgrind.\n\
                    # Written by `scripts/bench.sh --record`.\n";
        fs::write(recorded(), format!("{head}{lines}")).expect("the counts can be recorded");
    }
}

fn count(path: &Path) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env!("CARGO_BIN_EXE_fivefifty"))
        .args(["report", "--format", "jsonl", "--year", "2026"])
        .arg(path)
        .output()
        .expect("valgrind runs");
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    count.unwrap_or_else(|| panic!("callgrind counts: {text}"))
}
