//! A word looked for in all texts of a log at once.
//!
//! The texts of a chunk stand behind one another in memory. One search goes through all of them at the speed of
//! memory; afterwards it is known of each short stretch whether the word begins in it, and only texts with such a
//! stretch are looked at one by one.

use super::finder::{Finder, frequency};
use super::workers::{Workers, map};
use crate::model::Records;
use aho_corasick::Span;
use aho_corasick::packed::{Config, MatchKind, Searcher};
use std::ops::Range;

/// Bytes of a stretch.
const STRETCH: usize = 16;
/// Stretches of a word of bits, in bytes.
const WORD: usize = 64 * STRETCH;
/// What is searched at a time: so much that looking up costs nothing, so little that all processors get some.
const PIECE: usize = 1024 * WORD;
/// The search looks for so many letters, in all their cases; the rest is compared.
const MAX_LETTERS: usize = 3;

/// The stretches of each chunk's text in which a word begins.
pub(super) struct Places {
    len: usize,
    chunks: Vec<Vec<u64>>,
}

impl Places {
    /// Looks for the finder's word. `None` if that pays only text by text.
    pub fn find(
        finder: &Finder,
        chunks: &[&Records],
        workers: &dyn Workers,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Option<Self> {
        let search = Search::new(finder)?;
        let mut pieces = Vec::new();
        for (chunk, records) in chunks.iter().enumerate() {
            pieces.extend((0..records.text().len()).step_by(PIECE).map(|from| (chunk, from)));
        }
        let found = map(workers, pieces.len(), |piece| {
            let (chunk, from) = pieces[piece];
            if cancelled() { Vec::new() } else { search.stretches(chunks[chunk].text(), from) }
        });
        let mut all = vec![Vec::new(); chunks.len()];
        for ((chunk, _), found) in pieces.iter().zip(found) {
            all[*chunk].extend(found);
        }
        Some(Self { len: finder.needle().len(), chunks: all })
    }

    /// Nowhere in this chunk.
    pub fn is_empty(&self, chunk: usize) -> bool {
        self.chunks[chunk].iter().all(|word| *word == 0)
    }

    /// Whether the word stands at `text` of this chunk, whose texts are `all`.
    #[inline]
    pub fn is_in(&self, chunk: usize, text: Range<usize>, all: &str, finder: &Finder) -> bool {
        // Where it may begin.
        let Some(end) = (text.end + 1).checked_sub(self.len).filter(|end| *end > text.start) else {
            return false;
        };
        if !self.any(chunk, text.start / STRETCH..end.div_ceil(STRETCH)) {
            return false;
        }
        // At both ends are stretches of which only a part is the text's.
        self.any(chunk, text.start.div_ceil(STRETCH)..end / STRETCH) || finder.is_in(&all[text])
    }

    /// Whether the word begins in one of these stretches.
    #[inline]
    fn any(&self, chunk: usize, stretches: Range<usize>) -> bool {
        if stretches.is_empty() {
            return false;
        }
        let (first, last) = (stretches.start, stretches.end - 1);
        match &self.chunks[chunk][first / 64..=last / 64] {
            // Nearly all texts are short, and nearly everywhere the word does not begin.
            [0] | [0, 0] => false,
            [word] => word >> (first % 64) << (63 - (last - first)) != 0,
            words => stretches.into_iter().any(|at| words[at / 64 - first / 64] >> (at % 64) & 1 == 1),
        }
    }
}

/// A search for a word by its rarest letters.
struct Search {
    word: Vec<u8>,
    /// Where the letters stand in the word.
    at: usize,
    letters: Searcher,
}

impl Search {
    fn new(finder: &Finder) -> Option<Self> {
        let word = finder.needle().as_bytes().to_vec();
        // One letter is everywhere; what is not ASCII may be written in more ways than two.
        if word.len() < 2 || !word.is_ascii() {
            return None;
        }
        let n = word.len().min(MAX_LETTERS);
        let often =
            |at: &usize| word[*at..*at + n].iter().map(|byte| u32::from(frequency(*byte))).sum::<u32>();
        let at = (0..=word.len() - n).min_by_key(often)?;
        let mut cases = vec![Vec::new()];
        for byte in &word[at..at + n] {
            let upper = byte.to_ascii_uppercase();
            let one = |case: &Vec<u8>, byte: u8| [case.as_slice(), &[byte]].concat();
            let uppers: Vec<_> =
                cases.iter().filter(|_| upper != *byte).map(|case| one(case, upper)).collect();
            cases = cases.iter().map(|case| one(case, *byte)).chain(uppers).collect();
        }
        let letters = Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(cases).build()?;
        Some(Self { word, at, letters })
    }

    /// The stretches from `from` on, a piece of them.
    fn stretches(&self, text: &str, from: usize) -> Vec<u64> {
        let end = text.len().min(from + PIECE);
        let mut words = vec![0; (end - from).div_ceil(WORD)];
        let bytes = text.as_bytes();
        let n = self.word.len();
        // Where the letters of words stand that begin within the piece.
        let until = bytes.len().min(end + n - 1);
        let mut next = from + self.at;
        while next < until {
            let Some(found) = self.letters.find_in(bytes, Span::from(next..until)) else { break };
            let start = found.start() - self.at;
            let is_it = bytes.get(start..start + n).is_some_and(|word| word.eq_ignore_ascii_case(&self.word));
            next = found.start() + 1;
            if is_it && start < end {
                let stretch = (start - from) / STRETCH;
                words[stretch / 64] |= 1 << (stretch % 64);
                // One is enough.
                next = next.max(from + (stretch + 1) * STRETCH + self.at);
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::super::workers::Alone;
    use super::*;
    use crate::model::{Draft, Origin, SourceId};

    #[test]
    fn stretches_are_those_that_a_slow_search_finds() {
        let text: String =
            (0..60_000).map(|n| if n % 701 == 0 { "Over QUOTA".into() } else { format!("{n}o") }).collect();
        let origin = Origin { source: SourceId(0), line: 1, start: 0, len: 1 };
        let mut records = Records::default();
        // Longer than a piece: in many texts, because one alone would stand behind its length.
        for part in text.as_bytes().chunks(1000).cycle().take(3000) {
            let part = std::str::from_utf8(part).unwrap();
            records.push(&Draft { queue_id: Some(part), ..Draft::new("postfix", origin) });
        }
        let text = records.text().to_ascii_lowercase();
        assert!(text.len() > PIECE);
        for word in ["over quota", "Quota", "77o", "7", "quotum", "é", "0o"] {
            let finder = Finder::new(word);
            let Some(places) = Places::find(&finder, &[&records], &Alone, &|| false) else {
                assert!(word.len() == 1 || !word.is_ascii());
                continue;
            };
            let mut slow = vec![false; text.len().div_ceil(STRETCH)];
            text.match_indices(finder.needle()).for_each(|(at, _)| slow[at / STRETCH] = true);
            for (stretch, expect) in slow.iter().enumerate() {
                assert_eq!(places.any(0, stretch..stretch + 1), *expect, "{word} {stretch}");
            }
            assert_eq!(places.is_empty(0), !slow.contains(&true), "{word}");
            for (at, len) in (0..text.len() - 3000).step_by(97).zip((1..3000).step_by(61).cycle()) {
                let place = at..at + len;
                let expect = text[place.clone()].contains(finder.needle());
                assert_eq!(places.is_in(0, place, &text, &finder), expect, "{word} {at} {len}");
            }
        }
    }
}
