//! What every panel may look at while it draws.

use super::state::{Selection, Sort};
use super::theme::Theme;
use super::words;
use crate::classify::{Class, Knowledge, Need};
use crate::engine::{RawLines, RawOf};
use crate::model::{Origin, Rejection, RejectionIdx, Snapshot, Timestamp, Verdict};
use crate::query::{PatternRow, View};
use std::sync::Arc;

/// What a frame would otherwise count anew over all patterns and domains.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Recipients that were accepted.
    pub n_accepted: u64,
    /// Patterns to act on, to wait for, and those that need nothing.
    pub needs: [u64; 3],
    /// The places of the view's patterns in the order of the list.
    pub order: Vec<u32>,
    /// The order it is.
    pub sort: Sort,
}

impl Summary {
    /// Counts.
    pub fn new(snapshot: &Snapshot, view: &View, knowledge: &Knowledge, sort: Sort) -> Self {
        let mut needs = [0; 3];
        for pattern in &view.patterns {
            let class = knowledge.classes().get(pattern.verdict.class.0 as usize);
            needs[match class.map_or(Need::Act, |c| c.need) {
                Need::Act => 0,
                Need::Wait => 1,
                Need::Nothing => 2,
            }] += 1;
        }
        Self { n_accepted: snapshot.n_accepted(), needs, order: sort.order(&view.patterns), sort }
    }
}

/// Read-only, the same for all panels of a frame.
pub struct FrameCtx<'a> {
    /// What was read.
    pub snapshot: &'a Snapshot,
    /// The query's answer.
    pub view: &'a View,
    /// Classes, rules, providers.
    pub knowledge: &'a Knowledge,
    /// Colours and sizes.
    pub theme: &'static Theme,
    /// What follows from snapshot and view, worked out once for each of them.
    pub summary: &'a Summary,
    /// What is selected.
    pub selection: &'a Selection,
    /// The selected pattern, if it is part of the answer.
    pub selected: Option<&'a PatternRow>,
    /// The newest raw lines; [`FrameCtx::lines`] gives them only if they are the wanted ones.
    pub raw: Option<&'a Arc<RawLines>>,
    /// How far the selected pattern reaches, once that is known.
    pub scope: Option<Arc<str>>,
    /// Hide addresses in what is copied.
    pub redact: bool,
    /// When the frame began.
    pub now: Timestamp,
    /// Width of the window.
    pub width: f32,
}

impl<'a> FrameCtx<'a> {
    /// The class of a verdict. `None` only without any guidance at all.
    pub fn class(&self, verdict: &Verdict) -> Option<&'a Class> {
        self.knowledge.classes().get(verdict.class.0 as usize)
    }

    /// What a verdict is called: the title of its class.
    pub fn title(&self, verdict: &Verdict) -> &'a str {
        self.class(verdict).map_or("Not classified", |c| c.title.as_str())
    }

    /// The icon's name of a verdict's family.
    pub fn icon(&self, verdict: &Verdict) -> &'a str {
        self.class(verdict).map_or("question", |c| c.icon.as_str())
    }

    /// Who runs the host that refused.
    pub fn provider(&self, verdict: &Verdict) -> Option<&'a str> {
        let provider = self.knowledge.providers().get(verdict.provider?.0 as usize)?;
        Some(&provider.name)
    }

    /// The selected pattern, if it is part of the answer.
    pub fn pattern(&self) -> Option<&'a PatternRow> {
        self.selected
    }

    /// The rows the messages list shows: those of the selected pattern, or all.
    pub fn rows(&self) -> &'a [RejectionIdx] {
        self.pattern().map_or(&self.view.rows, |p| &p.rows)
    }

    /// The message the inspector is about: the selected one, else the newest of the pattern.
    pub fn message(&self) -> Option<(RejectionIdx, Rejection)> {
        let idx = match self.selection.message {
            Some(idx) => idx,
            None => *self.pattern()?.rows.first()?,
        };
        Some((idx, self.snapshot.open(idx)?))
    }

    /// Whose raw lines are wanted: those of the place, else of the message.
    pub fn raw_of(&self) -> Option<RawOf> {
        match &self.selection.place {
            Some(place) => Some(RawOf::Place(place.origin)),
            None => self.message().map(|(idx, _)| RawOf::Rejection(idx)),
        }
    }

    /// The wanted raw lines, if they have come.
    pub fn lines(&self) -> Option<&'a RawLines> {
        let of = self.raw_of()?;
        self.raw.map(|raw| &**raw).filter(|raw| raw.of == of)
    }

    /// `mail.log:81244`.
    pub fn place(&self, origin: &Origin) -> String {
        let name = words::one_line(self.snapshot.source_name(origin.source));
        format!("{}:{}", words::file_name(&name), origin.line)
    }
}
