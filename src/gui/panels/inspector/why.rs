//! Why: the rule, its strength, the words that decided, what else was considered.

use super::{Subject, todo};
use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::widgets::button::link_ui;
use crate::gui::widgets::{reply, text};
use crate::gui::words;
use crate::model::Tier;
use eframe::egui;
use egui::{FontId, Ui};

/// Draws the tab.
pub fn why_ui(ui: &mut Ui, frame: &FrameCtx<'_>, subject: &Subject<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let colors = &theme.colors;
    let verdict = subject.verdict;
    let class = frame.class(verdict);
    let rule = verdict.rule.and_then(|r| frame.knowledge.rules().get(r.0 as usize));

    text::section_ui(ui, theme, "Verdict");
    let id = class.map_or("not classified", |c| c.id.as_str());
    fact_ui(ui, frame, "Class", id, theme.mono());
    fact_ui(ui, frame, "Confidence", verdict.confidence.name(), theme.strong());
    fact_ui(ui, frame, "Rule", rule.map_or("none matched", |r| r.id.as_str()), theme.mono());
    let place = Tier::ALL.iter().position(|t| *t == verdict.tier).unwrap_or_default() + 1;
    let tier = format!("{place} of {} · {}", Tier::ALL.len(), verdict.tier.label());
    fact_ui(ui, frame, "Tier", &tier, theme.body());
    if let Some(source) = rule.and_then(|r| r.source.as_deref()) {
        ui.horizontal_top(|ui| {
            key_ui(ui, frame, "Learnt from");
            if source.starts_with("http://") || source.starts_with("https://") {
                if link_ui(ui, theme, source, theme.body(), colors.accent).clicked() {
                    out.push(UiCommand::OpenUrl(source.to_owned()));
                }
            } else {
                text::paragraph_ui(ui, source, theme.body(), colors.text);
            }
        });
    }
    if let Some(class) = class.filter(|c| !c.refs.is_empty()) {
        fact_ui(ui, frame, "Read more", &class.refs.join(", "), theme.body());
    }

    todo::reply_ui(ui, frame, subject);
    if verdict.matched.is_empty() {
        let sentence = match verdict.tier {
            Tier::EnhancedStatus => "The enhanced status code decided; no words did",
            Tier::ReplyCode => "The reply code and the stage decided; no words did",
            _ => "No words decided",
        };
        ui.add_space(2.0);
        text::paragraph_ui(ui, sentence, theme.small(), colors.faint);
    }

    if !verdict.runners_up.is_empty() {
        text::section_ui(ui, theme, "Also considered");
        for (rule, tier) in &verdict.runners_up {
            let Some(rule) = frame.knowledge.rules().get(rule.0 as usize) else { continue };
            let title = frame.knowledge.classes().get(rule.class.0 as usize).map_or("", |c| c.title.as_str());
            fact_ui(ui, frame, &rule.id, &format!("{title}: weaker, by {}", tier.label()), theme.body());
        }
    }
    if let Some((_, rejection)) = subject.message
        && rejection.evidence.stage_inferred
    {
        text::section_ui(ui, theme, "The stage is a conclusion");
        let sentence = format!(
            "The evidence does not say the stage; {} follows from the verdict",
            rejection.evidence.stage.label()
        );
        text::paragraph_ui(ui, &sentence, theme.body(), colors.text);
    }

    text::section_ui(ui, theme, "Grouped by");
    reply::evidence_box_ui(ui, theme, colors.line, |ui| {
        let masked = words::visible(subject.masked);
        let masked = reply::masked(ui, theme, &masked, colors.text, ui.available_width(), true);
        let (rect, response) = ui.allocate_exact_size(masked.size(), egui::Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, subject.masked));
        masked.paint(ui, theme, rect.min);
    });
    ui.add_space(2.0);
    text::paragraph_ui(ui, subject.pattern_id, theme.mono(), colors.faint);
}

/// A name and its value, the value wraps.
pub fn fact_ui(ui: &mut Ui, frame: &FrameCtx<'_>, name: &str, value: &str, font: FontId) {
    ui.horizontal_top(|ui| {
        key_ui(ui, frame, name);
        text::paragraph_ui(ui, &words::visible(value), font, frame.theme.colors.text);
    });
}

/// The name of a fact, in a column of fixed width.
pub fn key_ui(ui: &mut Ui, frame: &FrameCtx<'_>, name: &str) {
    let theme = frame.theme;
    let galley = ui.painter().layout(name.to_owned(), theme.body(), theme.colors.muted, 112.0);
    let (rect, _) = ui.allocate_exact_size(egui::vec2(114.0, galley.size().y), egui::Sense::hover());
    ui.painter().galley(rect.min, galley, theme.colors.muted);
}
