//! Which rules are worth a look: one pass over the reply for all literals of all rules.

use super::Rule;
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

struct Literals {
    /// `None` if there is none, or (which no rule set has brought about) they are too many.
    automaton: Option<AhoCorasick>,
    rules: Vec<u32>,
}

impl Literals {
    fn new(literals: Vec<(&str, u32)>) -> Self {
        // The contiguous kind is the best of scan speed against the time it takes to build at start-up.
        let automaton = AhoCorasickBuilder::new()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(literals.iter().map(|(text, _)| text))
            .ok()
            .filter(|_| !literals.is_empty());
        Self { automaton, rules: literals.into_iter().map(|(_, rule)| rule).collect() }
    }

    fn candidates(&self, text: &str, out: &mut Vec<u32>) {
        let hits = self.automaton.iter().flat_map(|a| a.find_overlapping_iter(text));
        out.extend(hits.map(|hit| self.rules[hit.pattern().as_usize()]));
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

    /// The rules that may match, in file order: lower-case text and verbatim evidence are looked through.
    pub fn candidates(&self, text: &str, evidence: &str) -> Vec<u32> {
        let mut out = self.always.clone();
        self.text.candidates(text, &mut out);
        self.tokens.candidates(evidence, &mut out);
        out.sort_unstable();
        out.dedup();
        out
    }
}
