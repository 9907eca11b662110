//! Raw: the untouched lines around the refusal, read again from the source.

use super::Subject;
use crate::engine::RawLines;
use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::widgets::button::{Look, button_ui};
use crate::gui::widgets::{icons, text};
use crate::gui::words;
use eframe::egui;
use egui::{Align, Rect, Ui, pos2, vec2};

/// Draws the tab.
pub fn raw_ui(ui: &mut Ui, frame: &FrameCtx<'_>, subject: &Subject<'_>) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let Some((idx, _)) = subject.message else { return };
    let Some(raw) = frame.raw.filter(|raw| raw.rejection == idx) else {
        text::section_ui(ui, theme, "Reading the lines…");
        return;
    };
    let source = words::one_line(words::file_name(&raw.source));
    text::section_ui(ui, theme, &format!("{source} · lines of this message"));
    if let Some(problem) = &raw.problem {
        text::paragraph_ui(ui, problem, theme.body(), colors.warning);
    }
    let most = raw.lines.last().map_or(1, |l| l.number);
    let number_width =
        ui.painter().layout_no_wrap(words::number(most), theme.mono(), colors.muted).size().x + 12.0;
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut before = None;
    for line in &raw.lines {
        if before.is_some_and(|n| line.number > n + 1) {
            let (gap, _) = ui.allocate_exact_size(vec2(ui.available_width(), 10.0), egui::Sense::hover());
            let x = gap.left() + number_width;
            let points = [pos2(x, gap.center().y), pos2(gap.right(), gap.center().y)];
            ui.painter().extend(egui::Shape::dashed_line(&points, theme.line(), 3.0, 3.0));
        }
        before = Some(line.number);
        ui.push_id(line.number, |ui| line_ui(ui, frame, line, number_width));
    }
}

fn line_ui(ui: &mut Ui, frame: &FrameCtx<'_>, line: &crate::engine::RawLine, number_width: f32) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let color = if line.own || line.deciding { colors.text } else { colors.faint };
    let width = ui.available_width() - number_width - 4.0;
    let shown = words::visible(line.text.trim_end_matches(['\r', '\n'])).into_owned();
    let mut job = egui::text::LayoutJob::simple(shown.clone(), theme.mono(), color, width);
    job.wrap.break_anywhere = true;
    for section in &mut job.sections {
        section.format.line_height = Some(17.0);
        section.format.valign = Align::Center;
    }
    let galley = ui.painter().layout_job(job);
    let size = vec2(ui.available_width(), galley.size().y.max(17.0) + 3.0);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &shown));
    if line.deciding {
        ui.painter().rect_filled(rect, 3, colors.error_surface);
    }
    let number = Rect::from_min_max(rect.min, pos2(rect.left() + number_width - 8.0, rect.top() + 19.0));
    text::paint(ui, number, Align::Max, &words::number(line.number), theme.mono(), colors.faint);
    ui.painter().galley(rect.min + vec2(number_width, 1.5), galley, color);
}

/// The bar at the bottom of the tab.
pub fn actions_ui(ui: &mut Ui, frame: &FrameCtx<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let rect = ui.max_rect();
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, theme.line());
    let shown = frame.message().map(|(idx, _)| idx);
    let raw = frame.raw.filter(|raw| Some(raw.rejection) == shown);
    ui.horizontal_centered(|ui| {
        ui.add_space(14.0);
        ui.add_enabled_ui(raw.is_some_and(|r| !r.lines.is_empty()), |ui| {
            let copy = button_ui(ui, theme, Look::Plain, Some(icons::COPY), "Copy lines", "Copy lines");
            if copy.clicked()
                && let Some(raw) = raw
            {
                out.push(UiCommand::CopyEvidence(own_lines(raw), "Lines of this message copied"));
            }
        });
        super::redact_ui(ui, frame, out);
    });
}

/// The message's own lines, as they stand in the source.
fn own_lines(raw: &RawLines) -> String {
    let any_own = raw.lines.iter().any(|l| l.own || l.deciding);
    let lines = raw.lines.iter().filter(|l| l.own || l.deciding || !any_own);
    lines.map(|l| l.text.trim_end_matches(['\r', '\n'])).collect::<Vec<_>>().join("\n") + "\n"
}
