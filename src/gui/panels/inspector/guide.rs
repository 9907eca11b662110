//! The guide's lists that belong to no single class: triage, checks on both sides, prevention, questions.

use super::{Subject, todo};
use crate::gui::command::Commands;
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::widgets::button::fold_ui;
use crate::gui::widgets::text;
use crate::notes;
use eframe::egui;
use egui::Ui;

/// Draws the folded guide; a click unfolds it.
pub fn guide_ui(ui: &mut Ui, frame: &FrameCtx<'_>, subject: &Subject<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let guide = frame.knowledge.guide();
    ui.add_space(theme.sizes.gap_large);
    if !fold_ui(ui, theme, "guide", "The guide: triage, checks, prevention, questions") {
        return;
    }
    text::section_ui(ui, theme, "Triage, in this order");
    for (i, step) in guide.triage.iter().enumerate() {
        item_ui(ui, frame, &format!("{}.", i + 1), |ui| {
            text::paragraph_ui(ui, step, theme.body(), colors.text);
        });
    }
    let mut checks = |ui: &mut Ui, title: &str, checks: &[(String, String)], run: &[Option<String>]| {
        text::section_ui(ui, theme, title);
        for (i, (title, words)) in checks.iter().enumerate() {
            text::paragraph_ui(ui, title, theme.strong(), colors.text);
            text::paragraph_ui(ui, words, theme.body(), colors.muted);
            if let Some(run) = run.get(i).and_then(Option::as_ref) {
                let command = match subject.message {
                    Some((_, rejection)) => notes::fill_command(run, rejection),
                    None => run.clone(),
                };
                ui.push_id(("check", title), |ui| todo::command_ui(ui, frame, &command, out));
            }
            ui.add_space(theme.sizes.gap_small);
        }
    };
    checks(ui, "Checks on the sender's side", &guide.sender_side, &guide.sender_side_run);
    checks(ui, "Checks on the recipient's side", &guide.recipient_side, &guide.recipient_side_run);
    text::section_ui(ui, theme, "Prevention");
    for item in &guide.prevention {
        item_ui(ui, frame, "•", |ui| {
            text::paragraph_ui(ui, item, theme.body(), colors.text);
        });
    }
    text::section_ui(ui, theme, "Questions");
    for (question, answer) in &guide.faq {
        text::paragraph_ui(ui, question, theme.strong(), colors.text);
        text::paragraph_ui(ui, answer, theme.body(), colors.muted);
        ui.add_space(theme.sizes.gap_small);
    }
}

/// A list's item: its mark stands in a column of its own.
fn item_ui(ui: &mut Ui, frame: &FrameCtx<'_>, mark: &str, add: impl FnOnce(&mut Ui)) {
    let theme = frame.theme;
    ui.horizontal_top(|ui| {
        let galley = ui.painter().layout_no_wrap(mark.to_owned(), theme.body(), theme.colors.muted);
        let (rect, _) = ui.allocate_exact_size(egui::vec2(12.0, 18.0), egui::Sense::hover());
        ui.painter().galley(rect.min, galley, theme.colors.muted);
        add(ui);
    });
}
