//! What is done to the window, step by step, and what is measured meanwhile.

use crate::input;
use crate::process;
use crate::table::{Frames, Table, ms, rank};
use eframe::egui;
use egui::{Context, Key, Modifiers, RawInput, Ui};
use fivefifty::classify::Knowledge;
use fivefifty::gui::{App, command::UiCommand};
use fivefifty::model::ReadState;
use fivefifty::notes::{NoteFormat, NoteOptions, Reader, note_for_pattern};
use fivefifty::query::{Alone, Index, Query, answer_with};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How often each question is asked; the median counts.
const TIMES_ASKED: usize = 5;
/// Between two questions: as fast as somebody types.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(100);
const IDLE: Duration = Duration::from_secs(3);
/// Frames of each kind of scrolling.
const FRAMES: usize = 240;

const FIELD_GOAL: &str = "30 ms";
const TEXT_GOAL: &str = "100 ms";

/// Questions, each with its goal.
const QUESTIONS: [(&str, &str); 14] = [
    ("", FIELD_GOAL),
    ("code:550", FIELD_GOAL),
    ("esc:5.7.*", FIELD_GOAL),
    ("stage:rcpt_to", FIELD_GOAL),
    ("who:recipient_admin", FIELD_GOAL),
    ("domain:customer7.example", FIELD_GOAL),
    ("sender:news7@shop7.example", FIELD_GOAL),
    ("to:user77@", FIELD_GOAL),
    ("to:ser4711@cust", FIELD_GOAL),
    ("mta:customer7", FIELD_GOAL),
    ("queue:4BBBBBBBBBBBz1", FIELD_GOAL),
    ("overquota", TEXT_GOAL),
    ("\"user unknown\"", TEXT_GOAL),
    ("kabote", TEXT_GOAL),
];

/// Places in the window, in parts of its width and height.
const FACETS: (f32, f32) = (0.06, 0.6);
const PATTERNS: (f32, f32) = (0.4, 0.3);
const MESSAGES: (f32, f32) = (0.4, 0.8);

/// One thing that is done.
enum Step {
    /// The window is left alone for a while.
    Wait(Duration),
    /// The log is dropped, read and answered.
    Drop,
    /// Nothing is done: nothing may cost anything. A thread looks.
    Idle,
    /// Another order of the patterns, or whatever else is asked for by a click.
    Click(UiCommand),
    /// A key that is pressed once.
    Press(Key, Modifiers),
    /// The keyboard goes from the field to the lists.
    LeaveField,
    /// A text is typed into the filter; the answer shows.
    Ask(&'static str),
    /// A text is typed; no frame is drawn until the answer is there. Software OpenGL would take the processors from it.
    AskEngine(&'static str),
    /// The wheel is turned over a place by so many points a frame.
    Scroll(&'static str, (f32, f32), f32),
    /// A key is pressed in each third frame.
    Repeat(&'static str, Key),
    /// The note about the largest pattern.
    Note,
    /// Stop, while the log is read once more.
    Stop,
}

/// Opens the window on `log`, which holds `expected` refusals, and prints the table.
pub fn run(log: &Path, expected: u64) -> ExitCode {
    let knowledge = Arc::new(Knowledge::builtin().expect("the rules are good"));
    let (log, known) = (log.to_owned(), Arc::clone(&knowledge));
    match fivefifty::gui::run_within(knowledge, Some(2026), Vec::new(), move |app| {
        Driver::new(app, known, log, expected)
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn steps() -> VecDeque<Step> {
    let mut steps = vec![Step::Wait(Duration::from_secs(1)), Step::Drop, Step::Wait(Duration::from_secs(2))];
    steps.extend([Step::Idle, Step::Press(Key::F, Modifiers::COMMAND), Step::Wait(BETWEEN_QUESTIONS)]);
    for (question, _) in QUESTIONS {
        let other = if question.is_empty() { "code:550" } else { "" };
        for _ in 0..TIMES_ASKED {
            for ask in [Step::Ask(question), Step::AskEngine(question)] {
                steps.extend([Step::Ask(other), Step::Wait(BETWEEN_QUESTIONS)]);
                steps.extend([ask, Step::Wait(BETWEEN_QUESTIONS)]);
            }
        }
    }
    steps.extend([Step::Ask(""), Step::LeaveField, Step::Click(UiCommand::SelectPattern(None))]);
    steps.push(Step::Wait(Duration::from_millis(500)));
    for (what, place) in [("messages", MESSAGES), ("patterns", PATTERNS), ("facets", FACETS)] {
        steps.push(Step::Scroll(what, place, 60.0));
        // From end to end within a second or so.
        steps.push(Step::Scroll(what, place, 1e7 / FRAMES as f32));
    }
    steps.extend([Step::Repeat("next pattern", Key::N), Step::Repeat("next message", Key::ArrowDown)]);
    steps.extend([Step::Note, Step::Wait(Duration::from_millis(500)), Step::Stop]);
    steps.into()
}

struct Driver {
    app: App,
    knowledge: Arc<Knowledge>,
    log: PathBuf,
    expected: u64,
    steps: VecDeque<Step>,
    /// When the step that is under way began.
    began: Option<Instant>,
    frames: Frames,
    last_frame: Instant,
    table: Table,
    answers: BTreeMap<&'static str, Vec<f32>>,
    /// The answers as the engine gives them, while the window waits.
    engine: BTreeMap<&'static str, Vec<f32>>,
    /// The answers without the engine.
    alone: BTreeMap<&'static str, f32>,
    /// Processor time and frames while nothing was done.
    idle: Arc<OnceLock<(Duration, u64)>>,
    reading: Reading,
    waker_running: bool,
    /// When Stop was asked for.
    stopped: Option<Instant>,
}

/// Sees what the process does while nobody does anything to it. The frames of the last step are over before it looks.
fn watch_idleness(ctx: &Context) -> Arc<OnceLock<(Duration, u64)>> {
    let seen = Arc::new(OnceLock::new());
    let (tell, ctx) = (Arc::clone(&seen), ctx.clone());
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        let frames = ctx.cumulative_frame_nr();
        let before = process::processor_time();
        std::thread::sleep(IDLE);
        let used = process::used(&before, &process::processor_time(), |_| true);
        let _ = tell.set((used, ctx.cumulative_frame_nr() - frames));
        ctx.request_repaint();
    });
    seen
}

/// What was seen while the log was read.
#[derive(Default)]
struct Reading {
    memory_before: u64,
    time_before: BTreeMap<String, Duration>,
    first_patterns: Option<Duration>,
    n_views: u64,
    n_snapshots: u64,
    generations: (u64, u64),
    last_view: Option<Instant>,
    longest_without_view: Duration,
}

impl Driver {
    fn new(app: App, knowledge: Arc<Knowledge>, log: PathBuf, expected: u64) -> Self {
        Self {
            app,
            knowledge,
            log,
            expected,
            steps: steps(),
            began: None,
            frames: Frames::default(),
            last_frame: Instant::now(),
            table: Table::default(),
            answers: BTreeMap::new(),
            engine: BTreeMap::new(),
            alone: BTreeMap::new(),
            idle: Arc::default(),
            reading: Reading::default(),
            waker_running: false,
            stopped: None,
        }
    }

    /// Gives the window the step's input.
    fn act(&mut self, ctx: &Context, raw: &mut RawInput) {
        let begins = self.began.is_none();
        if begins {
            self.began = Some(Instant::now());
            self.frames = Frames::default();
        }
        let size = ctx.content_rect().size();
        match self.steps.front() {
            Some(Step::Drop) if begins => {
                self.reading = Reading {
                    memory_before: process::memory(),
                    time_before: process::processor_time(),
                    ..Reading::default()
                };
                input::drop_file(raw, &self.log);
            }
            Some(Step::Stop) if begins => input::drop_file(raw, &self.log),
            Some(Step::Idle) if begins => self.idle = watch_idleness(ctx),
            Some(Step::Press(key, modifiers)) if begins => input::press(raw, *key, *modifiers),
            Some(Step::LeaveField) if begins => ctx.memory_mut(|memory| memory.stop_text_input()),
            Some(Step::Ask(text) | Step::AskEngine(text)) if begins => input::type_anew(raw, text),
            Some(Step::Click(command)) if begins => self.app.ask_for(command.clone()),
            Some(Step::Scroll(_, (x, y), points)) => {
                input::scroll(raw, egui::pos2(size.x * x, size.y * y), *points);
            }
            Some(Step::Repeat(_, key)) if self.frames.work.len().is_multiple_of(3) => {
                input::press(raw, *key, Modifiers::NONE);
            }
            _ => {}
        }
    }

    /// Looks at what the frame shows. True if the step is done.
    fn look(&mut self, ctx: &Context) -> bool {
        let Some(since) = self.began.map(|began| began.elapsed()) else { return false };
        let (view, snapshot) = (self.app.view(), self.app.snapshot());
        match self.steps.front() {
            None => false,
            Some(Step::Wait(time)) => self.wait(ctx, since, *time),
            Some(Step::Click(_) | Step::Press(..) | Step::LeaveField) => true,
            Some(Step::Drop) => {
                let reading = &mut self.reading;
                let seen = (snapshot.generation, view.generation);
                reading.n_snapshots += u64::from(seen.0 != reading.generations.0);
                if seen.1 != reading.generations.1 {
                    reading.n_views += 1;
                    let before = reading.last_view.replace(Instant::now());
                    let without = before.map_or(Duration::ZERO, |before| before.elapsed());
                    reading.longest_without_view = reading.longest_without_view.max(without);
                }
                reading.generations = seen;
                if !view.patterns.is_empty() {
                    reading.first_patterns.get_or_insert(since);
                }
                let done = snapshot.state == ReadState::Done && seen.0 == seen.1;
                if done {
                    assert_eq!(snapshot.len() as u64, self.expected, "the count must be exact");
                    self.tell_reading(since);
                }
                done
            }
            Some(Step::Idle) => {
                let seen = self.idle.get().copied();
                if let Some((used, frames)) = seen {
                    self.tell_idle(used, frames);
                }
                seen.is_some()
            }
            Some(Step::Ask(text)) => {
                let done = view.query == *text && view.generation == snapshot.generation;
                if done {
                    self.answers.entry(text).or_default().push(ms(since));
                }
                done
            }
            Some(Step::AskEngine(text)) => {
                // The question was asked when the frame that took the key was laid out: just now.
                let asked = Instant::now();
                while self.app.newest_view().query != *text && asked.elapsed() < Duration::from_secs(5) {
                    std::thread::sleep(Duration::from_micros(100));
                }
                self.engine.entry(text).or_default().push(ms(asked.elapsed()));
                true
            }
            Some(Step::Scroll(what, _, points)) => {
                ctx.request_repaint();
                let done = self.frames.work.len() >= FRAMES;
                if done {
                    let how = if *points > 1000.0 { "end to end" } else { "by the wheel" };
                    self.table.add_frames(&format!("{what} {how}"), &self.frames, "p99 8 ms");
                }
                done
            }
            Some(Step::Repeat(what, _)) => {
                ctx.request_repaint();
                let done = self.frames.work.len() >= FRAMES;
                if done {
                    self.table.add_frames(what, &self.frames, "p99 8 ms");
                }
                done
            }
            Some(Step::Note) => {
                self.tell_note();
                self.tell_answers();
                true
            }
            Some(Step::Stop) => self.look_for_stop(ctx),
        }
    }

    /// Whether `time` is over; if not, a thread sees to it that somebody looks again. The window itself must not ask
    /// for frames: that would be work while it is idle.
    fn wait(&mut self, ctx: &Context, since: Duration, time: Duration) -> bool {
        if since >= time {
            self.waker_running = false;
            return true;
        }
        if !std::mem::replace(&mut self.waker_running, true) {
            let ctx = ctx.clone();
            std::thread::spawn(move || {
                std::thread::sleep(time - since + Duration::from_millis(1));
                ctx.request_repaint();
            });
        }
        false
    }

    fn tell_reading(&mut self, since: Duration) {
        let reading = &self.reading;
        let bytes = self.log.metadata().map_or(0, |meta| meta.len()) as f64;
        let after = process::processor_time();
        let used = |name: &str| {
            let time = process::used(&reading.time_before, &after, |thread| thread.starts_with(name));
            format!("{:.2} s", time.as_secs_f32())
        };
        let seconds = since.as_secs_f64();
        let table = &mut self.table;
        table.add("refusals", self.expected.to_string(), "1,000,000");
        table.add("patterns", self.app.view().patterns.len().to_string(), "10,000 or so");
        let first = reading.first_patterns.map_or(0.0, ms);
        table.add("drop to first patterns", format!("{first:.0} ms"), "300 ms");
        table.add("drop to all", format!("{seconds:.1} s ({:.0} MB/s)", bytes / 1e6 / seconds), "");
        let apart = ms(since) / reading.n_snapshots.max(1) as f32;
        table.add("from snapshot to snapshot", format!("{apart:.0} ms"), "100 ms or more");
        let (apart, longest) = (ms(since) / reading.n_views.max(1) as f32, ms(reading.longest_without_view));
        table.add(
            "from answer to answer while reading",
            format!("{apart:.0} ms, longest {longest:.0} ms"),
            "",
        );
        table.add("processor time of the readers", used("reader"), "");
        table.add("… of the thread that publishes", used("case"), "");
        table.add("… of the answers while reading", used("answers"), "");
        table.add_frames("while reading", &self.frames, "p99 8 ms");
    }

    fn tell_idle(&mut self, used: Duration, frames: u64) {
        let grown = process::memory().saturating_sub(self.reading.memory_before);
        let snapshot = self.app.snapshot();
        let evidence: usize = snapshot.chunks.iter().map(|chunk| chunk.bytes()).sum();
        let each = |bytes: u64| format!("{} bytes", bytes / self.expected.max(1));
        self.table.add("memory a refusal", each(grown), "500 bytes");
        self.table.add("… of which evidence", each(evidence as u64), "");
        let figure = format!("{:.1} ms, {frames} frames", ms(used));
        self.table.add("processor time in 3 s without input", figure, "0");
    }

    /// The answers alone, without the window, each on one processor.
    fn tell_answers(&mut self) {
        let mut index = Index::default();
        for (question, _) in QUESTIONS {
            let query = Query::parse(question).expect("a query");
            let mut times = Vec::new();
            for _ in 0..TIMES_ASKED {
                let began = Instant::now();
                let snapshot = self.app.snapshot();
                answer_with(&mut index, &Alone, &self.knowledge, snapshot, &query, false, &|| false);
                times.push(ms(began.elapsed()));
            }
            self.alone.insert(question, rank(&times, 0.5));
        }
    }

    fn tell_note(&mut self) {
        let view = self.app.view();
        let Some(row) = view.patterns.iter().max_by_key(|row| row.rows.len()) else { return };
        let options = NoteOptions { reader: Reader::Team, format: NoteFormat::Plain, redact: true };
        let began = Instant::now();
        let note = note_for_pattern(self.app.snapshot(), &self.knowledge, row, &options);
        let time = began.elapsed();
        assert!(!note.is_empty());
        self.table.add(format!("note about {} refusals", row.rows.len()), format!("{:.0} ms", ms(time)), "");
    }

    /// Lets the second reading go on for a third of the log, then stops it.
    fn look_for_stop(&mut self, ctx: &Context) -> bool {
        let snapshot = self.app.snapshot();
        match self.stopped {
            None => {
                let progress = &snapshot.progress;
                let reading = snapshot.state == ReadState::Reading && progress.bytes_total > 0;
                if reading && progress.bytes_read > progress.bytes_total / 3 {
                    self.app.ask_for(UiCommand::Stop);
                    self.stopped = Some(Instant::now());
                    ctx.request_repaint();
                }
                false
            }
            Some(asked) => {
                let done = snapshot.state == ReadState::Stopped;
                if done {
                    self.table.add(
                        "Stop until it says so",
                        format!("{:.0} ms", ms(asked.elapsed())),
                        "50 ms",
                    );
                }
                assert_ne!(snapshot.state, ReadState::Done, "the log is too short to be stopped");
                done
            }
        }
    }

    fn print(&mut self) {
        for (question, goal) in QUESTIONS {
            let of = |times: &BTreeMap<&str, Vec<f32>>| {
                let times = times.get(question).map_or(&[][..], Vec::as_slice);
                (rank(times, 0.5), rank(times, 1.0))
            };
            let ((shown, longest), (engine, _)) = (of(&self.answers), of(&self.engine));
            let alone = self.alone.get(question).copied().unwrap_or(0.0);
            let figure = format!(
                "{engine:.0} ms; on one processor {alone:.0} ms; key to frame {shown:.0} ms, longest {longest:.0} ms"
            );
            let what = if question.is_empty() { "everything" } else { question };
            self.table.add(format!("answer: `{what}`"), figure, goal);
        }
        self.table.print();
    }
}

impl eframe::App for Driver {
    fn raw_input_hook(&mut self, ctx: &Context, raw: &mut RawInput) {
        self.act(ctx, raw);
    }

    fn logic(&mut self, ctx: &Context, frame: &mut eframe::Frame) {
        let before = std::mem::replace(&mut self.last_frame, Instant::now());
        self.frames.apart.push(ms(before.elapsed()));
        self.app.logic(ctx, frame);
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        // That of the frame before.
        self.frames.work.extend(frame.info().cpu_usage.map(|seconds| seconds * 1000.0));
        self.app.ui(ui, frame);
        let ctx = ui.ctx().clone();
        if self.look(&ctx) {
            self.steps.pop_front();
            self.began = None;
            ctx.request_repaint();
            if self.steps.is_empty() {
                self.print();
                ctx.send_viewport_cmd(egui::ViewportCommand::Close);
            }
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        self.app.clear_color(visuals)
    }
}
