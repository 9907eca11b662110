//! Undeliverable notices: RFC 3464 reports and what older and odder systems write.

use crate::model::{Harvest, SourceId};

/// Reads one mail message that starts at line `line` and byte `start` of `source`.
pub fn read_mail(source: SourceId, bytes: &[u8], line: u64, start: u64, out: &mut Harvest) {
    let _ = (source, bytes, line, start, out);
}

/// Reads the body of a notice whose headers are lost (pasted text). Returns how many refusals were found.
pub fn read_body(source: SourceId, text: &[u8], line: u64, start: u64, out: &mut Harvest) -> usize {
    let _ = (source, text, line, start, out);
    0
}

pub mod mbox;
