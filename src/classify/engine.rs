//! The verdict on one reply.
//!
//! Words decide before codes, since servers use a few codes for everything: 550 and 5.7.1 say next to nothing.
//! The tiers, strongest first: the user's rule, a provider's token, a provider's text, a text, a text with the stage,
//! the enhanced status code, the reply code. Within a tier the rule with most matched text wins, then file order.
//!
//! The innermost of nested replies decides. Only if it tells nothing the replies around it are asked:
//! `550 5.1.1 <a>: undeliverable address: host mx said: 550 no`.

use super::index::Candidate;
use super::provider::find_word;
use super::text::{MatchText, place};
use super::{Facts, Knowledge, Rule, reply_codes};
use crate::model::{Confidence, ProviderIdx, RuleIdx, Tier, Verdict};
use crate::smtp::{EnhancedStatus, ReplyCode, Stage, innermost};
use std::ops::Range;

/// How many rules of other classes a verdict names.
const MAX_RUNNERS_UP: usize = 3;

/// One of the nested replies with the codes that belong to it.
struct View<'a> {
    facts: &'a Facts<'a>,
    text: MatchText,
    code: Option<ReplyCode>,
    enhanced: Option<EnhancedStatus>,
}

/// A rule that matched.
#[derive(Clone, Copy)]
struct Match {
    rule: RuleIdx,
    tier: Tier,
    specificity: usize,
}

pub(super) fn classify(knowledge: &Knowledge, provider: Option<ProviderIdx>, facts: &Facts<'_>) -> Verdict {
    let views = views(facts);
    let inner = matches(knowledge, provider, &views[0]);
    let confidence = |view: &View<'_>, m: &Match| confidence(knowledge, view, m);
    let mut best = (0, inner);
    let told = best.1.first().map_or(Confidence::Low, |m| confidence(&views[0], m));
    if told == Confidence::Low {
        let better = views.iter().enumerate().skip(1).find_map(|(i, view)| {
            let outer = matches(knowledge, provider, view);
            let first = outer.first()?;
            (first.tier <= Tier::TextAndStage && confidence(view, first) > told).then_some((i, outer))
        });
        best = better.unwrap_or(best);
    }
    let (view, found) = (&views[best.0], best.1);
    verdict(knowledge, provider, view, &found)
}

/// The second best rule, if only its place in the files makes it so and it is of another class.
pub(super) fn tied(knowledge: &Knowledge, facts: &Facts<'_>) -> Option<RuleIdx> {
    let found = matches(knowledge, knowledge.provider_of(facts), &views(facts)[0]);
    let [first, second, ..] = found.as_slice() else { return None };
    let tie = (first.tier, first.specificity) == (second.tier, second.specificity);
    let differ = knowledge.rule(first.rule).class != knowledge.rule(second.rule).class;
    (tie && differ).then_some(second.rule)
}

/// Where the conditions of `rule` hold in the evidence; empty if the rule does not match.
pub(super) fn matched(knowledge: &Knowledge, rule: RuleIdx, facts: &Facts<'_>) -> Vec<Range<u32>> {
    let provider = knowledge.provider_of(facts).or(knowledge.rule(rule).provider);
    let views = views(facts);
    let conditions = knowledge.rule(rule);
    let holds = |view: &&View<'_>| {
        let len = |literal: Option<&String>| literal.map_or(0, String::len);
        let candidate = Candidate {
            rule: rule.0,
            token: len(token(conditions, facts.diagnostic_code)),
            any_text: len(any_text(conditions, &view.text.text)),
        };
        test(candidate, conditions, provider, view).is_some()
    };
    views.iter().find(holds).map_or_else(Vec::new, |view| ranges(conditions, view))
}

/// The innermost reply first, then those around it from the inside out, without what they quote.
fn views<'a>(facts: &'a Facts<'a>) -> Vec<View<'a>> {
    let whole = facts.diagnostic_code;
    let nested = innermost(whole);
    let (wrapper, inner) = unwrapped(nested.inner);
    let own = reply_codes(inner);
    // Postfix writes dsn=5.0.0 where the server gave no enhanced status code: then nothing is known.
    let stated = facts.enhanced_status.filter(|e| own.code.is_none() || (e.subject, e.detail) != (0, 0));
    let mut views = vec![View {
        facts,
        text: MatchText::new(whole, inner),
        code: if wrapper.is_some() { own.code.or(facts.reply_code) } else { facts.reply_code.or(own.code) },
        enhanced: own.enhanced.or(stated),
    }];
    let mut end = place(whole, inner).start as usize;
    for outer in wrapper.iter().chain(nested.outer.iter().rev()) {
        let start = place(whole, outer).start as usize;
        let around = whole[start..end.max(start)].trim_end();
        end = start;
        let own = reply_codes(around);
        // `host mx.example.org[192.0.2.1] said:` tells who speaks, and a host's name must not match a rule.
        if own.code.is_some() || own.enhanced.is_some() || around.split_whitespace().count() > 4 {
            views.push(View {
                facts,
                text: MatchText::new(whole, around),
                code: own.code,
                enhanced: own.enhanced,
            });
        }
    }
    views
}

/// A wrapper and the reply it quotes. Exchange: `550 5.1.351 Remote server returned an error -> 550 5.7.1 no`;
/// AsyncOS: `5.1.0 - Unknown address error 550-'5.7.1 no' (delivery attempts: 0)`.
fn unwrapped(reply: &str) -> (Option<&str>, &str) {
    if let Some(at) = reply.rfind("-> ") {
        let quoted = reply[at + 3..].trim_start();
        if reply_codes(quoted).code.is_some() {
            return (Some(reply), quoted);
        }
    }
    if let Some(at) = reply.find("-'") {
        let quoted = &reply[at + 2..];
        let after_code =
            reply[..at].split(' ').next_back().is_some_and(|word| reply_codes(word).code.is_some());
        if after_code && let Some(end) = quoted.rfind('\'') {
            return (Some(reply), &quoted[..end]);
        }
    }
    (None, reply)
}

/// The rules that match a view, best first.
fn matches(knowledge: &Knowledge, provider: Option<ProviderIdx>, view: &View<'_>) -> Vec<Match> {
    let candidates = knowledge.index.candidates(&view.text.text, view.facts.diagnostic_code);
    let mut found: Vec<_> = candidates
        .into_iter()
        .filter_map(|c| test(c, knowledge.rule(RuleIdx(c.rule)), provider, view))
        .collect();
    found.sort_by_key(|m| (m.tier, std::cmp::Reverse(m.specificity), m.rule));
    found
}

/// Tries one rule.
fn test(candidate: Candidate, rule: &Rule, provider: Option<ProviderIdx>, view: &View<'_>) -> Option<Match> {
    let text = &view.text.text;
    let mut specificity = 0;
    if !rule.tokens.is_empty() || !rule.any_text.is_empty() {
        let by_text = if rule.any_text.is_empty() { 0 } else { candidate.any_text };
        specificity = if candidate.token > 0 { candidate.token } else { by_text };
        (specificity > 0).then_some(())?;
    }
    for literal in &rule.all_text {
        text.contains(literal.as_str()).then_some(())?;
        specificity += literal.len();
    }
    if let Some(regex) = &rule.regex {
        regex.find(text)?;
        specificity += regex.n_literal();
    }
    if rule.not_text.iter().any(|t| text.contains(t.as_str())) {
        return None;
    }
    if let Some(wanted) = rule.provider {
        // A token that only this provider writes is proof enough where the host is not known.
        let proven = provider == Some(wanted) || (provider.is_none() && candidate.token > 0);
        proven.then_some(())?;
        specificity += 8;
    }
    if !rule.enhanced.is_empty() {
        let fixed = match view.enhanced {
            Some(status) => rule.enhanced.iter().filter(|e| e.matches(status)).map(|e| e.n_fixed()).max(),
            None => None,
        };
        specificity += 2 * fixed?;
    }
    if !rule.codes.is_empty() {
        match view.code {
            Some(code) => rule.codes.contains(&code).then_some(())?,
            // Words without their code: the evidence may have lost it.
            None => rule.has_words().then_some(())?,
        }
        specificity += 2;
    }
    if !rule.stages.is_empty() {
        rule.stages.contains(&view.facts.stage).then_some(())?;
        specificity += 2;
    }
    if let Some(direction) = rule.direction {
        (direction == view.facts.direction).then_some(())?;
        specificity += 1;
    }
    Some(Match { rule: RuleIdx(candidate.rule), tier: tier(rule, candidate.token > 0), specificity })
}

/// The longest of the rule's tokens that stands in the evidence.
fn token<'a>(rule: &'a Rule, evidence: &str) -> Option<&'a String> {
    rule.tokens.iter().filter(|t| find_word(evidence, t).is_some()).max_by_key(|t| t.len())
}

/// The longest of the rule's `any_text` that stands in the text.
fn any_text<'a>(rule: &'a Rule, text: &str) -> Option<&'a String> {
    rule.any_text.iter().filter(|t| text.contains(t.as_str())).max_by_key(|t| t.len())
}

/// How strong the evidence is that made a rule match: its token, if that is in the reply, or else its text.
fn tier(rule: &Rule, by_token: bool) -> Tier {
    if rule.user {
        Tier::User
    } else if by_token {
        Tier::ProviderToken
    } else if rule.has_text() && rule.provider.is_some() {
        Tier::ProviderText
    } else if rule.has_text() && !rule.stages.is_empty() {
        Tier::TextAndStage
    } else if rule.has_text() {
        Tier::Text
    } else if !rule.enhanced.is_empty() {
        Tier::EnhancedStatus
    } else {
        Tier::ReplyCode
    }
}

fn confidence(knowledge: &Knowledge, view: &View<'_>, found: &Match) -> Confidence {
    let rule = knowledge.rule(found.rule);
    let by_tier = match found.tier {
        Tier::User | Tier::ProviderToken | Tier::ProviderText => Confidence::High,
        Tier::Text => Confidence::Medium,
        Tier::TextAndStage => match (view.code, view.enhanced) {
            (Some(code), Some(status)) if code.get() / 100 == u16::from(status.class) => Confidence::Medium,
            (Some(_), None) | (None, Some(_)) => Confidence::Medium,
            _ => Confidence::Low,
        },
        Tier::EnhancedStatus => match view.enhanced {
            Some(status) if says_something(status) => Confidence::Medium,
            _ => Confidence::Low,
        },
        Tier::ReplyCode | Tier::Unclassified => Confidence::Low,
    };
    let weak = found.tier > Tier::ProviderText
        && contradicts(view.facts.stage, knowledge.class(rule.class).stage_hint);
    let by_stage = if weak { Confidence::Low } else { by_tier };
    by_stage.min(rule.confidence.unwrap_or(Confidence::High))
}

/// X.7.1 and the "other or undefined" codes X.n.0 are used for everything.
fn says_something(status: EnhancedStatus) -> bool {
    status.detail != 0 && (status.subject, status.detail) != (7, 1)
}

/// The refusal came before this class of refusal could. Later is no contradiction: servers put checks off, Postfix
/// to RCPT TO by default (smtpd_delay_reject).
fn contradicts(stage: Stage, usual: Option<Stage>) -> bool {
    let rank = |stage| match stage {
        Stage::Connect | Stage::Ehlo | Stage::StartTls => 1,
        Stage::Auth => 2,
        Stage::MailFrom => 3,
        Stage::RcptTo => 4,
        Stage::Data | Stage::EndOfData => 5,
        Stage::Delivery => 6,
        Stage::Unknown => 0,
    };
    usual.is_some_and(|usual| stage != Stage::Unknown && rank(stage) < rank(usual))
}

fn verdict(
    knowledge: &Knowledge,
    provider: Option<ProviderIdx>,
    view: &View<'_>,
    found: &[Match],
) -> Verdict {
    let best = found.first();
    let rule = best.map(|m| knowledge.rule(m.rule));
    let class_idx = rule.map_or(knowledge.unclassified(), |r| r.class);
    let class = knowledge.class(class_idx);
    Verdict {
        class: class_idx,
        rule: best.map(|m| m.rule),
        tier: best.map_or(Tier::Unclassified, |m| m.tier),
        confidence: best.map_or(Confidence::Low, |m| confidence(knowledge, view, m)),
        matched: rule.map_or_else(Vec::new, |rule| ranges(rule, view)),
        provider,
        retry: rule.and_then(|r| r.retry).unwrap_or(class.retry),
        actors: rule.map(|r| &r.actors).filter(|a| !a.is_empty()).unwrap_or(&class.actors).clone(),
        runners_up: runners_up(knowledge, class_idx, found),
        stage_hint: match view.facts.stage {
            Stage::Unknown => view.enhanced.and_then(stage_of_status).or(class.stage_hint),
            _ => None,
        },
    }
}

fn runners_up(knowledge: &Knowledge, class: crate::model::ClassIdx, found: &[Match]) -> Vec<(RuleIdx, Tier)> {
    let mut classes = vec![class];
    let mut runners_up = Vec::new();
    for m in found {
        let other = knowledge.rule(m.rule).class;
        if runners_up.len() < MAX_RUNNERS_UP && !classes.contains(&other) {
            classes.push(other);
            runners_up.push((m.rule, m.tier));
        }
    }
    runners_up
}

/// The "other or undefined" codes X.n.0 are given at any stage.
fn stage_of_status(status: EnhancedStatus) -> Option<Stage> {
    if status.detail == 0 { None } else { Stage::usual_for(status) }
}

/// Where the conditions of a rule that matched hold in the evidence.
fn ranges(rule: &Rule, view: &View<'_>) -> Vec<Range<u32>> {
    let evidence = view.facts.diagnostic_code;
    let text = &view.text;
    let mut out = Vec::new();
    if let Some(word) = token(rule, evidence)
        && let Some(at) = find_word(evidence, word)
    {
        out.push(at as u32..(at + word.len()) as u32);
    }
    for literal in any_text(rule, &text.text).into_iter().chain(&rule.all_text) {
        if let Some(at) = text.text.find(literal.as_str()) {
            text.in_evidence(evidence, at..at + literal.len(), &mut out);
        }
    }
    if let Some(found) = rule.regex.as_ref().and_then(|r| r.find(&text.text)) {
        text.in_evidence(evidence, found, &mut out);
    }
    if !rule.enhanced.is_empty() {
        out.extend(text.enhanced.first().cloned());
    }
    if !rule.codes.is_empty() {
        out.extend(text.codes.first().cloned());
    }
    merged(out)
}

fn merged(mut ranges: Vec<Range<u32>>) -> Vec<Range<u32>> {
    ranges.sort_by_key(|r| (r.start, r.end));
    let mut out: Vec<Range<u32>> = Vec::with_capacity(ranges.len());
    for range in ranges.into_iter().filter(|r| !r.is_empty()) {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Direction;
    use crate::smtp::read_reply;

    /// Classes a to h, provider `p`, and rules of all tiers.
    fn knowledge() -> Knowledge {
        let class = |id: &str, more: &str| {
            format!(
                "[[class]]\nid = {id:?}\ntitle = \"t\"\nicon = \"i\"\ncause = \"c\"\nneed = \"act\"\nretry = \"after_fix\"\n\
                 retry_note = \"n\"\nactor = [\"sender_admin\"]\nfix = []\nverify = []\n{more}\n"
            )
        };
        let classes: String =
            ["unclassified", "relay", "limit", "blocked", "local", "policy", "unavailable", "dmarc"]
                .iter()
                .map(|id| class(id, ""))
                .chain([class("unknown", "stage_hint = \"rcpt_to\"")])
                .collect();
        Knowledge::from_sources([
            ("guidance/all.toml", classes.as_str()),
            (
                "providers/p.toml",
                "id = \"p\"\nname = \"P\"\nmx_suffix = [\"p.example\"]\ntokens = [\"ptag\"]\n",
            ),
            ("rules/all.toml", RULES),
        ])
        .unwrap_or_else(|e| panic!("{e}"))
    }

    const RULES: &str = r#"
        rule = [
            { id = "token", class = "limit", token = ["IB607"], any_text = ["too many recipients"], retry = "later" },
            { id = "p.denied", class = "unknown", provider = "p", any_text = ["access denied"] },
            { id = "unknown", class = "unknown", any_text = ["user unknown", "no such user"] },
            { id = "relay", class = "relay", any_text = ["relay"] },
            { id = "local", class = "local", all_text = ["not local host", "gateway"] },
            { id = "bad", class = "blocked", any_text = ["bad sender"], not_text = ["good"] },
            { id = "regex", class = "blocked", regex = 'listed (at|by) \S+' },
            { id = "stage", class = "policy", any_text = ["refused"], stages = ["connect"] },
            { id = "vague", class = "dmarc", any_text = ["rejected"], enhanced = ["5.7.26"] },
            { id = "5.1.1", class = "unknown", enhanced = ["5.1.1"] },
            { id = "5.7.1", class = "policy", enhanced = ["5.7.1"] },
            { id = "5.7.*", class = "policy", enhanced = ["5.7.*"] },
            { id = "5.7.26", class = "dmarc", enhanced = ["5.7.26"] },
            { id = "550", class = "unavailable", codes = [550] },
            { id = "weak", class = "policy", any_text = ["try later"], confidence = "low" },
        ]"#;

    fn facts<'a>(text: &'a str, stage: Stage, host: Option<&'a str>) -> Facts<'a> {
        let own = read_reply(innermost(text).inner);
        Facts {
            diagnostic_code: text,
            reply_code: own.code,
            enhanced_status: own.enhanced,
            stage,
            remote_mta: host,
            recipient_domain: None,
            direction: Direction::Outgoing,
        }
    }

    /// `expect`: class, rule, tier, confidence, matched words.
    #[track_caller]
    fn check_at(stage: Stage, host: Option<&str>, text: &str, expect: &str) {
        let knowledge = knowledge();
        let facts = facts(text, stage, host);
        let v = knowledge.classify(&facts);
        let words: Vec<_> = v.matched.iter().map(|r| &text[r.start as usize..r.end as usize]).collect();
        let rule = v.rule.map_or("-", |r| &knowledge.rule(r).id);
        let class = &knowledge.class(v.class).id;
        let got = format!("{class} {rule} {} {} | {}", v.tier.name(), v.confidence.name(), words.join(" + "));
        assert_eq!(got, expect, "{text}");
        assert_eq!(knowledge.matched(&facts, &v), v.matched);
    }

    #[track_caller]
    fn check(text: &str, expect: &str) {
        check_at(Stage::Unknown, None, text, expect);
    }

    #[test]
    fn words_before_codes() {
        check("550 5.1.1 too many. IB607", "limit token provider_token high | IB607");
        check("550 5.1.1 XIB607", "unknown 5.1.1 enhanced_status medium | 5.1.1");
        check("550 5.1.1 sent to Too many  Recipients", "limit token text medium | Too many  Recipients");
        check("550 5.7.1 relay no", "relay relay text medium | relay");
        check("550 5.7.1 User unknown, no relay", "unknown unknown text medium | User unknown");
        check("550 not local host x, not a gateway", "local local text medium | not local host + gateway");
        check("550 not local host x", "unavailable 550 reply_code low | 550");
        check("550 a bad sender", "blocked bad text medium | bad sender");
        check("550 a bad sender, good", "unavailable 550 reply_code low | 550");
        check("550 x Listed by zen.example.org now", "blocked regex text medium | Listed by zen.example.org");
        check("550 5.7.26 rejected", "dmarc vague text medium | 5.7.26 + rejected");
        check("550 rejected", "unavailable 550 reply_code low | 550");
        check("550 try later", "policy weak text low | try later");
    }

    #[test]
    fn codes_say_little() {
        check("550 5.1.1 x", "unknown 5.1.1 enhanced_status medium | 5.1.1");
        check("550 5.7.1 x", "policy 5.7.1 enhanced_status low | 5.7.1");
        check("550 5.7.26 x", "dmarc 5.7.26 enhanced_status medium | 5.7.26");
        check("550 5.7.99 x", "policy 5.7.* enhanced_status medium | 5.7.99");
        check("550 x", "unavailable 550 reply_code low | 550");
        check("554 x", "unclassified - unclassified low | ");
        check("", "unclassified - unclassified low | ");
    }

    #[test]
    fn provider_and_stage() {
        let p = Some("mx.p.example");
        check_at(
            Stage::RcptTo,
            p,
            "550 5.4.1 Access denied",
            "unknown p.denied provider_text high | Access denied",
        );
        check_at(Stage::RcptTo, None, "550 5.4.1 Access denied", "unavailable 550 reply_code low | 550");
        check("550 5.4.1 Access denied ptag", "unknown p.denied provider_text high | Access denied");
        check_at(Stage::Connect, None, "554 refused", "policy stage text_stage medium | refused");
        check_at(Stage::RcptTo, None, "554 refused", "unclassified - unclassified low | ");
        check_at(Stage::Connect, None, "refused", "policy stage text_stage low | refused");
        // An unknown user before any recipient was named: the words may be meant otherwise.
        check_at(Stage::Connect, None, "550 5.1.1 user unknown", "unknown unknown text low | user unknown");
        check_at(
            Stage::EndOfData,
            None,
            "550 5.1.1 user unknown",
            "unknown unknown text medium | user unknown",
        );
    }

    #[test]
    fn nested_replies() {
        check(
            "550 5.1.1 <a@b>: undeliverable address: host x.example[192.0.2.9] said: 554 no relay (in reply to RCPT TO command)",
            "relay relay text medium | relay",
        );
        check(
            "550 5.1.1 <a@b>: user unknown: host x.example[192.0.2.9] said: 550 no (in reply to RCPT TO command)",
            "unknown unknown text medium | user unknown",
        );
        check("host relay.example[192.0.2.9] said: 550 no", "unavailable 550 reply_code low | 550");
        check("550 5.0.350 user unknown -> 554 5.7.1 relay no", "relay relay text medium | relay");
        check("5.1.0 - user unknown 550-'5.7.1 relay no' (attempts: 0)", "relay relay text medium | relay");
    }

    #[test]
    fn lines_are_put_together() {
        check("550-5.1.1 No such\n550 5.1.1 user", "unknown unknown text medium | No such + user");
        check("550-5.1.1 No such 550 5.1.1 user", "unknown unknown text medium | No such + user");
        check("550-5.1.1 No such\\n550 5.1.1 user", "unknown unknown text medium | No such + user");
    }

    #[test]
    fn runners_up_and_hints() {
        let knowledge = knowledge();
        let v = knowledge.classify(&facts("550 5.7.1 user unknown, relay", Stage::Unknown, None));
        let names: Vec<_> = v.runners_up.iter().map(|(r, _)| knowledge.rule(*r).id.as_str()).collect();
        assert_eq!(names, ["relay", "5.7.1", "550"]);
        assert_eq!(v.stage_hint, Some(Stage::RcptTo));
        let hint = |text| knowledge.classify(&facts(text, Stage::Unknown, None)).stage_hint;
        assert_eq!(hint("550 5.1.8 x"), Some(Stage::MailFrom));
        assert_eq!(hint("550 5.7.26 x"), Some(Stage::EndOfData));
        assert_eq!(hint("550 x"), None);
        assert_eq!(knowledge.classify(&facts("550 5.1.1 x", Stage::Data, None)).stage_hint, None);
        assert_eq!(v.retry, crate::model::Retry::AfterFix);
        assert_eq!(
            knowledge.classify(&facts("550 IB607", Stage::Unknown, None)).retry,
            crate::model::Retry::Later
        );
    }

    #[test]
    fn a_dsn_of_5_0_0_is_no_status() {
        let knowledge = knowledge();
        let mut f = facts("550 rejected", Stage::Unknown, None);
        f.enhanced_status = EnhancedStatus::parse("5.0.0");
        assert_eq!(knowledge.classify(&f).tier, Tier::ReplyCode);
    }
}
