//! What is known of the messages that are still in the queue.
//!
//! Nearly all mail is delivered: its context is filled and thrown away again, so the buffers are used again and
//! nothing is allocated once the log runs. The number of contexts is capped.

use super::hash::{Hashed, hash, hash_of_words, three_words};
use crate::model::{Attempt, Origin, SourceId, Text};
use crate::smtp::Stage;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasherDefault;
use std::net::IpAddr;

/// So many messages are kept in mind. A log without `removed` lines (cut, filtered) would grow without end
/// otherwise; a queue with more messages than this is rare, and what is lost then is the sender of an old message.
const MAX_CONTEXTS: usize = 65_536;

/// So many lines of a message are kept as its origins; a queue manager repeats `from=` at every run.
const MAX_ORIGINS: usize = 12;

/// So many tries of a recipient are kept: the first and the latest.
const MAX_TRIES: usize = 40;

/// A text longer than this is tidied up before a sender is added.
const MAX_TEXT: usize = 64 * 1024;

/// So many recipients of a message are kept waiting. Mailing lists have more, and one evidence each is enough work.
const MAX_WAITING: usize = 10_000;

/// Which message: queue ids repeat between hosts and instances.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Key<'a> {
    /// The hash of the rest.
    pub hash: u64,
    /// The hash of host and instance.
    pub seed: u64,
    /// The host that wrote the log; empty if the log does not say.
    pub host: &'a str,
    /// The instance on it.
    pub instance: &'a str,
    /// The queue id, case kept.
    pub queue_id: &'a [u8],
    /// It in three words, if it can be had in three; else zeros.
    words: [u64; 3],
}

impl<'a> Key<'a> {
    pub(super) fn new(host: &'a str, instance: &'a str, queue_id: &'a str) -> Self {
        Self::seeded(Self::seed(host, instance), host, instance, queue_id.as_bytes())
    }

    /// Many lines are of one host and instance: their part of the hash.
    pub(super) fn seed(host: &str, instance: &str) -> u64 {
        hash(hash(0, host.as_bytes()), instance.as_bytes())
    }

    #[inline(always)]
    pub(super) fn seeded(seed: u64, host: &'a str, instance: &'a str, queue_id: &'a [u8]) -> Self {
        let words = three_words(queue_id);
        let hash = hash_of_words(seed, queue_id, words);
        Self { hash, seed, host, instance, queue_id, words: words.unwrap_or_default() }
    }
}

/// A recipient that was put off.
#[derive(Debug)]
pub(super) struct Waiting {
    /// As tried.
    pub recipient: Text,
    /// As first given, where it differs.
    pub original_recipient: Option<Text>,
    /// The tries so far.
    pub tries: Vec<Tried>,
}

/// A try with what only the deciding one hands on.
#[derive(Clone, Debug)]
pub(super) struct Tried {
    /// What is kept of every try.
    pub attempt: Attempt,
    /// Its stage.
    pub stage: Stage,
    /// The remote address.
    pub remote_ip: Option<IpAddr>,
}

/// One message in the queue.
#[derive(Debug)]
pub(super) struct Context {
    /// The grammar of its lines.
    pub format: &'static str,
    /// Host, instance, queue id, sender and Message-ID behind one another. The usual lengths need no memory elsewhere.
    text: SmallVec<[u8; 88]>,
    hash: u64,
    seed: u64,
    words: [u64; 3],
    host_end: u32,
    instance_end: u32,
    queue_id_end: u32,
    sender: Option<Span>,
    message_id: Option<Span>,
    /// The first line about the message as a whole, and the further ones.
    first: Origin,
    further: SmallVec<[Near; 3]>,
    /// Recipients that were put off.
    pub waiting: Vec<Waiting>,
    /// A delivery was tried.
    pub tried: bool,
    generation: u32,
    /// Where the line stands that made it known.
    born: u64,
}

/// A line of the same source, some lines after another. A full queue has many of these.
#[derive(Clone, Copy, Debug)]
struct Near {
    start: u64,
    lines_after: u32,
    len: u32,
}

/// The line of a message of which none was read yet.
const NO_LINE: Origin = Origin { source: SourceId(u32::MAX), line: 0, start: 0, len: 0 };

/// A part of a context's text.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            format: "",
            text: SmallVec::new(),
            hash: 0,
            seed: 0,
            words: [0; 3],
            host_end: 0,
            instance_end: 0,
            queue_id_end: 0,
            sender: None,
            message_id: None,
            first: NO_LINE,
            further: SmallVec::new(),
            waiting: Vec::new(),
            tried: false,
            generation: 0,
            born: 0,
        }
    }
}

impl Context {
    /// The line numbers were counted from a later line.
    fn shift_lines(&mut self, lines: u64) {
        let tries = self.waiting.iter_mut().flat_map(|w| &mut w.tries).map(|t| &mut t.attempt.origin);
        for origin in std::iter::once(&mut self.first).chain(tries) {
            origin.line += lines;
        }
    }

    /// Whether it is the context of that message.
    fn is_of(&self, key: &Key<'_>) -> bool {
        self.hash == key.hash
            && self.seed == key.seed
            && self.words == key.words
            && (self.queue_id_end - self.instance_end) as usize == key.queue_id.len()
            && (key.words != [0; 3]
                || self.part(Span { start: self.instance_end, end: self.queue_id_end }) == key.queue_id)
    }

    /// It is no message's any more.
    fn forget(&mut self) {
        (self.hash, self.seed, self.instance_end, self.queue_id_end) = (0, 0, 0, 0);
    }

    fn part(&self, Span { start, end }: Span) -> &[u8] {
        &self.text[start as usize..end as usize]
    }

    fn words(&self, span: Span) -> Cow<'_, str> {
        let bytes = self.part(span);
        // Looks at many bytes at one time, as the other does not.
        std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
    }

    /// The host that wrote the log.
    pub(super) fn host(&self) -> Cow<'_, str> {
        self.words(Span { start: 0, end: self.host_end })
    }

    /// The queue id.
    pub(super) fn queue_id(&self) -> Cow<'_, str> {
        self.words(Span { start: self.instance_end, end: self.queue_id_end })
    }

    /// Forgets everything but the buffers.
    fn reset(&mut self, key: &Key<'_>, format: &'static str, born: u64) {
        self.format = format;
        (self.hash, self.seed, self.words, self.born) = (key.hash, key.seed, key.words, born);
        self.text.clear();
        self.host_end = self.push(key.host.as_bytes()).end;
        self.instance_end = self.push(key.instance.as_bytes()).end;
        self.queue_id_end = self.push(key.queue_id).end;
        self.sender = None;
        self.message_id = None;
        self.first = NO_LINE;
        self.further.clear();
        self.waiting.clear();
        self.tried = false;
    }

    /// The envelope sender as written, if a line has told it.
    pub(super) fn reverse_path(&self) -> Option<Cow<'_, str>> {
        self.sender.map(|span| self.words(span))
    }

    /// The Message-ID, if a line has told it and it is not empty.
    pub(super) fn message_id(&self) -> Option<Cow<'_, str>> {
        self.message_id.filter(|span| span.start < span.end).map(|span| self.words(span))
    }

    pub(super) fn set_sender(&mut self, sender: &[u8]) {
        if self.sender.is_some_and(|span| self.part(span) == sender) {
            return;
        }
        if self.text.len() > MAX_TEXT {
            // A queue id that is used again and again, in a log that was made so.
            let message_id = self.message_id.map(|span| self.part(span).to_vec());
            self.text.truncate(self.queue_id_end as usize);
            self.message_id = message_id.map(|id| self.push(&id));
        }
        self.sender = Some(self.push(sender));
    }

    pub(super) fn set_message_id(&mut self, id: &[u8]) {
        if !id.is_empty() && self.message_id.is_none() {
            self.message_id = Some(self.push(id));
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Span {
        let start = self.text.len();
        self.text.extend_from_slice(bytes);
        Span { start: start as u32, end: self.text.len() as u32 }
    }

    /// Lines about the message as a whole.
    pub(super) fn origins(&self) -> impl Iterator<Item = Origin> + '_ {
        let Origin { source, line, .. } = self.first;
        let further = self.further.iter().map(move |near| Origin {
            source,
            line: line + u64::from(near.lines_after),
            start: near.start,
            len: near.len,
        });
        (self.first != NO_LINE).then_some(self.first).into_iter().chain(further)
    }

    pub(super) fn push_origin(&mut self, origin: Origin) {
        if self.first == NO_LINE {
            self.first = origin;
        } else if self.further.len() + 1 < MAX_ORIGINS
            && let Some(Ok(lines_after)) = origin.line.checked_sub(self.first.line).map(u32::try_from)
        {
            self.further.push(Near { start: origin.start, lines_after, len: origin.len });
        }
    }

    /// Adds a try that did not settle the recipient.
    pub(super) fn put_off(&mut self, recipient: &str, original_recipient: Option<&str>, one: Tried) {
        self.tried = true;
        if let Some(waiting) = self.waiting.iter_mut().find(|w| &*w.recipient == recipient) {
            if waiting.tries.len() >= MAX_TRIES {
                waiting.tries.remove(1);
            }
            waiting.tries.push(one);
        } else if self.waiting.len() < MAX_WAITING {
            self.waiting.push(Waiting {
                recipient: recipient.into(),
                original_recipient: original_recipient.map(Text::from),
                tries: vec![one],
            });
        }
    }

    /// The recipient is settled: its earlier tries are handed out.
    pub(super) fn settle(&mut self, recipient: &str) -> Option<Waiting> {
        let at = self.waiting.iter().position(|w| &*w.recipient == recipient)?;
        Some(self.waiting.remove(at))
    }
}

fn recent_place(hash: u64) -> usize {
    (hash >> 32) as usize % N_RECENT
}

/// All messages in the queue.
#[derive(Debug)]
pub(super) struct Contexts {
    slots: Vec<Context>,
    by_hash: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    free: Vec<u32>,
    /// Slots of the messages that came last, by some bits of their hashes: nearly every line is of one of them.
    recent: [u32; N_RECENT],
    /// Slots in the order of arrival; a slot that was given to another message since has another generation.
    arrivals: VecDeque<(u32, u32)>,
    peak: usize,
    /// So many are kept.
    max: usize,
    /// A message had to be forgotten since this was last looked at.
    pub(super) has_forgotten: bool,
    /// So many messages are kept elsewhere and count, too.
    pub(super) elsewhere: usize,
    /// Where messages came and went, if somebody wants to know: offsets, and whether one came.
    pub(super) turnover: Option<Vec<(u64, bool)>>,
}

/// Places in [`Contexts::recent`].
const N_RECENT: usize = 512;

/// Where a message's context is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// In this slot.
    Slot(u32),
    /// There is none, but one of another message with the same hash. (Never seen; made on purpose it does no harm.)
    Taken,
    /// There is none.
    Nowhere,
}

impl Default for Contexts {
    fn default() -> Self {
        Self::with_max(MAX_CONTEXTS)
    }
}

impl Contexts {
    /// For so many messages.
    pub(super) fn with_max(max: usize) -> Self {
        Self {
            slots: Vec::new(),
            by_hash: HashMap::default(),
            free: Vec::new(),
            recent: [0; N_RECENT],
            arrivals: VecDeque::new(),
            peak: 0,
            max,
            has_forgotten: false,
            elsewhere: 0,
            turnover: None,
        }
    }

    /// For a part of the log that is read without knowing of these, in the memory of `room` if there is some.
    pub(super) fn ahead(&self, room: Option<Self>) -> Self {
        let mut ahead = room.unwrap_or_else(|| Self::with_max(self.max));
        ahead.turnover.get_or_insert_default().clear();
        ahead
    }

    /// No message at all, with the memory that these had.
    fn emptied(mut self) -> Self {
        self.by_hash.clear();
        self.arrivals.clear();
        self.free.clear();
        self.free.extend((0..self.slots.len() as u32).rev());
        for context in &mut self.slots {
            context.forget();
            context.generation = 0;
        }
        (self.peak, self.elsewhere, self.has_forgotten) = (0, 0, false);
        self
    }

    /// So many are kept.
    pub(super) fn max(&self) -> usize {
        self.max
    }

    /// Where a message's context is.
    pub(super) fn place(&self, key: &Key<'_>) -> Place {
        let recent = self.recent[recent_place(key.hash)];
        if self.slots.get(recent as usize).is_some_and(|context| context.is_of(key)) {
            return Place::Slot(recent);
        }
        match self.by_hash.get(&key.hash) {
            Some(slot) if self.slots[*slot as usize].is_of(key) => Place::Slot(*slot),
            Some(_) => Place::Taken,
            None => Place::Nowhere,
        }
    }

    /// The context in a slot.
    pub(super) fn at(&mut self, slot: u32) -> &mut Context {
        &mut self.slots[slot as usize]
    }

    /// The context of a message, if there is one.
    pub(super) fn get(&mut self, key: &Key<'_>) -> Option<&mut Context> {
        match self.place(key) {
            Place::Slot(slot) => Some(self.at(slot)),
            _ => None,
        }
    }

    /// The context of a message, a new one if need be. A message that had to go for it is handed to `gone`.
    pub(super) fn get_or_new(
        &mut self,
        key: &Key<'_>,
        format: &'static str,
        born: u64,
        gone: &mut Vec<Context>,
    ) -> &mut Context {
        let place = self.place(key);
        self.get_or_new_at(place, key, format, born, gone)
    }

    /// As [`Self::get_or_new`], where the message's place is known.
    pub(super) fn get_or_new_at(
        &mut self,
        place: Place,
        key: &Key<'_>,
        format: &'static str,
        born: u64,
        gone: &mut Vec<Context>,
    ) -> &mut Context {
        match place {
            Place::Slot(slot) => &mut self.slots[slot as usize],
            Place::Taken => {
                let slot = self.by_hash.get(&key.hash).copied().unwrap_or(0);
                let context = &mut self.slots[slot as usize];
                gone.push(std::mem::take(context));
                self.has_forgotten = true;
                context.reset(key, format, born);
                context
            }
            Place::Nowhere => self.insert(key, format, born, gone),
        }
    }

    fn insert(
        &mut self,
        key: &Key<'_>,
        format: &'static str,
        born: u64,
        gone: &mut Vec<Context>,
    ) -> &mut Context {
        if self.make_room(gone)
            && let Some(turnover) = &mut self.turnover
        {
            turnover.push((born, true));
        }
        let slot = self.free_slot();
        let context = &mut self.slots[slot as usize];
        context.reset(key, format, born);
        context.generation = context.generation.wrapping_add(1);
        self.arrivals.push_back((slot, context.generation));
        self.by_hash.insert(key.hash, slot);
        self.recent[recent_place(key.hash)] = slot;
        self.peak = self.peak.max(self.by_hash.len());
        // Most entries are of messages that have left: sweep before there are many.
        if self.arrivals.len() > 2 * self.max {
            let slots = &self.slots;
            self.arrivals.retain(|(slot, generation)| slots[*slot as usize].generation == *generation);
        }
        &mut self.slots[slot as usize]
    }

    /// Forgets the oldest message if there are too many for another; says whether there was room already.
    pub(super) fn make_room(&mut self, gone: &mut Vec<Context>) -> bool {
        if self.by_hash.len() + self.elsewhere < self.max {
            return true;
        }
        self.forget_oldest(gone);
        false
    }

    /// Forgets the message in `slot`; the line at `left` says that it has left. `with` is called with its context
    /// before.
    pub(super) fn remove(&mut self, slot: u32, left: u64, with: impl FnOnce(&mut Context)) {
        let context = &mut self.slots[slot as usize];
        with(context);
        context.generation = context.generation.wrapping_add(1);
        self.by_hash.remove(&context.hash);
        context.forget();
        self.free.push(slot);
        if let Some(turnover) = &mut self.turnover {
            turnover.push((left, false));
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.by_hash.len()
    }

    /// The most there ever were.
    pub(super) fn peak(&self) -> usize {
        self.peak
    }

    /// Whether there is one with this hash.
    pub(super) fn has(&self, hash: u64) -> bool {
        self.by_hash.contains_key(&hash)
    }

    /// Takes over all of `later`, and gives its memory back. It was read from offset `start` on without knowing of
    /// these; no hash may be in both. What arrived here since `start` stands between those of `later`.
    pub(super) fn take_over(&mut self, mut later: Self, start: u64, lines_before: u64) -> Self {
        let mut arrived: Vec<(u64, u32, u32)> = Vec::new();
        while let Some((slot, generation)) = self.arrivals.back().copied() {
            let context = &self.slots[slot as usize];
            if context.generation == generation {
                if context.born < start {
                    break;
                }
                arrived.push((context.born, slot, generation));
            }
            self.arrivals.pop_back();
        }
        for (slot, generation) in std::mem::take(&mut later.arrivals) {
            let context = &mut later.slots[slot as usize];
            if context.generation != generation {
                continue;
            }
            let slot = self.free_slot();
            let place = &mut self.slots[slot as usize];
            let generation = place.generation.wrapping_add(1);
            std::mem::swap(place, context);
            place.shift_lines(lines_before);
            place.generation = generation;
            arrived.push((place.born, slot, generation));
            self.by_hash.insert(place.hash, slot);
        }
        arrived.sort_unstable();
        self.arrivals.extend(arrived.into_iter().map(|(_, slot, generation)| (slot, generation)));
        self.peak = self.peak.max(self.by_hash.len());
        later.emptied()
    }

    fn free_slot(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            if self.slots.len() == self.slots.capacity() {
                // Not twice as much each time: a full queue would need the room of two.
                self.slots.reserve_exact(self.slots.len() / 4 + 64);
            }
            self.slots.push(Context::default());
            (self.slots.len() - 1) as u32
        })
    }

    /// All that are left, in no order.
    pub(super) fn unsorted_rest(&mut self) -> Vec<Context> {
        let slots: Vec<u32> = self.by_hash.drain().map(|(_, slot)| slot).collect();
        self.arrivals.clear();
        slots.into_iter().map(|slot| std::mem::take(&mut self.slots[slot as usize])).collect()
    }

    /// Forgets the oldest message. Only one with recipients that wait has something to hand out.
    fn forget_oldest(&mut self, gone: &mut Vec<Context>) {
        while let Some((slot, generation)) = self.arrivals.pop_front() {
            let context = &mut self.slots[slot as usize];
            if context.generation != generation {
                continue;
            }
            self.by_hash.remove(&context.hash);
            self.free.push(slot);
            if !context.waiting.is_empty() {
                gone.push(std::mem::take(context));
            }
            context.forget();
            context.generation = generation.wrapping_add(1);
            self.has_forgotten = true;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(queue_id: &str) -> Key<'_> {
        Key::new("mx", "postfix", queue_id)
    }

    #[test]
    fn contexts_come_and_go() {
        let (mut contexts, mut gone) = (Contexts::default(), Vec::new());
        contexts.get_or_new(&key("A1"), "postfix", 0, &mut gone).set_sender(b"a@example.org");
        contexts.get_or_new(&key("a1"), "postfix", 0, &mut gone).set_sender(b"b@example.org");
        let sender =
            |c: &mut Contexts, id| c.get(&key(id)).and_then(|c| c.reverse_path().map(Cow::into_owned));
        assert_eq!(sender(&mut contexts, "A1").unwrap(), "a@example.org");
        let Place::Slot(slot) = contexts.place(&key("A1")) else { panic!("it is there") };
        contexts.remove(slot, 0, |_| {});
        assert_eq!(sender(&mut contexts, "A1"), None);
        assert_eq!(contexts.get_or_new(&key("A1"), "postfix", 0, &mut gone).reverse_path(), None);
        assert_eq!(sender(&mut contexts, "a1").unwrap(), "b@example.org");
        assert!(gone.is_empty());
    }

    #[test]
    fn the_oldest_goes_first() {
        let (mut contexts, mut gone) = (Contexts::default(), Vec::new());
        for n in 0..MAX_CONTEXTS + 3 {
            contexts.get_or_new(&key(&format!("{n:X}")), "postfix", 0, &mut gone);
            contexts.get_or_new(&key("short"), "postfix", 0, &mut gone);
            let Place::Slot(slot) = contexts.place(&key("short")) else { panic!("it is there") };
            contexts.remove(slot, 0, |_| {});
        }
        assert!(contexts.has_forgotten && gone.is_empty(), "none has recipients that wait");
        let known = [0, 1, 2, 3, 4, MAX_CONTEXTS].map(|n| contexts.get(&key(&format!("{n:X}"))).is_some());
        assert_eq!(known, [false, false, false, false, true, true]);
        assert!(contexts.arrivals.len() <= 2 * MAX_CONTEXTS);
        assert!(contexts.slots.len() <= MAX_CONTEXTS);
    }
}
