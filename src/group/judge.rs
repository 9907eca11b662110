//! Evidence to rejection: verdict and pattern, computed once for each distinct masked reply.
//!
//! Rules are tried on the masked reply with an example in place of each pill, not on the first reply that happened
//! to come: so the verdict is the same whatever the order of sources and the number of workers, and no rule can
//! match the name of somebody's mailbox. A reply that quotes another is tried as it is; that is rare.

use super::hash::Seed;
use super::key::Key;
use super::mask::{Masked, Varying};
use super::shortcut::Shortcuts;
use crate::classify::{Facts, Knowledge, reply_codes, reply_lines};
use crate::model::{
    Conclusion, Direction, Evidence, EvidenceRef, Pattern, ProviderIdx, Records, Rejection, Rejections,
    Verdict,
};
use crate::smtp::{EnhancedStatus, NestedReply, ReplyCode, Stage, domain_of, innermost};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// How many distinct masked replies are remembered; then it starts anew.
const MAX_REMEMBERED: usize = 1 << 14;

/// Longest text of a pattern for people, in characters.
const MAX_TEXT: usize = 400;

/// No refusal of the present gathering has this conclusion so far.
const NOT_YET: u32 = u32::MAX;

/// Judges evidence; remembers what it has seen. One for each worker.
pub struct Judge {
    knowledge: Arc<Knowledge>,
    /// By key, places in `judged`.
    memo: HashMap<Box<str>, u32, Seed>,
    judged: Vec<Judged>,
    /// For each of those its place among the conclusions being gathered, or [`NOT_YET`].
    gathered: Vec<u32>,
    masked: Masked,
    key: String,
    shortcuts: Shortcuts,
}

struct Judged {
    verdict: Arc<Verdict>,
    pattern: Arc<Pattern>,
    /// The evidence's, or else the one that the verdict suggests.
    stage: Stage,
}

impl Judge {
    /// A judge that has seen nothing.
    pub fn new(knowledge: Arc<Knowledge>) -> Self {
        Self {
            knowledge,
            memo: HashMap::default(),
            judged: Vec::new(),
            gathered: Vec::new(),
            masked: Masked::default(),
            key: String::new(),
            shortcuts: Shortcuts::default(),
        }
    }

    /// Adds verdict and pattern; fills in an unknown stage that the verdict suggests, and says so.
    ///
    /// The verdict is shared by all refusals with the same masked reply, so its `matched` is empty:
    /// [`Knowledge::matched`] gives the ranges for one refusal.
    pub fn judge_all(&mut self, mut records: Records) -> Rejections {
        let (mut numbers, mut conclusions) = (Vec::with_capacity(records.len()), Vec::new());
        self.gathered.fill(NOT_YET);
        for at in 0..records.len() {
            let evidence = records.get(at);
            let number = self.judged(evidence);
            let Judged { verdict, pattern, stage } = &self.judged[number];
            if self.gathered[number] == NOT_YET {
                self.gathered[number] = conclusions.len() as u32;
                conclusions.push(Conclusion { verdict: Arc::clone(verdict), pattern: Arc::clone(pattern) });
            }
            numbers.push(self.gathered[number]);
            if evidence.stage() != *stage {
                records.infer_stage(at, *stage);
            }
        }
        Rejections::new(records, numbers, conclusions)
    }

    /// [`Self::judge_all`] for one refusal.
    pub fn judge(&mut self, evidence: &Evidence) -> Rejection {
        let mut records = Records::default();
        records.push_evidence(evidence);
        self.judge_all(records).get(0).to_rejection()
    }

    /// The place in `judged` of what is concluded from a refusal.
    fn judged(&mut self, evidence: EvidenceRef<'_>) -> usize {
        let is_worth_it = match self.shortcuts.get(evidence, &self.knowledge) {
            Ok(number) => return number as usize,
            Err(is_worth_it) => is_worth_it,
        };
        let (number, is_nested) = self.judged_in_full(evidence);
        if is_worth_it && !is_nested {
            self.shortcuts.remember(evidence, number as u32);
        }
        number
    }

    /// The same without a shortcut; and whether the reply quotes another.
    fn judged_in_full(&mut self, evidence: EvidenceRef<'_>) -> (usize, bool) {
        let facts = Facts {
            diagnostic_code: evidence.diagnostic_code(),
            reply_code: evidence.reply_code(),
            enhanced_status: evidence.enhanced_status(),
            stage: evidence.stage(),
            remote_mta: evidence.remote_mta(),
            recipient_domain: evidence.final_recipient().and_then(domain_of),
            direction: evidence.direction(),
        };
        let nested = innermost_of(facts.diagnostic_code);
        let provider = self.knowledge.provider_in(nested.inner_host, &facts);
        let own = reply_codes(nested.inner);
        let own = Own { code: own.code.or(facts.reply_code), enhanced: own.enhanced };
        let lines = reply_lines(nested.inner);
        let varying = varying(evidence);
        self.masked.mask(lines.iter().map(|l| l.text), &varying);
        let local = is_local_failure(evidence, &own);
        self.write_key(&facts, &own, provider, &nested);
        self.key.push(if local { 'l' } else { 'r' });
        if let Some(number) = self.memo.get(self.key.as_str()) {
            return (*number as usize, !nested.outer.is_empty());
        }
        let mut verdict = match nested.outer.is_empty() {
            false => self.knowledge.classify_for(provider, &facts),
            true => {
                let example = with_codes(own.code, own.enhanced, &self.masked.example(&varying));
                self.knowledge.classify_for(provider, &Facts { diagnostic_code: &example, ..facts })
            }
        };
        verdict.matched = Vec::new();
        let stage = match facts.stage {
            Stage::Unknown if local => Stage::Delivery,
            Stage::Unknown => verdict.stage_hint.unwrap_or(Stage::Unknown),
            stage => stage,
        };
        let pattern = Arc::new(self.pattern(&facts, &own, &verdict, stage));
        if self.memo.len() >= MAX_REMEMBERED {
            self.memo.clear();
            self.judged.clear();
            self.gathered.clear();
            self.shortcuts.forget();
        }
        let number = self.judged.len();
        self.memo.insert(self.key.as_str().into(), number as u32);
        self.judged.push(Judged { verdict: Arc::new(verdict), pattern, stage });
        self.gathered.push(NOT_YET);
        (number, !nested.outer.is_empty())
    }

    /// All that verdict and pattern depend on.
    fn write_key(
        &mut self,
        facts: &Facts<'_>,
        own: &Own,
        provider: Option<ProviderIdx>,
        nested: &NestedReply<'_>,
    ) {
        let number = |code: Option<ReplyCode>| code.map_or(0, ReplyCode::get);
        let status = |s: Option<EnhancedStatus>| s.map_or((0, 0, 0), |s| (s.class, s.subject, s.detail));
        self.key.clear();
        for n in [
            number(facts.reply_code),
            number(own.code),
            facts.stage as u16,
            u16::from(facts.direction == Direction::Incoming),
            provider.map_or(u16::MAX, |p| p.0),
        ] {
            push_number(&mut self.key, n);
        }
        for (class, subject, detail) in [status(facts.enhanced_status), status(own.enhanced)] {
            for n in [u16::from(class), subject, detail] {
                push_number(&mut self.key, n);
            }
        }
        self.key.push_str(&self.masked.text);
        if !nested.outer.is_empty() {
            self.key.push('\0');
            self.key.push_str(facts.diagnostic_code);
        }
    }

    fn pattern(&self, facts: &Facts<'_>, own: &Own, verdict: &Verdict, stage: Stage) -> Pattern {
        let wordless = self.masked.text.is_empty();
        // Without words the field beside them is all there is to tell refusals apart.
        let enhanced = own.enhanced.or(facts.enhanced_status.filter(|_| wordless));
        let key = Key {
            code: own.code,
            enhanced,
            stage,
            class: &self.knowledge.class(verdict.class).id,
            direction: facts.direction,
            masked: &self.masked.text,
        };
        let mut text = with_codes(own.code, enhanced, &self.masked.text);
        if text.is_empty() {
            text.push_str("(no words in the evidence)");
        }
        if let Some((at, _)) = text.char_indices().nth(MAX_TEXT) {
            text.truncate(text.floor_char_boundary(at - 1));
            text.push('…');
        }
        Pattern { id: key.id(), text: text.into() }
    }
}

/// The codes of the innermost reply: the evidence's reply code where the text has lost it, but no status that only
/// a log's own field gives.
struct Own {
    code: Option<ReplyCode>,
    enhanced: Option<EnhancedStatus>,
}

/// The reporting MTA's own words about a mailbox of its own: nobody else was asked, so no SMTP command was refused.
fn is_local_failure(evidence: EvidenceRef<'_>, own: &Own) -> bool {
    let no_codes = own.code.is_none() && own.enhanced.is_none();
    let nobody_else = || evidence.remote_mta().is_none() && evidence.remote_ip().is_none();
    no_codes
        && evidence.direction() == Direction::Outgoing
        && evidence.reporting_mta().is_some()
        && nobody_else()
}

fn varying(evidence: EvidenceRef<'_>) -> Varying<'_> {
    Varying {
        recipients: [evidence.final_recipient(), evidence.original_recipient()],
        sender: evidence.reverse_path().filter(|mailbox| !mailbox.is_empty()),
        hosts: [evidence.remote_mta(), evidence.reporting_mta()],
    }
}

/// [`innermost`], at little cost for the many replies that quote no other.
fn innermost_of(text: &str) -> NestedReply<'_> {
    let bytes = text.as_bytes();
    // A quoted reply stands after a colon and begins with a code.
    let quotes = memchr::memchr_iter(b':', bytes).any(|at| {
        let rest = bytes[at + 1..].trim_ascii_start();
        rest.len() < bytes.len() - at - 1 && matches!(rest.first(), Some(b'2'..=b'5' | b'#' | b'(' | b'['))
    });
    if quotes || memchr::memmem::find(bytes, b"(in reply to ").is_some() {
        return innermost(text);
    }
    NestedReply { outer: Vec::new(), inner: text.trim(), inner_host: None }
}

fn with_codes(code: Option<ReplyCode>, enhanced: Option<EnhancedStatus>, words: &str) -> String {
    let mut text = String::with_capacity(words.len() + 12);
    if let Some(code) = code {
        let _ = write!(text, "{code} ");
    }
    if let Some(enhanced) = enhanced {
        let _ = write!(text, "{enhanced} ");
    }
    text.push_str(words);
    text.truncate(text.trim_end().len());
    text
}

/// Three characters for each number, so that keys cannot run into one another.
fn push_number(key: &mut String, n: u16) {
    for shift in [12, 6, 0] {
        key.push(char::from(b'0' + ((n >> shift) & 63) as u8));
    }
}

#[cfg(test)]
mod tests;
