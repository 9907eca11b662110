//! What each term matches.
//!
//! A term about something that repeats (verdict, pattern, domain, recipient, source) is answered once for each of
//! its values before the rows are looked at; the others look at the row, and only the rest at the rejection.

use super::finder::Finder;
use super::index::{Index, NO_TIME, Row};
use super::parse::Expr;
use super::term::{RowKey, Term, masked};
use crate::classify::Knowledge;
use crate::model::{Direction, RejectionRef, Snapshot, Tier, Verdict};

/// After how many rows `cancelled` is asked again.
const ROWS_PER_LOOK: usize = 4096;

/// Which rejections match, by index. `None` if `cancelled` said yes.
pub(super) fn matching(
    expr: &Expr,
    index: &Index,
    snapshot: &Snapshot,
    knowledge: &Knowledge,
    include_transient: bool,
    cancelled: &dyn Fn() -> bool,
) -> Option<Vec<bool>> {
    let test = Compiler { index, snapshot, knowledge }.test(expr);
    let mut out = Vec::with_capacity(index.rows.len());
    for chunk in index.chunks() {
        for from in (0..chunk.len()).step_by(ROWS_PER_LOOK) {
            if cancelled() {
                return None;
            }
            let to = chunk.len().min(from + ROWS_PER_LOOK);
            let rows = &index.rows[out.len()..out.len() + to - from];
            out.extend(
                rows.iter()
                    .zip(from..to)
                    .map(|(row, at)| (row.permanent || include_transient) && test.holds(row, chunk.get(at))),
            );
        }
    }
    Some(out)
}

/// The row of the matrix a verdict belongs to, as facets show it.
pub fn row_key(knowledge: &Knowledge, verdict: &Verdict) -> RowKey {
    if verdict.tier == Tier::Unclassified {
        return RowKey::None;
    }
    let Some(class) = knowledge.classes().get(verdict.class.0 as usize) else { return RowKey::None };
    let family = class.id.split('.').next().unwrap_or("");
    match (class.matrix_row, family) {
        (Some(5), "auth") => RowKey::Auth,
        (Some(5), "reputation") => RowKey::Reputation,
        (Some(5), "content") => RowKey::Content,
        (Some(5), _) => RowKey::Policy,
        (Some(row @ 1..=6), _) => RowKey::Row(row),
        (_, "unclassified") => RowKey::None,
        _ => RowKey::Other,
    }
}

/// A term or query made ready for one index.
enum Test {
    All,
    ByVerdict(Vec<bool>),
    ByPattern(Vec<bool>),
    ByDomain(Vec<bool>),
    BySource(Vec<bool>),
    Code([Option<u8>; 3]),
    Stage(u8),
    Permanent(bool),
    Incoming(bool),
    Since(i64),
    Until(i64),
    /// By recipient, or by the rejection.
    To(Vec<bool>, Address),
    /// By recipient, by pattern, or by the rejection.
    Text(Vec<bool>, Vec<bool>, Finder),
    Rejection(Box<dyn Fn(RejectionRef<'_>) -> bool>),
    Not(Box<Test>),
    And(Vec<Test>),
    Or(Vec<Test>),
}

impl Test {
    fn holds(&self, row: &Row, rejection: RejectionRef<'_>) -> bool {
        match self {
            Self::All => true,
            Self::ByVerdict(yes) => yes[row.verdict as usize],
            Self::ByPattern(yes) => yes[row.pattern as usize],
            Self::ByDomain(yes) => yes[row.domain as usize],
            Self::BySource(yes) => yes.get(row.source as usize).copied().unwrap_or(false),
            Self::Code(digits) => {
                let code = row.code;
                let have = [code / 100, code / 10 % 10, code % 10];
                code != 0
                    && digits.iter().zip(have).all(|(want, have)| want.is_none_or(|d| u16::from(d) == have))
            }
            Self::Stage(stage) => row.stage == *stage,
            Self::Permanent(permanent) => row.permanent == *permanent,
            Self::Incoming(incoming) => row.incoming == *incoming,
            Self::Since(time) => row.time != NO_TIME && row.time >= *time,
            Self::Until(time) => row.time != NO_TIME && row.time < *time,
            Self::To(yes, address) => {
                yes[row.recipient as usize]
                    || rejection.evidence.original_recipient().is_some_and(|to| address.fits(to))
            }
            Self::Text(by_recipient, by_pattern, finder) => {
                by_recipient[row.recipient as usize]
                    || by_pattern[row.pattern as usize]
                    || text_in(finder, rejection)
            }
            Self::Rejection(test) => test(rejection),
            Self::Not(test) => !test.holds(row, rejection),
            Self::And(tests) => tests.iter().all(|test| test.holds(row, rejection)),
            Self::Or(tests) => tests.iter().any(|test| test.holds(row, rejection)),
        }
    }

    /// Cheap ones go first.
    fn cost(&self) -> u8 {
        match self {
            Self::To(..) => 2,
            Self::Rejection(_) => 3,
            Self::Text(..) => 4,
            Self::Not(test) => test.cost(),
            Self::And(tests) | Self::Or(tests) => tests.iter().map(Self::cost).max().unwrap_or(0),
            _ => 1,
        }
    }
}

struct Compiler<'a> {
    index: &'a Index,
    snapshot: &'a Snapshot,
    knowledge: &'a Knowledge,
}

impl Compiler<'_> {
    fn test(&self, expr: &Expr) -> Test {
        match expr {
            Expr::All => Test::All,
            Expr::Term(term) => self.term(term),
            Expr::Not(inner) => Test::Not(Box::new(self.test(inner))),
            Expr::And(parts) => Test::And(self.cheap_first(parts)),
            Expr::Or(parts) => Test::Or(self.cheap_first(parts)),
        }
    }

    fn cheap_first(&self, parts: &[Expr]) -> Vec<Test> {
        let mut tests: Vec<Test> = parts.iter().map(|part| self.test(part)).collect();
        tests.sort_by_key(Test::cost);
        tests
    }

    fn term(&self, term: &Term) -> Test {
        match term.clone() {
            Term::Text(text) => {
                let finder = Finder::new(&text);
                let recipients = &self.index.recipients;
                // They are in lower case as far as that is ASCII.
                let by_recipient = match finder.needle().is_ascii() {
                    true => recipients.containing(finder.needle()),
                    false => recipients.iter().map(|to| finder.is_in(to)).collect(),
                };
                let by_pattern = self.index.patterns.iter().map(|p| finder.is_in(&p.id)).collect();
                Test::Text(by_recipient, by_pattern, finder)
            }
            Term::Code(digits) => Test::Code(digits),
            Term::Esc(want) => rejection(move |r| {
                r.evidence.enhanced_status().is_some_and(|have| {
                    let have = [u16::from(have.class), have.subject, have.detail];
                    want.iter().zip(have).all(|(want, have)| want.is_none_or(|n| n == have))
                })
            }),
            Term::Row(RowKey::Row(5)) => self.verdicts(|v| {
                let parts = [RowKey::Auth, RowKey::Reputation, RowKey::Content, RowKey::Policy];
                parts.contains(&row_key(self.knowledge, v))
            }),
            Term::Row(row) => self.verdicts(|v| row_key(self.knowledge, v) == row),
            Term::Category(id) => self.verdicts(|v| {
                let class = self.knowledge.classes().get(v.class.0 as usize);
                class.is_some_and(|class| {
                    class
                        .id
                        .strip_prefix(id.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                })
            }),
            Term::Who(actor) => self.verdicts(|v| v.actors.first() == Some(&actor)),
            Term::Stage(stage) => Test::Stage(stage as u8),
            Term::Domain { domain, only_below } => {
                let fits = |have: &str| {
                    have.strip_suffix(domain.as_str()).is_some_and(|head| match head {
                        "" => !only_below,
                        head => head.ends_with('.'),
                    })
                };
                Test::ByDomain(self.index.domains.iter().map(fits).collect())
            }
            Term::Sender(text) => {
                let address = Address::new(&text);
                rejection(move |r| match r.evidence.reverse_path() {
                    Some("") => address.0.needle() == "<>",
                    Some(mailbox) => address.fits(mailbox),
                    None => false,
                })
            }
            Term::To(text) => {
                let address = Address::new(&text);
                let yes = self.index.recipients.iter().map(|to| !to.is_empty() && address.fits(to)).collect();
                Test::To(yes, address)
            }
            Term::Mta(text) => {
                let finder = Finder::new(&text);
                rejection(move |r| has(&finder, r.evidence.remote_mta()))
            }
            Term::Ip(network, bits) => rejection(move |r| {
                r.evidence.remote_ip().is_some_and(|ip| {
                    let ip = ip.to_canonical();
                    ip.is_ipv4() == network.is_ipv4() && masked(ip, bits) == network
                })
            }),
            Term::Provider(name) => self.verdicts(|v| {
                match v.provider.and_then(|p| self.knowledge.providers().get(p.0 as usize)) {
                    Some(provider) => provider.id == name || provider.name.to_lowercase() == name,
                    None => name == "none",
                }
            }),
            Term::Source(name) => {
                let sources = &self.snapshot.sources;
                let whole = sources.iter().any(|source| *source.name == *name);
                let finder = Finder::new(&name);
                let fits = |source: &str| if whole { source == name } else { finder.is_in(source) };
                Test::BySource(sources.iter().map(|source| fits(&source.name)).collect())
            }
            Term::Pattern(id) => Test::ByPattern(
                self.index.patterns.iter().map(|pattern| pattern_fits(&pattern.id, &id)).collect(),
            ),
            Term::Queue(id) => rejection(move |r| r.evidence.queue_id() == Some(id.as_str())),
            Term::Since(moment) => Test::Since(moment.start().timestamp_micros()),
            Term::Until(moment) => Test::Until(moment.end().timestamp_micros()),
            Term::Seen(span) => match self.index.newest() {
                Some(newest) => {
                    Test::Since(newest.saturating_sub(span.delta().num_microseconds().unwrap_or(i64::MAX)))
                }
                None => Test::Not(Box::new(Test::All)),
            },
            Term::Tries(compare, n) => rejection(move |r| compare.holds(r.evidence.n_tries().max(1), n)),
            Term::Retry(retry) => self.verdicts(|v| v.retry == retry),
            Term::Confidence(confidence) => self.verdicts(|v| v.confidence == confidence),
            Term::Direction(direction) => Test::Incoming(direction == Direction::Incoming),
            Term::Transient => Test::Permanent(false),
            Term::Permanent => Test::Permanent(true),
            Term::Unclassified => self.verdicts(|v| v.tier == Tier::Unclassified),
        }
    }

    fn verdicts(&self, test: impl Fn(&Verdict) -> bool) -> Test {
        Test::ByVerdict(self.index.verdicts.iter().map(|verdict| test(verdict)).collect())
    }
}

/// An address as `sender:` and `to:` take it.
struct Address(Finder);

impl Address {
    fn new(text: &str) -> Self {
        Self(Finder::new(text))
    }

    /// `@domain`: ends so; `name@`: begins so; `name@domain`: is it; else it stands somewhere in it.
    fn fits(&self, mailbox: &str) -> bool {
        let want = self.0.needle();
        match want.split_once('@') {
            None => self.0.is_in(mailbox),
            Some(("", _)) => mailbox.to_lowercase().ends_with(want),
            Some((_, "")) => mailbox.to_lowercase().starts_with(want),
            Some(_) => mailbox.to_lowercase() == want,
        }
    }
}

/// `v1:3fa94c…` by its beginning, with or without the version.
fn pattern_fits(id: &str, want: &str) -> bool {
    let bare = id.split_once(':').map_or(id, |(_, bare)| bare);
    if want.contains(':') { id.starts_with(want) } else { bare.starts_with(want) }
}

fn text_in(finder: &Finder, rejection: RejectionRef<'_>) -> bool {
    let evidence = rejection.evidence;
    finder.is_in(evidence.diagnostic_code())
        || has(finder, evidence.reverse_path())
        || has(finder, evidence.original_recipient())
        || has(finder, evidence.queue_id())
        || has(finder, evidence.message_id())
        || has(finder, evidence.remote_mta())
}

fn has(finder: &Finder, text: Option<&str>) -> bool {
    text.is_some_and(|text| finder.is_in(text))
}

fn rejection(test: impl Fn(RejectionRef<'_>) -> bool + 'static) -> Test {
    Test::Rejection(Box::new(test))
}
