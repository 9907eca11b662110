//! Generated logs: what the engine finds is what the generator wrote, to the last recipient.

use crate::generator::{Shares, Truth, write_exim_log, write_postfix_log};
use crate::read::{KNOWLEDGE, YEAR};
use chrono::{TimeZone as _, Utc};
use fivefifty::engine::read_in_segments;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const BYTES: u64 = 4_000_000;

#[track_caller]
fn check(name: &str, log: &[u8], truth: &Truth) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("generated.log");
    fs::write(&path, log).expect("a file");
    let now = Utc.with_ymd_and_hms(2026, 12, 20, 0, 0, 0).single().expect("a date");
    let snapshot = read_in_segments(&KNOWLEDGE, &path, Some(YEAR), now, 100_000, 2);
    let (mut refused, mut of_550, mut tries) = (0, 0, 0);
    let (mut recipients, mut patterns) = (BTreeSet::new(), BTreeMap::<&str, u64>::new());
    for (_, rejection) in snapshot.iter().filter(|(_, rejection)| rejection.is_permanent()) {
        let evidence = rejection.evidence;
        refused += 1;
        of_550 += u64::from(evidence.reply_code().is_some_and(|code| code.get() == 550));
        tries += evidence.n_tries() as u64;
        recipients.extend(evidence.final_recipient().map(str::to_owned));
        *patterns.entry(&rejection.conclusion.pattern.id).or_default() += 1;
    }
    let sorted = |counts: Vec<u64>| {
        let mut counts = counts;
        counts.sort_unstable();
        counts
    };
    assert_eq!((refused, of_550, tries), (truth.refused, truth.refused_550, truth.tries), "{name}");
    assert_eq!(recipients, truth.recipients, "{name}");
    let (got, expect) = (patterns.into_values().collect(), truth.by_reply.values().copied().collect());
    assert_eq!(sorted(got), sorted(expect), "{name}");
    let accepted: BTreeMap<String, u64> = snapshot.accepted.iter().map(|(d, n)| (d.clone(), *n)).collect();
    assert_eq!(accepted, truth.accepted, "{name}");
    assert_eq!((snapshot.coverage.lines, snapshot.coverage.not_understood), (truth.lines, 0), "{name}");
}

#[test]
fn truth_of_generated_logs() {
    let relay = Shares { refused: 30, turned_away: 5, ..Shares::default() };
    for (name, shares) in [
        ("3 % refused", relay),
        ("20 % refused", Shares { refused: 200, ..relay }),
        ("put off", Shares { deferred: 120, ..relay }),
        ("no removed", Shares { without_removed: true, ..relay }),
        ("RFC 3339", Shares { rfc3339: true, ..relay }),
        ("all accepted", Shares::default()),
    ] {
        let mut log = Vec::new();
        let truth = write_postfix_log(&mut log, BYTES, &shares).expect("memory can be written");
        check(name, &log, &truth);
    }
    let mut log = Vec::new();
    let truth = write_exim_log(&mut log, BYTES, 30).expect("memory can be written");
    check("Exim", &log, &truth);
}
