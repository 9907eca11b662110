//! Evidence: every field, where it came from, and the attempts in time order.

use super::Subject;
use super::why::{fact_ui, key_ui};
use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::state::Tab;
use crate::gui::widgets::button::link_ui;
use crate::gui::widgets::text;
use crate::gui::words;
use crate::model::Origin;
use crate::smtp::ReversePath;
use eframe::egui;
use egui::Ui;

/// How many lines and attempts are listed.
const MAX_LISTED: usize = 50;

/// Draws the tab.
pub fn evidence_ui(ui: &mut Ui, frame: &FrameCtx<'_>, subject: &Subject<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let Some((_, rejection)) = subject.message else { return };
    let e = &rejection.evidence;
    let missing = "not in the evidence";

    text::section_ui(ui, theme, "This refusal");
    let mut fact = |name: &str, value: Option<&str>, mono: bool| match value {
        Some(value) if mono => fact_ui(ui, frame, name, value, theme.mono()),
        Some(value) => fact_ui(ui, frame, name, value, theme.body()),
        None => {
            ui.horizontal_top(|ui| {
                key_ui(ui, frame, name);
                ui.label(egui::RichText::new(missing).font(theme.body()).color(colors.faint));
            });
        }
    };
    fact("Time", e.time.map(|t| words::full_time(Some(t))).as_deref(), false);
    fact("Recipient", e.final_recipient.as_deref(), true);
    if e.original_recipient.is_some() {
        fact("Given as", e.original_recipient.as_deref(), true);
    }
    let sender = e.reverse_path.as_ref().map(|p| match p {
        ReversePath::Null => "<> (the message is itself a notice)",
        ReversePath::Mailbox(mailbox) => mailbox,
    });
    fact("Sender", sender, true);
    let stage = if e.stage_inferred {
        format!("{} (concluded)", e.stage.label())
    } else {
        e.stage.label().to_owned()
    };
    fact("Stage", Some(&stage), false);
    fact("Reply code", e.reply_code.map(|c| c.to_string()).as_deref(), true);
    fact("Enhanced status", e.enhanced_status.map(|s| s.to_string()).as_deref(), true);
    let ip = e.remote_ip.map(|ip| ip.to_string());
    let remote = match (&e.remote_mta, &ip) {
        (Some(host), Some(ip)) if &**host != ip => Some(format!("{host} [{ip}]")),
        (Some(host), _) => Some(host.to_string()),
        (None, ip) => ip.clone(),
    };
    let side = match e.direction {
        crate::model::Direction::Outgoing => "Refused by",
        crate::model::Direction::Incoming => "Client refused",
    };
    fact(side, remote.as_deref(), true);
    fact("Reported by", e.reporting_mta.as_deref(), true);
    fact("Queue id", e.queue_id.as_deref(), true);
    fact("Message-ID", e.message_id.as_deref(), true);
    if let Some(subject) = &e.original.subject {
        fact("Subject", Some(subject), false);
    }
    if let Some(from) = &e.original.from {
        fact("From", Some(from), true);
    }
    fact("Read as", Some(e.format), true);

    text::section_ui(ui, theme, "Attempts");
    for (i, attempt) in e.attempts.iter().take(MAX_LISTED).enumerate() {
        let codes = match (attempt.reply_code, attempt.enhanced_status) {
            (Some(code), Some(status)) => format!("{code} {status}"),
            (Some(code), None) => code.to_string(),
            (None, Some(status)) => status.to_string(),
            (None, None) => "no code".to_owned(),
        };
        let last = if i + 1 == e.attempts.len() { ", deciding" } else { "" };
        let host = attempt.remote_mta.as_deref().map(|h| format!(", {h}")).unwrap_or_default();
        ui.push_id(("attempt", i), |ui| {
            fact_ui(ui, frame, &words::time(attempt.time), &format!("{codes}{last}{host}"), theme.body());
            origin_ui(ui, frame, &attempt.origin, out);
        });
    }
    if e.attempts.is_empty() {
        text::paragraph_ui(ui, "One; the evidence tells no more", theme.body(), colors.muted);
    }

    text::section_ui(ui, theme, "Stands in");
    for (i, origin) in e.origins.iter().take(MAX_LISTED).enumerate() {
        ui.push_id(("origin", i), |ui| {
            ui.horizontal(|ui| {
                origin_ui(ui, frame, origin, out);
                if i == 0 && e.origins.len() > 1 {
                    ui.label(egui::RichText::new("deciding").font(theme.small()).color(colors.muted));
                }
            });
        });
    }
    if e.origins.len() > MAX_LISTED {
        let more = format!("and {} more lines", words::number((e.origins.len() - MAX_LISTED) as u64));
        text::paragraph_ui(ui, &more, theme.small(), colors.faint);
    }
}

/// `mail.log:81244`; a click shows the lines.
fn origin_ui(ui: &mut Ui, frame: &FrameCtx<'_>, origin: &Origin, out: &mut Commands) {
    let theme = frame.theme;
    let name = words::one_line(frame.snapshot.source_name(origin.source));
    let place = format!("{}:{}", words::file_name(&name), origin.line);
    let link = link_ui(ui, theme, &place, theme.mono(), theme.colors.accent);
    if link.on_hover_text("Show the lines").clicked() {
        out.push(UiCommand::ShowTab(Tab::Raw));
    }
}
