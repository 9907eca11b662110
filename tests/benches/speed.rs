//! How fast a log is read, and in how much memory: the real program on generated logs, side by side with ripgrep.
//!
//! `cargo bench --bench speed` (`-- --megabytes 1000` for larger logs). Whole processes are run in turn with
//! `rg --no-mmap -c ' 550[ -]'` on the same log, if ripgrep is installed, and the medians of the pairs' ratios are
//! printed: what else the machine does falls on both. Counts must agree with the generator's before a time is printed.
//! docs/PERFORMANCE.md holds the figures.

mod generator;

use generator::{Truth, write_postfix_log};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Pairs of runs of which the median is printed.
const RUNS: usize = 7;

/// The logs: name, refused recipients of a thousand, with complete time stamps.
const LOGS: [(&str, u64, bool); 4] = [
    ("3 % refused", 30, false),
    ("3 % refused, RFC 3339", 30, true),
    ("20 % refused", 200, false),
    ("all accepted", 0, false),
];

fn main() {
    let args: Vec<_> = std::env::args().collect();
    let megabytes = args
        .windows(2)
        .find(|pair| pair[0] == "--megabytes")
        .map_or(200, |pair| pair[1].parse().expect("--megabytes takes a number"));
    println!("| log of {megabytes} MB | s | MB/s | peak MiB | bytes a refusal | x rg |");
    println!("|---|---|---|---|---|---|");
    for (name, refused, rfc3339) in LOGS {
        let (path, truth) = generate(megabytes, refused, rfc3339);
        let mut times = Vec::new();
        let mut ratios = Vec::new();
        let mut peak = 0;
        // The first pair warms the page cache.
        for run in 0..=RUNS {
            let (time, peak_kib, records, of_550) = fivefifty(&path);
            assert_eq!((records, of_550), (truth.refused, truth.refused_550), "the counts must be exact");
            let other = ripgrep(&path, truth.refused_550);
            if run > 0 {
                times.push(time.as_secs_f64());
                ratios.extend(other.map(|other| time.as_secs_f64() / other.as_secs_f64()));
                peak = peak.max(peak_kib);
            }
        }
        let seconds = median(&mut times).unwrap_or(0.0);
        println!(
            "| {name} | {seconds:.2} | {:.0} | {} | {} | {} |",
            path.metadata().map_or(0, |meta| meta.len()) as f64 / 1e6 / seconds,
            peak / 1024,
            (peak * 1024).saturating_sub(48 << 20).checked_div(truth.refused).unwrap_or(0),
            median(&mut ratios).map_or("-".to_owned(), |ratio| format!("{ratio:.2}")),
        );
        std::fs::remove_file(&path).expect("the log can be removed");
    }
}

fn median(numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

fn generate(megabytes: u64, refused: u64, rfc3339: bool) -> (PathBuf, Truth) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("postfix-{megabytes}.log"));
    let file = File::create(&path).expect("the log can be written");
    let mut out = BufWriter::with_capacity(1 << 20, Stamps { file, rfc3339, line: Vec::new(), n: 0 });
    let truth = write_postfix_log(&mut out, megabytes * 1_000_000, refused).expect("the log can be written");
    out.flush().expect("the log can be written");
    (path, truth)
}

/// Puts complete stamps in place of those without a year, if asked.
struct Stamps {
    file: File,
    rfc3339: bool,
    line: Vec<u8>,
    n: u64,
}

impl std::io::Write for Stamps {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if !self.rfc3339 {
            return self.file.write(bytes);
        }
        let mut out = Vec::with_capacity(bytes.len() * 5 / 4);
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            self.line.extend_from_slice(part);
            if let Some(line) = self.line.strip_suffix(b"\n") {
                let text = String::from_utf8_lossy(line);
                self.n = (self.n + 1) % 1_000_000;
                let day = text[4..6].replace(' ', "0");
                writeln!(out, "2026-11-{day}T{}.{:06}+01:00{}", &text[7..15], self.n, &text[15..])?;
                self.line.clear();
            }
        }
        self.file.write_all(&out)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Time, peak memory in KiB, records and those with a 550.
fn fivefifty(path: &Path) -> (Duration, u64, u64, u64) {
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_fivefifty"))
        .args(["report", "--format", "jsonl", "--year", "2026"])
        .arg(path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let status = format!("/proc/{}/status", child.id());
    let mut out = child.stdout.take().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut out, &mut bytes).expect("reads");
        bytes
    });
    let mut peak = 0;
    while child.try_wait().expect("waits").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let high = text
            .lines()
            .find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
        peak = peak.max(high.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    let time = began.elapsed();
    let bytes = reader.join().expect("reads");
    let records = memchr::memchr_iter(b'\n', &bytes).count() as u64;
    let of_550 =
        memchr::memmem::find_iter(&bytes, b"\"stage_inferred\":false,\"reply_code\":550").count() as u64;
    (time, peak, records, of_550)
}

/// The time ripgrep takes to count the lines with a 550; `None` if it is not installed.
fn ripgrep(path: &Path, expect: u64) -> Option<Duration> {
    let began = Instant::now();
    let output = Command::new("rg").args(["--no-mmap", "-c", " 550[ -]"]).arg(path).output().ok()?;
    let time = began.elapsed();
    let count = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(0);
    assert_eq!(count, expect, "ripgrep's count");
    Some(time)
}
