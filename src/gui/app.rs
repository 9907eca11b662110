//! The application: takes the newest answer each frame, lets the panels draw, then runs what they asked for.

use super::command::{Commands, UiCommand};
use super::dialogs::Dialogs;
use super::frame_ctx::{FrameCtx, Summary};
use super::panels::{
    facets, headline, inspector, keys, messages, overlay, patterns, start, status_bar, top_bar,
};
use super::scopes::Scopes;
use super::state::{Hover, List, Place, Saved, Selection, State, Tab, Toast, Why, terms};
use super::theme::{self, Theme};
use super::{samples, words};
use crate::classify::Knowledge;
use crate::engine::{Engine, Input, RawLines, RawOf};
use crate::model::{Origin, ReadState, Snapshot, Timestamp};
use crate::notes::{NoteFormat, NoteOptions, Reader, Redactor, note_for_message, note_for_pattern};
use crate::query::{PatternRow, Query, View, most_needed};
use crossbeam_channel::{Receiver, Sender, bounded};
use eframe::egui;
use egui::{Frame, Key, Modifiers, Panel};
use std::sync::Arc;

/// How long a toast stays, in seconds.
const TOAST_SECONDS: f64 = 3.5;
/// Notes about more refusals than this are written on a thread.
const NOTE_AT_ONCE: usize = 5_000;
/// The key under which eframe keeps what is remembered.
const SAVED: &str = "fivefifty";

/// A note and for whom it is.
type Note = (Reader, String);

/// The window's application.
pub struct App {
    engine: Engine,
    knowledge: Arc<Knowledge>,
    snapshot: Arc<Snapshot>,
    view: Arc<View>,
    summary: Summary,
    /// Where the selected pattern was last found in the view.
    selected_at: usize,
    raw: Option<Arc<RawLines>>,
    raw_asked: Option<RawOf>,
    state: State,
    saved: Saved,
    dialogs: Dialogs,
    commands: Commands,
    scopes: Scopes,
    /// Notes that were written on a thread.
    notes: (Sender<Note>, Receiver<Note>),
    include_transient: bool,
    /// A paste was asked for by a button: the next pasted text is evidence wherever the keyboard is.
    paste_wanted: bool,
    title: String,
    /// The theme that egui was set to.
    applied_dark: Option<bool>,
    /// Data of a test or a picture in place of the engine's.
    #[cfg(any(test, feature = "gui-tests"))]
    fixture: Option<super::fixture::Fixture>,
    #[cfg(any(test, feature = "gui-tests"))]
    added: Vec<Input>,
}

impl App {
    /// An application over a running engine.
    pub fn new(ctx: &egui::Context, engine: Engine, saved: Saved) -> Self {
        theme::install_fonts(ctx);
        ctx.add_font_provider(Arc::new(super::fonts::InstalledFonts::start(ctx)));
        ctx.options_mut(|options| options.zoom_with_keyboard = true);
        Self {
            knowledge: engine.knowledge().clone(),
            engine,
            snapshot: Arc::default(),
            view: Arc::default(),
            summary: Summary::default(),
            selected_at: 0,
            raw: None,
            raw_asked: None,
            state: State::default(),
            saved,
            dialogs: Dialogs::default(),
            commands: Commands::default(),
            scopes: Scopes::start(ctx),
            notes: bounded(4),
            include_transient: false,
            paste_wanted: false,
            title: String::new(),
            applied_dark: None,
            #[cfg(any(test, feature = "gui-tests"))]
            fixture: None,
            #[cfg(any(test, feature = "gui-tests"))]
            added: Vec::new(),
        }
    }

    /// Reads what the command line names.
    pub fn open(&mut self, inputs: Vec<Input>) {
        if !inputs.is_empty() {
            self.add(inputs);
        }
    }

    /// What is remembered between runs.
    pub fn saved_in(storage: Option<&dyn eframe::Storage>) -> Saved {
        storage.and_then(|s| eframe::get_value(s, SAVED)).unwrap_or_default()
    }

    /// An application that shows given data.
    #[cfg(any(test, feature = "gui-tests"))]
    pub fn with_fixture(ctx: &egui::Context, engine: Engine, fixture: super::fixture::Fixture) -> Self {
        let mut app = Self::new(ctx, engine, Saved::default());
        app.knowledge = fixture.knowledge.clone();
        app.fixture = Some(fixture);
        app
    }

    /// The query's text.
    pub fn query(&self) -> &str {
        &self.state.query.text
    }

    /// The selected pattern's id.
    pub fn selected_pattern(&self) -> Option<&str> {
        self.state.selection.pattern.as_deref()
    }

    /// The line of the Raw tab that was asked for.
    pub fn raw_line(&self) -> Option<u64> {
        self.state.selection.line
    }

    /// What tests look at and change.
    #[cfg(any(test, feature = "gui-tests"))]
    pub fn saved_mut(&mut self) -> &mut Saved {
        &mut self.saved
    }

    /// Everything that was given to the engine to read.
    #[cfg(any(test, feature = "gui-tests"))]
    pub fn added(&self) -> &[Input] {
        &self.added
    }

    /// The current answer.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// What was read.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn theme(&self) -> &'static Theme {
        Theme::get(self.saved.dark)
    }

    /// Takes the newest snapshot and answer. Never waits.
    fn load(&mut self) {
        let (snapshot, view, raw) = self.newest();
        self.raw = raw;
        let same = Arc::ptr_eq(&snapshot, &self.snapshot) && Arc::ptr_eq(&view, &self.view);
        if !same || self.summary.sort != self.saved.sort {
            (self.snapshot, self.view) = (snapshot, view);
            self.summary = Summary::new(&self.snapshot, &self.view, &self.knowledge, self.saved.sort);
        }
        let selected = self.selected().map(|(at, _)| at);
        self.selected_at = selected.unwrap_or_default();
    }

    fn newest(&self) -> (Arc<Snapshot>, Arc<View>, Option<Arc<RawLines>>) {
        #[cfg(any(test, feature = "gui-tests"))]
        if let Some(fixture) = &self.fixture {
            return (fixture.snapshot.clone(), fixture.view.clone(), fixture.raw.clone());
        }
        (self.engine.snapshot(), self.engine.view(), self.engine.raw())
    }

    /// The selected pattern and its place in the view. Looks where it was before it looks at all.
    fn selected(&self) -> Option<(usize, &PatternRow)> {
        let id = self.state.selection.pattern.as_deref()?;
        let patterns = &self.view.patterns;
        let is_it = |row: &PatternRow| &*row.pattern.id == id;
        let at = match patterns.get(self.selected_at).is_some_and(is_it) {
            true => self.selected_at,
            false => patterns.iter().position(is_it)?,
        };
        Some((at, &patterns[at]))
    }

    /// When reading has ended and nothing is selected, the pattern that needs somebody most is.
    fn select_first(&mut self) {
        let ended = matches!(self.snapshot.state, ReadState::Done | ReadState::Stopped);
        let current = self.view.generation == self.snapshot.generation;
        let selection = &mut self.state.selection;
        if ended
            && current
            && selection.pattern.is_none()
            && selection.message.is_none()
            && !selection.cleared
        {
            let first = most_needed(&self.view, &self.knowledge);
            selection.pattern = first.map(|at| self.view.patterns[at].pattern.id.clone());
            selection.scroll = true;
        }
    }

    fn set_title(&mut self, ctx: &egui::Context) {
        let title = match self.snapshot.state {
            ReadState::Empty => "fivefifty".to_owned(),
            ReadState::Reading => "Reading… · fivefifty".to_owned(),
            ReadState::Done | ReadState::Stopped if self.view.generation < self.snapshot.generation => return,
            ReadState::Done | ReadState::Stopped => {
                format!("{} refused · fivefifty", words::number(u64::from(self.view.n_refused_total)))
            }
        };
        if title != self.title {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    /// Files over the window, dropped files, pasted text.
    fn arrivals(&mut self, ctx: &egui::Context) {
        let (n_hovered, alt) = ctx.input(|i| (i.raw.hovered_files.len(), i.modifiers.alt));
        self.state.hover = (n_hovered > 0).then_some(Hover { n_files: n_hovered, replace: alt });
        let dropped = ctx.input(|i| i.raw.dropped_files.clone());
        let inputs: Vec<Input> = dropped.iter().map(|f| Input::Path(f.path().to_owned())).collect();
        if !inputs.is_empty() {
            self.commands.push(if alt { UiCommand::Replace(inputs) } else { UiCommand::Add(inputs) });
        }
        if let Some(paths) = self.dialogs.take() {
            self.commands.push(UiCommand::Add(paths.into_iter().map(Input::Path).collect()));
        }
        if self.paste_wanted || !ctx.text_edit_focused() {
            let mut pasted = Vec::new();
            ctx.input_mut(|i| {
                i.events.retain(|event| match event {
                    egui::Event::Paste(text) => {
                        pasted.push(text.clone());
                        false
                    }
                    _ => true,
                });
            });
            for text in pasted.into_iter().filter(|t| !t.trim().is_empty()) {
                self.paste_wanted = false;
                self.commands.push(UiCommand::Add(vec![Input::Pasted(text.into_bytes().into())]));
            }
        }
    }

    /// Keys that belong to no text field.
    fn keys(&mut self, ctx: &egui::Context) {
        let typing = ctx.text_edit_focused();
        let open = self.snapshot.state != ReadState::Empty;
        let popup = egui::Popup::is_any_open(ctx);
        let out = &mut self.commands;
        ctx.input_mut(|i| {
            if i.consume_key(Modifiers::COMMAND, Key::O) {
                out.push(UiCommand::OpenFiles);
            }
            if i.consume_key(Modifiers::COMMAND, Key::F) {
                out.push(UiCommand::FocusQuery);
            }
            if typing || popup {
                return;
            }
            // A letter arrives as a key and as text; the text must not reach a field that the key focuses.
            let slash = i.events.iter().any(|e| matches!(e, egui::Event::Text(t) if t == "/"));
            let question = i.events.iter().any(|e| matches!(e, egui::Event::Text(t) if t == "?"));
            if slash && open {
                i.events.retain(|e| !matches!(e, egui::Event::Text(t) if t == "/"));
                out.push(UiCommand::FocusQuery);
            }
            if question {
                out.push(UiCommand::ShowKeys(!self.state.keys_shown));
            }
            if i.consume_key(Modifiers::NONE, Key::Escape) {
                if self.state.keys_shown {
                    out.push(UiCommand::ShowKeys(false));
                } else if self.state.selection.place.is_some() {
                    out.push(UiCommand::ShowPlace(None));
                } else if self.state.selection.message.is_some() || self.state.selection.pattern.is_some() {
                    out.push(UiCommand::SelectPattern(None));
                }
            }
            if !open {
                return;
            }
            for (key, tab) in [Key::Num1, Key::Num2, Key::Num3, Key::Num4].into_iter().zip(Tab::ALL) {
                if i.consume_key(Modifiers::NONE, key) {
                    out.push(UiCommand::ShowTab(tab));
                }
            }
            for (key, command) in [
                (Key::N, UiCommand::StepPattern(1)),
                (Key::P, UiCommand::StepPattern(-1)),
                (Key::ArrowDown, UiCommand::StepMessage(1)),
                (Key::ArrowUp, UiCommand::StepMessage(-1)),
            ] {
                if i.consume_key(Modifiers::NONE, key) {
                    out.push(command);
                }
            }
            if i.consume_key(Modifiers::SHIFT, Key::C) {
                self.state.open_reader_menu = true;
            } else if i.consume_key(Modifiers::NONE, Key::C) {
                out.push(UiCommand::CopyNote(Reader::Team));
            }
        });
        // Enter on a focused control presses the control.
        let focused = ctx.memory(|m| m.focused().is_some());
        if open
            && !typing
            && !popup
            && !focused
            && ctx.input(|i| i.key_pressed(Key::Enter))
            && let Some(pattern) = &self.state.selection.pattern
        {
            self.commands.push(UiCommand::ToggleTerm(format!("pattern:{pattern}")));
        }
    }

    fn run(&mut self, ctx: &egui::Context, command: UiCommand) {
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
            UiCommand::Stop => self.engine.stop(),
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
                    redactor.learn(rejection);
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

    fn add(&mut self, inputs: Vec<Input>) {
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

    fn close(&mut self) {
        self.engine.clear();
        self.state.selection = Selection::default();
        self.state.list = List::Messages;
        self.raw_asked = None;
        if !self.state.query.text.is_empty() {
            self.set_query(String::new());
        }
    }

    /// Takes a new text; asks if it is a query, else marks the mistake and keeps the last answer.
    fn set_query(&mut self, text: String) {
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
    fn last_good_query(&self) -> Query {
        Query::parse(&self.state.query.text).or_else(|_| Query::parse(&self.view.query)).unwrap_or_default()
    }

    fn step_pattern(&mut self, by: isize) {
        let order = &self.summary.order;
        let at = self.selected().and_then(|(at, _)| order.iter().position(|o| *o as usize == at));
        let next = step(at, by, order.len()).and_then(|next| self.view.patterns.get(order[next] as usize));
        if let Some(next) = next {
            let pattern = Some(next.pattern.id.clone());
            self.state.selection = Selection { pattern, scroll: true, ..Selection::default() };
        }
    }

    fn step_message(&mut self, by: isize) {
        let rows = self.selected().map_or(&self.view.rows, |(_, p)| &p.rows);
        let selection = &self.state.selection;
        let at = selection.message.and_then(|idx| rows.iter().position(|row| *row == idx));
        if let Some(next) = step(at, by, rows.len()).map(|next| rows[next]) {
            self.state.selection.choose(next);
            self.state.selection.scroll = true;
        }
    }

    /// Shows a line of the selected message: among its lines, or by itself if it stands in another source.
    fn show_line(&mut self, ctx: &egui::Context, origin: Origin) {
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
    fn show_place(&mut self, ctx: &egui::Context, place: Option<Place>) {
        let drawer = ctx.content_rect().width() < self.theme().sizes.drawer_below;
        let hidden = drawer != self.state.inspector_toggled;
        if place.is_some() && hidden {
            self.state.inspector_toggled = drawer;
        }
        self.state.selection.place = place;
    }

    /// Writes the note about the selected pattern; without one, about the selected message.
    fn copy_note(&mut self, ctx: &egui::Context, reader: Reader) {
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

    fn put_note(&mut self, ctx: &egui::Context, reader: Reader, text: String) {
        if text.is_empty() {
            return;
        }
        ctx.copy_text(text);
        let how = if self.saved.redact { ", redacted" } else { "" };
        self.toast(ctx, format!("Note for {} copied{how}", reader.label()));
    }

    fn toast(&mut self, ctx: &egui::Context, text: String) {
        let until = ctx.input(|i| i.time) + TOAST_SECONDS;
        self.state.toast = Some(Toast { text, until });
    }

    fn frame_ctx(&self, ctx: &egui::Context) -> FrameCtx<'_> {
        FrameCtx {
            snapshot: &self.snapshot,
            view: &self.view,
            knowledge: &self.knowledge,
            theme: self.theme(),
            summary: &self.summary,
            selection: &self.state.selection,
            selected: self.selected().map(|(_, row)| row),
            raw: self.raw.as_ref(),
            scope: self.scopes.sentence(&self.view, self.state.selection.pattern.as_deref()),
            redact: self.saved.redact,
            now: self.now(),
            width: ctx.content_rect().width(),
        }
    }

    fn now(&self) -> Timestamp {
        #[cfg(any(test, feature = "gui-tests"))]
        if let Some(fixture) = &self.fixture {
            return fixture.now;
        }
        now()
    }

    /// Draws everything once.
    pub fn draw(&mut self, ui: &mut egui::Ui) {
        let ctx = ui.ctx().clone();
        let mut out = std::mem::take(&mut self.commands);
        // Panels get the frame's context and their own state at the same time.
        let mut query = std::mem::take(&mut self.state.query);
        let mut typed_path = std::mem::take(&mut self.state.typed_path);
        let frame = self.frame_ctx(&ctx);
        let theme = frame.theme;
        let sizes = &theme.sizes;
        let fill = |color| Frame::new().fill(color);
        let open = frame.snapshot.state != ReadState::Empty;
        let wide = frame.width >= sizes.fold_facets_below;
        let drawer = frame.width < sizes.drawer_below;
        // Without any refusal there is nothing to filter and nothing to inspect.
        let ended = frame.snapshot.state != ReadState::Reading;
        let nothing = ended && frame.view.n_patterns_total == 0 && frame.view.patterns.is_empty();
        let facets_shown = open && !nothing && wide != self.state.facets_toggled;
        let inspectable = !nothing || self.state.selection.place.is_some();
        let inspector_shown = open && inspectable && drawer == self.state.inspector_toggled;

        Panel::top("top bar")
            .exact_size(sizes.top_bar)
            .show_separator_line(false)
            .frame(fill(theme.colors.panel))
            .show(ui, |ui| {
                let toggles = open && !nothing;
                let shown = top_bar::Shown { facets: facets_shown, inspector: inspector_shown, toggles };
                top_bar::top_bar_ui(ui, &frame, &mut query, &shown, &mut out);
            });
        // Panels get their place from the edges inwards, but are drawn in reading order, which is Tab's.
        let status_bar = Panel::bottom("status bar").exact_size(sizes.status_bar).show_separator_line(false);
        let status_bar = reserve(ui, status_bar.frame(fill(theme.colors.panel)));
        if open {
            Panel::top("headline")
                .exact_size(sizes.headline)
                .show_separator_line(false)
                .frame(fill(theme.colors.panel))
                .show(ui, |ui| headline::headline_ui(ui, &frame));
            if facets_shown {
                Panel::left("facets")
                    .default_size(sizes.facets_width)
                    .size_range(160.0..=360.0)
                    .frame(fill(theme.colors.panel))
                    .show(ui, |ui| facets::facets_ui(ui, &frame, &mut out));
            }
            let inspector = (inspector_shown && !drawer).then(|| {
                let panel = Panel::right("inspector")
                    .default_size(sizes.inspector_width)
                    .size_range(300.0..=(frame.width - sizes.lists_width).max(300.0));
                reserve(ui, panel.frame(fill(theme.colors.panel)))
            });
            egui::CentralPanel::default().frame(fill(theme.colors.background)).show(ui, |ui| {
                lists_ui(ui, &frame, self.state.list, &mut out);
            });
            if let Some(place) = inspector {
                fill_ui(ui, "inspector", place, |ui| {
                    inspector::inspector_ui(ui, &frame, &self.state, self.saved.markdown, &mut out);
                });
            }
            if inspector_shown && drawer {
                drawer_ui(&ctx, &frame, &self.state, self.saved.markdown, &mut out);
            }
        } else {
            egui::CentralPanel::default().frame(fill(theme.colors.background)).show(ui, |ui| {
                start::start_ui(ui, &frame, &self.saved.recent, &mut typed_path, &mut out);
            });
        }
        fill_ui(ui, "status bar", status_bar, |ui| status_bar::status_bar_ui(ui, &frame, &mut out));
        if self.state.keys_shown && !keys::keys_ui(&ctx, theme) {
            out.push(UiCommand::ShowKeys(false));
        }
        if let Some(toast) = &self.state.toast {
            overlay::toast_ui(&ctx, theme, toast);
        }
        if let Some(hover) = self.state.hover {
            overlay::drop_overlay(&ctx, theme, hover, open);
        }

        self.state.query = query;
        self.state.typed_path = typed_path;
        self.state.selection.scroll = false;
        self.state.open_reader_menu = false;
        let commands = out.take();
        if !commands.is_empty() {
            // What a command changed shows in the next frame.
            ctx.request_repaint();
        }
        for command in commands {
            self.run(&ctx, command);
        }
    }
}

/// Patterns above, messages below; or what there is instead.
fn lists_ui(ui: &mut egui::Ui, frame: &FrameCtx<'_>, list: List, out: &mut Commands) {
    let theme = frame.theme;
    if frame.view.patterns.is_empty() && list == List::Messages {
        super::panels::lists::empty_ui(ui, frame, out);
        return;
    }
    let height = ui.available_height();
    let panel = Panel::bottom("messages")
        .resizable(true)
        .default_size((height * 0.52).min(theme.sizes.messages_height.max(height * 0.45)))
        .size_range(120.0..=(height - 120.0).max(121.0));
    let below = reserve(ui, panel.frame(Frame::new().fill(theme.colors.background)));
    let mut bar = |shown: bool, name: &'static str, color| {
        let panel = Panel::bottom(name).exact_size(28.0).show_separator_line(false);
        shown.then(|| reserve(ui, panel.frame(Frame::new().fill(color))))
    };
    let stopped = bar(frame.snapshot.state == ReadState::Stopped, "stopped", theme.colors.warning_surface);
    let problem = bar(!frame.snapshot.problems.is_empty(), "problem", theme.colors.panel);
    egui::CentralPanel::default()
        .frame(Frame::new().fill(theme.colors.background))
        .show(ui, |ui| patterns::patterns_ui(ui, frame, out));
    if let Some(place) = problem {
        fill_ui(ui, "problem", place, |ui| messages::problem_bar_ui(ui, frame, out));
    }
    if let Some(place) = stopped {
        fill_ui(ui, "stopped", place, |ui| messages::stopped_bar_ui(ui, frame));
    }
    fill_ui(ui, "messages", below, |ui| messages::lower_list_ui(ui, frame, list, out));
}

/// Takes a panel's place, with its background and its edge that can be dragged. [`fill_ui`] draws into it.
fn reserve(ui: &mut egui::Ui, panel: Panel) -> egui::Rect {
    let take_all = |ui: &mut egui::Ui| {
        let place = ui.max_rect();
        ui.expand_to_include_rect(place);
        place
    };
    panel.show(ui, take_all).inner
}

/// Draws into a place that was taken before.
fn fill_ui(ui: &mut egui::Ui, name: &str, place: egui::Rect, add: impl FnOnce(&mut egui::Ui)) {
    let layout = egui::Layout::top_down(egui::Align::Min);
    let mut inner =
        ui.new_child(egui::UiBuilder::new().id_salt(("filled", name)).max_rect(place).layout(layout));
    inner.set_clip_rect(place.intersect(ui.clip_rect()));
    add(&mut inner);
}

/// The inspector over the lists, from the right: in windows too narrow for both.
fn drawer_ui(ctx: &egui::Context, frame: &FrameCtx<'_>, state: &State, markdown: bool, out: &mut Commands) {
    let sizes = &frame.theme.sizes;
    let all = ctx.content_rect();
    let top = all.top() + sizes.top_bar + sizes.headline;
    let width = sizes.inspector_width.min(all.width() - 60.0);
    let rect = egui::Rect::from_min_max(
        egui::pos2(all.right() - width, top),
        egui::pos2(all.right(), all.bottom() - sizes.status_bar),
    );
    egui::Area::new(egui::Id::unique("drawer")).order(egui::Order::Middle).fixed_pos(rect.min).show(
        ctx,
        |ui| {
            ui.set_min_size(rect.size());
            ui.set_max_size(rect.size());
            ui.painter().rect_filled(rect, 0, frame.theme.colors.panel);
            ui.painter().vline(rect.left(), rect.y_range(), frame.theme.line());
            let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(rect));
            ui.set_clip_rect(rect);
            inspector::inspector_ui(&mut ui, frame, state, markdown, out);
        },
    );
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.load();
        while let Ok((reader, text)) = self.notes.1.try_recv() {
            self.put_note(ctx, reader, text);
        }
        self.select_first();
        self.set_title(ctx);
        if self.applied_dark != Some(self.saved.dark) {
            self.theme().apply(ctx);
            self.applied_dark = Some(self.saved.dark);
        }
        if let Some(row) = self.selected().map(|(at, _)| at) {
            self.scopes.want(&self.snapshot, &self.view, row);
        }
        let shown =
            self.state.selection.place.is_some() || matches!(self.state.tab, Tab::Raw | Tab::Evidence);
        let wanted = if shown { self.frame_ctx(ctx).raw_of() } else { None };
        if let Some(of) = wanted.filter(|of| self.raw_asked != Some(*of)) {
            #[cfg(any(test, feature = "gui-tests"))]
            if let Some(fixture) = &mut self.fixture {
                fixture.want_raw(of);
                ctx.request_repaint();
            }
            self.engine.want_raw(of);
            self.raw_asked = Some(of);
        }
        let time = ctx.input(|i| i.time);
        if let Some(toast) = &self.state.toast {
            let left = toast.until - time;
            if left <= 0.0 {
                self.state.toast = None;
            } else {
                ctx.request_repaint_after_secs(left as f32);
            }
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        self.arrivals(&ctx);
        self.keys(&ctx);
        self.draw(ui);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, SAVED, &self.saved);
    }

    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        self.theme().colors.background.to_normalized_gamma_f32()
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

fn now() -> Timestamp {
    chrono::Utc::now()
}
