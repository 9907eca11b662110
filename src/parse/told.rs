//! What one row of a table, or one JSON event, tells of one recipient.

use crate::model::{Evidence, Harvest};

/// One statement about one recipient.
#[derive(Clone, PartialEq, Debug)]
pub enum Told {
    /// Refused: for good, or (`Action::Delayed`) for now. Its `attempts` may be empty: the statement is then the only one.
    Refused(Box<Evidence>),
    /// Accepted by the recipient's server.
    Accepted {
        /// Who got the mail.
        recipient: String,
    },
    /// Something about mail that is no refusal: a complaint, an opened mail, a success notice.
    NotRefusal,
    /// Known, and it decides nothing.
    Other,
}

impl Told {
    /// Adds it to what was read.
    pub fn hand_out(self, out: &mut Harvest) {
        match self {
            Self::Refused(mut evidence) => {
                out.coverage.with_reply += u64::from(evidence.reply_code.is_some());
                if evidence.attempts.is_empty() {
                    evidence.attempts.push(evidence.own_attempt());
                }
                out.evidence.push(*evidence);
            }
            Self::Accepted { recipient } => out.accept(&recipient),
            Self::NotRefusal => out.coverage.not_refusals += 1,
            Self::Other => {}
        }
    }
}
