//! The inspector: one pattern or message, from what to do down to the bytes.

mod evidence;
mod guide;
mod place;
mod raw;
mod todo;
mod why;

use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::state::{State, Tab};
use crate::gui::widgets::button::{Look, button_ui, chip_ui, menu_button_ui, paint_badge, tab_ui};
use crate::gui::widgets::{icons, text};
use crate::model::{Confidence, Rejection, RejectionIdx, Retry, Verdict};
use crate::notes::Reader;
use crate::query::PatternRow;
use eframe::egui;
use egui::{Align, Layout, Ui, vec2};
use std::sync::Arc;

/// What the inspector is about.
pub(super) struct Subject<'a> {
    /// The verdict.
    pub verdict: &'a Arc<Verdict>,
    /// The pattern's row, if the pattern is part of the answer.
    pub pattern: Option<&'a PatternRow>,
    /// The message shown as its example.
    pub message: Option<(RejectionIdx, &'a Rejection)>,
    /// The pattern's id.
    pub pattern_id: &'a str,
    /// The masked reply.
    pub masked: &'a str,
}

/// Draws the inspector.
pub fn inspector_ui(ui: &mut Ui, frame: &FrameCtx<'_>, state: &State, markdown: bool, out: &mut Commands) {
    if let Some(place) = &frame.selection.place {
        place::place_ui(ui, frame, place, out);
        return;
    }
    let message = frame.message();
    let message = message.as_ref().map(|(idx, rejection)| (*idx, rejection));
    let pattern = frame.pattern();
    let subject = match (pattern, message) {
        (Some(row), _) => Subject {
            verdict: &row.verdict,
            pattern: Some(row),
            message,
            pattern_id: &row.pattern.id,
            masked: &row.pattern.text,
        },
        (None, Some((_, rejection))) => Subject {
            verdict: &rejection.verdict,
            pattern: frame.view.patterns.iter().find(|p| p.pattern.id == rejection.pattern.id),
            message,
            pattern_id: &rejection.pattern.id,
            masked: &rejection.pattern.text,
        },
        (None, None) => {
            nothing_selected_ui(ui, frame);
            return;
        }
    };
    header_ui(ui, frame, &subject);
    tabs_ui(ui, frame, state.tab, out);
    egui::Panel::bottom("inspector actions")
        .exact_size(48.0)
        .show_separator_line(false)
        .frame(egui::Frame::new().fill(frame.theme.colors.panel))
        .show(ui, |ui| match state.tab {
            Tab::Raw => raw::actions_ui(ui, frame, out),
            _ => actions_ui(ui, frame, &subject, state, markdown, out),
        });
    // Each tab keeps its own place; another subject starts at the top.
    let salt = (state.tab.label(), subject.pattern_id, subject.message.map(|(idx, _)| idx));
    egui::ScrollArea::vertical().id_salt(salt).auto_shrink([false, false]).show(ui, |ui| {
        let margin = egui::Margin { left: 14, right: 14, top: 4, bottom: 14 };
        egui::Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.set_width(ui.available_width());
            match state.tab {
                Tab::WhatToDo => todo::todo_ui(ui, frame, &subject, &state.ticked, out),
                Tab::Why => why::why_ui(ui, frame, &subject, out),
                Tab::Evidence => evidence::evidence_ui(ui, frame, &subject, out),
                Tab::Raw => raw::raw_ui(ui, frame, &subject, out),
            }
        });
    });
}

fn nothing_selected_ui(ui: &mut Ui, frame: &FrameCtx<'_>) {
    let theme = frame.theme;
    ui.add_space(60.0);
    ui.vertical_centered(|ui| {
        ui.label(egui::RichText::new("Nothing selected").font(theme.strong()).color(theme.colors.muted));
        ui.label(
            egui::RichText::new("Choose a pattern to see what to do about it")
                .font(theme.small())
                .color(theme.colors.faint),
        );
    });
}

fn header_ui(ui: &mut Ui, frame: &FrameCtx<'_>, subject: &Subject<'_>) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let verdict = subject.verdict;
    let class = frame.class(verdict);
    let icon = frame.icon(verdict);
    egui::Frame::new().inner_margin(egui::Margin { left: 14, right: 14, top: 12, bottom: 4 }).show(
        ui,
        |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 7.0;
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), egui::Sense::hover());
            let center = rect.left_center() + vec2(7.0, 0.0);
            text::icon(ui, center, icons::family(icon), theme.icon_fill(15.0), theme.family(icon));
            let confidence = format!("confidence {}", verdict.confidence.name());
            let width = crate::gui::widgets::button::badge_width(ui, theme, &confidence);
            let row = match class {
                Some(class) => match class.matrix_row {
                    Some(row) => format!("Matrix row {row} · {}", class.id),
                    None => class.id.clone(),
                },
                None => "Not classified".to_owned(),
            };
            let mut place = rect.with_min_x(rect.left() + 22.0);
            place.set_right(rect.right() - width - theme.sizes.gap);
            text::paint(ui, place, Align::Min, &row, theme.body(), colors.muted);
            let (fg, bg) = match verdict.confidence {
                Confidence::High => (colors.good, colors.good_surface),
                Confidence::Medium => (colors.muted, colors.raised),
                Confidence::Low => (colors.warning, colors.warning_surface),
            };
            paint_badge(ui, theme, rect.right_center() - vec2(width, 0.0), &confidence, fg, bg);

            let title = match frame.provider(verdict) {
                Some(provider) => format!("{} · {provider}", frame.title(verdict)),
                None => frame.title(verdict).to_owned(),
            };
            let heading =
                egui::RichText::new(title).font(theme.display(theme.sizes.heading)).color(colors.text);
            ui.add(egui::Label::new(heading).wrap());
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
                if let Some(actor) = verdict.actors.first() {
                    chip_ui(ui, theme, icons::actor(actor.name()), actor.label());
                }
                let retry = match verdict.retry {
                    Retry::Never | Retry::AfterFix => icons::PROHIBIT,
                    Retry::Later => icons::CLOCK,
                    Retry::Auto => icons::ARROWS_CLOCKWISE,
                };
                chip_ui(ui, theme, retry, verdict.retry.label());
            });
        },
    );
}

fn tabs_ui(ui: &mut Ui, frame: &FrameCtx<'_>, active: Tab, out: &mut Commands) {
    let theme = frame.theme;
    let rect = ui
        .horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            ui.add_space(6.0);
            for tab in Tab::ALL {
                if tab_ui(ui, theme, tab.label(), tab == active, 34.0).clicked() {
                    out.push(UiCommand::ShowTab(tab));
                }
            }
        })
        .response
        .rect;
    let line = rect.with_max_x(ui.max_rect().right()).with_min_x(ui.max_rect().left());
    text::underline(ui, theme, line);
    ui.add_space(1.0);
}

/// The bar at the bottom: the note and for whom.
fn actions_ui(
    ui: &mut Ui,
    frame: &FrameCtx<'_>,
    subject: &Subject<'_>,
    state: &State,
    markdown: bool,
    out: &mut Commands,
) {
    let theme = frame.theme;
    let rect = ui.max_rect();
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, theme.line());
    ui.horizontal_centered(|ui| {
        ui.add_space(14.0);
        ui.add_enabled_ui(subject.pattern.is_some(), |ui| {
            let copy = button_ui(ui, theme, Look::Main, Some(icons::COPY), "Copy note", "Copy note");
            if copy.on_hover_text("C copies the note for our team, Shift+C chooses for whom").clicked() {
                out.push(UiCommand::CopyNote(state.reader));
            }
            let label = format!("for {}", state.reader.label());
            let whom = menu_button_ui(ui, theme, &label, "For whom the note is");
            let menu = egui::Popup::menu(&whom);
            let menu = if state.open_reader_menu {
                menu.open_memory(egui::SetOpenCommand::Bool(true))
            } else {
                menu
            };
            menu.show(|ui| {
                ui.set_min_width(210.0);
                for reader in Reader::ALL {
                    if ui.button(format!("For {}", reader.label())).clicked() {
                        out.push(UiCommand::CopyNote(reader));
                        ui.close();
                    }
                }
                ui.separator();
                if ui.radio(!markdown, "Plain text").clicked() {
                    out.push(UiCommand::NoteMarkdown(false));
                }
                if ui.radio(markdown, "Markdown").clicked() {
                    out.push(UiCommand::NoteMarkdown(true));
                }
            });
        });
        redact_ui(ui, frame, out);
    });
}

/// The eye: whether addresses are hidden in what is copied.
fn redact_ui(ui: &mut Ui, frame: &FrameCtx<'_>, out: &mut Commands) {
    let theme = frame.theme;
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(8.0);
        let (icon, label, hint) = if frame.redact {
            (icons::EYE_SLASH, "Redacted", "Addresses are hidden in what is copied")
        } else {
            (icons::EYE, "In full", "Addresses stand in what is copied")
        };
        let toggle = button_ui(ui, theme, Look::Quiet, Some(icon), label, label);
        if toggle.on_hover_text(hint).clicked() {
            out.push(UiCommand::Redact(!frame.redact));
        }
    });
}
