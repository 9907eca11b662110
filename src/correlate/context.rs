//! What is known of the messages that are still in the queue.
//!
//! Nearly all mail is delivered: its context is filled and thrown away again, so the buffers are used again and
//! nothing is allocated once the log runs. The number of contexts is capped.

use crate::model::{Attempt, Origin, Text};
use crate::smtp::{ReversePath, Stage};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
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
    /// The host that wrote the log; empty if the log does not say.
    pub host: &'a str,
    /// The instance on it.
    pub instance: &'a str,
    /// The queue id, case kept.
    pub queue_id: &'a str,
}

impl Key<'_> {
    fn hash(self) -> u64 {
        let mut hash = 0;
        for part in [self.host, self.instance, self.queue_id] {
            hash = mix(hash ^ part.len() as u64);
            let mut chunks = part.as_bytes().chunks_exact(8);
            for chunk in &mut chunks {
                let mut word = [0; 8];
                word.copy_from_slice(chunk);
                hash = mix(hash ^ u64::from_le_bytes(word));
            }
            let mut word = [0; 8];
            word[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
            hash = mix(hash ^ u64::from_le_bytes(word));
        }
        hash
    }
}

fn mix(word: u64) -> u64 {
    let wide = u128::from(word ^ 0x9e37_79b9_7f4a_7c15) * 0xa076_1d64_78bd_642f;
    (wide >> 64) as u64 ^ wide as u64
}

/// A recipient that was put off.
#[derive(Debug)]
pub(super) struct Waiting {
    /// As tried.
    pub recipient: Text,
    /// As first given, where it differs.
    pub original_recipient: Option<Text>,
    /// The tries so far.
    pub tries: Vec<Try>,
}

/// A try with what only the deciding one hands on.
#[derive(Clone, Debug)]
pub(super) struct Try {
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
    text: String,
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
}

impl Context {
    pub(super) fn key(&self) -> Key<'_> {
        Key {
            host: &self.text[..self.host_end],
            instance: &self.text[self.host_end..self.instance_end],
            queue_id: &self.text[self.instance_end..self.queue_id_end],
        }
    }

    /// Forgets everything but the buffers.
    fn reset(&mut self, key: Key<'_>, format: &'static str) {
        self.format = format;
        self.text.clear();
        self.text.push_str(key.host);
        self.host_end = self.text.len();
        self.text.push_str(key.instance);
        self.instance_end = self.text.len();
        self.text.push_str(key.queue_id);
        self.queue_id_end = self.text.len();
        self.sender = None;
        self.message_id = None;
        self.origins.clear();
        self.waiting.clear();
        self.tried = false;
    }

    /// The envelope sender, if a line has told it.
    pub(super) fn reverse_path(&self) -> Option<ReversePath> {
        self.sender.map(|(start, end)| ReversePath::parse(&self.text[start..end]))
    }

    /// The Message-ID, if a line has told it and it is not empty.
    pub(super) fn message_id(&self) -> Option<Text> {
        self.message_id.map(|(start, end)| Text::from(&self.text[start..end]))
    }

    pub(super) fn set_sender(&mut self, sender: &str) {
        if self.sender.is_none_or(|(start, end)| &self.text[start..end] != sender) {
            self.sender = Some(self.push(sender));
        }
    }

    pub(super) fn set_message_id(&mut self, id: &str) {
        if !id.is_empty() && self.message_id.is_none() {
            self.message_id = Some(self.push(id));
        }
    }

    fn push(&mut self, text: &str) -> (usize, usize) {
        let start = self.text.len();
        self.text.push_str(text);
        (start, self.text.len())
    }

    pub(super) fn push_origin(&mut self, origin: Origin) {
        if self.origins.len() < MAX_ORIGINS {
            self.origins.push(origin);
        }
    }

    /// Adds a try that did not settle the recipient.
    pub(super) fn put_off(&mut self, recipient: &str, original_recipient: Option<&str>, one: Try) {
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
    /// Slots in the order of arrival; a slot that was given to another message since has another generation.
    arrivals: VecDeque<(u32, u32)>,
}

impl Contexts {
    /// The context of a message, if there is one.
    pub(super) fn get(&mut self, key: Key<'_>) -> Option<&mut Context> {
        let slot = *self.by_hash.get(&key.hash())?;
        let context = &mut self.slots[slot as usize];
        (context.key() == key).then_some(context)
    }

    /// The context of a message, a new one if need be. A message that had to go for it is handed to `gone`.
    pub(super) fn get_or_new(
        &mut self,
        key: Key<'_>,
        format: &'static str,
        gone: &mut Vec<Context>,
    ) -> &mut Context {
        let hash = key.hash();
        if let Some(&slot) = self.by_hash.get(&hash) {
            // Two messages with the same hash: the older is forgotten. (Never seen; made on purpose it does no harm.)
            if self.slots[slot as usize].key() != key {
                gone.push(std::mem::take(&mut self.slots[slot as usize]));
                self.slots[slot as usize].reset(key, format);
            }
            return &mut self.slots[slot as usize];
        }
        if self.by_hash.len() >= MAX_CONTEXTS {
            gone.extend(self.take_oldest());
        }
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(Context::default());
                (self.slots.len() - 1) as u32
            }
        };
        let context = &mut self.slots[slot as usize];
        context.reset(key, format);
        context.generation = context.generation.wrapping_add(1);
        self.arrivals.push_back((slot, context.generation));
        self.by_hash.insert(hash, slot);
        // Most entries are of messages that have left: sweep before there are many.
        if self.arrivals.len() > 2 * MAX_CONTEXTS {
            let slots = &self.slots;
            self.arrivals.retain(|(slot, generation)| slots[*slot as usize].generation == *generation);
        }
        &mut self.slots[slot as usize]
    }

    /// Forgets a message. `with` is called with its context before.
    pub(super) fn remove(&mut self, key: Key<'_>, with: impl FnOnce(&mut Context)) {
        let hash = key.hash();
        let Some(&slot) = self.by_hash.get(&hash) else { return };
        let context = &mut self.slots[slot as usize];
        if context.key() != key {
            return;
        }
        with(context);
        context.generation = context.generation.wrapping_add(1);
        self.by_hash.remove(&hash);
        self.free.push(slot);
    }

    /// All that are left, in no order.
    pub(super) fn unsorted_rest(&mut self) -> Vec<Context> {
        let slots: Vec<u32> = self.by_hash.drain().map(|(_, slot)| slot).collect();
        self.arrivals.clear();
        slots.into_iter().map(|slot| std::mem::take(&mut self.slots[slot as usize])).collect()
    }

    fn take_oldest(&mut self) -> Option<Context> {
        while let Some((slot, generation)) = self.arrivals.pop_front() {
            let context = &mut self.slots[slot as usize];
            if context.generation == generation {
                self.by_hash.remove(&context.key().hash());
                self.free.push(slot);
                let next = Context { generation: generation.wrapping_add(1), ..Context::default() };
                return Some(std::mem::replace(context, next));
            }
        }
        None
    }
}

/// The keys are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = mix(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(queue_id: &str) -> Key<'_> {
        Key { host: "mx", instance: "postfix", queue_id }
    }

    #[test]
    fn contexts_come_and_go() {
        let (mut contexts, mut gone) = (Contexts::default(), Vec::new());
        contexts.get_or_new(key("A1"), "postfix", &mut gone).set_sender("a@example.org");
        contexts.get_or_new(key("a1"), "postfix", &mut gone).set_sender("b@example.org");
        let sender = |c: &mut Contexts, id| c.get(key(id)).and_then(|c| c.reverse_path());
        assert_eq!(sender(&mut contexts, "A1").unwrap().as_str(), "a@example.org");
        contexts.remove(key("A1"), |_| {});
        assert_eq!(sender(&mut contexts, "A1"), None);
        assert_eq!(contexts.get_or_new(key("A1"), "postfix", &mut gone).reverse_path(), None);
        assert_eq!(sender(&mut contexts, "a1").unwrap().as_str(), "b@example.org");
        assert!(gone.is_empty());
    }

    #[test]
    fn the_oldest_goes_first() {
        let (mut contexts, mut gone) = (Contexts::default(), Vec::new());
        for n in 0..MAX_CONTEXTS + 3 {
            contexts.get_or_new(key(&format!("{n:X}")), "postfix", &mut gone);
            contexts.get_or_new(key("short"), "postfix", &mut gone);
            contexts.remove(key("short"), |_| {});
        }
        let ids: Vec<_> = gone.iter().map(|c| c.key().queue_id.to_owned()).collect();
        assert_eq!(ids, ["0", "1", "2", "3"]);
        assert!(contexts.arrivals.len() <= 2 * MAX_CONTEXTS);
        assert!(contexts.slots.len() <= MAX_CONTEXTS);
    }
}
