//! A query's answer over a snapshot: everything a panel draws, computed off the UI thread.

use super::Query;
use crate::classify::Knowledge;
use crate::model::{Pattern, RejectionIdx, Snapshot, Timestamp, Verdict};
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
    pub rows: Vec<RejectionIdx>,
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
    pub rows: Vec<RejectionIdx>,
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
pub fn answer(
    knowledge: &Knowledge,
    snapshot: &Snapshot,
    query: &Query,
    include_transient: bool,
    cancelled: &dyn Fn() -> bool,
) -> Option<View> {
    let _ = (knowledge, snapshot, query, include_transient, cancelled);
    Some(View::default())
}
