//! One log: lines in, refusals out, the context of each message kept while it is in the queue.
//!
//! Sender, Message-ID and earlier tries stand on other lines than the one that decides; they are put together by
//! host, instance and queue id. A refusal is handed out with the line that decides it; a recipient that was only put
//! off is handed out when the message leaves the queue or the log ends.

use super::ahead::Ahead;
use super::chunks::{Chunks, Piece};
use super::context::{Context, Contexts, Key, MAX_CONTEXTS, Try, Waiting};
use super::counts::{Counts, holds_refusal};
use crate::model::{
    Action, Attempt, Coverage, Direction, Evidence, Harvest, Origin, ReadOptions, SourceId, Text, Timestamp,
};
use crate::parse::detect::is_reject_log_part;
use crate::parse::event::{DeliveryAttempt, EventKind, Glance, LogEvent, LogLine, Outcome, Refusal};
use crate::parse::frame::{Clock, Frames, Head, Stamp, framed, journal};
use crate::parse::mta::Dialect;
use crate::parse::{Line, dress, mta};
use crate::smtp::{EnhancedStatus, ReversePath, Stage, tidy_mailbox};
use std::borrow::Cow;

/// Counts are handed on every so many lines.
const FLUSH_LINES: u64 = 4096;

/// Reads the lines of one log in order.
pub struct LogCorrelator {
    clock: Clock,
    /// Month and day of the line that was dated last.
    day: (u32, u32),
    glances: Option<Glances>,
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
            day: (0, 0),
            glances: Some(Glances::default()),
            export: journal::Export::default(),
            chunks: Chunks::default(),
            queue: Queue::default(),
            bare_first: false,
            in_reject_log: false,
        }
    }

    /// Reads only the frame of `line`, so that what is [ahead](Self::ahead) of here knows its year.
    pub fn look(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text = dress::undress(&text);
        if let Some(found) = if self.bare_first { mta::bare(&text) } else { framed(&text) } {
            self.date(found.stamp);
        }
    }

    /// For the lines from offset `start` on, read without what stands before them: see [`Self::follow`].
    /// `None` if lines hang together here, so that the log cannot be cut.
    pub fn ahead(&self, start: u64) -> Option<Self> {
        if self.export.is_open() {
            return None;
        }
        let ahead = Box::new(Ahead::new(start, self.bare_first));
        Some(Self {
            clock: self.clock.clone(),
            day: (0, 0),
            glances: self.glances.is_some().then(Glances::default),
            export: journal::Export::default(),
            chunks: Chunks::default(),
            queue: Queue { ahead: Some(ahead), ..Queue::default() },
            bare_first: self.bare_first,
            in_reject_log: false,
        })
    }

    /// Whether reading [ahead](Self::ahead) has shown that it leads nowhere: [`Self::follow`] would refuse the result.
    pub fn is_dependent(&self) -> bool {
        self.queue.ahead.as_ref().is_some_and(|ahead| ahead.dependent)
    }

    /// Takes over what `later` found, which was read [ahead](Self::ahead) from just after the lines read here so far:
    /// the same as if its lines were read now. What was left open there goes to `out`, and the place of each such
    /// evidence's deciding line is given; `places` are those of what `later` found itself.
    ///
    /// `None`, and nothing has changed, if its lines mean something else after those read here: then they have to be
    /// read again. `coverage` is what it counted, `lines` how many lines stand before its own.
    pub fn follow(
        &mut self,
        mut later: Self,
        coverage: Coverage,
        lines: u64,
        out: &mut Harvest,
    ) -> Option<Followed> {
        let ahead = later.queue.ahead.take()?;
        let queue = &self.queue;
        let room = MAX_CONTEXTS.saturating_sub(queue.contexts.len());
        let alike = self.bare_first == ahead.bare_first && !self.in_reject_log && !self.export.is_open();
        let known_before = || ahead.opened.iter().any(|hash| queue.contexts.has(*hash));
        if ahead.dependent
            || !alike
            || !self.chunks.is_empty()
            || later.queue.counts.is_full()
            || ahead.n_open + later.queue.contexts.peak() > room
            || known_before()
        {
            return None;
        }
        let mut clock = self.clock.clone();
        if !ahead.days.iter().all(|(stamp, time)| clock.date(*stamp) == *time) {
            return None;
        }
        self.clock = clock;
        self.day = later.day;
        self.export = later.export;
        self.bare_first = later.bare_first;
        self.in_reject_log = later.in_reject_log;
        let mut open = Vec::new();
        ahead.each_line(lines, |line, origin| {
            self.queue.event_again(line, origin, out);
            open.resize(out.evidence.len(), origin.start);
        });
        self.queue.contexts.take_over(later.queue.contexts, ahead.start, lines);
        self.queue.counts.add(&later.queue.counts, coverage, lines, out);
        Some(Followed { open, places: ahead.places })
    }

    /// Hands on what was counted so far.
    pub fn flush(&mut self, out: &mut Harvest) {
        self.queue.counts.flush(out);
    }

    /// Every line goes through its grammar: the reference for what a glance at a line gives.
    #[must_use]
    pub fn thorough(self) -> Self {
        Self { glances: None, ..self }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>, out: &mut Harvest) {
        self.take(line, out);
        if let Some(ahead) = &mut self.queue.ahead {
            ahead.places.resize(out.evidence.len(), line.start);
        }
    }

    fn take(&mut self, line: Line<'_>, out: &mut Harvest) {
        if self.queue.counts.lines >= FLUSH_LINES {
            self.queue.counts.flush(out);
        }
        self.queue.counts.lines += 1;
        let origin = line.origin();
        if self.glance(&line, origin, out) {
            return;
        }
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
                let line = LogLine {
                    time: self.date(found.stamp),
                    host: found.host,
                    program: found.program,
                    pid: found.pid,
                    message: Cow::Borrowed(found.message),
                };
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

    /// Reads a line of the most common shapes; `false` if it has another.
    fn glance(&mut self, line: &Line<'_>, origin: Origin, out: &mut Harvest) -> bool {
        if self.bare_first || self.export.is_open() {
            return false;
        }
        let Some(glances) = &mut self.glances else { return false };
        let Some(seen) = glances.frames.take(line.bytes) else { return false };
        let head = glances.frames.head(seen.head);
        let Some((queue_id, what)) = head.dialect.glance.and_then(|glance| glance(seen.message)) else {
            return false;
        };
        if dress::is_dressed(line.bytes) {
            return false;
        }
        while glances.known.len() <= seen.head {
            let head = glances.frames.head(glances.known.len());
            glances.known.push(KnownHead {
                seed: Key::seed(&head.host, &head.instance),
                daemon: self.queue.counts.daemon_number((head.dialect.daemon)(&head.program)),
            });
        }
        let known = &glances.known[seen.head];
        self.queue.counts.understood(known.daemon);
        self.queue.count_glanced(what);
        if !queue_id.is_empty() {
            let key = Key::seeded(known.seed, &head.host, &head.instance, queue_id);
            if !self.queue.is_glance_left_open(key, what, head, seen.message, origin) {
                self.queue.glanced(head.dialect.name, key, what, origin, out);
            }
        }
        if let Some(stamp @ Stamp::NoYear { month, day, .. }) = seen.without_year
            && self.day != (month, day)
        {
            self.date(stamp);
        }
        true
    }

    fn date(&mut self, stamp: Stamp) -> Option<Timestamp> {
        let time = self.clock.date(stamp);
        if let Stamp::NoYear { month, day, .. } = stamp
            && self.day != (month, day)
        {
            self.day = (month, day);
            if let Some(ahead) = &mut self.queue.ahead {
                ahead.days.push((stamp, time));
            }
        }
        time
    }

    fn entry(&mut self, entry: &journal::Entry, origin: Origin, out: &mut Harvest) {
        if let Some(line) = entry.line() {
            self.log_line(&line, origin, out);
        }
    }

    fn log_line(&mut self, line: &LogLine<'_>, origin: Origin, out: &mut Harvest) {
        self.in_reject_log = false;
        if line.message.starts_with('[') {
            let piece = self.chunks.take(line, origin);
            if let (Some(ahead), false) = (&mut self.queue.ahead, matches!(piece, Piece::No)) {
                ahead.dependent = true;
            }
            match piece {
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

/// Places of evidence, in the order of its deciding lines: offsets in the source.
pub struct Followed {
    /// Of what was left open and is known now.
    pub open: Vec<u64>,
    /// Of what was found ahead.
    pub places: Vec<u64>,
}

/// What lines are read with at a glance.
#[derive(Default)]
struct Glances {
    frames: Frames,
    /// What is known of each head of `frames`.
    known: Vec<KnownHead>,
}

/// Of a host and program.
struct KnownHead {
    seed: u64,
    daemon: usize,
}

/// Events of all messages, whatever frame they came in.
#[derive(Default)]
struct Queue {
    contexts: Contexts,
    counts: Counts,
    /// Set while a part of a log is read without what stands before it.
    ahead: Option<Box<Ahead>>,
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
        self.count(&event.kind);
        let refused = matches!(event.kind, EventKind::Refused(_));
        if !self.is_left_open(dialect, line, &event, origin) {
            self.event(line, event, origin, out);
        }
        self.hand_out_gone(out);
        refused
    }

    fn event(&mut self, line: &LogLine<'_>, event: LogEvent<'_>, origin: Origin, out: &mut Harvest) {
        let LogEvent { format, instance, queue_id, kind } = event;
        let key = queue_id.map(|queue_id| Key::new(line.host.unwrap_or(""), instance, queue_id));
        match kind {
            EventKind::Refused(refusal) => self.refused(line, format, key, refusal, origin, out),
            EventKind::Attempt(attempt) => {
                let Some(key) = key else { return };
                self.attempt(line, format, key, attempt, origin, out);
            }
            EventKind::Client { .. } => {
                let Some(key) = key else { return };
                self.client(format, key, origin, out);
            }
            EventKind::MessageId(id) => {
                let Some(key) = key else { return };
                self.message_id(format, key, id.as_bytes(), origin);
            }
            EventKind::Sender { reverse_path, message_id } => {
                let Some(key) = key else { return };
                let (path, id) = (reverse_path.as_bytes(), message_id.unwrap_or("").as_bytes());
                self.sender(format, key, path, id, origin);
            }
            EventKind::Expired { reverse_path } => {
                let Some(key) = key else { return };
                self.expired(line, format, key, reverse_path, origin, out);
            }
            EventKind::Removed => {
                let Some(key) = key else { return };
                self.removed(key, out);
            }
            EventKind::Notice { .. } | EventKind::Other => {
                let Some(key) = key else { return };
                self.mentioned(key, origin);
            }
        }
    }

    /// Whether an event has to wait until it is known what stands before this part of the log; then it is kept.
    fn is_left_open(
        &mut self,
        dialect: &Dialect,
        line: &LogLine<'_>,
        event: &LogEvent<'_>,
        origin: Origin,
    ) -> bool {
        let (Some(ahead), Some(queue_id)) = (&mut self.ahead, event.queue_id) else { return false };
        let key = Key::new(line.host.unwrap_or(""), event.instance, queue_id);
        if !ahead.is_open(&mut self.contexts, key, (dialect.opens)(&event.kind)) {
            return false;
        }
        ahead.keep(line.time, line.host.unwrap_or(""), line.program, &line.message, origin);
        if matches!(event.kind, EventKind::Removed) {
            ahead.close(key);
        }
        true
    }

    /// As [`Queue::is_left_open`], for what was read at a glance.
    fn is_glance_left_open(
        &mut self,
        key: Key<'_>,
        what: Glance<'_>,
        head: &Head,
        message: &[u8],
        origin: Origin,
    ) -> bool {
        let Some(ahead) = &mut self.ahead else { return false };
        let opens = match what {
            Glance::Client => (head.dialect.opens)(&EventKind::Client { host: None, ip: None, login: None }),
            Glance::Sender(_) => {
                (head.dialect.opens)(&EventKind::Sender { reverse_path: "", message_id: None })
            }
            _ => false,
        };
        if !ahead.is_open(&mut self.contexts, key, opens) {
            return false;
        }
        // None of these events tells its time.
        ahead.keep(None, &head.host, &head.program, &String::from_utf8_lossy(message), origin);
        if matches!(what, Glance::Removed) {
            ahead.close(key);
        }
        true
    }

    /// An event that was counted before.
    fn event_again(&mut self, line: &LogLine<'_>, origin: Origin, out: &mut Harvest) {
        let Some(event) = mta::by_program(line.program).and_then(|dialect| (dialect.parse)(line)) else {
            return;
        };
        self.event(line, event, origin, out);
        self.hand_out_gone(out);
    }

    /// What is counted of an event, whatever is known of its message.
    fn count(&mut self, event: &EventKind<'_>) {
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

    /// As [`Queue::event`], for what was read at a glance.
    fn glanced(
        &mut self,
        format: &'static str,
        key: Key<'_>,
        what: Glance<'_>,
        origin: Origin,
        out: &mut Harvest,
    ) {
        match what {
            Glance::Accepted { recipient, .. } => self.accepted(key, recipient),
            Glance::Client => self.client(format, key, origin, out),
            Glance::MessageId(id) => self.message_id(format, key, id, origin),
            Glance::Sender(path) => self.sender(format, key, path, b"", origin),
            Glance::Removed => self.removed(key, out),
            Glance::Other => self.mentioned(key, origin),
        }
        self.hand_out_gone(out);
    }

    /// As [`Queue::count`], for what was read at a glance.
    fn count_glanced(&mut self, what: Glance<'_>) {
        if let Glance::Accepted { recipient, has_code, passed_on } = what {
            self.counts.with_reply += u64::from(has_code);
            if !passed_on {
                self.counts.accept(recipient);
            }
        }
    }

    /// Hands out what was known of the messages that had to be forgotten.
    fn hand_out_gone(&mut self, out: &mut Harvest) {
        if self.gone.is_empty() {
            return;
        }
        for context in std::mem::take(&mut self.gone) {
            self.delayed(context, out);
        }
    }

    fn client(&mut self, format: &'static str, key: Key<'_>, origin: Origin, out: &mut Harvest) {
        let context = self.contexts.get_or_new(key, format, origin.start, &mut self.gone);
        // Short ids come again: a client's line is the first of a message.
        if context.tried {
            self.removed(key, out);
            self.contexts.get_or_new(key, format, origin.start, &mut self.gone).push_origin(origin);
        } else {
            context.push_origin(origin);
        }
    }

    fn message_id(&mut self, format: &'static str, key: Key<'_>, id: &[u8], origin: Origin) {
        let context = self.contexts.get_or_new(key, format, origin.start, &mut self.gone);
        context.set_message_id(id);
        context.push_origin(origin);
    }

    fn sender(&mut self, format: &'static str, key: Key<'_>, path: &[u8], message_id: &[u8], origin: Origin) {
        let context = self.contexts.get_or_new(key, format, origin.start, &mut self.gone);
        context.set_sender(path);
        context.set_message_id(message_id);
        context.push_origin(origin);
    }

    fn removed(&mut self, key: Key<'_>, out: &mut Harvest) {
        self.contexts.remove(key, |context| {
            if !context.waiting.is_empty() {
                let waiting = std::mem::take(&mut context.waiting);
                Known::of(context, &[]).hand_out_delayed(waiting, out);
            }
        });
    }

    fn mentioned(&mut self, key: Key<'_>, origin: Origin) {
        if let Some(context) = self.contexts.get(key) {
            context.push_origin(origin);
        }
    }

    fn accepted(&mut self, key: Key<'_>, recipient: &[u8]) {
        if let Some(context) = self.contexts.get(key) {
            context.tried = true;
            if !context.waiting.is_empty() {
                context.settle(&String::from_utf8_lossy(recipient));
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
        if attempt.outcome == Outcome::Accepted {
            self.accepted(key, attempt.recipient.as_bytes());
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
            let context = self.contexts.get_or_new(key, format, origin.start, &mut self.gone);
            if let (Some(path), None) = (attempt.reverse_path, context.reverse_path()) {
                context.set_sender(path.as_bytes());
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
        let context = self.contexts.get_or_new(key, format, origin.start, &mut self.gone);
        context.tried = true;
        context.set_sender(reverse_path.as_bytes());
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
        let context = key.and_then(|key| self.contexts.get(key));
        let known = match (context, key) {
            (Some(context), _) => Known::of(context, &self.more_origins),
            (None, Some(key)) => Known::only(format, key, &self.more_origins),
            (None, None) => {
                let key = Key::new(line.host.unwrap_or(""), "", "");
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
        let mut origins = Vec::with_capacity(more.len() + context.origins.len());
        origins.extend(more);
        origins.extend(&context.origins);
        Self {
            format: context.format,
            host: context.host(),
            queue_id: context.queue_id(),
            message_id: context.message_id(),
            reverse_path: context.reverse_path(),
            origins,
        }
    }

    fn only(format: &'static str, key: Key<'_>, more: &[Origin]) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| Text::from(text));
        Self {
            format,
            host: text(key.host),
            queue_id: text(&String::from_utf8_lossy(key.queue_id)),
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
