//! The real binary: what it prints, where, and how it ends.

use crate::read::project;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

fn fivefifty(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fivefifty"));
    command.args(args).current_dir(project("")).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command.output().expect("the program runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn with_stdin(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fivefifty"))
        .args(args)
        .current_dir(project(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    child.stdin.take().expect("a pipe").write_all(input).expect("writes");
    child.wait_with_output().expect("ends")
}

/// The keys of a JSON line, in the order the report documents.
const KEYS: &str = "source line format direction time reporting_mta remote_mta remote_ip queue_id message_id \
    reverse_path final_recipient original_recipient stage stage_inferred reply_code enhanced_status diagnostic_code \
    action attempts also category matrix_row rule tier confidence provider actor retry pattern_id pattern";

#[test]
fn json_lines_have_their_keys_in_order() {
    let output = fivefifty(&["report", "--format", "jsonl", "sample-logs"]);
    assert!(output.status.success());
    let text = stdout(&output);
    assert!(text.lines().count() > 50, "{} records", text.lines().count());
    let documented = std::fs::read_to_string(project("docs/REPORT.md")).expect("docs/REPORT.md");
    let mut at = 0;
    for key in KEYS.split_whitespace() {
        at += documented[at..]
            .find(&format!("`{key}`"))
            .unwrap_or_else(|| panic!("{key} is not documented in order"));
    }
    for line in text.lines() {
        let mut at = 0;
        for key in KEYS.split_whitespace() {
            let found = line[at..].find(&format!("\"{key}\":"));
            at += found.unwrap_or_else(|| panic!("{key} is missing or out of order in {line}"));
        }
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(value.as_object().expect("an object").len(), KEYS.split_whitespace().count());
        assert_eq!(value["action"], "failed", "by default only what is final: {line}");
    }
}

#[test]
fn standard_input_gives_the_same_refusals() {
    let log = std::fs::read(project("sample-logs/postfix/all-rows.log")).expect("a sample");
    let file = stdout(&fivefifty(&[
        "report",
        "--year",
        "2026",
        "--format",
        "jsonl",
        "sample-logs/postfix/all-rows.log",
    ]));
    let pipe = stdout(&with_stdin(&["report", "--year", "2026", "--format", "jsonl", "-"], &log));
    assert!(!file.is_empty());
    assert_eq!(file.replace("sample-logs/postfix/all-rows.log", "-"), pipe);
}

#[test]
fn the_report_says_what_who_and_the_first_step() {
    let text = stdout(&fivefifty(&["report", "sample-logs/postfix/relay-denied.log"]));
    for expect in ["24 refusals", "Relay", "RCPT TO", "Who acts", "First", "502 lines read"] {
        assert!(text.contains(expect), "{expect} is not in:\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours in a pipe");
    assert!(!text.contains("delivered"), "a 250 means accepted:\n{text}");
}

#[test]
fn a_filter_limits_and_a_wrong_one_is_marked() {
    let all = stdout(&fivefifty(&["report", "--format", "jsonl", "sample-logs/postfix"]));
    let some =
        stdout(&fivefifty(&["report", "--format", "jsonl", "--filter", "row:1", "sample-logs/postfix"]));
    assert!(!some.is_empty() && some.lines().count() < all.lines().count());
    assert!(some.lines().all(|l| l.contains("\"matrix_row\":1")));
    let wrong = fivefifty(&["report", "--filter", "stge:rcpt", "sample-logs/postfix"]);
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(said.contains("stge") && said.contains('^'), "{said}");
}

#[test]
fn fail_on_sets_the_exit_code() {
    let hit = fivefifty(&["report", "--fail-on", "category:relay", "sample-logs/postfix/relay-denied.log"]);
    assert_eq!(hit.status.code(), Some(1));
    let miss = fivefifty(&["report", "--fail-on", "category:tls", "sample-logs/postfix/relay-denied.log"]);
    assert_eq!(miss.status.code(), Some(0));
}

#[test]
fn explain_gives_verdict_reason_and_steps() {
    let text = stdout(&fivefifty(&[
        "explain",
        "550 5.7.1 <a@example.net>: Relay access denied",
        "--stage",
        "rcpt_to",
    ]));
    for expect in
        ["relay.denied", "“Relay access denied”", "RCPT TO", "What to do", "How to see that it worked"]
    {
        assert!(text.contains(expect), "{expect} is not in:\n{text}");
    }
    let bare = stdout(&fivefifty(&["explain", "550 5.7.1 no"]));
    assert!(bare.contains("Confidence  low"), "a bare 5.7.1 decides nothing:\n{bare}");
    assert_eq!(fivefifty(&["explain", "550", "--stage", "nowhere"]).status.code(), Some(2));
}

#[test]
fn without_a_display_the_report_is_printed_and_it_says_so() {
    let output = fivefifty(&["sample-logs/postfix/relay-denied.log"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(stdout(&output).contains("Relay"), "{}", stdout(&output));
    if cfg!(feature = "gui") {
        assert!(said.contains("display"), "{said}");
    }
}

#[test]
fn help_and_version() {
    assert!(stdout(&fivefifty(&["--help"])).contains("fivefifty report"));
    assert!(stdout(&fivefifty(&["--version"])).starts_with("fivefifty "));
}

#[test]
fn formats_says_why_a_line_was_taken() {
    let output = fivefifty(&["formats", "sample-logs/postfix/relay-denied.log"]);
    assert!(output.status.success());
    let text = stdout(&output);
    assert!(text.contains("a log: of 502 lines 502 are log lines"), "{text}");
    assert!(text.contains("= postfix: a client handed a message in"), "{text}");
    let output = fivefifty(&["formats", "sample-logs/samples.toml", "--all"]);
    assert!(stdout(&output).contains("of "), "{}", stdout(&output));
    assert!(stdout(&fivefifty(&["formats"])).contains("transcript.swaks"));
    assert_eq!(fivefifty(&["formats", "no/such/file"]).status.code(), Some(2));
}
