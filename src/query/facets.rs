//! Counting the answer's rows by who acts, matrix row, stage, provider, domain and source.

use super::Query;
use super::eval::row_key;
use super::index::Index;
use super::term::{RowKey, quoted_value};
use super::totals::Totals;
use super::view::{Facet, FacetField, Facets};
use crate::classify::Knowledge;
use crate::model::{Actor, Snapshot};
use crate::smtp::Stage;

/// How many values of provider, domain and source are listed; the most frequent ones.
pub const MAX_FACET_VALUES: usize = 1000;

/// The facets of rows that were counted.
pub(super) fn count(
    totals: &Totals,
    index: &Index,
    snapshot: &Snapshot,
    knowledge: &Knowledge,
    query: &Query,
) -> Facets {
    let Totals { by_kind, by_domain, .. } = totals;
    let mut by_verdict = vec![0u32; index.verdicts.len()];
    let mut by_stage = [0u32; Stage::ALL.len()];
    let mut by_source = vec![0u32; snapshot.sources.len()];
    for (kind, n) in index.kinds.iter().zip(by_kind) {
        by_verdict[kind.verdict as usize] += n;
        by_stage[kind.stage as usize] += n;
        if let Some(count) = by_source.get_mut(kind.source as usize) {
            *count += n;
        }
    }

    let mut by_actor = [0u32; Actor::ALL.len()];
    let mut by_row = [0u32; RowKey::SHOWN.len()];
    let mut by_provider = vec![0u32; knowledge.providers().len()];
    for (verdict, count) in index.verdicts.iter().zip(&by_verdict) {
        if let Some(at) = Actor::ALL.iter().position(|actor| verdict.actors.first() == Some(actor)) {
            by_actor[at] += count;
        }
        let key = row_key(knowledge, verdict);
        if let Some(at) = RowKey::SHOWN.iter().position(|row| *row == key) {
            by_row[at] += count;
        }
        if let Some(at) = verdict.provider.and_then(|p| by_provider.get_mut(p.0 as usize)) {
            *at += count;
        }
    }

    let facet = |term: String, label: String, icon: Option<&'static str>, count: u32| {
        let active = query.has_term(&term);
        (count > 0 || active).then_some(Facet { term, label, icon, count, active })
    };
    let mut who: Vec<Facet> = Actor::ALL
        .iter()
        .zip(by_actor)
        .filter_map(|(actor, n)| {
            facet(format!("who:{}", actor.name()), actor.label().into(), Some(actor.name()), n)
        })
        .collect();
    who.sort_by_key(|facet| std::cmp::Reverse(facet.count));
    let matrix = RowKey::SHOWN
        .iter()
        .zip(by_row)
        .filter_map(|(row, n)| {
            facet(format!("row:{}", row.name()), row_label(*row).into(), Some(row_icon(*row)), n)
        })
        .collect();
    let stages = Stage::ALL
        .iter()
        .zip(by_stage)
        .filter_map(|(stage, n)| facet(format!("stage:{}", stage.name()), stage.label().into(), None, n))
        .collect();
    let providers =
        knowledge.providers().iter().zip(by_provider).map(|(p, n)| (p.id.as_str(), p.name.as_str(), n));
    let domains = index.domains.iter().zip(by_domain).skip(1).map(|(domain, n)| (domain, domain, *n));
    let sources = snapshot.sources.iter().zip(by_source).map(|(source, n)| (&*source.name, &*source.name, n));
    Facets(vec![
        (FacetField::Who, who),
        (FacetField::Row, matrix),
        (FacetField::Stage, stages),
        (FacetField::Provider, frequent("provider", providers, query)),
        (FacetField::Domain, frequent("domain", domains, query)),
        (FacetField::Source, frequent("source", sources, query)),
    ])
}

/// The label of a row of the matrix.
pub fn row_label(row: RowKey) -> &'static str {
    match row {
        RowKey::Row(1) => "1 User unknown",
        RowKey::Row(2) => "2 Recipient rejected",
        RowKey::Row(3) => "3 Relay denied",
        RowKey::Row(4) => "4 Not local host",
        RowKey::Row(5) => "5 Policy",
        RowKey::Row(_) => "6 Mailbox unavailable",
        RowKey::Auth => "5 Policy: authentication",
        RowKey::Reputation => "5 Policy: reputation",
        RowKey::Content => "5 Policy: content",
        RowKey::Policy => "5 Policy: rules",
        RowKey::Other => "Other classes",
        RowKey::None => "Not classified",
    }
}

/// The icon of a row, named as the guidance names the icons of families.
fn row_icon(row: RowKey) -> &'static str {
    match row {
        RowKey::Row(1) => "recipient",
        RowKey::Row(2) => "rejected",
        RowKey::Row(3) => "relay",
        RowKey::Row(4) => "local",
        RowKey::Row(5) | RowKey::Policy => "policy",
        RowKey::Row(_) => "mailbox",
        RowKey::Auth => "auth",
        RowKey::Reputation => "reputation",
        RowKey::Content => "content",
        RowKey::Other => "other",
        RowKey::None => "question",
    }
}

/// Values with their counts: the most frequent first, then by value.
fn frequent<'a>(
    field: &str,
    values: impl Iterator<Item = (&'a str, &'a str, u32)>,
    query: &Query,
) -> Vec<Facet> {
    let mut values: Vec<(&str, &str, u32)> = values.filter(|(_, _, n)| *n > 0).collect();
    values.sort_by(|(a, _, n), (b, _, m)| m.cmp(n).then(a.cmp(b)));
    values.truncate(MAX_FACET_VALUES);
    let facet = |(value, label, count): (&str, &str, u32)| {
        let term = format!("{field}:{}", quoted_value(value));
        let active = query.has_term(&term);
        Facet { term, label: label.to_owned(), icon: None, count, active }
    };
    values.into_iter().map(facet).collect()
}
