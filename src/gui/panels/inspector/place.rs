//! A place in a source by itself: a line that no grammar took, a line with a problem.

use super::raw;
use crate::engine::RawLines;
use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::state::{Place, Why};
use crate::gui::widgets::button::{Look, button_ui};
use crate::gui::widgets::{icons, text};
use eframe::egui;
use egui::{Align, Ui, vec2};

/// Draws the place in front of what is selected.
pub fn place_ui(ui: &mut Ui, frame: &FrameCtx<'_>, place: &Place, out: &mut Commands) {
    let theme = frame.theme;
    header_ui(ui, frame, place);
    egui::Panel::bottom("place actions")
        .exact_size(48.0)
        .show_separator_line(false)
        .frame(egui::Frame::new().fill(theme.colors.panel))
        .show(ui, |ui| actions_ui(ui, frame, place, out));
    let salt = ("place", place.origin.source.0, place.origin.start);
    egui::ScrollArea::vertical().id_salt(salt).auto_shrink([false, false]).show(ui, |ui| {
        let margin = egui::Margin { left: 14, right: 14, top: 10, bottom: 14 };
        egui::Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.set_width(ui.available_width());
            match frame.lines() {
                Some(lines) => raw::lines_ui(ui, frame, lines, None, out),
                None => text::section_ui(ui, theme, "Reading the lines…"),
            }
        });
    });
}

fn header_ui(ui: &mut Ui, frame: &FrameCtx<'_>, place: &Place) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let (title, sentence) = match &place.why {
        Why::NotUnderstood => (
            "Line not understood",
            "A reply with a 5yz code stands in it, and no grammar took it. It is counted nowhere else. \
             A report helps to teach the program this line.",
        ),
        Why::Problem(message) => ("Trouble at this place", message.as_str()),
        Why::Evidence => ("A line of this refusal", "It stands in another source than the deciding line."),
    };
    let margin = egui::Margin { left: 14, right: 14, top: 12, bottom: 10 };
    let rect = egui::Frame::new()
        .inner_margin(margin)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 7.0;
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), egui::Sense::hover());
            let (icon, color) = match place.why {
                Why::Evidence => (icons::FILE_TEXT, colors.muted),
                _ => (icons::WARNING, colors.warning),
            };
            text::icon(ui, rect.left_center() + vec2(7.0, 0.0), icon, theme.icon(15.0), color);
            let name = frame.place(&place.origin);
            text::paint(
                ui,
                rect.with_min_x(rect.left() + 22.0),
                Align::Min,
                &name,
                theme.mono(),
                colors.muted,
            );
            let heading =
                egui::RichText::new(title).font(theme.display(theme.sizes.heading)).color(colors.text);
            ui.add(egui::Label::new(heading).wrap());
            text::paragraph_ui(ui, sentence, theme.body(), colors.muted);
        })
        .response
        .rect;
    text::underline(ui, theme, rect);
}

fn actions_ui(ui: &mut Ui, frame: &FrameCtx<'_>, place: &Place, out: &mut Commands) {
    let theme = frame.theme;
    let rect = ui.max_rect();
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, theme.line());
    ui.horizontal_centered(|ui| {
        ui.add_space(14.0);
        let lines = frame.lines().filter(|raw| !raw.lines.is_empty());
        ui.add_enabled_ui(lines.is_some(), |ui| {
            let label = "Copy for a report";
            let copy = button_ui(ui, theme, Look::Main, Some(icons::COPY), label, label);
            let copy = copy.on_hover_text("The line with the names before the @ hidden");
            if copy.clicked()
                && let Some(lines) = lines
            {
                out.push(UiCommand::CopyReport(report(frame, place, lines), "Line for a report copied"));
            }
        });
        if button_ui(ui, theme, Look::Plain, None, "Back", "Back").on_hover_text("Esc").clicked() {
            out.push(UiCommand::ShowPlace(None));
        }
    });
}

/// Version, place and the line itself, without the lines around it: those may be of other people's mail.
fn report(frame: &FrameCtx<'_>, place: &Place, lines: &RawLines) -> String {
    let what = match &place.why {
        Why::NotUnderstood => "line not understood",
        Why::Problem(message) => message,
        Why::Evidence => "line of a refusal",
    };
    let mut out = format!("fivefifty {}, {what}\n", env!("CARGO_PKG_VERSION"));
    out.push_str(&frame.place(&place.origin));
    out.push('\n');
    for line in lines.lines.iter().filter(|l| l.deciding) {
        out.push_str(line.text.trim_end_matches(['\r', '\n']));
        out.push('\n');
    }
    out
}
