//! Small snapshots for tests, built by hand.

use crate::classify::Knowledge;
use crate::model::{
    Action, Actor, Attempt, ClassIdx, Confidence, Evidence, Origin, Pattern, Rejection, Retry, Snapshot,
    SourceId, SourceLocation, SourceReport, Text, Tier, Timestamp, Verdict,
};
use crate::smtp::{ReversePath, Stage, read_reply};
use std::sync::Arc;

/// 2026-11-17, at `hour:minute`.
pub(crate) fn at(hour: u32, minute: u32) -> Timestamp {
    format!("2026-11-17T{hour:02}:{minute:02}:07Z").parse().unwrap()
}

/// A refusal of `to` from `from` by `mx.` and the recipient's domain, with this reply, at RCPT TO.
pub(crate) fn evidence(time: Option<Timestamp>, from: &str, to: &str, reply: &str) -> Evidence {
    let origin = Origin { source: SourceId(0), line: 12, start: 0, len: 80 };
    let mut evidence = Evidence::new("postfix", origin);
    let codes = read_reply(reply);
    let domain = to.rsplit('@').next().unwrap_or("");
    evidence.time = time;
    evidence.remote_mta = Some(Text::from(format!("mx.{domain}")));
    evidence.remote_ip = "192.0.2.1".parse().ok();
    evidence.queue_id = Some("4c8Kx0z2bQ".into());
    evidence.message_id = Some("20261117.1@acme.example".into());
    evidence.reverse_path = Some(ReversePath::parse(from));
    evidence.final_recipient = (!to.is_empty()).then(|| to.into());
    evidence.stage = Stage::RcptTo;
    evidence.reply_code = codes.code;
    evidence.enhanced_status = codes.enhanced;
    evidence.diagnostic_code = reply.into();
    evidence.action = match codes.code {
        Some(code) if code.is_transient() => Action::Delayed,
        _ => Action::Failed,
    };
    evidence.attempts = vec![Attempt {
        time,
        remote_mta: evidence.remote_mta.clone(),
        reply_code: evidence.reply_code,
        enhanced_status: evidence.enhanced_status,
        text: reply.into(),
        origin,
    }];
    evidence
}

/// Class 0, medium confidence, the sending side acts, retry after the fix.
pub(crate) fn verdict() -> Verdict {
    Verdict {
        class: ClassIdx(0),
        rule: None,
        tier: Tier::Text,
        confidence: Confidence::Medium,
        matched: Vec::new(),
        provider: None,
        retry: Retry::AfterFix,
        actors: vec![Actor::SenderAdmin],
        runners_up: Vec::new(),
        stage_hint: None,
    }
}

/// With a pattern of its own for each `id`.
pub(crate) fn rejection(evidence: Evidence, verdict: &Arc<Verdict>, id: &str) -> Rejection {
    let text = format!("{} …", evidence.diagnostic_code.chars().take(20).collect::<String>());
    Rejection {
        evidence,
        verdict: Arc::clone(verdict),
        pattern: Arc::new(Pattern { id: format!("v1:{id}").into(), text: text.into() }),
    }
}

/// One source, `mail.log`, and the rejections in pieces of two.
pub(crate) fn snapshot(rejections: Vec<Rejection>) -> Snapshot {
    let mut snapshot = Snapshot { generation: 1, ..Snapshot::default() };
    snapshot.sources.push_back(SourceReport {
        id: SourceId(0),
        name: "mail.log".into(),
        location: SourceLocation::Stream,
        formats: vec!["postfix"],
        bytes: 1000,
        lines: 20,
        rejections: rejections.len() as u64,
        understood: rejections.len() as u64,
        done: true,
    });
    for piece in rejections.chunks(2) {
        snapshot.push(Arc::new(piece.iter().collect()));
    }
    snapshot
}

const CLASSES: &str = r#"
[[class]]
id = "unclassified"
title = "Not classified"
icon = "question"
cause = "No rule knows this reply."
need = "act"
retry = "after_fix"
retry_note = "Read the reply first."
actor = ["sender_admin"]
fix = [{ who = "sender_admin", text = "Read the reply" }]
verify = []

[[class]]
id = "auth.none"
matrix_row = 5
title = "Not authenticated"
icon = "auth"
cause = "Neither SPF nor DKIM passed."
need = "act"
severity = "high"
retry = "after_fix"
retry_note = "The same message will be refused again."
actor = ["dns_owner", "sender_admin"]
fix = [
  { who = "dns_owner", text = "List {our_ip} in SPF of {sender_domain}", run = "dig +short TXT {sender_domain}" },
  { who = "sender_admin", text = "Sign with DKIM" },
]
verify = [{ who = "sender_admin", text = "Send to a mailbox at {recipient_domain}" }]

[[class]]
id = "recipient.unknown"
matrix_row = 1
title = "User unknown"
icon = "recipient"
cause = "The mailbox {recipient} does not exist."
need = "act"
retry = "never"
retry_note = "The address will not appear by itself."
actor = ["sender", "recipient_admin"]
fix = [
  { who = "sender", text = "Check the spelling of {recipient}" },
  { who = "recipient_admin", text = "Check whether {recipient} should exist" },
]
verify = [{ who = "sender_admin", text = "RCPT TO gives 250", run = "swaks --to {recipient} --quit-after RCPT" }]

[[class]]
id = "account.blocked"
title = "Account blocked"
icon = "account"
cause = "The account sent too much."
need = "act"
severity = "security"
retry = "after_fix"
retry_note = "Not before the account is clean."
actor = ["sender_admin"]
fix = [{ who = "sender_admin", text = "Change the password" }]
verify = []
"#;

const PROVIDER: &str = r#"
id = "google"
name = "Google"
mx_suffix = ["google.com"]
recipient_domains = ["gmail.com"]
links = [{ title = "Sender guidelines", url = "https://support.google.com/mail/answer/81126" }]
"#;

const RULES: &str = r#"
[[rule]]
id = "google.unauthenticated"
class = "auth.none"
provider = "google"
any_text = ["sender is unauthenticated"]
title = "Google refuses mail that is not authenticated"
note = "Google asks for SPF or DKIM."
fix = [{ who = "dns_owner", text = "Read Google's page" }]
source = "https://support.google.com/mail/answer/81126"
accept = [{ reply = "550 5.7.26 the sender is unauthenticated", host = "mx.google.com" }]
reject = [{ reply = "550 5.1.1 no" }]
"#;

/// Four classes, one provider, one rule; class 0 is `unclassified`.
pub(crate) fn knowledge() -> Knowledge {
    let sources =
        [("guidance/a.toml", CLASSES), ("providers/google.toml", PROVIDER), ("rules/a.toml", RULES)];
    Knowledge::from_sources(sources).unwrap_or_else(|e| panic!("{e}"))
}

/// A verdict of this class, with the class's retry and actors.
pub(crate) fn verdict_of(knowledge: &Knowledge, class: &str) -> Verdict {
    let idx = knowledge.class_by_id(class).unwrap();
    let class = knowledge.class(idx);
    Verdict { class: idx, retry: class.retry, actors: class.actors.clone(), ..verdict() }
}
