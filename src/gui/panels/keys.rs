//! The list of keys.

use crate::gui::theme::Theme;
use eframe::egui;
use egui::{Context, Ui};

/// Keys and what they do, in the order of the list.
const KEYS: &[(&str, &str)] = &[
    ("/  or  Ctrl+F", "Go to the filter"),
    ("Ctrl+O", "Open files"),
    ("Ctrl+V", "Paste evidence"),
    ("N  P", "Next, previous pattern"),
    ("↓  ↑", "Next, previous message"),
    ("Enter", "Filter by the selected pattern"),
    ("Esc", "Back: leave the filter, close, show all messages"),
    ("1 … 4", "What to do, Why, Evidence, Raw"),
    ("C", "Copy the note for our team"),
    ("Shift+C", "Choose for whom to copy it"),
    ("?", "This list"),
];

/// Shows the list. False when it was closed.
pub fn keys_ui(ctx: &Context, theme: &Theme) -> bool {
    let mut open = true;
    egui::Window::new("Keys")
        .id(egui::Id::unique("keys"))
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .anchor(egui::Align2::CENTER_CENTER, [0.0, 0.0])
        .show(ctx, |ui: &mut Ui| {
            ui.spacing_mut().interact_size.y = 18.0;
            egui::Grid::new("keys grid").num_columns(2).spacing([24.0, 6.0]).min_row_height(18.0).show(
                ui,
                |ui| {
                    for (key, what) in KEYS {
                        ui.label(egui::RichText::new(*key).font(theme.mono()).color(theme.colors.text));
                        ui.label(egui::RichText::new(*what).font(theme.body()).color(theme.colors.muted));
                        ui.end_row();
                    }
                },
            );
        });
    open
}
