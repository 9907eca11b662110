//! Whether the program says what the generator knows.

use crate::generator::Truth;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Compares refusals, 550s, recipients, tries and patterns. (What was accepted by domain is no part of JSON Lines: the
/// suite compares it.)
pub fn check(path: &Path, truth: &Truth) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fivefifty"))
        .args(["report", "--format", "jsonl", "--year", "2026"])
        .arg(path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let out = BufReader::with_capacity(1 << 20, child.stdout.take().expect("a pipe"));
    let (mut refused, mut of_550, mut tries) = (0, 0, 0);
    let mut recipients = BTreeSet::new();
    let mut patterns = BTreeMap::<String, u64>::new();
    for line in out.lines() {
        let record: Value = serde_json::from_str(&line.expect("reads")).expect("a line is JSON");
        refused += 1;
        of_550 += u64::from(record["reply_code"] == 550);
        tries += record["attempts"].as_array().map_or(0, Vec::len) as u64;
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        recipients.insert(text("final_recipient"));
        *patterns.entry(text("pattern_id")).or_default() += 1;
    }
    assert!(child.wait().expect("waits").success(), "the program ends well");
    let sorted = |counts: BTreeMap<String, u64>| {
        let mut counts: Vec<u64> = counts.into_values().collect();
        counts.sort_unstable();
        counts
    };
    assert_eq!(
        (refused, of_550, tries, recipients.len(), sorted(patterns)),
        (
            truth.refused,
            truth.refused_550,
            truth.tries,
            truth.recipients.len(),
            sorted(truth.by_reply.clone())
        ),
        "what is printed must be what was generated: {}",
        path.display()
    );
    assert_eq!(recipients, truth.recipients);
}
