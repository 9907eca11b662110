//! Rules as data, and the facts they are asked about.

use super::Step;
use crate::model::{Actor, ClassIdx, Confidence, Direction, ProviderIdx, Retry};
use crate::smtp::{EnhancedStatus, ReplyCode, Stage};
use regex::{Regex, RegexBuilder};
use std::sync::OnceLock;

/// What a verdict is made from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The reply, verbatim, possibly nested.
    pub diagnostic_code: &'a str,
    /// The innermost reply's code.
    pub reply_code: Option<ReplyCode>,
    /// The enhanced status code.
    pub enhanced_status: Option<EnhancedStatus>,
    /// The stage, if known.
    pub stage: Stage,
    /// The host that refused.
    pub remote_mta: Option<&'a str>,
    /// Domain of the final recipient.
    pub recipient_domain: Option<&'a str>,
    /// Who refused whom.
    pub direction: Direction,
}

/// One rule. All conditions it sets must hold. `tokens` and `any_text` together are one condition, which holds if one
/// of their words stands in the reply; `all_text` holds if all do.
///
/// A condition on the enhanced status code fails where the reply has none; one on the reply code fails only for
/// rules that look at nothing but codes, as words are often quoted without their code.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `ms365.dbeb`
    pub id: String,
    /// Its class.
    pub class: ClassIdx,
    /// The file it stands in: `rules/recipient.toml`.
    pub file: String,
    /// A rule of the user's own: matched before all others.
    pub user: bool,
    /// Only for this provider.
    pub provider: Option<ProviderIdx>,
    /// Words that one provider or program writes, looked for as whole words in their own case.
    pub tokens: Vec<String>,
    /// One of these stands in the reply; lower case.
    pub any_text: Vec<String>,
    /// All of these stand in the reply; lower case.
    pub all_text: Vec<String>,
    /// None of these stands in the reply; lower case.
    pub not_text: Vec<String>,
    /// An expression that matches the reply, for what literals cannot say.
    pub regex: Option<Pattern>,
    /// The reply code is one of these.
    pub codes: Vec<ReplyCode>,
    /// The enhanced status code is one of these.
    pub enhanced: Vec<EnhancedPattern>,
    /// The stage is one of these.
    pub stages: Vec<Stage>,
    /// Who refused whom.
    pub direction: Option<Direction>,
    /// Instead of the class's.
    pub retry: Option<Retry>,
    /// Instead of the class's, unless empty.
    pub actors: Vec<Actor>,
    /// Instead of the class's.
    pub title: Option<String>,
    /// Trust it no further than this.
    pub confidence: Option<Confidence>,
    /// What it knows beyond the class.
    pub note: Option<String>,
    /// What to do first, before the class's steps.
    pub fix: Vec<Step>,
    /// Where it was learnt.
    pub source: Option<String>,
    /// Replies that it decides.
    pub accept: Vec<Sample>,
    /// Replies that it does not decide.
    pub reject: Vec<Sample>,
}

impl Rule {
    /// It looks at words, not only at codes.
    pub fn has_words(&self) -> bool {
        !self.tokens.is_empty() || self.has_text()
    }

    /// It looks at the reply's text.
    pub fn has_text(&self) -> bool {
        !self.any_text.is_empty() || !self.all_text.is_empty() || self.regex.is_some()
    }
}

/// A reply that a rule is, or is not, for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sample {
    /// The reply, verbatim.
    pub reply: String,
    /// The stage, where it matters.
    pub stage: Stage,
    /// The host that gave it, where it matters.
    pub host: Option<String>,
    /// Where it matters.
    pub recipient_domain: Option<String>,
    /// Outgoing where the sample does not say.
    pub direction: Direction,
}

impl Sample {
    /// The facts as a parser would state them.
    pub fn facts(&self) -> Facts<'_> {
        let reply = super::reply_codes(crate::smtp::innermost(&self.reply).inner);
        Facts {
            diagnostic_code: &self.reply,
            reply_code: reply.code,
            enhanced_status: reply.enhanced,
            stage: self.stage,
            remote_mta: self.host.as_deref(),
            recipient_domain: self.recipient_domain.as_deref(),
            direction: self.direction,
        }
    }
}

/// An enhanced status code of which parts may be open: `5.7.26`, `5.7.*`, `*.2.2`, `5.7.900-999`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EnhancedPattern {
    class: Option<u8>,
    subject: Option<u16>,
    /// The first and the last.
    detail: Option<(u16, u16)>,
}

impl EnhancedPattern {
    /// Reads `5.7.26`, `5.7.*`, `*.2.2`, `X.2.2` or `5.7.900-999`.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |digits: &str| digits.parse::<u16>().ok();
        let open = |part: &str| matches!(part, "*" | "X" | "x");
        let part = |part: &str| if open(part) { Some(None) } else { number(part).map(Some) };
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some((number(first)?, number(last)?))
        };
        let mut parts = text.split('.');
        let (class, subject) = (part(parts.next()?)?, part(parts.next()?)?);
        let detail = parts.next()?;
        let detail = if open(detail) { None } else { Some(range(detail)?) };
        let class_is_one = class.is_none_or(|c| matches!(c, 2 | 4 | 5));
        (parts.next().is_none() && class_is_one).then_some(Self {
            class: class.map(|c| c as u8),
            subject,
            detail,
        })
    }

    /// `status` is one of those meant.
    pub fn matches(self, status: EnhancedStatus) -> bool {
        self.class.is_none_or(|c| c == status.class)
            && self.subject.is_none_or(|s| s == status.subject)
            && self.detail.is_none_or(|(first, last)| (first..=last).contains(&status.detail))
    }

    /// How many parts are fixed, 0 to 3.
    pub fn n_fixed(self) -> usize {
        [self.class.is_some(), self.subject.is_some(), self.detail.is_some()].iter().filter(|f| **f).count()
    }
}

/// A regular expression that is compiled when it is first needed.
///
/// Built-in expressions are tried by a test, so start-up need not pay for them.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

/// Enough for any rule; keeps a user's expression from eating the memory.
const REGEX_SIZE_LIMIT: usize = 1 << 20;

impl Pattern {
    /// An expression not yet looked at.
    pub fn new(source: String) -> Self {
        Self { source, compiled: OnceLock::new() }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// What is wrong with it, if anything.
    pub fn check(&self) -> Result<(), String> {
        build(&self.source).map(drop).map_err(|e| e.to_string().replace('\n', " "))
    }

    /// Where it matches.
    pub fn find(&self, text: &str) -> Option<std::ops::Range<usize>> {
        let regex = self.compiled.get_or_init(|| build(&self.source).ok()).as_ref()?;
        regex.find(text).map(|m| m.range())
    }

    /// How many characters of it are plain letters and digits: its share in a rule's specificity.
    pub fn n_literal(&self) -> usize {
        let mut escaped = false;
        let mut n = 0;
        for c in self.source.chars() {
            n += usize::from(!escaped && (c.is_alphanumeric() || c == ' '));
            escaped = !escaped && c == '\\';
        }
        n
    }
}

fn build(source: &str) -> Result<Regex, regex::Error> {
    // Replies are compared in small letters, so that most expressions need not be blind to case: those compile faster.
    RegexBuilder::new(source).case_insensitive(has_capitals(source)).size_limit(REGEX_SIZE_LIMIT).build()
}

/// Whether capitals stand in an expression other than those of its classes, as in `\\S`.
fn has_capitals(source: &str) -> bool {
    let mut escaped = false;
    source.chars().any(|c| {
        let is_one = c.is_uppercase() && !escaped;
        escaped = c == '\\' && !escaped;
        is_one
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, status: &str, expect: bool) {
        let status = EnhancedStatus::parse(status).unwrap();
        assert_eq!(EnhancedPattern::parse(pattern).unwrap().matches(status), expect, "{pattern} {status}");
    }

    #[test]
    fn an_expression_is_blind_to_case() {
        for source in [r"user \S+ unknown", r"User \S+ UNKNOWN", r"\w+ \d+ \\S", r"\\\S \w"] {
            let pattern = Pattern::new(source.to_owned());
            assert_eq!(pattern.check(), Ok(()));
            let found = pattern.find(&r"550 user x@y unknown 7 \s \x y".to_lowercase());
            assert!(found.is_some(), "{source}");
        }
        assert_eq!([r"\S\W\D", r"\\S", "A"].map(has_capitals), [false, true, true]);
    }

    #[test]
    fn enhanced_patterns() {
        check("5.7.26", "5.7.26", true);
        check("5.7.26", "5.7.2", false);
        check("5.7.*", "5.7.515", true);
        check("5.7.*", "4.7.515", false);
        check("*.2.2", "4.2.2", true);
        check("X.2.2", "5.2.2", true);
        check("5.7.900-999", "5.7.950", true);
        check("5.7.900-999", "5.7.1", false);
        for wrong in ["", "5.7", "5.7.1.2", "3.1.1", "5.a.1", "5.7.1-", "5.7.a-9"] {
            assert_eq!(EnhancedPattern::parse(wrong), None, "{wrong}");
        }
    }
}
