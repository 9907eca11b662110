//! The evidence of one refusal where it is kept.

use super::{
    DELAYED, DIAGNOSTIC_CODE, FINAL_RECIPIENT, INCOMING, IP4, IP6, MESSAGE_ID, More, N_TEXTS,
    ORIGINAL_RECIPIENT, OWN_TRY, QUEUE_ID, REMOTE_MTA, REPORTING_MTA, REVERSE_PATH, Record, Records,
    STAGE_INFERRED, Try, TryRecord, take_number, timestamp,
};
use crate::model::{Action, Attempt, Direction, Evidence, Origin, OriginalMail, SourceId, Text, Timestamp};
use crate::smtp::{EnhancedStatus, ReplyCode, ReversePath, Stage};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// The evidence of one refusal where it is kept. Its methods are the fields of [`Evidence`].
#[derive(Clone, Copy, Debug)]
pub struct EvidenceRef<'a> {
    pub(super) all: &'a Records,
    pub(super) record: &'a Record,
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

    /// The time in microseconds since 1970; [`NO_TIME`](crate::model::NO_TIME) without one.
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
        if self.has_own_try() { 1 } else { self.more().n_tries.into() }
    }

    /// The times of the tries, as [`Self::micros`].
    pub fn tries_micros(self) -> impl Iterator<Item = i64> + 'a {
        let own = self.has_own_try().then_some(self.record.time);
        let kept = self.kept_tries();
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
        let kept = self.kept_tries();
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
        self.all.originals.get((self.more().original as usize).checked_sub(1)?)
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

    fn more(self) -> More {
        let at = (self.record.more as usize).checked_sub(1);
        at.map_or_else(More::default, |at| self.all.more[at])
    }

    fn kept_tries(self) -> &'a [TryRecord] {
        let More { tries_at, n_tries, .. } = self.more();
        &self.all.tries[tries_at as usize..tries_at as usize + usize::from(n_tries)]
    }
}
