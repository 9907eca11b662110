//! Searches over the few bytes of a log line, done in place: to call a searcher for long texts costs more than the search.

use wide::u8x16;

/// As many bytes are looked at together.
const N: usize = 16;

/// Where `byte` stands first in `text`.
#[inline(always)]
pub fn find(byte: u8, text: &[u8]) -> Option<usize> {
    find_where(text, |chunk| chunk.simd_eq(u8x16::splat(byte)), |b| b == byte)
}

/// Where `one` or `other` stands first in `text`.
#[inline(always)]
pub fn find_either(one: u8, other: u8, text: &[u8]) -> Option<usize> {
    let is_either = |chunk: u8x16| chunk.simd_eq(u8x16::splat(one)) | chunk.simd_eq(u8x16::splat(other));
    find_where(text, is_either, |b| b == one || b == other)
}

/// Where a control character, a `"` or a `\\` stands first: what JSON does not take as it is.
#[inline(always)]
pub fn find_quote_or_control(text: &[u8]) -> Option<usize> {
    let is_it = |b: u8| b < b' ' || b == b'"' || b == b'\\';
    let in_chunk = |chunk: u8x16| {
        let control = chunk.simd_lt(u8x16::splat(b' '));
        control | chunk.simd_eq(u8x16::splat(b'"')) | chunk.simd_eq(u8x16::splat(b'\\'))
    };
    find_where(text, in_chunk, is_it)
}

/// Where the first byte stands that `is_it` holds for. `in_chunk` sets the highest bit of each such byte in a chunk.
#[inline(always)]
pub fn find_where(
    text: &[u8],
    in_chunk: impl Fn(u8x16) -> u8x16,
    is_it: impl Fn(u8) -> bool,
) -> Option<usize> {
    let in_chunk = |chunk: &[u8; N]| in_chunk(u8x16::new(*chunk)).to_bitmask();
    let (chunks, rest) = text.as_chunks::<N>();
    for (number, chunk) in chunks.iter().enumerate() {
        let places = in_chunk(chunk);
        if places != 0 {
            return Some(number * N + places.trailing_zeros() as usize);
        }
    }
    // What is left is looked at together with some that were seen.
    match text.last_chunk::<N>() {
        Some(last) if !rest.is_empty() => {
            let places = in_chunk(last);
            (places != 0).then(|| text.len() - N + places.trailing_zeros() as usize)
        }
        Some(_) => None,
        None => rest.iter().position(|b| is_it(*b)),
    }
}

/// All places of one byte in a text, in order.
pub struct Places<'a> {
    byte: u8,
    text: &'a [u8],
    /// Where the chunk begins whose places are in `found`, and where the next one begins.
    at: usize,
    next: usize,
    found: u32,
}

impl<'a> Places<'a> {
    /// Of `byte` in `text`.
    #[inline(always)]
    pub fn of(byte: u8, text: &'a [u8]) -> Self {
        let mut places = Self { byte, text, at: 0, next: 0, found: 0 };
        places.look();
        places
    }

    /// Looks at the next chunk.
    #[inline(always)]
    fn look(&mut self) {
        self.at = self.next;
        let rest = &self.text[self.at..];
        self.next += N.min(rest.len());
        self.found = match (rest.first_chunk::<N>(), self.text.last_chunk::<N>()) {
            (Some(chunk), _) => places(chunk, self.byte),
            // What is left is looked at together with some that were seen.
            (None, Some(last)) => places(last, self.byte) >> (N - rest.len()),
            (None, None) => {
                let bits = rest.iter().enumerate().map(|(i, b)| u32::from(*b == self.byte) << i);
                bits.fold(0, |all, bit| all | bit)
            }
        };
    }
}

impl Iterator for Places<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            if self.next == self.text.len() {
                return None;
            }
            self.look();
        }
        let place = self.at + self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some(place)
    }
}

/// How many digits `text` begins with.
#[inline(always)]
pub fn n_digits(text: &[u8]) -> usize {
    if let Some(chunk) = text.first_chunk::<8>() {
        // A digit has 3 in its upper half, and still has with 6 added to it.
        let word = u64::from_le_bytes(*chunk);
        let upper = (word & repeated(0xf0)) ^ repeated(0x30);
        let over = ((word & repeated(0x0f)) + repeated(0x06)) & repeated(0x10);
        let others = upper | over;
        if others != 0 {
            return others.trailing_zeros() as usize / 8;
        }
    }
    text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len())
}

/// Whether two short texts are the same.
#[inline(always)]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        // The first and the last so many bytes are all of them.
        16..=32 => a.first_chunk::<16>() == b.first_chunk() && a.last_chunk::<16>() == b.last_chunk(),
        8..16 => a.first_chunk::<8>() == b.first_chunk() && a.last_chunk::<8>() == b.last_chunk(),
        4..8 => a.first_chunk::<4>() == b.first_chunk() && a.last_chunk::<4>() == b.last_chunk(),
        // Not by a call: what has no bytes points nowhere, and to compare nothing there takes the processor's slow path.
        0..4 => std::iter::zip(a, b).all(|(a, b)| a == b),
        _ => a == b,
    }
}

fn repeated(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// A bit for each place of `byte` in `chunk`.
#[inline(always)]
fn places(chunk: &[u8; N], byte: u8) -> u32 {
    u8x16::new(*chunk).simd_eq(u8x16::splat(byte)).to_bitmask()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn searches_find_what_a_loop_finds(
            text in prop::collection::vec(prop::sample::select(b",:x0\xff\x80".as_slice()), 0..70),
            digits in prop::collection::vec(any::<u8>(), 0..40),
            n in 0..12usize,
        ) {
            prop_assert_eq!(find(b',', &text), text.iter().position(|b| *b == b','));
            prop_assert_eq!(find_either(b',', 0xff, &text), text.iter().position(|b| matches!(b, b',' | 0xff)));
            let odd = |b: &u8| *b < b' ' || matches!(b, b'"' | b'\\');
            prop_assert_eq!(find_quote_or_control(&digits), digits.iter().position(odd));
            let all: Vec<usize> = (0..text.len()).filter(|at| text[*at] == b',').collect();
            prop_assert_eq!(Places::of(b',', &text).collect::<Vec<_>>(), all);
            let number = [&b"0192837465564738"[..n], &digits].concat();
            prop_assert_eq!(n_digits(&number), number.iter().take_while(|b| b.is_ascii_digit()).count());
            let mut other = text.clone();
            prop_assert!(same(&text, &other));
            if let Some(last) = other.last_mut() {
                *last ^= 1;
                prop_assert!(!same(&text, &other));
            }
            prop_assert!(!same(&text, &[&text[..], b"x"].concat()));
        }
    }
}
