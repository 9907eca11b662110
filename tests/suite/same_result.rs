//! The engine's threads give what the plain way gives, in the order in which sources were named.

use crate::read::{KNOWLEDGE, YEAR, jsonl, project, samples};
use fivefifty::engine::{Engine, Input};
use fivefifty::model::{ReadState, Snapshot};
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
    let together = jsonl(&read_with_engine(names.iter().map(|n| named(n)).collect()));
    let alone: String = names.iter().map(|n| jsonl(&read_with_engine(vec![named(n)]))).collect();
    assert!(!alone.is_empty());
    assert_eq!(together, alone);
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
