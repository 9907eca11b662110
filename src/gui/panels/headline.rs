//! How bad is it: refused, and its share of all recipients in the evidence.

use crate::gui::frame_ctx::FrameCtx;
use crate::gui::widgets::text;
use crate::gui::words;
use crate::model::ReadState;
use eframe::egui;
use egui::{Align, FontId, Rect, Ui, pos2};

/// Draws the row.
pub fn headline_ui(ui: &mut Ui, frame: &FrameCtx<'_>) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let rect = ui.max_rect();
    let refused = u64::from(frame.view.n_refused_total);
    let accepted = frame.summary.n_accepted;
    let row = rect.shrink2(egui::vec2(theme.sizes.gap_large, 0.0));

    let mut x = row.left();
    let mut put = |text: &str, font: FontId, color: egui::Color32, dy: f32, gap: f32| {
        if x < row.right() {
            let place = Rect::from_min_max(pos2(x, row.top() + dy), pos2(row.right(), row.bottom() + dy));
            x = text::paint(ui, place, Align::Min, text, font, color).right() + gap;
        }
    };
    put(&words::number(refused), theme.display(theme.sizes.figure), colors.text, 0.0, 6.0);
    put("refused", theme.body(), colors.muted, 1.5, 14.0);
    if let Some(percent) = words::percent(refused, refused + accepted).filter(|_| accepted > 0) {
        let of = format!("of {} recipients ·", words::number(refused + accepted));
        put(&of, theme.body(), colors.muted, 1.5, 5.0);
        put(&percent, theme.strong(), colors.text, 1.5, 18.0);
        let text = format!("{} accepted by a server, which is not yet delivered", words::number(accepted));
        put(&text, theme.small(), colors.faint, 2.0, 18.0);
    } else if refused > 0 && frame.snapshot.state != ReadState::Reading {
        put("no accepted mail in this evidence to compare with", theme.small(), colors.faint, 2.0, 18.0);
    }
    let left_end = x;

    let needs = frame.summary.needs;
    let mut x = row.right();
    let kinds = [
        (needs[2], "nothing to do", colors.muted),
        (needs[1], "wait", colors.warning),
        (needs[0], "to act on", colors.error),
    ];
    for (n, what, color) in kinds.into_iter().filter(|(n, ..)| *n > 0) {
        let label = format!("{} {what}", words::number(n));
        let galley = text::line(ui, &label, theme.small_strong(), color, 200.0);
        x -= galley.size().x;
        if x < left_end {
            break;
        }
        let place = Rect::from_min_max(pos2(x, row.top() + 2.0), pos2(row.right(), row.bottom() + 2.0));
        text::paint_galley(ui, place, Align::Min, galley, color);
        x -= 14.0;
    }
    let summary = format!("{} refused", words::number(refused));
    let response = ui.interact(rect, ui.scope_id().with("headline"), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &summary));
    text::underline(ui, theme, rect);
}
