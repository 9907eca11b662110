//! The log: the generator's, with more different replies.

use crate::generator::{Numbers, Shares, Truth, write_postfix_log};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// A fifth of the recipients are refused.
const SHARES: Shares =
    Shares { refused: 200, deferred: 0, turned_away: 0, without_removed: false, rfc3339: false };
/// Different words that a reply may end in; with the generator's seven replies some ten thousand patterns.
const WORDS: u64 = 1500;

/// Writes a log with about so many refusals. The same number gives the same bytes.
pub fn write(path: &Path, rejections: u64) -> Truth {
    let pilot_bytes = 4_000_000;
    let pilot = write_postfix_log(&mut io::sink(), pilot_bytes, &SHARES).expect("nothing can fail");
    let len_bytes = u128::from(pilot.bytes) * u128::from(rejections) / u128::from(pilot.refused);
    let file = File::create(path).expect("the log can be written");
    let mut out = Replies { out: BufWriter::with_capacity(1 << 20, file), numbers: Numbers::new(551) };
    let truth = write_postfix_log(&mut out, len_bytes as u64, &SHARES).expect("the log can be written");
    out.flush().expect("the log can be written");
    truth
}

/// Puts a word behind every second refusing reply: some words often, most of them seldom.
struct Replies<W> {
    out: W,
    numbers: Numbers,
}

impl<W: Write> Write for Replies<W> {
    /// The generator hands over each line whole; its stamp and its end come apart.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match memchr::memmem::find(bytes, b" (in reply to ") {
            // Half of the refusals are of few patterns, as in life.
            Some(at) if self.numbers.below(2) == 0 => {
                let (reply, command) = bytes.split_at(at);
                let most = 1 + self.numbers.below(WORDS);
                let word = word(self.numbers.below(most));
                self.out.write_all(reply)?;
                write!(self.out, " ({word})")?;
                self.out.write_all(command)?;
            }
            _ => self.out.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// `kabote`: no masking takes it for an id.
fn word(number: u64) -> String {
    const SYLLABLES: [&str; 12] = ["ka", "bo", "te", "li", "mu", "ro", "sa", "ne", "pi", "do", "fa", "go"];
    let mut rest = number;
    (0..3).fold(String::new(), |word, _| {
        let syllable = SYLLABLES[(rest % 12) as usize];
        rest /= 12;
        word + syllable
    })
}
