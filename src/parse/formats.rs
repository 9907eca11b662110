//! The register of formats: what can be read, how far, and where the grammar and the samples come from.
//!
//! Each grammar describes itself beside its code and has a line here. The README's table and
//! `fivefifty formats` are made from it.

use super::mta;
use super::notice;
use super::notice::formats::NOTICES;
use super::transcript::formats::TRANSCRIPTS;

/// What can be read.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The name that evidence has, too: `postfix`.
    pub name: &'static str,
    /// As a person would call it: `Exim mainlog and rejectlog`.
    pub title: &'static str,
    /// What kind of evidence it is.
    pub family: Family,
    /// How far it is read.
    pub extent: Extent,
    /// Where its samples come from.
    pub sample: Sample,
    /// What the grammar was written from: a source file, an RFC, a vendor's page.
    pub grammar: &'static str,
    /// The fields of the evidence it can give, as JSON Lines name them.
    pub fields: &'static [&'static str],
}

/// Kinds of evidence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Family {
    /// One event a line, put together by queue id.
    Log,
    /// Rows under a header: CSV and the like.
    Table,
    /// JSON objects: payloads that a mail service sends, or a log in JSON.
    Events,
    /// A mail that says that a mail was refused.
    Notice,
    /// An SMTP session as a program shows it.
    Transcript,
}

impl Family {
    /// `log`, `table`, `events`, `notice`, `transcript`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Table => "table",
            Self::Events => "events",
            Self::Notice => "notice",
            Self::Transcript => "transcript",
        }
    }

    /// The family of evidence by the name of its format.
    pub fn of(format: &str) -> Self {
        by_name(format).map_or(Self::Transcript, |format| format.family)
    }
}

/// How far a format is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// Everything in it that tells of a refusal.
    Fully,
    /// Not everything; the words say what is left out.
    Partly(&'static str),
}

/// Where samples come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sample {
    /// Written by the program itself, in the project's lab.
    RealProgram,
    /// Written by hand from the documentation that `grammar` names.
    Documentation,
}

/// Logs, tables and events.
static READ_BY_LINE: &[&Format] = &[&mta::postfix::FORMAT, &mta::exim::FORMAT];

/// All formats, by family.
pub fn formats() -> impl Iterator<Item = &'static Format> {
    READ_BY_LINE.iter().copied().chain(&NOTICES).chain([&notice::msg::FORMAT]).chain(&TRANSCRIPTS)
}

/// The format of evidence by its name.
pub fn by_name(name: &str) -> Option<&'static Format> {
    formats().find(|format| format.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of evidence, as JSON Lines name them.
    const FIELDS: [&str; 16] = [
        "time",
        "direction",
        "reporting_mta",
        "remote_mta",
        "remote_ip",
        "queue_id",
        "message_id",
        "reverse_path",
        "final_recipient",
        "original_recipient",
        "stage",
        "reply_code",
        "enhanced_status",
        "diagnostic_code",
        "action",
        "attempts",
    ];

    #[test]
    fn formats_are_described() {
        for format in formats() {
            assert!(!format.title.is_empty() && !format.grammar.is_empty(), "{format:?}");
            assert!(!format.fields.is_empty(), "{format:?}");
            assert_eq!(by_name(format.name).map(|f| f.name), Some(format.name), "a name is used once");
            for field in format.fields {
                assert!(FIELDS.contains(field), "{}: {field}", format.name);
            }
        }
        for dialect in mta::DIALECTS {
            assert!(by_name(dialect.name).is_some(), "{} is not registered", dialect.name);
        }
    }
}
