//! One line of progress on standard error, if that is a terminal.

use crate::model::Snapshot;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

/// Work that is done sooner shows no progress at all.
const QUIET_FOR: Duration = Duration::from_millis(400);

pub(super) struct ProgressLine {
    terminal: bool,
    shown: bool,
}

impl ProgressLine {
    pub fn on_stderr() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), shown: false }
    }

    pub fn show(&mut self, snapshot: &Snapshot) {
        let progress = &snapshot.progress;
        if !self.terminal || progress.elapsed < QUIET_FOR {
            return;
        }
        let read = progress.bytes_read as f64 / 1e6;
        let speed = read / progress.elapsed.as_secs_f64();
        let share = match progress.bytes_total {
            0 => String::new(),
            total => format!(" {:3.0} %", 100.0 * (progress.bytes_read as f64 / total as f64).min(1.0)),
        };
        let refused = snapshot.len();
        self.write(&format!("\r\x1b[K{read:.0} MB{share} · {speed:.0} MB/s · {refused} refused"));
        self.shown = true;
    }

    pub fn clear(&mut self) {
        if self.shown {
            self.write("\r\x1b[K");
        }
    }

    /// Progress that cannot be shown is no reason to stop.
    fn write(&self, text: &str) {
        let mut err = std::io::stderr().lock();
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }
}
