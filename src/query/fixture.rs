//! Small snapshots for tests, built by hand.

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
    snapshot.sources.push(SourceReport {
        id: SourceId(0),
        name: "mail.log".into(),
        location: SourceLocation::Stream,
        formats: vec!["postfix"],
        bytes: 1000,
        lines: 20,
        rejections: rejections.len() as u64,
        done: true,
    });
    for piece in rejections.chunks(2) {
        snapshot.push(piece.to_vec().into());
    }
    snapshot
}
