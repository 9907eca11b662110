//! The system's open dialog, on a thread of its own: it may stay open for minutes.

use crossbeam_channel::{Receiver, Sender, bounded};
use eframe::egui;
use std::path::PathBuf;

/// What was chosen in a dialog.
pub struct Dialogs {
    chosen: Receiver<Vec<PathBuf>>,
    choose: Sender<Vec<PathBuf>>,
}

impl Default for Dialogs {
    fn default() -> Self {
        let (choose, chosen) = bounded(4);
        Self { chosen, choose }
    }
}

impl Dialogs {
    /// Shows a dialog for files, or for a folder.
    pub fn show(&self, ctx: &egui::Context, folder: bool, start_at: Option<&str>) {
        let (ctx, choose) = (ctx.clone(), self.choose.clone());
        let start_at = start_at.map(PathBuf::from);
        let spawned = std::thread::Builder::new().name("dialog".to_owned()).spawn(move || {
            let mut dialog = rfd::FileDialog::new().set_title("Open mail evidence");
            if let Some(dir) = start_at.filter(|dir| dir.is_dir()) {
                dialog = dialog.set_directory(dir);
            }
            let paths = if folder { dialog.pick_folder().map(|p| vec![p]) } else { dialog.pick_files() };
            // Without a desktop portal the dialog answers nothing; the start page has a path field for that.
            if let Some(paths) = paths.filter(|p| !p.is_empty())
                && choose.send(paths).is_ok()
            {
                ctx.request_repaint();
            }
        });
        if let Err(error) = spawned {
            eprintln!("fivefifty: no thread for the open dialog: {error}");
        }
    }

    /// What was chosen since the last call.
    pub fn take(&self) -> Option<Vec<PathBuf>> {
        self.chosen.try_recv().ok()
    }
}
