//! What lies over the window: the drop announcement and the toast.

use crate::gui::state::{Hover, Toast};
use crate::gui::theme::Theme;
use crate::gui::widgets::{icons, text};
use crate::gui::words;
use eframe::egui;
use egui::{Align2, Context, Order, Stroke, StrokeKind, vec2};

/// Says over the whole window what a drop will do.
pub fn drop_overlay(ctx: &Context, theme: &Theme, hover: Hover, something_open: bool) {
    // In front of tooltips, which stay as the pointer does not move while files are dragged.
    let layer = egui::LayerId::new(Order::Tooltip, egui::Id::unique("drop overlay"));
    ctx.move_to_top(layer);
    let painter = ctx.layer_painter(layer);
    let rect = ctx.content_rect();
    painter.rect_filled(rect, 0, theme.colors.overlay);
    let inner = rect.shrink(16.0);
    painter.rect_stroke(inner, theme.radius(), Stroke::new(2.0, theme.colors.accent), StrokeKind::Inside);
    let center = rect.center();
    let icon = icons::TRAY_ARROW_DOWN;
    painter.text(
        center - vec2(0.0, 44.0),
        Align2::CENTER_CENTER,
        icon,
        theme.icon(44.0),
        theme.colors.accent,
    );
    let files = words::counted(hover.n_files.max(1) as u64, "file", "files");
    let (sentence, hint) = match (something_open, hover.replace) {
        (false, _) => (format!("Open {files}"), ""),
        (true, false) => (format!("Add {files} to this case"), "Hold Alt to replace what is open"),
        (true, true) => (format!("Replace what is open by {files}"), "Release Alt to add"),
    };
    let font = theme.display(theme.sizes.start_heading);
    painter.text(center + vec2(0.0, 8.0), Align2::CENTER_CENTER, sentence, font, theme.colors.text);
    painter.text(center + vec2(0.0, 38.0), Align2::CENTER_CENTER, hint, theme.body(), theme.colors.muted);
}

/// Says at the bottom what was done.
pub fn toast_ui(ctx: &Context, theme: &Theme, toast: &Toast) {
    egui::Area::new(egui::Id::unique("toast"))
        .order(Order::Tooltip)
        .anchor(Align2::CENTER_BOTTOM, vec2(0.0, -44.0))
        .interactable(false)
        .show(ctx, |ui| {
            egui::Frame::popup(ui.style())
                .fill(theme.colors.raised)
                .inner_margin(egui::Margin::symmetric(14, 9))
                .show(ui, |ui| {
                    ui.horizontal(|ui| {
                        let (rect, _) = ui.allocate_exact_size(vec2(16.0, 16.0), egui::Sense::hover());
                        let icon = icons::FILL_CHECK_CIRCLE;
                        text::icon(ui, rect.center(), icon, theme.icon_fill(16.0), theme.colors.good);
                        let words =
                            egui::RichText::new(&toast.text).font(theme.body()).color(theme.colors.text);
                        ui.add(egui::Label::new(words).extend());
                    });
                });
        });
}
