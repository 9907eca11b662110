//! Why a verdict is what it is, in words.

use super::{Facts, Knowledge};
use crate::model::{Tier, Verdict};

/// What a tier means, in one sentence.
pub fn explain_tier(tier: Tier) -> &'static str {
    match tier {
        Tier::User => "A rule of your own matched; it comes before all others",
        Tier::ProviderToken => "The reply contains a token that only this provider or program writes",
        Tier::ProviderText => "The provider is known and the reply has its words",
        Tier::Text => "The reply has words that many servers use for this",
        Tier::TextAndStage => "The words decide only together with the stage of the session",
        Tier::EnhancedStatus => "No rule knows the words; the enhanced status code decided",
        Tier::ReplyCode => "No rule knows the words and there is no telling status; the reply code decided",
        Tier::Unclassified => "No rule matches, and nothing is guessed",
    }
}

/// Why a verdict is what it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Why {
    /// The rule that decided; `None` if unclassified.
    pub rule: Option<String>,
    /// 1 (strongest) to 8.
    pub tier_number: usize,
    /// [`explain_tier`].
    pub tier: &'static str,
    /// The words and codes that matched, verbatim, in the order of the reply.
    pub words: Vec<String>,
    /// What the rule knows beyond its class.
    pub note: Option<String>,
    /// Rules of other classes that matched too, strongest first: rule, class, tier.
    pub runners_up: Vec<(String, String, Tier)>,
}

impl Knowledge {
    /// Explains `verdict`, which was given on `facts`.
    pub fn why(&self, facts: &Facts<'_>, verdict: &Verdict) -> Why {
        let rule = verdict.rule.map(|r| self.rule(r));
        let words = self.matched(facts, verdict).into_iter();
        let runners_up = verdict.runners_up.iter().map(|(idx, tier)| {
            let rule = self.rule(*idx);
            (rule.id.clone(), self.class(rule.class).id.clone(), *tier)
        });
        Why {
            rule: rule.map(|r| r.id.clone()),
            tier_number: 1 + Tier::ALL.iter().position(|t| *t == verdict.tier).unwrap_or_default(),
            tier: explain_tier(verdict.tier),
            words: words
                .map(|r| facts.diagnostic_code[r.start as usize..r.end as usize].to_owned())
                .collect(),
            note: rule.and_then(|r| r.note.clone()),
            runners_up: runners_up.collect(),
        }
    }
}
