//! Text found whatever its case.
//!
//! ASCII needles are found by their rarest letter in either case and then compared; that runs close to the speed of
//! memory. Other needles take the slow road of Unicode's lower case.

/// Looks for one text.
pub(super) struct Finder {
    /// In lower case.
    needle: String,
    /// Place of the byte to look for, and that byte in both cases.
    rarest: usize,
    cases: (u8, u8),
}

impl Finder {
    /// Looks for `needle`.
    pub fn new(needle: &str) -> Self {
        let needle = needle.to_lowercase();
        let rarest = (0..needle.len()).min_by_key(|at| frequency(needle.as_bytes()[*at])).unwrap_or(0);
        let byte = needle.as_bytes().get(rarest).copied().unwrap_or(0);
        Self { needle, rarest, cases: (byte, byte.to_ascii_uppercase()) }
    }

    /// Whether it stands in `haystack`.
    pub fn is_in(&self, haystack: &str) -> bool {
        if !self.needle.is_ascii() {
            // The lower case of ASCII is ASCII.
            return !haystack.is_ascii() && haystack.to_lowercase().contains(&self.needle);
        }
        let (needle, bytes) = (self.needle.as_bytes(), haystack.as_bytes());
        let Some(last_start) = bytes.len().checked_sub(needle.len()) else { return false };
        if needle.is_empty() {
            return true;
        }
        let window = &bytes[self.rarest..self.rarest + last_start + 1];
        let fits = |start: usize| bytes[start..start + needle.len()].eq_ignore_ascii_case(needle);
        if self.cases.0 == self.cases.1 {
            memchr::memchr_iter(self.cases.0, window).any(fits)
        } else {
            memchr::memchr2_iter(self.cases.0, self.cases.1, window).any(fits)
        }
    }

    /// The text looked for, in lower case.
    pub fn needle(&self) -> &str {
        &self.needle
    }
}

/// How often a byte stands in replies and addresses, roughly.
pub(super) fn frequency(byte: u8) -> u8 {
    match byte {
        b' ' | b'e' => 9,
        b'a' | b'i' | b'n' | b'o' | b'r' | b's' | b't' => 8,
        b'c' | b'd' | b'l' | b'm' | b'u' | b'p' | b'.' => 7,
        b'5' | b'0' | b'1' | b'@' | b'b' | b'f' | b'g' | b'h' | b'k' => 5,
        b'a'..=b'z' | b'2'..=b'9' | b'-' | b'<' | b'>' => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_whatever_the_case() {
        for (needle, haystack, expect) in [
            ("user", "550 User unknown", true),
            ("USER", "550 user unknown", true),
            ("user unknown", "550 user  unknown", false),
            ("unknown", "unknow", false),
            ("5.1.1", "550 5.1.1", true),
            ("z", "", false),
            ("", "x", true),
            ("x", "X", true),
            ("ärger", "kein ÄRGER", true),
            ("postfach", "Postfach überfüllt", true),
            ("@b", "a@B", true),
        ] {
            assert_eq!(Finder::new(needle).is_in(haystack), expect, "{needle} in {haystack}");
        }
    }
}
