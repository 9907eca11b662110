//! What the few different problems are: one row a pattern.

use crate::classify::Need;
use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::state::Sort;
use crate::gui::widgets::button::{badge_width, paint_badge};
use crate::gui::widgets::{icons, reply, text};
use crate::gui::words;
use crate::query::PatternRow;
use crate::query::view::TREND_BARS;
use eframe::egui;
use egui::{Align, Color32, Rect, Ui, pos2, vec2};

/// Draws the list.
pub fn patterns_ui(ui: &mut Ui, frame: &FrameCtx<'_>, out: &mut Commands) {
    let theme = frame.theme;
    ui.spacing_mut().item_spacing.y = 0.0;
    header_ui(ui, frame, out);
    let patterns = &frame.view.patterns;
    let mut area = egui::ScrollArea::vertical().id_salt("patterns").auto_shrink([false, false]);
    let row_height = theme.sizes.pattern_row;
    if frame.selection.scroll
        && let Some(at) = selected_at(frame)
    {
        let id = ui.make_persistent_id(egui::Id::unique("patterns offset"));
        let offset = ui.data(|d| d.get_temp::<f32>(id)).unwrap_or_default();
        let (top, height) = (at as f32 * row_height, ui.available_height());
        if top < offset {
            area = area.vertical_scroll_offset(top);
        } else if top + row_height > offset + height {
            area = area.vertical_scroll_offset(top + row_height - height);
        }
    }
    let offset_id = ui.make_persistent_id(egui::Id::unique("patterns offset"));
    let output = area.show_rows(ui, row_height, patterns.len(), |ui, range| {
        let order = &frame.summary.order;
        for at in &order[range.start.min(order.len())..range.end.min(order.len())] {
            let Some(row) = patterns.get(*at as usize) else { continue };
            ui.push_id(&row.pattern.id, |ui| pattern_ui(ui, frame, row, out));
        }
    });
    ui.data_mut(|d| d.insert_temp(offset_id, output.state.clamped_offset().y));
}

/// The place of the selected pattern in the list.
fn selected_at(frame: &FrameCtx<'_>) -> Option<usize> {
    let id = frame.selection.pattern.as_deref()?;
    let is_it = |at: &u32| frame.view.patterns.get(*at as usize).is_some_and(|p| &*p.pattern.id == id);
    frame.summary.order.iter().position(is_it)
}

fn header_ui(ui: &mut Ui, frame: &FrameCtx<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let (rect, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), theme.sizes.list_header), egui::Sense::hover());
    ui.painter().rect_filled(rect, 0, theme.colors.panel);
    let inner = rect.shrink2(vec2(theme.sizes.gap_large, 0.0));
    let title = text::paint(ui, inner, Align::Min, "Patterns", theme.strong(), theme.colors.text);
    let n = words::number(frame.view.patterns.len() as u64);
    let place = inner.with_min_x(title.right() + 10.0);
    text::paint(ui, place, Align::Min, &n, theme.body(), theme.colors.faint);
    // From the right: the order, then the way back to the messages of all patterns.
    let mut right = inner.right();
    let mut link = |ui: &mut Ui, label: &str, name: &str, color: Color32, caret: bool| {
        let galley = text::line(ui, label, theme.small(), color, 200.0);
        let left = right - galley.size().x - if caret { 15.0 } else { 0.0 };
        let place = Rect::from_min_max(pos2(left, rect.top() + 4.0), pos2(right, rect.bottom() - 4.0));
        let response = ui.interact(place, ui.scope_id().with(name), egui::Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
        let color = if response.hovered() { theme.colors.text } else { color };
        text::paint_galley(ui, place, Align::Min, galley, color);
        if caret {
            let center = pos2(right - 5.0, rect.center().y + 0.5);
            text::icon(ui, center, icons::CARET_DOWN, theme.icon(11.0), color);
        }
        if response.has_focus() {
            let stroke = egui::Stroke::new(1.0, theme.colors.accent);
            ui.painter().rect_stroke(place.expand2(vec2(4.0, 0.0)), 3, stroke, egui::StrokeKind::Inside);
        }
        right = left - theme.sizes.gap_large * 1.5;
        response
    };
    if frame.view.patterns.len() > 1 {
        let sort = frame.summary.sort;
        let menu = link(ui, sort.label(), "Order of the patterns", theme.colors.muted, true);
        egui::Popup::menu(&menu).show(|ui| {
            ui.set_min_width(170.0);
            for other in Sort::ALL {
                if ui.radio(other == sort, other.label()).clicked() {
                    out.push(UiCommand::SortPatterns(other));
                    ui.close();
                }
            }
        });
        if frame.selection.pattern.is_some() {
            let all = link(ui, "All messages", "All messages", theme.colors.accent, false);
            if all.on_hover_text("Show the messages of all patterns").clicked() {
                out.push(UiCommand::SelectPattern(None));
            }
        }
    }
    text::underline(ui, theme, rect);
}

fn pattern_ui(ui: &mut Ui, frame: &FrameCtx<'_>, row: &PatternRow, out: &mut Commands) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let class = frame.class(&row.verdict);
    let icon = frame.icon(&row.verdict);
    let family = theme.family(icon);
    let title = match frame.provider(&row.verdict) {
        Some(provider) => format!("{} · {provider}", frame.title(&row.verdict)),
        None => frame.title(&row.verdict).to_owned(),
    };
    let selected = frame.selection.pattern.as_deref() == Some(&*row.pattern.id);
    let (need, need_fg, need_bg) = need_look(frame, class.map_or(Need::Act, |c| c.need));
    let n_refusals = row.rows.len() as u64;
    let name = format!("{title}, {need}, {}", words::counted(n_refusals, "refusal", "refusals"));
    let (rect, response) = text::row_ui(ui, theme.sizes.pattern_row, &name, selected);
    text::row_background(ui, theme, rect, &response, selected);
    if selected {
        let bar = Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
        ui.painter().rect_filled(bar, 0, colors.accent);
    }
    let quiet = if selected { colors.muted } else { colors.faint };

    // From the right: last seen, recipients, refusals, trend; the narrower the list, the fewer of them.
    let (top, bottom) = (rect.top() + 9.0, rect.bottom() - 9.0);
    let upper = |left: f32, right: f32| Rect::from_min_max(pos2(left, top), pos2(right, rect.center().y));
    let lower = |left: f32, right: f32| Rect::from_min_max(pos2(left, rect.center().y), pos2(right, bottom));
    let mut right = rect.right() - theme.sizes.gap_large;
    if rect.width() > 430.0 {
        let left = right - 94.0;
        text::paint(
            ui,
            upper(left, right),
            Align::Max,
            &words::ago(frame.now, row.last_seen),
            theme.body(),
            colors.text,
        );
        text::paint(ui, lower(left, right), Align::Max, &words::since(row.first_seen), theme.small(), quiet);
        right = left - theme.sizes.gap;
    }
    let mut counts = vec![(n_refusals, if n_refusals == 1 { "refusal" } else { "refusals" })];
    if rect.width() > 520.0 {
        let n = u64::from(row.n_recipients);
        counts.insert(0, (n, if n == 1 { "recipient" } else { "recipients" }));
    }
    for (n, what) in counts {
        let left = right - 62.0;
        text::paint(ui, upper(left, right), Align::Max, &words::number(n), theme.strong(), colors.text);
        text::paint(ui, lower(left, right), Align::Max, what, theme.small(), quiet);
        right = left - theme.sizes.gap;
    }
    if rect.width() > 690.0 {
        let left = right - TREND_BARS as f32 * 4.0;
        let place = Rect::from_min_max(pos2(left, rect.top() + 15.0), pos2(right, rect.bottom() - 15.0));
        trend(ui, place, &row.trend, family);
        right = left - theme.sizes.gap_large;
    }

    text::icon(
        ui,
        pos2(rect.left() + 22.0, rect.center().y),
        icons::family(icon),
        theme.icon_fill(18.0),
        family,
    );
    let left = rect.left() + 46.0;
    let badge = badge_width(ui, theme, need);
    let title_place = upper(left, (right - badge - theme.sizes.gap).max(left));
    let title = text::paint(ui, title_place, Align::Min, &title, theme.strong(), colors.text);
    let badge_at = pos2(title.right() + theme.sizes.gap, title_place.center().y);
    if badge_at.x + badge <= right + 1.0 {
        paint_badge(ui, theme, badge_at, need, need_fg, need_bg);
    }
    let masked = words::one_line(&row.pattern.text);
    let masked = reply::masked(ui, theme, &masked, colors.muted, right - left, false);
    let place = lower(left, right);
    masked.paint(ui, theme, pos2(left, place.center().y - masked.size().y / 2.0));
    text::underline(ui, theme, rect);

    if response.double_clicked() {
        out.push(UiCommand::ToggleTerm(format!("pattern:{}", row.pattern.id)));
    } else if response.clicked() {
        out.push(UiCommand::SelectPattern(Some(row.pattern.id.clone())));
    }
    response.context_menu(|ui| {
        if ui.button("Filter by this pattern").clicked() {
            out.push(UiCommand::ToggleTerm(format!("pattern:{}", row.pattern.id)));
            ui.close();
        }
        if ui.button("Filter it out").clicked() {
            out.push(UiCommand::ToggleTerm(format!("-pattern:{}", row.pattern.id)));
            ui.close();
        }
        if ui.button("Copy the masked reply").clicked() {
            out.push(UiCommand::Copy(row.pattern.text.to_string(), "Masked reply copied"));
            ui.close();
        }
    });
}

/// The word for what a pattern needs, and its colours.
pub fn need_look(frame: &FrameCtx<'_>, need: Need) -> (&'static str, Color32, Color32) {
    let colors = &frame.theme.colors;
    match need {
        Need::Act => ("act", colors.error, colors.error_surface),
        Need::Wait => ("wait", colors.warning, colors.warning_surface),
        Need::Nothing => ("nothing to do", colors.good, colors.good_surface),
    }
}

/// Bars over time, the highest as high as `rect`.
fn trend(ui: &Ui, rect: Rect, bars: &[u32; TREND_BARS], color: Color32) {
    let most = bars.iter().copied().max().unwrap_or_default().max(1) as f32;
    for (i, n) in bars.iter().enumerate() {
        let x = rect.left() + i as f32 * 4.0;
        let height = if *n == 0 { 0.0 } else { (rect.height() * *n as f32 / most).max(2.0) };
        let bar = Rect::from_min_max(pos2(x, rect.bottom() - height), pos2(x + 3.0, rect.bottom()));
        ui.painter().rect_filled(bar, 0, color);
    }
    let base =
        Rect::from_min_max(pos2(rect.left(), rect.bottom()), pos2(rect.right() - 1.0, rect.bottom() + 1.0));
    ui.painter().rect_filled(base, 0, color.gamma_multiply(0.35));
}
