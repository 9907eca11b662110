//! Where the deciding words stand in the bytes of the mail.

use crate::model::{Origin, SourceId};
use memchr::memmem;

/// How far into a mail the words are looked for.
const MAX_SEARCHED: usize = 1024 * 1024;

/// A mail and where it stands in its source.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The source.
    pub source: SourceId,
    /// The mail as it stands there.
    pub raw: &'a [u8],
    /// The number of its first line.
    pub line: u64,
    /// The offset of its first byte.
    pub start: u64,
}

impl Place<'_> {
    /// The whole mail.
    pub fn whole(&self) -> Origin {
        self.span(0, self.raw.trim_ascii_end().len())
    }

    /// The line or folded field that holds `words` about `recipient`; the first line if they stand there in an
    /// encoded form.
    pub fn deciding(&self, recipient: Option<&str>, words: &str) -> Origin {
        let raw = &self.raw[..self.raw.len().min(MAX_SEARCHED)];
        let near = recipient.and_then(|r| recipient_block(raw, r));
        let at = near
            .and_then(|(from, to)| find_words(&raw[from..to], words).map(|n| from + n))
            .or_else(|| find_words(raw, words))
            .or(near.map(|(from, _)| from))
            .or_else(|| recipient.and_then(|r| mention(raw, r)));
        let at = at.unwrap_or(0);
        let from = memchr::memrchr(b'\n', &raw[..at]).map_or(0, |n| n + 1);
        let from = field_start(raw, from);
        self.span(from, line_end(raw, at) - from)
    }

    fn span(&self, from: usize, len: usize) -> Origin {
        let lines_before = memchr::memchr_iter(b'\n', &self.raw[..from]).count() as u64;
        Origin {
            source: self.source,
            line: self.line + lines_before,
            start: self.start + from as u64,
            len: u32::try_from(len).unwrap_or(u32::MAX),
        }
    }
}

/// The first line that names the recipient and is no ordinary header.
fn mention(raw: &[u8], recipient: &str) -> Option<usize> {
    memmem::find_iter(raw, recipient.as_bytes()).take(64).find(|at| {
        let from = field_start(raw, memchr::memrchr(b'\n', &raw[..*at]).map_or(0, |n| n + 1));
        let line = String::from_utf8_lossy(&raw[from..*at]);
        !super::original::is_header(&line) || line.to_ascii_lowercase().starts_with("x-failed-recipients")
    })
}

/// From the `Final-Recipient` of this recipient to the next one.
fn recipient_block(raw: &[u8], recipient: &str) -> Option<(usize, usize)> {
    let (at, next) = memmem::find_iter(raw, recipient.as_bytes()).take(64).find_map(|at| {
        let from = memchr::memrchr(b'\n', &raw[..at]).map_or(0, |n| n + 1);
        let name = raw.get(from..from + 15)?;
        let end = at + recipient.len();
        let longer = raw.get(end).is_some_and(|b| b.is_ascii_alphanumeric());
        (name.eq_ignore_ascii_case(b"Final-Recipient") && !longer).then_some((from, end))
    })?;
    let end = memmem::find(&raw[next..], b"Final-Recipient").map_or(raw.len(), |n| next + n);
    Some((at, end))
}

/// Where the start of `words` stands; folding may cut it short.
fn find_words(raw: &[u8], words: &str) -> Option<usize> {
    let first = words.lines().next().unwrap_or("");
    [48, 24, 12].iter().find_map(|len| {
        let needle = super::quoted::cap(first, *len).trim_end();
        if needle.len() < 5 {
            return None;
        }
        // The field counts for more than its repetition in the words for people.
        let mut hits = memmem::find_iter(raw, needle.as_bytes());
        let first = hits.next()?;
        let field = std::iter::once(first).chain(hits.take(16)).find(|at| {
            let from = field_start(raw, memchr::memrchr(b'\n', &raw[..*at]).map_or(0, |n| n + 1));
            raw[from..].get(..15).is_some_and(|n| n.eq_ignore_ascii_case(b"Diagnostic-Code"))
        });
        Some(field.unwrap_or(first))
    })
}

/// Goes up from a folded line to the field it belongs to.
fn field_start(raw: &[u8], line: usize) -> usize {
    let mut from = line;
    for _ in 0..64 {
        let above = from.checked_sub(1).map(|end| memchr::memrchr(b'\n', &raw[..end]).map_or(0, |n| n + 1));
        let Some(above) = above.filter(|_| matches!(raw.get(from), Some(b' ' | b'\t'))) else { break };
        from = above;
    }
    // Indented prose folds into nothing.
    let is_field = std::str::from_utf8(&raw[from..raw.len().min(from + 80)])
        .or_else(|e| std::str::from_utf8(&raw[from..from + e.valid_up_to()]))
        .is_ok_and(|text| super::fields::split(text).is_some());
    if is_field { from } else { line }
}

/// The end of the line at `at`, with the folded lines behind it.
fn line_end(raw: &[u8], at: usize) -> usize {
    let mut end = memchr::memchr(b'\n', &raw[at..]).map_or(raw.len(), |n| at + n);
    for _ in 0..64 {
        let folded = matches!(raw.get(end + 1), Some(b' ' | b'\t'));
        if !folded {
            break;
        }
        end = memchr::memchr(b'\n', &raw[end + 1..]).map_or(raw.len(), |n| end + 1 + n);
    }
    if end > at && raw.get(end - 1) == Some(&b'\r') { end - 1 } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, recipient: &str, words: &str, expect: (u64, &str)) {
        let place = Place { source: SourceId(0), raw: raw.as_bytes(), line: 10, start: 100 };
        let o = place.deciding(Some(recipient), words);
        let from = (o.start - 100) as usize;
        assert_eq!((o.line, &raw[from..from + o.len as usize]), expect);
    }

    #[test]
    fn deciding_lines() {
        let raw = "A: 1\n\n<a@example.org>: 550 no\n\nFinal-Recipient: rfc822; a@example.org\nDiagnostic-Code: smtp;\n    550 no\nX: y\n";
        check(raw, "a@example.org", "550 no", (15, "Diagnostic-Code: smtp;\n    550 no"));
        check("A: 1\r\n\r\n  x: 550 no\r\nend", "b@example.org", "550 no", (12, "  x: 550 no"));
        check("A: 1\n\nencoded\n", "b@example.org", "550 no", (10, "A: 1"));
        let two = "Final-Recipient: rfc822; a@example.org\nDiagnostic-Code: smtp; 550 no\n\nFinal-Recipient: rfc822; b@example.org\nDiagnostic-Code: smtp; 550 no\n";
        check(two, "b@example.org", "550 no", (14, "Diagnostic-Code: smtp; 550 no"));
    }
}
