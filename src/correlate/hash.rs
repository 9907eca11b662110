//! Hashes of queue ids and domains: they run for every line, over a few bytes.

use std::hash::{BuildHasher as _, Hasher};

/// The hash of `bytes`, begun with `seed`. Whoever needs to be sure compares the bytes, too.
pub(super) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut hasher = foldhash::fast::FixedState::with_seed(seed).build_hasher();
    hasher.write(bytes);
    hasher.finish()
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
