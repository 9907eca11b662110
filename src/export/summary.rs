//! What a report says, before it is laid out for a terminal or as Markdown. All texts are safe to show.

use crate::classify::{Knowledge, Need};
use crate::model::{EvidenceRef, ProblemKind, Snapshot, SourceProblem};
use crate::notes::fill::fill_for_all;
use crate::notes::note::stage_words;
use crate::notes::{Advice, Redactor, one_line, visible};
use crate::query::words::{counted, fmt_count, fmt_time};
use crate::query::{PatternRow, View};

/// How many refusals of a pattern are looked at for what they have in common.
const MAX_COMPARED: usize = 1000;

/// How many lines that were not understood are listed.
const MAX_PLACES: usize = 10;

/// How many troubles are listed.
const MAX_PROBLEMS: usize = 20;

/// One pattern in words.
pub(super) struct PatternWords {
    pub class_id: String,
    pub n_refusals: u32,
    pub n_recipients: u32,
    pub title: String,
    pub reply: String,
    pub stage: String,
    pub seen: String,
    pub cause: String,
    pub acts: String,
    pub first_step: Option<String>,
    pub retry: String,
    pub id: String,
}

/// "2,310 refusals of 1,204 recipients in 41 patterns; 94,102 recipients accepted"
pub(super) fn headline(snapshot: &Snapshot, view: &View) -> String {
    if view.rows.is_empty() {
        let what = if view.query.trim().is_empty() { "No refusals" } else { "No refusal matches" };
        return format!("{what}{}", accepted(snapshot));
    }
    format!(
        "{} of {} in {}{}",
        counted(view.rows.len() as u64, "refusal", "refusals"),
        counted(view.n_recipients.into(), "recipient", "recipients"),
        counted(view.patterns.len() as u64, "pattern", "patterns"),
        accepted(snapshot),
    )
}

fn accepted(snapshot: &Snapshot) -> String {
    match snapshot.n_accepted() {
        0 => String::new(),
        n => format!("; {} accepted", counted(n, "recipient", "recipients")),
    }
}

/// The query, if there is one.
pub(super) fn filter(view: &View) -> Option<String> {
    let query = view.query.trim();
    (!query.is_empty()).then(|| one_line(query).into_owned())
}

pub(super) fn pattern_words(snapshot: &Snapshot, knowledge: &Knowledge, row: &PatternRow) -> PatternWords {
    let advice = Advice::new(knowledge, &row.verdict);
    let compared: Vec<EvidenceRef<'_>> =
        row.rows.iter().take(MAX_COMPARED).filter_map(|idx| Some(snapshot.get(*idx)?.evidence)).collect();
    let mut off = Redactor::off();
    let mut filled = |text: &str| fill_for_all(text, &compared, &mut off);
    let inferred = compared.iter().any(|e| e.stage() == row.stage && e.stage_inferred());
    let seen = match (row.first_seen, row.last_seen) {
        (Some(first), Some(last)) if first != last => format!("{} to {}", fmt_time(first), fmt_time(last)),
        (Some(time), _) => fmt_time(time),
        _ => "no time in the evidence".to_owned(),
    };
    let first_step = (advice.class.need != Need::Nothing).then(|| advice.first_step()).flatten();
    PatternWords {
        class_id: advice.class.id.clone(),
        n_refusals: row.rows.len() as u32,
        n_recipients: row.n_recipients,
        title: advice.title_and_provider(),
        reply: one_line(&row.pattern.text).into_owned(),
        stage: stage_words(row.stage, inferred),
        seen,
        cause: filled(&advice.class.cause),
        acts: advice.actors(),
        first_step: first_step.map(|step| filled(&step.text)),
        retry: advice.verdict.retry.label().to_owned(),
        id: row.pattern.id.to_string(),
    }
}

/// "1,204,118 lines and 3 messages read from 4 sources; 9,871 lines with a reply; 4 not understood"
pub(super) fn coverage(snapshot: &Snapshot) -> String {
    let coverage = &snapshot.coverage;
    let mut read = counted(coverage.lines, "line", "lines");
    if coverage.messages > 0 {
        read.push_str(&format!(" and {}", counted(coverage.messages, "message", "messages")));
    }
    let sources = counted(snapshot.sources.len() as u64, "source", "sources");
    let mut out =
        format!("{read} read from {sources}; {} with a reply", counted(coverage.with_reply, "line", "lines"));
    if coverage.not_refusals > 0 {
        let n = counted(coverage.not_refusals, "message is no refusal", "messages are no refusals");
        out.push_str(&format!("; {n}"));
    }
    match coverage.not_understood {
        // Where nothing held a reply there was nothing to understand.
        0 if coverage.with_reply == 0 => {}
        0 => out.push_str("; all understood"),
        n => out.push_str(&format!("; {} with a 5yz reply not understood", counted(n, "line", "lines"))),
    }
    out
}

/// `mail.log:812` for the first lines that were not understood, and how many more there are.
pub(super) fn not_understood(snapshot: &Snapshot) -> Vec<String> {
    let coverage = &snapshot.coverage;
    let mut out: Vec<String> = coverage
        .not_understood_at
        .iter()
        .take(MAX_PLACES)
        .map(|origin| format!("{}:{}", one_line(snapshot.source_name(origin.source)), origin.line))
        .collect();
    let more = coverage.not_understood.saturating_sub(out.len() as u64);
    if more > 0 && !out.is_empty() {
        out.push(format!("and {}", counted(more, "more line", "more lines")));
    }
    out
}

/// Trouble with the sources, in source order: `mail.log.2.gz: the gzip stream ends early`. Lines that were not
/// understood are listed apart.
pub(super) fn problems(snapshot: &Snapshot) -> Vec<String> {
    let line = |SourceProblem { source, problem }: &SourceProblem| match problem.origin {
        Some(origin) => format!("{}:{}: {}", one_line(source), origin.line, visible(&problem.message)),
        None => format!("{}: {}", one_line(source), visible(&problem.message)),
    };
    let mut problems = snapshot.problems.iter().filter(|p| p.problem.kind != ProblemKind::NotUnderstood);
    let mut out: Vec<String> = problems.by_ref().take(MAX_PROBLEMS).map(line).collect();
    match problems.count() {
        0 => {}
        more => out.push(format!("and {} more", fmt_count(more as u64))),
    }
    out
}
