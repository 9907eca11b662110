//! How the window does with a million refusals: the real program, its real views, under Xvfb with software OpenGL.
//!
//! `cargo bench --bench window` (`-- --rejections 100000` for a quick look). A log is generated, of whose recipients a
//! fifth is refused with some ten thousand different replies. A child process opens the window on it, gets the input
//! that a person would give (a drop, words in the filter, the wheel, keys, Stop) and looks at what each frame
//! shows. It prints one table, with the goal beside each figure. docs/PERFORMANCE.md holds the figures.
//!
//! Needs `Xvfb` unless there is a `DISPLAY`, and the window's libraries.

#[path = "../generator/mod.rs"]
#[allow(dead_code, unused_imports, reason = "one of its logs is used here")]
mod generator;
mod input;
mod log;
mod process;
mod script;
mod table;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

/// How many refusals unless the command line says.
const REJECTIONS: u64 = 1_000_000;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| args.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone());
    let number = |name: &str| value(name).map(|n| n.parse::<u64>().expect("a number"));
    if let (Some(log), Some(expected)) = (value("--window"), number("--expect")) {
        return script::run(Path::new(&log), expected);
    }
    let rejections = number("--rejections").unwrap_or(REJECTIONS);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let log = folder.join(format!("window-{rejections}.log"));
    let truth = log::write(&log, rejections);
    // What the program remembers between runs must not come from, nor go to, the user's own folder.
    let home = tempfile::tempdir_in(folder).expect("a folder for what the program remembers");
    let (_server, display) = display();
    let status = Command::new(std::env::current_exe().expect("this program"))
        .args(["--expect", &truth.refused.to_string(), "--window"])
        .arg(&log)
        .env("DISPLAY", display)
        .env_remove("WAYLAND_DISPLAY")
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path())
        .status();
    std::fs::remove_file(&log).expect("the log can be removed");
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => {
            eprintln!("the window ended with {status}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("the window could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A process that ends with this program.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The display that is there, or a new one.
fn display() -> (Option<Running>, String) {
    if let Ok(display) = std::env::var("DISPLAY")
        && !display.is_empty()
    {
        return (None, display);
    }
    let mut server = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("no DISPLAY is set, and Xvfb does not start");
    let mut number = String::new();
    let stdout = server.stdout.take().expect("its output is a pipe");
    BufReader::new(stdout).read_line(&mut number).expect("Xvfb names its display");
    (Some(Running(server)), format!(":{}", number.trim()))
}
