//! The engine's threads: one reads and publishes, one answers queries.

use crate::classify::Knowledge;
use crate::model::Snapshot;
use crate::query::View;
use std::path::PathBuf;
use std::sync::Arc;

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
    /// Bytes with a name: a sample that the program carries in itself.
    Named {
        /// As the user shall see it.
        name: Arc<str>,
        /// What it holds.
        bytes: Arc<[u8]>,
    },
}

/// A running case: sources, what was read of them, and the current query's answer.
pub struct Engine {
    knowledge: Arc<Knowledge>,
}

impl Engine {
    /// Starts with nothing open. `year` is for time stamps that have none.
    pub fn start(knowledge: Arc<Knowledge>, year: Option<i32>, wake: Wake) -> Self {
        let _ = (year, wake);
        Self { knowledge }
    }

    /// What is known: for titles, guidance, providers.
    pub fn knowledge(&self) -> &Arc<Knowledge> {
        &self.knowledge
    }

    /// Adds inputs to the case and reads them. Returns at once.
    pub fn add(&self, inputs: Vec<Input>) {
        let _ = inputs;
    }

    /// Stops reading; what was read is kept.
    pub fn stop(&self) {}

    /// Closes all sources.
    pub fn clear(&self) {}

    /// Asks for the answer of another query. The answer appears in [`Engine::view`]; the newest question wins.
    /// A query with a mistake is not sent here: check with `Query::parse` first.
    pub fn ask(&self, query: crate::query::Query, include_transient: bool) {
        let _ = (query, include_transient);
    }

    /// The newest snapshot. Never waits for work.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::default()
    }

    /// The newest answer. Never waits for work. May be of an older snapshot or query: see its fields.
    pub fn view(&self) -> Arc<View> {
        Arc::default()
    }

    /// Asks for bytes of a source around a hit, for the Raw tab; the answer appears in [`Engine::raw`].
    pub fn want_raw(&self, request: crate::model::RejectionIdx) {
        let _ = request;
    }

    /// The newest raw lines.
    pub fn raw(&self) -> Option<Arc<RawLines>> {
        None
    }
}

/// The untouched lines around a refusal.
#[derive(Clone, Debug)]
pub struct RawLines {
    /// The refusal they belong to.
    pub rejection: crate::model::RejectionIdx,
    /// Source name as the user knows it.
    pub source: Arc<str>,
    /// Lines in order. A gap in the numbers is a gap in what is shown.
    pub lines: Vec<RawLine>,
    /// Why the lines cannot be shown, if so: the source is gone or has changed.
    pub problem: Option<String>,
}

/// One untouched line.
#[derive(Clone, Debug)]
pub struct RawLine {
    /// From 1.
    pub number: u64,
    /// The bytes as text; invalid UTF-8 replaced.
    pub text: String,
    /// One of this message's own lines.
    pub own: bool,
    /// Part of the deciding evidence.
    pub deciding: bool,
}
