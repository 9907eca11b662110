//! How far a pattern reaches: one recipient, one domain, one sender, or everyone.

use super::words::{counted, fmt_count};
use crate::model::{RejectionIdx, RejectionRef, Snapshot};
use crate::smtp::domain_of;
use std::collections::HashMap;

/// Who is hit by the given refusals.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    /// Refusals.
    pub n_refusals: u32,
    /// Distinct final recipients.
    pub n_recipients: u32,
    /// Their domains with counts, most first.
    pub recipient_domains: Vec<(String, u32)>,
    /// Distinct reverse-paths.
    pub n_senders: u32,
    /// Their domains with counts, most first.
    pub sender_domains: Vec<(String, u32)>,
    /// Remote MTAs with counts, most first.
    pub remote_mtas: Vec<(String, u32)>,
    /// Recipients at the same recipient domains that were accepted in the same evidence.
    pub accepted_same_domains: u64,
    /// Recipients accepted at all.
    pub accepted: u64,
}

/// The scope of `rows`. Addresses that differ in case alone are the same; the null reverse-path is a sender without
/// a domain.
pub fn scope(snapshot: &Snapshot, rows: &[RejectionIdx]) -> Scope {
    let (mut recipients, mut senders) = (Counts::default(), Counts::default());
    let (mut recipient_domains, mut sender_domains) = (Counts::default(), Counts::default());
    let mut remote_mtas = Counts::default();
    let rejections = || rows.iter().filter_map(|idx| snapshot.get(*idx));
    for RejectionRef { evidence, .. } in rejections() {
        if let Some(recipient) = evidence.final_recipient() {
            recipients.add(Some(recipient));
            recipient_domains.add(domain_of(recipient));
        }
        if let Some(mailbox) = evidence.reverse_path() {
            senders.add(Some(mailbox));
            sender_domains.add(domain_of(mailbox));
        }
        remote_mtas.add(evidence.remote_mta());
    }
    let recipient_domains = recipient_domains.most_first();
    let accepted_at = |(domain, _): &(String, u32)| snapshot.accepted.get(domain).copied().unwrap_or(0);
    Scope {
        n_refusals: rejections().count() as u32,
        n_recipients: recipients.0.len() as u32,
        accepted_same_domains: recipient_domains.iter().map(accepted_at).sum(),
        recipient_domains,
        n_senders: senders.0.len() as u32,
        sender_domains: sender_domains.most_first(),
        remote_mtas: remote_mtas.most_first(),
        accepted: snapshot.n_accepted(),
    }
}

impl Scope {
    /// One plain sentence: how many, where, from whom, and whether others were accepted meanwhile.
    ///
    /// "614 refusals of 402 recipients at 1 domain, all from acme.example; 8,112 recipients at other domains were
    /// accepted meanwhile."
    pub fn sentence(&self) -> String {
        let mut out = counted(self.n_refusals.into(), "refusal", "refusals");
        match self.n_recipients {
            0 if self.n_refusals > 0 => out.push_str(", no recipient named"),
            0 => {}
            n => out.push_str(&format!(" of {}", counted(n.into(), "recipient", "recipients"))),
        }
        match self.recipient_domains.as_slice() {
            [] => {}
            [(domain, _)] => out.push_str(&format!(" at {domain}")),
            domains => out.push_str(&format!(" at {} domains", fmt_count(domains.len() as u64))),
        }
        let all = if self.n_refusals > 1 { "all " } else { "" };
        match (self.n_senders, self.sender_domains.as_slice()) {
            (0, _) => {}
            (_, []) => out.push_str(&format!(", {all}with the null reverse-path")),
            (_, [(domain, n)]) if *n == self.n_refusals => out.push_str(&format!(", {all}from {domain}")),
            (n, _) => out.push_str(&format!(", from {}", counted(n.into(), "sender", "senders"))),
        }
        let others = self.accepted - self.accepted_same_domains;
        let recipients = |n| counted(n, "recipient", "recipients");
        let were = |n: u64| if n == 1 { "was" } else { "were" };
        let same = if self.recipient_domains.len() == 1 { "the same domain" } else { "the same domains" };
        match (self.accepted_same_domains, others) {
            (0, 0) => {}
            (0, n) if self.recipient_domains.is_empty() => {
                out.push_str(&format!("; {} {} accepted meanwhile", recipients(n), were(n)))
            }
            (0, n) => {
                out.push_str(&format!("; {} at other domains {} accepted meanwhile", recipients(n), were(n)))
            }
            (n, 0) => out.push_str(&format!("; {} at {same} {} accepted meanwhile", recipients(n), were(n))),
            (n, m) => out.push_str(&format!(
                "; {} at {same} and {} at others were accepted meanwhile",
                recipients(n),
                fmt_count(m)
            )),
        }
        out.push('.');
        out
    }
}

/// Names in lower case, and how often each came.
#[derive(Default)]
struct Counts(HashMap<String, u32, foldhash::fast::RandomState>);

impl Counts {
    fn add(&mut self, name: Option<&str>) {
        let Some(name) = name else { return };
        // Most names come again as they are, in lower case.
        match self.0.get_mut(name) {
            Some(n) => *n += 1,
            None => *self.0.entry(name.to_ascii_lowercase()).or_default() += 1,
        }
    }

    /// Of those that came equally often, in the order of their names.
    fn most_first(self) -> Vec<(String, u32)> {
        let mut counts: Vec<(String, u32)> = self.0.into_iter().collect();
        counts.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::fixture::{at, evidence, rejection, snapshot, verdict};
    use std::sync::Arc;

    #[track_caller]
    fn check(mails: &[(&str, &str)], accepted: &[(&str, u64)], expect: &str) {
        let verdict = Arc::new(verdict());
        let rejections: Vec<_> = mails
            .iter()
            .map(|(from, to)| rejection(evidence(Some(at(9, 0)), from, to, "550 no"), &verdict, "aa"))
            .collect();
        let rows: Vec<_> = (0..rejections.len() as RejectionIdx).collect();
        let mut snapshot = snapshot(rejections);
        snapshot.accepted = accepted.iter().map(|(d, n)| (d.to_string(), *n)).collect();
        assert_eq!(scope(&snapshot, &rows).sentence(), expect);
    }

    #[test]
    fn sentences() {
        let one = ("a@acme.example", "ana@example.org");
        let same = ("A@acme.example", "ANA@example.org");
        let bo = ("b@acme.example", "bo@example.net");
        let other = ("c@other.example", "bo@example.net");
        check(&[one], &[], "1 refusal of 1 recipient at example.org, from acme.example.");
        check(&[one, same], &[], "2 refusals of 1 recipient at example.org, all from acme.example.");
        check(&[one, bo], &[], "2 refusals of 2 recipients at 2 domains, all from acme.example.");
        check(&[one, other], &[], "2 refusals of 2 recipients at 2 domains, from 2 senders.");
        check(
            &[("<>", "ana@example.org")],
            &[],
            "1 refusal of 1 recipient at example.org, with the null reverse-path.",
        );
        check(
            &[("<>", "x@example.org"), one],
            &[],
            "2 refusals of 2 recipients at example.org, from 2 senders.",
        );
        check(
            &[one],
            &[("example.com", 8112)],
            "1 refusal of 1 recipient at example.org, from acme.example; 8,112 recipients at other domains were \
             accepted meanwhile.",
        );
        check(
            &[one],
            &[("example.org", 1)],
            "1 refusal of 1 recipient at example.org, from acme.example; 1 recipient at the same domain was accepted \
             meanwhile.",
        );
        check(
            &[one, bo],
            &[("example.org", 2), ("example.com", 3)],
            "2 refusals of 2 recipients at 2 domains, all from acme.example; 2 recipients at the same domains and 3 \
             at others were accepted meanwhile.",
        );
        check(&[("a@acme.example", "")], &[], "1 refusal, no recipient named, from acme.example.");
        check(
            &[("a@acme.example", "")],
            &[("example.com", 2)],
            "1 refusal, no recipient named, from acme.example; 2 recipients were accepted meanwhile.",
        );
        check(&[], &[], "0 refusals.");
    }
}
