//! What the window remembers between frames, and what it remembers between runs.

use crate::model::{Origin, RejectionIdx};
use crate::notes::Reader;
use crate::query::complete::Completion;
use crate::query::{PatternRow, QueryError};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A tab of the inspector.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tab {
    /// Cause, steps, check.
    #[default]
    WhatToDo,
    /// Class, rule, words.
    Why,
    /// Every field with its place.
    Evidence,
    /// Untouched lines.
    Raw,
}

impl Tab {
    /// All tabs, in order.
    pub const ALL: [Self; 4] = [Self::WhatToDo, Self::Why, Self::Evidence, Self::Raw];

    /// On the tab.
    pub fn label(self) -> &'static str {
        match self {
            Self::WhatToDo => "What to do",
            Self::Why => "Why",
            Self::Evidence => "Evidence",
            Self::Raw => "Raw",
        }
    }
}

/// What the lower list shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum List {
    /// Refusals, one row each.
    #[default]
    Messages,
    /// Trouble with sources.
    Problems,
    /// Lines with a 5yz reply that no grammar took.
    NotUnderstood,
}

/// Why a place is shown by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// A 5yz reply stands there, and no grammar took the line.
    NotUnderstood,
    /// There is trouble: the sentence says which.
    Problem(String),
    /// A line of a refusal stands there, in another source than its deciding line.
    Evidence,
}

/// A place in a source that is shown by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Where.
    pub origin: Origin,
    /// Why it is shown.
    pub why: Why,
}

/// What is selected.
#[derive(Clone, Default, Debug)]
pub struct Selection {
    /// A pattern's id.
    pub pattern: Option<Box<str>>,
    /// A message.
    pub message: Option<RejectionIdx>,
    /// A place, shown in front of pattern and message.
    pub place: Option<Place>,
    /// The line of the message that was asked for, by its number.
    pub line: Option<u64>,
    /// That line was not scrolled to yet.
    pub line_wanted: bool,
    /// The user asked for the messages of all patterns: none is selected by itself.
    pub cleared: bool,
    /// The lists shall scroll to the selection: it was moved by a key.
    pub scroll: bool,
}

impl Selection {
    /// Selects a message; the pattern stays.
    pub fn choose(&mut self, message: RejectionIdx) {
        self.message = Some(message);
        self.place = None;
        self.line = None;
    }
}

/// The query field.
#[derive(Default, Debug)]
pub struct QueryState {
    /// As typed.
    pub text: String,
    /// The mistake in it.
    pub error: Option<QueryError>,
    /// The keyboard shall go there.
    pub focus: bool,
    /// Proposals for the word at the cursor; none while the field is not in use.
    pub proposals: Vec<Completion>,
    /// The proposal that Tab takes.
    pub chosen: usize,
    /// For what text and cursor the proposals are.
    pub proposed_for: Option<(String, usize)>,
}

/// What the drop overlay says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hover {
    /// How many files.
    pub n_files: usize,
    /// Alt is held: replace what is open.
    pub replace: bool,
}

/// A message that goes away by itself.
#[derive(Clone, Debug)]
pub struct Toast {
    /// What happened: "Note for our team copied".
    pub text: String,
    /// In egui's time.
    pub until: f64,
}

/// What panels keep between frames.
#[derive(Debug)]
pub struct State {
    /// The query field.
    pub query: QueryState,
    /// What is selected.
    pub selection: Selection,
    /// The inspector's tab.
    pub tab: Tab,
    /// The lower list.
    pub list: List,
    /// The path field of the start page.
    pub typed_path: String,
    /// Steps done: pattern id and number of the step.
    pub ticked: BTreeSet<(Box<str>, u16)>,
    /// Shown at the bottom.
    pub toast: Option<Toast>,
    /// Shown over everything while files are dragged over the window.
    pub hover: Option<Hover>,
    /// The list of keys is shown.
    pub keys_shown: bool,
    /// The facets are shown although the window is narrow; or hidden although it is wide.
    pub facets_toggled: bool,
    /// The inspector is shown although the window is narrow; or hidden although it is wide.
    pub inspector_toggled: bool,
    /// For whom the note is.
    pub reader: Reader,
    /// The menu of readers shall open.
    pub open_reader_menu: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            query: QueryState::default(),
            selection: Selection::default(),
            tab: Tab::default(),
            list: List::default(),
            typed_path: String::new(),
            ticked: BTreeSet::new(),
            toast: None,
            hover: None,
            keys_shown: false,
            facets_toggled: false,
            inspector_toggled: false,
            reader: Reader::Team,
            open_reader_menu: false,
        }
    }
}

/// In what order patterns are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Most refusals first.
    #[default]
    Refusals,
    /// Most recipients first.
    Recipients,
    /// Last seen first.
    LastSeen,
}

impl Sort {
    /// All, in the order of the menu.
    pub const ALL: [Self; 3] = [Self::Refusals, Self::Recipients, Self::LastSeen];

    /// In the menu, and in the list's header.
    pub fn label(self) -> &'static str {
        match self {
            Self::Refusals => "Most refusals first",
            Self::Recipients => "Most recipients first",
            Self::LastSeen => "Last seen first",
        }
    }

    /// The places of `patterns` in this order; patterns that are the same in it keep theirs.
    pub fn order(self, patterns: &[PatternRow]) -> Vec<u32> {
        let mut order: Vec<u32> = (0..patterns.len() as u32).collect();
        let row = |at: &u32| &patterns[*at as usize];
        match self {
            Self::Refusals => {}
            Self::Recipients => order.sort_by_key(|at| Reverse(row(at).n_recipients)),
            Self::LastSeen => order.sort_by_key(|at| Reverse(row(at).last_seen)),
        }
        order
    }
}

/// Kept between runs.
#[derive(Clone, Serialize, Deserialize, Debug)]
#[serde(default)]
pub struct Saved {
    /// The dark theme.
    pub dark: bool,
    /// Hide addresses in what is copied.
    pub redact: bool,
    /// Notes as Markdown.
    pub markdown: bool,
    /// The order of the patterns.
    pub sort: Sort,
    /// Where the last file was opened.
    pub last_folder: Option<String>,
    /// Opened before, newest first.
    pub recent: Vec<Recent>,
}

/// Opened before.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Recent {
    /// Paths that were opened together.
    pub paths: Vec<String>,
    /// When, in seconds since 1970.
    pub opened: i64,
}

impl Default for Saved {
    fn default() -> Self {
        Self {
            dark: true,
            redact: true,
            markdown: false,
            sort: Sort::default(),
            last_folder: None,
            recent: Vec::new(),
        }
    }
}

impl Saved {
    /// How many are kept.
    const MAX_RECENT: usize = 8;

    /// Notes that `paths` were opened together.
    pub fn note_opened(&mut self, paths: Vec<String>, now: i64) {
        if let Some(first) = paths.first() {
            self.last_folder = std::path::Path::new(first).parent().map(|p| p.to_string_lossy().into_owned());
            self.recent.retain(|r| r.paths != paths);
            self.recent.insert(0, Recent { paths, opened: now });
            self.recent.truncate(Self::MAX_RECENT);
        }
    }
}

/// The terms of a query's text: words outside quotes and parentheses, in order.
pub fn terms(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut from, mut quoted, mut depth) = (None, false, 0_u32);
    for (i, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c.is_whitespace() && !quoted && depth == 0 {
            if let Some(start) = from.take() {
                out.push(&text[start..i]);
            }
        } else if from.is_none() {
            from = Some(i);
        }
    }
    if let Some(start) = from {
        out.push(&text[start..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_found() {
        assert_eq!(terms("code:550  \"two words\" (a or b)"), ["code:550", "\"two words\"", "(a or b)"]);
        assert_eq!(terms(" "), Vec::<&str>::new());
    }
}
