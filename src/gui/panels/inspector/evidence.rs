//! Evidence: every field, where it came from, and the attempts in time order.

use super::Subject;
use super::why::{fact_ui, key_ui};
use crate::engine::{RawLine, RawLines};
use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::widgets::button::link_ui;
use crate::gui::widgets::text;
use crate::gui::words;
use crate::model::{Origin, RejectionIdx};
use crate::smtp::ReversePath;
use eframe::egui;
use egui::Ui;

/// How many lines and attempts are listed.
const MAX_LISTED: usize = 50;

/// Draws the tab.
pub fn evidence_ui(ui: &mut Ui, frame: &FrameCtx<'_>, subject: &Subject<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let Some((idx, rejection)) = subject.message else { return };
    let e = &rejection.evidence;
    let missing = "not in the evidence";

    text::section_ui(ui, theme, "This refusal");
    let lines = frame.lines();
    let deciding = &e.origins[0];
    // What was concluded or put together stands in no line.
    let mut fact = |name: &str, value: Option<&str>, mono: bool, origin: Option<Origin>| {
        let font = if mono { theme.mono() } else { theme.body() };
        match value {
            Some(value) => ui.push_id(name, |ui| placed_ui(ui, frame, name, value, font, origin, out)).inner,
            None => {
                ui.horizontal_top(|ui| {
                    key_ui(ui, frame, name);
                    ui.label(egui::RichText::new(missing).font(theme.body()).color(colors.faint));
                });
            }
        }
    };
    let found = |value: Option<&str>| origin_of(value?, lines?, &e.origins);
    let decided = |value: &str| found(Some(value)).filter(|o| o.line == deciding.line);
    let time = e.time.map(|t| words::full_time(Some(t)));
    fact("Time", time.as_deref(), false, e.time.map(|_| *deciding));
    let recipient = e.final_recipient.as_deref();
    fact("Recipient", recipient, true, found(recipient));
    if let Some(given) = e.original_recipient.as_deref() {
        fact("Given as", Some(given), true, found(Some(given)));
    }
    let (sender, sender_words) = match &e.reverse_path {
        Some(ReversePath::Null) => (Some("<> (the message is itself a notice)"), "<>"),
        Some(ReversePath::Mailbox(mailbox)) => (Some(&**mailbox), &**mailbox),
        None => (None, ""),
    };
    fact("Sender", sender, true, sender.and_then(|_| found(Some(sender_words))));
    let stage = if e.stage_inferred {
        format!("{} (concluded)", e.stage.label())
    } else {
        e.stage.label().to_owned()
    };
    fact("Stage", Some(&stage), false, found(Some(e.stage.label())).filter(|_| !e.stage_inferred));
    let code = e.reply_code.map(|c| c.to_string());
    fact("Reply code", code.as_deref(), true, code.as_deref().and_then(decided));
    let status = e.enhanced_status.map(|s| s.to_string());
    fact("Enhanced status", status.as_deref(), true, status.as_deref().and_then(decided));
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
    fact(side, remote.as_deref(), true, found(e.remote_mta.as_deref().or(ip.as_deref())));
    for (name, value) in
        [("Reported by", &e.reporting_mta), ("Queue id", &e.queue_id), ("Message-ID", &e.message_id)]
    {
        fact(name, value.as_deref(), true, found(value.as_deref()));
    }
    if let Some(subject) = e.original.subject.as_deref() {
        fact("Subject", Some(subject), false, found(Some(subject)));
    }
    if let Some(from) = e.original.from.as_deref() {
        fact("From", Some(from), true, found(Some(from)));
    }
    fact("Read as", Some(e.format), true, None);

    text::section_ui(ui, theme, "Attempts");
    for (i, attempt) in e.attempts.iter().take(MAX_LISTED).enumerate() {
        let codes = match (attempt.reply_code, attempt.enhanced_status) {
            (Some(code), Some(status)) => format!("{code} {status}"),
            (Some(code), None) => code.to_string(),
            (None, Some(status)) => status.to_string(),
            (None, None) => "no code".to_owned(),
        };
        let last = if i + 1 == e.attempts.len() { ", deciding" } else { "" };
        // The host that refused stands above; another one is worth its words.
        let other = attempt.remote_mta.as_ref().filter(|host| Some(*host) != e.remote_mta.as_ref());
        let host = other.map(|h| format!(", {h}")).unwrap_or_default();
        let value = format!("{codes}{last}{host}");
        ui.push_id(("attempt", i), |ui| {
            let time = words::time(attempt.time);
            placed_ui(ui, frame, &time, &value, theme.body(), Some(attempt.origin), out);
        });
    }
    if e.attempts.len() > MAX_LISTED {
        let more = format!("and {} more attempts", words::number((e.attempts.len() - MAX_LISTED) as u64));
        text::paragraph_ui(ui, &more, theme.small(), colors.faint);
    }
    if e.attempts.is_empty() {
        text::paragraph_ui(ui, "One; the evidence tells no more", theme.body(), colors.muted);
    }

    text::section_ui(ui, theme, "Stands in");
    ui.spacing_mut().interact_size.y = 18.0;
    ui.spacing_mut().item_spacing.y = 2.0;
    for (i, origin) in e.origins.iter().take(MAX_LISTED).enumerate() {
        ui.push_id(("origin", i), |ui| {
            ui.horizontal(|ui| {
                origin_ui(ui, frame, origin, theme.mono(), out);
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
    retold_ui(ui, frame, idx, out);
}

/// Where other sources tell of the same refusal.
fn retold_ui(ui: &mut Ui, frame: &FrameCtx<'_>, idx: RejectionIdx, out: &mut Commands) {
    let theme = frame.theme;
    if let Some(passage) = frame.snapshot.passages.get(&idx) {
        text::section_ui(ui, theme, "Accepted before");
        let by = passage.remote_mta.as_deref().map_or(String::new(), |mta| format!("{mta}: "));
        let said = words::one_line(&format!("{by}{}", passage.text)).into_owned();
        text::paragraph_ui(ui, &said, theme.body(), theme.colors.muted);
        ui.push_id("passage", |ui| origin_ui(ui, frame, &passage.origin, theme.mono(), out));
    }
    let retold = &frame.snapshot.retold;
    let first = retold.first(idx);
    let (title, tellings) = match &first {
        Some(first) => ("Counted where it happened", std::slice::from_ref(first)),
        None => ("Told again in", retold.others(idx)),
    };
    if tellings.is_empty() {
        return;
    }
    text::section_ui(ui, theme, title);
    for (n, other) in tellings.iter().take(MAX_LISTED).enumerate() {
        let Some(other) = frame.snapshot.get(*other) else { continue };
        ui.push_id(("telling", n), |ui| origin_ui(ui, frame, &other.evidence.origin(), theme.mono(), out));
    }
}

/// The line of this message in which `value` stands as it is: the deciding one, else the first that holds it.
fn origin_of(value: &str, lines: &RawLines, origins: &[Origin]) -> Option<Origin> {
    let holds = |line: &&RawLine| find(&line.text, value);
    let own = || lines.lines.iter().filter(|line| line.own);
    let line = own().filter(|line| line.deciding).find(holds).or_else(|| own().find(holds))?;
    if line.deciding {
        return origins.first().copied();
    }
    // A line of a notice has no origin of its own: its number is enough to show it.
    let known = origins.iter().find(|o| o.source == origins[0].source && o.line == line.number);
    Some(known.copied().unwrap_or(Origin { line: line.number, ..origins[0] }))
}

/// Whether `value` stands in `text` as a word of its own, in whatever case.
fn find(text: &str, value: &str) -> bool {
    let (text, value) = (text.to_ascii_lowercase(), value.to_ascii_lowercase());
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !value.is_empty()
        && text.match_indices(&value).any(|(at, found)| {
            !is_word(text[..at].chars().next_back()) && !is_word(text[at + found.len()..].chars().next())
        })
}

/// A fact and the place it comes from: at the right if there is room, else below.
fn placed_ui(
    ui: &mut Ui,
    frame: &FrameCtx<'_>,
    name: &str,
    value: &str,
    font: egui::FontId,
    origin: Option<Origin>,
    out: &mut Commands,
) {
    let theme = frame.theme;
    let color = theme.colors.text;
    let Some(origin) = origin else {
        fact_ui(ui, frame, name, value, font);
        return;
    };
    let place = frame.place(&origin);
    let width = |text: &str, font| ui.painter().layout_no_wrap(text.to_owned(), font, color).size().x;
    let room = ui.available_width() - 114.0 - 2.0 * theme.sizes.gap;
    let shown = words::visible(value);
    let beside = !shown.contains('\n') && width(&shown, font.clone()) + width(&place, theme.small()) < room;
    ui.horizontal_top(|ui| {
        key_ui(ui, frame, name);
        if beside {
            text::paragraph_ui(ui, &shown, font, color);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
                origin_ui(ui, frame, &origin, theme.small(), out);
            });
        } else {
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                text::paragraph_ui(ui, &shown, font, color);
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
                    origin_ui(ui, frame, &origin, theme.small(), out);
                });
            });
        }
    });
}

/// `mail.log:81244`; a click shows the line.
fn origin_ui(ui: &mut Ui, frame: &FrameCtx<'_>, origin: &Origin, font: egui::FontId, out: &mut Commands) {
    let theme = frame.theme;
    let link = link_ui(ui, theme, &frame.place(origin), font, theme.colors.accent);
    if link.on_hover_text("Show the line").clicked() {
        out.push(UiCommand::ShowLine(*origin));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RawOf;
    use crate::model::SourceId;

    #[test]
    fn a_value_is_traced_to_its_line() {
        let line = |number, text: &str, own, deciding| RawLine { number, text: text.into(), own, deciding };
        let lines = RawLines {
            of: RawOf::Rejection(0),
            source: "a.log".into(),
            problem: None,
            lines: vec![
                line(1, "4C8K: from=<bo@example.org>, size=550", true, false),
                line(2, "other: to=<carl@example.org>", false, false),
                line(3, "4C8K: to=<ana@example.org> said: 550 no", true, true),
            ],
        };
        let origin = |line| Origin { source: SourceId(0), line, start: line * 50, len: 40 };
        let check = |value: &str, expect: Option<u64>| {
            let got = origin_of(value, &lines, &[origin(3), origin(1)]).map(|o| o.line);
            assert_eq!(got, expect, "{value}");
        };
        check("ana@example.org", Some(3));
        check("BO@example.org", Some(1));
        check("4C8K", Some(3));
        check("4C8", None);
        check("carl@example.org", None);
        check("", None);
    }
}
