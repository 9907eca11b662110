//! What is known: classes with their guidance, providers, rules. Loaded from the TOML in `assets/`.

use super::engine;
use super::index::Index;
use super::load::{self, Loaded};
use super::provider::ProviderIndex;
use super::{Facts, Rule};
use crate::model::{Actor, ClassIdx, ProviderIdx, Retry, RuleIdx, Verdict};
use crate::smtp::Stage;
use std::ops::Range;

/// Whether somebody has to do something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Need {
    /// Somebody has to act.
    Act,
    /// It passes by itself.
    Wait,
    /// There is nothing to do.
    Nothing,
}

impl Need {
    /// `act`, `wait` or `nothing`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::Wait => "wait",
            Self::Nothing => "nothing",
        }
    }
}

/// How bad it is if nobody acts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Severity {
    /// One message, or nothing.
    Low,
    /// Some mail does not arrive.
    #[default]
    Normal,
    /// Much mail does not arrive.
    High,
    /// An account or a machine may be in foreign hands.
    Security,
}

impl Severity {
    /// All, mildest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Security];

    /// `low`, `normal`, `high`, `security`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Security => "security",
        }
    }
}

/// One thing to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Whose step it is.
    pub who: Actor,
    /// A sentence with `{placeholders}`.
    pub text: String,
    /// A command with `{placeholders}`.
    pub run: Option<String>,
}

/// One class of refusals with its guidance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Class {
    /// `relay.not_local`
    pub id: String,
    /// Row 1 to 6 of the guide's matrix.
    pub matrix_row: Option<u8>,
    /// "Server does not serve this domain"
    pub title: String,
    /// The family's icon in `assets/icons`.
    pub icon: String,
    /// Why this happens.
    pub cause: String,
    /// Act, wait, or nothing.
    pub need: Need,
    /// How bad it is.
    pub severity: Severity,
    /// Whether to retry.
    pub retry: Retry,
    /// Why so.
    pub retry_note: String,
    /// Who acts, most likely first.
    pub actors: Vec<Actor>,
    /// The stage it nearly always happens at.
    pub stage_hint: Option<Stage>,
    /// What to do.
    pub fix: Vec<Step>,
    /// How to see that it worked.
    pub verify: Vec<Step>,
    /// How to keep it from coming back.
    pub prevent: Vec<String>,
    /// Where to read more.
    pub refs: Vec<String>,
}

/// Who runs the receiving side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Provider {
    /// `google`
    pub id: String,
    /// `Google`
    pub name: String,
    /// Endings of its MTAs' names.
    pub mx_suffix: Vec<String>,
    /// Domains of its users.
    pub recipient_domains: Vec<String>,
    /// Words in a reply that only it writes.
    pub tokens: Vec<String>,
    /// Title and address of pages that help.
    pub links: Vec<(String, String)>,
}

/// The guide's lists that belong to no single class.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Guide {
    /// The triage sequence.
    pub triage: Vec<String>,
    /// Sender-side checks: title, text.
    pub sender_side: Vec<(String, String)>,
    /// The command of each of these, where there is one, with `{placeholders}`.
    pub sender_side_run: Vec<Option<String>>,
    /// Recipient-side checks.
    pub recipient_side: Vec<(String, String)>,
    /// Their commands.
    pub recipient_side_run: Vec<Option<String>>,
    /// Prevention.
    pub prevention: Vec<String>,
    /// Questions and answers.
    pub faq: Vec<(String, String)>,
}

/// A mistake in a rule, provider or guidance file.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// The file is no TOML, or a field is wrong.
    #[error("{file}: {message}")]
    File {
        /// Path within `assets/`, or of the user's file.
        file: String,
        /// What is wrong.
        message: String,
    },
}

/// Everything that is known.
pub struct Knowledge {
    classes: Vec<Class>,
    providers: Vec<Provider>,
    rules: Vec<Rule>,
    guide: Guide,
    unclassified: ClassIdx,
    pub(super) index: Index,
    pub(super) provider_index: ProviderIndex,
}

impl Knowledge {
    /// What the program carries in itself.
    pub fn builtin() -> Result<Self, KnowledgeError> {
        Ok(Self::from_loaded(load::load(&load::builtin_sources())?))
    }

    /// Knowledge from files of the caller's: path (`rules/mine.toml`; the folder tells the kind) and text.
    pub fn from_sources<F: Into<String>, T: AsRef<str>>(
        sources: impl IntoIterator<Item = (F, T)>,
    ) -> Result<Self, KnowledgeError> {
        let sources: Vec<_> = sources.into_iter().map(|(f, t)| (f.into(), t)).collect();
        let mut sources: Vec<_> = sources.iter().map(|(f, t)| (f.clone(), t.as_ref())).collect();
        sources.sort();
        Ok(Self::from_loaded(load::load(&sources)?))
    }

    fn from_loaded(loaded: Loaded) -> Self {
        let unclassified = loaded.classes.iter().position(|c| c.id == load::UNCLASSIFIED);
        Self {
            // The loader has seen to it that there is one.
            unclassified: ClassIdx(unclassified.unwrap_or_default() as u16),
            index: Index::new(&loaded.rules),
            provider_index: ProviderIndex::new(&loaded.providers),
            classes: loaded.classes,
            providers: loaded.providers,
            rules: loaded.rules,
            guide: loaded.guide,
        }
    }

    /// The verdict on one reply.
    pub fn classify(&self, facts: &Facts<'_>) -> Verdict {
        self.classify_for(self.provider_of(facts), facts)
    }

    /// The verdict where the provider is known already. `matched` belongs to `facts.diagnostic_code`.
    pub(crate) fn classify_for(&self, provider: Option<ProviderIdx>, facts: &Facts<'_>) -> Verdict {
        engine::classify(self, provider, facts)
    }

    /// Where the words and codes stand in `facts.diagnostic_code` that made the verdict's rule match: byte ranges
    /// in order, not overlapping. Empty if the rule does not match these facts.
    ///
    /// A verdict that many refusals share holds no ranges of its own, as each has its own text.
    pub fn matched(&self, facts: &Facts<'_>, verdict: &Verdict) -> Vec<Range<u32>> {
        verdict.rule.map_or_else(Vec::new, |rule| engine::matched(self, rule, facts))
    }

    /// Who runs the host that refused: by its name, by words only this provider writes, by the recipient's domain.
    pub fn provider_of(&self, facts: &Facts<'_>) -> Option<ProviderIdx> {
        self.provider_in(crate::smtp::innermost(facts.diagnostic_code).inner_host, facts)
    }

    /// The provider that a host's name tells.
    pub(crate) fn provider_by_host(&self, host: &str) -> Option<ProviderIdx> {
        self.provider_index.by_host(host)
    }

    /// The provider of a recipient's domain.
    pub(crate) fn provider_by_domain(&self, domain: &str) -> Option<ProviderIdx> {
        self.provider_index.by_recipient_domain(domain)
    }

    /// Whether a word stands in `text` that only one provider writes.
    pub(crate) fn names_provider(&self, text: &str) -> bool {
        self.provider_index.has_token(text)
    }

    /// The same where the host that gave the innermost reply is known already.
    pub(crate) fn provider_in(&self, inner_host: Option<&str>, facts: &Facts<'_>) -> Option<ProviderIdx> {
        self.provider_index.find(inner_host, facts)
    }

    /// A class.
    pub fn class(&self, class: ClassIdx) -> &Class {
        &self.classes[class.0 as usize]
    }

    /// A rule.
    pub fn rule(&self, rule: RuleIdx) -> &Rule {
        &self.rules[rule.0 as usize]
    }

    /// A provider.
    pub fn provider(&self, provider: ProviderIdx) -> &Provider {
        &self.providers[provider.0 as usize]
    }

    /// A class by its id.
    pub fn class_by_id(&self, id: &str) -> Option<ClassIdx> {
        self.classes.iter().position(|c| c.id == id).map(|i| ClassIdx(i as u16))
    }

    /// A provider by its id.
    pub fn provider_by_id(&self, id: &str) -> Option<ProviderIdx> {
        self.providers.iter().position(|p| p.id == id).map(|i| ProviderIdx(i as u16))
    }

    /// A rule by its id.
    pub fn rule_by_id(&self, id: &str) -> Option<RuleIdx> {
        self.rules.iter().position(|r| r.id == id).map(|i| RuleIdx(i as u32))
    }

    /// The class of what no rule knows.
    pub fn unclassified(&self) -> ClassIdx {
        self.unclassified
    }

    /// All classes in file order.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// All rules in file order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// All providers, in name order.
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// The guide's general lists.
    pub fn guide(&self) -> &Guide {
        &self.guide
    }
}
