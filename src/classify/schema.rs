//! The TOML files' keys, as serde reads them, and how they become the types of [`super`].

use super::rules::{EnhancedPattern, Pattern};
use super::{Class, Guide, Need, Provider, Rule, Sample, Severity, Step};
use crate::model::{Actor, ClassIdx, Confidence, Direction, ProviderIdx, Retry};
use crate::smtp::{ReplyCode, Stage};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// Names and places of the classes and providers that rules may name.
pub(super) struct Known<'a> {
    pub classes: &'a BTreeMap<&'a str, usize>,
    pub providers: &'a BTreeMap<&'a str, usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassesToml {
    #[serde(default)]
    pub class: Vec<ClassToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassToml {
    pub id: Spanned<String>,
    matrix_row: Option<u8>,
    title: String,
    icon: String,
    cause: String,
    need: String,
    retry: String,
    retry_note: String,
    actor: Vec<String>,
    stage_hint: Option<String>,
    severity: Option<String>,
    fix: Vec<StepToml>,
    verify: Vec<StepToml>,
    #[serde(default)]
    prevent: Vec<String>,
    #[serde(default)]
    refs: Vec<String>,
}

impl ClassToml {
    pub fn build(self) -> Result<Class, String> {
        let id = self.id.into_inner();
        let at = |m: String| format!("class {id}: {m}");
        if self.actor.is_empty() {
            return Err(at("no actor".into()));
        }
        let stage_hint = self.stage_hint.map(|name| stage(&name)).transpose().map_err(&at)?;
        let severity = self.severity.map_or(Ok(Severity::Normal), |name| severity(&name)).map_err(&at)?;
        Ok(Class {
            matrix_row: self.matrix_row,
            title: self.title,
            icon: self.icon,
            cause: self.cause,
            need: need(&self.need).map_err(&at)?,
            severity,
            retry: retry(&self.retry).map_err(&at)?,
            retry_note: self.retry_note,
            actors: self.actor.iter().map(|name| actor(name)).collect::<Result<_, _>>().map_err(&at)?,
            stage_hint,
            fix: steps(self.fix).map_err(&at)?,
            verify: steps(self.verify).map_err(&at)?,
            prevent: self.prevent,
            refs: self.refs,
            id,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepToml {
    who: String,
    text: String,
    run: Option<String>,
}

fn steps(steps: Vec<StepToml>) -> Result<Vec<Step>, String> {
    steps.into_iter().map(|s| Ok(Step { who: actor(&s.who)?, text: s.text, run: s.run })).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GuideToml {
    triage: TriageToml,
    sender_side: ChecksToml,
    recipient_side: ChecksToml,
    prevention: ItemsToml,
    #[serde(default)]
    faq: Vec<FaqToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TriageToml {
    steps: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChecksToml {
    checks: Vec<CheckToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckToml {
    title: String,
    text: String,
    run: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemsToml {
    items: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaqToml {
    question: String,
    answer: String,
}

impl GuideToml {
    pub fn build(self) -> Guide {
        let runs = |checks: &ChecksToml| checks.checks.iter().map(|c| c.run.clone()).collect();
        let pairs = |checks: ChecksToml| checks.checks.into_iter().map(|c| (c.title, c.text)).collect();
        Guide {
            triage: self.triage.steps,
            sender_side_run: runs(&self.sender_side),
            sender_side: pairs(self.sender_side),
            recipient_side_run: runs(&self.recipient_side),
            recipient_side: pairs(self.recipient_side),
            prevention: self.prevention.items,
            faq: self.faq.into_iter().map(|f| (f.question, f.answer)).collect(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderToml {
    id: String,
    name: String,
    #[serde(default)]
    mx_suffix: Vec<String>,
    #[serde(default)]
    recipient_domains: Vec<String>,
    #[serde(default)]
    tokens: Vec<String>,
    #[serde(default)]
    links: Vec<LinkToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkToml {
    title: String,
    url: String,
}

impl ProviderToml {
    pub fn build(self) -> Provider {
        Provider {
            id: self.id,
            name: self.name,
            mx_suffix: self.mx_suffix,
            recipient_domains: self.recipient_domains,
            tokens: self.tokens,
            links: self.links.into_iter().map(|l| (l.title, l.url)).collect(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesToml {
    #[serde(default)]
    pub rule: Vec<RuleToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleToml {
    pub id: Spanned<String>,
    class: String,
    provider: Option<String>,
    #[serde(default)]
    token: Vec<String>,
    #[serde(default)]
    any_text: Vec<String>,
    #[serde(default)]
    all_text: Vec<String>,
    #[serde(default)]
    not_text: Vec<String>,
    regex: Option<String>,
    #[serde(default)]
    codes: Vec<u16>,
    #[serde(default)]
    enhanced: Vec<String>,
    #[serde(default)]
    stages: Vec<String>,
    direction: Option<String>,
    retry: Option<String>,
    #[serde(default)]
    actor: Vec<String>,
    title: Option<String>,
    confidence: Option<String>,
    note: Option<String>,
    #[serde(default)]
    fix: Vec<StepToml>,
    source: Option<String>,
    #[serde(default)]
    accept: Vec<SampleToml>,
    #[serde(default)]
    reject: Vec<SampleToml>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SampleToml {
    Reply(String),
    WithFacts(SampleFactsToml),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleFactsToml {
    reply: String,
    stage: Option<String>,
    host: Option<String>,
    recipient_domain: Option<String>,
    direction: Option<String>,
}

impl RuleToml {
    /// `file` is where it stands; under `user/` it is a rule of the user's own.
    pub fn build(self, file: &str, known: &Known<'_>) -> Result<Rule, String> {
        let id = self.id.get_ref().clone();
        self.build_unnamed(file, known).map_err(|m| format!("rule {id}: {m}"))
    }

    fn build_unnamed(self, file: &str, known: &Known<'_>) -> Result<Rule, String> {
        let class = known.classes.get(self.class.as_str());
        let class = class.ok_or_else(|| format!("unknown class {:?}", self.class))?;
        let provider = match &self.provider {
            None => None,
            Some(name) => {
                let found = known.providers.get(name.as_str());
                Some(ProviderIdx(*found.ok_or_else(|| format!("unknown provider {name:?}"))? as u16))
            }
        };
        let user = file.starts_with("user/");
        let regex = self.regex.filter(|r| !r.is_empty()).map(Pattern::new);
        if let Some(regex) = regex.as_ref().filter(|_| user) {
            regex.check().map_err(|m| format!("regex: {m}"))?;
        }
        let rule = Rule {
            id: self.id.into_inner(),
            class: ClassIdx(*class as u16),
            file: file.into(),
            user,
            provider,
            tokens: self.token,
            any_text: self.any_text,
            all_text: self.all_text,
            not_text: self.not_text,
            regex,
            codes: self.codes.into_iter().map(code).collect::<Result<_, _>>()?,
            enhanced: self.enhanced.iter().map(|e| enhanced(e)).collect::<Result<_, _>>()?,
            stages: self.stages.iter().map(|s| stage(s)).collect::<Result<_, _>>()?,
            direction: self.direction.map(|d| direction(&d)).transpose()?,
            retry: self.retry.filter(|r| !r.is_empty()).map(|r| retry(&r)).transpose()?,
            actors: self.actor.iter().map(|a| actor(a)).collect::<Result<_, _>>()?,
            title: self.title,
            confidence: self.confidence.map(|c| confidence(&c)).transpose()?,
            note: self.note,
            fix: steps(self.fix)?,
            source: self.source,
            accept: self.accept.into_iter().map(sample).collect::<Result<_, _>>()?,
            reject: self.reject.into_iter().map(sample).collect::<Result<_, _>>()?,
        };
        let conditions = rule.has_words() || !rule.codes.is_empty() || !rule.enhanced.is_empty();
        conditions.then_some(rule).ok_or_else(|| "no condition".into())
    }
}

fn sample(toml: SampleToml) -> Result<Sample, String> {
    let facts = match toml {
        SampleToml::WithFacts(facts) => facts,
        SampleToml::Reply(reply) => {
            SampleFactsToml { reply, stage: None, host: None, recipient_domain: None, direction: None }
        }
    };
    Ok(Sample {
        reply: facts.reply,
        stage: facts.stage.map_or(Ok(Stage::Unknown), |s| stage(&s))?,
        host: facts.host,
        recipient_domain: facts.recipient_domain,
        direction: facts.direction.map_or(Ok(Direction::Outgoing), |d| direction(&d))?,
    })
}

fn actor(name: &str) -> Result<Actor, String> {
    Actor::parse(name).ok_or_else(|| format!("unknown actor {name:?}"))
}

fn retry(name: &str) -> Result<Retry, String> {
    Retry::parse(name).ok_or_else(|| format!("unknown retry {name:?}"))
}

fn stage(name: &str) -> Result<Stage, String> {
    Stage::parse(name).ok_or_else(|| format!("unknown stage {name:?}"))
}

fn code(number: u16) -> Result<ReplyCode, String> {
    ReplyCode::new(number).ok_or_else(|| format!("no reply code: {number}"))
}

fn enhanced(text: &str) -> Result<EnhancedPattern, String> {
    EnhancedPattern::parse(text).ok_or_else(|| format!("no enhanced status code: {text:?}"))
}

fn need(name: &str) -> Result<Need, String> {
    let need = [Need::Act, Need::Wait, Need::Nothing].into_iter().find(|n| n.name() == name);
    need.ok_or_else(|| format!("unknown need {name:?}"))
}

fn severity(name: &str) -> Result<Severity, String> {
    let severity = Severity::ALL.into_iter().find(|s| s.name() == name);
    severity.ok_or_else(|| format!("unknown severity {name:?}"))
}

fn confidence(name: &str) -> Result<Confidence, String> {
    let all = [Confidence::Low, Confidence::Medium, Confidence::High];
    all.into_iter().find(|c| c.name() == name).ok_or_else(|| format!("unknown confidence {name:?}"))
}

fn direction(name: &str) -> Result<Direction, String> {
    let direction = [Direction::Outgoing, Direction::Incoming].into_iter().find(|d| d.name() == name);
    direction.ok_or_else(|| format!("unknown direction {name:?}"))
}
