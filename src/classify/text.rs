//! A reply made comparable: codes off, one line, single blanks, lower case, plain quotation marks.

use super::reply_lines;
use std::ops::Range;

/// The comparable form of a reply, and for each of its bytes the place in the evidence.
pub(super) struct MatchText {
    /// What literals and expressions are looked for in.
    pub text: String,
    /// Start of the character in the evidence, one for each byte of `text`.
    map: Vec<u32>,
    /// Reply codes in the evidence, one for each line that has one.
    pub codes: Vec<Range<u32>>,
    /// Enhanced status codes in the evidence.
    pub enhanced: Vec<Range<u32>>,
}

impl MatchText {
    /// The form of `reply`, a slice of `evidence`.
    pub fn new(evidence: &str, reply: &str) -> Self {
        let mut new = Self {
            text: String::with_capacity(reply.len()),
            map: Vec::with_capacity(reply.len()),
            codes: Vec::new(),
            enhanced: Vec::new(),
        };
        for line in reply_lines(reply) {
            new.codes.extend(line.code.map(|c| place(evidence, c)));
            new.enhanced.extend(line.enhanced.map(|e| place(evidence, e)));
            let base = place(evidence, line.text).start;
            new.push_blank(base);
            for (at, c) in line.text.char_indices() {
                new.push(c, base + at as u32);
            }
        }
        while new.text.ends_with(' ') {
            new.text.pop();
            new.map.pop();
        }
        new
    }

    fn push_blank(&mut self, at: u32) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
            self.map.push(at);
        }
    }

    fn push(&mut self, c: char, at: u32) {
        match c {
            c if c.is_whitespace() => return self.push_blank(at),
            '\u{2018}' | '\u{2019}' => self.text.push('\''),
            '\u{201c}' | '\u{201d}' => self.text.push('"'),
            c if c.is_ascii() => self.text.push(c.to_ascii_lowercase()),
            c => self.text.extend(c.to_lowercase()),
        }
        self.map.resize(self.text.len(), at);
    }

    /// Where the bytes `found` of `text` stand in the evidence; in pieces if codes of further lines stand between.
    pub fn in_evidence(&self, evidence: &str, found: Range<usize>, out: &mut Vec<Range<u32>>) {
        let mut piece: Option<Range<u32>> = None;
        for &at in &self.map[found] {
            let end = at + evidence[at as usize..].chars().next().map_or(0, char::len_utf8) as u32;
            match &mut piece {
                Some(p) if at <= p.end || evidence[p.end as usize..at as usize].trim().is_empty() => {
                    p.end = end.max(p.end)
                }
                Some(p) => out.push(std::mem::replace(p, at..end)),
                None => piece = Some(at..end),
            }
        }
        out.extend(piece);
    }
}

/// Where `part`, a slice of `whole`, stands in it.
pub(super) fn place(whole: &str, part: &str) -> Range<u32> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize).min(whole.len());
    start as u32..(start + part.len()).min(whole.len()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(evidence: &str, word: &str, expect: &[&str]) {
        let text = MatchText::new(evidence, evidence);
        let at = text.text.find(word).unwrap_or_else(|| panic!("{:?}", text.text));
        let mut ranges = Vec::new();
        text.in_evidence(evidence, at..at + word.len(), &mut ranges);
        let got: Vec<_> = ranges.iter().map(|r| &evidence[r.start as usize..r.end as usize]).collect();
        assert_eq!(got, expect);
    }

    #[test]
    fn words_point_into_the_evidence() {
        check("550 5.1.1 User  Unknown", "user unknown", &["User  Unknown"]);
        check("550-5.1.1 no such\n550 5.1.1 user", "no such user", &["no such", "user"]);
        check("550-5.1.1 no such 550 5.1.1 user", "such user", &["such", "user"]);
        check("550 \u{c9}metteur invalide", "\u{e9}metteur", &["\u{c9}metteur"]);
        check("550 can\u{2019}t \u{130} be", "can't", &["can\u{2019}t"]);
        check("550 \u{130} relay", "relay", &["relay"]);
    }
}
