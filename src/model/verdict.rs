//! What is concluded from a reply: class, rule, strength, who acts, whether to retry.

use std::ops::Range;

/// How strong the evidence is that decided, strongest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tier {
    /// A rule of the user's own.
    User,
    /// A token that only this provider writes (`S3150`, `IB607`).
    ProviderToken,
    /// The provider is known and its text matched.
    ProviderText,
    /// A text that many servers use.
    Text,
    /// A text that decides only together with the stage.
    TextAndStage,
    /// The enhanced status code.
    EnhancedStatus,
    /// The reply code, with the stage.
    ReplyCode,
    /// No rule.
    Unclassified,
}

impl Tier {
    /// All tiers, strongest first.
    pub const ALL: [Self; 8] = [
        Self::User,
        Self::ProviderToken,
        Self::ProviderText,
        Self::Text,
        Self::TextAndStage,
        Self::EnhancedStatus,
        Self::ReplyCode,
        Self::Unclassified,
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user_rule",
            Self::ProviderToken => "provider_token",
            Self::ProviderText => "provider_text",
            Self::Text => "text",
            Self::TextAndStage => "text_stage",
            Self::EnhancedStatus => "enhanced_status",
            Self::ReplyCode => "reply_code",
            Self::Unclassified => "unclassified",
        }
    }

    /// The name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::User => "your own rule",
            Self::ProviderToken => "provider's token",
            Self::ProviderText => "provider and text",
            Self::Text => "text",
            Self::TextAndStage => "text and stage",
            Self::EnhancedStatus => "enhanced status code",
            Self::ReplyCode => "reply code",
            Self::Unclassified => "no rule",
        }
    }
}

/// How far the verdict can be trusted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Confidence {
    /// A code alone, or a rule that contradicts the stage.
    Low,
    /// A generic text, or an unambiguous enhanced status code.
    Medium,
    /// A provider's token, or a provider's text from that provider.
    High,
}

impl Confidence {
    /// `low`, `medium`, `high`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Whether sending the same message again makes sense.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Retry {
    /// Not at all.
    Never,
    /// When the cause is mended.
    AfterFix,
    /// Later, by hand.
    Later,
    /// The state is temporary: the queue may retry by itself.
    Auto,
}

impl Retry {
    /// The name in reports and rules: `after_fix`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::AfterFix => "after_fix",
            Self::Later => "later",
            Self::Auto => "auto",
        }
    }

    /// For people: "Do not retry before the fix".
    pub fn label(self) -> &'static str {
        match self {
            Self::Never => "Do not retry",
            Self::AfterFix => "Do not retry before the fix",
            Self::Later => "Retry later",
            Self::Auto => "Retried automatically",
        }
    }

    /// By name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Never, Self::AfterFix, Self::Later, Self::Auto].into_iter().find(|r| r.name() == name)
    }
}

/// Who has to do something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Actor {
    /// The person or application that wrote the message.
    Sender,
    /// Who runs the sending mail system.
    SenderAdmin,
    /// Who edits the DNS zone in question.
    DnsOwner,
    /// The person the message was for.
    Recipient,
    /// Who runs the receiving mail system.
    RecipientAdmin,
    /// A provider or list operator in between.
    Provider,
}

impl Actor {
    /// All, our own side first.
    pub const ALL: [Self; 6] = [
        Self::SenderAdmin,
        Self::DnsOwner,
        Self::Sender,
        Self::RecipientAdmin,
        Self::Recipient,
        Self::Provider,
    ];

    /// The name in reports, rules and queries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::SenderAdmin => "sender_admin",
            Self::DnsOwner => "dns_owner",
            Self::Recipient => "recipient",
            Self::RecipientAdmin => "recipient_admin",
            Self::Provider => "provider",
        }
    }

    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Sender => "The sender",
            Self::SenderAdmin => "You: sending side",
            Self::DnsOwner => "You: DNS",
            Self::Recipient => "Recipient",
            Self::RecipientAdmin => "Recipient's admin",
            Self::Provider => "Provider or list",
        }
    }

    /// By name, or by the short forms people type in a query (`dns`, `us`, `postmaster`).
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "dns" => Some(Self::DnsOwner),
            "us" | "admin" => Some(Self::SenderAdmin),
            "postmaster" => Some(Self::RecipientAdmin),
            _ => Self::ALL.into_iter().find(|a| a.name() == name),
        }
    }
}

/// Index of a class in the guidance (`Knowledge::class`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClassIdx(pub u16);

/// Index of a rule in the rule set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RuleIdx(pub u32);

/// Index of a provider in the provider list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProviderIdx(pub u16);

/// The verdict on one reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The class: `recipient.unknown`.
    pub class: ClassIdx,
    /// The rule that decided; `None` if unclassified.
    pub rule: Option<RuleIdx>,
    /// How strong the deciding evidence is.
    pub tier: Tier,
    /// How far to trust it.
    pub confidence: Confidence,
    /// Byte ranges of the diagnostic text that matched, in order, not overlapping.
    pub matched: Vec<Range<u32>>,
    /// Who runs the host that refused, where that is known.
    pub provider: Option<ProviderIdx>,
    /// Whether to retry.
    pub retry: Retry,
    /// Who acts, most likely first; never empty.
    pub actors: Vec<Actor>,
    /// The best rules of other classes that also matched, strongest first, at most three.
    pub runners_up: Vec<(RuleIdx, Tier)>,
    /// The stage that this verdict suggests where the evidence does not say one.
    pub stage_hint: Option<crate::smtp::Stage>,
}
