//! The application: takes the newest answer each frame, lets the panels draw ([`layout`]), then runs what they asked
//! for ([`commands`]) and what keys ask for ([`shortcuts`]).

mod commands;
mod layout;
mod shortcuts;

use super::command::{Commands, UiCommand};
use super::dialogs::Dialogs;
use super::frame_ctx::{FrameCtx, Summary};
use super::scopes::Scopes;
use super::state::{Hover, Saved, State, Tab};
use super::theme::Theme;
use super::{theme, words};
use crate::classify::Knowledge;
use crate::engine::{Engine, Input, RawLines, RawOf};
use crate::model::{ReadState, Snapshot, Timestamp};
use crate::notes::Reader;
use crate::query::{PatternRow, View, most_needed};
use crossbeam_channel::{Receiver, Sender, bounded};
use eframe::egui;
use std::sync::Arc;

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

    /// Asks for what a click would ask for; done with the next frame.
    #[doc(hidden)]
    pub fn ask_for(&mut self, command: UiCommand) {
        self.commands.push(command);
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

    /// The engine's newest answer, which the next frame shows.
    #[doc(hidden)]
    pub fn newest_view(&self) -> Arc<View> {
        self.engine.view()
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

fn now() -> Timestamp {
    chrono::Utc::now()
}
