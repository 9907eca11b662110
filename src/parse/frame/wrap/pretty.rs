//! JSON objects over several lines: `journalctl -o json-pretty`, `aws logs`, whatever `jq` has printed.
//!
//! ```text
//! {
//!         "_HOSTNAME" : "mx",
//!         "MESSAGE" : "4F1C: to=<a@example.org>, …"
//! }
//! ```
//! A brace alone opens an object; in such JSON no string goes over a line's end, so that the first and the last byte of
//! each line tell how deep it stands. An object in a list (`"events": [`) is one for itself.

use super::{Taken, Unwrapped, json};
use crate::model::Origin;

/// Longer objects are no log lines.
const MAX_BYTES: usize = 256 * 1024;

/// An object that has begun.
#[derive(Default, Debug)]
pub(super) struct Pretty {
    depth: usize,
    text: Vec<u8>,
    /// Where each of its lines begins in `text`, and where it stands.
    lines: Vec<(usize, Origin)>,
}

impl Pretty {
    /// Whether an object has begun and not ended.
    pub(super) fn is_open(&self) -> bool {
        self.depth > 0
    }

    /// Takes the next line, without the blanks around it.
    pub(super) fn line(&mut self, line: &[u8], origin: Origin) -> Taken {
        if line == b"{" || line == b"[{" {
            self.begin();
            self.push(b"{", origin);
            self.depth = 1;
            return Taken::Part;
        }
        if self.depth == 0 {
            return Taken::No;
        }
        let json = matches!(
            line.first(),
            None | Some(b'"' | b'{' | b'}' | b'[' | b']' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
        );
        if !json || self.text.len() + line.len() > MAX_BYTES {
            self.begin();
            return Taken::No;
        }
        let bare = line.strip_suffix(b",").unwrap_or(line);
        let closes = matches!(line.first(), Some(b'}' | b']'));
        if closes {
            self.depth -= 1;
        }
        if self.depth == 0 {
            self.push(b"}", origin);
            let object = json::read_with_key(&self.text);
            let taken = object.map(|(key, one)| Unwrapped { origins: vec![self.place(&key, origin)], ..one });
            self.begin();
            return taken.map_or(Taken::Part, |one| match one.is_framed() {
                true => Taken::Lines(vec![one]),
                false => Taken::Part,
            });
        }
        self.push(line, origin);
        if matches!(bare.last(), Some(b'{' | b'[')) {
            self.depth += 1;
        }
        Taken::Part
    }

    fn begin(&mut self) {
        self.depth = 0;
        self.text.clear();
        self.lines.clear();
    }

    fn push(&mut self, line: &[u8], origin: Origin) {
        self.lines.push((self.text.len(), origin));
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
    }

    /// The line with the value of `key`.
    fn place(&self, key: &str, end: Origin) -> Origin {
        let name = format!("\"{key}\"");
        let found = self.lines.iter().find(|(at, _)| self.text[*at..].starts_with(name.as_bytes()));
        found.map_or(end, |(_, origin)| *origin)
    }

    /// The line numbers were counted from a later line.
    pub(super) fn shift_lines(&mut self, lines: u64) {
        self.lines.iter_mut().for_each(|(_, origin)| origin.line += lines);
    }
}
