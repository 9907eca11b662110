//! What goes in comes out, and what repeats is kept once.

use super::*;

fn full(n: u64) -> Evidence {
    let origin = |line: u64| Origin { source: SourceId(3), line, start: line * 100, len: 99 };
    let mut evidence = Evidence::new("postfix", origin(n));
    evidence.direction = Direction::Incoming;
    evidence.time = "2026-11-17T14:51:07.123456Z".parse().ok();
    evidence.reporting_mta = Some("mx".into());
    evidence.remote_mta = Some("mx.example.org".into());
    evidence.remote_ip = "192.0.2.7".parse().ok();
    evidence.queue_id = Some(format!("4F1C{n}").into());
    evidence.message_id = Some("a@b".into());
    evidence.reverse_path = Some(ReversePath::Null);
    evidence.final_recipient = Some("ana@example.org".into());
    evidence.stage = Stage::RcptTo;
    evidence.reply_code = ReplyCode::new(550);
    evidence.enhanced_status = EnhancedStatus::parse("5.7.515");
    evidence.diagnostic_code = "550 5.7.515 no".into();
    evidence.origins.extend([origin(n - 1), origin(n + 1000)]);
    evidence
}

fn tried(evidence: &Evidence, text: &str) -> Attempt {
    Attempt {
        time: evidence.time,
        remote_mta: evidence.remote_mta.clone(),
        reply_code: evidence.reply_code,
        enhanced_status: evidence.enhanced_status,
        text: text.into(),
        origin: evidence.origins[0],
    }
}

#[test]
fn what_goes_in_comes_out() {
    let bare = Evidence::new("exim", Origin { source: SourceId(0), line: 1, start: 0, len: 0 });
    let mut once = full(7);
    once.attempts = vec![tried(&once, "550 5.7.515 no")];
    let mut twice = full(8);
    twice.attempts = vec![tried(&twice, "450 later"), tried(&twice, "550 5.7.515 no")];
    twice.remote_ip = "2001:db8::7".parse().ok();
    twice.original.subject = Some("Hello".into());
    let mut long = full(9);
    long.reverse_path = Some(ReversePath::parse("b@example.org"));
    long.diagnostic_code = "é".repeat(70_000).into();
    long.action = Action::Delayed;
    long.stage_inferred = true;
    let all = [bare, once, twice, long];
    let mut records = Records::default();
    all.iter().for_each(|evidence| records.push_evidence(evidence));
    let check = |records: &Records, at: usize, expect: &Evidence| {
        assert_eq!(&records.get(at).to_evidence(), expect, "{at}");
    };
    all.iter().enumerate().for_each(|(at, evidence)| check(&records, at, evidence));
    assert!(records.get(1).has_own_try() && !records.get(2).has_own_try());

    let mut joined = records.clone();
    joined.append(&records);
    all.iter().enumerate().for_each(|(at, evidence)| check(&joined, at + 4, evidence));
    joined.reorder(&[6, 0]);
    check(&joined, 0, &all[2]);
    check(&joined, 1, &all[0]);
    let mut cut = joined.clone();
    check(&cut.split_off(1), 0, &all[0]);
    assert_eq!((cut.len(), cut.split_off(1).len()), (1, 0));
    joined.shift_lines(5);
    let moved = joined.get(0).to_evidence();
    assert_eq!(moved.origins.iter().map(|o| o.line).collect::<Vec<_>>(), [13, 12, 1013]);
    assert_eq!(moved.attempts[1].origin.line, 13);
}

#[test]
fn what_repeats_is_kept_once() {
    let mut records = Records::default();
    (0..100).for_each(|n| records.push_evidence(&full(n + 1)));
    assert!(records.text.len() < 100 * 40, "{}", records.text.len());
    let text = |reply: &str| {
        let mut evidence = full(1);
        evidence.diagnostic_code = reply.into();
        let mut records = Records::default();
        records.push_evidence(&evidence);
        assert_eq!(records.get(0).to_evidence(), evidence);
        records.text
    };
    let (elsewhere, in_reply) =
        (text("550 no <bo@x> Ana@example.org"), text("550 no <bo@x> ana@example.org"));
    assert_eq!(elsewhere.len(), in_reply.len() + "ana@example.org".len());
    assert!(size_of::<Record>() <= 120, "{}", size_of::<Record>());
}
