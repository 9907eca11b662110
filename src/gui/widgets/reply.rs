//! Replies: masked ones with pills for the variable parts, verbatim ones with marked words.

use super::text::append;
use crate::gui::theme::Theme;
use crate::gui::words::visible;
use eframe::egui;
use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, FontId, Galley, Rect, Ui, vec2};
use std::ops::Range;
use std::sync::Arc;

/// A masked reply on one line or wrapped, and the places of its pills in characters.
pub struct Masked {
    galley: Arc<Galley>,
    pills: Vec<Range<usize>>,
}

/// How far a pill reaches beyond its name.
const PILL_END: f32 = 5.0;

/// Lays out `550 5.1.1 <recipient> unknown`: `<recipient>` becomes a pill.
pub fn masked(ui: &Ui, theme: &Theme, text: &str, color: Color32, width: f32, wrap: bool) -> Masked {
    let mut job = LayoutJob::default();
    let mut pills = Vec::new();
    let plain = TextFormat::simple(theme.mono(), color);
    let inside = TextFormat::simple(theme.mono(), theme.colors.text);
    let mut n_chars = 0;
    // What follows a pill begins where its right end is over.
    let mut space = 0.0;
    for part in parts(text) {
        match part {
            Part::Words(words) => {
                append(&mut job, words, space, &plain);
                n_chars += words.chars().count();
                space = 0.0;
            }
            Part::Pill(name) => {
                job.append(name, space + PILL_END, inside.clone());
                let len = name.chars().count();
                pills.push(n_chars..n_chars + len);
                n_chars += len;
                space = PILL_END;
            }
        }
    }
    if wrap {
        job.wrap.max_width = width;
    } else {
        super::text::one_line(&mut job, width);
    }
    Masked { galley: ui.painter().layout_job(job), pills }
}

impl Masked {
    /// The size it needs.
    pub fn size(&self) -> egui::Vec2 {
        self.galley.size()
    }

    /// Paints it with its top left corner at `pos`.
    pub fn paint(&self, ui: &Ui, theme: &Theme, pos: egui::Pos2) {
        // The cursor behind a pill stands where the next word begins, so its width is that of its characters.
        let advance = ui.painter().layout_no_wrap("0".to_owned(), theme.mono(), theme.colors.text).size().x;
        for pill in &self.pills {
            let at = |index: usize| self.galley.pos_from_cursor(egui::text::CCursor::new(index));
            let (from, to) = (at(pill.start), at(pill.end));
            if to.left() > from.left() && (to.top() - from.top()).abs() < 1.0 {
                let right = (from.left() + advance * pill.len() as f32).min(to.left());
                let min = vec2(from.left() - PILL_END + 1.0, from.top());
                let rect = Rect::from_min_max(pos + min, pos + vec2(right + PILL_END - 1.0, to.bottom()));
                let fill = theme.colors.text.gamma_multiply(if theme.dark { 0.13 } else { 0.08 });
                ui.painter().rect_filled(rect.expand2(vec2(0.0, 0.5)), 3, fill);
            }
        }
        ui.painter().galley(pos, self.galley.clone(), theme.colors.text);
    }
}

enum Part<'a> {
    Words(&'a str),
    Pill(&'a str),
}

/// Cuts `a <b> c` into words and pills. A pill's name has lower-case letters, digits, `_` and `-` only.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut out = Vec::new();
    let mut words_from = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('<') {
        let open = at + found;
        at = open + 1;
        let Some(len) = text[at..].find('>') else { break };
        let name = &text[at..at + len];
        let is_name = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if is_name {
            if open > words_from {
                out.push(Part::Words(&text[words_from..open]));
            }
            out.push(Part::Pill(name));
            at += len + 1;
            words_from = at;
        }
    }
    if words_from < text.len() {
        out.push(Part::Words(&text[words_from..]));
    }
    out
}

/// A verbatim reply with the words that decided marked. `marks` are byte ranges of `text`.
pub fn marked(text: &str, marks: &[Range<u32>], font: FontId, color: Color32, mark: Color32) -> LayoutJob {
    let mut job = LayoutJob::default();
    let plain = TextFormat::simple(font, color);
    let marked = TextFormat { background: mark, expand_bg: 1.5, ..plain.clone() };
    let mut at = 0;
    for range in marks {
        let (start, end) = (range.start as usize, range.end as usize);
        // Ranges that do not fit the text are of another text: leave them out rather than panic.
        if start < at || text.get(start..end).is_none() {
            continue;
        }
        append(&mut job, &visible(&text[at..start]), 0.0, &plain);
        append(&mut job, &visible(&text[start..end]), 0.0, &marked);
        at = end;
    }
    append(&mut job, &visible(&text[at..]), 0.0, &plain);
    job
}

/// A box with evidence: a coloured edge at the left, the text wraps and can be selected.
pub fn evidence_box_ui(
    ui: &mut Ui,
    theme: &Theme,
    edge: Color32,
    add: impl FnOnce(&mut Ui),
) -> egui::Response {
    let frame = egui::Frame::new()
        .fill(theme.colors.background)
        .stroke(theme.line())
        .corner_radius(theme.radius())
        .inner_margin(egui::Margin { left: 12, right: 10, top: 8, bottom: 8 });
    let response = frame
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui);
        })
        .response;
    let mut bar = response.rect;
    bar.set_width(3.0);
    ui.painter().rect_filled(bar, egui::CornerRadius { nw: 6, sw: 6, ne: 0, se: 0 }, edge);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let got: Vec<String> = parts(text)
            .into_iter()
            .map(|p| match p {
                Part::Words(words) => words.to_owned(),
                Part::Pill(name) => format!("[{name}]"),
            })
            .collect();
        assert_eq!(got.join("|"), expect);
    }

    #[test]
    fn pills() {
        check("550 <recipient> no", "550 |[recipient]| no");
        check("550 <<recipient>>: no", "550 <|[recipient]|>: no");
        check("550 a < b", "550 a < b");
        check("550 <A@B> x", "550 <A@B> x");
        check("<ip>", "[ip]");
    }

    #[test]
    fn marks_outside_the_text_are_left_out() {
        let job = marked("ab", &[0..9, 1..2], FontId::default(), Color32::WHITE, Color32::RED);
        assert_eq!(job.text, "ab");
    }
}
