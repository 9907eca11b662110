//! SMTP transcripts: what client libraries and tools print of a session.
//!
//! ```text
//!  -> RCPT TO:<a@example.org>                                      swaks
//! < 550 5.1.1 no such user                                         curl -v
//! reply: b'550 5.1.1 no such user\r\n'                             Python smtplib
//! 2026-11-24 17:17:07  SERVER -> CLIENT: 550 5.1.1 no such user    PHPMailer
//! ```
//! The steps: [`lex`] takes a line apart, [`roles`] learns who speaks, [`session`] pairs commands and replies
//! (RFC 5321), [`summary`] reads what the client says about it afterwards, [`refusal`] makes evidence. One refusal is
//! told several times; it is one record.

mod command;
mod connect;
pub(super) mod formats;
pub(crate) mod infer;
mod lex;
mod literal;
mod reader;
mod refusal;
mod roles;
pub mod secrets;
mod session;
mod style;
mod summary;
#[cfg(test)]
mod tests;

pub(crate) use reader::read_noting;
pub use secrets::Secrets;

use crate::model::{Harvest, SourceId};

/// Whether the line is a reply or a command behind decoration that only transcripts have, time stamps included.
pub(crate) fn is_session_line(line: &[u8]) -> bool {
    let mut found = false;
    lex::lex(&lex::clean(line), |_, kind| {
        found |= matches!(kind, lex::Kind::Reply { .. } | lex::Kind::Command(_))
    });
    found
}

/// Reads all sessions in `text`, which starts at line `line` and byte `start` of `source`. Returns how many
/// refusals were found.
pub fn read(source: SourceId, text: &[u8], line: u64, start: u64, out: &mut Harvest) -> usize {
    read_noting(source, text, line, start, out).found
}
