//! Hashes of queue ids and domains: they run for every line, over a few bytes.

use std::hash::{BuildHasher as _, Hasher};

/// The hash of `bytes`, begun with `seed`. Whoever needs to be sure compares the bytes, too.
pub(super) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    hash_of_words(seed, bytes, three_words(bytes))
}

/// As [`hash`], where the [three words](three_words) of `bytes` are known.
#[inline(always)]
pub(super) fn hash_of_words(seed: u64, bytes: &[u8], words: Option<[u64; 3]>) -> u64 {
    if let Some([first, middle, last]) = words {
        let half = folded(first ^ seed, last ^ 0x9e37_79b9_7f4a_7c15);
        return folded(half ^ middle, 0xa076_1d64_78bd_642f ^ bytes.len() as u64);
    }
    let mut hasher = foldhash::fast::FixedState::with_seed(seed).build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

/// Both halves of the product, one upon the other.
fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

/// The first, middle and last eight bytes of 8 to 24, which hold all of them.
#[inline(always)]
pub(super) fn three_words(bytes: &[u8]) -> Option<[u64; 3]> {
    if !(8..=24).contains(&bytes.len()) {
        return None;
    }
    let word = |from: usize| bytes[from..].first_chunk().map(|word| u64::from_le_bytes(*word));
    Some([word(0)?, word(bytes.len() / 2 - 4)?, word(bytes.len() - 8)?])
}

/// For maps by such a hash, or by a short text.
#[derive(Default)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(self.0, bytes);
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 ^= u64::from(byte);
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }

    fn write_usize(&mut self, length: usize) {
        self.0 ^= length as u64;
    }
}
