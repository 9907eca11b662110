//! What panels ask for. Commands run after drawing; panels change nothing but their own state.

use super::state::{List, Place, Sort, Tab};
use crate::engine::Input;
use crate::model::{Origin, RejectionIdx};
use crate::notes::Reader;

/// One thing to do after drawing.
#[derive(Clone, Debug)]
pub enum UiCommand {
    /// Show the system's dialog for files.
    OpenFiles,
    /// Show the system's dialog for a folder.
    OpenFolder,
    /// Read these too.
    Add(Vec<Input>),
    /// Close what is open and read these.
    Replace(Vec<Input>),
    /// Read a path that was typed.
    OpenTyped(String),
    /// Read an embedded sample, by its place in the list.
    OpenSample(usize),
    /// Ask the system for the clipboard; its text arrives as an event.
    Paste,
    /// Stop reading; what was read is kept.
    Stop,
    /// Close all sources.
    Close,
    /// Another text in the query field.
    SetQuery(String),
    /// A text that is still being typed in the query field.
    TypeQuery(String),
    /// Put a term into the query, or take it out.
    ToggleTerm(String),
    /// Take the last term out of the query.
    DropLastTerm,
    /// The keyboard goes to the query field.
    FocusQuery,
    /// Count refusals that are not final too.
    IncludeTransient(bool),
    /// Select a pattern by id; `None` shows the messages of all.
    SelectPattern(Option<Box<str>>),
    /// Select the next (1) or previous (-1) pattern.
    StepPattern(isize),
    /// Select a message.
    SelectMessage(RejectionIdx),
    /// Select the next or previous message.
    StepMessage(isize),
    /// Show a tab of the inspector.
    ShowTab(Tab),
    /// Show the line of the selected message that stands there.
    ShowLine(Origin),
    /// That line is on screen now.
    LineShown,
    /// Show a place in front of what is selected; `None` goes back.
    ShowPlace(Option<Place>),
    /// Show what the lower list shows.
    ShowList(List),
    /// Tick a step, or take the tick away.
    Tick(Box<str>, u16),
    /// Copy the note of the selected pattern for a reader.
    CopyNote(Reader),
    /// Copy a text; the second names it in the toast: "Command copied".
    Copy(String, &'static str),
    /// The same for evidence, redacted if the eye is closed.
    CopyEvidence(String, &'static str),
    /// The same for a report to who writes the program: always redacted.
    CopyReport(String, &'static str),
    /// Open a page in the browser.
    OpenUrl(String),
    /// Notes as Markdown, or plain.
    NoteMarkdown(bool),
    /// Hide addresses in what is copied.
    Redact(bool),
    /// Another order of the patterns.
    SortPatterns(Sort),
    /// Dark or light.
    Dark(bool),
    /// Show or hide the facets.
    ShowFacets(bool),
    /// Show or hide the inspector.
    ShowInspector(bool),
    /// Show or hide the list of keys.
    ShowKeys(bool),
}

/// Commands of one frame, in the order in which they were asked for.
#[derive(Default, Debug)]
pub struct Commands(Vec<UiCommand>);

impl Commands {
    /// Asks for a command.
    pub fn push(&mut self, command: UiCommand) {
        self.0.push(command);
    }

    /// All, to be run.
    pub fn take(&mut self) -> Vec<UiCommand> {
        std::mem::take(&mut self.0)
    }
}
