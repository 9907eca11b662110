//! Buttons, badges, chips and tabs.

use crate::gui::theme::Theme;
use eframe::egui;
use egui::{Align, Color32, FontId, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

/// How a button looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// The one main action of a place.
    Main,
    /// Any other action.
    Plain,
    /// An action without a frame until the pointer is over it.
    Quiet,
}

/// A button with an icon, a text, or both. `name` is what screen readers and tests call it.
pub fn button_ui(
    ui: &mut Ui,
    theme: &Theme,
    look: Look,
    icon: Option<char>,
    text: &str,
    name: &str,
) -> Response {
    let colors = &theme.colors;
    let font = if look == Look::Main { theme.strong() } else { theme.body() };
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER);
    let icon_width = if icon.is_some() { 16.0 } else { 0.0 };
    let gap = if icon.is_some() && !text.is_empty() { 7.0 } else { 0.0 };
    let padding = if text.is_empty() { 6.0 } else { 11.0 };
    let size = vec2(icon_width + gap + galley.size().x + 2.0 * padding, 28.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    super::text::show_focused(&response);
    let hot = response.hovered();
    let (fill, edge, fg) = match look {
        Look::Main => (if hot { colors.accent_hover } else { colors.accent }, None, colors.on_accent),
        Look::Plain => (if hot { colors.hover } else { colors.raised }, Some(theme.line()), colors.text),
        Look::Quiet if hot => (colors.raised, None, colors.text),
        Look::Quiet => (Color32::TRANSPARENT, None, colors.muted),
    };
    let fg = if ui.is_enabled() { fg } else { colors.faint };
    ui.painter().rect_filled(rect, theme.radius(), fill);
    if let Some(edge) = edge {
        ui.painter().rect_stroke(rect, theme.radius(), edge, StrokeKind::Inside);
    }
    if response.has_focus() {
        let stroke = Stroke::new(1.5, colors.accent);
        ui.painter().rect_stroke(rect.expand(1.5), theme.radius(), stroke, StrokeKind::Inside);
    }
    let mut x = rect.left() + padding;
    if let Some(icon) = icon {
        super::text::icon(ui, egui::pos2(x + 8.0, rect.center().y), icon, theme.icon(16.0), fg);
        x += icon_width + gap;
    }
    let pos = egui::pos2(x, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley_with_override_text_color(pos, galley, fg);
    response
}

/// A button that opens a menu: its text and a caret.
pub fn menu_button_ui(ui: &mut Ui, theme: &Theme, text: &str, name: &str) -> Response {
    // Blanks leave room for the caret.
    let response = button_ui(ui, theme, Look::Plain, None, &format!("{text}     "), name);
    let center = response.rect.right_center() - vec2(17.0, 0.0);
    super::text::icon(ui, center, super::icons::CARET_DOWN, theme.icon(13.0), theme.colors.muted);
    response
}

/// A small coloured word. Returns the width it took; painted with its left edge at `left_center`.
pub fn paint_badge(
    ui: &Ui,
    theme: &Theme,
    left_center: egui::Pos2,
    text: &str,
    fg: Color32,
    bg: Color32,
) -> f32 {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme.badge(), fg);
    let size = galley.size() + vec2(10.0, 3.0);
    let rect = Rect::from_min_size(left_center - vec2(0.0, size.y / 2.0), size);
    ui.painter().rect_filled(rect, 3, bg);
    ui.painter().galley(rect.min + vec2(5.0, 1.5), galley, fg);
    size.x
}

/// The width [`paint_badge`] will take.
pub fn badge_width(ui: &Ui, theme: &Theme, text: &str) -> f32 {
    ui.painter().layout_no_wrap(text.to_owned(), theme.badge(), theme.colors.text).size().x + 10.0
}

/// A round chip with an icon: a fact, not a button.
pub fn chip_ui(ui: &mut Ui, theme: &Theme, icon: char, text: &str) -> Response {
    let colors = &theme.colors;
    let most = (ui.max_rect().width() - 40.0).max(40.0);
    let galley = super::text::line(ui, text, theme.body(), colors.text, most);
    let size = vec2(galley.size().x + 38.0, 24.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    ui.painter().rect_filled(rect, 12, colors.raised);
    ui.painter().rect_stroke(rect, 12, theme.line(), StrokeKind::Inside);
    super::text::icon(ui, rect.left_center() + vec2(16.0, 0.0), icon, theme.icon(15.0), colors.muted);
    super::text::paint_galley(ui, rect.with_min_x(rect.left() + 28.0), Align::Min, galley, colors.text);
    response
}

/// One tab of a row of tabs.
pub fn tab_ui(ui: &mut Ui, theme: &Theme, text: &str, active: bool, height: f32) -> Response {
    let colors = &theme.colors;
    let font = if active { theme.strong() } else { theme.body() };
    // The width of the semibold text for both states: choosing a tab moves no other.
    let wide = ui.painter().layout_no_wrap(text.to_owned(), theme.strong(), colors.text).size().x;
    let (rect, response) = ui.allocate_exact_size(vec2(wide + 18.0, height), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, active, text));
    let color = if active || response.hovered() { colors.text } else { colors.muted };
    super::text::paint(ui, rect, Align::Center, text, font, color);
    if active {
        let bar = Rect::from_min_max(egui::pos2(rect.left(), rect.bottom() - 2.0), rect.max);
        ui.painter().rect_filled(bar, 0, colors.accent);
    }
    if response.has_focus() {
        let stroke = Stroke::new(1.0, colors.accent);
        ui.painter().rect_stroke(rect.shrink(2.0), 3, stroke, StrokeKind::Inside);
    }
    response
}

/// A text that can be clicked, without a frame.
pub fn link_ui(ui: &mut Ui, theme: &Theme, text: &str, font: FontId, color: Color32) -> Response {
    let galley = super::text::line(ui, text, font, color, ui.available_width());
    let (rect, response) = ui.allocate_exact_size(galley.size(), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, text));
    super::text::show_focused(&response);
    ui.painter().galley(rect.min, galley, color);
    if response.hovered() || response.has_focus() {
        ui.painter().hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, color));
    }
    let _ = theme;
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// A box that can be ticked, with a text that wraps.
pub fn tick_ui(ui: &mut Ui, theme: &Theme, ticked: bool, text: &str) -> Response {
    let colors = &theme.colors;
    let color = if ticked { colors.muted } else { colors.text };
    let width = ui.available_width() - 24.0;
    let mut job = egui::text::LayoutJob::simple(text.to_owned(), theme.body(), color, width);
    job.sections[0].format.line_height = Some(18.0);
    let galley = ui.painter().layout_job(job);
    let size = vec2(ui.available_width(), galley.size().y.max(18.0) + 4.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, ticked, text));
    super::text::show_focused(&response);
    let square = Rect::from_min_size(rect.min + vec2(0.0, 2.0), vec2(16.0, 16.0));
    if ticked {
        ui.painter().rect_filled(square, 4, colors.good);
        super::text::icon(ui, square.center(), super::icons::CHECK, theme.icon(12.0), colors.panel);
    } else {
        let stroke = Stroke::new(1.0, if response.hovered() { colors.text } else { colors.faint });
        ui.painter().rect_stroke(square, 4, stroke, StrokeKind::Inside);
    }
    if response.has_focus() {
        let stroke = Stroke::new(1.0, colors.accent);
        ui.painter().rect_stroke(square.expand(2.0), 5, stroke, StrokeKind::Outside);
    }
    ui.painter().galley(rect.min + vec2(24.0, 1.0), galley, color);
    response
}

/// The title of something that a click unfolds. True while it is unfolded.
pub fn fold_ui(ui: &mut Ui, theme: &Theme, id: &str, title: &str) -> bool {
    let colors = &theme.colors;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::click());
    let id = egui::Id::unique(("fold", id));
    let mut open = ui.data(|d| d.get_temp::<bool>(id)).unwrap_or_default();
    if response.clicked() {
        open = !open;
        ui.data_mut(|d| d.insert_temp(id, open));
    }
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, open, title));
    super::text::show_focused(&response);
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, theme.line());
    let icon = if open { super::icons::CARET_DOWN } else { super::icons::CARET_RIGHT };
    let color = if response.hovered() { colors.text } else { colors.muted };
    super::text::icon(ui, rect.left_center() + vec2(6.0, 0.0), icon, theme.icon(13.0), color);
    super::text::paint(ui, rect.with_min_x(rect.left() + 20.0), Align::Min, title, theme.strong(), color);
    if response.has_focus() {
        let stroke = Stroke::new(1.0, colors.accent);
        ui.painter().rect_stroke(rect.shrink2(vec2(0.0, 3.0)), 3, stroke, StrokeKind::Inside);
    }
    open
}
