//! Real bounce mails and transcripts with published truth, where a checkout of them lies beside the project
//! (`../shared/corpus`, or `FIVEFIFTY_CORPUS`). Skipped, with a word, where it does not.

use crate::read::{project, read_bytes};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

fn corpus(part: &str) -> Option<PathBuf> {
    let root =
        std::env::var_os("FIVEFIFTY_CORPUS").map_or_else(|| project("../shared/corpus"), PathBuf::from);
    let path = root.join(part);
    if !path.exists() {
        eprintln!(
            "skipped: there is no corpus here; set FIVEFIFTY_CORPUS to its folder to measure against it"
        );
        return None;
    }
    Some(path)
}

fn truth(path: &std::path::Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("truth");
    text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
}

#[test]
fn transcripts_agree_with_their_truth() {
    let Some(dir) = corpus("transcripts") else { return };
    let mut wrong = Vec::new();
    for row in truth(&dir.join("truth.jsonl")) {
        let name = row["file"].as_str().expect("a file");
        let found = read_bytes(name, fs::read(dir.join(name)).expect("a transcript"));
        let records: Vec<Value> = found.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
        let stage = row["stage"].as_str().expect("a stage").to_lowercase().replace(' ', "_");
        let fits = |r: &Value| {
            r["reply_code"] == row["reply_code"]
                && r["enhanced_status"] == row["enhanced_code"]
                && r["stage"] == stage.as_str()
                && r["final_recipient"] == row["recipient"]
        };
        if records.len() != 1 || !fits(&records[0]) {
            wrong.push(format!("{name}: expected {row}\n  got {found}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Recall of code, status and recipient over all bounce mails, and nothing made up.
#[test]
fn bounces_agree_with_their_truth() {
    let Some(dir) = corpus("bounces") else { return };
    let (mut n, mut code, mut status, mut recipient, mut invented) = ([0u32; 3], 0, 0, 0, Vec::new());
    let mut by_file = std::collections::BTreeMap::<String, Vec<Value>>::new();
    for row in truth(&dir.join("truth.jsonl")) {
        if !["feedback", "vacation", "delivered"].contains(&row["reason"].as_str().unwrap_or("")) {
            by_file.entry(row["file"].as_str().expect("a file").to_owned()).or_default().push(row);
        }
    }
    let tidy = |v: &Value| v.as_str().map(|s| s.replace(['<', '>', '"', ' '], "").to_lowercase());
    for (file, rows) in by_file {
        let found = read_bytes(&file, fs::read(dir.join(&file)).expect("a mail"));
        let records: Vec<Value> = found.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
        let has = |key: &str, value: &Value| records.iter().any(|r| tidy_eq(&r[key], value));
        for row in &rows {
            if row["replycode_literal"] == true {
                n[0] += 1;
                code += u32::from(has("reply_code", &row["replycode"]));
            }
            if row["status_literal"] == true {
                n[1] += 1;
                status += u32::from(has("enhanced_status", &row["status"]));
            }
            if let Some(want) = tidy(&row["recipient"]) {
                n[2] += 1;
                recipient +=
                    u32::from(records.iter().any(|r| tidy(&r["final_recipient"]).as_ref() == Some(&want)));
            }
        }
        let literal = |key: &str, value: &Value| {
            rows[0][key].as_array().is_some_and(|all| all.iter().any(|v| tidy_eq(v, value)))
        };
        for record in &records {
            if !record["enhanced_status"].is_null() && !literal("enh_in_text", &record["enhanced_status"]) {
                invented.push(format!("{file}: {}", record["enhanced_status"]));
            }
            let told = rows.iter().any(|row| row["replycode"] == record["reply_code"]);
            if !record["reply_code"].is_null() && !told && !literal("codes_in_text", &record["reply_code"]) {
                invented.push(format!("{file}: {}", record["reply_code"]));
            }
        }
    }
    eprintln!("reply code {code}/{}, enhanced {status}/{}, recipient {recipient}/{}", n[0], n[1], n[2]);
    for (what, ok, all) in [("code", code, n[0]), ("status", status, n[1]), ("recipient", recipient, n[2])] {
        assert!(all > 100 && f64::from(ok) >= 0.97 * f64::from(all), "{what}: {ok} of {all}");
    }
    assert!(invented.is_empty(), "made up: {invented:?}");
}

fn tidy_eq(a: &Value, b: &Value) -> bool {
    a == b || a.to_string().trim_matches('"') == b.to_string().trim_matches('"')
}
