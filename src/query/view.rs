//! A query's answer over a snapshot: everything a panel draws, computed off the UI thread.

use super::eval::{self, Asked, Cancelled, Included};
use super::index::Index;
use super::patterns::pattern_rows;
use super::rows::Rows;
use super::term::Term;
use super::totals::Totals;
use super::workers::{Alone, Workers, both};
use super::{Query, facets};
use crate::classify::{Knowledge, Need};
use crate::model::{Actor, Pattern, Snapshot, Timestamp, Verdict};
use crate::smtp::Stage;
use std::sync::Arc;

/// How many bars a pattern's trend has.
pub const TREND_BARS: usize = 24;

/// One pattern under the current query.
#[derive(Clone, Debug)]
pub struct PatternRow {
    /// Id and masked reply.
    pub pattern: Arc<Pattern>,
    /// The verdict (of the first refusal; all of a pattern share class and rule).
    pub verdict: Arc<Verdict>,
    /// The stage most of its refusals came at.
    pub stage: Stage,
    /// Its refusals that match the query, newest first; without a time last, then in source order.
    pub rows: Rows,
    /// Distinct final recipients among them.
    pub n_recipients: u32,
    /// First and last time among them.
    pub first_seen: Option<Timestamp>,
    /// See `first_seen`.
    pub last_seen: Option<Timestamp>,
    /// Refusals over the time span of *all* matching rows, in equal bins, oldest first.
    pub trend: [u32; TREND_BARS],
}

/// Which facet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FacetField {
    /// Who has to act.
    Who,
    /// Matrix row of the guide, row 5 split into authentication, reputation, content and policy.
    Row,
    /// Stage.
    Stage,
    /// Provider.
    Provider,
    /// Domain of the final recipient.
    Domain,
    /// Source.
    Source,
}

/// One value of a facet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facet {
    /// The term a click puts into the query: `who:dns_owner`.
    pub term: String,
    /// For people: "You: DNS".
    pub label: String,
    /// The icon's name in `assets/icons`, if the value has one.
    pub icon: Option<&'static str>,
    /// Refusals with this value under the current query.
    pub count: u32,
    /// The term stands in the current query.
    pub active: bool,
}

/// All facets, each most frequent first except stages and rows, which keep their natural order.
#[derive(Clone, Debug, Default)]
pub struct Facets(pub Vec<(FacetField, Vec<Facet>)>);

/// What the window draws.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Of the snapshot it was computed over.
    pub generation: u64,
    /// The query's text.
    pub query: String,
    /// Transient refusals are part of it.
    pub include_transient: bool,
    /// Refusals that match, newest first; without a time last, then in source order.
    pub rows: Rows,
    /// Patterns that match: most refusals first, then by id.
    pub patterns: Vec<PatternRow>,
    /// Distinct final recipients among the matching refusals.
    pub n_recipients: u32,
    /// Permanent refusals in the snapshot, whatever the query.
    pub n_refused_total: u32,
    /// Patterns in the snapshot, whatever the query.
    pub n_patterns_total: u32,
    /// Facets under the current query.
    pub facets: Facets,
}

/// Answers `query` over `snapshot`. `cancelled` is asked from time to time; `None` if it said yes.
///
/// Who asks often keeps an [`Index`] and calls [`answer_with`].
pub fn answer(
    knowledge: &Knowledge,
    snapshot: &Snapshot,
    query: &Query,
    include_transient: bool,
    cancelled: Cancelled<'_>,
) -> Option<View> {
    answer_with(&mut Index::default(), &Alone, knowledge, snapshot, query, include_transient, cancelled)
}

/// Answers as [`answer`] does, with what `index` remembers of earlier snapshots of the same case, and with the help
/// of `workers`.
pub fn answer_with(
    index: &mut Index,
    workers: &dyn Workers,
    knowledge: &Knowledge,
    snapshot: &Snapshot,
    query: &Query,
    include_transient: bool,
    cancelled: Cancelled<'_>,
) -> Option<View> {
    if cancelled() {
        return None;
    }
    index.update(snapshot);
    let index = &*index;
    // Who asks for transient refusals wants to see them.
    let include_transient = include_transient || query.any_term(&|term| *term == Term::Transient);
    let asked = Asked { index, snapshot, knowledge, workers };
    let retold = query.any_term(&|term| *term == Term::Retold);
    let included = Included { transient: include_transient, retold };
    let matches = eval::matching(query.expr(), &asked, included, cancelled)?;
    let rows = in_order(&matches, index);
    let totals = Totals::new(&rows, index);
    if cancelled() {
        return None;
    }
    let (patterns, facets) = both(
        workers,
        || pattern_rows(&rows, &totals.by_kind, index, workers),
        || facets::count(&totals, index, snapshot, knowledge, query),
    );
    let mut known = vec![false; index.patterns.len()];
    for kind in index.kinds.iter().filter(|kind| included.counts(kind)) {
        known[kind.pattern as usize] = true;
    }
    let counted = Included { transient: false, retold: false };
    let permanent = index.kinds.iter().zip(&index.rows_of_kind).filter(|(kind, _)| counted.counts(kind));
    Some(View {
        generation: snapshot.generation,
        query: query.text.clone(),
        include_transient,
        patterns,
        n_recipients: totals.n_recipients,
        n_refused_total: permanent.map(|(_, n)| n).sum(),
        n_patterns_total: known.iter().filter(|known| **known).count() as u32,
        facets,
        rows,
    })
}

/// The rows that match, newest first.
fn in_order(matches: &[bool], index: &Index) -> Rows {
    let n = matches.iter().filter(|matches| **matches).count();
    if n == matches.len() {
        return Rows::part_of(&index.order, 0..n);
    }
    let mut rows = Vec::with_capacity(n);
    rows.extend(index.order.iter().copied().filter(|idx| matches[*idx as usize]));
    rows.into()
}

/// The pattern that needs us most: of those somebody on our side has to act on first, the one that threatens
/// security, else the most severe, else the most frequent. If none is ours, the most frequent of all.
pub fn most_needed(view: &View, knowledge: &Knowledge) -> Option<usize> {
    let ours = |row: &PatternRow| {
        let class = knowledge.classes().get(row.verdict.class.0 as usize)?;
        let first = row.verdict.actors.first()?;
        let is_us = matches!(first, Actor::SenderAdmin | Actor::DnsOwner | Actor::Sender);
        (class.need == Need::Act && is_us).then_some(class.severity)
    };
    // The patterns are sorted by frequency: of equals the first is the most frequent.
    let severest = view.patterns.iter().filter_map(ours).max();
    match severest {
        Some(severity) => view.patterns.iter().position(|row| ours(row) == Some(severity)),
        None => (!view.patterns.is_empty()).then_some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Attempt, Direction, Retry};
    use crate::query::fixture::{at, evidence, knowledge, rejection, snapshot, verdict, verdict_of};

    fn case() -> Snapshot {
        let ours = Arc::new(verdict());
        let theirs =
            Arc::new(Verdict { actors: vec![Actor::RecipientAdmin], retry: Retry::Never, ..verdict() });
        let mut rejections = vec![
            rejection(
                evidence(Some(at(9, 0)), "news@acme.example", "ana@example.org", "550 5.1.1 No such user"),
                &theirs,
                "bb",
            ),
            rejection(
                evidence(Some(at(11, 0)), "news@acme.example", "Ana@example.org", "550 5.1.1 No such user"),
                &theirs,
                "bb",
            ),
            rejection(evidence(Some(at(10, 0)), "<>", "bo@sub.example.org", "550 5.7.1 Spam"), &ours, "aa"),
            rejection(
                evidence(None, "bo@acme.example", "ida@example.net", "554 5.7.1 SPAM (score 9)"),
                &ours,
                "aa",
            ),
            rejection(
                evidence(Some(at(10, 0)), "news@acme.example", "eve@example.com", "450 4.2.0 Greylisted"),
                &ours,
                "cc",
            ),
        ];
        rejections[2].evidence.direction = Direction::Incoming;
        rejections[2].evidence.stage = Stage::EndOfData;
        rejections[2].evidence.remote_ip = "10.9.8.7".parse().ok();
        let again: Attempt = rejections[3].evidence.attempts[0].clone();
        rejections[3].evidence.attempts.push(again);
        rejections[3].evidence.queue_id = Some("ABC".into());
        snapshot(rejections)
    }

    fn view(query: &str) -> View {
        let knowledge = knowledge();
        answer(&knowledge, &case(), &Query::parse(query).unwrap(), false, &|| false).unwrap()
    }

    #[test]
    fn what_terms_match() {
        for (query, expect) in [
            ("", "1 2 0 3"),
            ("no such user", "1 0"),
            ("\"no such\"", "1 0"),
            ("spam", "2 3"),
            ("spam -score", "2"),
            ("ana@", "1 0"),
            ("acme.example", "1 2 0 3"),
            ("mx.example.net", "3"),
            ("4c8kx0", "1 2 0"),
            ("v1:aa", "2 3"),
            ("code:550", "1 2 0"),
            ("code:5yz -code:550", "3"),
            ("esc:5.7.*", "2 3"),
            ("esc:*.1.1", "1 0"),
            ("row:none", "1 2 0 3"),
            ("who:us", "2 3"),
            ("who:postmaster", "1 0"),
            ("stage:eod", "2"),
            ("domain:example.org", "1 2 0"),
            ("domain:*.example.org", "2"),
            ("domain:ample.org", ""),
            ("sender:news", "1 0"),
            ("sender:NEWS@acme.example", "1 0"),
            ("sender:ews@acme.example", ""),
            ("sender:@acme.example", "1 0 3"),
            ("sender:bo@", "3"),
            ("sender:<>", "2"),
            ("to:ana", "1 0"),
            ("to:na@example.org", ""),
            ("to:ANA@", "1 0"),
            ("to:an@", ""),
            ("to:ana@EXAMPLE.org", "1 0"),
            ("to:@example.org", "1 0"),
            ("to:@ample.org", ""),
            ("to:@", ""),
            ("to:ana@example.org or to:@example.net", "1 0 3"),
            ("mta:example.net", "3"),
            ("ip:10.0.0.0/8", "2"),
            ("ip:192.0.2.1", "1 0 3"),
            ("ip:0.0.0.0/0", "1 2 0 3"),
            ("ip:::/0", ""),
            ("provider:none", "1 2 0 3"),
            ("provider:google", ""),
            ("source:mail.log", "1 2 0 3"),
            ("source:MAIL", "1 2 0 3"),
            ("source:other", ""),
            ("pattern:aa or pattern:v1:b", "1 2 0 3"),
            ("queue:ABC", "3"),
            ("queue:abc", ""),
            ("since:2026-11-17T10:00", "1 2"),
            ("until:2026-11-17", "1 2 0"),
            ("until:2026-11-17T10:00", "0"),
            ("seen:1h", "1 2"),
            ("tries:>1", "3"),
            ("tries:1", "1 2 0"),
            ("retry:never", "1 0"),
            ("confidence:medium", "1 2 0 3"),
            ("direction:incoming", "2"),
            ("is:outgoing", "1 0 3"),
            ("is:permanent", "1 2 0 3"),
            ("is:soft", "4"),
            ("is:unclassified", ""),
            ("-(spam or code:550)", ""),
        ] {
            let rows: Vec<String> = view(query).rows.iter().map(|idx| idx.to_string()).collect();
            assert_eq!(rows.join(" "), expect, "{query}");
        }
    }

    #[test]
    fn patterns_are_the_rows_put_together() {
        let view = view("");
        let got: Vec<String> = view
            .patterns
            .iter()
            .map(|p| {
                let time = |t: Option<Timestamp>| t.map_or("-".into(), |t| t.format("%H:%M").to_string());
                format!(
                    "{} {:?} {} {} {}..{}",
                    p.pattern.id,
                    p.rows,
                    p.n_recipients,
                    p.stage.name(),
                    time(p.first_seen),
                    time(p.last_seen)
                )
            })
            .collect();
        assert_eq!(got, ["v1:aa [2, 3] 2 rcpt_to 10:00..10:00", "v1:bb [1, 0] 1 rcpt_to 09:00..11:00"]);
        assert_eq!((view.n_recipients, view.n_refused_total, view.n_patterns_total), (3, 4, 2));
        let trend = view.patterns[1].trend;
        assert_eq!((trend[0], trend[TREND_BARS - 1], trend.iter().sum::<u32>()), (1, 1, 2));
    }

    #[test]
    fn facets_count_under_the_query() {
        let lines = |query: &str| -> Vec<String> {
            let all = view(query).facets.0;
            let line = |f: &Facet| format!("{}={}{}", f.term, f.count, if f.active { "*" } else { "" });
            all.iter().map(|(_, values)| values.iter().map(line).collect::<Vec<_>>().join(" ")).collect()
        };
        assert_eq!(
            lines(""),
            [
                "who:sender_admin=2 who:recipient_admin=2",
                "row:none=4",
                "stage:rcpt_to=3 stage:end_of_data=1",
                "",
                "domain:example.org=2 domain:example.net=1 domain:sub.example.org=1",
                "source:mail.log=4",
            ]
        );
        assert_eq!(lines("stage:eod who:dns")[..3], ["who:dns_owner=0*", "", "stage:end_of_data=0*"]);
    }

    #[test]
    fn an_index_follows_its_case() {
        let knowledge = knowledge();
        let all = case();
        let mut part = Snapshot { chunks: imbl::Vector::new(), starts: imbl::Vector::new(), ..all.clone() };
        let mut index = Index::default();
        let query = Query::parse("example.org").unwrap();
        for chunk in &all.chunks {
            part.push(Arc::clone(chunk));
            let kept = answer_with(&mut index, &Alone, &knowledge, &part, &query, true, &|| false).unwrap();
            let fresh = answer(&knowledge, &part, &query, true, &|| false).unwrap();
            assert_eq!(format!("{kept:?}"), format!("{fresh:?}"));
        }
        let other = case();
        let kept = answer_with(&mut index, &Alone, &knowledge, &other, &query, true, &|| false).unwrap();
        assert_eq!(*kept.rows, [1, 2, 0]);
        assert!(answer(&knowledge, &all, &query, true, &|| true).is_none());
    }

    #[test]
    fn what_needs_us_most() {
        let knowledge = knowledge();
        let check = |classes: &[(&str, Actor, usize)], expect: Option<&str>| {
            let mut rejections = Vec::new();
            for (class, actor, n) in classes {
                let verdict = Verdict { actors: vec![*actor], ..verdict_of(&knowledge, class) };
                let verdict = Arc::new(verdict);
                let evidence = evidence(Some(at(9, 0)), "a@acme.example", "b@example.org", "550 no");
                rejections.extend((0..*n).map(|_| rejection(evidence.clone(), &verdict, class)));
            }
            let view =
                answer(&knowledge, &snapshot(rejections), &Query::default(), false, &|| false).unwrap();
            let got = most_needed(&view, &knowledge).map(|i| view.patterns[i].pattern.id.to_string());
            assert_eq!(got, expect.map(|id| format!("v1:{id}")));
        };
        let (us, them) = (Actor::SenderAdmin, Actor::RecipientAdmin);
        check(&[], None);
        check(&[("recipient.unknown", us, 5), ("auth.none", us, 2)], Some("auth.none"));
        check(&[("account.blocked", us, 1), ("auth.none", us, 2)], Some("account.blocked"));
        check(
            &[("account.blocked", them, 1), ("unclassified", us, 1), ("auth.none", them, 9)],
            Some("unclassified"),
        );
        check(&[("recipient.unknown", them, 3), ("auth.none", them, 2)], Some("recipient.unknown"));
    }
}
