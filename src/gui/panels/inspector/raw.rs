//! Raw: the untouched lines around the refusal, read again from the source.

use super::Subject;
use crate::engine::{RawLine, RawLines, RawOf};
use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::widgets::button::{Look, button_ui};
use crate::gui::widgets::{icons, text};
use crate::gui::words;
use crate::notes::escape::is_hidden;
use eframe::egui;
use egui::{Align, Rect, Ui, pos2, vec2};

/// Draws the tab.
pub fn raw_ui(ui: &mut Ui, frame: &FrameCtx<'_>, subject: &Subject<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let Some((_, rejection)) = subject.message else { return };
    match frame.lines() {
        Some(raw) => {
            let source = words::one_line(words::file_name(&raw.source));
            text::section_ui(ui, theme, &format!("{source} · lines of this message"));
            lines_ui(ui, frame, raw, rejection.evidence.queue_id.as_deref(), out);
        }
        None => text::section_ui(ui, theme, "Reading the lines…"),
    }
}

/// The lines with their numbers; `id` stands out where it is found.
pub fn lines_ui(ui: &mut Ui, frame: &FrameCtx<'_>, raw: &RawLines, id: Option<&str>, out: &mut Commands) {
    let theme = frame.theme;
    let colors = &theme.colors;
    if let Some(problem) = &raw.problem {
        text::paragraph_ui(ui, problem, theme.body(), colors.warning);
    }
    let most = raw.lines.last().map_or(1, |l| l.number);
    let number_width =
        ui.painter().layout_no_wrap(words::number(most), theme.mono(), colors.muted).size().x + 14.0;
    ui.spacing_mut().item_spacing.y = 0.0;
    // New lines come with the deciding one on screen.
    let seen_id = egui::Id::unique("raw lines on screen");
    let new = ui.data(|d| d.get_temp::<RawOf>(seen_id)) != Some(raw.of);
    ui.data_mut(|d| d.insert_temp(seen_id, raw.of));
    let mut before = None;
    for line in &raw.lines {
        if before.is_some_and(|n| line.number > n + 1) {
            let (gap, _) = ui.allocate_exact_size(vec2(ui.available_width(), 11.0), egui::Sense::hover());
            ui.painter().hline(gap.x_range(), gap.center().y, theme.line());
        }
        before = Some(line.number);
        let rect = ui.push_id(line.number, |ui| line_ui(ui, frame, line, id, number_width)).inner;
        let wanted = frame.selection.place.is_none() && frame.selection.line == Some(line.number);
        if wanted && frame.selection.line_wanted {
            ui.scroll_to_rect(rect, Some(Align::Center));
            out.push(UiCommand::LineShown);
        } else if new && line.deciding && frame.selection.line.is_none() {
            ui.scroll_to_rect(rect.expand(20.0), None);
        }
    }
}

fn line_ui(ui: &mut Ui, frame: &FrameCtx<'_>, line: &RawLine, id: Option<&str>, number_width: f32) -> Rect {
    let theme = frame.theme;
    let colors = &theme.colors;
    let wanted = frame.selection.place.is_none() && frame.selection.line == Some(line.number);
    let parts = parts(line.text.trim_end_matches(['\r', '\n']), id);
    // A line with the message's id is its own, even where nothing was learnt from it: `Completed`.
    let own = line.own || parts.iter().any(|(_, kind)| *kind == Part::Id);
    let color = if own || wanted { colors.text } else { colors.faint };
    let mut job = egui::text::LayoutJob::default();
    for (part, kind) in parts {
        let (font, color) = match kind {
            Part::Plain => (theme.mono(), color),
            Part::Id => (theme.mono_strong(), color),
            Part::Hidden => (theme.mono(), colors.warning),
        };
        let mut format = egui::TextFormat::simple(font, color);
        format.line_height = Some(17.0);
        format.valign = Align::Center;
        text::append(&mut job, &words::visible(part), 0.0, &format);
    }
    job.wrap.max_width = ui.available_width() - number_width - 4.0;
    job.wrap.break_anywhere = true;
    let name = job.text.clone();
    let galley = ui.painter().layout_job(job);
    let size = vec2(ui.available_width(), galley.size().y.max(17.0) + 3.0);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &name));
    if line.deciding {
        ui.painter().rect_filled(rect, 3, colors.error_surface);
    } else if wanted {
        ui.painter().rect_filled(rect, 3, colors.selected);
    }
    if wanted {
        ui.painter().rect_filled(Rect::from_min_size(rect.min, vec2(3.0, rect.height())), 0, colors.accent);
    }
    let number = Rect::from_min_max(rect.min, pos2(rect.left() + number_width - 8.0, rect.top() + 19.0));
    let number_color = if line.deciding || wanted { colors.text } else { colors.faint };
    text::paint(ui, number, Align::Max, &words::number(line.number), theme.mono(), number_color);
    ui.painter().galley(rect.min + vec2(number_width, 1.5), galley, color);
    rect
}

/// What a part of a line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Plain,
    /// The message's own queue id.
    Id,
    /// Characters that show nothing, or change how others are shown.
    Hidden,
}

/// Cuts a line at its hidden characters and at `id`, where that is a word of its own.
fn parts<'a>(text: &'a str, id: Option<&str>) -> Vec<(&'a str, Part)> {
    let hidden = |c: char| is_hidden(c) && c != '\t';
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let len = rest.find(|c| !hidden(c)).unwrap_or(rest.len());
        if len > 0 {
            out.push((&rest[..len], Part::Hidden));
            rest = &rest[len..];
        }
        let (mut words, after) = rest.split_at(rest.find(hidden).unwrap_or(rest.len()));
        let mut from = 0;
        while let Some(id) = id.filter(|id| !id.is_empty())
            && let Some(found) = words[from..].find(id)
        {
            let (start, end) = (from + found, from + found + id.len());
            let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            from = end;
            if is_word(words[..start].chars().next_back()) || is_word(words[end..].chars().next()) {
                continue;
            }
            if start > 0 {
                out.push((&words[..start], Part::Plain));
            }
            out.push((&words[start..end], Part::Id));
            words = &words[end..];
            from = 0;
        }
        if !words.is_empty() {
            out.push((words, Part::Plain));
        }
        rest = after;
    }
    out
}

/// The bar at the bottom of the tab.
pub fn actions_ui(ui: &mut Ui, frame: &FrameCtx<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let rect = ui.max_rect();
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, theme.line());
    let raw = frame.lines();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, id: Option<&str>, expect: &str) {
        let show = |(part, kind): (&str, Part)| match kind {
            Part::Plain => part.to_owned(),
            Part::Id => format!("[{part}]"),
            Part::Hidden => format!("{{{}}}", part.chars().count()),
        };
        assert_eq!(parts(text, id).into_iter().map(show).collect::<Vec<_>>().join("|"), expect);
    }

    #[test]
    fn ids_and_hidden_characters_are_cut_out() {
        check("", None, "");
        check("smtp[9]: 4c8K: to=<a>", Some("4c8K"), "smtp[9]: |[4c8K]|: to=<a>");
        check("4c8K: 4c8KX 4c8K", Some("4c8K"), "[4c8K]|: 4c8KX |[4c8K]");
        check("a\u{202e}\u{1}b\u{7f}", Some("b"), "a|{2}|[b]|{1}");
        check("a\tb", None, "a\tb");
    }
}
