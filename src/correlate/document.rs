//! A document that is neither a plain log nor a mail: pasted text, a transcript, a notice without its headers, or
//! a mixture of them with remarks in between.

use crate::model::{Harvest, ReadOptions, SourceId};

/// Reads a whole document; what is found goes to `out`.
pub fn read(source: SourceId, bytes: &[u8], options: &ReadOptions, out: &mut Harvest) {
    let _ = (source, bytes, options, out);
}
