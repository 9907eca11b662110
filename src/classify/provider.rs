//! Who runs the receiving side.
//!
//! By the host that gave the innermost reply, else by a word in the reply that only this provider writes, else by
//! the recipient's domain. A provider's sentence alone is no sign: wording is borrowed.

use super::{Facts, Provider};
use crate::model::ProviderIdx;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use std::collections::HashMap;

/// Look-up tables over the providers.
pub(super) struct ProviderIndex {
    by_suffix: HashMap<String, ProviderIdx>,
    by_domain: HashMap<String, ProviderIdx>,
    tokens: Option<AhoCorasick>,
    token_owners: Vec<(usize, ProviderIdx)>,
}

impl ProviderIndex {
    pub fn new(providers: &[Provider]) -> Self {
        let mut new = Self {
            by_suffix: HashMap::new(),
            by_domain: HashMap::new(),
            tokens: None,
            token_owners: Vec::new(),
        };
        let mut tokens = Vec::new();
        for (i, provider) in providers.iter().enumerate() {
            let idx = ProviderIdx(i as u16);
            for suffix in &provider.mx_suffix {
                let suffix = suffix.trim_start_matches('.').to_ascii_lowercase();
                new.by_suffix.entry(suffix).or_insert(idx);
            }
            for domain in &provider.recipient_domains {
                new.by_domain.entry(domain.to_ascii_lowercase()).or_insert(idx);
            }
            for token in &provider.tokens {
                tokens.push(token);
                new.token_owners.push((token.len(), idx));
            }
        }
        if !tokens.is_empty() {
            new.tokens = AhoCorasickBuilder::new().ascii_case_insensitive(true).build(tokens).ok();
        }
        new
    }

    /// The provider of these facts. `inner_host` is the host that the text names as the innermost reply's.
    pub fn find(&self, inner_host: Option<&str>, facts: &Facts<'_>) -> Option<ProviderIdx> {
        inner_host
            .and_then(|host| self.by_host(host))
            .or_else(|| facts.remote_mta.and_then(|host| self.by_host(host)))
            .or_else(|| self.by_token(facts.diagnostic_code))
            .or_else(|| self.by_recipient_domain(facts.recipient_domain?))
    }

    /// By the end of a host's name, at a dot: `mx1.example.org[192.0.2.1]:25` ends in `example.org`.
    pub fn by_host(&self, host: &str) -> Option<ProviderIdx> {
        let name = host.split(['[', ':', ' ', '(']).next()?.trim_end_matches('.').to_ascii_lowercase();
        let mut rest = name.as_str();
        loop {
            if let Some(found) = self.by_suffix.get(rest) {
                return Some(*found);
            }
            rest = rest.split_once('.')?.1;
        }
    }

    /// Whether such a word may stand in `text`, wherever it begins and ends.
    pub fn has_token(&self, text: &str) -> bool {
        self.tokens.as_ref().is_some_and(|tokens| tokens.is_match(text))
    }

    /// By a word in the reply; the longest such word decides.
    pub fn by_token(&self, text: &str) -> Option<ProviderIdx> {
        let hits = self.tokens.iter().flat_map(|t| t.find_overlapping_iter(text));
        hits.filter(|hit| {
            // `x@provider.example` is somebody's address there, not the provider's own word.
            is_word(text, hit.start(), hit.end()) && !text[..hit.start()].ends_with('@')
        })
        .map(|hit| self.token_owners[hit.pattern().as_usize()])
        .max_by_key(|(len, idx)| (*len, std::cmp::Reverse(*idx)))
        .map(|(_, idx)| idx)
    }

    /// By the domain of the recipient.
    pub fn by_recipient_domain(&self, domain: &str) -> Option<ProviderIdx> {
        self.by_domain
            .get(domain)
            .copied()
            .or_else(|| self.by_domain.get(&domain.to_ascii_lowercase()).copied())
    }
}

/// No letter or digit stands directly before or after.
pub(super) fn is_word(text: &str, start: usize, end: usize) -> bool {
    !text[..start].ends_with(|c: char| c.is_alphanumeric())
        && !text[end..].starts_with(|c: char| c.is_alphanumeric())
}

/// The first place where `word` stands as a word.
pub(super) fn find_word(text: &str, word: &str) -> Option<usize> {
    text.match_indices(word).map(|(at, _)| at).find(|at| is_word(text, *at, at + word.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Direction;
    use crate::smtp::{Stage, innermost};

    fn index() -> ProviderIndex {
        let provider = |id: &str, suffix: &str, domain: &str, tokens: &[&str]| Provider {
            id: id.into(),
            name: id.into(),
            mx_suffix: vec![suffix.into()],
            recipient_domains: vec![domain.into()],
            tokens: tokens.iter().map(|t| t.to_string()).collect(),
            links: Vec::new(),
        };
        ProviderIndex::new(&[
            provider("one", "one.example", "users.example", &["S3150", "one.example"]),
            provider("two", "in.one.example", "two.example", &["gsmtp"]),
        ])
    }

    #[track_caller]
    fn check(host: Option<&str>, text: &str, domain: Option<&str>, expect: Option<u16>) {
        let facts = Facts {
            diagnostic_code: text,
            reply_code: None,
            enhanced_status: None,
            stage: Stage::Unknown,
            remote_mta: host,
            recipient_domain: domain,
            direction: Direction::Outgoing,
        };
        assert_eq!(index().find(innermost(text).inner_host, &facts).map(|p| p.0), expect);
    }

    #[test]
    fn providers() {
        check(Some("mx.ONE.example[192.0.2.1]:25"), "550 no", None, Some(0));
        check(Some("mx.in.one.example."), "550 no", None, Some(1));
        check(Some("mx.none.example"), "550 no", None, None);
        check(Some("notone.example"), "550 no", None, None);
        check(None, "550 blocked (S3150)", None, Some(0));
        check(None, "550 blocked (XS3150)", None, None);
        check(None, "550 5.1.1 x - gsmtp", None, Some(1));
        check(None, "550 <a@one.example> unknown", None, None);
        check(None, "550 no", Some("Users.Example"), Some(0));
        check(
            Some("mx.none.example"),
            "550 5.1.1 host mx.one.example[192.0.2.1] said: 550 no",
            None,
            Some(0),
        );
    }
}
