//! The note to copy: for whom, and how the window asks for it.

use super::frame_ctx::FrameCtx;
use super::words;
use crate::query::PatternRow;

/// For whom a note is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reader {
    /// Who runs the sending system.
    #[default]
    Team,
    /// Who wrote the message.
    Sender,
    /// Who runs the receiving system.
    Postmaster,
    /// Who edits the DNS zone.
    DnsOwner,
}

impl Reader {
    /// All, in the order of the menu.
    pub const ALL: [Self; 4] = [Self::Team, Self::Sender, Self::Postmaster, Self::DnsOwner];

    /// "my team"
    pub fn label(self) -> &'static str {
        match self {
            Self::Team => "my team",
            Self::Sender => "the sender",
            Self::Postmaster => "the recipient's postmaster",
            Self::DnsOwner => "the DNS owner",
        }
    }
}

/// The note about a pattern.
pub fn compose(frame: &FrameCtx<'_>, pattern: &PatternRow, reader: Reader, markdown: bool) -> String {
    let class = frame.class(&pattern.verdict);
    let bullet = if markdown { "- " } else { "* " };
    let mut note = String::new();
    if markdown {
        note.push_str("## ");
    }
    note.push_str(frame.title(&pattern.verdict));
    note.push('\n');
    note.push_str(&format!(
        "{}, {}; {}\n",
        words::counted(pattern.rows.len() as u64, "refusal", "refusals"),
        words::counted(u64::from(pattern.n_recipients), "recipient", "recipients"),
        pattern.pattern.text
    ));
    if let Some(class) = class {
        note.push_str(&format!("\n{}\n", class.cause));
        for step in &class.fix {
            let rejection = pattern.rows.first().and_then(|idx| frame.snapshot.get(*idx));
            let sentence = rejection.map_or_else(|| step.text.clone(), |r| crate::notes::fill(&step.text, r));
            note.push_str(&format!("{bullet}{sentence}\n"));
        }
    }
    let _ = reader;
    note
}
