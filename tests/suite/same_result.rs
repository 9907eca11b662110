//! The engine's threads give what the plain way gives, in the order in which sources were named.

use crate::read::{KNOWLEDGE, YEAR, jsonl, project, samples};
use fivefifty::engine::{Engine, Input};
use fivefifty::model::{ReadState, Retold, Snapshot};
use fivefifty::query::{Query, answer};
use std::fs;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

fn read_with_engine(inputs: Vec<Input>) -> Arc<Snapshot> {
    let (ring, bell) = channel();
    let wake = Arc::new(move || {
        let _ = ring.send(());
    });
    let engine = Engine::start(Arc::clone(&KNOWLEDGE), Some(YEAR), wake);
    engine.add(inputs);
    loop {
        let snapshot = engine.snapshot();
        if snapshot.state == ReadState::Done {
            return snapshot;
        }
        bell.recv_timeout(Duration::from_secs(60)).expect("the engine ends");
    }
}

fn named(name: &str) -> Input {
    let bytes = fs::read(project("sample-logs").join(name)).expect("a sample");
    Input::Named { name: name.into(), bytes: bytes.into() }
}

#[test]
fn threads_change_nothing() {
    let names: Vec<_> = samples().iter().map(|s| s.display().to_string()).collect();
    let together = read_with_engine(names.iter().map(|n| named(n)).collect());
    let alone: String = names.iter().map(|n| jsonl(&read_with_engine(vec![named(n)]))).collect();
    assert!(!alone.is_empty());
    // Alone a source does not know what others tell.
    assert_eq!(jsonl(&Snapshot { retold: Retold::default(), ..Snapshot::clone(&together) }), alone);
}

#[test]
fn a_notice_leads_to_the_log_that_says_accepted() {
    let names = [
        "accepted-then-failed/notice-1.eml",
        "accepted-then-failed/notice-2.eml",
        "accepted-then-failed/mail.log",
    ];
    let snapshot = read_with_engine(names.iter().map(|n| named(n)).collect());
    let found: Vec<_> =
        snapshot.passages.iter().map(|(idx, p)| (*idx, p.origin.line, p.remote_mta.clone())).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    for (idx, passage) in &snapshot.passages {
        assert_eq!(snapshot.source_name(passage.origin.source), names[2]);
        assert!(passage.text.starts_with("250 OK id="), "{passage:?} of {idx}");
    }
    // In either order, and where the gateway's own log counts.
    let names = ["accepted-then-failed/mail.log", "accepted-then-failed/gateway.mainlog", names[0], names[1]];
    let snapshot = read_with_engine(names.iter().map(|n| named(n)).collect());
    assert_eq!((snapshot.passages.len(), snapshot.retold.len()), (2, 2));
    for idx in snapshot.passages.keys() {
        assert_eq!(snapshot.open(*idx).expect("a refusal").evidence.format, "exim");
    }
}

#[test]
fn a_log_and_its_notices_count_once() {
    let notices =
        samples().into_iter().map(|s| s.display().to_string()).filter(|s| s.starts_with("notices/postfix"));
    let names: Vec<String> = notices.chain(["postfix/all-rows.log".to_owned()]).collect();
    let snapshot = read_with_engine(names.iter().map(|n| named(n)).collect());
    let counted = |text: &str| {
        let query = Query::parse(text).expect("a query");
        answer(&KNOWLEDGE, &snapshot, &query, false, &|| false).expect("an answer")
    };
    let (all, again) = (counted(""), counted("is:retold"));
    assert!(again.rows.len() >= 10, "{} notices are of refusals in the log", again.rows.len());
    let permanent = snapshot.iter().filter(|(_, r)| r.is_permanent()).count();
    assert_eq!(all.rows.len() + again.rows.len(), permanent);
    assert_eq!(all.n_refused_total as usize, all.rows.len());
    for idx in again.rows.iter() {
        let first = snapshot.retold.first(*idx).expect("another telling");
        let [again, first] = [*idx, first].map(|idx| snapshot.open(idx).expect("a refusal").evidence);
        assert_eq!((again.message_id, again.final_recipient), (first.message_id, first.final_recipient));
        assert_eq!((&again.format[..4], first.format), ("dsn.", "postfix"));
    }
}

#[test]
fn the_order_of_sources_changes_no_pattern() {
    let names: Vec<_> = samples().iter().map(|s| s.display().to_string()).collect();
    let forwards = read_with_engine(names.iter().map(|n| named(n)).collect());
    let backwards = read_with_engine(names.iter().rev().map(|n| named(n)).collect());
    let ids = |s: &Snapshot| {
        let mut ids: Vec<_> = s.iter().map(|(_, r)| r.conclusion.pattern.id.to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&forwards), ids(&backwards));
}
