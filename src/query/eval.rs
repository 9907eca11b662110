//! What each term matches.
//!
//! A term about something that repeats (kind, domain, recipient, sender) is answered once for each of its values before
//! the rows are looked at; the others look at the row, and only the rest at the rejection.

use super::column::{Column, NO_TEXT};
use super::finder::Finder;
use super::index::{Index, Kind, NO_TIME, name_mark};
use super::parse::Expr;
use super::places::Places;
use super::term::{RowKey, Term, masked};
use super::workers::{Workers, map};
use crate::classify::Knowledge;
use crate::model::{Direction, EvidenceRef, Records, Snapshot, Tier, Verdict};
use std::ops::Range;

/// Rows that are looked at in one piece; `cancelled` is asked before each.
const ROWS_PER_PIECE: usize = 8192;

/// Says that nobody wants the answer any more.
pub(super) type Cancelled<'a> = &'a (dyn Fn() -> bool + Sync);

/// Which rejections match, by index. `None` if `cancelled` said yes.
pub(super) fn matching(
    expr: &Expr,
    asked: &Asked<'_>,
    included: Included,
    cancelled: Cancelled<'_>,
) -> Option<Vec<bool>> {
    let index = asked.index;
    let compiler = Compiler { asked, cancelled };
    let test = compiler.test(expr);
    let counted = compiler.kinds(|kind| included.counts(kind));
    let pieces = pieces(index);
    let found = map(asked.workers, pieces.len(), |piece| {
        let piece = &pieces[piece];
        let mut keep = vec![true; piece.rows.len()];
        if !cancelled() {
            counted.narrow(piece, &mut keep);
            test.narrow(piece, &mut keep);
        }
        keep
    });
    (!cancelled()).then(|| found.concat())
}

/// What is left out unless it is asked for.
#[derive(Clone, Copy)]
pub(super) struct Included {
    /// Refusals for now.
    pub transient: bool,
    /// Refusals that another source tells of, too.
    pub retold: bool,
}

impl Included {
    /// Whether rows of this kind count.
    pub fn counts(self, kind: &Kind) -> bool {
        (self.transient || kind.permanent) && (self.retold || !kind.retold)
    }
}

/// Over what a query is answered.
pub(super) struct Asked<'a> {
    pub index: &'a Index,
    pub snapshot: &'a Snapshot,
    pub knowledge: &'a Knowledge,
    pub workers: &'a dyn Workers,
}

/// Rows of one chunk.
struct Piece<'a> {
    index: &'a Index,
    chunk: usize,
    records: &'a Records,
    /// The place of the first in the chunk.
    from: usize,
    rows: Range<usize>,
}

/// All rows.
fn pieces(index: &Index) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for (chunk, (start, rejections)) in index.chunks().enumerate() {
        let records = rejections.evidence();
        for from in (0..records.len()).step_by(ROWS_PER_PIECE) {
            let to = records.len().min(from + ROWS_PER_PIECE);
            pieces.push(Piece { index, chunk, records, from, rows: start + from..start + to });
        }
    }
    pieces
}

impl Piece<'_> {
    /// Takes away those that are still there and do not fit.
    fn narrow(&self, keep: &mut [bool], mut fits: impl FnMut(usize, EvidenceRef<'_>) -> bool) {
        for (n, keep) in keep.iter_mut().enumerate().filter(|(_, keep)| **keep) {
            *keep = fits(self.rows.start + n, self.records.get(self.from + n));
        }
    }
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
    /// By the number of the kind.
    Kind(Vec<bool>),
    /// By the number of the recipient's domain.
    Domain(Vec<bool>),
    /// By the mark of the recipient's name.
    Name(Vec<bool>),
    Since(i64),
    Until(i64),
    /// By the first row with the same text.
    Column(Which, Vec<bool>),
    /// By the recipient; where it was first given as something else, by that too.
    To(Vec<bool>, Address),
    /// By the kind, or where the word stands.
    Text(Vec<bool>, Places, Finder),
    /// By the kind, or by the texts one by one.
    EachText(Vec<bool>, Finder),
    Evidence(Box<dyn Fn(EvidenceRef<'_>) -> bool + Sync>),
    Not(Box<Test>),
    And(Vec<Test>),
    Or(Vec<Test>),
}

/// A column of the index.
type Which = fn(&Index) -> &Column;

impl Test {
    /// Takes from `keep` what does not match.
    fn narrow(&self, piece: &Piece<'_>, keep: &mut [bool]) {
        let index = piece.index;
        match self {
            Self::All => {}
            Self::Kind(yes) => by_number(keep, &index.kind_of[piece.rows.clone()], yes),
            Self::Domain(yes) => by_number(keep, &index.domain_of[piece.rows.clone()], yes),
            Self::Name(yes) => {
                for (keep, mark) in keep.iter_mut().zip(&index.name_marks[piece.rows.clone()]) {
                    *keep &= yes[usize::from(*mark)];
                }
            }
            Self::Since(limit) => by_time(keep, piece, |time| time >= *limit),
            Self::Until(limit) => by_time(keep, piece, |time| time < *limit),
            Self::Column(which, yes) => {
                for (keep, first) in keep.iter_mut().zip(&which(index).firsts()[piece.rows.clone()]) {
                    *keep &= *first != NO_TEXT && yes[*first as usize];
                }
            }
            Self::To(yes, address) => {
                let firsts = index.recipients.firsts();
                piece.narrow(keep, |row, evidence| {
                    firsts[row] != NO_TEXT && yes[firsts[row] as usize]
                        || index.kinds[index.kind_of[row] as usize].readdressed
                            && evidence.original_recipient().is_some_and(|to| address.fits(to))
                });
            }
            Self::Text(by_kind, places, _) if places.is_empty(piece.chunk) => {
                by_number(keep, &index.kind_of[piece.rows.clone()], by_kind);
            }
            Self::Text(by_kind, places, finder) => piece.narrow(keep, |row, evidence| {
                by_kind[index.kind_of[row] as usize]
                    || evidence
                        .searched()
                        .any(|text| places.is_in(piece.chunk, text, piece.records.text(), finder))
            }),
            Self::EachText(by_kind, finder) => piece.narrow(keep, |row, evidence| {
                by_kind[index.kind_of[row] as usize]
                    || evidence.searched().any(|text| finder.is_in(&piece.records.text()[text]))
            }),
            Self::Evidence(test) => piece.narrow(keep, |_, evidence| test(evidence)),
            Self::Not(test) => {
                let mut yes = keep.to_vec();
                test.narrow(piece, &mut yes);
                keep.iter_mut().zip(yes).for_each(|(keep, yes)| *keep &= !yes);
            }
            Self::And(tests) => tests.iter().for_each(|test| test.narrow(piece, keep)),
            Self::Or(tests) => {
                let mut left = keep.to_vec();
                for test in tests {
                    let mut yes = left.clone();
                    test.narrow(piece, &mut yes);
                    left.iter_mut().zip(yes).for_each(|(left, yes)| *left &= !yes);
                }
                keep.iter_mut().zip(left).for_each(|(keep, left)| *keep &= !left);
            }
        }
    }

    /// Cheap ones go first.
    fn cost(&self) -> u8 {
        match self {
            Self::To(..) => 2,
            Self::Evidence(_) => 3,
            Self::Text(..) | Self::EachText(..) => 4,
            Self::Not(test) => test.cost(),
            Self::And(tests) | Self::Or(tests) => tests.iter().map(Self::cost).max().unwrap_or(0),
            _ => 1,
        }
    }
}

fn by_number(keep: &mut [bool], numbers: &[u32], yes: &[bool]) {
    for (keep, number) in keep.iter_mut().zip(numbers) {
        *keep &= yes[*number as usize];
    }
}

fn by_time(keep: &mut [bool], piece: &Piece<'_>, fits: impl Fn(i64) -> bool) {
    for (keep, time) in keep.iter_mut().zip(&piece.index.times[piece.rows.clone()]) {
        *keep &= *time != NO_TIME && fits(*time);
    }
}

struct Compiler<'a> {
    asked: &'a Asked<'a>,
    cancelled: Cancelled<'a>,
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
        let Asked { index, snapshot, knowledge, .. } = *self.asked;
        match term.clone() {
            Term::Text(text) => {
                let finder = Finder::new(&text);
                let by_id: Vec<bool> = index.patterns.iter().map(|p| finder.is_in(&p.id)).collect();
                let by_kind = index.kinds.iter().map(|kind| by_id[kind.pattern as usize]).collect();
                let chunks: Vec<&Records> = index.chunks().map(|(_, chunk)| chunk.evidence()).collect();
                match Places::find(&finder, &chunks, self.asked.workers, self.cancelled) {
                    Some(places) => Test::Text(by_kind, places, finder),
                    None => Test::EachText(by_kind, finder),
                }
            }
            Term::Code(want) => self.kinds(|kind| {
                kind.code.is_some_and(|code| {
                    let have = [code.get() / 100, code.get() / 10 % 10, code.get() % 10];
                    want.iter().zip(have).all(|(want, have)| want.is_none_or(|n| u16::from(n) == have))
                })
            }),
            Term::Esc(want) => self.kinds(|kind| {
                kind.status.is_some_and(|have| {
                    let have = [u16::from(have.class), have.subject, have.detail];
                    want.iter().zip(have).all(|(want, have)| want.is_none_or(|n| n == have))
                })
            }),
            Term::Row(RowKey::Row(5)) => self.verdicts(|v| {
                let parts = [RowKey::Auth, RowKey::Reputation, RowKey::Content, RowKey::Policy];
                parts.contains(&row_key(knowledge, v))
            }),
            Term::Row(row) => self.verdicts(|v| row_key(knowledge, v) == row),
            Term::Category(id) => self.verdicts(|v| {
                let class = knowledge.classes().get(v.class.0 as usize);
                class.is_some_and(|class| {
                    class
                        .id
                        .strip_prefix(id.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                })
            }),
            Term::Who(actor) => self.verdicts(|v| v.actors.first() == Some(&actor)),
            Term::Stage(stage) => self.kinds(|kind| kind.stage == stage),
            Term::Domain { domain, only_below } => {
                let fits = |have: &str| {
                    have.strip_suffix(domain.as_str()).is_some_and(|head| match head {
                        "" => !only_below,
                        head => head.ends_with('.'),
                    })
                };
                Test::Domain(index.domains.iter().map(fits).collect())
            }
            Term::Sender(text) => {
                let address = Address::new(&text);
                let fits = |e: EvidenceRef<'_>| match e.reverse_path() {
                    Some("") => address.finder.needle() == "<>",
                    Some(mailbox) => address.fits(mailbox),
                    None => false,
                };
                Test::Column(|index| &index.senders, self.firsts(&index.senders, &Test::All, fits))
            }
            Term::To(text) => {
                let address = Address::new(&text);
                let fits = |e: EvidenceRef<'_>| e.final_recipient().is_some_and(|to| address.fits(to));
                let possible = self.possible(&address);
                Test::To(self.firsts(&index.recipients, &possible, fits), address)
            }
            Term::Mta(text) => {
                let finder = Finder::new(&text);
                let fits = |e: EvidenceRef<'_>| e.remote_mta().is_some_and(|name| finder.is_in(name));
                Test::Column(|index| &index.remote_mtas, self.firsts(&index.remote_mtas, &Test::All, fits))
            }
            Term::Ip(network, bits) => evidence(move |e| {
                e.remote_ip().is_some_and(|ip| {
                    let ip = ip.to_canonical();
                    ip.is_ipv4() == network.is_ipv4() && masked(ip, bits) == network
                })
            }),
            Term::Provider(name) => {
                self.verdicts(|v| match v.provider.and_then(|p| knowledge.providers().get(p.0 as usize)) {
                    Some(provider) => provider.id == name || provider.name.to_lowercase() == name,
                    None => name == "none",
                })
            }
            Term::Source(name) => {
                let sources = &snapshot.sources;
                let whole = sources.iter().any(|source| *source.name == *name);
                let finder = Finder::new(&name);
                let fits = |source: &str| if whole { source == name } else { finder.is_in(source) };
                let yes: Vec<bool> = sources.iter().map(|source| fits(&source.name)).collect();
                self.kinds(|kind| yes.get(kind.source as usize).copied().unwrap_or(false))
            }
            Term::Pattern(id) => {
                let yes: Vec<bool> = index.patterns.iter().map(|p| pattern_fits(&p.id, &id)).collect();
                self.kinds(|kind| yes[kind.pattern as usize])
            }
            Term::Queue(id) => evidence(move |e| e.queue_id() == Some(id.as_str())),
            Term::Since(moment) => Test::Since(moment.start().timestamp_micros()),
            Term::Until(moment) => Test::Until(moment.end().timestamp_micros()),
            Term::Seen(span) => match index.newest() {
                Some(newest) => {
                    Test::Since(newest.saturating_sub(span.delta().num_microseconds().unwrap_or(i64::MAX)))
                }
                None => Test::Not(Box::new(Test::All)),
            },
            Term::Tries(compare, n) => evidence(move |e| compare.holds(e.n_tries().max(1), n)),
            Term::Retry(retry) => self.verdicts(|v| v.retry == retry),
            Term::Confidence(confidence) => self.verdicts(|v| v.confidence == confidence),
            Term::Direction(direction) => {
                self.kinds(|kind| kind.incoming == (direction == Direction::Incoming))
            }
            Term::Transient => self.kinds(|kind| !kind.permanent),
            Term::Permanent => self.kinds(|kind| kind.permanent),
            Term::Retold => self.kinds(|kind| kind.retold),
            Term::Unclassified => self.verdicts(|v| v.tier == Tier::Unclassified),
        }
    }

    fn kinds(&self, test: impl Fn(&Kind) -> bool) -> Test {
        Test::Kind(self.asked.index.kinds.iter().map(test).collect())
    }

    fn verdicts(&self, test: impl Fn(&Verdict) -> bool) -> Test {
        let yes: Vec<bool> = self.asked.index.verdicts.iter().map(|verdict| test(verdict)).collect();
        self.kinds(|kind| yes[kind.verdict as usize])
    }

    /// The recipients that `address` may fit, by name or domain: of a million, nearly none has to be read.
    fn possible(&self, address: &Address) -> Test {
        let want = address.finder.needle();
        match (&address.part, want.strip_prefix('@')) {
            (Part::Beginning | Part::Whole, _) => {
                let mark = usize::from(name_mark(want));
                Test::Name((0..=usize::from(u8::MAX)).map(|other| other == 0 || other == mark).collect())
            }
            (Part::End, Some(domain)) if !domain.contains('@') => {
                // Number 0 is none, which may be an end, too.
                let fits = |(at, have): (usize, &str)| at == 0 || have == domain || !have.is_ascii();
                Test::Domain(self.asked.index.domains.iter().enumerate().map(fits).collect())
            }
            _ => Test::All,
        }
    }

    /// Answers a question about a text of the evidence for the first rows of a column; other rows stay without answer.
    /// Only what is `possible` is looked at.
    fn firsts(
        &self,
        column: &Column,
        possible: &Test,
        fits: impl Fn(EvidenceRef<'_>) -> bool + Sync,
    ) -> Vec<bool> {
        let pieces = pieces(self.asked.index);
        let answers = map(self.asked.workers, pieces.len(), |piece| {
            let piece = &pieces[piece];
            let firsts = &column.firsts()[piece.rows.clone()];
            let mut keep: Vec<bool> =
                firsts.iter().zip(piece.rows.clone()).map(|(first, row)| *first as usize == row).collect();
            possible.narrow(piece, &mut keep);
            piece.narrow(&mut keep, |_, evidence| fits(evidence));
            keep
        });
        answers.concat()
    }
}

/// An address as `sender:` and `to:` take it.
struct Address {
    finder: Finder,
    part: Part,
    is_ascii: bool,
}

/// Which part of the mailbox is named.
enum Part {
    /// `name@`
    Beginning,
    /// `@domain`
    End,
    /// `name@domain`
    Whole,
    /// No `@`: it stands somewhere.
    Any,
}

impl Address {
    fn new(text: &str) -> Self {
        let finder = Finder::new(text);
        let part = match finder.needle().split_once('@') {
            None => Part::Any,
            Some(("", _)) => Part::End,
            Some((_, "")) => Part::Beginning,
            Some(_) => Part::Whole,
        };
        Self { is_ascii: finder.needle().is_ascii(), part, finder }
    }

    fn fits(&self, mailbox: &str) -> bool {
        let want = self.finder.needle();
        if self.is_ascii && mailbox.is_ascii() {
            let (want, have) = (want.as_bytes(), mailbox.as_bytes());
            let same = |have: Option<&[u8]>| have.is_some_and(|have| have.eq_ignore_ascii_case(want));
            return match self.part {
                Part::Beginning => same(have.get(..want.len())),
                Part::End => same(have.len().checked_sub(want.len()).map(|at| &have[at..])),
                Part::Whole => same(Some(have)),
                Part::Any => self.finder.is_in(mailbox),
            };
        }
        let have = mailbox.to_lowercase();
        match self.part {
            Part::Beginning => have.starts_with(want),
            Part::End => have.ends_with(want),
            Part::Whole => have == want,
            Part::Any => self.finder.is_in(mailbox),
        }
    }
}

/// `v1:3fa94c…` by its beginning, with or without the version.
fn pattern_fits(id: &str, want: &str) -> bool {
    let bare = id.split_once(':').map_or(id, |(_, bare)| bare);
    if want.contains(':') { id.starts_with(want) } else { bare.starts_with(want) }
}

fn evidence(test: impl Fn(EvidenceRef<'_>) -> bool + Sync + 'static) -> Test {
    Test::Evidence(Box::new(test))
}
