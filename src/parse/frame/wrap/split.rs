//! Lines that a container runtime has cut, put together again.
//!
//! Docker cuts after 16 KiB: `{"log":"first part","stream":"stdout", …}`, and only the last part ends in `\n`.
//! Kubernetes marks all but the last part with `P`. Parts of one stream come in order.

use super::Unwrapped;
use crate::model::Origin;

/// Streams whose parts are waited for at one time.
const MAX_OPEN: usize = 16;

/// A longer line goes out as it stands.
const MAX_BYTES: usize = 256 * 1024;

/// Parts waiting for the rest.
#[derive(Default, Debug)]
pub(super) struct Splits {
    open: Vec<Unwrapped>,
}

impl Splits {
    /// Nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes a line or a part of one; what is whole goes to `out`.
    pub(super) fn put(&mut self, mut line: Unwrapped, out: &mut Vec<Unwrapped>) {
        let Some(split) = line.split.take() else { return out.push(line) };
        let waits =
            self.open.iter().position(|open| open.split.as_ref().is_some_and(|s| s.stream == split.stream));
        let mut line = match waits.map(|at| self.open.remove(at)) {
            // Some collectors drop the line end: what begins like a line goes on nothing.
            Some(open) if open.split.as_ref().is_some_and(|s| s.guessed) && line.is_framed() => {
                out.push(Unwrapped { split: None, ..open });
                line
            }
            Some(mut open) => {
                if let (Some(text), Some(more)) = (open.texts.first_mut(), line.texts.first()) {
                    text.push_str(more);
                }
                open.origins.append(&mut line.origins);
                open
            }
            None => line,
        };
        let len = line.texts.first().map_or(0, String::len);
        if split.last || len > MAX_BYTES {
            line.split = None;
            return out.push(line);
        }
        line.split = Some(split);
        if self.open.len() >= MAX_OPEN {
            out.push(Unwrapped { split: None, ..self.open.remove(0) });
        }
        self.open.push(line);
    }

    /// The source has ended: what is there.
    pub(super) fn rest(&mut self) -> Vec<Unwrapped> {
        std::mem::take(&mut self.open)
    }

    /// The line numbers were counted from a later line.
    pub(super) fn shift_lines(&mut self, lines: u64) {
        let shift = |origin: &mut Origin| origin.line += lines;
        self.open.iter_mut().flat_map(|open| &mut open.origins).for_each(shift);
    }
}
