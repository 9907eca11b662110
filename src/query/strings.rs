//! Different texts, each kept once, with a number.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

/// Different texts; number 0 is the empty one.
pub(super) struct Strings {
    text: String,
    ends: Vec<usize>,
    /// The last number with this hash; a text that shares its hash with an earlier one takes the next free hash.
    numbers: HashMap<u64, u32, foldhash::fast::RandomState>,
    hasher: foldhash::fast::RandomState,
}

impl Default for Strings {
    fn default() -> Self {
        let mut strings = Self {
            text: String::new(),
            ends: Vec::new(),
            numbers: HashMap::default(),
            hasher: foldhash::fast::RandomState::default(),
        };
        strings.number("");
        strings
    }
}

impl Strings {
    /// How many, the empty one included.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// All, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|number| self.get(number))
    }

    /// The number of a text, a new one if it was not there.
    pub fn number(&mut self, text: &str) -> u32 {
        let mut hash = self.hasher.hash_one(text);
        while let Some(number) = self.numbers.get(&hash) {
            if self.get(*number) == text {
                return *number;
            }
            hash = hash.wrapping_add(1);
        }
        let number = self.ends.len() as u32;
        self.text.push_str(text);
        self.ends.push(self.text.len());
        self.numbers.insert(hash, number);
        number
    }

    fn get(&self, number: u32) -> &str {
        let number = number as usize;
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.text[start..self.ends[number]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_kept_once() {
        let mut strings = Strings::default();
        let numbers: Vec<u32> =
            ["ab", "", "cab", "ab", "b"].iter().map(|text| strings.number(text)).collect();
        assert_eq!(numbers, [1, 0, 2, 1, 3]);
        assert_eq!(strings.iter().collect::<Vec<_>>(), ["", "ab", "cab", "b"]);
    }
}
