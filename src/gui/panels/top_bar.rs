//! Open, paste, the query field and the menu.

use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::state::{QueryState, terms};
use crate::gui::widgets::button::{Look, button_ui};
use crate::gui::widgets::{icons, text};
use crate::gui::words;
use crate::model::ReadState;
use eframe::egui;
use egui::text::{LayoutJob, TextFormat};
use egui::{Align, Rect, Sense, Stroke, StrokeKind, Ui, UiBuilder, pos2, vec2};

/// The name of the query field for tests and screen readers.
pub const QUERY_NAME: &str = "Filter";

/// What the bar needs to know beyond the frame.
pub struct Shown {
    /// The facets are on screen.
    pub facets: bool,
    /// The inspector is on screen.
    pub inspector: bool,
    /// There is something to filter and to inspect.
    pub toggles: bool,
}

/// Draws the bar.
pub fn top_bar_ui(
    ui: &mut Ui,
    frame: &FrameCtx<'_>,
    query: &mut QueryState,
    shown: &Shown,
    out: &mut Commands,
) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let bar = ui.max_rect();
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = theme.sizes.gap;
        ui.add_space(10.0);
        let (logo, _) = ui.allocate_exact_size(vec2(84.0, 24.0), Sense::hover());
        let center = logo.left_center() + vec2(10.0, 0.0);
        text::icon(ui, center, icons::FILL_ENVELOPE_OPEN, theme.icon_fill(19.0), colors.reputation);
        text::paint(
            ui,
            logo.with_min_x(logo.left() + 26.0),
            Align::Min,
            "fivefifty",
            theme.strong(),
            colors.text,
        );
        ui.add_space(theme.sizes.gap_small);
        if button_ui(ui, theme, Look::Plain, Some(icons::FOLDER_OPEN), "Open…", "Open…").clicked() {
            out.push(UiCommand::OpenFiles);
        }
        if button_ui(ui, theme, Look::Quiet, Some(icons::CLIPBOARD_TEXT), "Paste", "Paste").clicked() {
            out.push(UiCommand::Paste);
        }
        let open = frame.snapshot.state != ReadState::Empty;
        let n_toggles = if shown.toggles { 2.0 } else { 0.0 };
        let width = ui.available_width() - 36.0 - n_toggles * 36.0 - theme.sizes.gap;
        let (field, _) = ui.allocate_exact_size(vec2(width.max(80.0), 30.0), Sense::hover());
        query_field_ui(ui, frame, field, query, open, out);
        if shown.toggles {
            let name = if shown.facets { "Hide facets" } else { "Show facets" };
            let toggle = button_ui(ui, theme, Look::Quiet, Some(icons::FUNNEL), "", name).on_hover_text(name);
            if toggle.clicked() {
                out.push(UiCommand::ShowFacets(!shown.facets));
            }
            let name = if shown.inspector { "Hide inspector" } else { "Show inspector" };
            let icon = Some(icons::SIDEBAR_SIMPLE);
            let toggle = button_ui(ui, theme, Look::Quiet, icon, "", name).on_hover_text(name);
            if toggle.clicked() {
                out.push(UiCommand::ShowInspector(!shown.inspector));
            }
        }
        menu_ui(ui, frame, open, out);
    });
    text::underline(ui, theme, bar);
}

fn menu_ui(ui: &mut Ui, frame: &FrameCtx<'_>, open: bool, out: &mut Commands) {
    let theme = frame.theme;
    let button = button_ui(ui, theme, Look::Quiet, Some(icons::DOTS_THREE_VERTICAL), "", "Menu");
    egui::Popup::menu(&button).show(|ui| {
        ui.set_min_width(220.0);
        if ui.button("Open files…").clicked() {
            out.push(UiCommand::OpenFiles);
        }
        if ui.button("Open folder…").clicked() {
            out.push(UiCommand::OpenFolder);
        }
        if ui.add_enabled(open, egui::Button::new("Close all")).clicked() {
            out.push(UiCommand::Close);
        }
        ui.separator();
        let mut transient = frame.view.include_transient;
        // A menu takes the edges away, and the box could not be seen.
        ui.visuals_mut().widgets.inactive.bg_fill = theme.colors.line;
        if ui.checkbox(&mut transient, "Show deferred mail (4yz) too").clicked() {
            out.push(UiCommand::IncludeTransient(transient));
            ui.close();
        }
        let other = if theme.dark { "Light theme" } else { "Dark theme" };
        if ui.button(other).clicked() {
            out.push(UiCommand::Dark(!theme.dark));
        }
        ui.separator();
        if ui.button("Keys").clicked() {
            out.push(UiCommand::ShowKeys(true));
        }
    });
}

fn query_field_ui(
    ui: &mut Ui,
    frame: &FrameCtx<'_>,
    field: Rect,
    query: &mut QueryState,
    open: bool,
    out: &mut Commands,
) {
    let theme = frame.theme;
    let colors = &theme.colors;
    ui.painter().rect_filled(field, theme.radius(), colors.background);
    let frame_idx = ui.painter().add(egui::Shape::Noop);
    let center = field.left_center() + vec2(18.0, 0.0);
    text::icon(ui, center, icons::MAGNIFYING_GLASS, theme.icon(15.0), colors.muted);

    let mut right = field.right() - theme.sizes.gap;
    if open && !query.text.is_empty() {
        let rect = Rect::from_min_size(pos2(right - 22.0, field.center().y - 11.0), vec2(22.0, 22.0));
        let clear = ui.interact(rect, ui.scope_id().with("clear query"), Sense::click());
        clear.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Clear filter"));
        let color = if clear.hovered() { colors.text } else { colors.muted };
        text::icon(ui, rect.center(), icons::X, theme.icon(13.0), color);
        if clear.clicked() {
            query.text.clear();
            out.push(UiCommand::SetQuery(String::new()));
        }
        right = rect.left() - theme.sizes.gap_small;
        if field.width() > 420.0 && query.error.is_none() {
            let (n, all) = (frame.view.patterns.len() as u64, u64::from(frame.view.n_patterns_total));
            let count = format!("{} of {} patterns", words::number(n), words::number(all));
            let place = Rect::from_min_max(pos2(right - 130.0, field.top()), pos2(right, field.bottom()));
            right = text::paint(ui, place, Align::Max, &count, theme.small(), colors.faint).left();
        }
    }
    let inner = Rect::from_min_max(pos2(field.left() + 34.0, field.top()), pos2(right - 6.0, field.bottom()));
    let error_at = query.error.as_ref().map(|e| e.at.clone());
    let mut layouter = |ui: &Ui, buffer: &dyn egui::TextBuffer, _wrap: f32| {
        let mut job = query_job(frame, buffer.as_str(), error_at.clone());
        job.wrap.max_width = f32::INFINITY;
        ui.painter().layout_job(job)
    };
    let hint = if open {
        "Filter: words, code:550, stage:rcpt, who:dns …"
    } else {
        "Filter appears when something is open"
    };
    let mut child =
        ui.new_child(UiBuilder::new().max_rect(inner).layout(egui::Layout::left_to_right(Align::Center)));
    let before = query.text.clone();
    let id = egui::Id::unique(QUERY_NAME);
    // With proposals Tab takes one; without, it goes to the next control.
    let proposing = !query.proposals.is_empty();
    proposal_keys(ui, id, query);
    let response = child.add_enabled(
        open,
        egui::TextEdit::singleline(&mut query.text)
            .id(id)
            .lock_focus(proposing)
            .frame(egui::Frame::NONE)
            .font(theme.mono())
            .hint_text(egui::RichText::new(hint).font(theme.body()).color(colors.faint))
            .align(egui::Align2::LEFT_CENTER)
            .margin(egui::Margin::ZERO)
            .min_size(vec2(inner.width(), 24.0))
            .desired_width(inner.width())
            .layouter(&mut layouter),
    );
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::labeled(egui::Role::TextInput, open, QUERY_NAME);
        info.current_text_value = Some(query.text.clone());
        info
    });
    if std::mem::take(&mut query.focus) && open {
        response.request_focus();
    }
    if query.text != before {
        out.push(UiCommand::TypeQuery(query.text.clone()));
    } else if response.lost_focus() {
        out.push(UiCommand::SetQuery(query.text.clone()));
    }
    let shown = proposals_ui(ui, frame, field, query, id, &response, out);
    let edge = match (&query.error, response.has_focus()) {
        (Some(_), _) => Stroke::new(1.0, colors.error),
        (None, true) => Stroke::new(1.0, colors.accent),
        (None, false) => theme.line(),
    };
    ui.painter().set(
        frame_idx,
        egui::Shape::Rect(egui::epaint::RectShape::stroke(field, theme.radius(), edge, StrokeKind::Inside)),
    );
    if let Some(error) = query.error.as_ref().filter(|_| !shown) {
        error_ui(ui, frame, field, &error.message);
    }
}

/// How many proposals are shown.
const MAX_SHOWN: usize = 9;

/// While there are proposals, the arrows choose one and Tab takes it. Before the field sees the keys.
fn proposal_keys(ui: &Ui, id: egui::Id, query: &mut QueryState) {
    let n = query.proposals.len().min(MAX_SHOWN);
    if n == 0 || !ui.memory(|m| m.has_focus(id)) {
        return;
    }
    let (down, up, tab) = ui.input_mut(|i| {
        let mut key = |key| i.consume_key(egui::Modifiers::NONE, key);
        (key(egui::Key::ArrowDown), key(egui::Key::ArrowUp), key(egui::Key::Tab))
    });
    if down {
        query.chosen = (query.chosen + 1) % n;
    }
    if up {
        query.chosen = (query.chosen + n - 1) % n;
    }
    if tab {
        take_proposal(ui.ctx(), id, query, query.chosen);
    }
}

/// Puts a proposal into the text and the cursor behind it.
fn take_proposal(ctx: &egui::Context, id: egui::Id, query: &mut QueryState, which: usize) {
    let Some(proposal) = query.proposals.get(which).cloned() else { return };
    if query.text.get(proposal.replace.clone()).is_none() {
        return;
    }
    // A value is finished: a blank lets the next word begin.
    let blank = if proposal.insert.ends_with(':') { "" } else { " " };
    let insert = format!("{}{blank}", proposal.insert);
    query.text.replace_range(proposal.replace.clone(), &insert);
    let end = query.text[..proposal.replace.start + insert.len()].chars().count();
    let mut state = egui::text_edit::TextEditState::load(ctx, id).unwrap_or_default();
    let cursor = egui::text::CCursor::new(end);
    state.cursor.set_char_range(Some(egui::text::CCursorRange::one(cursor)));
    state.store(ctx, id);
    query.proposals.clear();
    query.proposed_for = None;
}

/// The proposals under the field. True if there are any.
fn proposals_ui(
    ui: &Ui,
    frame: &FrameCtx<'_>,
    field: Rect,
    query: &mut QueryState,
    id: egui::Id,
    response: &egui::Response,
    out: &mut Commands,
) -> bool {
    let theme = frame.theme;
    let colors = &theme.colors;
    if !response.has_focus() && !response.lost_focus() {
        query.proposals.clear();
        query.proposed_for = None;
        return false;
    }
    let cursor = egui::text_edit::TextEditState::load(ui.ctx(), id).and_then(|s| s.cursor.char_range());
    let cursor = cursor.map_or(query.text.chars().count(), |range| range.primary.index.0);
    let cursor = query.text.char_indices().nth(cursor).map_or(query.text.len(), |(i, _)| i);
    let about = (query.text.clone(), cursor);
    if query.proposed_for.as_ref() != Some(&about) {
        // Nothing typed, nothing proposed: the field's hint says what it takes.
        query.proposals = match query.text[..cursor].ends_with(|c: char| !c.is_whitespace()) {
            true => crate::query::complete::complete(&query.text, cursor, frame.view, frame.snapshot),
            false => Vec::new(),
        };
        query.chosen = 0;
        query.proposed_for = Some(about);
    }
    if query.proposals.is_empty() {
        return false;
    }
    let mut taken = None;
    egui::Area::new(egui::Id::unique("query proposals"))
        .order(egui::Order::Foreground)
        .fixed_pos(field.left_bottom() + vec2(0.0, 4.0))
        .show(ui.ctx(), |ui| {
            egui::Frame::popup(ui.style()).inner_margin(egui::Margin::same(4)).show(ui, |ui| {
                ui.set_width(field.width().min(560.0));
                ui.spacing_mut().item_spacing.y = 0.0;
                for (i, proposal) in query.proposals.iter().take(MAX_SHOWN).enumerate() {
                    ui.push_id(&proposal.insert, |ui| {
                        let chosen = i == query.chosen;
                        let (rect, response) = text::row_ui(ui, 25.0, &proposal.insert, chosen);
                        text::row_background(ui, theme, rect, &response, chosen);
                        let inner = rect.shrink2(vec2(theme.sizes.gap, 0.0));
                        let count = proposal.count.map(|n| words::number(n.into())).unwrap_or_default();
                        let count = text::paint(ui, inner, Align::Max, &count, theme.body(), colors.muted);
                        let insert = words::one_line(&proposal.insert);
                        let place = inner.with_max_x(count.left() - theme.sizes.gap);
                        let insert = text::paint(ui, place, Align::Min, &insert, theme.mono(), colors.text);
                        let rest = place
                            .with_min_x(insert.right().max(place.left() + 120.0) + theme.sizes.gap_large);
                        let help = match proposal.help == proposal.insert {
                            true => String::new(),
                            false => words::one_line(&proposal.help),
                        };
                        text::paint(ui, rest, Align::Min, &help, theme.small(), colors.muted);
                        if response.clicked() {
                            taken = Some(i);
                        }
                    });
                }
            });
        });
    if let Some(i) = taken {
        take_proposal(ui.ctx(), id, query, i);
        query.focus = true;
        out.push(UiCommand::SetQuery(query.text.clone()));
    }
    true
}

/// The sentence under the field: over the lists, so that nothing moves.
fn error_ui(ui: &Ui, frame: &FrameCtx<'_>, field: Rect, message: &str) {
    let theme = frame.theme;
    egui::Area::new(egui::Id::unique("query error"))
        .order(egui::Order::Foreground)
        .fixed_pos(field.left_bottom() + vec2(0.0, 4.0))
        .interactable(false)
        .show(ui.ctx(), |ui| {
            egui::Frame::popup(ui.style()).inner_margin(egui::Margin::symmetric(10, 6)).show(ui, |ui| {
                ui.set_max_width(field.width());
                ui.label(egui::RichText::new(message).font(theme.body()).color(theme.colors.error));
            });
        });
}

/// The query's text: fields on a raised ground with their name in the accent colour, the mistake underlined.
fn query_job(frame: &FrameCtx<'_>, text: &str, error_at: Option<std::ops::Range<usize>>) -> LayoutJob {
    let theme = frame.theme;
    let colors = &theme.colors;
    let plain = TextFormat::simple(theme.mono(), colors.text);
    let name =
        TextFormat { color: colors.accent, background: colors.raised, expand_bg: 3.0, ..plain.clone() };
    let value = TextFormat { background: colors.raised, expand_bg: 3.0, ..plain.clone() };

    // Cut at every place where the format may change.
    let mut pieces: Vec<(usize, usize, &TextFormat)> = Vec::new();
    let mut at = 0;
    for term in terms(text) {
        let start = term.as_ptr() as usize - text.as_ptr() as usize;
        let end = start + term.len();
        pieces.push((at, start, &plain));
        match term.find(':').filter(|c| *c > 0 && !term.starts_with(['"', '('])) {
            Some(colon) => {
                pieces.push((start, start + colon + 1, &name));
                pieces.push((start + colon + 1, end, &value));
            }
            None => pieces.push((start, end, &plain)),
        }
        at = end;
    }
    pieces.push((at, text.len(), &plain));

    let mut job = LayoutJob::default();
    for (start, end, format) in pieces {
        let bad = error_at.clone().unwrap_or(0..0);
        let cut = |i: usize| {
            let i = i.clamp(start, end);
            (i..=end).find(|i| text.is_char_boundary(*i)).unwrap_or(end)
        };
        let (from, to) = (cut(bad.start), cut(bad.end.max(bad.start)));
        for (start, end, bad) in [(start, from, false), (from, to, true), (to, end, false)] {
            if start < end {
                let mut format = format.clone();
                if bad {
                    format.underline = Stroke::new(1.5, colors.error);
                    format.color = colors.error;
                }
                job.append(&text[start..end], 0.0, format);
            }
        }
    }
    job
}
