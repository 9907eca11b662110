//! Who is hit: one row a message and recipient; below it the lists of what was not understood, in the same place.

use super::lists;
use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::state::List;
use crate::gui::widgets::button::{link_ui, tab_ui};
use crate::gui::widgets::text;
use crate::gui::words;
use crate::model::{Rejection, RejectionIdx};
use crate::smtp::ReversePath;
use eframe::egui;
use egui::{Align, Rect, Ui, pos2, vec2};
use egui_extras::{Column, TableBuilder};

/// Draws the lower list with its tabs.
pub fn lower_list_ui(ui: &mut Ui, frame: &FrameCtx<'_>, list: List, out: &mut Commands) {
    ui.spacing_mut().item_spacing.y = 0.0;
    header_ui(ui, frame, list, out);
    match list {
        List::Messages => messages_ui(ui, frame, out),
        List::Problems => lists::problems_ui(ui, frame, out),
        List::NotUnderstood => lists::not_understood_ui(ui, frame, out),
    }
}

fn header_ui(ui: &mut Ui, frame: &FrameCtx<'_>, list: List, out: &mut Commands) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let height = theme.sizes.list_header;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), egui::Sense::hover());
    ui.painter().rect_filled(rect, 0, colors.panel);
    let n_problems = frame.snapshot.problems.len() as u64;
    let n_missed = frame.snapshot.coverage.not_understood;
    let builder = egui::UiBuilder::new()
        .max_rect(rect.with_min_x(rect.left() + 3.0))
        .layout(egui::Layout::left_to_right(Align::Center));
    let mut bar = ui.new_child(builder);
    bar.spacing_mut().item_spacing.x = 0.0;
    let several = n_problems > 0 || n_missed > 0;
    let mut right = rect.left() + theme.sizes.gap_large;
    if several {
        let mut tabs = vec![(List::Messages, "Messages".to_owned())];
        if n_problems > 0 {
            tabs.push((List::Problems, format!("Problems {}", words::number(n_problems))));
        }
        if n_missed > 0 {
            tabs.push((List::NotUnderstood, format!("Not understood {}", words::number(n_missed))));
        }
        for (which, label) in tabs {
            let response = tab_ui(&mut bar, theme, &label, which == list, height);
            right = response.rect.right();
            if response.clicked() {
                out.push(UiCommand::ShowList(which));
            }
        }
    } else {
        let place = rect.with_min_x(right);
        right = text::paint(ui, place, Align::Min, "Messages", theme.strong(), colors.text).right();
    }
    if list == List::Messages {
        let place =
            Rect::from_min_max(pos2(right + 12.0, rect.top()), pos2(rect.right() - 12.0, rect.bottom()));
        let n = frame.rows().len() as u64;
        let summary = match frame.pattern() {
            Some(pattern) => format!(
                "{} in this pattern · {}",
                words::number(n),
                words::counted(u64::from(pattern.n_recipients), "recipient", "recipients")
            ),
            None => format!(
                "{} · {}",
                words::counted(n, "refusal", "refusals"),
                words::counted(u64::from(frame.view.n_recipients), "recipient", "recipients")
            ),
        };
        let align = if several { Align::Max } else { Align::Min };
        text::paint(ui, place, align, &summary, theme.body(), colors.faint);
    }
    text::underline(ui, theme, rect);
}

fn messages_ui(ui: &mut Ui, frame: &FrameCtx<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let rows = frame.rows();
    let width = ui.available_width();
    // The two addresses share what the other columns leave; columns go when there is no room for them.
    let fixed =
        [(112.0, true), (80.0, width > 600.0), (76.0, true), (92.0, width > 700.0), (34.0, width > 480.0)];
    let taken: f32 = fixed.iter().filter(|(_, shown)| *shown).map(|(w, _)| w).sum();
    let sender_shown = width > 420.0;
    let gaps = theme.sizes.gap * 8.0 + theme.sizes.gap_large;
    let rest = (width - taken - gaps).max(120.0);
    // In a wide list the reply takes what addresses do not need.
    let reply = if rest > 760.0 { rest - 500.0 - theme.sizes.gap } else { 0.0 };
    let rest = if reply > 0.0 { 500.0 } else { rest };
    let recipient = if sender_shown { (rest * 0.55).floor() } else { rest };

    let mut columns: Vec<(&str, f32)> = vec![("Time", fixed[0].0), ("Recipient", recipient)];
    if sender_shown {
        columns.push(("Sender", (rest - recipient).floor()));
    }
    for (name, (width, shown)) in ["Stage", "Code", "Queue id", "Tries"].into_iter().zip(&fixed[1..]) {
        if *shown {
            columns.push((name, *width));
        }
    }
    if reply > 0.0 {
        let tries = columns.pop();
        columns.push(("Reply", reply.floor()));
        columns.extend(tries);
    }
    let mut table = TableBuilder::new(ui)
        .id_salt(("messages", columns.len()))
        .striped(false)
        // Not a stop of Tab for each cell: the arrow keys go through the rows.
        .sense(egui::Sense::CLICK)
        .cell_layout(egui::Layout::left_to_right(Align::Center))
        .auto_shrink([false, false])
        .min_scrolled_height(60.0)
        .column(Column::exact(theme.sizes.gap_small));
    for (_, width) in &columns {
        table = table.column(Column::exact(*width).clip(true));
    }
    if frame.selection.scroll
        && let Some(selected) = frame.selection.message
        && let Some(at) = rows.iter().position(|idx| *idx == selected)
    {
        table = table.scroll_to_row(at, None);
    }
    table
        .header(theme.sizes.table_header, |mut header| {
            header.col(|_| {});
            for (name, _) in &columns {
                header.col(|ui| {
                    let name = if *name == "Time" { "Time ↓" } else { name };
                    let align = if name == "Tries" { Align::Max } else { Align::Min };
                    text::paint(ui, ui.max_rect(), align, name, theme.small_strong(), colors.muted);
                });
            }
        })
        .body(|body| {
            body.rows(theme.sizes.message_row, rows.len(), |mut row| {
                let idx = rows[row.index()];
                let Some(rejection) = frame.snapshot.open(idx) else { return };
                row.set_selected(frame.selection.message == Some(idx));
                row.col(|_| {});
                for (name, _) in &columns {
                    row.col(|ui| cell_ui(ui, frame, idx, &rejection, name));
                }
                if row.response().clicked() {
                    out.push(UiCommand::SelectMessage(idx));
                }
            });
        });
}

fn cell_ui(ui: &mut Ui, frame: &FrameCtx<'_>, idx: RejectionIdx, rejection: &Rejection, column: &str) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let e = &rejection.evidence;
    let (value, font, color, align) = match column {
        "Time" => (words::time(e.time), theme.mono(), colors.text, Align::Min),
        "Recipient" => match &e.final_recipient {
            Some(recipient) => (words::one_line(recipient), theme.body(), colors.text, Align::Min),
            None => ("not in the evidence".to_owned(), theme.body(), colors.faint, Align::Min),
        },
        "Sender" => {
            let sender = match &e.reverse_path {
                Some(ReversePath::Null) => "<> (a notice)".to_owned(),
                Some(path) => words::one_line(path.as_str()),
                None => "–".to_owned(),
            };
            (sender, theme.body(), colors.muted, Align::Min)
        }
        "Stage" => {
            let color = if e.stage_inferred { colors.muted } else { colors.text };
            (e.stage.label().to_owned(), theme.body(), color, Align::Min)
        }
        "Code" => (codes(rejection), theme.mono(), colors.text, Align::Min),
        "Queue id" => {
            let id = e.queue_id.as_deref().map_or_else(|| "–".to_owned(), words::one_line);
            (id, theme.mono(), colors.text, Align::Min)
        }
        "Reply" => (words::one_line(&e.diagnostic_code), theme.mono(), colors.muted, Align::Min),
        _ => (e.attempts.len().max(1).to_string(), theme.body(), colors.text, Align::Max),
    };
    let rect = ui.max_rect();
    let response = ui.interact(rect, ui.scope_id().with((idx, column)), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &value));
    text::paint(ui, rect, align, &value, font, color);
}

/// `550 5.7.26`.
pub fn codes(rejection: &Rejection) -> String {
    let e = &rejection.evidence;
    match (e.reply_code, e.enhanced_status) {
        (Some(code), Some(status)) => format!("{code} {status}"),
        (Some(code), None) => code.to_string(),
        (None, Some(status)) => status.to_string(),
        (None, None) => "–".to_owned(),
    }
}

/// The quiet bar at the bottom of the patterns: the newest trouble with its place.
pub fn problem_bar_ui(ui: &mut Ui, frame: &FrameCtx<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let Some(problem) = frame.snapshot.problems.last() else { return };
    let rect = ui.max_rect();
    let color = colors.warning;
    let center = rect.left_center() + vec2(20.0, 0.0);
    text::icon(ui, center, crate::gui::widgets::icons::WARNING, theme.icon(15.0), color);
    let more = frame.snapshot.problems.len() - 1;
    let mut right = rect.right() - theme.sizes.gap_large;
    let label = if more > 0 { format!("and {} more", words::number(more as u64)) } else { "Show".to_owned() };
    let width = text::line(ui, &label, theme.small(), colors.accent, 200.0).size().x;
    let place = Rect::from_min_max(pos2(right - width, rect.top() + 6.0), pos2(right, rect.bottom()));
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(place));
    if link_ui(&mut child, theme, &label, theme.small(), colors.accent).clicked() {
        out.push(UiCommand::ShowList(List::Problems));
    }
    right -= width + theme.sizes.gap_large;
    let message = lists::problem_text(problem);
    let place = Rect::from_min_max(pos2(rect.left() + 34.0, rect.top()), pos2(right, rect.bottom()));
    text::paint(ui, place, Align::Min, &words::one_line(&message), theme.small(), colors.muted);
    ui.interact(place, ui.scope_id().with("problem"), egui::Sense::hover()).on_hover_text(message);
}

/// The quiet bar after Stop: the numbers are those of a part.
pub fn stopped_bar_ui(ui: &mut Ui, frame: &FrameCtx<'_>) {
    let theme = frame.theme;
    let rect = ui.max_rect();
    let color = theme.colors.warning;
    let center = rect.left_center() + vec2(20.0, 0.0);
    text::icon(ui, center, crate::gui::widgets::icons::STOP, theme.icon(15.0), color);
    let progress = &frame.snapshot.progress;
    let mut words = "Reading was stopped; what was read is shown".to_owned();
    if let Some(percent) = words::percent(progress.bytes_read, progress.bytes_total) {
        words.push_str(&format!(" ({percent} of all)"));
    }
    let response = ui.interact(rect, ui.scope_id().with("stopped"), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &words));
    text::paint(ui, rect.with_min_x(rect.left() + 34.0), Align::Min, &words, theme.small(), color);
}
