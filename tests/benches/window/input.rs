//! What a person does, as the window gets it from the system.

use eframe::egui;
use egui::{Event, Key, Modifiers, RawInput};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Lets go of a file over the window.
pub fn drop_file(raw: &mut RawInput, path: &Path) {
    raw.dropped_files.push(Arc::new(OnDisk(path.to_owned())));
}

#[derive(Debug)]
struct OnDisk(PathBuf);

impl egui::DroppedFile for OnDisk {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

/// Presses a key and lets go of it.
pub fn press(raw: &mut RawInput, key: Key, modifiers: Modifiers) {
    for pressed in [true, false] {
        raw.events.push(Event::Key { key, physical_key: None, pressed, repeat: false, modifiers });
    }
}

/// Replaces what stands in the field that has the focus.
pub fn type_anew(raw: &mut RawInput, text: &str) {
    press(raw, Key::A, Modifiers::COMMAND);
    match text {
        "" => press(raw, Key::Backspace, Modifiers::NONE),
        text => raw.events.push(Event::Text(text.to_owned())),
    }
}

/// Turns the wheel over a place.
pub fn scroll(raw: &mut RawInput, at: egui::Pos2, points: f32) {
    raw.events.push(Event::PointerMoved(at));
    raw.events.push(Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, -points),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    });
}
