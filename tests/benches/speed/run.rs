//! Running the program, and ripgrep, as whole processes.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// On which processors.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cores {
    All,
    One,
}

impl Cores {
    fn command(self, program: &str) -> Command {
        match self {
            Self::All => Command::new(program),
            Self::One => {
                let mut command = Command::new("taskset");
                command.args(["-c", "0", program]);
                command
            }
        }
    }
}

/// What a run took.
pub struct Run {
    pub time: Duration,
    pub peak_kib: u64,
    /// Lines written.
    pub lines: u64,
}

/// `fivefifty report --format jsonl` into a pipe that is emptied at once.
pub fn fivefifty(path: &Path, cores: Cores) -> Run {
    let began = Instant::now();
    let mut child = cores
        .command(env!("CARGO_BIN_EXE_fivefifty"))
        .args(["report", "--format", "jsonl", "--year", "2026"])
        .arg(path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let status = format!("/proc/{}/status", child.id());
    let mut out = child.stdout.take().expect("a pipe");
    // One piece of memory again and again: what the reader needs must not count.
    let reader = std::thread::spawn(move || {
        let (mut piece, mut lines) = (vec![0; 256 * 1024], 0);
        loop {
            match out.read(&mut piece).expect("reads") {
                0 => return lines,
                n => lines += memchr::memchr_iter(b'\n', &piece[..n]).count() as u64,
            }
        }
    });
    let mut peak_kib = 0;
    while child.try_wait().expect("waits").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let high = text
            .lines()
            .find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
        peak_kib = peak_kib.max(high.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(3));
    }
    let time = began.elapsed();
    Run { time, peak_kib, lines: reader.join().expect("reads") }
}

/// The time ripgrep takes to count the lines with a 550; `None` if it is not installed.
pub fn ripgrep(path: &Path, expect: u64, cores: Cores) -> Option<Duration> {
    let zipped = path.extension().is_some_and(|ext| ext == "gz");
    let began = Instant::now();
    let output = cores
        .command("rg")
        .arg(if zipped { "-z" } else { "--no-mmap" })
        .args(["-c", " 550[ -]"])
        .arg(path)
        .output()
        .ok()?;
    let time = began.elapsed();
    let count: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(0);
    if !output.status.success() && count != expect {
        return None;
    }
    assert_eq!(count, expect, "ripgrep's count");
    Some(time)
}
