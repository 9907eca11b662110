//! What to do: how far it reaches, the cause, steps to tick, how to check, the reply.

use super::{Subject, guide};
use crate::classify::{Need, Step};
use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::widgets::button::{link_ui, tick_ui};
use crate::gui::widgets::{icons, reply, text};
use crate::gui::words;
use crate::notes;
use eframe::egui;
use egui::{Align, Rect, Ui, vec2};
use std::collections::BTreeSet;

/// Draws the tab.
pub fn todo_ui(
    ui: &mut Ui,
    frame: &FrameCtx<'_>,
    subject: &Subject<'_>,
    ticked: &BTreeSet<(Box<str>, u16)>,
    out: &mut Commands,
) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let Some(class) = frame.class(subject.verdict) else {
        text::section_ui(ui, theme, "What happened");
        text::paragraph_ui(
            ui,
            "No rule knows this reply: read it and the evidence",
            theme.body(),
            colors.text,
        );
        reply_ui(ui, frame, subject);
        guide::guide_ui(ui, frame, subject, out);
        return;
    };
    let fill = |t: &str| match subject.message {
        Some((_, rejection)) => notes::fill(t, rejection),
        None => t.to_owned(),
    };

    text::section_ui(ui, theme, "What happened");
    text::paragraph_ui(ui, &fill(&class.cause), theme.body(), colors.text);
    if let Some(pattern) = subject.pattern {
        ui.add_space(2.0);
        let sentence = match &frame.scope {
            Some(sentence) => words::visible(sentence).into_owned(),
            None => words::counted(pattern.rows.len() as u64, "refusal", "refusals"),
        };
        text::paragraph_ui(ui, &sentence, theme.body(), colors.muted);
    }

    let mut number = 0;
    let mut steps_ui = |ui: &mut Ui, title: &str, steps: &[Step]| {
        if steps.is_empty() {
            return;
        }
        text::section_ui(ui, theme, title);
        for step in steps {
            let key = (Box::<str>::from(subject.pattern_id), number);
            number += 1;
            let ticked = ticked.contains(&key);
            if ui.push_id(&key, |ui| step_ui(ui, frame, subject, step, ticked, out)).inner {
                out.push(UiCommand::Tick(key.0, key.1));
            }
        }
    };
    let title = match class.need {
        Need::Act => "Fix",
        Need::Wait => "While waiting",
        Need::Nothing => "Nothing has to be done; to be sure",
    };
    steps_ui(ui, title, &class.fix);
    steps_ui(ui, "Then check", &class.verify);

    text::section_ui(ui, theme, "Send again?");
    let retry = if class.retry_note.is_empty() {
        subject.verdict.retry.label().to_owned()
    } else {
        format!("{}. {}", subject.verdict.retry.label(), fill(&class.retry_note))
    };
    text::paragraph_ui(ui, &retry, theme.body(), colors.text);

    if let Some(rule) = subject.verdict.rule.and_then(|r| frame.knowledge.rules().get(r.0 as usize))
        && let Some(note) = &rule.note
    {
        text::section_ui(ui, theme, "Known about this reply");
        text::paragraph_ui(ui, &fill(note), theme.body(), colors.text);
    }
    links_ui(ui, frame, subject, out);
    if !class.prevent.is_empty() {
        text::section_ui(ui, theme, "So that it does not come back");
        for item in &class.prevent {
            text::paragraph_ui(ui, &format!("• {}", fill(item)), theme.body(), colors.muted);
        }
    }
    reply_ui(ui, frame, subject);
    guide::guide_ui(ui, frame, subject, out);
}

/// One step with its command. True if its tick was clicked.
fn step_ui(
    ui: &mut Ui,
    frame: &FrameCtx<'_>,
    subject: &Subject<'_>,
    step: &Step,
    ticked: bool,
    out: &mut Commands,
) -> bool {
    let theme = frame.theme;
    let sentence = match subject.message {
        Some((_, rejection)) => notes::fill(&step.text, rejection),
        None => step.text.clone(),
    };
    // Whose step it is stands there only if it is not the first actor's anyway.
    let sentence = if subject.verdict.actors.first() == Some(&step.who) {
        sentence
    } else {
        format!("{sentence} ({})", step.who.label().to_lowercase())
    };
    let clicked = tick_ui(ui, theme, ticked, &sentence).clicked();
    if let Some(run) = &step.run {
        let command = match subject.message {
            Some((_, rejection)) => notes::fill_command(run, rejection),
            None => run.clone(),
        };
        command_ui(ui, frame, &command, out);
    }
    ui.add_space(2.0);
    clicked
}

/// A command in its box, with a button that copies it.
pub fn command_ui(ui: &mut Ui, frame: &FrameCtx<'_>, command: &str, out: &mut Commands) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let shown = words::visible(command).into_owned();
    let wrap = ui.available_width() - 44.0;
    let mut job = egui::text::LayoutJob::simple(shown.clone(), theme.mono(), colors.text, wrap);
    job.wrap.break_anywhere = true;
    let galley = ui.painter().layout_job(job);
    let size = vec2(ui.available_width(), galley.size().y + 14.0);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &shown));
    ui.painter().rect_filled(rect, theme.radius(), colors.background);
    ui.painter().rect_stroke(rect, theme.radius(), theme.line(), egui::StrokeKind::Inside);
    ui.painter().galley(rect.min + vec2(10.0, 7.0), galley, colors.text);
    let button = Rect::from_center_size(rect.right_top() + vec2(-18.0, 14.0), vec2(24.0, 22.0));
    let copy = ui.interact(button, ui.scope_id().with(("copy", command)), egui::Sense::click());
    copy.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Copy command"));
    text::show_focused(&copy);
    let color = if copy.hovered() || copy.has_focus() { colors.text } else { colors.muted };
    if copy.has_focus() {
        let stroke = egui::Stroke::new(1.0, colors.accent);
        ui.painter().rect_stroke(button, 3, stroke, egui::StrokeKind::Inside);
    }
    text::icon(ui, button.center(), icons::COPY, theme.icon(14.0), color);
    if copy.on_hover_text("Copy command").clicked() {
        out.push(UiCommand::Copy(command.to_owned(), "Command copied"));
    }
}

fn links_ui(ui: &mut Ui, frame: &FrameCtx<'_>, subject: &Subject<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let Some(provider) = subject.verdict.provider.and_then(|p| frame.knowledge.providers().get(p.0 as usize))
    else {
        return;
    };
    if provider.links.is_empty() {
        return;
    }
    text::section_ui(ui, theme, &format!("{}'s own pages", provider.name));
    for (title, url) in &provider.links {
        ui.push_id(url, |ui| {
            let link = link_ui(ui, theme, title, theme.body(), theme.colors.accent);
            if link.on_hover_text(url).clicked() {
                out.push(UiCommand::OpenUrl(url.clone()));
            }
        });
    }
}

/// The reply with the words that decided.
pub fn reply_ui(ui: &mut Ui, frame: &FrameCtx<'_>, subject: &Subject<'_>) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let Some((_, rejection)) = subject.message else { return };
    text::section_ui(ui, theme, "The reply");
    let edge = theme.family(frame.icon(subject.verdict));
    let diagnostic = &rejection.evidence.diagnostic_code;
    reply::evidence_box_ui(ui, theme, edge, |ui| {
        if diagnostic.is_empty() {
            ui.label(egui::RichText::new("The evidence holds no words").color(colors.faint));
            return;
        }
        let mut job =
            reply::marked(diagnostic, &rejection.verdict.matched, theme.mono(), colors.text, colors.mark);
        job.wrap.max_width = ui.available_width();
        for section in &mut job.sections {
            section.format.line_height = Some(18.0);
            section.format.valign = Align::Center;
        }
        ui.add(egui::Label::new(job).wrap().selectable(true));
    });
}
