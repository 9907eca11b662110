//! The start page: a place to drop evidence, samples to try, what was open before, where logs are.

use crate::engine::Input;
use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::samples::{self, Sample};
use crate::gui::state::Recent;
use crate::gui::widgets::button::{Look, button_ui};
use crate::gui::widgets::{icons, text};
use crate::gui::words;
use eframe::egui;
use egui::{Align, Layout, Rect, Shape, Stroke, StrokeKind, Ui, UiBuilder, pos2, vec2};

/// Where the logs of the usual systems are.
const PLACES: &[(&str, &str)] = &[
    ("Postfix", "/var/log/mail.log, or journalctl -t postfix/smtp"),
    ("Exim", "/var/log/exim4/mainlog, /var/log/exim/main.log"),
    ("Sendmail", "/var/log/mail.log, /var/log/maillog"),
    ("Transcripts", "swaks, openssl s_client, telnet: copy and paste"),
    ("Notices", "save the undeliverable notice as .eml, or paste it"),
];

/// Draws the page.
pub fn start_ui(
    ui: &mut Ui,
    frame: &FrameCtx<'_>,
    recent: &[Recent],
    typed_path: &mut String,
    out: &mut Commands,
) {
    egui::ScrollArea::vertical().id_salt("start").auto_shrink([false, false]).show(ui, |ui| {
        let all = ui.available_width();
        let width = (all - 48.0).clamp(280.0, 980.0);
        let left = ui.max_rect().left() + ((all - width) / 2.0).max(16.0).floor();
        ui.add_space(if ui.available_height() > 700.0 { 44.0 } else { 18.0 });
        let top = ui.cursor().top();
        let page = Rect::from_min_size(pos2(left, top), vec2(width, f32::INFINITY));
        let builder = UiBuilder::new().max_rect(page).layout(Layout::top_down(Align::Min));
        let inner = ui.scope_builder(builder, |ui| {
            ui.set_width(width);
            drop_area_ui(ui, frame, typed_path, out);
            ui.add_space(20.0);
            if width > 720.0 {
                let column = (width * 0.54).floor();
                ui.horizontal_top(|ui| {
                    ui.spacing_mut().item_spacing.x = 0.0;
                    ui.allocate_ui_with_layout(vec2(column, 0.0), Layout::top_down(Align::Min), |ui| {
                        ui.set_width(column);
                        samples_ui(ui, frame, out);
                    });
                    ui.add_space(28.0);
                    let rest = width - column - 28.0;
                    ui.allocate_ui_with_layout(vec2(rest, 0.0), Layout::top_down(Align::Min), |ui| {
                        ui.set_width(rest);
                        recent_ui(ui, frame, recent, out);
                        places_ui(ui, frame);
                    });
                });
            } else {
                samples_ui(ui, frame, out);
                recent_ui(ui, frame, recent, out);
                places_ui(ui, frame);
            }
            ui.add_space(24.0);
        });
        let _ = inner;
    });
}

fn drop_area_ui(ui: &mut Ui, frame: &FrameCtx<'_>, typed_path: &mut String, out: &mut Commands) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), 246.0), egui::Sense::hover());
    ui.painter().rect_filled(area, 10, colors.panel);
    let dash = Stroke::new(1.0, colors.faint.gamma_multiply(0.7));
    let edge = area.shrink(0.5);
    let corners =
        [edge.left_top(), edge.right_top(), edge.right_bottom(), edge.left_bottom(), edge.left_top()];
    ui.painter().extend(Shape::dashed_line(&corners, dash, 4.0, 3.0));

    let center = area.center_top();
    text::icon(ui, center + vec2(0.0, 48.0), icons::ENVELOPE_OPEN, theme.icon(40.0), colors.accent);
    let line = |dy: f32, height: f32| {
        Rect::from_min_size(pos2(area.left() + 12.0, area.top() + dy), vec2(area.width() - 24.0, height))
    };
    let heading = "Drop a mail log, an SMTP transcript or an undeliverable notice";
    let size = if area.width() < 620.0 { theme.sizes.heading } else { theme.sizes.start_heading };
    text::paint(ui, line(82.0, 30.0), Align::Center, heading, theme.display(size), colors.text);
    let sentence = "Who refused it, at which stage, why, and what to do. Nothing leaves this machine.";
    text::paint(ui, line(114.0, 24.0), Align::Center, sentence, theme.body(), colors.muted);

    // The width of the row of buttons is known only after it was drawn: remember it.
    let centered = |ui: &mut Ui, name: &str, place: Rect, add: &mut dyn FnMut(&mut Ui)| {
        let id = ui.scope_id().with(name);
        let width = ui.data(|d| d.get_temp::<f32>(id)).unwrap_or(360.0);
        let place = Rect::from_center_size(place.center(), vec2(width.min(place.width()), place.height()));
        let mut row =
            ui.new_child(UiBuilder::new().max_rect(place).layout(Layout::left_to_right(Align::Center)));
        add(&mut row);
        let new = row.min_rect().width();
        if (new - width).abs() > 0.5 {
            ui.data_mut(|d| d.insert_temp(id, new));
            ui.ctx().request_repaint();
        }
    };
    centered(ui, "open", line(148.0, 30.0), &mut |ui| {
        if button_ui(ui, theme, Look::Main, Some(icons::FOLDER_OPEN), "Open files…", "Open files…").clicked()
        {
            out.push(UiCommand::OpenFiles);
        }
        if button_ui(ui, theme, Look::Plain, None, "Open folder…", "Open folder…").clicked() {
            out.push(UiCommand::OpenFolder);
        }
        if button_ui(ui, theme, Look::Plain, Some(icons::CLIPBOARD_TEXT), "Paste evidence", "Paste evidence")
            .clicked()
        {
            out.push(UiCommand::Paste);
        }
    });
    let place = line(194.0, 30.0);
    let place = Rect::from_center_size(place.center(), vec2(place.width().min(380.0), 30.0));
    let mut row = ui.new_child(UiBuilder::new().max_rect(place).layout(Layout::left_to_right(Align::Center)));
    let hint = egui::RichText::new("or type a path and press Enter").font(theme.body()).color(colors.faint);
    let field = egui::TextEdit::singleline(typed_path)
        .id(egui::Id::unique("path field"))
        .font(theme.mono())
        .hint_text(hint)
        .align(egui::Align2::LEFT_CENTER)
        .margin(egui::Margin::symmetric(8, 4))
        .desired_width(place.width());
    let response = row.add(field);
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Path");
        info.current_text_value = Some(typed_path.clone());
        info
    });
    if response.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter)) && !typed_path.trim().is_empty()
    {
        out.push(UiCommand::OpenTyped(typed_path.trim().to_owned()));
    }
}

fn samples_ui(ui: &mut Ui, frame: &FrameCtx<'_>, out: &mut Commands) {
    let samples = samples::all();
    if samples.is_empty() {
        return;
    }
    text::section_ui(ui, frame.theme, "Try it on a sample");
    ui.spacing_mut().item_spacing.y = 7.0;
    for (i, sample) in samples.iter().enumerate() {
        ui.push_id(&sample.title, |ui| {
            if sample_ui(ui, frame, sample) {
                out.push(UiCommand::OpenSample(i));
            }
        });
    }
}

fn sample_ui(ui: &mut Ui, frame: &FrameCtx<'_>, sample: &Sample) -> bool {
    let theme = frame.theme;
    let colors = &theme.colors;
    let (rect, response) = text::row_ui(ui, 56.0, &sample.title, false);
    let fill = if response.hovered() { colors.hover } else { colors.panel };
    let edge = if response.has_focus() { Stroke::new(1.0, colors.accent) } else { theme.line() };
    ui.painter().rect_filled(rect, theme.radius(), fill);
    ui.painter().rect_stroke(rect, theme.radius(), edge, StrokeKind::Inside);
    let center = rect.left_center() + vec2(23.0, 0.0);
    text::icon(ui, center, icons::family(&sample.icon), theme.icon_fill(18.0), theme.family(&sample.icon));
    let inner = Rect::from_min_max(rect.min + vec2(45.0, 8.0), rect.max - vec2(13.0, 8.0));
    let detail = text::paint(ui, inner, Align::Max, &sample.detail, theme.small(), colors.faint);
    let left = inner.with_max_x(detail.left() - theme.sizes.gap);
    let (upper, lower) = left.split_top_bottom_at_fraction(0.5);
    text::paint(ui, upper, Align::Min, &sample.title, theme.strong(), colors.text);
    let shows = sample.shows.trim_end_matches('.');
    let cut = text::line(ui, shows, theme.body(), colors.muted, lower.width()).elided;
    text::paint(ui, lower, Align::Min, shows, theme.body(), colors.muted);
    let response = if cut { response.on_hover_text(shows) } else { response };
    response.clicked()
}

fn recent_ui(ui: &mut Ui, frame: &FrameCtx<'_>, recent: &[Recent], out: &mut Commands) {
    if recent.is_empty() {
        return;
    }
    let theme = frame.theme;
    let colors = &theme.colors;
    text::section_ui(ui, theme, "Recent");
    ui.spacing_mut().item_spacing.y = 0.0;
    for item in recent {
        let names: Vec<&str> = item.paths.iter().take(3).map(|p| words::file_name(p)).collect();
        let mut name = words::one_line(&names.join(", "));
        if item.paths.len() > 3 {
            name.push_str(&format!(" and {} more", item.paths.len() - 3));
        }
        ui.push_id(&item.paths, |ui| {
            let (rect, response) = text::row_ui(ui, 30.0, &name, false);
            text::row_background(ui, theme, rect, &response, false);
            let center = rect.left_center() + vec2(12.0, 0.0);
            text::icon(ui, center, icons::FILE_TEXT, theme.icon(15.0), colors.muted);
            let opened = chrono::DateTime::from_timestamp(item.opened, 0);
            let inner = Rect::from_min_max(rect.min + vec2(29.0, 0.0), rect.max - vec2(4.0, 0.0));
            let when = text::paint(
                ui,
                inner,
                Align::Max,
                &words::ago(frame.now, opened),
                theme.small(),
                colors.faint,
            );
            let place = inner.with_max_x(when.left() - theme.sizes.gap);
            text::paint(ui, place, Align::Min, &name, theme.body(), colors.text);
            if response.on_hover_text(item.paths.join("\n")).clicked() {
                let inputs = item.paths.iter().map(|p| Input::Path(p.into())).collect();
                out.push(UiCommand::Add(inputs));
            }
        });
    }
}

fn places_ui(ui: &mut Ui, frame: &FrameCtx<'_>) {
    let theme = frame.theme;
    text::section_ui(ui, theme, "Where logs are");
    ui.spacing_mut().item_spacing.y = 5.0;
    for (system, place) in PLACES {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            let (rect, _) = ui.allocate_exact_size(vec2(92.0, 18.0), egui::Sense::hover());
            text::paint(ui, rect, Align::Min, system, theme.body(), theme.colors.muted);
            let is_path = place.starts_with('/');
            let font = if is_path { theme.mono() } else { theme.body() };
            text::paragraph_ui(ui, place, font, theme.colors.text);
        });
    }
}
