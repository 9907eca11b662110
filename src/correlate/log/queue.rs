//! The messages in the queue: what each event adds to one, and the refusals that come of it.

use super::forgotten::{Forgotten, Messages};
use super::known::{Decided, Known};
use super::repeated::{Last, Said};
use crate::correlate::ahead::Ahead;
use crate::correlate::context::{Context, Contexts, Key, Place, Tried};
use crate::correlate::counts::{Counts, holds_refusal};
use crate::model::{Action, Direction, Draft, Harvest, Origin, Try};
use crate::parse::event::{DeliveryAttempt, EventKind, Glance, LogEvent, LogLine, Outcome, Refusal};
use crate::parse::frame::Head;
use crate::parse::mta::{self, Dialect};
use crate::parse::{Line, dress};
use crate::smtp::tidy_mailbox;

/// Events of all messages, whatever frame they came in.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) contexts: Contexts,
    pub(super) counts: Counts,
    /// Set while a part of a log is read without what stands before it.
    pub(super) ahead: Option<Box<Ahead>>,
    /// Further lines of the event that is being read.
    pub(super) more_origins: Vec<Origin>,
    /// Messages that had to be forgotten.
    pub(super) gone: Vec<Context>,
    /// What had to be forgotten.
    pub(super) forgotten: Forgotten,
    /// If set, nothing is taken of other messages.
    pub(super) only: Option<Messages>,
    /// Room to gather a message's lines in.
    pub(super) lines: Vec<Origin>,
    /// Number of the line that is being read.
    pub(super) number: u64,
    /// What the last line said, should the next say that it was repeated.
    pub(super) last: Last,
}

impl Queue {
    /// Takes a line; says whether a client was refused.
    pub(super) fn take(&mut self, line: &LogLine<'_>, origin: Origin, out: &mut Harvest) -> bool {
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
        let counts = self.counts.daemon(daemon);
        counts.understood += 1;
        counts.ignored += u64::from(matches!(event.kind, EventKind::Other | EventKind::Notice { .. }));
        self.count(&event.kind);
        let refused = matches!(event.kind, EventKind::Refused(_));
        if self.only.as_ref().is_some_and(|only| !only.has(line.host, event.queue_id)) {
            return refused;
        }
        let said = Said::of(&event.kind);
        let left_open = self.is_left_open(dialect, line, &event, origin);
        if !left_open {
            self.event(line, event, origin, out);
        }
        if let Some(said) = said {
            self.last.note(line, said, left_open, self.number);
        }
        self.hand_out_gone(origin.start, out);
        refused
    }

    pub(super) fn event(
        &mut self,
        line: &LogLine<'_>,
        event: LogEvent<'_>,
        origin: Origin,
        out: &mut Harvest,
    ) {
        let LogEvent { format, instance, queue_id, mut kind } = event;
        if let EventKind::Attempt(DeliveryAttempt { text, .. }) | EventKind::Refused(Refusal { text, .. }) =
            &mut kind
            && let Some(plain) = dress::unescaped(text)
        {
            *text = plain.into();
        }
        let key = queue_id.map(|queue_id| Key::new(line.host.unwrap_or(""), instance, queue_id));
        let key = key.as_ref();
        match kind {
            EventKind::Refused(refusal) => self.refused(line, format, key, refusal, origin, out),
            EventKind::Attempt(attempt) => {
                let Some(key) = key else { return };
                self.attempt(line, format, key, attempt, origin, out);
            }
            EventKind::Client { .. } => {
                let Some(key) = key else { return };
                self.client(self.contexts.place(key), format, key, origin, out);
            }
            EventKind::MessageId(id) => {
                let Some(key) = key else { return };
                let context = self.contexts.get_or_new(key, format, origin.start, &mut self.gone);
                context.set_message_id(id.as_bytes());
                context.push_origin(origin);
            }
            EventKind::Sender { reverse_path, message_id } => {
                let Some(key) = key else { return };
                let (path, id) = (reverse_path.as_bytes(), message_id.unwrap_or("").as_bytes());
                self.sender(self.contexts.place(key), format, key, path, id, origin);
            }
            EventKind::Expired { reverse_path } => {
                let Some(key) = key else { return };
                self.expired(line, format, key, reverse_path, origin, out);
            }
            EventKind::Removed => {
                let Some(key) = key else { return };
                self.removed(self.contexts.place(key), origin.start, out);
            }
            EventKind::Notice { .. } | EventKind::Other => {
                let Some(key) = key else { return };
                self.mentioned(self.contexts.place(key), origin);
            }
        }
    }

    /// Whether an event has to wait until it is known what stands before this part of the log; then it is kept.
    pub(super) fn is_left_open(
        &mut self,
        dialect: &Dialect,
        line: &LogLine<'_>,
        event: &LogEvent<'_>,
        origin: Origin,
    ) -> bool {
        let (Some(ahead), Some(queue_id)) = (&mut self.ahead, event.queue_id) else { return false };
        let key = Key::new(line.host.unwrap_or(""), event.instance, queue_id);
        match self.contexts.place(&key) {
            Place::Slot(_) => return false,
            Place::Taken => {
                ahead.dependent = true;
                return false;
            }
            Place::Nowhere => {}
        }
        if !ahead.is_open(&key, (dialect.opens)(&event.kind)) {
            return false;
        }
        ahead.keep(line.time, line.host.unwrap_or(""), line.program, &line.message, origin);
        if matches!(event.kind, EventKind::Removed) {
            ahead.close(&key);
        }
        true
    }

    /// As [`Queue::is_left_open`], for what was read at a glance of a message that is not known.
    fn is_glance_left_open(
        &mut self,
        key: &Key<'_>,
        what: &Glance<'_>,
        head: &Head,
        message: &[u8],
        line: &Line<'_>,
    ) -> bool {
        let Some(ahead) = &mut self.ahead else { return false };
        let opens = match what {
            Glance::Client => (head.dialect.opens)(&EventKind::Client { host: None, ip: None, login: None }),
            Glance::Sender { .. } => {
                (head.dialect.opens)(&EventKind::Sender { reverse_path: "", message_id: None })
            }
            _ => false,
        };
        if !ahead.is_open(key, opens) {
            return false;
        }
        // None of these events tells its time.
        ahead.keep(None, &head.host, &head.program, &String::from_utf8_lossy(message), line.origin());
        if matches!(what, Glance::Removed) {
            ahead.close(key);
        }
        true
    }

    /// An event that was counted before.
    pub(super) fn event_again(&mut self, line: &LogLine<'_>, origin: Origin, out: &mut Harvest) {
        let Some(event) = mta::by_program(line.program).and_then(|dialect| (dialect.parse)(line)) else {
            return;
        };
        self.event(line, event, origin, out);
        self.hand_out_gone(origin.start, out);
    }

    /// What is counted of an event, whatever is known of its message.
    pub(super) fn count(&mut self, event: &EventKind<'_>) {
        match event {
            EventKind::Refused(refusal) => {
                self.counts.with_reply += u64::from(refusal.reply_code.is_some());
            }
            EventKind::Attempt(attempt) => {
                self.counts.with_reply += u64::from(attempt.reply_code.is_some());
                if attempt.outcome == Outcome::Accepted && !is_reinjection(attempt) {
                    self.counts.accept(attempt.recipient.as_bytes());
                }
            }
            _ => {}
        }
    }

    /// As [`Queue::event`], for what was read at a glance in `message` of the message at `place`. This runs for
    /// nearly every line.
    pub(super) fn glanced(
        &mut self,
        head: &Head,
        (key, place): (&Key<'_>, Place),
        what: &Glance<'_>,
        message: &[u8],
        line: &Line<'_>,
        out: &mut Harvest,
    ) {
        match place {
            Place::Slot(_) => {}
            Place::Taken => {
                if let Some(ahead) = &mut self.ahead {
                    ahead.dependent = true;
                }
            }
            Place::Nowhere => {
                if self.is_glance_left_open(key, what, head, message, line) {
                    return;
                }
            }
        }
        let format = head.dialect.name;
        match what {
            Glance::Accepted { recipient, .. } => self.accepted(place, recipient),
            Glance::Client => self.client(place, format, key, line.origin(), out),
            Glance::MessageId(id) => {
                let context = self.contexts.get_or_new_at(place, key, format, line.start, &mut self.gone);
                context.set_message_id(id);
                context.push_origin(line.origin());
            }
            Glance::Sender { path, message_id } => {
                self.sender(place, format, key, path, message_id, line.origin());
            }
            Glance::Removed => self.removed(place, line.start, out),
            Glance::Other => self.mentioned(place, line.origin()),
        }
        self.hand_out_gone(line.start, out);
    }

    /// As [`Queue::count`], for what was read at a glance.
    pub(super) fn count_glanced(&mut self, what: &Glance<'_>) {
        if let Glance::Accepted { recipient, has_code, passed_on } = what {
            self.counts.with_reply += u64::from(*has_code);
            if !*passed_on {
                self.counts.accept(recipient);
            }
        }
    }

    /// A message came into or left the queue in a part of the log that was read ahead.
    pub(super) fn come_or_go(&mut self, came: bool, place: u64, out: &mut Harvest) {
        if came {
            self.contexts.make_room(&mut self.gone);
            self.contexts.elsewhere += 1;
            self.hand_out_gone(place, out);
        } else {
            self.contexts.elsewhere = self.contexts.elsewhere.saturating_sub(1);
        }
    }

    /// Hands out what was known of the messages that had to be forgotten.
    pub(super) fn hand_out_gone(&mut self, place: u64, out: &mut Harvest) {
        if self.contexts.has_forgotten {
            self.hand_out_all_gone(place, out);
        }
    }

    #[cold]
    fn hand_out_all_gone(&mut self, place: u64, out: &mut Harvest) {
        self.contexts.has_forgotten = false;
        self.forgotten.any = true;
        for context in std::mem::take(&mut self.gone) {
            if !context.waiting.is_empty() {
                self.forgotten.note(&context.host(), &context.queue_id(), place);
            }
            self.delayed(&context, out);
        }
    }

    fn client(
        &mut self,
        place: Place,
        format: &'static str,
        key: &Key<'_>,
        origin: Origin,
        out: &mut Harvest,
    ) {
        // Short ids come again: a client's line is the first of a message.
        let is_other = matches!(place, Place::Slot(slot) if self.contexts.at(slot).tried);
        if is_other {
            self.removed(place, origin.start, out);
        }
        let place = if is_other { Place::Nowhere } else { place };
        self.contexts.get_or_new_at(place, key, format, origin.start, &mut self.gone).push_origin(origin);
    }

    fn sender(
        &mut self,
        place: Place,
        format: &'static str,
        key: &Key<'_>,
        path: &[u8],
        message_id: &[u8],
        origin: Origin,
    ) {
        let context = self.contexts.get_or_new_at(place, key, format, origin.start, &mut self.gone);
        context.set_sender(path);
        context.set_message_id(message_id);
        context.push_origin(origin);
    }

    fn removed(&mut self, place: Place, left: u64, out: &mut Harvest) {
        let Place::Slot(slot) = place else { return };
        let lines = &mut self.lines;
        self.contexts.remove(slot, left, |context| {
            if !context.waiting.is_empty() {
                let known = Known::of(context, &[]);
                known.note_lack(&mut self.forgotten, left);
                known.hand_out_delayed(&context.waiting, lines, &mut out.records);
            }
        });
    }

    fn mentioned(&mut self, place: Place, origin: Origin) {
        if let Place::Slot(slot) = place {
            self.contexts.at(slot).push_origin(origin);
        }
    }

    fn accepted(&mut self, place: Place, recipient: &[u8]) {
        let Place::Slot(slot) = place else { return };
        let context = self.contexts.at(slot);
        context.tried = true;
        if !context.waiting.is_empty() {
            context.settle(&String::from_utf8_lossy(recipient));
        }
    }

    pub(super) fn attempt(
        &mut self,
        line: &LogLine<'_>,
        format: &'static str,
        key: &Key<'_>,
        attempt: DeliveryAttempt<'_>,
        origin: Origin,
        out: &mut Harvest,
    ) {
        if attempt.outcome == Outcome::Accepted {
            self.accepted(self.contexts.place(key), attempt.recipient.as_bytes());
            return;
        }
        let one = Try {
            time: line.time,
            remote_mta: attempt.remote_mta,
            reply_code: attempt.reply_code,
            enhanced_status: attempt.enhanced_status,
            text: &attempt.text,
            origin,
        };
        if attempt.outcome == Outcome::Deferred {
            let context = self.contexts.get_or_new(key, format, origin.start, &mut self.gone);
            if let (Some(path), None) = (attempt.reverse_path, context.reverse_path()) {
                context.set_sender(path.as_bytes());
            }
            // Not a try: Exim looked at its notes and did not call.
            let noted = attempt.reply_code.is_none() && attempt.text.starts_with("retry time not reached");
            if noted && context.waiting.iter().any(|w| &*w.recipient == attempt.recipient) {
                return;
            }
            let one = Tried { attempt: one.into(), stage: attempt.stage, remote_ip: attempt.remote_ip };
            context.put_off(attempt.recipient, attempt.original_recipient, one);
            return;
        }
        let (mut known, mut earlier) = (None, None);
        if let Some(context) = self.contexts.get(key) {
            context.tried = true;
            earlier = context.settle(attempt.recipient);
            known = Some(&*context);
        }
        let known = known.map_or_else(
            || Known::only(format, *key, &self.more_origins),
            |context| Known::of(context, &self.more_origins),
        );
        known.note_lack(&mut self.forgotten, origin.start);
        let mut decided = Decided {
            recipient: attempt.recipient,
            original_recipient: attempt.original_recipient,
            reverse_path: attempt.reverse_path,
            by: one,
            stage: attempt.stage,
            remote_ip: attempt.remote_ip,
            action: Action::Failed,
            time: line.time,
            origin,
        };
        let Some(earlier) = earlier else {
            known.hand_out(decided, &[one], &mut self.lines, &mut out.records);
            return;
        };
        if earlier.original_recipient.is_some() {
            decided.original_recipient = earlier.original_recipient.as_deref();
        }
        // Given up without a word of the server: its last word stands.
        if attempt.outcome == Outcome::Expired
            && attempt.reply_code.is_none()
            && let Some(last) = earlier.tries.iter().rev().find(|t| t.attempt.reply_code.is_some())
        {
            (decided.by, decided.stage, decided.remote_ip) =
                (last.attempt.as_try(), last.stage, last.remote_ip);
        }
        let tries: Vec<Try<'_>> = earlier.tries.iter().map(|t| t.attempt.as_try()).chain([one]).collect();
        known.hand_out(decided, &tries, &mut self.lines, &mut out.records);
    }

    /// The message was too long in the queue: all that wait have failed, each with its last reply.
    pub(super) fn expired(
        &mut self,
        line: &LogLine<'_>,
        format: &'static str,
        key: &Key<'_>,
        reverse_path: &str,
        origin: Origin,
        out: &mut Harvest,
    ) {
        let context = self.contexts.get_or_new(key, format, origin.start, &mut self.gone);
        context.tried = true;
        context.set_sender(reverse_path.as_bytes());
        let waiting = std::mem::take(&mut context.waiting);
        let known = Known::of(context, &self.more_origins);
        known.note_lack(&mut self.forgotten, origin.start);
        let lines = &mut self.lines;
        if waiting.is_empty() {
            // The tries are not in this log. That the message was given up is known all the same.
            known.other_origins(origin, lines);
            let mut draft = known.draft(origin, lines);
            draft.time = line.time;
            draft.diagnostic_code = "expired, returned to sender";
            out.records.push(&Draft { tries: &[draft.own_try()], ..draft });
            return;
        }
        for waiting in &waiting {
            let last = waiting.tries.last();
            let replied = waiting.tries.iter().rev().find(|t| t.attempt.reply_code.is_some());
            let Some(deciding) = replied.or(last) else { continue };
            known.hand_out_waiting(waiting, deciding, Some((line.time, origin)), lines, &mut out.records);
        }
    }

    pub(super) fn refused(
        &mut self,
        line: &LogLine<'_>,
        format: &'static str,
        key: Option<&Key<'_>>,
        refusal: Refusal<'_>,
        origin: Origin,
        out: &mut Harvest,
    ) {
        let context = key.and_then(|key| self.contexts.get(key));
        let known = match (context, key) {
            (Some(context), _) => Known::of(context, &self.more_origins),
            (None, Some(key)) => Known::only(format, *key, &self.more_origins),
            (None, None) => {
                let key = Key::new(line.host.unwrap_or(""), "", "");
                Known::only(format, key, &self.more_origins)
            }
        };
        known.note_lack(&mut self.forgotten, origin.start);
        known.other_origins(origin, &mut self.lines);
        let mut draft = known.draft(origin, &self.lines);
        draft.direction = Direction::Incoming;
        draft.time = line.time;
        draft.remote_mta = refusal.client;
        draft.remote_ip = refusal.client_ip;
        if let Some(path) = refusal.reverse_path {
            draft.reverse_path = Some(tidy_mailbox(path));
        }
        draft.final_recipient = refusal.recipient.map(tidy_mailbox);
        draft.stage = refusal.stage;
        draft.reply_code = refusal.reply_code;
        draft.enhanced_status = refusal.enhanced_status;
        draft.diagnostic_code = &refusal.text;
        draft.action = if refusal.permanent { Action::Failed } else { Action::Delayed };
        out.records.push(&Draft { tries: &[draft.own_try()], ..draft });
    }

    pub(super) fn finish(&mut self, out: &mut Harvest) {
        let first = out.records.len();
        for context in self.contexts.unsorted_rest() {
            self.delayed(&context, out);
        }
        let key = |at: &usize| (out.records.get(*at).origin(), out.records.get(*at).final_recipient());
        let mut order: Vec<usize> = (0..out.records.len()).collect();
        order[first..].sort_by_key(key);
        out.records.reorder(&order);
    }

    pub(super) fn delayed(&mut self, context: &Context, out: &mut Harvest) {
        if !context.waiting.is_empty() {
            let known = Known::of(context, &[]);
            known.note_lack(&mut self.forgotten, u64::MAX);
            known.hand_out_delayed(&context.waiting, &mut self.lines, &mut out.records);
        }
    }
}

/// Handing the mail to a content filter on this host that hands it back: it has reached nobody yet.
fn is_reinjection(attempt: &DeliveryAttempt<'_>) -> bool {
    let here = attempt.remote_ip.is_some_and(|ip| ip.is_loopback());
    here && attempt.text.contains("queued as")
}
