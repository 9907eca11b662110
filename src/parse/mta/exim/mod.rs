//! Exim.

use super::Dialect;
use crate::parse::event::{LogEvent, LogLine};

/// The dialect.
pub const DIALECT: Dialect = Dialect { name: "exim", hint: "exim", takes, bare: None, parse, daemon };

fn takes(program: &str) -> bool {
    matches!(program, "exim" | "exim4")
}

fn daemon(_: &str) -> &str {
    "exim"
}

fn parse<'a>(line: &'a LogLine<'a>) -> Option<LogEvent<'a>> {
    let _ = line;
    None
}
