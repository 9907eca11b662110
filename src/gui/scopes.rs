//! How far a pattern reaches, in a sentence: counted on a thread, because a pattern may have a million refusals.

use crate::model::Snapshot;
use crate::query::{View, scope};
use crossbeam_channel::{Sender, bounded};
use eframe::egui;
use std::sync::{Arc, Mutex, PoisonError};

/// What a sentence is about: snapshot, query, pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Key {
    generation: u64,
    query: String,
    include_transient: bool,
    pattern: Box<str>,
}

impl Key {
    fn of(view: &View, pattern: &str) -> Self {
        Self {
            generation: view.generation,
            query: view.query.clone(),
            include_transient: view.include_transient,
            pattern: pattern.into(),
        }
    }
}

/// The newest sentence and what it is about.
type Newest = Arc<Mutex<Option<(Key, Arc<str>)>>>;

struct Job {
    key: Key,
    snapshot: Arc<Snapshot>,
    view: Arc<View>,
    row: usize,
}

/// Asks a thread for sentences and keeps the newest.
pub struct Scopes {
    jobs: Sender<Job>,
    asked: Option<Key>,
    newest: Newest,
}

impl Scopes {
    /// Starts the thread; it ends with this value.
    pub fn start(ctx: &egui::Context) -> Self {
        let (jobs, queue) = bounded::<Job>(1);
        let newest: Newest = Arc::default();
        let (ctx, put) = (ctx.clone(), newest.clone());
        let spawned = std::thread::Builder::new().name("scope".to_owned()).spawn(move || {
            for job in queue {
                let rows = job.view.patterns.get(job.row).map_or(&[][..], |p| &p.rows);
                let sentence = scope(&job.snapshot, rows).sentence();
                *put.lock().unwrap_or_else(PoisonError::into_inner) = Some((job.key, sentence.into()));
                ctx.request_repaint();
            }
        });
        if let Err(error) = spawned {
            eprintln!("fivefifty: no thread for the scope: {error}");
        }
        Self { jobs, asked: None, newest }
    }

    /// Asks for the sentence of a pattern of `view`, unless it was asked for last. While the thread is busy the
    /// question waits for a later frame.
    pub fn want(&mut self, snapshot: &Arc<Snapshot>, view: &Arc<View>, row: usize) {
        let Some(pattern) = view.patterns.get(row) else { return };
        let key = Key::of(view, &pattern.pattern.id);
        if self.asked.as_ref() == Some(&key) {
            return;
        }
        let job = Job { key: key.clone(), snapshot: snapshot.clone(), view: view.clone(), row };
        if self.jobs.try_send(job).is_ok() {
            self.asked = Some(key);
        }
    }

    /// The sentence, if it has come. One for older data of the same pattern is better than none.
    pub fn sentence(&self, view: &View, pattern: Option<&str>) -> Option<Arc<str>> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, sentence) = newest.as_ref()?;
        (key.pattern.as_ref() == pattern? && key.query == view.query).then(|| sentence.clone())
    }
}
