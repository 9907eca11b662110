//! What panels asked for, done after drawing: open, filter, select, show, copy.

use super::{App, now};
use crate::engine::Input;
use crate::gui::command::UiCommand;
use crate::gui::samples;
use crate::gui::state::{List, Place, Selection, Tab, Toast, Why, terms};
use crate::model::Origin;
use crate::notes::{NoteFormat, NoteOptions, Reader, Redactor, note_for_message, note_for_pattern};
use crate::query::Query;
use eframe::egui;

/// How long a toast stays, in seconds.
const TOAST_SECONDS: f64 = 3.5;
/// Notes about more refusals than this are written on a thread.
const NOTE_AT_ONCE: usize = 5_000;

impl App {
    pub(super) fn run(&mut self, ctx: &egui::Context, command: UiCommand) {
        match command {
            UiCommand::OpenFiles => self.dialogs.show(ctx, false, self.saved.last_folder.as_deref()),
            UiCommand::OpenFolder => self.dialogs.show(ctx, true, self.saved.last_folder.as_deref()),
            UiCommand::Add(inputs) => self.add(inputs),
            UiCommand::Replace(inputs) => {
                self.close();
                self.add(inputs);
            }
            UiCommand::OpenTyped(path) => {
                self.state.typed_path.clear();
                self.add(vec![Input::Path(expand_home(&path))]);
            }
            UiCommand::OpenSample(i) => {
                if let Some(sample) = samples::all().get(i) {
                    self.add(samples::inputs(sample));
                }
            }
            UiCommand::Paste => {
                self.paste_wanted = true;
                ctx.memory_mut(|m| m.stop_text_input());
                ctx.send_viewport_cmd(egui::ViewportCommand::RequestPaste);
            }
            UiCommand::Stop => {
                self.engine.stop();
                // Said in this frame already: while all processors read, the next one is some way off.
                ctx.request_discard("reading was stopped");
            }
            UiCommand::Close => self.close(),
            UiCommand::SetQuery(text) => self.set_query(text),
            UiCommand::TypeQuery(text) if ends_in_field_name(&text) => {
                // The answer to `code:550 dom` would be empty, and with it the values to propose for `domain:`.
                self.state.query.error = None;
                self.state.query.text = text;
            }
            UiCommand::TypeQuery(text) => self.set_query(text),
            UiCommand::ToggleTerm(term) => self.set_query(self.last_good_query().with_term(&term)),
            UiCommand::DropLastTerm => self.set_query(self.last_good_query().without_last_term()),
            UiCommand::FocusQuery => self.state.query.focus = true,
            UiCommand::IncludeTransient(include) => {
                self.include_transient = include;
                self.set_query(self.state.query.text.clone());
            }
            UiCommand::SelectPattern(pattern) => {
                let cleared = pattern.is_none();
                self.state.selection = Selection { pattern, cleared, ..Selection::default() };
                self.state.list = List::Messages;
            }
            UiCommand::StepPattern(by) => self.step_pattern(by),
            UiCommand::SelectMessage(idx) => self.state.selection.choose(idx),
            UiCommand::StepMessage(by) => self.step_message(by),
            UiCommand::ShowTab(tab) => {
                self.state.tab = tab;
                self.state.selection.place = None;
                self.state.selection.line = None;
            }
            UiCommand::ShowLine(origin) => self.show_line(ctx, origin),
            UiCommand::LineShown => self.state.selection.line_wanted = false,
            UiCommand::ShowPlace(place) => self.show_place(ctx, place),
            UiCommand::ShowList(list) => self.state.list = list,
            UiCommand::Tick(pattern, step) => {
                let key = (pattern, step);
                if !self.state.ticked.remove(&key) {
                    self.state.ticked.insert(key);
                }
            }
            UiCommand::CopyNote(reader) => {
                self.state.reader = reader;
                self.copy_note(ctx, reader);
            }
            UiCommand::Copy(text, what) => {
                ctx.copy_text(text);
                self.toast(ctx, what.to_owned());
            }
            UiCommand::CopyEvidence(text, what) => {
                let mut redactor = if self.saved.redact { Redactor::new() } else { Redactor::off() };
                if let Some((_, rejection)) = self.frame_ctx(ctx).message() {
                    redactor.learn(&rejection);
                }
                ctx.copy_text(redactor.text(&text));
                let how = if self.saved.redact { ", redacted" } else { "" };
                self.toast(ctx, format!("{what}{how}"));
            }
            UiCommand::CopyReport(text, what) => {
                ctx.copy_text(Redactor::new().text(&text));
                self.toast(ctx, format!("{what}, redacted"));
            }
            UiCommand::OpenUrl(url) => ctx.open_url(egui::OpenUrl::new_tab(url)),
            UiCommand::NoteMarkdown(markdown) => self.saved.markdown = markdown,
            UiCommand::Redact(redact) => self.saved.redact = redact,
            UiCommand::SortPatterns(sort) => {
                self.saved.sort = sort;
                self.state.selection.scroll = true;
            }
            UiCommand::Dark(dark) => self.saved.dark = dark,
            UiCommand::ShowFacets(_) => self.state.facets_toggled = !self.state.facets_toggled,
            UiCommand::ShowInspector(_) => self.state.inspector_toggled = !self.state.inspector_toggled,
            UiCommand::ShowKeys(shown) => self.state.keys_shown = shown,
        }
    }

    pub(super) fn add(&mut self, inputs: Vec<Input>) {
        // Absolute: the next run may start in another folder.
        let path = |input: &Input| match input {
            Input::Path(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                Some(path.to_string_lossy().into_owned())
            }
            _ => None,
        };
        self.saved.note_opened(inputs.iter().filter_map(path).collect(), now().timestamp());
        #[cfg(any(test, feature = "gui-tests"))]
        self.added.extend(inputs.iter().cloned());
        self.engine.add(inputs);
    }

    pub(super) fn close(&mut self) {
        self.engine.clear();
        self.state.selection = Selection::default();
        self.state.list = List::Messages;
        self.raw_asked = None;
        if !self.state.query.text.is_empty() {
            self.set_query(String::new());
        }
    }

    /// Takes a new text; asks if it is a query, else marks the mistake and keeps the last answer.
    pub(super) fn set_query(&mut self, text: String) {
        match Query::parse(&text) {
            Ok(query) => {
                self.state.query.error = None;
                #[cfg(any(test, feature = "gui-tests"))]
                if let Some(fixture) = &mut self.fixture {
                    fixture.ask(&query, self.include_transient);
                }
                self.engine.ask(query, self.include_transient);
            }
            Err(error) => self.state.query.error = Some(error),
        }
        self.state.query.text = text;
    }

    /// What the field says; while there is a mistake in it, what was asked last.
    pub(super) fn last_good_query(&self) -> Query {
        Query::parse(&self.state.query.text).or_else(|_| Query::parse(&self.view.query)).unwrap_or_default()
    }

    pub(super) fn step_pattern(&mut self, by: isize) {
        let order = &self.summary.order;
        let at = self.selected().and_then(|(at, _)| order.iter().position(|o| *o as usize == at));
        let next = step(at, by, order.len()).and_then(|next| self.view.patterns.get(order[next] as usize));
        if let Some(next) = next {
            let pattern = Some(next.pattern.id.clone());
            self.state.selection = Selection { pattern, scroll: true, ..Selection::default() };
        }
    }

    pub(super) fn step_message(&mut self, by: isize) {
        let rows = self.selected().map_or(&self.view.rows, |(_, p)| &p.rows);
        let selection = &self.state.selection;
        let at = selection.message.and_then(|idx| rows.iter().position(|row| *row == idx));
        if let Some(next) = step(at, by, rows.len()).map(|next| rows[next]) {
            self.state.selection.choose(next);
            self.state.selection.scroll = true;
        }
    }

    /// Shows a line of the selected message: among its lines, or by itself if it stands in another source.
    pub(super) fn show_line(&mut self, ctx: &egui::Context, origin: Origin) {
        let deciding = self.frame_ctx(ctx).message().map(|(_, rejection)| rejection.evidence.origins[0]);
        if deciding.is_some_and(|deciding| deciding.source != origin.source) {
            self.show_place(ctx, Some(Place { origin, why: Why::Evidence }));
            return;
        }
        self.state.tab = Tab::Raw;
        self.state.selection.line = Some(origin.line);
        self.state.selection.line_wanted = true;
    }

    /// Shows a place, and the inspector with it.
    pub(super) fn show_place(&mut self, ctx: &egui::Context, place: Option<Place>) {
        let drawer = ctx.content_rect().width() < self.theme().sizes.drawer_below;
        let hidden = drawer != self.state.inspector_toggled;
        if place.is_some() && hidden {
            self.state.inspector_toggled = drawer;
        }
        self.state.selection.place = place;
    }

    /// Writes the note about the selected pattern; without one, about the selected message.
    pub(super) fn copy_note(&mut self, ctx: &egui::Context, reader: Reader) {
        let format = if self.saved.markdown { NoteFormat::Markdown } else { NoteFormat::Plain };
        let options = NoteOptions { reader, format, redact: self.saved.redact };
        let (snapshot, knowledge) = (self.snapshot.clone(), self.knowledge.clone());
        let pattern = self.selected().map(|(_, row)| row).cloned();
        let message = self.state.selection.message;
        let n_rows = pattern.as_ref().map_or(0, |p| p.rows.len());
        let write = move || match (&pattern, message) {
            (Some(row), _) => note_for_pattern(&snapshot, &knowledge, row, &options),
            (None, Some(idx)) => note_for_message(&snapshot, &knowledge, idx, &options),
            (None, None) => String::new(),
        };
        if n_rows <= NOTE_AT_ONCE {
            self.put_note(ctx, reader, write());
            return;
        }
        let (ctx, put) = (ctx.clone(), self.notes.0.clone());
        let spawned = std::thread::Builder::new().name("note".to_owned()).spawn(move || {
            if put.send((reader, write())).is_ok() {
                ctx.request_repaint();
            }
        });
        if let Err(error) = spawned {
            eprintln!("fivefifty: no thread for the note: {error}");
        }
    }

    pub(super) fn put_note(&mut self, ctx: &egui::Context, reader: Reader, text: String) {
        if text.is_empty() {
            return;
        }
        ctx.copy_text(text);
        let how = if self.saved.redact { ", redacted" } else { "" };
        self.toast(ctx, format!("Note for {} copied{how}", reader.label()));
    }

    pub(super) fn toast(&mut self, ctx: &egui::Context, text: String) {
        let until = ctx.input(|i| i.time) + TOAST_SECONDS;
        self.state.toast = Some(Toast { text, until });
    }
}

/// The place `by` further in a list of `len`; the first or last if there was none.
fn step(at: Option<usize>, by: isize, len: usize) -> Option<usize> {
    let last = len.checked_sub(1)?;
    Some(match at {
        Some(at) => at.saturating_add_signed(by).min(last),
        None if by > 0 => 0,
        None => last,
    })
}

/// The last word may become the name of a field: `code:550 dom`.
fn ends_in_field_name(text: &str) -> bool {
    let Some(last) = terms(text).pop().filter(|last| text.ends_with(last)) else { return false };
    let last = last.trim_start_matches('-').to_ascii_lowercase();
    !last.is_empty() && crate::query::fields::FIELDS.iter().any(|field| field.name.starts_with(&last))
}

fn expand_home(path: &str) -> std::path::PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => std::path::Path::new(&home).join(rest),
        _ => path.into(),
    }
}
