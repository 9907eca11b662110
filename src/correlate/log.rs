//! One log: lines in, refusals out, the context of each message kept while it is in the queue.
//!
//! Sender, Message-ID and earlier tries stand on other lines than the one that decides; they are put together by
//! host, instance and queue id. A refusal is handed out with the line that decides it; a recipient that was only put
//! off is handed out when the message leaves the queue or the log ends.

mod cut;
mod forgotten;
mod known;
mod queue;
mod repeated;

use super::ahead::Ahead;
use super::chunks::{Chunks, Piece};
use super::context::{Contexts, Key, Place};
use super::counts::holds_refusal;
use crate::model::{Coverage, Harvest, Origin, ReadOptions, SourceId, Timestamp, Zone};
use crate::parse::detect::is_reject_log_part;
use crate::parse::event::{Glance, LogLine};
use crate::parse::frame::{
    Clock, Framed, Frames, Glanced, Stamp, Taken, Unwrapped, Wraps, framed, repeat, wrap,
};
use crate::parse::{Line, dress, mta};
use cut::Cut;
pub use forgotten::Messages;
use queue::Queue;
use repeated::Last;
use std::borrow::Cow;
use std::sync::Arc;

/// With more messages in the queue, a part that was read ahead takes too much memory: it is better read in its turn.
const MAX_AHEAD: usize = 32_768;

/// Counts are handed on every so many lines.
const FLUSH_LINES: u64 = 4096;

/// Reads the lines of one log in order.
pub struct LogCorrelator {
    clock: Clock,
    /// Month and day of the line that was dated last.
    day: (u32, u32),
    glances: Option<Glances>,
    zone: Zone,
    wraps: Wraps,
    /// A line that seems to be cut: its rest may follow.
    cut: Option<Box<Cut>>,
    /// The next line may belong to the one before: nothing can be said at a glance.
    goes_on: bool,
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
            glances: Some(Glances::in_zone(options.zone)),
            zone: options.zone,
            wraps: Wraps::default(),
            cut: None,
            goes_on: false,
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
    /// `None` if lines hang together here, so that the log cannot be cut. `room` is memory from an earlier one.
    pub fn ahead(&self, start: u64, room: Option<Room>) -> Option<Self> {
        if !self.wraps.is_empty() || self.cut.is_some() {
            return None;
        }
        let ahead = Box::new(Ahead::new(start, self.bare_first));
        let contexts = self.queue.contexts.ahead(room.map(|Room(contexts)| contexts));
        Some(Self {
            clock: self.clock.clone(),
            day: (0, 0),
            glances: self.glances.is_some().then(|| Glances::in_zone(self.zone)),
            zone: self.zone,
            wraps: Wraps::default(),
            cut: None,
            goes_on: false,
            chunks: Chunks::default(),
            queue: Queue { ahead: Some(ahead), contexts, ..Queue::default() },
            bare_first: self.bare_first,
            in_reject_log: false,
        })
    }

    /// Whether reading [ahead](Self::ahead) has shown that it leads nowhere: [`Self::follow`] would refuse the result.
    pub fn is_dependent(&self) -> bool {
        self.queue.ahead.as_ref().is_some_and(|ahead| ahead.dependent)
            || self.queue.contexts.len() > MAX_AHEAD
    }

    /// Takes over what `later` found, which was read [ahead](Self::ahead) from just after the lines read here so far:
    /// the same as if its lines were read now. What was left open there goes to `out`, and the place of each such
    /// evidence's deciding line is given.
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
        let n_before = queue.contexts.len();
        let most = n_before + ahead.n_open + later.queue.contexts.peak();
        // So many have to be forgotten at most; only such as were known before may be.
        let n_over = most.saturating_sub(queue.contexts.max());
        let too_many = n_over > 0 && n_over + ahead.n_closed > n_before;
        let alike = self.bare_first == ahead.bare_first
            && !self.in_reject_log
            && self.wraps.is_empty()
            && self.cut.is_none();
        let known_before = || ahead.opened.iter().any(|hash| queue.contexts.has(*hash));
        if ahead.dependent
            || !alike
            || !self.chunks.is_empty()
            || later.queue.counts.is_full()
            || too_many
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
        self.wraps = later.wraps;
        self.wraps.shift_lines(lines);
        self.goes_on = later.goes_on;
        self.bare_first = later.bare_first;
        self.in_reject_log = later.in_reject_log;
        let mut open = Vec::new();
        let mut turnover =
            later.queue.contexts.turnover.take().filter(|_| n_over > 0).unwrap_or_default().into_iter();
        let mut come_and_go = |queue: &mut Queue, open: &mut Vec<u64>, until: u64, out: &mut Harvest| {
            while let Some((at, came)) = turnover.as_slice().first().copied().filter(|(at, _)| *at < until) {
                turnover.next();
                queue.come_or_go(came, at, out);
                open.resize(out.records.len(), at);
            }
        };
        ahead.each_line(lines, |line, origin| {
            come_and_go(&mut self.queue, &mut open, origin.start, out);
            self.queue.event_again(line, origin, out);
            open.resize(out.records.len(), origin.start);
        });
        come_and_go(&mut self.queue, &mut open, u64::MAX, out);
        self.queue.last.take_over(&later.queue.last, lines);
        self.queue.contexts.elsewhere = 0;
        let room = self.queue.contexts.take_over(later.queue.contexts, ahead.start, lines);
        self.queue.counts.add(&later.queue.counts, coverage, lines, out);
        self.queue.forgotten.add(later.queue.forgotten);
        Some(Followed { open, room: Room(room) })
    }

    /// Hands on what was counted so far.
    pub fn flush(&mut self, out: &mut Harvest) {
        self.queue.counts.flush(out);
    }

    /// The refusal that was found last may be said to have been repeated by the next line: it had better be kept back.
    pub fn may_be_repeated(&self) -> bool {
        self.queue.last.is_refusal()
    }

    /// Reads of some messages alone, and keeps all of them in mind.
    #[must_use]
    pub fn only(mut self, messages: Messages) -> Self {
        self.queue.contexts = Contexts::with_max(self.queue.contexts.max().max(messages.len() + 1));
        self.queue.only = Some(messages);
        self
    }

    /// From where on, an offset, refusals lack what stands on earlier lines, because their messages were forgotten.
    pub fn lacking_from(&self) -> Option<u64> {
        self.queue.forgotten.from
    }

    /// The messages whose refusals lack something.
    pub fn lacking(&mut self) -> Messages {
        std::mem::take(&mut self.queue.forgotten.messages)
    }

    /// Every line goes through its grammar: the reference for what a glance at a line gives.
    #[must_use]
    pub fn thorough(self) -> Self {
        Self { glances: None, ..self }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>, out: &mut Harvest) {
        self.take(&line, out);
        out.places.resize(out.records.len(), line.start);
    }

    fn take(&mut self, line: &Line<'_>, out: &mut Harvest) {
        if self.queue.counts.lines >= FLUSH_LINES {
            self.queue.counts.flush(out);
        }
        self.queue.counts.lines += 1;
        if !self.glance(line, out) {
            self.take_apart(line, out);
            self.goes_on = self.wraps.is_open() || self.cut.is_some();
        }
    }

    /// Reads a line of any shape. Apart from the quick way, which runs for nearly every line and must stay small.
    #[inline(never)]
    fn take_apart(&mut self, line: &Line<'_>, out: &mut Harvest) {
        let origin = line.origin();
        self.queue.number = line.number;
        if self.cut.is_some() {
            let text = String::from_utf8_lossy(line.bytes);
            if self.take_cut(Some((&text, origin, line.number)), out) {
                return;
            }
        }
        match self.wraps.line(line.bytes, origin) {
            Taken::No => {}
            Taken::Part => return self.queue.last.nothing_on(line.number),
            Taken::Lines(lines) => return self.unwrapped(&lines, out),
        }
        let text = match std::str::from_utf8(line.bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(line.bytes),
        };
        let text = match dress::is_dressed(line.bytes).then(|| dress::undress(&text)) {
            Some(Cow::Owned(bare)) => {
                // Behind quote marks stands what may be wrapped for itself.
                if bare.starts_with('{')
                    && let Taken::Lines(lines) = self.wraps.line(bare.as_bytes(), origin)
                {
                    return self.unwrapped(&lines, out);
                }
                Cow::Owned(bare)
            }
            _ => text,
        };
        let found = if self.bare_first {
            mta::bare(&text).or_else(|| framed(&text))
        } else {
            framed(&text).or_else(|| mta::bare(&text).inspect(|_| self.bare_first = true))
        };
        match found {
            Some(found) => self.framed_line(found, origin, out),
            None => self.unframed(line.bytes, &text, origin, out),
        }
    }

    fn framed_line(&mut self, found: Framed<'_>, origin: Origin, out: &mut Harvest) {
        let line = LogLine {
            time: self.date(found.stamp),
            host: found.host,
            program: found.program,
            pid: found.pid,
            message: Cow::Borrowed(found.message),
        };
        self.log_line(&line, origin, out);
    }

    /// Reads lines that were wrapped.
    fn unwrapped(&mut self, lines: &[Unwrapped], out: &mut Harvest) {
        for line in lines {
            let Some(found) = line.framed() else { continue };
            self.queue.more_origins.extend(&line.origins[1..]);
            if let (Some(ahead), true) = (&mut self.queue.ahead, line.origins.len() > 1) {
                ahead.dependent = true;
            }
            self.framed_line(found, line.origins[0], out);
            self.queue.more_origins.clear();
        }
    }

    /// The log has ended: what is still waiting for a verdict is handed out as it stands.
    pub fn finish(&mut self, out: &mut Harvest) {
        self.take_cut(None, out);
        let rest = self.wraps.finish();
        self.unwrapped(&rest, out);
        for whole in self.chunks.rest() {
            self.queue.more_origins.extend(&whole.origins[1..]);
            self.queue.take(&whole.line(), whole.origins[0], out);
            self.queue.more_origins.clear();
        }
        self.queue.finish(out);
        self.queue.last = Last::default();
        out.places.resize(out.records.len(), u64::MAX);
        self.queue.counts.flush(out);
    }

    /// Reads a line of the most common shapes; `false` if it has another.
    fn glance(&mut self, line: &Line<'_>, out: &mut Harvest) -> bool {
        if self.goes_on {
            return false;
        }
        let Some(glances) = &mut self.glances else { return false };
        // What is found is looked at where it was put: to move it costs as much as to find it.
        let taken = match self.bare_first {
            true => glances.frames.take_bare(line.bytes),
            false => glances.frames.take(line.bytes),
        };
        let Some(seen) = &taken else { return false };
        if dress::is_dressed_within(line.bytes, line.plain) {
            return false;
        }
        let head = glances.frames.head(seen.head);
        let Some(glance) = head.dialect.glance else { return false };
        while glances.known.len() <= seen.head {
            let head = glances.frames.head(glances.known.len());
            glances.known.push(KnownHead {
                seed: Key::seed(&head.host, &head.instance),
                daemon: self.queue.counts.daemon_number((head.dialect.daemon)(&head.program)),
            });
        }
        let known = &glances.known[seen.head];
        let contexts = &self.queue.contexts;
        let (mut key, mut place) = (None, Place::Nowhere);
        let queue_id = glance.queue_id(seen.message, |queue_id| {
            let key = key.insert(Key::seeded(known.seed, &head.host, &head.instance, queue_id));
            place = contexts.place(key);
            matches!(place, Place::Slot(_))
        });
        let found = glance.what(seen.message, queue_id);
        let Some(what) = &found else {
            // In a file of the MTA's own its words alone tell whose line it is.
            return !self.bare_first && self.in_known_frame(seen, line.origin(), out);
        };
        self.in_reject_log = false;
        self.queue.counts.understood(known.daemon, !matches!(what, Glance::Other));
        self.queue.count_glanced(what);
        let wanted = match &self.queue.only {
            Some(only) => only.has_seeded(Messages::seed(&head.host), queue_id),
            None => true,
        };
        if let Some(key) = &key
            && !queue_id.is_empty()
            && wanted
        {
            self.queue.glanced(head, (key, place), what, seen.message, line, out);
        }
        if let Some(day) = seen.without_year
            && self.day != day
            && let Some(stamp) = glances.frames.stamp(seen)
        {
            self.date(stamp);
        }
        true
    }

    /// Reads a line by its grammar whose frame was taken off; `false` if its frame has to be looked at again.
    fn in_known_frame(&mut self, seen: &Glanced<'_>, origin: Origin, out: &mut Harvest) -> bool {
        let Some(glances) = &self.glances else { return false };
        let (Some(stamp), Ok(message)) = (glances.frames.stamp(seen), std::str::from_utf8(seen.message))
        else {
            return false;
        };
        let head = Arc::clone(glances.frames.head(seen.head));
        let line = LogLine {
            time: self.date(stamp),
            host: Some(&head.host),
            program: &head.program,
            pid: std::str::from_utf8(seen.pid).ok().and_then(|digits| digits.parse().ok()),
            message: Cow::Borrowed(message),
        };
        self.queue.number = origin.line;
        self.log_line(&line, origin, out);
        self.goes_on = self.cut.is_some();
        true
    }

    fn date(&mut self, stamp: Stamp) -> Option<Timestamp> {
        let time = self.clock.date(stamp);
        if self.clock.in_repeated_hour()
            && let Some(ahead) = &mut self.queue.ahead
            && ahead.days.last() != Some(&(stamp, time))
        {
            ahead.days.push((stamp, time));
        }
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

    fn log_line(&mut self, line: &LogLine<'_>, origin: Origin, out: &mut Harvest) {
        self.in_reject_log = false;
        if let Some(repeat) = repeat::repeat(&line.message) {
            return self.queue.repeated(line, repeat, origin, out);
        }
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
        if line.message.len() >= 800 && self.is_cut(line, origin) {
            return;
        }
        let refused = self.queue.take(line, origin, out);
        self.in_reject_log = refused && line.program == "exim" && line.host.is_none();
    }

    fn unframed(&mut self, bytes: &[u8], text: &str, origin: Origin, out: &mut Harvest) {
        if self.in_reject_log {
            let inner = wrap::text_of(bytes, origin);
            let part = inner.as_ref().map_or(bytes, |text| text.as_bytes());
            if is_reject_log_part(part) {
                self.in_reject_log = !part.starts_with(b"-----");
                return;
            }
        }
        if bytes.is_empty() {
            self.queue.last.nothing_on(self.queue.number);
        }
        if holds_refusal(text) {
            self.queue.counts.miss(None, origin, out);
        }
    }
}

/// What putting a part behind another gave.
pub struct Followed {
    /// For each refusal that was left open and is known now the offset of its deciding line.
    pub open: Vec<u64>,
    /// For the next part that is read ahead.
    pub room: Room,
}

/// Memory for what is known of messages, to be used again.
pub struct Room(Contexts);

/// What lines are read with at a glance.
#[derive(Default)]
struct Glances {
    frames: Frames,
    /// What is known of each head of `frames`.
    known: Vec<KnownHead>,
}

impl Glances {
    fn in_zone(zone: Zone) -> Self {
        Self { frames: Frames::in_zone(zone), known: Vec::new() }
    }
}

/// Of a host and program.
struct KnownHead {
    seed: u64,
    daemon: usize,
}

#[cfg(test)]
mod tests;
