//! The evidence of many refusals, packed: fixed records, and their texts behind one another in one piece of memory.
//!
//! A million [`Evidence`] values would be twenty million small pieces of memory. Here a refusal is one record of
//! [some hundred bytes](Record) and the bytes of its texts; what the refusals of one log repeat (the host that wrote
//! it, a remote MTA, a sender, a reply word for word) is kept once.

mod draft;
mod view;

pub use draft::{Draft, Try};
pub use view::EvidenceRef;

use super::{Action, Attempt, Direction, Evidence, Origin, OriginalMail, SourceId, Timestamp};
use crate::smtp::{EnhancedStatus, ReplyCode, ReversePath, Stage};
use std::net::IpAddr;
use std::ops::Range;

/// Texts of a record, by their places in its spans.
const REPORTING_MTA: usize = 0;
const REMOTE_MTA: usize = 1;
const QUEUE_ID: usize = 2;
const MESSAGE_ID: usize = 3;
const REVERSE_PATH: usize = 4;
const FINAL_RECIPIENT: usize = 5;
const ORIGINAL_RECIPIENT: usize = 6;
const DIAGNOSTIC_CODE: usize = 7;
const N_TEXTS: usize = 8;

const INCOMING: u8 = 1;
const STAGE_INFERRED: u8 = 2;
const DELAYED: u8 = 4;
/// The evidence itself is its only try.
const OWN_TRY: u8 = 8;
const IP4: u8 = 16;
const IP6: u8 = 32;

/// The time of a record that has none, in microseconds: sorts as the oldest.
pub const NO_TIME: i64 = i64::MIN;

/// One refusal without its texts.
#[derive(Clone, Debug)]
struct Record {
    /// Microseconds since 1970, or [`NO_TIME`].
    time: i64,
    /// The deciding line.
    line: u64,
    start: u64,
    len: u32,
    source: u32,
    texts: Spans<N_TEXTS>,
    /// Where the other origins begin in `places`.
    origins_at: u32,
    n_origins: u16,
    /// The last four bytes of the address, or where the sixteen stand in `text6`.
    ip: u32,
    /// One more than its place in `more`; 0 is none.
    more: u32,
    codes: Codes,
    format: u8,
    stage: u8,
    flags: u8,
}

/// What few records have.
#[derive(Clone, Copy, Default, Debug)]
struct More {
    /// Where the tries begin in `tries`.
    tries_at: u32,
    n_tries: u16,
    /// One more than its place in `originals`; 0 is none.
    original: u32,
}

/// Where texts begin, and how long they are; [`NONE`] is none. A text of 65,535 bytes or more stands behind its length in
/// eleven octal digits.
#[derive(Clone, Copy, Debug)]
struct Spans<const N: usize> {
    at: [u32; N],
    len: [u16; N],
}

type Span = (u32, u16);

const NONE: Span = (u32::MAX, 0);
const LONG: u16 = u16::MAX;

impl<const N: usize> Spans<N> {
    fn get(&self, n: usize) -> Span {
        (self.at[n], self.len[n])
    }

    fn set(&mut self, n: usize, (at, len): Span) {
        (self.at[n], self.len[n]) = (at, len);
    }

    /// The texts have moved by `by` bytes.
    fn shift(&mut self, by: u32) {
        for at in &mut self.at {
            if *at != NONE.0 {
                *at += by;
            }
        }
    }
}

/// Reply code and enhanced status code; 0 is none. In bytes, so that a record has no gap behind them.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Codes {
    reply: [u8; 2],
    subject: [u8; 2],
    detail: [u8; 2],
    class: u8,
}

impl Codes {
    fn new(reply: Option<ReplyCode>, status: Option<EnhancedStatus>) -> Self {
        let (class, subject, detail) = status.map_or((0, 0, 0), |s| (s.class, s.subject, s.detail));
        let reply = reply.map_or(0, ReplyCode::get).to_ne_bytes();
        Self { reply, class, subject: subject.to_ne_bytes(), detail: detail.to_ne_bytes() }
    }

    fn reply(self) -> Option<ReplyCode> {
        ReplyCode::new(u16::from_ne_bytes(self.reply))
    }

    fn status(self) -> Option<EnhancedStatus> {
        let class = self.class;
        let (subject, detail) = (u16::from_ne_bytes(self.subject), u16::from_ne_bytes(self.detail));
        (class != 0).then_some(EnhancedStatus { class, subject, detail })
    }
}

/// One try.
#[derive(Clone, Debug)]
struct TryRecord {
    time: i64,
    line: u64,
    start: u64,
    len: u32,
    source: u32,
    /// Remote MTA and words.
    texts: Spans<2>,
    codes: Codes,
}

/// The evidence of many refusals, in the order in which their deciding lines stand.
#[derive(Clone, Default, Debug)]
pub struct Records {
    records: Vec<Record>,
    more: Vec<More>,
    tries: Vec<TryRecord>,
    text: String,
    /// Origins but the first ones, each in five numbers counted from the deciding line.
    places: Vec<u8>,
    originals: Vec<OriginalMail>,
    formats: Vec<&'static str>,
    recent: Recent,
}

/// Texts are looked for among those kept last.
#[derive(Clone, Default, Debug)]
struct Recent(Vec<Span>);

impl Recent {
    const N_PLACES: usize = 512;

    fn place(&mut self, bytes: &[u8]) -> &mut Span {
        self.0.resize(Self::N_PLACES, NONE);
        let first = bytes.first_chunk::<8>().map_or(0, |chunk| u64::from_le_bytes(*chunk));
        let last = bytes.last_chunk::<8>().map_or(0, |chunk| u64::from_le_bytes(*chunk));
        let middle = bytes[bytes.len() / 2..].first_chunk::<8>().map_or(0, |c| u64::from_le_bytes(*c));
        let word = first ^ last.rotate_left(23) ^ middle.rotate_left(41) ^ bytes.len() as u64;
        &mut self.0[(word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 55) as usize]
    }
}

impl Records {
    /// How many.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The evidence at `at`, which must be less than [`Self::len`].
    pub fn get(&self, at: usize) -> EvidenceRef<'_> {
        EvidenceRef { all: self, record: &self.records[at] }
    }

    /// All, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = EvidenceRef<'_>> + Clone {
        self.records.iter().map(|record| EvidenceRef { all: self, record })
    }

    /// All texts, behind one another.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of memory in use, as far as this value owns them.
    pub fn bytes(&self) -> usize {
        self.records.len() * size_of::<Record>()
            + self.more.len() * size_of::<More>()
            + self.tries.len() * size_of::<TryRecord>()
            + self.text.len()
            + self.places.len()
            + self.originals.len() * size_of::<OriginalMail>()
    }

    /// Adds a refusal.
    pub fn push(&mut self, draft: &Draft<'_>) {
        let origin = draft.origin;
        let mut texts = Spans { at: [NONE.0; N_TEXTS], len: [NONE.1; N_TEXTS] };
        // What repeats is looked for among what is there; the rest differs from refusal to refusal.
        texts.set(REPORTING_MTA, self.shared(draft.reporting_mta));
        texts.set(REMOTE_MTA, self.shared(draft.remote_mta));
        texts.set(QUEUE_ID, self.own(draft.queue_id));
        texts.set(MESSAGE_ID, self.own(draft.message_id));
        texts.set(REVERSE_PATH, self.shared(draft.reverse_path));
        let reply = self.shared(Some(draft.diagnostic_code));
        texts.set(DIAGNOSTIC_CODE, reply);
        texts.set(FINAL_RECIPIENT, self.part_of(reply, draft.final_recipient));
        texts.set(ORIGINAL_RECIPIENT, self.own(draft.original_recipient));
        let mut flags = 0;
        let (mut n_tries, tries_at) = (0, self.tries.len() as u32);
        match draft.tries {
            [only] if is_own_try(draft, only) => flags |= OWN_TRY,
            tries => {
                for one in tries.iter().take(usize::from(u16::MAX)) {
                    self.push_try(one, texts.get(DIAGNOSTIC_CODE), draft.diagnostic_code);
                    n_tries += 1;
                }
            }
        }
        let origins_at = self.places.len() as u32;
        let others = &draft.other_origins[..draft.other_origins.len().min(usize::from(u16::MAX))];
        others.iter().for_each(|other| self.push_place(origin, *other));
        let (ip, ip_flag) = self.push_ip(draft.remote_ip);
        let original = draft.original.filter(|mail| **mail != OriginalMail::default()).map_or(0, |mail| {
            self.originals.push(mail.clone());
            self.originals.len() as u32
        });
        let more = match (n_tries, original) {
            (0, 0) => 0,
            _ => {
                self.more.push(More { tries_at, n_tries, original });
                self.more.len() as u32
            }
        };
        flags |= ip_flag;
        flags |= if draft.direction == Direction::Incoming { INCOMING } else { 0 };
        flags |= if draft.stage_inferred { STAGE_INFERRED } else { 0 };
        flags |= if draft.action == Action::Delayed { DELAYED } else { 0 };
        let format = self.format(draft.format);
        self.records.push(Record {
            time: micros(draft.time),
            line: origin.line,
            start: origin.start,
            len: origin.len,
            source: origin.source.0,
            texts,
            origins_at,
            n_origins: others.len() as u16,
            ip,
            more,
            codes: Codes::new(draft.reply_code, draft.enhanced_status),
            format,
            stage: draft.stage as u8,
            flags,
        });
    }

    /// Adds a refusal that was put together piece by piece.
    pub fn push_evidence(&mut self, evidence: &Evidence) {
        let tries: Vec<Try<'_>> = evidence.attempts.iter().map(Attempt::as_try).collect();
        let nowhere = Origin { source: SourceId(u32::MAX), line: 0, start: 0, len: 0 };
        self.push(&Draft {
            format: evidence.format,
            direction: evidence.direction,
            time: evidence.time,
            reporting_mta: evidence.reporting_mta.as_deref(),
            remote_mta: evidence.remote_mta.as_deref(),
            remote_ip: evidence.remote_ip,
            queue_id: evidence.queue_id.as_deref(),
            message_id: evidence.message_id.as_deref(),
            reverse_path: evidence.reverse_path.as_ref().map(ReversePath::mailbox),
            final_recipient: evidence.final_recipient.as_deref(),
            original_recipient: evidence.original_recipient.as_deref(),
            stage: evidence.stage,
            stage_inferred: evidence.stage_inferred,
            reply_code: evidence.reply_code,
            enhanced_status: evidence.enhanced_status,
            diagnostic_code: &evidence.diagnostic_code,
            action: evidence.action,
            origin: evidence.origins.first().copied().unwrap_or(nowhere),
            other_origins: evidence.origins.get(1..).unwrap_or(&[]),
            tries: &tries,
            original: Some(&evidence.original),
        });
    }

    /// All of `parts`, in memory that is just enough.
    pub fn of_all<'a>(parts: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let sum = |len: fn(&Self) -> usize| parts.clone().map(len).sum();
        let mut all = Self {
            records: Vec::with_capacity(sum(|part| part.records.len())),
            more: Vec::with_capacity(sum(|part| part.more.len())),
            tries: Vec::with_capacity(sum(|part| part.tries.len())),
            text: String::with_capacity(sum(|part| part.text.len())),
            places: Vec::with_capacity(sum(|part| part.places.len())),
            originals: Vec::with_capacity(sum(|part| part.originals.len())),
            ..Self::default()
        };
        parts.for_each(|part| all.append(part));
        all
    }

    /// Adds all of `later` at the end.
    pub fn append(&mut self, later: &Self) {
        let (text, tries) = (self.text.len() as u32, self.tries.len() as u32);
        let (places, originals) = (self.places.len() as u32, self.originals.len() as u32);
        let n_more = self.more.len() as u32;
        let formats: Vec<u8> = later.formats.iter().map(|format| self.format(format)).collect();
        self.text.push_str(&later.text);
        self.places.extend_from_slice(&later.places);
        self.originals.extend_from_slice(&later.originals);
        self.tries.extend(later.tries.iter().cloned().map(|mut one| {
            one.texts.shift(text);
            one
        }));
        self.more.extend(later.more.iter().map(|more| More {
            tries_at: more.tries_at + tries,
            original: if more.original == 0 { 0 } else { more.original + originals },
            ..*more
        }));
        self.records.extend(later.records.iter().cloned().map(|mut record| {
            record.texts.shift(text);
            record.origins_at += places;
            record.format = formats[usize::from(record.format)];
            if record.more != 0 {
                record.more += n_more;
            }
            if record.flags & IP6 != 0 {
                record.ip += text;
            }
            record
        }));
    }

    /// Takes off the last record.
    pub fn pop(&mut self) -> Option<Evidence> {
        let last = self.get(self.len().checked_sub(1)?).to_evidence();
        let record = self.records.pop()?;
        // The last record may not be the one whose tries stand at the end: records can be put in another order.
        if record.more != 0 && record.more as usize == self.more.len() {
            let More { tries_at, .. } = self.more.pop().unwrap_or_default();
            self.tries.truncate(tries_at as usize);
        }
        Some(last)
    }

    /// Takes off the records from `at` on.
    pub fn split_off(&mut self, at: usize) -> Self {
        if at >= self.len() {
            return Self::default();
        }
        let mut later = self.clone();
        later.records.drain(..at);
        self.records.truncate(at);
        later
    }

    /// Puts the records in another order: the one at `order[n]` becomes number `n`.
    pub fn reorder(&mut self, order: &[usize]) {
        self.records = order.iter().map(|at| self.records[*at].clone()).collect();
    }

    /// The lines were counted from a later line: all numbers are raised.
    pub fn shift_lines(&mut self, lines: u64) {
        self.records.iter_mut().for_each(|record| record.line += lines);
        self.tries.iter_mut().for_each(|one| one.line += lines);
    }

    /// All stands further on in its source.
    pub fn shift_places(&mut self, lines: u64, bytes: u64) {
        self.shift_lines(lines);
        self.records.iter_mut().for_each(|record| record.start += bytes);
        self.tries.iter_mut().for_each(|one| one.start += bytes);
    }

    /// The stage that the verdict suggests, where the evidence names none.
    pub fn infer_stage(&mut self, at: usize, stage: Stage) {
        let record = &mut self.records[at];
        record.stage = stage as u8;
        record.flags |= STAGE_INFERRED;
    }

    /// The grammars, in the order in which they came.
    pub fn formats(&self) -> &[&'static str] {
        &self.formats
    }

    /// Forgets all but the memory.
    pub fn clear(&mut self) {
        self.records.clear();
        self.more.clear();
        self.tries.clear();
        self.text.clear();
        self.places.clear();
        self.originals.clear();
        self.formats.clear();
        self.recent.0.clear();
    }

    fn format(&mut self, format: &'static str) -> u8 {
        let known = self.formats.iter().position(|f| *f == format);
        known.unwrap_or_else(|| {
            self.formats.push(format);
            self.formats.len() - 1
        }) as u8
    }

    fn own(&mut self, text: Option<&str>) -> Span {
        let Some(text) = text else { return NONE };
        let at = self.text.len();
        let Ok(place) = u32::try_from(at + text.len() + 4) else { return NONE };
        if text.len() >= usize::from(LONG) {
            // As text, so that all of it is: three bits a byte.
            let len = text.len();
            (0..11).for_each(|n| self.text.push(char::from(b'0' + ((len >> (3 * n)) & 7) as u8)));
            self.text.push_str(text);
            return (at as u32, LONG);
        }
        self.text.push_str(text);
        (place - text.len() as u32 - 4, text.len() as u16)
    }

    fn shared(&mut self, text: Option<&str>) -> Span {
        let Some(text) = text else { return NONE };
        let seen = *self.recent.place(text.as_bytes());
        if seen != NONE && self.at(seen) == Some(text) {
            return seen;
        }
        let span = self.own(Some(text));
        *self.recent.place(text.as_bytes()) = span;
        span
    }

    /// Many replies name the mailbox that they are about: it is kept once.
    fn part_of(&mut self, whole: Span, mailbox: Option<&str>) -> Span {
        let found = mailbox.and_then(|mailbox| {
            let bytes = mailbox.as_bytes();
            let len = u16::try_from(bytes.len()).ok().filter(|len| *len != LONG)?;
            let (at, place) = (memchr::memchr(b'@', bytes)?, self.place(whole)?);
            let whole = &self.text.as_bytes()[place.clone()];
            let start = memchr::memchr_iter(b'@', whole)
                .filter_map(|sign| sign.checked_sub(at))
                .find(|start| whole[*start..].starts_with(bytes))?;
            Some(((place.start + start) as u32, len))
        });
        found.unwrap_or_else(|| self.own(mailbox))
    }

    fn at(&self, span: Span) -> Option<&str> {
        self.place(span).map(|place| &self.text[place])
    }

    #[inline]
    fn place(&self, (at, len): Span) -> Option<Range<usize>> {
        if (at, len) == NONE {
            return None;
        }
        let at = at as usize;
        if len == LONG {
            let digits = self.text.as_bytes()[at..at + 11].iter().rev();
            let len = digits.fold(0, |len, digit| len << 3 | usize::from(digit - b'0'));
            return Some(at + 11..at + 11 + len);
        }
        Some(at..at + usize::from(len))
    }

    fn push_try(&mut self, one: &Try<'_>, own_text: Span, diagnostic_code: &str) {
        let mut texts = Spans { at: [NONE.0; 2], len: [NONE.1; 2] };
        texts.set(0, self.shared(one.remote_mta));
        let same = same_text(one.text, diagnostic_code);
        let text = if same { own_text } else { self.shared(Some(one.text)) };
        texts.set(1, text);
        let Origin { source, line, start, len } = one.origin;
        let codes = Codes::new(one.reply_code, one.enhanced_status);
        self.tries.push(TryRecord {
            time: micros(one.time),
            line,
            start,
            len,
            source: source.0,
            texts,
            codes,
        });
    }

    fn push_place(&mut self, from: Origin, other: Origin) {
        let difference = |a: u64, b: u64| {
            let difference = a.wrapping_sub(b) as i64;
            ((difference << 1) ^ (difference >> 63)) as u64
        };
        push_number(&mut self.places, difference(other.source.0.into(), from.source.0.into()));
        push_number(&mut self.places, difference(other.line, from.line));
        push_number(&mut self.places, difference(other.start, from.start));
        push_number(&mut self.places, other.len.into());
    }

    fn push_ip(&mut self, ip: Option<IpAddr>) -> (u32, u8) {
        match ip {
            None => (0, 0),
            Some(IpAddr::V4(ip)) => (ip.to_bits(), IP4),
            Some(IpAddr::V6(ip)) => {
                // As text, since all of `text` is.
                let at = self.text.len() as u32;
                for shift in (0..128).step_by(4).rev() {
                    let digit = (ip.to_bits() >> shift) as u32 & 15;
                    self.text.push(char::from_digit(digit, 16).unwrap_or('0'));
                }
                (at, IP6)
            }
        }
    }
}

/// Whether the only try tells what the evidence itself does.
fn is_own_try(draft: &Draft<'_>, only: &Try<'_>) -> bool {
    let same_mta = match (only.remote_mta, draft.remote_mta) {
        (Some(a), Some(b)) => same_text(a, b),
        (a, b) => a == b,
    };
    same_mta
        && only.time == draft.time
        && (only.reply_code, only.enhanced_status) == (draft.reply_code, draft.enhanced_status)
        && only.origin == draft.origin
        && same_text(only.text, draft.diagnostic_code)
}

/// Most often it is one text in one place, which needs no look at its bytes.
fn same_text(a: &str, b: &str) -> bool {
    std::ptr::eq(a, b) || a == b
}

fn micros(time: Option<Timestamp>) -> i64 {
    time.map_or(NO_TIME, |time| time.timestamp_micros())
}

/// The point in time that [`EvidenceRef::micros`] gives.
pub fn timestamp(micros: i64) -> Option<Timestamp> {
    (micros != NO_TIME).then(|| Timestamp::from_timestamp_micros(micros)).flatten()
}

/// Seven bits a byte, the lowest first.
fn push_number(out: &mut Vec<u8>, mut n: u64) {
    while n >= 128 {
        out.push(n as u8 | 128);
        n >>= 7;
    }
    out.push(n as u8);
}

fn take_number(bytes: &mut &[u8]) -> u64 {
    let (mut n, mut shift) = (0, 0);
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        n |= u64::from(byte & 127) << shift;
        if byte & 128 == 0 {
            break;
        }
        shift += 7;
    }
    n
}

#[cfg(test)]
mod tests;
