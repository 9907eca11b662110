//! Rules held against the samples they carry: what each is for, and what it is not for.

use super::{Knowledge, Rule, Sample};
use crate::model::RuleIdx;
use std::collections::BTreeMap;

/// What is wrong with the rules, one sentence each, in file order. Empty if all hold.
pub fn lint(knowledge: &Knowledge) -> Vec<String> {
    let mut findings = Vec::new();
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (i, rule) in knowledge.rules().iter().enumerate() {
        let mut find = |what: String| findings.push(format!("{}: {}: {what}", rule.file, rule.id));
        if let Some(other) = seen.insert(&rule.id, &rule.file) {
            find(format!("the id stands in {other} too"));
        }
        if rule.accept.is_empty() {
            find("no accept sample".into());
        }
        if rule.reject.is_empty() {
            find("no reject sample".into());
        }
        literals(rule, &mut find);
        samples(knowledge, RuleIdx(i as u32), &mut find);
    }
    findings
}

fn literals(rule: &Rule, find: &mut impl FnMut(String)) {
    for literal in rule.any_text.iter().chain(&rule.all_text).chain(&rule.not_text) {
        if literal.is_empty() || *literal != literal.to_lowercase() {
            find(format!("{literal:?} is not lower case"));
        }
        // The text they are looked for in has single blanks and plain quotation marks.
        if literal.contains("  ")
            || literal.contains(['\n', '\t', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}'])
        {
            find(format!("{literal:?} can never match: single blanks and plain quotation marks only"));
        }
    }
    if let Some(Err(e)) = rule.regex.as_ref().map(|r| r.check()) {
        find(format!("regex: {e}"));
    }
}

fn samples(knowledge: &Knowledge, idx: RuleIdx, find: &mut impl FnMut(String)) {
    let rule = knowledge.rule(idx);
    for sample in &rule.accept {
        let facts = sample.facts();
        let verdict = knowledge.classify(&facts);
        if verdict.rule != Some(idx) {
            find(format!("accept {:?} goes to {}", sample.reply, name(knowledge, verdict.rule)));
        } else if let Some(tied) = super::engine::tied(knowledge, &facts) {
            find(format!("accept {:?} is a tie with {}", sample.reply, knowledge.rule(tied).id));
        } else if rule.confidence.is_some_and(|c| c > verdict.confidence) {
            find(format!(
                "confidence can only be lowered, and the evidence gives {}",
                verdict.confidence.name()
            ));
        }
    }
    if !rule.accept.is_empty() && rule.accept.iter().all(|s| winner(knowledge, s) != Some(idx)) {
        find("never wins".into());
    }
    for sample in &rule.reject {
        if winner(knowledge, sample) == Some(idx) {
            find(format!("reject {:?} is taken", sample.reply));
        }
    }
}

fn winner(knowledge: &Knowledge, sample: &Sample) -> Option<RuleIdx> {
    knowledge.classify(&sample.facts()).rule
}

fn name(knowledge: &Knowledge, rule: Option<RuleIdx>) -> String {
    rule.map_or("no rule".into(), |r| {
        let rule = knowledge.rule(r);
        format!("{} ({})", rule.id, knowledge.class(rule.class).id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builtin_rules_hold() {
        let knowledge = Knowledge::builtin().unwrap_or_else(|e| panic!("{e}"));
        assert!(knowledge.rules().len() > 100 && !knowledge.guide().triage.is_empty());
        let findings = lint(&knowledge);
        assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
    }
}
