//! The id of a pattern.
//!
//! `v1:` and the first 12 hexadecimal digits of FNV-1a with 64 bits (offset basis cbf29ce484222325, prime 100000001b3)
//! over these fields, each ended by a zero byte: reply code, the enhanced status code that stands in the reply
//! itself, stage, class, direction, and the masked words in lower case. EHLO counts as connect here: Postfix logs a
//! refusal at either as `refused to talk to me`.
//! An id depends on nothing else: not on the machine, the order of sources, the time or the program that logged it.

use crate::model::Direction;
use crate::smtp::{EnhancedStatus, ReplyCode, Stage};

/// What makes two refusals the same.
pub(super) struct Key<'a> {
    pub code: Option<ReplyCode>,
    /// Not what a log's own field says: Postfix writes `dsn=5.0.0` where the server gave none.
    pub enhanced: Option<EnhancedStatus>,
    pub stage: Stage,
    pub class: &'a str,
    pub direction: Direction,
    pub masked: &'a str,
}

impl Key<'_> {
    /// `v1:` and 12 digits.
    pub fn id(&self) -> Box<str> {
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        hash.field(&self.code.map_or_else(String::new, |c| c.to_string()));
        hash.field(&self.enhanced.map_or_else(String::new, |e| e.to_string()));
        let stage = if self.stage == Stage::Ehlo { Stage::Connect } else { self.stage };
        hash.field(stage.name());
        hash.field(self.class);
        hash.field(self.direction.name());
        hash.field(&self.masked.to_lowercase());
        format!("v1:{:012x}", hash.0 >> 16).into()
    }
}

struct Fnv(u64);

impl Fnv {
    fn field(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable() {
        let key = Key {
            code: ReplyCode::new(550),
            enhanced: EnhancedStatus::parse("5.1.1"),
            stage: Stage::RcptTo,
            class: "recipient.unknown",
            direction: Direction::Outgoing,
            masked: "<recipient>: User unknown",
        };
        assert_eq!(&*key.id(), "v1:7620afb68815");
        assert_eq!(key.id(), Key { masked: "<recipient>: user UNKNOWN", ..key }.id());
        assert_ne!(key.id(), Key { stage: Stage::EndOfData, ..key }.id());
        assert_ne!(key.id(), Key { enhanced: None, ..key }.id());
        assert_eq!(Key { stage: Stage::Ehlo, ..key }.id(), Key { stage: Stage::Connect, ..key }.id());
    }
}
