//! What queries need of each rejection, kept small and side by side, and brought up to date as snapshots grow.
//!
//! A rejection is some hundred bytes with its texts elsewhere; a question about a million of them must not touch
//! them all. So whatever repeats (recipient, domain, pattern, verdict) gets a number once, a term about it is
//! answered once for each number, and a row is 32 bytes.

pub(super) use crate::model::NO_TIME;
use crate::model::{Direction, Pattern, RejectionIdx, RejectionRef, Rejections, Snapshot, Verdict};
use crate::smtp::domain_of;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::sync::Arc;

/// Prepared facts about a snapshot. Keep one for each case and pass it to
/// [`answer_with`](super::view::answer_with): only what is new is read.
#[derive(Default)]
pub struct Index {
    /// Kept alive, because patterns and verdicts are known by their addresses.
    chunks: Vec<Arc<Rejections>>,
    pub(super) rows: Vec<Row>,
    /// All rows, newest first; without a time last; then in source order.
    pub(super) order: Vec<RejectionIdx>,
    /// Final recipients in lower case; number 0 is none.
    pub(super) recipients: Strings,
    /// Their domains in lower case; number 0 is none.
    pub(super) domains: Strings,
    pub(super) patterns: Vec<Arc<Pattern>>,
    pub(super) verdicts: Vec<Arc<Verdict>>,
    pattern_numbers: HashMap<Box<str>, u32>,
    pattern_addresses: HashMap<usize, u32>,
    verdict_addresses: HashMap<usize, u32>,
}

/// One rejection in numbers.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// Microseconds since 1970, or [`NO_TIME`].
    pub time: i64,
    pub pattern: u32,
    pub verdict: u32,
    pub recipient: u32,
    pub domain: u32,
    pub source: u32,
    /// 0 is none.
    pub code: u16,
    pub stage: u8,
    pub permanent: bool,
    pub incoming: bool,
}

impl Index {
    /// Takes in what `snapshot` holds more than the last one did. Another case begins anew.
    pub fn update(&mut self, snapshot: &Snapshot) {
        let same = self.chunks.len() <= snapshot.chunks.len()
            && self.chunks.iter().zip(&snapshot.chunks).all(|(mine, theirs)| Arc::ptr_eq(mine, theirs));
        if !same {
            *self = Self::default();
        }
        let new: Vec<Arc<Rejections>> = snapshot.chunks.iter().skip(self.chunks.len()).cloned().collect();
        if new.is_empty() {
            return;
        }
        let n_new = new.iter().map(|chunk| chunk.len()).sum();
        self.rows.reserve(n_new);
        let mut text = String::new();
        for chunk in &new {
            let numbers: Vec<(u32, u32)> = chunk
                .conclusions()
                .iter()
                .map(|c| (self.pattern(&c.pattern), self.verdict(&c.verdict)))
                .collect();
            for (rejection, number) in chunk.iter().zip(chunk.numbers()) {
                let row = self.row(rejection, numbers[*number as usize], &mut text);
                self.rows.push(row);
            }
        }
        self.chunks.extend(new);
        self.sort();
    }

    /// The rejections in order, in pieces.
    pub(super) fn chunks(&self) -> &[Arc<Rejections>] {
        &self.chunks
    }

    /// The newest time of all, transient or not.
    pub(super) fn newest(&self) -> Option<i64> {
        let first = *self.order.first()?;
        Some(self.rows[first as usize].time).filter(|time| *time != NO_TIME)
    }

    fn row(&mut self, rejection: RejectionRef<'_>, (pattern, verdict): (u32, u32), text: &mut String) -> Row {
        let evidence = rejection.evidence;
        let (mut recipient, mut domain) = (0, 0);
        if let Some(address) = evidence.final_recipient() {
            text.clear();
            text.push_str(address);
            text.make_ascii_lowercase();
            recipient = self.recipients.number(text);
            domain = domain_of(text).map_or(0, |domain| self.domains.number(domain));
        }
        Row {
            time: evidence.micros(),
            pattern,
            verdict,
            recipient,
            domain,
            source: evidence.origin().source.0,
            code: evidence.reply_code().map_or(0, |code| code.get()),
            stage: evidence.stage() as u8,
            permanent: rejection.is_permanent(),
            incoming: evidence.direction() == Direction::Incoming,
        }
    }

    fn pattern(&mut self, pattern: &Arc<Pattern>) -> u32 {
        let (patterns, numbers) = (&mut self.patterns, &mut self.pattern_numbers);
        *self.pattern_addresses.entry(Arc::as_ptr(pattern) as usize).or_insert_with(|| {
            // Each worker has its own copy of a pattern; the id says that they are the same.
            *numbers.entry(pattern.id.clone()).or_insert_with(|| {
                patterns.push(Arc::clone(pattern));
                (patterns.len() - 1) as u32
            })
        })
    }

    fn verdict(&mut self, verdict: &Arc<Verdict>) -> u32 {
        let verdicts = &mut self.verdicts;
        *self.verdict_addresses.entry(Arc::as_ptr(verdict) as usize).or_insert_with(|| {
            verdicts.push(Arc::clone(verdict));
            (verdicts.len() - 1) as u32
        })
    }

    fn sort(&mut self) {
        // A log is in order of time with many equal seconds: read backwards it is already sorted, which the stable
        // sort sees at once. Only the order among equal times has to be turned afterwards.
        let rows = &self.rows;
        self.order.clear();
        self.order.extend((0..rows.len() as RejectionIdx).rev());
        self.order.sort_by_key(|idx| std::cmp::Reverse(rows[*idx as usize].time));
        for same_time in self.order.chunk_by_mut(|a, b| rows[*a as usize].time == rows[*b as usize].time) {
            same_time.reverse();
        }
    }
}

/// Different texts, each once, with a number; number 0 is the empty text.
pub(super) struct Strings {
    text: String,
    ends: Vec<usize>,
    numbers: HashMap<u64, u32, BuildHasherDefault<AsItIs>>,
    hasher: RandomState,
}

impl Default for Strings {
    fn default() -> Self {
        let mut strings = Self {
            text: String::new(),
            ends: Vec::new(),
            numbers: HashMap::default(),
            hasher: RandomState::new(),
        };
        strings.number("");
        strings
    }
}

impl Strings {
    /// How many, the empty one included.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text with this number.
    pub fn get(&self, number: u32) -> &str {
        let number = number as usize;
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.text[start..self.ends[number]]
    }

    /// By number, whether `needle` stands in it: one search through all of them.
    pub fn containing(&self, needle: &str) -> Vec<bool> {
        let mut out = vec![false; self.len()];
        let finder = memchr::memmem::Finder::new(needle);
        let text = self.text.as_bytes();
        let (mut number, mut from) = (0, 0);
        while let Some(found) = finder.find(&text[from..]) {
            let at = from + found;
            number += self.ends[number..].partition_point(|end| *end <= at);
            let Some(end) = self.ends.get(number) else { break };
            if at + needle.len() <= *end {
                out[number] = true;
                from = *end;
            } else {
                // From the end of one into the beginning of the next; a true one may begin within.
                from = at + 1;
            }
        }
        out
    }

    /// All, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|number| self.get(number))
    }

    fn number(&mut self, text: &str) -> u32 {
        let mut hash = self.hasher.hash_one(text);
        // Two texts with one hash are next to impossible; if it happens the second takes the next free number.
        while let Some(number) = self.numbers.get(&hash) {
            if self.get(*number) == text {
                return *number;
            }
            hash = hash.wrapping_add(1);
        }
        let number = self.ends.len() as u32;
        self.text.push_str(text);
        self.ends.push(self.text.len());
        self.numbers.insert(hash, number);
        number
    }
}

/// For keys that are hashes already.
#[derive(Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 << 8) | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_kept_once() {
        let mut strings = Strings::default();
        let numbers: Vec<u32> =
            ["ab", "", "cab", "ab", "b"].iter().map(|text| strings.number(text)).collect();
        assert_eq!(numbers, [1, 0, 2, 1, 3]);
        assert_eq!(strings.iter().collect::<Vec<_>>(), ["", "ab", "cab", "b"]);
        assert_eq!(strings.containing("ab"), [false, true, true, false]);
        // `ab`, `cab`, `b` stand side by side in memory; `bc` and `abb` only there.
        assert_eq!(strings.containing("bc"), [false; 4]);
        assert_eq!(strings.containing("b"), [false, true, true, true]);
        let mut strings = Strings::default();
        ["xab", "abab"].iter().for_each(|text| _ = strings.number(text));
        assert_eq!(strings.containing("abab"), [false, false, true]);
    }
}
