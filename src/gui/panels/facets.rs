//! Who has to act, which row of the matrix, which stage, provider, domain, source: each with its count under the
//! current query. A click puts the term into the query or takes it out.

use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::widgets::{icons, text};
use crate::gui::words;
use crate::query::{Facet, FacetField};
use eframe::egui;
use egui::{Align, Rect, Ui, pos2, vec2};

/// Draws all facets.
pub fn facets_ui(ui: &mut Ui, frame: &FrameCtx<'_>, out: &mut Commands) {
    let theme = frame.theme;
    egui::ScrollArea::vertical().id_salt("facets").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.add_space(theme.sizes.gap_small);
        for (field, facets) in &frame.view.facets.0 {
            if facets.is_empty() {
                continue;
            }
            let most = most_shown(*field);
            header_ui(ui, frame, title(*field), facets.len());
            for facet in facets.iter().take(most) {
                ui.push_id(&facet.term, |ui| {
                    if facet_ui(ui, frame, *field, facet) {
                        out.push(UiCommand::ToggleTerm(facet.term.clone()));
                    }
                });
            }
            ui.add_space(theme.sizes.gap_small);
        }
        ui.add_space(theme.sizes.gap);
    });
}

fn title(field: FacetField) -> &'static str {
    match field {
        FacetField::Who => "Who acts",
        FacetField::Row => "Matrix",
        FacetField::Stage => "Stage",
        FacetField::Provider => "Provider",
        FacetField::Domain => "Domain",
        FacetField::Source => "Source",
    }
}

fn most_shown(field: FacetField) -> usize {
    match field {
        FacetField::Domain => 8,
        FacetField::Provider | FacetField::Source => 12,
        FacetField::Who | FacetField::Row | FacetField::Stage => usize::MAX,
    }
}

fn header_ui(ui: &mut Ui, frame: &FrameCtx<'_>, title: &str, n: usize) {
    let theme = frame.theme;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), egui::Sense::hover());
    let inner = rect.shrink2(vec2(10.0, 0.0));
    text::paint(ui, inner, Align::Min, title, theme.small_strong(), theme.colors.muted);
    if n > 8 {
        let n = words::number(n as u64);
        text::paint(ui, inner, Align::Max, &n, theme.small(), theme.colors.faint);
    }
}

/// One value. True if it was clicked.
fn facet_ui(ui: &mut Ui, frame: &FrameCtx<'_>, field: FacetField, facet: &Facet) -> bool {
    let theme = frame.theme;
    let colors = &theme.colors;
    let name = format!("{}, {}", facet.label, words::counted(u64::from(facet.count), "refusal", "refusals"));
    let (rect, response) = text::row_ui(ui, theme.sizes.facet_row, &name, facet.active);
    text::row_background(ui, theme, rect, &response, facet.active);
    let mut left = rect.left() + 10.0;
    let (icon, family) = match (field, facet.icon) {
        (FacetField::Who, _) => {
            let actor = facet.term.split_once(':').map_or("", |(_, actor)| actor);
            let color = if facet.active { colors.accent } else { colors.muted };
            (Some((icons::actor(actor), theme.icon(15.0), color)), colors.muted)
        }
        (FacetField::Row, icon) => {
            let icon = icon.unwrap_or("question");
            let color = theme.family(icon);
            (Some((icons::family(icon), theme.icon_fill(15.0), color)), color)
        }
        _ => (None, colors.faint),
    };
    if let Some((icon, font, color)) = icon {
        text::icon(ui, pos2(left + 7.0, rect.center().y), icon, font, color);
        left += 21.0;
    }
    let right = rect.right() - 10.0;
    let count = words::number(u64::from(facet.count));
    let place = Rect::from_min_max(pos2(left, rect.top()), pos2(right, rect.bottom()));
    let count_color = if facet.active { colors.text } else { colors.muted };
    let count = text::paint(ui, place, Align::Max, &count, theme.body(), count_color);
    let label_place = place.with_max_x(count.left() - 6.0);
    let font = if field == FacetField::Stage { theme.mono() } else { theme.body() };
    let label = if facet.count == 0 && !facet.active { colors.muted } else { colors.text };
    text::paint(ui, label_place, Align::Min, &words::one_line(&facet.label), font, label);

    let total = frame.view.rows.len().max(1) as f32;
    let share = (facet.count as f32 / total).clamp(0.0, 1.0);
    if facet.count > 0 {
        let bar_width = ((right - left) * share).max(3.0);
        let bar = Rect::from_min_size(pos2(left, rect.bottom() - 3.0), vec2(bar_width, 1.5));
        let color = if facet.active { colors.accent } else { family };
        ui.painter().rect_filled(bar, 0, color);
    }
    let hint = if facet.active { "Take out of the filter" } else { "Filter by this" };
    response.on_hover_text_at_pointer(format!("{hint}: {}", facet.term)).clicked()
}
