//! Trouble with sources, and lines that no grammar took: counted, listed, never in the way.

use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::state::{Place, Why};
use crate::gui::widgets::{icons, text};
use crate::gui::words;
use crate::model::{Origin, SourceProblem};
use eframe::egui;
use egui::{Align, Ui, vec2};

/// `mail.log.2.gz, line 812: the gzip stream ends early`.
pub fn problem_text(problem: &SourceProblem) -> String {
    match problem.problem.origin {
        Some(origin) => {
            format!("{}, line {}: {}", problem.source, words::number(origin.line), problem.problem.message)
        }
        None => format!("{}: {}", problem.source, problem.problem.message),
    }
}

/// The list of problems. One with a place can be opened there.
pub fn problems_ui(ui: &mut Ui, frame: &FrameCtx<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let problems = &frame.snapshot.problems;
    let area = egui::ScrollArea::vertical().id_salt("problems").auto_shrink([false, false]);
    area.show_rows(ui, theme.sizes.message_row, problems.len(), |ui, range| {
        for (i, problem) in problems.iter().enumerate().skip(range.start).take(range.len()) {
            ui.push_id(i, |ui| {
                let message = words::one_line(&problem_text(problem));
                let origin = problem.problem.origin;
                let selected = origin.is_some() && origin == shown_place(frame);
                let (rect, response) = match origin {
                    Some(_) => text::row_ui(ui, theme.sizes.message_row, &message, selected),
                    None => {
                        let size = vec2(ui.available_width(), theme.sizes.message_row);
                        let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
                        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &message));
                        (rect, response)
                    }
                };
                if origin.is_some() {
                    text::row_background(ui, theme, rect, &response, selected);
                }
                let center = rect.left_center() + vec2(20.0, 0.0);
                text::icon(ui, center, icons::WARNING, theme.icon(14.0), theme.colors.warning);
                let place = rect.with_min_x(rect.left() + 34.0);
                text::paint(ui, place, Align::Min, &message, theme.body(), theme.colors.text);
                if response.on_hover_text(message).clicked()
                    && let Some(origin) = origin
                {
                    let why = Why::Problem(problem.problem.message.clone());
                    out.push(UiCommand::ShowPlace(Some(Place { origin, why })));
                }
            });
        }
    });
}

/// The place that the inspector shows.
fn shown_place(frame: &FrameCtx<'_>) -> Option<Origin> {
    frame.selection.place.as_ref().map(|place| place.origin)
}

/// The list of lines with a 5yz reply that were not understood. A click shows the line.
pub fn not_understood_ui(ui: &mut Ui, frame: &FrameCtx<'_>, out: &mut Commands) {
    let theme = frame.theme;
    let coverage = &frame.snapshot.coverage;
    let places = &coverage.not_understood_at;
    let more = coverage.not_understood.saturating_sub(places.len() as u64);
    let n_rows = places.len() + usize::from(more > 0);
    let area = egui::ScrollArea::vertical().id_salt("not understood").auto_shrink([false, false]);
    area.show_rows(ui, theme.sizes.message_row, n_rows, |ui, range| {
        for at in range {
            let Some(origin) = places.get(at) else {
                let rest = format!("and {} more, counted without their places", words::number(more));
                let size = vec2(ui.available_width(), theme.sizes.message_row);
                let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
                let inner = rect.with_min_x(rect.left() + theme.sizes.gap_large);
                text::paint(ui, inner, Align::Min, &rest, theme.small(), theme.colors.faint);
                continue;
            };
            let name = words::one_line(frame.snapshot.source_name(origin.source));
            let place = format!("{name}:{}", origin.line);
            ui.push_id((origin.source.0, origin.start), |ui| {
                let selected = shown_place(frame) == Some(*origin);
                let (rect, response) = text::row_ui(ui, theme.sizes.message_row, &place, selected);
                text::row_background(ui, theme, rect, &response, selected);
                let inner = rect.with_min_x(rect.left() + theme.sizes.gap_large);
                let end = text::paint(ui, inner, Align::Min, &place, theme.mono(), theme.colors.text).right();
                let rest = inner.with_min_x(end + theme.sizes.gap_large);
                let hint = "a reply with a 5yz code that no grammar took";
                text::paint(ui, rest, Align::Min, hint, theme.small(), theme.colors.faint);
                if response.on_hover_text("Show the line").clicked() {
                    let place = Place { origin: *origin, why: Why::NotUnderstood };
                    out.push(UiCommand::ShowPlace(Some(place)));
                }
            });
        }
    });
}

/// What the lists show when there is nothing in them.
pub fn empty_ui(ui: &mut Ui, frame: &FrameCtx<'_>, out: &mut Commands) {
    use crate::gui::widgets::button::{Look, button_ui};
    use crate::model::ReadState;
    let theme = frame.theme;
    let colors = &theme.colors;
    let snapshot = frame.snapshot;
    let heading = |ui: &mut Ui, icon: char, words: &str| {
        ui.label(egui::RichText::new(icon).font(theme.icon(36.0)).color(colors.faint));
        ui.add_space(theme.sizes.gap);
        ui.label(egui::RichText::new(words).font(theme.display(theme.sizes.heading)).color(colors.text));
        ui.add_space(theme.sizes.gap_small);
    };
    let sentence = |ui: &mut Ui, words: &str| {
        ui.label(egui::RichText::new(words).font(theme.body()).color(colors.muted));
    };
    ui.add_space((ui.available_height() * 0.2).clamp(16.0, 120.0));
    ui.vertical_centered(|ui| {
        ui.set_max_width(560.0);
        if snapshot.state == ReadState::Reading {
            heading(ui, icons::HOURGLASS_MEDIUM, "Reading…");
            sentence(ui, "No refusal so far");
        } else if frame.view.n_refused_total > 0 || !frame.view.query.is_empty() {
            heading(ui, icons::FUNNEL, "Nothing matches the filter");
            ui.label(egui::RichText::new(&frame.view.query).font(theme.mono()).color(colors.muted));
            ui.add_space(theme.sizes.gap_large);
            let (term, all) = ("Drop the last term", "Clear the filter");
            ui.horizontal(|ui| {
                ui.add_space((ui.available_width() - 253.0).max(0.0) / 2.0);
                if button_ui(ui, theme, Look::Main, None, term, term).clicked() {
                    out.push(UiCommand::DropLastTerm);
                }
                if button_ui(ui, theme, Look::Plain, None, all, all).clicked() {
                    out.push(UiCommand::SetQuery(String::new()));
                }
            });
        } else {
            heading(ui, icons::ENVELOPE_SIMPLE_OPEN, "No refusal found");
            if snapshot.state == ReadState::Stopped {
                sentence(ui, "Reading was stopped; the rest was not read");
            }
            let coverage = &snapshot.coverage;
            let n_sources = words::counted(snapshot.sources.len() as u64, "source", "sources");
            let lines = words::counted(coverage.lines, "line", "lines");
            let replies = words::number(coverage.with_reply);
            sentence(ui, &format!("{lines} of {n_sources} read, {replies} with a reply"));
            let mut formats: Vec<&str> =
                snapshot.sources.iter().flat_map(|s| s.formats.iter().copied()).collect();
            formats.sort_unstable();
            formats.dedup();
            // Formats are those of refusals; a log of accepted mail only is known by who wrote it.
            let writers = || coverage.by_daemon.iter().filter(|(_, counts)| counts.understood > 0);
            let known = !formats.is_empty() || writers().next().is_some();
            let recognised = if !formats.is_empty() {
                format!("Recognised: {}", formats.join(", "))
            } else if known {
                let names: Vec<&str> = writers().take(8).map(|(name, _)| name.as_str()).collect();
                format!("Recognised: lines of {}", names.join(", "))
            } else {
                "No format of mail evidence was recognised".to_owned()
            };
            sentence(ui, &recognised);
            ui.add_space(theme.sizes.gap_large);
            let tips = if !known {
                ["Try the log of the mail server, the whole notice as .eml, or a pasted transcript", ""]
            } else {
                [
                    "Try the log of the day of the failure, or of the host that sends",
                    "Deferred mail (4yz) can be shown from the menu",
                ]
            };
            for tip in tips.into_iter().filter(|t| !t.is_empty()) {
                sentence(ui, tip);
            }
            if !snapshot.problems.is_empty() {
                ui.add_space(theme.sizes.gap_large);
                for problem in snapshot.problems.iter().take(3) {
                    let text = words::one_line(&problem_text(problem));
                    ui.label(egui::RichText::new(text).font(theme.small()).color(colors.warning));
                }
            }
            ui.add_space(theme.sizes.gap_large);
            if button_ui(
                ui,
                theme,
                Look::Plain,
                Some(icons::FOLDER_OPEN),
                "Open other files…",
                "Open other files…",
            )
            .clicked()
            {
                out.push(UiCommand::OpenFiles);
            }
        }
    });
}
