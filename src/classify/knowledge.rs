//! What is known: classes with their guidance, providers, rules. Loaded from the TOML in `assets/`.

use super::{Facts, Rule};
use crate::model::{Actor, ClassIdx, Confidence, ProviderIdx, Retry, RuleIdx, Tier, Verdict};
use crate::smtp::Stage;

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
    /// Recipient-side checks.
    pub recipient_side: Vec<(String, String)>,
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
}

impl Knowledge {
    /// What the program carries in itself.
    pub fn builtin() -> Result<Self, KnowledgeError> {
        Ok(Self { classes: Vec::new(), providers: Vec::new(), rules: Vec::new(), guide: Guide::default() })
    }

    /// The verdict on one reply.
    pub fn classify(&self, facts: &Facts<'_>) -> Verdict {
        let _ = facts;
        Verdict {
            class: ClassIdx(0),
            rule: None,
            tier: Tier::Unclassified,
            confidence: Confidence::Low,
            matched: Vec::new(),
            provider: None,
            retry: Retry::AfterFix,
            actors: vec![Actor::SenderAdmin],
            runners_up: Vec::new(),
            stage_hint: None,
        }
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
