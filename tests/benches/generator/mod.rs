//! Logs as a relay writes them: sessions interleaved, some recipients refused, some put off. The same seed gives the
//! same bytes, and the generator knows what it wrote.

pub mod exim;
pub mod postfix;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::io::{self, Write};

pub use exim::write_exim_log;
pub use postfix::{Shares, write_postfix_log};

/// What stands in a generated log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Truth {
    pub bytes: u64,
    pub lines: u64,
    /// Recipients accepted, by domain.
    pub accepted: BTreeMap<String, u64>,
    /// Recipients refused for good, once for each message.
    pub refused: u64,
    /// Of those, with reply code 550.
    pub refused_550: u64,
    /// All tries for them.
    pub tries: u64,
    /// Different ones of them.
    pub recipients: BTreeSet<String>,
    /// How many got which reply.
    pub by_reply: BTreeMap<String, u64>,
}

impl Truth {
    fn refuse(&mut self, recipient: &str, reply: &'static str, tries: u64) {
        self.refused += 1;
        self.refused_550 += u64::from(reply.starts_with("550"));
        self.tries += tries;
        self.recipients.insert(recipient.to_owned());
        *self.by_reply.entry(reply.to_owned()).or_default() += 1;
    }

    fn accept(&mut self, domain: &str) {
        *self.accepted.entry(domain.to_owned()).or_default() += 1;
    }
}

/// A small generator of numbers; xorshift64*, enough for test data.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }
}

/// The lines of one message in turn.
pub struct Message {
    pub lines: VecDeque<Step>,
}

pub enum Step {
    /// Without its stamp.
    Line(String),
    /// Nothing is heard of the message for so many seconds.
    Wait(u64),
}

/// Messages under way at one time, in so far as they do not wait.
const UNDER_WAY: usize = 40;

/// Writes about `len_bytes` of messages, their lines in turn so that sessions interleave. `stamp` puts a time before a
/// line, from seconds since the first.
pub fn interleave(
    out: &mut impl Write,
    len_bytes: u64,
    truth: &mut Truth,
    numbers: &mut Numbers,
    stamp: impl Fn(u64) -> String,
    mut next: impl FnMut(&mut Numbers, &mut Truth) -> Message,
) -> io::Result<()> {
    let mut second = 0;
    let mut under_way: Vec<Message> = Vec::new();
    let mut waiting: BinaryHeap<(Reverse<u64>, Reverse<u64>)> = BinaryHeap::new();
    let mut asleep: BTreeMap<u64, Message> = BTreeMap::new();
    let mut n_asleep = 0;
    loop {
        while let Some((Reverse(until), Reverse(number))) = waiting.peek().copied()
            && (until <= second || (truth.bytes >= len_bytes && under_way.is_empty()))
        {
            waiting.pop();
            second = second.max(until);
            under_way.extend(asleep.remove(&number));
        }
        if truth.bytes < len_bytes && under_way.len() < UNDER_WAY {
            under_way.push(next(numbers, truth));
            continue;
        }
        if under_way.is_empty() {
            return Ok(());
        }
        let pick = numbers.below(under_way.len() as u64) as usize;
        match under_way[pick].lines.pop_front() {
            None => drop(under_way.swap_remove(pick)),
            Some(Step::Wait(seconds)) => {
                let message = under_way.swap_remove(pick);
                waiting.push((Reverse(second + seconds), Reverse(n_asleep)));
                asleep.insert(n_asleep, message);
                n_asleep += 1;
            }
            Some(Step::Line(line)) => {
                second += numbers.below(12) / 11;
                let stamp = stamp(second);
                out.write_all(stamp.as_bytes())?;
                out.write_all(line.as_bytes())?;
                out.write_all(b"\n")?;
                truth.bytes += (stamp.len() + line.len() + 1) as u64;
                truth.lines += 1;
            }
        }
    }
}
