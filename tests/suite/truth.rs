//! The samples against what really happened: `tests/lab/truth.jsonl` is the record of the server that refused, not of
//! the logs. Each refusal must be found once, with recipient, codes, stage and verdict, and nothing more.

use crate::read::{project, read_bytes};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

#[test]
fn every_refusal_of_the_lab_is_found_once() {
    let mut by_file = BTreeMap::<String, Vec<Value>>::new();
    let text = fs::read_to_string(project("tests/lab/truth.jsonl")).expect("the lab's record");
    for row in text.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON")) {
        // Some refusals leave no line, and what failed after acceptance stands in the notices.
        if row["in_file"] != false && row["verdict"] != "accepted, then failed" {
            by_file.entry(row["file"].as_str().expect("a file").to_owned()).or_default().push(row);
        }
    }
    assert!(by_file.len() >= 40, "{} files", by_file.len());
    let mut wrong = Vec::new();
    for (file, rows) in by_file {
        let bytes = fs::read(project("sample-logs").join(&file)).expect("a sample");
        let mut found: Vec<Value> =
            read_bytes(&file, bytes).lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
        for row in &rows {
            match found.iter().position(|record| is_told(row, record)) {
                Some(at) => drop(found.swap_remove(at)),
                None => wrong.push(format!("{file}: not found: {row}")),
            }
        }
        wrong.extend(found.iter().map(|record| format!("{file}: made up: {record}")));
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether `record` tells of `row` as well as its file can.
fn is_told(row: &Value, record: &Value) -> bool {
    let file = row["file"].as_str().unwrap_or("");
    let action = match row["verdict"].as_str() {
        Some("deferred" | "temporary") => "delayed",
        _ => "failed",
    };
    let same = |theirs: &str, ours: &str| row[theirs] == record[ours];
    // Exim's reject lines print neither codes nor, after DATA, the recipients; Postfix prints no reply code where
    // cleanup or a milter refuses.
    let no_codes = file == "exim/incoming.mainlog" || file == "exim/rejectlog";
    let cleanup = file == "postfix/incoming-rejects.log" && row["stage"] == "end_of_data";
    let recipient = same("final_recipient", "final_recipient")
        || (no_codes && row["stage"] == "end_of_data" && record["final_recipient"].is_null());
    let code = same("reply_code", "reply_code") || ((no_codes || cleanup) && record["reply_code"].is_null());
    // A reply without a status gets X.0.0 from Postfix and Exim, which then stands in the evidence.
    let status = same("enhanced_status", "enhanced_status")
        || (row["enhanced_status"].is_null()
            && record["enhanced_status"].as_str().is_some_and(|status| status.ends_with(".0.0")));
    // "refused to talk to me" is Postfix's word for the greeting and for HELO alike.
    let stage = same("stage", "stage")
        || row["stage"].is_null()
        || (file.starts_with("postfix/") && row["stage"] == "ehlo" && record["stage"] == "connect")
        || (file.starts_with("notices/")
            && (record["stage_inferred"] == true || record["stage"] == "unknown"));
    recipient && code && status && stage && record["action"] == action
}
