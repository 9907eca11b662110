//! One log: lines in, refusals out, the context of each message kept while it is in the queue.
//!
//! Sender, Message-ID and earlier tries stand on other lines than the one that decides; they are put together by
//! host, instance and queue id. A refusal is handed out with the line that decides it; a recipient that was only put
//! off is handed out when the message leaves the queue or the log ends.

use super::chunks::{Chunks, Piece};
use super::context::{Context, Contexts, Key, Try, Waiting};
use super::counts::{Counts, holds_refusal};
use crate::model::{Action, Attempt, Direction, Evidence, Harvest, Origin, ReadOptions, SourceId, Text};
use crate::parse::detect::is_reject_log_part;
use crate::parse::event::{DeliveryAttempt, EventKind, LogEvent, LogLine, Outcome, Refusal};
use crate::parse::frame::{Clock, framed, journal};
use crate::parse::{Line, dress, mta};
use crate::smtp::{EnhancedStatus, ReversePath, Stage, tidy_mailbox};
use std::borrow::Cow;

/// Counts are handed on every so many lines.
const FLUSH_LINES: u64 = 4096;

/// Reads the lines of one log in order.
pub struct LogCorrelator {
    clock: Clock,
    export: journal::Export,
    chunks: Chunks,
    queue: Queue,
    /// The last line came from a file of the MTA's own: the next one will, too.
    bare_first: bool,
    /// The headers that follow in a reject log belong to the line before.
    in_reject_log: bool,
}

impl LogCorrelator {
    /// For the log `source`.
    pub fn new(source: SourceId, options: ReadOptions) -> Self {
        // Every line brings its source along.
        let _ = source;
        Self {
            clock: Clock::new(&options),
            export: journal::Export::default(),
            chunks: Chunks::default(),
            queue: Queue::default(),
            bare_first: false,
            in_reject_log: false,
        }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>, out: &mut Harvest) {
        if self.queue.counts.lines >= FLUSH_LINES {
            self.queue.counts.flush(out);
        }
        self.queue.counts.lines += 1;
        let origin = line.origin();
        if self.export.is_open() || line.bytes.starts_with(b"__") {
            match self.export.line(line.bytes, origin) {
                journal::Taken::Part => return,
                journal::Taken::Entry(entry) => {
                    return self.entry(&entry, entry.origin().unwrap_or(origin), out);
                }
                journal::Taken::No => {}
            }
        }
        if line.bytes.first() == Some(&b'{')
            && let Some(entry) = journal::json(line.bytes)
        {
            return self.entry(&entry, origin, out);
        }
        let text = match std::str::from_utf8(line.bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(line.bytes),
        };
        let text = match dress::is_dressed(line.bytes).then(|| dress::undress(&text)) {
            Some(Cow::Owned(bare)) => Cow::Owned(bare),
            _ => text,
        };
        let found = if self.bare_first {
            mta::bare(&text).or_else(|| framed(&text))
        } else {
            framed(&text).or_else(|| mta::bare(&text).inspect(|_| self.bare_first = true))
        };
        match found {
            Some(found) => {
                let line = found.line(&mut self.clock);
                self.log_line(&line, origin, out);
            }
            None => self.unframed(line.bytes, &text, origin, out),
        }
    }

    /// The log has ended: what is still waiting for a verdict is handed out as it stands.
    pub fn finish(&mut self, out: &mut Harvest) {
        if let Some(entry) = self.export.finish()
            && let Some(origin) = entry.origin()
        {
            self.entry(&entry, origin, out);
        }
        for whole in self.chunks.rest() {
            self.queue.more_origins.extend(&whole.origins[1..]);
            self.queue.take(&whole.line(), whole.origins[0], out);
            self.queue.more_origins.clear();
        }
        self.queue.finish(out);
        self.queue.counts.flush(out);
    }

    fn entry(&mut self, entry: &journal::Entry, origin: Origin, out: &mut Harvest) {
        if let Some(line) = entry.line() {
            self.log_line(&line, origin, out);
        }
    }

    fn log_line(&mut self, line: &LogLine<'_>, origin: Origin, out: &mut Harvest) {
        self.in_reject_log = false;
        if line.message.starts_with('[') {
            match self.chunks.take(line, origin) {
                Piece::No => {}
                Piece::Held => return,
                Piece::Done(whole) => {
                    self.queue.more_origins.extend(&whole.origins[1..]);
                    self.queue.take(&whole.line(), whole.origins[0], out);
                    self.queue.more_origins.clear();
                    return;
                }
                Piece::Alone(mark) => {
                    let message = Cow::Borrowed(&line.message[mark..]);
                    self.queue.take(&LogLine { message, ..line.clone() }, origin, out);
                    return;
                }
            }
        }
        let refused = self.queue.take(line, origin, out);
        self.in_reject_log = refused && self.bare_first;
    }

    fn unframed(&mut self, bytes: &[u8], text: &str, origin: Origin, out: &mut Harvest) {
        if self.in_reject_log && is_reject_log_part(bytes) {
            self.in_reject_log = !bytes.starts_with(b"-----");
            return;
        }
        if holds_refusal(text) {
            self.queue.counts.miss(None, origin, out);
        }
    }
}

/// Events of all messages, whatever frame they came in.
#[derive(Default)]
struct Queue {
    contexts: Contexts,
    counts: Counts,
    /// Further lines of the event that is being read.
    more_origins: Vec<Origin>,
    /// Messages that had to be forgotten.
    gone: Vec<Context>,
}

impl Queue {
    /// Takes a line; says whether a client was refused.
    fn take(&mut self, line: &LogLine<'_>, origin: Origin, out: &mut Harvest) -> bool {
        let Some(dialect) = mta::by_program(line.program) else {
            self.counts.daemon(line.program).read += 1;
            if holds_refusal(&line.message) {
                self.counts.miss(Some(line.program), origin, out);
            }
            return false;
        };
        let daemon = (dialect.daemon)(line.program);
        self.counts.daemon(daemon).read += 1;
        let Some(event) = (dialect.parse)(line) else {
            if holds_refusal(&line.message) {
                self.counts.miss(Some(daemon), origin, out);
            }
            return false;
        };
        self.counts.daemon(daemon).understood += 1;
        let refused = matches!(event.kind, EventKind::Refused(_));
        self.event(line, event, origin, out);
        for context in std::mem::take(&mut self.gone) {
            self.delayed(context, out);
        }
        refused
    }

    fn event(&mut self, line: &LogLine<'_>, event: LogEvent<'_>, origin: Origin, out: &mut Harvest) {
        let LogEvent { format, instance, queue_id, kind } = event;
        let key = queue_id.map(|queue_id| Key { host: line.host.unwrap_or(""), instance, queue_id });
        match kind {
            EventKind::Refused(refusal) => self.refused(line, format, key, refusal, origin, out),
            EventKind::Attempt(attempt) => {
                let Some(key) = key else { return };
                self.attempt(line, format, key, attempt, origin, out);
            }
            EventKind::Client { .. } => {
                let Some(key) = key else { return };
                let context = self.contexts.get_or_new(key, format, &mut self.gone);
                // Short ids come again: a client's line is the first of a message.
                if context.tried {
                    let waiting = std::mem::take(&mut context.waiting);
                    let old = Known::of(context, &[]);
                    old.hand_out_delayed(waiting, out);
                    self.contexts.remove(key, |_| {});
                    self.contexts.get_or_new(key, format, &mut self.gone).push_origin(origin);
                } else {
                    context.push_origin(origin);
                }
            }
            EventKind::MessageId(id) => {
                let Some(key) = key else { return };
                let context = self.contexts.get_or_new(key, format, &mut self.gone);
                context.set_message_id(id);
                context.push_origin(origin);
            }
            EventKind::Sender { reverse_path, message_id } => {
                let Some(key) = key else { return };
                let context = self.contexts.get_or_new(key, format, &mut self.gone);
                context.set_sender(reverse_path);
                context.set_message_id(message_id.unwrap_or(""));
                context.push_origin(origin);
            }
            EventKind::Expired { reverse_path } => {
                let Some(key) = key else { return };
                self.expired(line, format, key, reverse_path, origin, out);
            }
            EventKind::Removed => {
                let Some(key) = key else { return };
                self.contexts.remove(key, |context| {
                    if !context.waiting.is_empty() {
                        let waiting = std::mem::take(&mut context.waiting);
                        Known::of(context, &[]).hand_out_delayed(waiting, out);
                    }
                });
            }
            EventKind::Notice { .. } | EventKind::Other => {
                if let Some(context) = key.and_then(|key| self.contexts.get(key)) {
                    context.push_origin(origin);
                }
            }
        }
    }

    fn attempt(
        &mut self,
        line: &LogLine<'_>,
        format: &'static str,
        key: Key<'_>,
        attempt: DeliveryAttempt<'_>,
        origin: Origin,
        out: &mut Harvest,
    ) {
        self.counts.with_reply += u64::from(attempt.reply_code.is_some());
        if attempt.outcome == Outcome::Accepted {
            if !is_reinjection(&attempt) {
                self.counts.accept(attempt.recipient);
            }
            if let Some(context) = self.contexts.get(key) {
                context.tried = true;
                context.settle(attempt.recipient);
            }
            return;
        }
        let one = Try {
            attempt: Attempt {
                time: line.time,
                remote_mta: attempt.remote_mta.map(Text::from),
                reply_code: attempt.reply_code,
                enhanced_status: attempt.enhanced_status,
                text: attempt.text.as_ref().into(),
                origin,
            },
            stage: attempt.stage,
            remote_ip: attempt.remote_ip,
        };
        if attempt.outcome == Outcome::Deferred {
            let context = self.contexts.get_or_new(key, format, &mut self.gone);
            if let (Some(path), None) = (attempt.reverse_path, context.reverse_path()) {
                context.set_sender(path);
            }
            // Not a try: Exim looked at its notes and did not call.
            let noted = attempt.reply_code.is_none() && attempt.text.starts_with("retry time not reached");
            if noted && context.waiting.iter().any(|w| &*w.recipient == attempt.recipient) {
                return;
            }
            context.put_off(attempt.recipient, attempt.original_recipient, one);
            return;
        }
        let (known, earlier) = match self.contexts.get(key) {
            Some(context) => {
                context.tried = true;
                let earlier = context.settle(attempt.recipient);
                (Known::of(context, &self.more_origins), earlier)
            }
            None => (Known::only(format, key, &self.more_origins), None),
        };
        let mut waiting = earlier.unwrap_or_else(|| Waiting {
            recipient: attempt.recipient.into(),
            original_recipient: attempt.original_recipient.map(Text::from),
            tries: Vec::new(),
        });
        if waiting.original_recipient.is_none() {
            waiting.original_recipient = attempt.original_recipient.map(Text::from);
        }
        // Given up without a word of the server: its last word stands.
        let wordless = attempt.outcome == Outcome::Expired && attempt.reply_code.is_none();
        let deciding = match waiting.tries.iter().rev().find(|t| t.attempt.reply_code.is_some()) {
            Some(last_reply) if wordless => last_reply.clone(),
            _ => one.clone(),
        };
        waiting.tries.push(one);
        let mut evidence = known.evidence(waiting, &deciding, Action::Failed, origin);
        evidence.time = line.time;
        if let Some(path) = attempt.reverse_path {
            evidence.reverse_path = Some(ReversePath::parse(path));
        }
        out.evidence.push(evidence);
    }

    /// The message was too long in the queue: all that wait have failed, each with its last reply.
    fn expired(
        &mut self,
        line: &LogLine<'_>,
        format: &'static str,
        key: Key<'_>,
        reverse_path: &str,
        origin: Origin,
        out: &mut Harvest,
    ) {
        let context = self.contexts.get_or_new(key, format, &mut self.gone);
        context.tried = true;
        context.set_sender(reverse_path);
        let waiting = std::mem::take(&mut context.waiting);
        let known = Known::of(context, &self.more_origins);
        if waiting.is_empty() {
            // The tries are not in this log. That the message was given up is known all the same.
            let mut evidence = known.bare_evidence(origin);
            evidence.time = line.time;
            evidence.diagnostic_code = "expired, returned to sender".into();
            evidence.attempts.push(Attempt {
                time: line.time,
                remote_mta: None,
                reply_code: None,
                enhanced_status: None,
                text: evidence.diagnostic_code.clone(),
                origin,
            });
            out.evidence.push(evidence);
            return;
        }
        for waiting in waiting {
            let last = waiting.tries.last();
            let replied = waiting.tries.iter().rev().find(|t| t.attempt.reply_code.is_some());
            let Some(deciding) = replied.or(last).cloned() else { continue };
            let mut evidence = known.evidence(waiting, &deciding, Action::Failed, origin);
            evidence.time = line.time;
            out.evidence.push(evidence);
        }
    }

    fn refused(
        &mut self,
        line: &LogLine<'_>,
        format: &'static str,
        key: Option<Key<'_>>,
        refusal: Refusal<'_>,
        origin: Origin,
        out: &mut Harvest,
    ) {
        self.counts.with_reply += u64::from(refusal.reply_code.is_some());
        let context = key.and_then(|key| self.contexts.get(key));
        let known = match (context, key) {
            (Some(context), _) => Known::of(context, &self.more_origins),
            (None, Some(key)) => Known::only(format, key, &self.more_origins),
            (None, None) => {
                let key = Key { host: line.host.unwrap_or(""), instance: "", queue_id: "" };
                Known::only(format, key, &self.more_origins)
            }
        };
        let mut evidence = known.bare_evidence(origin);
        evidence.direction = Direction::Incoming;
        evidence.time = line.time;
        evidence.remote_mta = refusal.client.map(Text::from);
        evidence.remote_ip = refusal.client_ip;
        if let Some(path) = refusal.reverse_path {
            evidence.reverse_path = Some(ReversePath::parse(path));
        }
        evidence.final_recipient = refusal.recipient.map(tidy_mailbox).map(Text::from);
        evidence.stage = refusal.stage;
        evidence.reply_code = refusal.reply_code;
        evidence.enhanced_status = refusal.enhanced_status;
        evidence.diagnostic_code = refusal.text.as_ref().into();
        evidence.action = if refusal.permanent { Action::Failed } else { Action::Delayed };
        evidence.attempts.push(Attempt {
            time: line.time,
            remote_mta: evidence.remote_mta.clone(),
            reply_code: refusal.reply_code,
            enhanced_status: refusal.enhanced_status,
            text: evidence.diagnostic_code.clone(),
            origin,
        });
        out.evidence.push(evidence);
    }

    fn finish(&mut self, out: &mut Harvest) {
        let first = out.evidence.len();
        for context in self.contexts.unsorted_rest() {
            self.delayed(context, out);
        }
        out.evidence[first..].sort_by_key(|e| (e.origins[0], e.final_recipient.clone()));
    }

    fn delayed(&self, mut context: Context, out: &mut Harvest) {
        let waiting = std::mem::take(&mut context.waiting);
        if !waiting.is_empty() {
            Known::of(&context, &[]).hand_out_delayed(waiting, out);
        }
    }
}

/// Handing the mail to a content filter on this host that hands it back: it has reached nobody yet.
fn is_reinjection(attempt: &DeliveryAttempt<'_>) -> bool {
    let here = attempt.remote_ip.is_some_and(|ip| ip.is_loopback());
    here && attempt.text.contains("queued as")
}

/// What is known of a message when a refusal is handed out.
struct Known {
    format: &'static str,
    host: Option<Text>,
    queue_id: Option<Text>,
    message_id: Option<Text>,
    reverse_path: Option<ReversePath>,
    origins: Vec<Origin>,
}

impl Known {
    fn of(context: &Context, more: &[Origin]) -> Self {
        let mut known = Self::only(context.format, context.key(), more);
        known.message_id = context.message_id();
        known.reverse_path = context.reverse_path();
        known.origins.extend(&context.origins);
        known
    }

    fn only(format: &'static str, key: Key<'_>, more: &[Origin]) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| Text::from(text));
        Self {
            format,
            host: text(key.host),
            queue_id: text(key.queue_id),
            message_id: None,
            reverse_path: None,
            origins: more.to_vec(),
        }
    }

    /// Evidence with what is known of the message; the line at `origin` decides.
    fn bare_evidence(&self, origin: Origin) -> Evidence {
        let mut evidence = Evidence::new(self.format, origin);
        evidence.reporting_mta = self.host.clone();
        evidence.queue_id = self.queue_id.clone();
        evidence.message_id = self.message_id.clone();
        evidence.reverse_path = self.reverse_path.clone();
        evidence.origins.extend(self.origins.iter().filter(|o| **o != origin));
        evidence
    }

    fn evidence(&self, waiting: Waiting, deciding: &Try, action: Action, origin: Origin) -> Evidence {
        let mut evidence = self.bare_evidence(origin);
        evidence.final_recipient = Some(tidy_mailbox(&waiting.recipient).into());
        evidence.original_recipient = waiting.original_recipient;
        evidence.remote_mta = deciding.attempt.remote_mta.clone();
        evidence.remote_ip = deciding.remote_ip;
        evidence.reply_code = deciding.attempt.reply_code;
        evidence.enhanced_status = deciding.attempt.enhanced_status;
        evidence.diagnostic_code = deciding.attempt.text.clone();
        evidence.stage = deciding.stage;
        if evidence.stage == Stage::Unknown && evidence.reply_code.is_some() {
            evidence.stage = evidence.enhanced_status.map_or(Stage::Unknown, likely_stage);
            evidence.stage_inferred = evidence.stage != Stage::Unknown;
        }
        evidence.action = action;
        let others = waiting.tries.iter().map(|t| t.attempt.origin).filter(|o| *o != origin);
        evidence.origins.extend(others);
        evidence.origins[1..].sort_unstable();
        evidence.attempts = waiting.tries.into_iter().map(|t| t.attempt).collect();
        evidence
    }

    fn hand_out_delayed(&self, waiting: Vec<Waiting>, out: &mut Harvest) {
        for waiting in waiting {
            let Some(last) = waiting.tries.last().cloned() else { continue };
            let mut evidence = self.evidence(waiting, &last, Action::Delayed, last.attempt.origin);
            evidence.time = last.attempt.time;
            out.evidence.push(evidence);
        }
    }
}

/// The stage at which a status is usually given, where the line does not say.
fn likely_stage(status: EnhancedStatus) -> Stage {
    match (status.subject, status.detail) {
        (1, 7 | 8) => Stage::MailFrom,
        (1 | 2, _) => Stage::RcptTo,
        (6, _) | (3, 4) | (7, 20..=29) => Stage::EndOfData,
        _ => Stage::Unknown,
    }
}

#[cfg(test)]
mod tests;
