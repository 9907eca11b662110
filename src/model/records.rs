//! The evidence of many refusals, packed: fixed records, and their texts behind one another in one piece of memory.
//!
//! A million [`Evidence`] values would be twenty million small pieces of memory. Here a refusal is one record of
//! [some hundred bytes](Record) and the bytes of its texts; what the refusals of one log repeat (the host that wrote
//! it, a remote MTA, a sender, a reply word for word) is kept once.

use super::{Action, Attempt, Direction, Evidence, Origin, OriginalMail, SourceId, Text, Timestamp};
use crate::smtp::{EnhancedStatus, ReplyCode, ReversePath, Stage};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// The evidence of one refusal as a parser or correlator hands it over: [`Evidence`], borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// See [`Evidence::format`]; so for all fields of the same name.
    pub format: &'static str,
    /// Who refused whom.
    pub direction: Direction,
    /// When the deciding reply was given.
    pub time: Option<Timestamp>,
    /// The MTA that wrote the log or the notice.
    pub reporting_mta: Option<&'a str>,
    /// The host that refused, or the client that was refused.
    pub remote_mta: Option<&'a str>,
    /// Its address.
    pub remote_ip: Option<IpAddr>,
    /// The reporting MTA's id of the message.
    pub queue_id: Option<&'a str>,
    /// `Message-ID` without angle brackets.
    pub message_id: Option<&'a str>,
    /// The envelope sender without angle brackets; empty for the null path.
    pub reverse_path: Option<&'a str>,
    /// The recipient that was refused.
    pub final_recipient: Option<&'a str>,
    /// The recipient as first given, where it differs.
    pub original_recipient: Option<&'a str>,
    /// The stage of the session.
    pub stage: Stage,
    /// The stage is a conclusion.
    pub stage_inferred: bool,
    /// The reply code of the innermost reply.
    pub reply_code: Option<ReplyCode>,
    /// The enhanced status code, only if it stands in the evidence.
    pub enhanced_status: Option<EnhancedStatus>,
    /// The reply, verbatim.
    pub diagnostic_code: &'a str,
    /// What became of the recipient.
    pub action: Action,
    /// The deciding line.
    pub origin: Origin,
    /// The other lines of this message, in file order.
    pub other_origins: &'a [Origin],
    /// All tries in time order; the last is the deciding one.
    pub tries: &'a [Try<'a>],
    /// From the returned message.
    pub original: Option<&'a OriginalMail>,
}

impl<'a> Draft<'a> {
    /// An outgoing failure of which nothing but its origin is known yet.
    pub fn new(format: &'static str, origin: Origin) -> Self {
        Self {
            format,
            direction: Direction::Outgoing,
            time: None,
            reporting_mta: None,
            remote_mta: None,
            remote_ip: None,
            queue_id: None,
            message_id: None,
            reverse_path: None,
            final_recipient: None,
            original_recipient: None,
            stage: Stage::Unknown,
            stage_inferred: false,
            reply_code: None,
            enhanced_status: None,
            diagnostic_code: "",
            action: Action::Failed,
            origin,
            other_origins: &[],
            tries: &[],
            original: None,
        }
    }

    /// The evidence itself as its only try.
    pub fn own_try(&self) -> Try<'a> {
        Try {
            time: self.time,
            remote_mta: self.remote_mta,
            reply_code: self.reply_code,
            enhanced_status: self.enhanced_status,
            text: self.diagnostic_code,
            origin: self.origin,
        }
    }
}

/// One try to hand the message over: [`Attempt`], borrowed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Try<'a> {
    /// When, if the evidence says.
    pub time: Option<Timestamp>,
    /// The remote MTA of this try.
    pub remote_mta: Option<&'a str>,
    /// The reply code of this try.
    pub reply_code: Option<ReplyCode>,
    /// Its enhanced status code.
    pub enhanced_status: Option<EnhancedStatus>,
    /// The words, verbatim.
    pub text: &'a str,
    /// Where it stands.
    pub origin: Origin,
}

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
    /// Where the other origins begin in `places`, and where the tries begin in `tries`.
    origins_at: u32,
    tries_at: u32,
    n_origins: u16,
    n_tries: u16,
    /// The last four bytes of the address, or where the sixteen stand in `text6`.
    ip: u32,
    /// One more than its place in `originals`; 0 is none.
    original: u32,
    codes: Codes,
    format: u8,
    stage: u8,
    flags: u8,
}

/// Where texts begin, and how long they are; [`Spans::NONE`] is none. A text of 65,535 bytes or more stands behind
/// its length in four bytes.
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

/// Reply code and enhanced status code; 0 is none.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Codes {
    reply: u16,
    subject: u16,
    detail: u16,
    class: u8,
}

impl Codes {
    fn new(reply: Option<ReplyCode>, status: Option<EnhancedStatus>) -> Self {
        let status = status.map_or((0, 0, 0), |s| (s.class, s.subject, s.detail));
        Self { reply: reply.map_or(0, ReplyCode::get), class: status.0, subject: status.1, detail: status.2 }
    }

    fn reply(self) -> Option<ReplyCode> {
        ReplyCode::new(self.reply)
    }

    fn status(self) -> Option<EnhancedStatus> {
        let Self { class, subject, detail, .. } = self;
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
        texts.set(FINAL_RECIPIENT, self.own(draft.final_recipient));
        texts.set(ORIGINAL_RECIPIENT, self.own(draft.original_recipient));
        texts.set(DIAGNOSTIC_CODE, self.shared(Some(draft.diagnostic_code)));
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
            tries_at,
            n_origins: others.len() as u16,
            n_tries,
            ip,
            original,
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

    /// Adds all of `later` at the end.
    pub fn append(&mut self, later: &Self) {
        let (text, tries) = (self.text.len() as u32, self.tries.len() as u32);
        let (places, originals) = (self.places.len() as u32, self.originals.len() as u32);
        let formats: Vec<u8> = later.formats.iter().map(|format| self.format(format)).collect();
        self.text.push_str(&later.text);
        self.places.extend_from_slice(&later.places);
        self.originals.extend_from_slice(&later.originals);
        self.tries.extend(later.tries.iter().cloned().map(|mut one| {
            one.texts.shift(text);
            one
        }));
        self.records.extend(later.records.iter().cloned().map(|mut record| {
            record.texts.shift(text);
            record.tries_at += tries;
            record.origins_at += places;
            record.format = formats[usize::from(record.format)];
            if record.original != 0 {
                record.original += originals;
            }
            if record.flags & IP6 != 0 {
                record.ip += text;
            }
            record
        }));
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
        self.tries.clear();
        self.text.clear();
        self.places.clear();
        self.originals.clear();
        self.formats.clear();
        self.recent.0.clear();
    }

    /// Gives back what was taken in advance.
    pub fn shrink(&mut self) {
        self.records.shrink_to_fit();
        self.tries.shrink_to_fit();
        self.text.shrink_to_fit();
        self.places.shrink_to_fit();
        self.recent = Recent::default();
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

/// The evidence of one refusal where it is kept. Its methods are the fields of [`Evidence`].
#[derive(Clone, Copy, Debug)]
pub struct EvidenceRef<'a> {
    all: &'a Records,
    record: &'a Record,
}

impl<'a> EvidenceRef<'a> {
    /// See [`Evidence::format`].
    pub fn format(self) -> &'static str {
        self.all.formats[usize::from(self.record.format)]
    }

    /// See [`Evidence::direction`].
    pub fn direction(self) -> Direction {
        if self.record.flags & INCOMING != 0 { Direction::Incoming } else { Direction::Outgoing }
    }

    /// See [`Evidence::time`].
    pub fn time(self) -> Option<Timestamp> {
        timestamp(self.record.time)
    }

    /// The time in microseconds since 1970; [`NO_TIME`] without one.
    pub fn micros(self) -> i64 {
        self.record.time
    }

    /// See [`Evidence::reporting_mta`].
    pub fn reporting_mta(self) -> Option<&'a str> {
        self.text(REPORTING_MTA)
    }

    /// See [`Evidence::remote_mta`].
    pub fn remote_mta(self) -> Option<&'a str> {
        self.text(REMOTE_MTA)
    }

    /// See [`Evidence::remote_ip`].
    pub fn remote_ip(self) -> Option<IpAddr> {
        let Record { ip, flags, .. } = *self.record;
        if flags & IP4 != 0 {
            return Some(Ipv4Addr::from_bits(ip).into());
        }
        let digits = self.all.text.get(ip as usize..ip as usize + 32).filter(|_| flags & IP6 != 0)?;
        u128::from_str_radix(digits, 16).ok().map(|bits| Ipv6Addr::from_bits(bits).into())
    }

    /// See [`Evidence::queue_id`].
    pub fn queue_id(self) -> Option<&'a str> {
        self.text(QUEUE_ID)
    }

    /// See [`Evidence::message_id`].
    pub fn message_id(self) -> Option<&'a str> {
        self.text(MESSAGE_ID)
    }

    /// The reverse-path without angle brackets; empty for the null path.
    pub fn reverse_path(self) -> Option<&'a str> {
        self.text(REVERSE_PATH)
    }

    /// See [`Evidence::final_recipient`].
    pub fn final_recipient(self) -> Option<&'a str> {
        self.text(FINAL_RECIPIENT)
    }

    /// See [`Evidence::original_recipient`].
    pub fn original_recipient(self) -> Option<&'a str> {
        self.text(ORIGINAL_RECIPIENT)
    }

    /// Where in [`Records::text`] stands what a search for words goes through: the reply, the addresses, the ids, the
    /// remote MTA.
    #[inline]
    pub fn searched(self) -> impl Iterator<Item = Range<usize>> + 'a {
        let spans = &self.record.texts;
        (0..N_TEXTS).rev().filter(|n| *n != REPORTING_MTA).filter_map(move |n| self.all.place(spans.get(n)))
    }

    /// See [`Evidence::stage`].
    pub fn stage(self) -> Stage {
        Stage::ALL[usize::from(self.record.stage)]
    }

    /// See [`Evidence::stage_inferred`].
    pub fn stage_inferred(self) -> bool {
        self.record.flags & STAGE_INFERRED != 0
    }

    /// See [`Evidence::reply_code`].
    pub fn reply_code(self) -> Option<ReplyCode> {
        self.record.codes.reply()
    }

    /// See [`Evidence::enhanced_status`].
    pub fn enhanced_status(self) -> Option<EnhancedStatus> {
        self.record.codes.status()
    }

    /// See [`Evidence::diagnostic_code`].
    pub fn diagnostic_code(self) -> &'a str {
        self.text(DIAGNOSTIC_CODE).unwrap_or("")
    }

    /// See [`Evidence::action`].
    pub fn action(self) -> Action {
        if self.record.flags & DELAYED != 0 { Action::Delayed } else { Action::Failed }
    }

    /// A permanent refusal: a 5yz, or given up.
    pub fn is_permanent(self) -> bool {
        self.action() == Action::Failed
    }

    /// The deciding line.
    pub fn origin(self) -> Origin {
        let Record { line, start, len, source, .. } = *self.record;
        Origin { source: SourceId(source), line, start, len }
    }

    /// See [`Evidence::origins`].
    pub fn origins(self) -> impl Iterator<Item = Origin> + 'a {
        let first = self.origin();
        let mut places = &self.all.places[self.record.origins_at as usize..];
        let others = (0..self.record.n_origins).map(move |_| {
            let mut next = |from: u64| {
                let n = take_number(&mut places);
                from.wrapping_add(((n >> 1) as i64 ^ -((n & 1) as i64)) as u64)
            };
            let source = SourceId(next(first.source.0.into()) as u32);
            let (line, start) = (next(first.line), next(first.start));
            Origin { source, line, start, len: take_number(&mut places) as u32 }
        });
        std::iter::once(first).chain(others)
    }

    /// How many tries.
    pub fn n_tries(self) -> usize {
        if self.has_own_try() { 1 } else { self.record.n_tries.into() }
    }

    /// The times of the tries, as [`Self::micros`].
    pub fn tries_micros(self) -> impl Iterator<Item = i64> + 'a {
        let own = self.has_own_try().then_some(self.record.time);
        let first = self.record.tries_at as usize;
        let kept = &self.all.tries[first..first + usize::from(self.record.n_tries)];
        own.into_iter().chain(kept.iter().map(|one| one.time))
    }

    /// The evidence itself is its only try: they share time, remote MTA, codes and words.
    pub fn has_own_try(self) -> bool {
        self.record.flags & OWN_TRY != 0
    }

    /// See [`Evidence::attempts`].
    pub fn tries(self) -> impl Iterator<Item = Try<'a>> {
        let own = self.has_own_try().then(|| Try {
            time: self.time(),
            remote_mta: self.remote_mta(),
            reply_code: self.reply_code(),
            enhanced_status: self.enhanced_status(),
            text: self.diagnostic_code(),
            origin: self.origin(),
        });
        let first = self.record.tries_at as usize;
        let kept = &self.all.tries[first..first + usize::from(self.record.n_tries)];
        own.into_iter().chain(kept.iter().map(move |one| Try {
            time: timestamp(one.time),
            remote_mta: self.all.at(one.texts.get(0)),
            reply_code: one.codes.reply(),
            enhanced_status: one.codes.status(),
            text: self.all.at(one.texts.get(1)).unwrap_or(""),
            origin: Origin { source: SourceId(one.source), line: one.line, start: one.start, len: one.len },
        }))
    }

    /// See [`Evidence::original`].
    pub fn original(self) -> Option<&'a OriginalMail> {
        self.all.originals.get((self.record.original as usize).checked_sub(1)?)
    }

    /// A copy with texts of its own.
    pub fn to_evidence(self) -> Evidence {
        let text = |text: Option<&str>| text.map(Text::from);
        Evidence {
            format: self.format(),
            direction: self.direction(),
            time: self.time(),
            reporting_mta: text(self.reporting_mta()),
            remote_mta: text(self.remote_mta()),
            remote_ip: self.remote_ip(),
            queue_id: text(self.queue_id()),
            message_id: text(self.message_id()),
            reverse_path: self.reverse_path().map(ReversePath::of_mailbox),
            final_recipient: text(self.final_recipient()),
            original_recipient: text(self.original_recipient()),
            stage: self.stage(),
            stage_inferred: self.stage_inferred(),
            reply_code: self.reply_code(),
            enhanced_status: self.enhanced_status(),
            diagnostic_code: self.diagnostic_code().into(),
            action: self.action(),
            attempts: self.tries().map(Attempt::from).collect(),
            origins: self.origins().collect(),
            original: self.original().cloned().unwrap_or_default(),
        }
    }

    fn text(self, n: usize) -> Option<&'a str> {
        self.all.at(self.record.texts.get(n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(n: u64) -> Evidence {
        let origin = |line: u64| Origin { source: SourceId(3), line, start: line * 100, len: 99 };
        let mut evidence = Evidence::new("postfix", origin(n));
        evidence.direction = Direction::Incoming;
        evidence.time = "2026-11-17T14:51:07.123456Z".parse().ok();
        evidence.reporting_mta = Some("mx".into());
        evidence.remote_mta = Some("mx.example.org".into());
        evidence.remote_ip = "192.0.2.7".parse().ok();
        evidence.queue_id = Some(format!("4F1C{n}").into());
        evidence.message_id = Some("a@b".into());
        evidence.reverse_path = Some(ReversePath::Null);
        evidence.final_recipient = Some("ana@example.org".into());
        evidence.stage = Stage::RcptTo;
        evidence.reply_code = ReplyCode::new(550);
        evidence.enhanced_status = EnhancedStatus::parse("5.7.515");
        evidence.diagnostic_code = "550 5.7.515 no".into();
        evidence.origins.extend([origin(n - 1), origin(n + 1000)]);
        evidence
    }

    fn tried(evidence: &Evidence, text: &str) -> Attempt {
        Attempt {
            time: evidence.time,
            remote_mta: evidence.remote_mta.clone(),
            reply_code: evidence.reply_code,
            enhanced_status: evidence.enhanced_status,
            text: text.into(),
            origin: evidence.origins[0],
        }
    }

    #[test]
    fn what_goes_in_comes_out() {
        let bare = Evidence::new("exim", Origin { source: SourceId(0), line: 1, start: 0, len: 0 });
        let mut once = full(7);
        once.attempts = vec![tried(&once, "550 5.7.515 no")];
        let mut twice = full(8);
        twice.attempts = vec![tried(&twice, "450 later"), tried(&twice, "550 5.7.515 no")];
        twice.remote_ip = "2001:db8::7".parse().ok();
        twice.original.subject = Some("Hello".into());
        let mut long = full(9);
        long.reverse_path = Some(ReversePath::parse("b@example.org"));
        long.diagnostic_code = "é".repeat(70_000).into();
        long.action = Action::Delayed;
        long.stage_inferred = true;
        let all = [bare, once, twice, long];
        let mut records = Records::default();
        all.iter().for_each(|evidence| records.push_evidence(evidence));
        let check = |records: &Records, at: usize, expect: &Evidence| {
            assert_eq!(&records.get(at).to_evidence(), expect, "{at}");
        };
        all.iter().enumerate().for_each(|(at, evidence)| check(&records, at, evidence));
        assert!(records.get(1).has_own_try() && !records.get(2).has_own_try());

        let mut joined = records.clone();
        joined.append(&records);
        all.iter().enumerate().for_each(|(at, evidence)| check(&joined, at + 4, evidence));
        joined.reorder(&[6, 0]);
        check(&joined, 0, &all[2]);
        check(&joined, 1, &all[0]);
        let mut cut = joined.clone();
        check(&cut.split_off(1), 0, &all[0]);
        assert_eq!((cut.len(), cut.split_off(1).len()), (1, 0));
        joined.shift_lines(5);
        let moved = joined.get(0).to_evidence();
        assert_eq!(moved.origins.iter().map(|o| o.line).collect::<Vec<_>>(), [13, 12, 1013]);
        assert_eq!(moved.attempts[1].origin.line, 13);
    }

    #[test]
    fn what_repeats_is_kept_once() {
        let mut records = Records::default();
        (0..100).for_each(|n| records.push_evidence(&full(n + 1)));
        assert!(records.text.len() < 100 * 40, "{}", records.text.len());
        assert!(size_of::<Record>() <= 120, "{}", size_of::<Record>());
    }
}
