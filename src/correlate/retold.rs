//! One refusal told by several sources: a log says that a recipient was refused, and so does the notice that went back
//! to the sender, or the event that a service sent. They name the same message by its Message-ID and the same recipient.

use crate::model::{EvidenceRef, RejectionIdx, Retold, Snapshot};
use crate::parse::formats::Family;
use std::collections::HashMap;
use std::hash::BuildHasher as _;

/// How near a source stands to what happened: the nearest counts.
fn rank(family: Family) -> u8 {
    match family {
        Family::Log => 0,
        Family::Transcript => 1,
        Family::Table => 2,
        Family::Events => 3,
        Family::Notice => 4,
    }
}

/// Finds the refusals of `snapshot` that a nearer source tells of, too. Two sources of one kind are never joined:
/// two notices with one Message-ID are two mails that somebody got.
pub fn retold(snapshot: &Snapshot) -> Retold {
    // Nearly always there is nothing but logs: then no text is read.
    let mut ranks = Ranks::default();
    let mut seen = [false; 5];
    for chunk in &snapshot.chunks {
        chunk.evidence().iter().for_each(|evidence| seen[usize::from(ranks.of(evidence))] = true);
    }
    if seen.iter().filter(|seen| **seen).count() < 2 {
        return Retold::default();
    }
    let farther = seen.iter().rposition(|seen| *seen).unwrap_or(0);
    let nearest = seen.iter().position(|seen| *seen).unwrap_or(0);
    // The farther ones are few: they are remembered, and those nearer look for themselves among them.
    let mut told: HashMap<u64, Vec<RejectionIdx>> = HashMap::new();
    for (idx, rejection) in snapshot.iter() {
        let evidence = rejection.evidence;
        if usize::from(ranks.of(evidence)) > nearest && rejection.is_permanent() {
            each_key(evidence, |key| told.entry(key).or_default().push(idx));
        }
    }
    let mut first: HashMap<RejectionIdx, (u8, RejectionIdx)> = HashMap::new();
    for (idx, rejection) in snapshot.iter() {
        let evidence = rejection.evidence;
        let mine = ranks.of(evidence);
        if usize::from(mine) >= farther || !rejection.is_permanent() {
            continue;
        }
        each_key(evidence, |key| {
            for other in told.get(&key).into_iter().flatten() {
                let Some(theirs) = snapshot.get(*other).map(|other| other.evidence) else { continue };
                if ranks.of(theirs) > mine && is_same(evidence, theirs) {
                    let best = first.entry(*other).or_insert((mine, idx));
                    *best = (*best).min((mine, idx));
                }
            }
        });
    }
    // What counts must count itself: of log, event and notice all lead to the log.
    let pairs =
        first.iter().map(|(again, (_, idx))| (*again, first.get(idx).map_or(*idx, |(_, nearer)| *nearer)));
    Retold::of(pairs)
}

/// The ranks of formats, which are few: those seen are found again by their address.
#[derive(Default)]
struct Ranks(Vec<(*const u8, u8)>);

impl Ranks {
    fn of(&mut self, evidence: EvidenceRef<'_>) -> u8 {
        let format = evidence.format();
        if let Some((_, rank)) = self.0.iter().find(|(at, _)| *at == format.as_ptr()) {
            return *rank;
        }
        let rank = rank(Family::of(format));
        self.0.push((format.as_ptr(), rank));
        rank
    }
}

/// A number for the message with each of its recipient's names. The same for what [is the same](is_same).
fn each_key(evidence: EvidenceRef<'_>, mut each: impl FnMut(u64)) {
    let Some(id) = evidence.message_id().filter(|id| !id.is_empty()) else { return };
    let hasher = foldhash::fast::FixedState::with_seed(550);
    let mut last = None;
    for recipient in names(evidence) {
        let key = hasher.hash_one((id, recipient.to_ascii_lowercase()));
        if last != Some(key) {
            each(key);
        }
        last = Some(key);
    }
}

/// The recipient's names.
fn names<'a>(evidence: EvidenceRef<'a>) -> impl Iterator<Item = &'a str> {
    evidence.final_recipient().into_iter().chain(evidence.original_recipient())
}

/// Same message, and a recipient in common.
fn is_same(a: EvidenceRef<'_>, b: EvidenceRef<'_>) -> bool {
    a.message_id() == b.message_id()
        && a.message_id().is_some()
        && names(a).any(|a| names(b).any(|b| a.eq_ignore_ascii_case(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Action, Actor, ClassIdx, Conclusion, Confidence, Evidence, Origin, Pattern, Records, Rejections,
        Retry, SourceId, Tier, Verdict,
    };
    use std::sync::Arc;

    /// Format, Message-ID, recipient (`given>final` if it was first given as another one), final.
    fn evidence((format, id, recipient, failed): (&'static str, &str, &str, bool)) -> Evidence {
        let origin = Origin { source: SourceId(0), line: 1, start: 0, len: 1 };
        let mut evidence = Evidence::new(format, origin);
        evidence.message_id = (!id.is_empty()).then(|| id.into());
        let (given, last) = recipient.split_once('>').map_or((None, recipient), |(g, l)| (Some(g), l));
        evidence.original_recipient = given.map(Into::into);
        evidence.final_recipient = Some(last.into());
        evidence.action = if failed { Action::Failed } else { Action::Delayed };
        evidence
    }

    #[track_caller]
    fn check(rows: &[(&'static str, &str, &str, bool)], expect: &[(u32, u32)]) {
        let mut records = Records::default();
        rows.iter().for_each(|row| records.push_evidence(&evidence(*row)));
        let verdict = Verdict {
            class: ClassIdx(0),
            rule: None,
            tier: Tier::Unclassified,
            confidence: Confidence::Low,
            matched: Vec::new(),
            provider: None,
            retry: Retry::Never,
            actors: vec![Actor::SenderAdmin],
            runners_up: Vec::new(),
            stage_hint: None,
        };
        let pattern = Pattern { id: "v1:0".into(), text: "".into() };
        let conclusion = Conclusion { verdict: Arc::new(verdict), pattern: Arc::new(pattern) };
        let numbers = vec![0; records.len()];
        let mut snapshot = Snapshot::default();
        snapshot.push(Arc::new(Rejections::new(records, numbers, vec![conclusion])));
        let retold = retold(&snapshot);
        let got: Vec<_> = retold.iter().map(|again| (again, retold.first(again).unwrap())).collect();
        assert_eq!(got, expect, "{rows:?}");
    }

    #[test]
    fn a_refusal_counts_where_it_happened() {
        let (log, notice, event) = ("postfix", "dsn.rfc3464", "dsn.other");
        // In either order, and whatever case the domain is written in.
        check(&[(log, "1@x", "a@b", true), (notice, "1@x", "a@B", true)], &[(1, 0)]);
        check(&[(notice, "1@x", "a@b", true), (log, "1@x", "a@b", true)], &[(0, 1)]);
        // Another recipient, another message, no Message-ID, not final.
        check(&[(log, "1@x", "a@b", true), (notice, "1@x", "c@b", true)], &[]);
        check(&[(log, "1@x", "a@b", true), (notice, "2@x", "a@b", true)], &[]);
        check(&[(log, "", "a@b", true), (notice, "", "a@b", true)], &[]);
        check(&[(log, "1@x", "a@b", false), (notice, "1@x", "a@b", true)], &[]);
        // An alias on either side.
        check(&[(log, "1@x", "info@b>a@b", true), (notice, "1@x", "info@b", true)], &[(1, 0)]);
        // Two notices are two notices; two logs are two logs.
        check(&[(notice, "1@x", "a@b", true), (event, "1@x", "a@b", true)], &[]);
        check(&[(log, "1@x", "a@b", true), ("exim", "1@x", "a@b", true)], &[]);
        let both = [(log, "1@x", "a@b", true), (notice, "1@x", "a@b", true), (event, "1@x", "a@b", true)];
        check(&both, &[(1, 0), (2, 0)]);
        check(&[("transcript.swaks", "1@x", "a@b", true), both[0], both[1]], &[(0, 1), (2, 1)]);
    }
}
