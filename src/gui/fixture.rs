//! Made-up data for tests and pictures: some two thousand refusals in nine patterns.

use crate::classify::Knowledge;
use crate::engine::{RawLine, RawLines};
use crate::model::{
    Attempt, ClassIdx, Confidence, Coverage, Evidence, Origin, Pattern, Problem, ProblemKind, Progress, ProviderIdx,
    ReadState, Rejection, Retry, Snapshot, SourceId, SourceLocation, SourceProblem, SourceReport, Tier, Timestamp,
    Verdict,
};
use crate::query::{Facet, FacetField, Facets, PatternRow, View, view::TREND_BARS};
use crate::smtp::{EnhancedStatus, ReplyCode, ReversePath, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// What a window shows in a test.
pub struct Fixture {
    /// Classes, rules, providers.
    pub knowledge: Arc<Knowledge>,
    /// What was read.
    pub snapshot: Arc<Snapshot>,
    /// The query's answer.
    pub view: Arc<View>,
    /// Lines of the newest refusal of the first pattern.
    pub raw: Option<Arc<RawLines>>,
    /// The clock.
    pub now: Timestamp,
}

struct Template {
    n: u32,
    class: &'static str,
    provider: Option<&'static str>,
    code: u16,
    status: Option<&'static str>,
    stage: Stage,
    reply: &'static str,
    masked: &'static str,
    domain: &'static str,
    tier: Tier,
    mark: &'static str,
}

const TEMPLATES: &[Template] = &[
    Template {
        n: 614,
        class: "auth.none",
        provider: Some("google"),
        code: 550,
        status: Some("5.7.26"),
        stage: Stage::EndOfData,
        reply: "550-5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.\n550-5.7.26 Authentication results: DKIM = did not pass, SPF [acme.example] with ip: [203.0.113.9] = did not pass\n550 5.7.26 For instructions on setting up authentication, go to https://support.google.com/mail/answer/81126#authentication - gsmtp",
        masked: "550 5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM. SPF [<host>] with ip: [<ip>] = did not pass",
        domain: "gmail.example",
        tier: Tier::ProviderText,
        mark: "sender is unauthenticated",
    },
    Template {
        n: 388,
        class: "recipient.unknown",
        provider: Some("google"),
        code: 550,
        status: Some("5.1.1"),
        stage: Stage::RcptTo,
        reply: "550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces.",
        masked: "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces.",
        domain: "gmail.example",
        tier: Tier::ProviderText,
        mark: "does not exist",
    },
    Template {
        n: 202,
        class: "reputation.ip_listed",
        provider: Some("microsoft"),
        code: 550,
        status: Some("5.7.1"),
        stage: Stage::MailFrom,
        reply: "550 5.7.1 Service unavailable, Client host [203.0.113.9] blocked using Spamhaus. To request removal from this list see https://www.spamhaus.org/query/ip/203.0.113.9",
        masked: "550 5.7.1 Service unavailable, Client host [<ip>] blocked using Spamhaus. To request removal from this list see <url>",
        domain: "outlook.example",
        tier: Tier::ProviderToken,
        mark: "blocked using Spamhaus",
    },
    Template {
        n: 131,
        class: "mailbox.full",
        provider: None,
        code: 552,
        status: Some("5.2.2"),
        stage: Stage::RcptTo,
        reply: "552 5.2.2 <ana@firm.example>: mailbox over quota",
        masked: "552 5.2.2 <<recipient>>: mailbox over quota",
        domain: "firm.example",
        tier: Tier::Text,
        mark: "over quota",
    },
    Template {
        n: 96,
        class: "relay.denied",
        provider: None,
        code: 550,
        status: Some("5.7.1"),
        stage: Stage::RcptTo,
        reply: "550 5.7.1 <ana@partner.example>: Relay access denied",
        masked: "550 5.7.1 <<recipient>>: Relay access denied",
        domain: "partner.example",
        tier: Tier::Text,
        mark: "Relay access denied",
    },
    Template {
        n: 87,
        class: "recipient.unknown",
        provider: Some("microsoft"),
        code: 550,
        status: Some("5.4.1"),
        stage: Stage::RcptTo,
        reply: "550 5.4.1 Recipient address rejected: Access denied. [DB5EUR01FT012.eop-EUR01.prod.protection.outlook.com]",
        masked: "550 5.4.1 Recipient address rejected: Access denied. [<host>]",
        domain: "contoso.example",
        tier: Tier::ProviderText,
        mark: "Recipient address rejected: Access denied",
    },
    Template {
        n: 41,
        class: "content.spam",
        provider: Some("yahoo"),
        code: 554,
        status: None,
        stage: Stage::EndOfData,
        reply: "554 Message not allowed - [PH01] Email not accepted for policy reasons. Please visit https://postmaster.yahooinc.com/error-codes",
        masked: "554 Message not allowed - [PH01] Email not accepted for policy reasons. Please visit <url>",
        domain: "yahoo.example",
        tier: Tier::ProviderToken,
        mark: "[PH01]",
    },
    Template {
        n: 12,
        class: "limit.rate",
        provider: None,
        code: 550,
        status: Some("5.7.1"),
        stage: Stage::Connect,
        reply: "550 5.7.1 Too many connections from your host, try again later",
        masked: "550 5.7.1 Too many connections from your host, try again later",
        domain: "slow.example",
        tier: Tier::TextAndStage,
        mark: "Too many connections",
    },
    Template {
        n: 3,
        class: "unclassified",
        provider: None,
        code: 550,
        status: None,
        stage: Stage::Unknown,
        reply: "550 Administrative prohibition \u{202e}(see 日本語)",
        masked: "550 Administrative prohibition",
        domain: "odd.example",
        tier: Tier::Unclassified,
        mark: "",
    },
];

const PEOPLE: &[&str] = &["ana", "bo", "carl", "dee", "eli", "fay", "gus", "hana", "ivo", "june", "kai", "lena", "milo"];

/// A case that was read to its end, with one broken source and four lines not understood.
pub fn working() -> Fixture {
    let knowledge = Arc::new(Knowledge::builtin().expect("the built-in knowledge loads"));
    let now = at(0);
    let mut rejections = Vec::new();
    for (t, template) in TEMPLATES.iter().enumerate() {
        let verdict = Arc::new(verdict(&knowledge, template));
        let pattern = Arc::new(Pattern { id: format!("v1:{:012x}", 0xab12_0000_u64 + t as u64).into(), text: template.masked.into() });
        for i in 0..template.n {
            let evidence = evidence(template, t as u64, i);
            rejections.push(Rejection { evidence, verdict: verdict.clone(), pattern: pattern.clone() });
        }
    }
    let mut snapshot = Snapshot { generation: 1, state: ReadState::Done, ..Snapshot::default() };
    let n = rejections.len() as u64;
    snapshot.push(rejections.into());
    snapshot.sources = ["/var/log/mail.log", "/var/log/mail.log.1.gz", "notices/bounce-17.eml"]
        .into_iter()
        .zip(0..)
        .map(|(name, id)| SourceReport {
            id: SourceId(id),
            name: name.into(),
            location: SourceLocation::File(name.into()),
            formats: vec![if id == 2 { "dsn.rfc3464" } else { "postfix" }],
            bytes: 61_000_000,
            lines: 401_372,
            rejections: n / 3,
            done: true,
        })
        .collect();
    let origin = |line| Origin { source: SourceId(0), line, start: line * 120, len: 110 };
    snapshot.coverage = Coverage {
        lines: 1_204_118,
        with_reply: 9_871,
        not_understood: 4,
        not_understood_at: [812, 9_410, 70_022, 71_503].map(origin).to_vec(),
        ..Coverage::default()
    };
    snapshot.problems = vec![SourceProblem {
        source: "/var/log/mail.log.1.gz".into(),
        problem: Problem {
            kind: ProblemKind::Truncated,
            origin: None,
            message: "the gzip stream ends early; what came before it was read".into(),
        },
    }];
    snapshot.accepted = Arc::new(BTreeMap::from([("gmail.example".to_owned(), 94_102)]));
    let view = view(&knowledge, &snapshot);
    let first = view.patterns.first().map_or(0, |p| p.rows[0]);
    Fixture { raw: Some(Arc::new(raw(first))), knowledge, snapshot: Arc::new(snapshot), view: Arc::new(view), now }
}

/// The same while it is being read.
pub fn reading() -> Fixture {
    let mut fixture = working();
    let mut snapshot = (*fixture.snapshot).clone();
    snapshot.state = ReadState::Reading;
    snapshot.progress = Progress {
        bytes_read: 812_000_000,
        bytes_total: 1_130_000_000,
        current: Some("/var/log/mail.log.2.gz".into()),
        elapsed: Duration::from_millis(1970),
    };
    fixture.snapshot = Arc::new(snapshot);
    fixture
}

/// A source in which nothing was refused.
pub fn no_refusals() -> Fixture {
    let mut fixture = working();
    let mut snapshot = Snapshot { generation: 1, state: ReadState::Done, ..Snapshot::default() };
    snapshot.sources = fixture.snapshot.sources[..1].to_vec();
    snapshot.coverage = Coverage { lines: 1_918, with_reply: 704, ..Coverage::default() };
    fixture.snapshot = Arc::new(snapshot);
    fixture.view = Arc::new(View { generation: 1, ..View::default() });
    fixture
}

/// A query that nothing matches.
pub fn no_match() -> Fixture {
    let mut fixture = working();
    let old = &fixture.view;
    fixture.view = Arc::new(View {
        generation: 1,
        query: "code:550 domain:nowhere.example".into(),
        n_refused_total: old.n_refused_total,
        n_patterns_total: old.n_patterns_total,
        ..View::default()
    });
    fixture
}

/// Nothing was opened.
pub fn empty() -> Fixture {
    let fixture = working();
    Fixture { snapshot: Arc::default(), view: Arc::default(), raw: None, ..fixture }
}

/// 18 November 2026, 14:59 UTC, `minutes` before.
fn at(minutes: i64) -> Timestamp {
    chrono::DateTime::from_timestamp(1_795_013_947 - minutes * 60, 0).expect("a time of our time")
}

fn verdict(knowledge: &Knowledge, template: &Template) -> Verdict {
    let class = knowledge.classes().iter().position(|c| c.id == template.class);
    let class = class.or_else(|| {
        let family = template.class.split('.').next().unwrap_or_default();
        knowledge.classes().iter().position(|c| c.id.starts_with(family))
    });
    let provider = template.provider.and_then(|id| knowledge.providers().iter().position(|p| p.id == id));
    let class = ClassIdx(class.unwrap_or_default() as u16);
    let guidance = knowledge.classes().get(class.0 as usize);
    let matched = match template.reply.find(template.mark) {
        Some(start) if !template.mark.is_empty() => vec![start as u32..(start + template.mark.len()) as u32],
        _ => Vec::new(),
    };
    Verdict {
        class,
        rule: None,
        tier: template.tier,
        confidence: match template.tier {
            Tier::ProviderToken | Tier::ProviderText => Confidence::High,
            Tier::Text | Tier::TextAndStage => Confidence::Medium,
            _ => Confidence::Low,
        },
        matched,
        provider: provider.map(|p| ProviderIdx(p as u16)),
        retry: guidance.map_or(Retry::AfterFix, |c| c.retry),
        actors: guidance.map_or_else(|| vec![crate::model::Actor::SenderAdmin], |c| c.actors.clone()),
        runners_up: Vec::new(),
        stage_hint: None,
    }
}

fn evidence(template: &Template, t: u64, i: u32) -> Evidence {
    let line = 81_207 + u64::from(i) * 37 + t * 5;
    let origin = |line: u64| Origin { source: SourceId(0), line, start: line * 120, len: 110 };
    let mut e = Evidence::new("postfix", origin(line));
    let minutes = (u64::from(i) * 7_919 + t * 131) % if t == 0 { 3_000 } else { 8_400 };
    e.time = Some(at(minutes as i64 + if i == 0 { 0 } else { 2 }));
    let person = PEOPLE[i as usize % PEOPLE.len()];
    e.final_recipient = Some(format!("{person}{}@{}", i % 402, template.domain).into());
    e.reverse_path = Some(match t {
        7 => ReversePath::Null,
        _ => ReversePath::Mailbox("news@acme.example".into()),
    });
    e.stage = template.stage;
    e.reply_code = ReplyCode::new(template.code);
    e.enhanced_status = template.status.and_then(EnhancedStatus::parse);
    e.diagnostic_code = template.reply.into();
    e.queue_id = Some(format!("4c8Kx{:X}z2bQ", i * 17 + 64).into());
    e.message_id = Some(format!("9f2c.{i}@acme.example").into());
    e.remote_mta = Some(format!("mx.{}", template.domain).into());
    e.remote_ip = "192.0.2.26".parse().ok();
    e.reporting_mta = Some("out1.acme.example".into());
    e.origins = [0, 1, 2, 6].map(|d| origin(line + d)).to_vec();
    e.attempts = vec![Attempt {
        time: e.time,
        remote_mta: e.remote_mta.clone(),
        reply_code: e.reply_code,
        enhanced_status: e.enhanced_status,
        text: e.diagnostic_code.clone(),
        origin: origin(line),
    }];
    e
}

fn view(knowledge: &Knowledge, snapshot: &Snapshot) -> View {
    let mut all: Vec<_> = snapshot.iter().map(|(idx, r)| (r.evidence.time, idx)).collect();
    all.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let rows: Vec<_> = all.iter().map(|(_, idx)| *idx).collect();
    let get = |idx: u32| snapshot.get(idx).expect("an index of this snapshot");
    let (first, last) = (all.last().and_then(|a| a.0), all.first().and_then(|a| a.0));
    let span = first.zip(last).map_or(1, |(f, l)| (l - f).num_seconds().max(1));
    let mut by_pattern: BTreeMap<Box<str>, Vec<u32>> = BTreeMap::new();
    for idx in &rows {
        by_pattern.entry(get(*idx).pattern.id.clone()).or_default().push(*idx);
    }
    let recipients = |rows: &[u32]| {
        rows.iter().filter_map(|i| get(*i).evidence.final_recipient.as_deref()).collect::<BTreeSet<_>>().len() as u32
    };
    let mut patterns: Vec<PatternRow> = by_pattern
        .into_values()
        .map(|rows| {
            let newest = get(rows[0]);
            let mut trend = [0; TREND_BARS];
            for idx in &rows {
                if let (Some(first), Some(time)) = (first, get(*idx).evidence.time) {
                    let bar = (time - first).num_seconds() * TREND_BARS as i64 / (span + 1);
                    trend[bar.clamp(0, TREND_BARS as i64 - 1) as usize] += 1;
                }
            }
            PatternRow {
                pattern: newest.pattern.clone(),
                verdict: newest.verdict.clone(),
                stage: newest.evidence.stage,
                n_recipients: recipients(&rows),
                first_seen: rows.last().and_then(|i| get(*i).evidence.time),
                last_seen: newest.evidence.time,
                rows,
                trend,
            }
        })
        .collect();
    patterns.sort_by_key(|p| (std::cmp::Reverse(p.rows.len()), p.pattern.id.clone()));
    let facets = facets(knowledge, snapshot, &rows);
    View {
        generation: snapshot.generation,
        n_recipients: recipients(&rows),
        n_refused_total: rows.len() as u32,
        n_patterns_total: patterns.len() as u32,
        rows,
        patterns,
        facets,
        ..View::default()
    }
}

fn facets(knowledge: &Knowledge, snapshot: &Snapshot, rows: &[u32]) -> Facets {
    type Of<'a> = &'a dyn Fn(&Rejection) -> Option<(String, String, Option<&'static str>)>;
    let count = |of: Of<'_>, by_count: bool| {
        let mut counts: BTreeMap<String, (String, Option<&'static str>, u32)> = BTreeMap::new();
        for rejection in rows.iter().filter_map(|i| snapshot.get(*i)) {
            if let Some((term, label, icon)) = of(rejection) {
                counts.entry(term).or_insert((label, icon, 0)).2 += 1;
            }
        }
        let mut out: Vec<Facet> = counts
            .into_iter()
            .map(|(term, (label, icon, count))| Facet { term, label, icon, count, active: false })
            .collect();
        if by_count {
            out.sort_by_key(|f| std::cmp::Reverse(f.count));
        }
        out
    };
    let class = |r: &Rejection| knowledge.classes().get(r.verdict.class.0 as usize);
    let who = count(&|r| r.verdict.actors.first().map(|a| (format!("who:{}", a.name()), a.label().to_owned(), None)), true);
    let row = count(
        &|r| {
            const ROWS: [(&str, &str, &str, &str); 8] = [
                ("recipient", "row:1", "1 User unknown", "recipient"),
                ("relay", "row:3", "3 Relay denied", "relay"),
                ("auth", "row:auth", "5 Policy: authentication", "auth"),
                ("content", "row:content", "5 Policy: content", "content"),
                ("reputation", "row:reputation", "5 Policy: reputation", "reputation"),
                ("limit", "row:policy", "5 Policy: limits", "limit"),
                ("mailbox", "row:6", "6 Mailbox unavailable", "mailbox"),
                ("", "row:none", "Not classified", "question"),
            ];
            let id = class(r).map_or("", |c| c.id.as_str());
            let (_, term, label, icon) = ROWS.iter().find(|(family, ..)| id.starts_with(family))?;
            Some(((*term).to_owned(), (*label).to_owned(), Some(*icon)))
        },
        false,
    );
    let stage = count(&|r| Some((format!("stage:{}", r.evidence.stage.name()), r.evidence.stage.label().to_owned(), None)), false);
    let provider = count(
        &|r| {
            let provider = knowledge.providers().get(r.verdict.provider?.0 as usize)?;
            Some((format!("provider:{}", provider.id), provider.name.clone(), None))
        },
        true,
    );
    let domain = count(
        &|r| {
            let domain = crate::smtp::domain_of(r.evidence.final_recipient.as_deref()?)?;
            Some((format!("domain:{domain}"), domain.to_owned(), None))
        },
        true,
    );
    Facets(vec![
        (FacetField::Who, who),
        (FacetField::Row, row),
        (FacetField::Stage, stage),
        (FacetField::Provider, provider),
        (FacetField::Domain, domain),
    ])
}

fn raw(rejection: u32) -> RawLines {
    let line = |number: u64, text: &str, own: bool, deciding: bool| RawLine { number, text: text.to_owned(), own, deciding };
    RawLines {
        rejection,
        source: "/var/log/mail.log".into(),
        problem: None,
        lines: vec![
            line(81_207, "Nov 18 14:58:58 out1 postfix/smtpd[911]: 4c8Kx40z2bQ: client=app3[10.0.2.17], sasl_username=news", true, false),
            line(81_208, "Nov 18 14:58:58 out1 dovecot: imap-login: Login: user=<kim>, method=PLAIN, rip=192.0.2.77", false, false),
            line(81_209, "Nov 18 14:58:58 out1 postfix/cleanup[914]: 4c8Kx40z2bQ: message-id=<9f2c.0@acme.example>", true, false),
            line(81_244, "Nov 18 14:59:07 out1 postfix/smtp[930]: 4c8Kx40z2bQ: to=<ana0@gmail.example>, relay=mx.gmail.example[192.0.2.26]:25, delay=9, dsn=5.7.26, status=bounced (host mx.gmail.example[192.0.2.26] said: 550-5.7.26 Your email has been blocked because the sender is unauthenticated. (in reply to end of DATA command))", true, true),
            line(81_247, "Nov 18 14:59:07 out1 postfix/qmgr[402]: 4c8Kx40z2bQ: removed", true, false),
        ],
    }
}
