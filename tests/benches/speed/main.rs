//! How fast a log is read, and in how much memory: the real program on generated logs, side by side with ripgrep.
//!
//! `scripts/bench.sh [--megabytes N] [--linear] [--bad] [--record]`. Whole processes are run in turn with
//! `rg --no-mmap -c ' 550[ -]'` on the same log, and the medians of the pairs' ratios are printed: what else the machine
//! does falls on both. What the program says is compared with what the generator knows before a time is printed, and
//! the instructions of a small run with those last recorded. docs/PERFORMANCE.md holds the figures.

mod bad;
#[path = "../generator/mod.rs"]
mod generator;
mod instructions;
mod logs;
mod run;
mod truth;

use logs::{LOGS, Log};
use run::{Cores, Run, fivefifty, ripgrep};
use std::path::{Path, PathBuf};

/// Pairs of runs of which the median is taken; one more warms the page cache.
const RUNS: usize = 7;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let has = |option: &str| args.iter().any(|arg| arg == option);
    let megabytes = args
        .windows(2)
        .find(|pair| pair[0] == "--megabytes")
        .map_or(1000, |pair| pair[1].parse().expect("--megabytes takes a number"));
    if has("--bad") {
        return bad::run(megabytes);
    }
    instructions::compare(has("--record"));
    if has("--instructions") {
        return;
    }
    println!("| log of {megabytes} MB | s | MB/s | peak MiB | bytes a refusal | x rg | goal | |");
    println!("|---|---|---|---|---|---|---|---|");
    for log in LOGS {
        measure(log, megabytes);
    }
    memory_of_accepted(megabytes);
    if has("--linear") {
        linear();
    }
}

fn measure(log: &Log, megabytes: u64) {
    let (path, truth) = log.write(&scratch(log.file), megabytes);
    truth::check(&path, &truth);
    let (mut times, mut ratios, mut peak_kib) = (Vec::new(), Vec::new(), 0);
    for run in 0..=RUNS {
        let Run { time, peak_kib: peak, lines } = fivefifty(&path, log.cores);
        assert_eq!(lines, truth.refused, "the counts must be exact");
        let other = ripgrep(&path, truth.refused_550, log.cores);
        if run > 0 {
            times.push(time.as_secs_f64());
            ratios.extend(other.map(|other| time.as_secs_f64() / other.as_secs_f64()));
            peak_kib = peak_kib.max(peak);
        }
    }
    let (seconds, ratio) = (median(&mut times).unwrap_or(0.0), median(&mut ratios));
    let over = (peak_kib * 1024).saturating_sub(48 << 20).checked_div(truth.refused.max(1)).unwrap_or(0);
    println!(
        "| {} | {seconds:.2} | {:.0} | {} | {over} | {} | {:.2} | {} |",
        log.name,
        truth.bytes as f64 / 1e6 / seconds,
        peak_kib / 1024,
        ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}")),
        log.goal,
        match ratio {
            Some(ratio) if ratio <= log.goal && over <= 400 => "met",
            Some(_) => "missed",
            None => "ripgrep is not installed",
        }
    );
    remove(&path);
}

/// What a gigabyte more of accepted mail costs: nothing may be kept of it.
fn memory_of_accepted(megabytes: u64) {
    let peak = |megabytes| {
        let (path, _) = logs::ACCEPTED.write(&scratch("accepted.log"), megabytes);
        let peaks = (0..3).map(|_| fivefifty(&path, Cores::All).peak_kib).max();
        remove(&path);
        peaks.unwrap_or(0)
    };
    let (less, more) = (peak(megabytes), peak(2 * megabytes));
    let grown = more.saturating_sub(less) as f64 / 1024.0;
    println!("\n{megabytes} MB more of accepted mail: {grown:.1} MiB more (goal: at most 8)");
}

/// Whether four times the log takes four times as long.
fn linear() {
    println!("\n| 3 % refused | s | s a GB |\n|---|---|---|");
    for megabytes in [250, 1000, 4000] {
        let (path, truth) = LOGS[0].write(&scratch("linear.log"), megabytes);
        let mut times: Vec<f64> =
            (0..=RUNS).map(|_| fivefifty(&path, Cores::All).time.as_secs_f64()).skip(1).collect();
        let seconds = median(&mut times).unwrap_or(0.0);
        println!("| {megabytes} MB | {seconds:.2} | {:.3} |", seconds / (truth.bytes as f64 / 1e9));
        remove(&path);
    }
}

fn median(numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

fn scratch(file: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(file)
}

fn remove(path: &Path) {
    std::fs::remove_file(path).expect("the log can be removed");
}
