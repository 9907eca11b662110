//! How fast a log is read, and in how much memory: the real program on a generated log.
//!
//! `cargo bench --bench speed` (`-- --megabytes 1000` for a larger one). Counts must agree with the generator's
//! before a time is printed.

mod generator;

use generator::write_postfix_log;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs of which the median is printed.
const RUNS: usize = 5;

fn main() {
    let args: Vec<_> = std::env::args().collect();
    let megabytes = args
        .windows(2)
        .find(|pair| pair[0] == "--megabytes")
        .map_or(200, |pair| pair[1].parse().expect("--megabytes takes a number"));
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = dir.join(format!("postfix-{megabytes}.log"));
    let mut file = BufWriter::new(File::create(&path).expect("the log can be written"));
    let truth = write_postfix_log(&mut file, megabytes * 1_000_000, 30).expect("the log can be written");
    file.flush().expect("the log can be written");
    println!(
        "{megabytes} MB of Postfix log: {} lines, {} refused, {} accepted",
        truth.lines, truth.refused, truth.accepted
    );

    let mut runs: Vec<_> = (0..=RUNS).map(|_| run(&path)).collect();
    // The first one warms the page cache.
    runs.remove(0);
    for (_, _, records, of_550) in &runs {
        assert_eq!((*records, *of_550), (truth.refused, truth.refused_550), "the counts must be exact");
    }
    runs.sort_by_key(|run| run.0);
    let (time, peak_kib, ..) = runs[RUNS / 2];
    let speed = truth.bytes as f64 / 1e6 / time.as_secs_f64();
    println!(
        "report --format jsonl: median {:.3} s, {speed:.0} MB/s, peak {} MiB",
        time.as_secs_f64(),
        peak_kib / 1024
    );
}

/// Time, peak memory in KiB, records and those with a 550.
fn run(path: &Path) -> (Duration, u64, u64, u64) {
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
    let of_550 = memchr::memmem::find_iter(&bytes, b"\"reply_code\":550").count() as u64;
    (time, peak, records, of_550)
}
