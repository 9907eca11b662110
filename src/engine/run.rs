//! The engine as its callers see it.

use super::CancelToken;
use super::answers::{self, Ask};
use super::case::{self, CaseCommand};
use super::raw::{self, RawLines, RawOf};
use crate::classify::Knowledge;
use crate::model::{Print, ReadState, Snapshot, Zone};
use crate::query::{Query, View};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Wakes the window; called from the engine's threads.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Something to read.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file, or a folder with everything in it.
    Path(PathBuf),
    /// Standard input.
    Stdin,
    /// Pasted text.
    Pasted(Arc<[u8]>),
    /// Bytes with a name: a sample the program carries.
    Named {
        /// As shown to the user.
        name: Arc<str>,
        /// The bytes, compressed or not.
        bytes: Arc<[u8]>,
    },
    /// Another input, whose time stamps are of this zone where they name none. Without this they are UTC.
    InZone {
        /// What is to be read.
        input: Box<Input>,
        /// The zone.
        zone: Zone,
    },
}

impl Input {
    /// The input itself, and the zone of its time stamps.
    pub(super) fn and_zone(&self) -> (&Self, Zone) {
        let (mut input, mut zone) = (self, Zone::default());
        while let Self::InZone { input: inner, zone: given } = input {
            (input, zone) = (&**inner, *given);
        }
        (input, zone)
    }
}

/// A running case: sources, what was read of them, and the current query's answer.
///
/// Every method returns at once. The threads end when the engine is dropped.
pub struct Engine {
    shared: Arc<Shared>,
    commands: Sender<CaseCommand>,
    asks: Sender<Ask>,
    wanted: Sender<RawOf>,
}

/// What a printing engine gives: see [`Engine::start_printing`].
pub enum Printed {
    /// Refusals in words, in the order of the sources.
    Lines(Vec<u8>),
    /// All was read.
    End,
}

/// Where refusals go that are put into words as they are found.
pub(super) struct Printing {
    pub print: Arc<dyn Print>,
    out: Sender<Printed>,
}

impl Printing {
    /// Waits until somebody takes it. Once nobody will, it is dropped.
    pub fn send(&self, printed: Printed) {
        let _ = self.out.send(printed);
    }
}

/// So many pieces of print may wait to be taken.
const MAX_PRINTED: usize = 4;

/// What the threads share: pointers that are swapped, never held.
pub(super) struct Shared {
    pub knowledge: Arc<Knowledge>,
    pub year: Option<i32>,
    pub wake: Wake,
    pub printing: Option<Printing>,
    /// Someone looks at it while it is read: readers give way to who draws.
    pub has_window: bool,
    pub newest_question: AtomicU64,
    snapshot: Mutex<Arc<Snapshot>>,
    view: Mutex<Arc<View>>,
    raw: Mutex<Option<Arc<RawLines>>>,
    cancel: Mutex<CancelToken>,
}

impl Shared {
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&locked(&self.snapshot))
    }

    pub fn set_snapshot(&self, snapshot: Arc<Snapshot>) {
        *locked(&self.snapshot) = snapshot;
    }

    /// Shows that reading is stopped, before the case thread has come to it.
    fn say_stopped(&self) {
        let mut snapshot = locked(&self.snapshot);
        if snapshot.state == ReadState::Reading {
            *snapshot = Arc::new(Snapshot { state: ReadState::Stopped, ..Snapshot::clone(&snapshot) });
        }
    }

    pub fn set_view(&self, view: Arc<View>) {
        *locked(&self.view) = view;
    }

    pub fn set_raw(&self, raw: Arc<RawLines>) {
        *locked(&self.raw) = Some(raw);
    }

    /// A token for a new reading.
    pub fn new_cancel(&self) -> CancelToken {
        let token = CancelToken::default();
        *locked(&self.cancel) = token.clone();
        token
    }
}

/// Nothing that is held under these locks can panic half way, so a poisoned one is as good as any.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Starts with nothing open. `year` is for time stamps that have none.
    pub fn start(knowledge: Arc<Knowledge>, year: Option<i32>, wake: Wake) -> Self {
        Self::start_threads(knowledge, year, wake, None, true)
    }

    /// As [`Engine::start`], for whoever wants only the snapshot: no question is answered while reading goes on.
    pub fn start_unasked(knowledge: Arc<Knowledge>, year: Option<i32>, wake: Wake) -> Self {
        Self::start_threads(knowledge, year, wake, None, false)
    }

    /// As [`Engine::start_unasked`], for whoever wants refusals in words: none is kept, the snapshot holds counts and
    /// problems alone. What is printed has to be taken, or reading waits.
    pub fn start_printing(
        knowledge: Arc<Knowledge>,
        year: Option<i32>,
        print: Arc<dyn Print>,
    ) -> (Self, Receiver<Printed>) {
        let (out, printed) = bounded(MAX_PRINTED);
        let printing = Printing { print, out };
        (Self::start_threads(knowledge, year, Arc::new(|| {}), Some(printing), false), printed)
    }

    fn start_threads(
        knowledge: Arc<Knowledge>,
        year: Option<i32>,
        wake: Wake,
        printing: Option<Printing>,
        answers: bool,
    ) -> Self {
        let shared = Arc::new(Shared {
            knowledge,
            year,
            wake,
            printing,
            has_window: answers,
            newest_question: AtomicU64::new(0),
            snapshot: Mutex::default(),
            view: Mutex::default(),
            raw: Mutex::default(),
            cancel: Mutex::default(),
        });
        let (commands, command_queue) = unbounded();
        let (asks, ask_queue) = unbounded();
        let (wanted, wanted_queue) = unbounded();
        let (for_case, for_answers, for_raw) =
            (Arc::clone(&shared), Arc::clone(&shared), Arc::clone(&shared));
        let case_asks = asks.clone();
        spawn("case", move || case::run(&for_case, &command_queue, &case_asks));
        if answers {
            spawn("answers", move || answers::run(&for_answers, &ask_queue));
        }
        spawn("raw", move || raw::run(&for_raw, &wanted_queue));
        Self { shared, commands, asks, wanted }
    }

    /// What is known: for titles, guidance, providers.
    pub fn knowledge(&self) -> &Arc<Knowledge> {
        &self.shared.knowledge
    }

    /// Adds inputs to the case and reads them.
    pub fn add(&self, inputs: Vec<Input>) {
        let _ = self.commands.send(CaseCommand::Add(inputs));
    }

    /// Stops reading; what was read is kept. The snapshot says so at once.
    pub fn stop(&self) {
        locked(&self.shared.cancel).cancel();
        self.shared.say_stopped();
        let _ = self.commands.send(CaseCommand::Stop);
    }

    /// Closes all sources.
    pub fn clear(&self) {
        locked(&self.shared.cancel).cancel();
        let _ = self.commands.send(CaseCommand::Clear);
    }

    /// Asks for the answer of another query. The answer appears in [`Engine::view`]; the newest question wins.
    /// A query with a mistake is not sent here: check with `Query::parse` first.
    pub fn ask(&self, query: Query, include_transient: bool) {
        let number = self.shared.newest_question.fetch_add(1, Ordering::Relaxed) + 1;
        let _ = self.asks.send(Ask::Query { number, query, include_transient });
    }

    /// The newest snapshot. Never waits for work.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot()
    }

    /// The newest answer. Never waits for work. May be of an older snapshot or query: see its fields.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&locked(&self.shared.view))
    }

    /// Asks for the lines around a refusal or a place, for the Raw tab; they appear in [`Engine::raw`].
    pub fn want_raw(&self, of: RawOf) {
        let _ = self.wanted.send(of);
    }

    /// The newest raw lines.
    pub fn raw(&self) -> Option<Arc<RawLines>> {
        locked(&self.shared.raw).clone()
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).expect("a thread can be started");
}
