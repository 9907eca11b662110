//! What queries need of each rejection, kept small and side by side, and brought up to date as snapshots grow.
//!
//! A rejection is some hundred bytes with its texts elsewhere; a question about a million of them must not touch
//! them all. So what repeats together (pattern, verdict, source, codes, stage) is one *kind* with a number, a question
//! about it is answered once for each kind, and of a row there are some thirty bytes. Texts are not kept again: see
//! [`Column`].

use super::column::Column;
use super::strings::Strings;
pub(super) use crate::model::NO_TIME;
use crate::model::{
    Conclusion, Direction, EvidenceRef, Pattern, RejectionIdx, Rejections, Snapshot, Verdict,
};
use crate::smtp::{EnhancedStatus, ReplyCode, Stage, domain_of};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

/// The columns grow by so many rows at once: memory that was taken and not written yet costs nothing, and what moves
/// often leaves holes.
const GROWTH: usize = 1 << 20;

/// Prepared facts about a snapshot. Keep one for each case and pass it to
/// [`answer_with`](super::view::answer_with): only what is new is read.
#[derive(Default)]
pub struct Index {
    chunks: Chunks,
    /// Microseconds since 1970, or [`NO_TIME`].
    pub(super) times: Vec<i64>,
    /// For each row the number of its kind.
    pub(super) kind_of: Vec<u32>,
    /// For each row the number of the recipient's domain.
    pub(super) domain_of: Vec<u32>,
    /// For each row the [mark](name_mark) of the recipient's name.
    pub(super) name_marks: Vec<u8>,
    /// Final recipients; those that differ in case alone are the same. So for senders and remote MTAs.
    pub(super) recipients: Column,
    pub(super) senders: Column,
    pub(super) remote_mtas: Column,
    pub(super) kinds: Vec<Kind>,
    /// How many rows each kind has.
    pub(super) rows_of_kind: Vec<u32>,
    /// How many rows each domain has.
    pub(super) rows_of_domain: Vec<u32>,
    /// All rows, newest first; without a time last; then in source order.
    pub(super) order: Arc<Vec<RejectionIdx>>,
    /// Domains of recipients in lower case; number 0 is none.
    pub(super) domains: Strings,
    pub(super) patterns: Vec<Arc<Pattern>>,
    pub(super) verdicts: Vec<Arc<Verdict>>,
    kind_numbers: HashMap<Kind, u32, foldhash::fast::RandomState>,
    pattern_numbers: HashMap<Box<str>, u32>,
    pattern_addresses: HashMap<usize, u32>,
    verdict_addresses: HashMap<usize, u32>,
}

/// The rejections in pieces. Kept alive, because patterns and verdicts are known by their addresses, and texts are
/// looked up in them.
#[derive(Default)]
struct Chunks {
    all: Vec<Arc<Rejections>>,
    /// Index of the first rejection of each.
    starts: Vec<RejectionIdx>,
}

impl Chunks {
    fn evidence(&self, idx: RejectionIdx) -> EvidenceRef<'_> {
        let chunk = self.starts.partition_point(|start| *start <= idx) - 1;
        self.all[chunk].evidence().get((idx - self.starts[chunk]) as usize)
    }
}

/// What repeats together. There are about as many kinds as patterns.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub pattern: u32,
    pub verdict: u32,
    pub source: u32,
    pub code: Option<ReplyCode>,
    pub status: Option<EnhancedStatus>,
    pub stage: Stage,
    pub permanent: bool,
    pub incoming: bool,
    /// The recipient was first given as something else.
    pub readdressed: bool,
    /// Another source tells of the same refusal, and that one counts.
    pub retold: bool,
}

impl Index {
    /// Takes in what `snapshot` holds more than the last one did. Another case begins anew.
    pub fn update(&mut self, snapshot: &Snapshot) {
        let same = self.chunks.all.len() <= snapshot.chunks.len()
            && self.chunks.all.iter().zip(&snapshot.chunks).all(|(mine, theirs)| Arc::ptr_eq(mine, theirs));
        if !same {
            *self = Self::default();
        }
        let n_before = self.len();
        let new: Vec<Arc<Rejections>> = snapshot.chunks.iter().skip(self.chunks.all.len()).cloned().collect();
        self.reserve(new.iter().map(|chunk| chunk.len()).sum());
        new.into_iter().for_each(|chunk| self.push(chunk));
        if self.len() > n_before {
            self.sort_from(n_before);
        }
        snapshot.retold.iter().for_each(|row| self.is_retold(row as usize));
    }

    /// Counts a row no more: another source tells of the same refusal.
    fn is_retold(&mut self, row: usize) {
        let kind = self.kinds[self.kind_of[row] as usize];
        if !kind.retold {
            self.rows_of_kind[self.kind_of[row] as usize] -= 1;
            let number = self.kind(Kind { retold: true, ..kind });
            self.kind_of[row] = number;
            self.rows_of_kind[number as usize] += 1;
        }
    }

    /// How many rejections.
    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    /// The rejections in order, in pieces, each with the index of its first.
    pub(super) fn chunks(&self) -> impl ExactSizeIterator<Item = (usize, &Arc<Rejections>)> {
        self.chunks.starts.iter().map(|start| *start as usize).zip(&self.chunks.all)
    }

    /// The newest time of all, transient or not.
    pub(super) fn newest(&self) -> Option<i64> {
        let first = *self.order.first()?;
        Some(self.times[first as usize]).filter(|time| *time != NO_TIME)
    }

    fn reserve(&mut self, n_new: usize) {
        let more = (self.len() + n_new).next_multiple_of(GROWTH) - self.len();
        self.times.reserve_exact(more);
        self.kind_of.reserve_exact(more);
        self.domain_of.reserve_exact(more);
        self.name_marks.reserve_exact(more);
        for column in [&mut self.recipients, &mut self.senders, &mut self.remote_mtas] {
            column.reserve(more);
        }
    }

    fn push(&mut self, chunk: Arc<Rejections>) {
        self.chunks.starts.push(self.len() as RejectionIdx);
        self.chunks.all.push(Arc::clone(&chunk));
        let conclusions: Vec<(u32, u32)> =
            chunk.conclusions().iter().map(|c| (self.pattern(c), self.verdict(c))).collect();
        // The kind that was last seen with each conclusion: nearly always it is the same again.
        let mut last_kinds = vec![u32::MAX; conclusions.len()];
        let mut text = String::new();
        for (evidence, number) in chunk.evidence().iter().zip(chunk.numbers()) {
            let number = *number as usize;
            let kind = kind(evidence, conclusions[number]);
            if self.kinds.get(last_kinds[number] as usize) != Some(&kind) {
                last_kinds[number] = self.kind(kind);
            }
            self.kind_of.push(last_kinds[number]);
            self.rows_of_kind[last_kinds[number] as usize] += 1;
            self.push_texts(evidence, &mut text);
            self.times.push(evidence.micros());
        }
    }

    fn push_texts(&mut self, evidence: EvidenceRef<'_>, lower: &mut String) {
        let chunks = &self.chunks;
        let mut push = |column: &mut Column, text: Option<&str>, of: fn(EvidenceRef<'_>) -> Option<&str>| {
            lower.clear();
            lower.push_str(text.unwrap_or(""));
            lower.make_ascii_lowercase();
            let is_same = |idx, text: &str| {
                of(chunks.evidence(idx)).is_some_and(|other| other.eq_ignore_ascii_case(text))
            };
            column.push(text.map(|_| lower.as_str()), is_same)
        };
        push(&mut self.senders, evidence.reverse_path(), |e| e.reverse_path());
        push(&mut self.remote_mtas, evidence.remote_mta(), |e| e.remote_mta());
        let recipient = evidence.final_recipient().filter(|recipient| !recipient.is_empty());
        let first = push(&mut self.recipients, recipient, |e| e.final_recipient());
        let (domain, mark) = match self.domain_of.get(first as usize) {
            Some(domain) => (*domain, self.name_marks[first as usize]),
            None => {
                let domain = domain_of(lower).map_or(0, |domain| self.domains.number(domain));
                (domain, name_mark(lower))
            }
        };
        self.domain_of.push(domain);
        self.name_marks.push(mark);
        self.rows_of_domain.resize(self.domains.len(), 0);
        self.rows_of_domain[domain as usize] += 1;
    }

    fn kind(&mut self, kind: Kind) -> u32 {
        let (kinds, n_rows) = (&mut self.kinds, &mut self.rows_of_kind);
        *self.kind_numbers.entry(kind).or_insert_with(|| {
            kinds.push(kind);
            n_rows.push(0);
            (kinds.len() - 1) as u32
        })
    }

    fn pattern(&mut self, conclusion: &Conclusion) -> u32 {
        let pattern = &conclusion.pattern;
        let (patterns, numbers) = (&mut self.patterns, &mut self.pattern_numbers);
        *self.pattern_addresses.entry(Arc::as_ptr(pattern) as usize).or_insert_with(|| {
            // Each worker has its own copy of a pattern; the id says that they are the same.
            *numbers.entry(pattern.id.clone()).or_insert_with(|| {
                patterns.push(Arc::clone(pattern));
                (patterns.len() - 1) as u32
            })
        })
    }

    fn verdict(&mut self, conclusion: &Conclusion) -> u32 {
        let verdicts = &mut self.verdicts;
        *self.verdict_addresses.entry(Arc::as_ptr(&conclusion.verdict) as usize).or_insert_with(|| {
            verdicts.push(Arc::clone(&conclusion.verdict));
            (verdicts.len() - 1) as u32
        })
    }

    /// Puts the rows from `n_before` on to their places in the order.
    fn sort_from(&mut self, n_before: usize) {
        let time = |idx: &RejectionIdx| self.times[*idx as usize];
        // A log is in order of time with many equal seconds: read backwards it is already sorted, which the stable
        // sort sees at once. Only the order among equal times has to be turned afterwards.
        let mut new: Vec<RejectionIdx> =
            (n_before..self.len()).rev().map(|row| row as RejectionIdx).collect();
        new.sort_by_key(|idx| Reverse(time(idx)));
        for same_time in new.chunk_by_mut(|a, b| time(a) == time(b)) {
            same_time.reverse();
        }
        // What is older than all that is new stays where it is.
        let oldest = new.last().map_or(NO_TIME, time);
        let touched = self.order.partition_point(|idx| time(idx) >= oldest);
        let mut merged = Vec::with_capacity(touched + new.len());
        let mut before = self.order[..touched].iter().copied().peekable();
        for idx in &new {
            while let Some(earlier) = before.next_if(|earlier| time(earlier) >= time(idx)) {
                merged.push(earlier);
            }
            merged.push(*idx);
        }
        merged.extend(before);
        let order = Arc::make_mut(&mut self.order);
        order.reserve_exact(self.times.capacity() - order.len());
        order.splice(..touched, merged);
    }
}

/// A byte that follows from what stands before the first `@` of a mailbox in lower case: where it differs, so does the
/// name, and the mailbox need not be read. 0 is that of mailboxes that are not ASCII, whose case is a longer story.
pub(super) fn name_mark(mailbox: &str) -> u8 {
    if !mailbox.is_ascii() {
        return 0;
    }
    let name = mailbox.split('@').next().unwrap_or("");
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (1 + hash % 255) as u8
}

fn kind(evidence: EvidenceRef<'_>, (pattern, verdict): (u32, u32)) -> Kind {
    Kind {
        pattern,
        verdict,
        source: evidence.origin().source.0,
        code: evidence.reply_code(),
        status: evidence.enhanced_status(),
        stage: evidence.stage(),
        permanent: evidence.is_permanent(),
        incoming: evidence.direction() == Direction::Incoming,
        readdressed: evidence.original_recipient().is_some(),
        retold: false,
    }
}

#[cfg(test)]
mod tests {
    use super::name_mark;

    #[test]
    fn a_name_has_the_same_mark_everywhere() {
        assert_eq!(name_mark("ana@example.org"), name_mark("ana@b@c"));
        assert_eq!(name_mark("ana@"), name_mark("ana"));
        assert_ne!(name_mark("ana@example.org"), name_mark("bo@example.org"));
        assert_eq!((name_mark("k\u{212a}@x"), name_mark("") == 0), (0, false));
    }
}
