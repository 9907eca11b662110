//! What was read, how much was understood, what was not; progress and Stop.

use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::state::List;
use crate::gui::widgets::button::link_ui;
use crate::gui::widgets::{icons, text};
use crate::gui::words;
use crate::model::ReadState;
use eframe::egui;
use egui::{Align, Layout, Rect, Sense, Ui, pos2, vec2};

/// Draws the bar.
pub fn status_bar_ui(ui: &mut Ui, frame: &FrameCtx<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let rect = ui.max_rect();
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, theme.line());
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 18.0;
        ui.add_space(theme.sizes.gap_large);
        let snapshot = frame.snapshot;
        let small = |text: String, color: egui::Color32| {
            egui::Label::new(egui::RichText::new(text).font(theme.small()).color(color)).truncate()
        };
        if snapshot.state == ReadState::Empty {
            ui.add(small("Nothing open".to_owned(), colors.muted));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.add_space(theme.sizes.gap_large);
                ui.add(small("? lists the keys".to_owned(), colors.faint));
            });
            return;
        }
        let (icon, color) = match snapshot.state {
            ReadState::Done if snapshot.problems.is_empty() => (icons::FILL_CHECK_CIRCLE, colors.good),
            ReadState::Done => (icons::FILL_WARNING, colors.warning),
            ReadState::Stopped => (icons::FILL_X_CIRCLE, colors.warning),
            ReadState::Reading | ReadState::Empty => (icons::FILL_HOURGLASS_MEDIUM, colors.muted),
        };
        let names = source_names(frame);
        let font = theme.small();
        let width = text::line(ui, &names, font.clone(), colors.muted, 360.0).size().x + 20.0;
        let (place, response) = ui.allocate_exact_size(vec2(width, 20.0), Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &names));
        text::icon(ui, pos2(place.left() + 7.0, place.center().y), icon, theme.icon_fill(14.0), color);
        text::paint(ui, place.with_min_x(place.left() + 20.0), Align::Min, &names, font, colors.muted);
        response.on_hover_ui(|ui| sources_ui(ui, frame));

        let coverage = &snapshot.coverage;
        ui.add(small(format!("{} lines read", words::number(coverage.lines)), colors.muted));
        ui.add(small(format!("{} with a reply", words::number(coverage.with_reply)), colors.muted));
        if coverage.not_understood > 0 {
            let label = format!("{} not understood", words::number(coverage.not_understood));
            if link_ui(ui, theme, &label, theme.small(), colors.warning).clicked() {
                out.push(UiCommand::ShowList(List::NotUnderstood));
            }
        }
        if snapshot.state == ReadState::Stopped {
            ui.add(small("stopped".to_owned(), colors.warning));
        }
        if snapshot.state == ReadState::Reading {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| progress_ui(ui, frame, out));
        }
    });
}

/// The names of a few sources, the number of many.
fn source_names(frame: &FrameCtx<'_>) -> String {
    let sources = &frame.snapshot.sources;
    if sources.is_empty() {
        return "opening…".to_owned();
    }
    if sources.len() > 3 {
        return words::counted(sources.len() as u64, "source", "sources");
    }
    let names: Vec<&str> = sources.iter().map(|s| words::file_name(&s.name)).collect();
    words::one_line(&names.join(", "))
}

/// The sources with what was found in each; the first twenty.
fn sources_ui(ui: &mut Ui, frame: &FrameCtx<'_>) {
    let theme = frame.theme;
    egui::Grid::new("sources").num_columns(3).spacing([16.0, 4.0]).show(ui, |ui| {
        for source in frame.snapshot.sources.iter().take(20) {
            ui.label(egui::RichText::new(words::one_line(&source.name)).font(theme.mono()));
            let formats = if source.formats.is_empty() {
                "nothing recognised".to_owned()
            } else {
                source.formats.join(", ")
            };
            ui.label(egui::RichText::new(formats).color(theme.colors.muted));
            ui.label(words::counted(source.rejections, "refusal", "refusals"));
            ui.end_row();
        }
    });
}

fn progress_ui(ui: &mut Ui, frame: &FrameCtx<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let progress = &frame.snapshot.progress;
    ui.spacing_mut().item_spacing.x = 12.0;
    ui.add_space(theme.sizes.gap_small);
    let (place, stop) = ui.allocate_exact_size(vec2(48.0, 20.0), Sense::click());
    stop.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Stop"));
    let color = if stop.hovered() { colors.text } else { colors.muted };
    text::icon(ui, pos2(place.left() + 8.0, place.center().y), icons::STOP, theme.icon(13.0), color);
    text::paint(ui, place.with_min_x(place.left() + 19.0), Align::Min, "Stop", theme.small(), color);
    if stop.on_hover_text("Stop reading; what was read is kept").clicked() {
        out.push(UiCommand::Stop);
    }
    let seconds = progress.elapsed.as_secs_f64();
    let mut parts = Vec::new();
    if let Some(current) = &progress.current {
        parts.push(words::one_line(words::file_name(current)));
    }
    parts.push(words::speed(progress.bytes_read, seconds));
    if progress.bytes_total > progress.bytes_read && progress.bytes_read > 0 {
        let left = seconds * (progress.bytes_total - progress.bytes_read) as f64 / progress.bytes_read as f64;
        if left >= 1.0 {
            parts.push(format!("{} s left", words::number(left.ceil() as u64)));
        }
    }
    parts.retain(|p| !p.is_empty());
    let label = parts.join(" · ");
    // A fixed width: the bar does not move when a number grows.
    let (place, _) = ui.allocate_exact_size(vec2(220.0, 20.0), Sense::hover());
    text::paint(ui, place, Align::Min, &label, theme.small(), colors.muted);
    if progress.bytes_total > 0 {
        let (place, bar) = ui.allocate_exact_size(vec2(150.0, 20.0), Sense::hover());
        let share = (progress.bytes_read as f32 / progress.bytes_total as f32).clamp(0.0, 1.0);
        bar.widget_info(|| {
            let mut info = egui::WidgetInfo::labeled(egui::Role::ProgressIndicator, true, "Reading");
            info.value = Some(f64::from(share));
            info
        });
        let track = Rect::from_center_size(place.center(), vec2(150.0, 5.0));
        ui.painter().rect_filled(track, 2, colors.raised);
        let done = Rect::from_min_size(track.min, vec2(track.width() * share, track.height()));
        ui.painter().rect_filled(done, 2, colors.accent);
    }
}
