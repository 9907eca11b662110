//! What is known about a verdict, put together from its class, its rule and its provider.

use crate::classify::{Class, Facts, Knowledge, Provider, Rule, Step};
use crate::model::{Actor, Rejection, Verdict};
use crate::smtp::{Stage, domain_of};

/// Everything known about one verdict.
#[derive(Clone, Copy)]
pub struct Advice<'a> {
    /// The verdict.
    pub verdict: &'a Verdict,
    /// Its class.
    pub class: &'a Class,
    /// The rule that decided.
    pub rule: Option<&'a Rule>,
    /// Who runs the host that refused.
    pub provider: Option<&'a Provider>,
}

impl<'a> Advice<'a> {
    /// Looks everything up.
    pub fn new(knowledge: &'a Knowledge, verdict: &'a Verdict) -> Self {
        Self {
            verdict,
            class: knowledge.class(verdict.class),
            rule: verdict.rule.map(|rule| knowledge.rule(rule)),
            provider: verdict.provider.map(|provider| knowledge.provider(provider)),
        }
    }

    /// The rule's title, or the class's.
    pub fn title(&self) -> &'a str {
        self.rule.and_then(|rule| rule.title.as_deref()).unwrap_or(&self.class.title)
    }

    /// "Not authenticated · Google"; without the name where the title says it already.
    pub fn title_and_provider(&self) -> String {
        match self.provider {
            Some(provider) if !self.title().contains(&provider.name) => {
                format!("{} · {}", self.title(), provider.name)
            }
            _ => self.title().to_owned(),
        }
    }

    /// What the rule knows beyond its class.
    pub fn note(&self) -> Option<&'a str> {
        self.rule.and_then(|rule| rule.note.as_deref())
    }

    /// What to do: the rule's own steps, then the class's.
    pub fn fix(&self) -> impl Iterator<Item = &'a Step> {
        self.rule.map_or(&[][..], |rule| &rule.fix).iter().chain(&self.class.fix)
    }

    /// The first step of whoever acts first, else the first of all.
    pub fn first_step(&self) -> Option<&'a Step> {
        let first = self.verdict.actors.first();
        self.fix().find(|step| Some(&step.who) == first).or_else(|| self.fix().next())
    }

    /// Who acts, for people: "You: DNS, You: sending side".
    pub fn actors(&self) -> String {
        self.verdict.actors.iter().map(|actor| actor.label()).collect::<Vec<_>>().join(", ")
    }
}

/// What a verdict on this refusal is made from.
pub fn facts(rejection: &Rejection) -> Facts<'_> {
    let evidence = &rejection.evidence;
    Facts {
        diagnostic_code: &evidence.diagnostic_code,
        reply_code: evidence.reply_code,
        enhanced_status: evidence.enhanced_status,
        // A stage that the verdict itself suggested is no reason for the verdict.
        stage: if evidence.stage_inferred { Stage::Unknown } else { evidence.stage },
        remote_mta: evidence.remote_mta.as_deref(),
        recipient_domain: evidence.final_recipient.as_deref().and_then(domain_of),
        direction: evidence.direction,
    }
}

/// An actor within a sentence.
pub fn actor_words(actor: Actor) -> &'static str {
    match actor {
        Actor::Sender => "the sender",
        Actor::SenderAdmin => "the sending mail system's admin",
        Actor::DnsOwner => "the DNS owner",
        Actor::Recipient => "the recipient",
        Actor::RecipientAdmin => "the recipient's admin",
        Actor::Provider => "the provider or list operator",
    }
}
