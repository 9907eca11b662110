//! What is known of the messages that are still in the queue.
//!
//! Nearly all mail is delivered: its context is filled and thrown away again, so the buffers are used again and
//! nothing is allocated once the log runs. The number of contexts is capped.

use super::hash::{Hashed, hash};
use crate::model::{Attempt, Origin, Text};
use crate::smtp::Stage;
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasherDefault;
use std::net::IpAddr;

/// So many messages are kept in mind. A log without `removed` lines (cut, filtered) would grow without end
/// otherwise; a queue with more messages than this is rare, and what is lost then is the sender of an old message.
pub(super) const MAX_CONTEXTS: usize = 65_536;

/// So many lines of a message are kept as its origins; a queue manager repeats `from=` at every run.
const MAX_ORIGINS: usize = 12;

/// So many tries of a recipient are kept: the first and the latest.
const MAX_TRIES: usize = 40;

/// So many recipients of a message are kept waiting. Mailing lists have more, and one evidence each is enough work.
const MAX_WAITING: usize = 10_000;

/// Which message: queue ids repeat between hosts and instances.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Key<'a> {
    /// The hash of the rest.
    pub hash: u64,
    /// The host that wrote the log; empty if the log does not say.
    pub host: &'a str,
    /// The instance on it.
    pub instance: &'a str,
    /// The queue id, case kept.
    pub queue_id: &'a [u8],
}

impl<'a> Key<'a> {
    pub(super) fn new(host: &'a str, instance: &'a str, queue_id: &'a str) -> Self {
        Self::seeded(Self::seed(host, instance), host, instance, queue_id.as_bytes())
    }

    /// Many lines are of one host and instance: their part of the hash.
    pub(super) fn seed(host: &str, instance: &str) -> u64 {
        hash(hash(0, host.as_bytes()), instance.as_bytes())
    }

    pub(super) fn seeded(seed: u64, host: &'a str, instance: &'a str, queue_id: &'a [u8]) -> Self {
        Self { hash: hash(seed, queue_id), host, instance, queue_id }
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
#[derive(Default, Debug)]
pub(super) struct Context {
    /// The grammar of its lines.
    pub format: &'static str,
    /// Host, instance, queue id, sender and Message-ID behind one another: one buffer, used again.
    text: Vec<u8>,
    hash: u64,
    host_end: usize,
    instance_end: usize,
    queue_id_end: usize,
    sender: Option<(usize, usize)>,
    message_id: Option<(usize, usize)>,
    /// Lines about the message as a whole.
    pub origins: Vec<Origin>,
    /// Recipients that were put off.
    pub waiting: Vec<Waiting>,
    /// A delivery was tried.
    pub tried: bool,
    generation: u32,
    /// Where the line stands that made it known.
    born: u64,
}

impl Context {
    /// The line numbers were counted from a later line.
    fn shift_lines(&mut self, lines: u64) {
        let tries = self.waiting.iter_mut().flat_map(|w| &mut w.tries).map(|t| &mut t.attempt.origin);
        for origin in self.origins.iter_mut().chain(tries) {
            origin.line += lines;
        }
    }

    /// Whether it is the context of that message.
    fn is_of(&self, key: Key<'_>) -> bool {
        self.hash == key.hash
            && self.text[..self.host_end] == *key.host.as_bytes()
            && self.text[self.host_end..self.instance_end] == *key.instance.as_bytes()
            && self.text[self.instance_end..self.queue_id_end] == *key.queue_id
    }

    /// The host that wrote the log.
    pub(super) fn host(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text[..self.host_end])
    }

    /// The queue id.
    pub(super) fn queue_id(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text[self.instance_end..self.queue_id_end])
    }

    /// Forgets everything but the buffers.
    fn reset(&mut self, key: Key<'_>, format: &'static str) {
        self.format = format;
        self.hash = key.hash;
        self.text.clear();
        self.text.extend_from_slice(key.host.as_bytes());
        self.host_end = self.text.len();
        self.text.extend_from_slice(key.instance.as_bytes());
        self.instance_end = self.text.len();
        self.text.extend_from_slice(key.queue_id);
        self.queue_id_end = self.text.len();
        self.sender = None;
        self.message_id = None;
        self.origins.clear();
        self.waiting.clear();
        self.tried = false;
    }

    /// The envelope sender as written, if a line has told it.
    pub(super) fn reverse_path(&self) -> Option<Cow<'_, str>> {
        self.sender.map(|(start, end)| String::from_utf8_lossy(&self.text[start..end]))
    }

    /// The Message-ID, if a line has told it and it is not empty.
    pub(super) fn message_id(&self) -> Option<Cow<'_, str>> {
        let (start, end) = self.message_id.filter(|(start, end)| start < end)?;
        Some(String::from_utf8_lossy(&self.text[start..end]))
    }

    pub(super) fn set_sender(&mut self, sender: &[u8]) {
        if self.sender.is_none_or(|(start, end)| &self.text[start..end] != sender) {
            self.sender = Some(self.push(sender));
        }
    }

    pub(super) fn set_message_id(&mut self, id: &[u8]) {
        if !id.is_empty() && self.message_id.is_none() {
            self.message_id = Some(self.push(id));
        }
    }

    fn push(&mut self, text: &[u8]) -> (usize, usize) {
        let start = self.text.len();
        self.text.extend_from_slice(text);
        (start, self.text.len())
    }

    pub(super) fn push_origin(&mut self, origin: Origin) {
        if self.origins.len() < MAX_ORIGINS {
            self.origins.push(origin);
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

/// All messages in the queue.
#[derive(Default, Debug)]
pub(super) struct Contexts {
    slots: Vec<Context>,
    by_hash: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    free: Vec<u32>,
    /// The look-up before this one.
    latest: Option<(u64, u32)>,
    /// Slots in the order of arrival; a slot that was given to another message since has another generation.
    arrivals: VecDeque<(u32, u32)>,
    peak: usize,
}

impl Contexts {
    /// The context of a message, if there is one.
    pub(super) fn get(&mut self, key: Key<'_>) -> Option<&mut Context> {
        let slot = self.find(key.hash)?;
        let context = &mut self.slots[slot as usize];
        context.is_of(key).then_some(context)
    }

    /// The context of a message, a new one if need be. A message that had to go for it is handed to `gone`.
    pub(super) fn get_or_new(
        &mut self,
        key: Key<'_>,
        format: &'static str,
        born: u64,
        gone: &mut Vec<Context>,
    ) -> &mut Context {
        let hash = key.hash;
        if let Some(slot) = self.find(hash) {
            // Two messages with the same hash: the older is forgotten. (Never seen; made on purpose it does no harm.)
            if !self.slots[slot as usize].is_of(key) {
                gone.push(std::mem::take(&mut self.slots[slot as usize]));
                self.slots[slot as usize].reset(key, format);
            }
            return &mut self.slots[slot as usize];
        }
        if self.by_hash.len() >= MAX_CONTEXTS {
            gone.extend(self.take_oldest());
        }
        let slot = self.free_slot();
        let context = &mut self.slots[slot as usize];
        context.reset(key, format);
        context.born = born;
        context.generation = context.generation.wrapping_add(1);
        self.arrivals.push_back((slot, context.generation));
        self.by_hash.insert(hash, slot);
        self.peak = self.peak.max(self.by_hash.len());
        // Most entries are of messages that have left: sweep before there are many.
        if self.arrivals.len() > 2 * MAX_CONTEXTS {
            let slots = &self.slots;
            self.arrivals.retain(|(slot, generation)| slots[*slot as usize].generation == *generation);
        }
        &mut self.slots[slot as usize]
    }

    /// Forgets a message. `with` is called with its context before.
    pub(super) fn remove(&mut self, key: Key<'_>, with: impl FnOnce(&mut Context)) {
        let hash = key.hash;
        let Some(slot) = self.find(hash) else { return };
        let context = &mut self.slots[slot as usize];
        if !context.is_of(key) {
            return;
        }
        with(context);
        context.generation = context.generation.wrapping_add(1);
        self.by_hash.remove(&hash);
        self.latest = None;
        self.free.push(slot);
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

    /// The slot of a hash. A line asks more than once.
    fn find(&mut self, hash: u64) -> Option<u32> {
        match self.latest {
            Some((latest, slot)) if latest == hash => Some(slot),
            _ => {
                let slot = *self.by_hash.get(&hash)?;
                self.latest = Some((hash, slot));
                Some(slot)
            }
        }
    }

    /// Whether there is one with this hash, and whether it is the message's.
    pub(super) fn holds(&mut self, key: Key<'_>) -> Option<bool> {
        let slot = self.find(key.hash)?;
        Some(self.slots[slot as usize].is_of(key))
    }

    /// Takes over all of `later`, which was read from offset `start` on without knowing of these; no hash may be in
    /// both. What arrived here since `start` stands between those of `later`.
    pub(super) fn take_over(&mut self, mut later: Self, start: u64, lines_before: u64) {
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
            let mut context = std::mem::take(context);
            context.shift_lines(lines_before);
            let slot = self.free_slot();
            let place = &mut self.slots[slot as usize];
            context.generation = place.generation.wrapping_add(1);
            arrived.push((context.born, slot, context.generation));
            self.by_hash.insert(context.hash, slot);
            *place = context;
        }
        arrived.sort_unstable();
        self.arrivals.extend(arrived.into_iter().map(|(_, slot, generation)| (slot, generation)));
        self.peak = self.peak.max(self.by_hash.len());
    }

    fn free_slot(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.slots.push(Context::default());
            (self.slots.len() - 1) as u32
        })
    }

    /// All that are left, in no order.
    pub(super) fn unsorted_rest(&mut self) -> Vec<Context> {
        self.latest = None;
        let slots: Vec<u32> = self.by_hash.drain().map(|(_, slot)| slot).collect();
        self.arrivals.clear();
        slots.into_iter().map(|slot| std::mem::take(&mut self.slots[slot as usize])).collect()
    }

    fn take_oldest(&mut self) -> Option<Context> {
        while let Some((slot, generation)) = self.arrivals.pop_front() {
            let context = &mut self.slots[slot as usize];
            if context.generation == generation {
                self.by_hash.remove(&context.hash);
                self.latest = None;
                self.free.push(slot);
                let next = Context { generation: generation.wrapping_add(1), ..Context::default() };
                return Some(std::mem::replace(context, next));
            }
        }
        None
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
        contexts.get_or_new(key("A1"), "postfix", 0, &mut gone).set_sender(b"a@example.org");
        contexts.get_or_new(key("a1"), "postfix", 0, &mut gone).set_sender(b"b@example.org");
        let sender =
            |c: &mut Contexts, id| c.get(key(id)).and_then(|c| c.reverse_path().map(Cow::into_owned));
        assert_eq!(sender(&mut contexts, "A1").unwrap(), "a@example.org");
        contexts.remove(key("A1"), |_| {});
        assert_eq!(sender(&mut contexts, "A1"), None);
        assert_eq!(contexts.get_or_new(key("A1"), "postfix", 0, &mut gone).reverse_path(), None);
        assert_eq!(sender(&mut contexts, "a1").unwrap(), "b@example.org");
        assert!(gone.is_empty());
    }

    #[test]
    fn the_oldest_goes_first() {
        let (mut contexts, mut gone) = (Contexts::default(), Vec::new());
        for n in 0..MAX_CONTEXTS + 3 {
            contexts.get_or_new(key(&format!("{n:X}")), "postfix", 0, &mut gone);
            contexts.get_or_new(key("short"), "postfix", 0, &mut gone);
            contexts.remove(key("short"), |_| {});
        }
        let ids: Vec<_> = gone.iter().map(|c| c.queue_id()).collect();
        assert_eq!(ids.iter().map(|id| &**id).collect::<Vec<_>>(), ["0", "1", "2", "3"]);
        assert!(contexts.arrivals.len() <= 2 * MAX_CONTEXTS);
        assert!(contexts.slots.len() <= MAX_CONTEXTS);
    }
}
