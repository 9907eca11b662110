//! Text painted into a given place: it never wraps, never pushes anything aside, and ends in `…` where it must.

use crate::gui::theme::Theme;
use eframe::egui;
use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align, Align2, Color32, FontId, Galley, Pos2, Rect, Ui, pos2};
use std::sync::Arc;

/// One line of text, cut to `width`.
pub fn line(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::default();
    append(&mut job, text, 0.0, &TextFormat::simple(font, color));
    one_line(&mut job, width);
    ui.painter().layout_job(job)
}

/// Appends `text`; what is written from right to left in sections of its own.
///
/// A section is shaped in one direction: `550 5.7.1` before Hebrew words would turn into `1.7.5 055`.
pub fn append(job: &mut LayoutJob, text: &str, leading_space: f32, format: &TextFormat) {
    let mut space = leading_space;
    for part in by_direction(text) {
        job.append(part, space, format.clone());
        space = 0.0;
    }
}

/// Cuts a text where the direction of writing changes. Digits and signs go with the words before them only between
/// words of the same direction.
fn by_direction(text: &str) -> Vec<&str> {
    let is_rtl = |c: char| {
        matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    };
    if text.is_ascii() || !text.contains(is_rtl) {
        return vec![text];
    }
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_rtl) {
        if start > 0 {
            out.push(&rest[..start]);
        }
        rest = &rest[start..];
        // Up to the last such letter before a letter or digit of the other direction.
        let stop = rest.find(|c: char| c.is_alphanumeric() && !is_rtl(c)).unwrap_or(rest.len());
        let last = rest[..stop].char_indices().rfind(|(_, c)| is_rtl(*c));
        let end = last.map_or(stop, |(at, c)| at + c.len_utf8());
        out.push(&rest[..end]);
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        out.push(rest);
    }
    out
}

/// Makes a job stay on one line of `width`.
pub fn one_line(job: &mut LayoutJob, width: f32) {
    job.break_on_newline = false;
    job.wrap =
        TextWrapping { max_width: width.max(0.0), max_rows: 1, break_anywhere: true, ..Default::default() };
}

/// Paints one line into `rect`, in the middle of its height.
pub fn paint(ui: &Ui, rect: Rect, align: Align, text: &str, font: FontId, color: Color32) -> Rect {
    let galley = line(ui, text, font, color, rect.width());
    paint_galley(ui, rect, align, galley, color)
}

/// Paints a galley into `rect`, in the middle of its height.
pub fn paint_galley(ui: &Ui, rect: Rect, align: Align, galley: Arc<Galley>, color: Color32) -> Rect {
    let size = galley.size();
    let x = match align {
        Align::Min => rect.left(),
        Align::Center => rect.center().x - size.x / 2.0,
        Align::Max => rect.right() - size.x,
    };
    let pos = pos2(x, rect.center().y - size.y / 2.0);
    ui.painter().galley(pos, galley, color);
    Rect::from_min_size(pos, size)
}

/// Paints an icon with its centre at `center`.
pub fn icon(ui: &Ui, center: Pos2, icon: char, font: FontId, color: Color32) {
    ui.painter().text(center, Align2::CENTER_CENTER, icon, font, color);
}

/// The title of a small section: `Fix`, `Stage`.
pub fn section_ui(ui: &mut Ui, theme: &Theme, title: &str) {
    ui.add_space(theme.sizes.gap);
    ui.label(egui::RichText::new(title).font(theme.small_strong()).color(theme.colors.muted));
    ui.add_space(2.0);
}

/// A paragraph of evidence or explanation that wraps and can be selected.
pub fn paragraph_ui(ui: &mut Ui, text: &str, font: FontId, color: Color32) -> egui::Response {
    let mut format = TextFormat::simple(font.clone(), color);
    format.line_height = Some((font.size * 1.42).round());
    format.valign = Align::Center;
    let mut job = LayoutJob::default();
    append(&mut job, text, 0.0, &format);
    ui.add(egui::Label::new(job).wrap().selectable(true))
}

/// Space for a row of `height` over the whole width, which can be clicked and has a name.
pub fn row_ui(ui: &mut Ui, height: f32, name: &str, selected: bool) -> (Rect, egui::Response) {
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(egui::vec2(width, height), egui::Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, name));
    show_focused(&response);
    (rect, response)
}

/// What the keyboard has come to is scrolled into view.
pub fn show_focused(response: &egui::Response) {
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
}

/// Paints the background of a row: selected, under the pointer, or focused.
pub fn row_background(ui: &Ui, theme: &Theme, rect: Rect, response: &egui::Response, selected: bool) {
    let colors = &theme.colors;
    if selected {
        ui.painter().rect_filled(rect, 0, colors.selected);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0, colors.hover);
    }
    if response.has_focus() {
        let stroke = egui::Stroke::new(1.0, colors.accent);
        ui.painter().rect_stroke(rect.shrink(1.0), 2, stroke, egui::StrokeKind::Inside);
    }
}

/// A line of 1 pixel along the bottom of `rect`.
pub fn underline(ui: &Ui, theme: &Theme, rect: Rect) {
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, theme.line());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        assert_eq!(by_direction(text), expect);
    }

    #[test]
    fn directions_are_cut_apart() {
        check("550 5.7.1 no", &["550 5.7.1 no"]);
        check("550 5.7.1 דואר נדחה", &["550 5.7.1 ", "דואר נדחה"]);
        check("دواء (5.7.1) x", &["دواء", " (5.7.1) x"]);
        check("邮件 550", &["邮件 550"]);
        check("", &[""]);
    }
}
