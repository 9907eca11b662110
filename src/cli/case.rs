//! Reads inputs to their end with the same engine as the window.

use super::progress::ProgressLine;
use crate::classify::Knowledge;
use crate::engine::{Engine, Input, Printed, Wake};
use crate::model::{Print, ReadState, Snapshot, Zone};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, mpsc::SyncSender};

/// Everything that is in `paths`. Shows progress on standard error if that is a terminal.
pub(super) fn read(
    knowledge: &Arc<Knowledge>,
    paths: &[PathBuf],
    year: Option<i32>,
    zone: Zone,
) -> Arc<Snapshot> {
    let (ring, bell) = sync_channel(1);
    let engine = Engine::start_unasked(Arc::clone(knowledge), year, wake(ring));
    engine.add(paths.iter().map(|path| input(path, zone)).collect());
    let mut line = ProgressLine::on_stderr();
    loop {
        let snapshot = engine.snapshot();
        if matches!(snapshot.state, ReadState::Done | ReadState::Stopped) {
            line.clear();
            return snapshot;
        }
        line.show(&snapshot);
        // The engine rings after every publication; it lives as long as this loop.
        let _ = bell.recv();
    }
}

/// Reads everything that is in `paths` and writes what `print` makes of it to `out` while reading goes on. The
/// snapshot holds counts and problems alone.
pub(super) fn read_printing(
    knowledge: &Arc<Knowledge>,
    paths: &[PathBuf],
    year: Option<i32>,
    zone: Zone,
    print: Arc<dyn Print>,
    out: &mut impl Write,
) -> io::Result<Arc<Snapshot>> {
    let (engine, printed) = Engine::start_printing(Arc::clone(knowledge), year, print);
    engine.add(paths.iter().map(|path| input(path, zone)).collect());
    let mut line = ProgressLine::on_stderr();
    while let Ok(Printed::Lines(lines)) = printed.recv() {
        line.clear();
        out.write_all(&lines)?;
        line.show(&engine.snapshot());
    }
    line.clear();
    Ok(engine.snapshot())
}

/// A full bell has been rung already.
fn wake(ring: SyncSender<()>) -> Wake {
    Arc::new(move || {
        let _ = ring.try_send(());
    })
}

fn input(path: &Path, zone: Zone) -> Input {
    let input = if path.as_os_str() == "-" { Input::Stdin } else { Input::Path(path.to_path_buf()) };
    Input::InZone { input: Box::new(input), zone }
}
