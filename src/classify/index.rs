//! Which rules are worth a look: one pass over the reply for all literals of all rules.

use super::Rule;
use super::provider::is_word;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};

/// Literals to rules.
pub(super) struct Index {
    /// Over lower-case text: every `any_text`, or the longest `all_text` of a rule that has nothing else.
    text: Literals,
    /// Over verbatim text: every token.
    tokens: Literals,
    /// Rules without a literal.
    always: Vec<u32>,
}

/// A rule that may match, with what is known already.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Candidate {
    pub rule: u32,
    /// Length of the longest of its tokens in the evidence; 0 for none.
    pub token: usize,
    /// Length of the longest of its `any_text` in the text; 0 for none.
    pub any_text: usize,
}

struct Literals {
    /// `None` if there is none, or (which no rule set has brought about) they are too many.
    automaton: Option<AhoCorasick>,
    rules: Vec<u32>,
}

impl Literals {
    fn new(literals: Vec<(&str, u32)>) -> Self {
        // The contiguous kind is the best of scan speed against the time it takes to build at start-up.
        let automaton = AhoCorasickBuilder::new()
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .build(literals.iter().map(|(text, _)| text))
            .ok()
            .filter(|_| !literals.is_empty());
        Self { automaton, rules: literals.into_iter().map(|(_, rule)| rule).collect() }
    }

    /// Rule, start and end of every literal in `text`.
    fn hits<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (u32, usize, usize)> + 'a {
        let hits = self.automaton.iter().flat_map(move |a| a.find_overlapping_iter(text));
        hits.map(|hit| (self.rules[hit.pattern().as_usize()], hit.start(), hit.end()))
    }
}

impl Index {
    pub fn new(rules: &[Rule]) -> Self {
        let (mut text, mut tokens, mut always) = (Vec::new(), Vec::new(), Vec::new());
        for (i, rule) in rules.iter().enumerate() {
            let i = i as u32;
            tokens.extend(rule.tokens.iter().map(|t| (t.as_str(), i)));
            text.extend(rule.any_text.iter().map(|t| (t.as_str(), i)));
            if !rule.tokens.is_empty() || !rule.any_text.is_empty() {
                continue;
            }
            if let Some(longest) = rule.all_text.iter().max_by_key(|t| t.len()) {
                text.push((longest.as_str(), i));
            } else {
                always.push(i);
            }
        }
        Self { text: Literals::new(text), tokens: Literals::new(tokens), always }
    }

    /// The rules that may match, in file order: lower-case text and verbatim evidence are looked through once.
    pub fn candidates(&self, text: &str, evidence: &str) -> Vec<Candidate> {
        let always = self.always.iter().map(|rule| Candidate { rule: *rule, token: 0, any_text: 0 });
        let by_text = self.text.hits(text);
        let by_text = by_text.map(|(rule, from, to)| Candidate { rule, token: 0, any_text: to - from });
        let by_token = self.tokens.hits(evidence).filter(|(_, from, to)| is_word(evidence, *from, *to));
        let by_token = by_token.map(|(rule, from, to)| Candidate { rule, token: to - from, any_text: 0 });
        let mut out: Vec<_> = always.chain(by_text).chain(by_token).collect();
        out.sort_unstable();
        out.dedup_by(|next, kept| {
            let same = next.rule == kept.rule;
            if same {
                kept.token = kept.token.max(next.token);
                kept.any_text = kept.any_text.max(next.any_text);
            }
            same
        });
        out
    }
}
