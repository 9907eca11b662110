//! Installed fonts for scripts that the bundled ones do not have: Chinese, Japanese, Korean; Arabic and Hebrew.
//!
//! Searched for and read on a thread at the first missing character, so that the window never waits for a disk.

use eframe::egui;
use egui::epaint::text::{FallbackRequest, FontProvider};
use egui::{FontData, FontFamily};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where fonts are installed.
const FOLDERS: &[&str] = &["/usr/share/fonts", "/usr/local/share/fonts"];
/// Kinds of scripts, and the first characters of the file names that are taken for them, the better ones first.
const KINDS: &[(&str, &[&str])] = &[
    (
        "installed east asian",
        &[
            "notosanscjk",
            "notosansjp",
            "notosanssc",
            "sourcehansans",
            "wqy",
            "droidsansfallback",
            "ipag",
            "unifont",
        ],
    ),
    ("installed right to left", &["dejavusans.", "freesans.", "notosansarabic", "notosanshebrew"]),
];

/// Looks for an installed font when a character is missing.
pub struct InstalledFonts {
    ctx: egui::Context,
    asked: Arc<AtomicBool>,
}

impl InstalledFonts {
    /// A provider that has not looked yet.
    pub fn start(ctx: &egui::Context) -> Self {
        Self { ctx: ctx.clone(), asked: Arc::default() }
    }
}

impl FontProvider for InstalledFonts {
    /// Answers nothing at once; the font is added as soon as it is read.
    fn font_for(&self, _request: &FallbackRequest<'_>) -> Option<egui::epaint::text::FontInsert> {
        if !self.asked.swap(true, Ordering::Relaxed) {
            let ctx = self.ctx.clone();
            let spawned = std::thread::Builder::new().name("fonts".to_owned()).spawn(move || install(&ctx));
            if let Err(error) = spawned {
                eprintln!("fivefifty: no thread to look for fonts: {error}");
            }
        }
        None
    }
}

fn install(ctx: &egui::Context) {
    for (name, names) in KINDS {
        let Some(bytes) = find(names).and_then(|path| std::fs::read(path).ok()) else { continue };
        let family = |family| egui::epaint::text::InsertFontFamily {
            family,
            priority: egui::epaint::text::FontPriority::Lowest,
        };
        let families = ["semibold", "display", "mono-semibold"].map(|name| FontFamily::Name(name.into()));
        let families = families.into_iter().chain([FontFamily::Proportional, FontFamily::Monospace]);
        let data = FontData::from_owned(bytes);
        ctx.add_font(egui::epaint::text::FontInsert::new(name, data, families.map(family).collect()));
    }
    ctx.request_repaint();
}

/// The best installed font by its file's name.
fn find(names: &[&str]) -> Option<PathBuf> {
    let rank = |path: &Path| {
        let name = path.file_name()?.to_string_lossy().to_lowercase().replace(['-', '_'], "");
        let is_font = [".ttf", ".otf", ".ttc"].iter().any(|ext| name.ends_with(ext));
        let unwanted = name.contains("bold") || name.contains("serif") || name.contains("black");
        names.iter().position(|start| name.starts_with(start)).filter(|_| is_font && !unwanted)
    };
    FOLDERS
        .iter()
        .flat_map(|folder| walkdir::WalkDir::new(folder).max_depth(6).sort_by_file_name())
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| Some((rank(entry.path())?, entry.into_path())))
        .min()
        .map(|(_, path)| path)
}
