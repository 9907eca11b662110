//! Made-up data for tests and pictures: some two thousand refusals in nine patterns.

use crate::classify::{Facts, Knowledge};
use crate::engine::{RawLine, RawLines, RawOf};
use crate::model::{
    Attempt, Coverage, Evidence, Origin, Pattern, Problem, ProblemKind, Progress, ReadState, Rejection,
    Snapshot, SourceId, SourceLocation, SourceProblem, SourceReport, Timestamp,
};
use crate::query::{Query, View};
use crate::smtp::{EnhancedStatus, ReplyCode, ReversePath, Stage};
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

impl Fixture {
    /// Answers a query at once.
    pub fn ask(&mut self, query: &Query, include_transient: bool) {
        self.view = Arc::new(answer(&self.knowledge, &self.snapshot, query, include_transient));
    }
}

impl Fixture {
    /// Reads lines at once.
    pub fn want_raw(&mut self, of: RawOf) {
        if let RawOf::Place(origin) = of {
            let line = |number: u64, text: &str| RawLine {
                number,
                text: text.to_owned(),
                own: number == origin.line,
                deciding: number == origin.line,
            };
            self.raw = Some(Arc::new(RawLines {
                of,
                source: self.snapshot.source_name(origin.source).into(),
                problem: None,
                lines: vec![
                    line(origin.line - 1, "Nov 18 14:58:58 out1 app[7]: ready"),
                    line(origin.line, "Nov 18 14:59:01 out1 app[7]: ana@gmail.example: 550 5.1.1 \u{202e}no"),
                ],
            }));
        }
    }
}

struct Template {
    n: u32,
    code: u16,
    status: Option<&'static str>,
    stage: Stage,
    reply: &'static str,
    masked: &'static str,
    domain: &'static str,
    mx: &'static str,
}

const TEMPLATES: &[Template] = &[
    Template {
        n: 614,
        code: 550,
        status: Some("5.7.26"),
        stage: Stage::EndOfData,
        reply: "550-5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.\n550-5.7.26 Authentication results: DKIM = did not pass, SPF [acme.example] with ip: [203.0.113.9] = did not pass\n550 5.7.26 For instructions on setting up authentication, go to https://support.google.com/mail/answer/81126#authentication - gsmtp",
        masked: "550 5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM. SPF [<host>] with ip: [<ip>] = did not pass",
        domain: "gmail.example",
        mx: "gmail-smtp-in.l.google.com",
    },
    Template {
        n: 388,
        code: 550,
        status: Some("5.1.1"),
        stage: Stage::RcptTo,
        reply: "550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces.",
        masked: "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces.",
        domain: "gmail.example",
        mx: "gmail-smtp-in.l.google.com",
    },
    Template {
        n: 202,
        code: 550,
        status: Some("5.7.1"),
        stage: Stage::MailFrom,
        reply: "550 5.7.1 Service unavailable, Client host [203.0.113.9] blocked using Spamhaus. To request removal from this list see https://www.spamhaus.org/query/ip/203.0.113.9",
        masked: "550 5.7.1 Service unavailable, Client host [<ip>] blocked using Spamhaus. To request removal from this list see <url>",
        domain: "outlook.example",
        mx: "outlook-com.olc.protection.outlook.com",
    },
    Template {
        n: 131,
        code: 552,
        status: Some("5.2.2"),
        stage: Stage::RcptTo,
        reply: "552 5.2.2 <ana@firm.example>: mailbox over quota",
        masked: "552 5.2.2 <<recipient>>: mailbox over quota",
        domain: "firm.example",
        mx: "mx.firm.example",
    },
    Template {
        n: 96,
        code: 550,
        status: Some("5.7.1"),
        stage: Stage::RcptTo,
        reply: "550 5.7.1 <ana@partner.example>: Relay access denied",
        masked: "550 5.7.1 <<recipient>>: Relay access denied",
        domain: "partner.example",
        mx: "mx.partner.example",
    },
    Template {
        n: 87,
        code: 550,
        status: Some("5.4.1"),
        stage: Stage::RcptTo,
        reply: "550 5.4.1 Recipient address rejected: Access denied. [DB5EUR01FT012.eop-EUR01.prod.protection.outlook.com]",
        masked: "550 5.4.1 Recipient address rejected: Access denied. [<host>]",
        domain: "contoso.example",
        mx: "contoso-example.mail.protection.outlook.com",
    },
    Template {
        n: 41,
        code: 554,
        status: None,
        stage: Stage::EndOfData,
        reply: "554 Message not allowed - [PH01] Email not accepted for policy reasons. Please visit https://postmaster.yahooinc.com/error-codes",
        masked: "554 Message not allowed - [PH01] Email not accepted for policy reasons. Please visit <url>",
        domain: "yahoo.example",
        mx: "mta5.am0.yahoodns.net",
    },
    Template {
        n: 12,
        code: 550,
        status: Some("5.7.1"),
        stage: Stage::Connect,
        reply: "550 5.7.1 Too many connections from your host, try again later",
        masked: "550 5.7.1 Too many connections from your host, try again later",
        domain: "slow.example",
        mx: "mx.slow.example",
    },
    Template {
        n: 3,
        code: 550,
        status: None,
        stage: Stage::Unknown,
        reply: "550 Administrative prohibition \u{202e}(see above)",
        masked: "550 Administrative prohibition",
        domain: "odd.example",
        mx: "mx.odd.example",
    },
];

const PEOPLE: &[&str] =
    &["ana", "bo", "carl", "dee", "eli", "fay", "gus", "hana", "ivo", "june", "kai", "lena", "milo"];

/// A case that was read to its end, with one broken source and four lines not understood.
pub fn working() -> Fixture {
    let knowledge = Arc::new(Knowledge::builtin().expect("the built-in knowledge loads"));
    let now = at(0);
    let mut rejections = Vec::new();
    for (t, template) in TEMPLATES.iter().enumerate() {
        let id = format!("v1:{:012x}", 0xab12_0000_u64 + t as u64);
        let pattern = Arc::new(Pattern { id: id.into(), text: template.masked.into() });
        let mut verdict = None;
        for i in 0..template.n {
            let evidence = evidence(template, t as u64, i);
            let verdict = verdict.get_or_insert_with(|| {
                Arc::new(knowledge.classify(&Facts {
                    diagnostic_code: &evidence.diagnostic_code,
                    reply_code: evidence.reply_code,
                    enhanced_status: evidence.enhanced_status,
                    stage: evidence.stage,
                    remote_mta: evidence.remote_mta.as_deref(),
                    recipient_domain: Some(template.domain),
                    direction: evidence.direction,
                }))
            });
            rejections.push(Rejection { verdict: verdict.clone(), pattern: pattern.clone(), evidence });
        }
    }
    let mut snapshot = Snapshot { generation: 1, state: ReadState::Done, ..Snapshot::default() };
    let n = rejections.len() as u64;
    snapshot.push(Arc::new(rejections.iter().collect()));
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
            understood: 401_000,
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
    snapshot.problems = imbl::vector![SourceProblem {
        source: "/var/log/mail.log.1.gz".into(),
        problem: Problem {
            kind: ProblemKind::Truncated,
            origin: None,
            message: "the gzip stream ends early; what came before it was read".into(),
        },
    }];
    snapshot.accepted = [("gmail.example".to_owned(), 94_102u64)].into_iter().collect();
    let view = answer(&knowledge, &snapshot, &Query::default(), false);
    let first = view.patterns.first().map_or(0, |p| p.rows[0]);
    Fixture {
        raw: Some(Arc::new(raw(first))),
        knowledge,
        snapshot: Arc::new(snapshot),
        view: Arc::new(view),
        now,
    }
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

/// The same after Stop.
pub fn stopped() -> Fixture {
    let mut fixture = reading();
    let mut snapshot = (*fixture.snapshot).clone();
    snapshot.state = ReadState::Stopped;
    fixture.snapshot = Arc::new(snapshot);
    fixture
}

/// A source in which nothing was refused.
pub fn no_refusals() -> Fixture {
    let mut fixture = working();
    let mut snapshot = Snapshot { generation: 1, state: ReadState::Done, ..Snapshot::default() };
    snapshot.sources = fixture.snapshot.sources.take(1);
    snapshot.coverage = Coverage { lines: 1_918, with_reply: 704, ..Coverage::default() };
    fixture.snapshot = Arc::new(snapshot);
    fixture.view = Arc::new(View { generation: 1, ..View::default() });
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
    e.remote_mta = Some(template.mx.into());
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

fn answer(knowledge: &Knowledge, snapshot: &Snapshot, query: &Query, include_transient: bool) -> View {
    crate::query::answer(knowledge, snapshot, query, include_transient, &|| false).expect("nobody cancels")
}

fn raw(rejection: u32) -> RawLines {
    let line = |number: u64, text: &str, own: bool, deciding: bool| RawLine {
        number,
        text: text.to_owned(),
        own,
        deciding,
    };
    RawLines {
        of: RawOf::Rejection(rejection),
        source: "/var/log/mail.log".into(),
        problem: None,
        lines: vec![
            line(
                81_207,
                "Nov 18 14:58:58 out1 postfix/smtpd[911]: 4c8Kx40z2bQ: client=app3[10.0.2.17], sasl_username=news",
                true,
                false,
            ),
            line(
                81_208,
                "Nov 18 14:58:58 out1 dovecot: imap-login: Login: user=<kim>, method=PLAIN, rip=192.0.2.77",
                false,
                false,
            ),
            line(
                81_209,
                "Nov 18 14:58:58 out1 postfix/cleanup[914]: 4c8Kx40z2bQ: message-id=<9f2c.0@acme.example>",
                true,
                false,
            ),
            line(
                81_244,
                "Nov 18 14:59:07 out1 postfix/smtp[930]: 4c8Kx40z2bQ: to=<ana0@gmail.example>, relay=mx.gmail.example[192.0.2.26]:25, delay=9, dsn=5.7.26, status=bounced (host mx.gmail.example[192.0.2.26] said: 550-5.7.26 Your email has been blocked because the sender is unauthenticated. (in reply to end of DATA command))",
                true,
                true,
            ),
            line(81_247, "Nov 18 14:59:07 out1 postfix/qmgr[402]: 4c8Kx40z2bQ: removed", true, false),
        ],
    }
}
