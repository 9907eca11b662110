//! Frames do not matter: the lines of real samples, wrapped as syslogs, journals, containers and collectors do it, give
//! the evidence that they give without.

use crate::generator::{Shares, write_postfix_log};
use crate::read::{KNOWLEDGE, YEAR, project, read_bytes, samples};
use chrono::{TimeZone as _, Utc};
use fivefifty::engine::{read_alone_in_zone, read_in_segments_in_zone};
use fivefifty::model::Snapshot;
use serde_json::{Value, json};
use std::fs;
use std::io::Cursor;

/// A line of a sample, taken apart.
struct Parts<'a> {
    whole: &'a str,
    /// `2026-11-17T14:51:07`
    time: String,
    /// Nanoseconds since 1970.
    nanos: i64,
    /// Empty for Exim's own files.
    host: &'a str,
    program: &'a str,
    pid: &'a str,
    message: &'a str,
}

fn parts(whole: &str) -> Option<Parts<'_>> {
    let (time, rest) = match whole.as_bytes().first()? {
        b'0'..=b'9' => (whole[..19].replace(' ', "T"), &whole[20..]),
        _ => (format!("{YEAR}-11-{:0>2}T{}", whole[4..6].trim(), &whole[7..15]), &whole[16..]),
    };
    let seconds = chrono::NaiveDateTime::parse_from_str(&time, "%FT%T").ok()?.and_utc().timestamp();
    let nanos = seconds * 1_000_000_000;
    if whole.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(Parts { whole, time, nanos, host: "", program: "exim", pid: "1", message: rest });
    }
    let (head, message) = rest.split_once(": ")?;
    let (host, tag) = head.split_once(' ')?;
    let (program, pid) = tag.split_once('[').unwrap_or((tag, "1]"));
    Some(Parts { whole, time, nanos, host, program, pid: pid.trim_end_matches(']'), message })
}

/// How a line is wrapped.
type Frame = (&'static str, fn(&Parts<'_>) -> String);

/// Wrappings of a whole line.
const AROUND: &[Frame] = &[
    ("docker json-file", |p| {
        let log = format!("{}\n", p.whole);
        format!("{}\n", json!({"log": log, "stream": "stdout", "time": format!("{}.123456789Z", p.time)}))
    }),
    ("docker json-file, cut", |p| {
        let at = p.whole.char_indices().nth(p.whole.chars().count() / 2).map_or(0, |(at, _)| at);
        let time = format!("{}.123456789Z", p.time);
        let first = json!({"log": &p.whole[..at], "stream": "stdout", "time": time});
        let rest = json!({"log": format!("{}\n", &p.whole[at..]), "stream": "stdout", "time": time});
        format!("{first}\n{rest}\n")
    }),
    ("docker logs -t", |p| format!("{}.123456789Z {}\n", p.time, p.whole)),
    ("docker-compose", |p| format!("mail-1  | {}\n", p.whole)),
    ("CRI", |p| format!("{}.123456789Z stdout F {}\n", p.time, p.whole)),
    ("CRI, cut", |p| {
        let at = p.whole.char_indices().nth(p.whole.chars().count() / 3).map_or(0, |(at, _)| at);
        let (first, rest) = p.whole.split_at(at);
        format!("{0}.123456789Z stdout P {first}\n{0}.223456789Z stdout F {rest}\n", p.time)
    }),
    ("CloudWatch", |p| {
        format!("{}\n", json!({"timestamp": p.nanos / 1_000_000, "message": p.whole, "ingestionTime": 1}))
    }),
    ("CloudWatch, a list", |p| {
        format!("    {},\n", json!({"timestamp": p.nanos / 1_000_000, "message": p.whole}))
    }),
    ("aws logs, pretty", |p| pretty(&json!({"timestamp": p.nanos / 1_000_000, "message": p.whole}))),
    ("aws logs tail", |p| format!("{}.123000+00:00 mail/x/1 {}\n", p.time, p.whole)),
    ("aws logs, text", |p| format!("EVENTS\t{0}\t{1}\t{0}\n", p.nanos / 1_000_000, p.whole)),
    ("Filebeat", |p| {
        let log = json!({"offset": 1, "file": {"path": "/var/log/mail.log"}});
        format!("{}\n", json!({"@timestamp": format!("{}.5Z", p.time), "message": p.whole, "log": log}))
    }),
    ("Elasticsearch", |p| {
        let source = json!({"@timestamp": format!("{}.5Z", p.time), "message": p.whole});
        format!("{}\n", json!({"_index": "mail", "_id": "x", "_source": source}))
    }),
    ("ECS", |p| {
        let time = format!("{}.5Z", p.time);
        format!("{}\n", json!({"@timestamp": time, "event": {"original": p.whole}, "message": "x"}))
    }),
    ("Fluent Bit", |p| {
        let date = p.nanos as f64 / 1e9 + 0.25;
        format!("{}\n", json!({"date": date, "log": p.whole, "kubernetes": {"pod_name": "mail"}}))
    }),
    ("GELF", |p| {
        let short: String = p.whole.chars().take(20).collect();
        let time = p.nanos as f64 / 1e9;
        format!(
            "{}\n",
            json!({"version": "1.1", "short_message": short, "full_message": p.whole, "timestamp": time})
        )
    }),
    ("Loki", |p| {
        let line = json!({"labels": {"job": "mail"}, "line": p.whole, "timestamp": format!("{}Z", p.time)});
        format!("{line}\n")
    }),
    ("JSON in JSON", |p| {
        let inner =
            json!({"log": format!("{}\n", p.whole), "stream": "stdout", "time": format!("{}Z", p.time)});
        format!("{}\n", json!({"@timestamp": format!("{}.5Z", p.time), "message": inner.to_string()}))
    }),
];

/// Frames in place of syslog's own.
const INSTEAD: &[Frame] = &[
    ("PRI", |p| format!("<22>{}\n", p.whole)),
    ("RFC 3339", |p| format!("{}+00:00 {} {}[{}]: {}\n", p.time, p.host, p.program, p.pid, p.message)),
    ("RFC 3339, a comma and no colon", |p| {
        format!("{},000+0000 {} {}[{}]: {}\n", p.time, p.host, p.program, p.pid, p.message)
    }),
    ("a blank for the T", |p| {
        format!("{} {} {}[{}]: {}\n", p.time.replace('T', " "), p.host, p.program, p.pid, p.message)
    }),
    ("year behind", |p| format!("Nov {} 2026 {}\n", &p.time[8..10], &p.whole[7..])),
    ("year in front", |p| format!("2026 {}\n", p.whole)),
    ("other language", |p| format!("{} nov. {}\n", &p.time[8..10], &p.whole[7..])),
    ("RFC 5424", |p| format!("<22>1 {}Z {} {} {} - - {}\n", p.time, p.host, p.program, p.pid, p.message)),
    ("RFC 5424 with data", |p| {
        format!(
            "<22>1 {}Z {} {} {} id [x@1 a=\"]\"] \u{feff}{}\n",
            p.time, p.host, p.program, p.pid, p.message
        )
    }),
    ("short-full", |p| {
        format!("Tue {} UTC {} {}[{}]: {}\n", p.time.replace('T', " "), p.host, p.program, p.pid, p.message)
    }),
    ("busybox", |p| {
        format!("{} {} mail.info {}[{}]: {}\n", &p.whole[..15], p.host, p.program, p.pid, p.message)
    }),
    ("FreeBSD", |p| format!("{} <mail.info> {}\n", &p.whole[..15], &p.whole[16..])),
    ("journald JSON", |p| format!("{}\n", journald(p))),
    ("journald JSON, pretty", |p| pretty(&journald(p))),
    ("journald JSON, a sequence", |p| format!("\u{1e}{}\n", journald(p))),
    ("journald export", |p| {
        format!(
            "__CURSOR=x\n__REALTIME_TIMESTAMP={}\n_HOSTNAME={}\nSYSLOG_IDENTIFIER={}\nMESSAGE={}\n_PID={}\n\n",
            p.nanos / 1000,
            p.host,
            p.program,
            p.message,
            p.pid
        )
    }),
    ("syslog-ng JSON", |p| {
        let time = format!("{}+00:00", p.time);
        format!(
            "{}\n",
            json!({"PROGRAM": p.program, "PID": p.pid, "MESSAGE": p.message, "HOST": p.host, "ISODATE": time})
        )
    }),
    ("rsyslog JSON", |p| {
        let (tag, time) = (format!("{}[{}]:", p.program, p.pid), format!("{}+00:00", p.time));
        let msg = format!(" {}", p.message);
        format!(
            "{}\n",
            json!({"msg": msg, "timereported": time, "hostname": p.host, "syslogtag": tag, "programname": "postfix"})
        )
    }),
    ("Fluentd", |p| {
        let time = format!("{}Z", p.time);
        format!(
            "{}\n",
            json!({"time": time, "host": p.host, "ident": p.program, "pid": p.pid, "message": p.message})
        )
    }),
    ("Vector", |p| {
        let time = format!("{}Z", p.time);
        format!(
            "{}\n",
            json!({"timestamp": time, "host": p.host, "appname": p.program, "procid": p.pid, "message": p.message})
        )
    }),
    ("Graylog", |p| {
        let time = format!("{}.000Z", p.time);
        format!(
            "{}\n",
            json!({"timestamp": time, "source": p.host, "application_name": p.program, "message": p.message})
        )
    }),
];

fn journald(p: &Parts<'_>) -> Value {
    let micros = (p.nanos / 1000).to_string();
    json!({
        "__REALTIME_TIMESTAMP": micros, "_HOSTNAME": p.host, "SYSLOG_IDENTIFIER": p.program, "_PID": p.pid,
        "MESSAGE": p.message, "PRIORITY": "6",
    })
}

fn pretty(value: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).expect("JSON"))
}

/// The refusals without their places.
fn told(jsonl: &str) -> Vec<Value> {
    let told = |line: &str| {
        let mut value: Value = serde_json::from_str(line).expect("JSON");
        let fields = value.as_object_mut().expect("an object");
        fields.retain(|name, _| !matches!(name.as_str(), "source" | "origins" | "line" | "origin"));
        if let Some(attempts) = fields.get_mut("attempts").and_then(Value::as_array_mut) {
            for attempt in attempts.iter_mut().filter_map(Value::as_object_mut) {
                attempt.retain(|name, _| !matches!(name.as_str(), "line" | "origin" | "source"));
            }
        }
        value
    };
    jsonl.lines().map(told).collect()
}

fn check(sample: &str, text: &str, (name, frame): &Frame) {
    let lines: Vec<Parts<'_>> = text.lines().filter_map(parts).collect();
    let plain: String = lines.iter().map(|p| format!("{}\n", p.whole)).collect();
    let wrapped: String = lines.iter().map(frame).collect();
    let (expect, got) =
        (told(&read_bytes("x", plain.into_bytes())), told(&read_bytes("x", wrapped.into_bytes())));
    assert!(!expect.is_empty(), "{sample}");
    for (n, (expect, got)) in expect.iter().zip(&got).enumerate() {
        assert_eq!(got, expect, "{sample} as {name}: record {n}");
    }
    assert_eq!(got.len(), expect.len(), "{sample} as {name}");
}

#[test]
fn frames_do_not_matter() {
    for name in ["all-rows.log", "incoming-rejects.log"] {
        let text = fs::read_to_string(project("sample-logs/postfix").join(name)).expect("a sample");
        AROUND.iter().chain(INSTEAD).for_each(|frame| check(name, &text, frame));
    }
    for name in ["all-rows.mainlog", "incoming.mainlog"] {
        let text = fs::read_to_string(project("sample-logs/exim").join(name)).expect("a sample");
        AROUND.iter().for_each(|frame| check(name, &text, frame));
    }
}

/// All that a snapshot holds of refusals.
fn everything(snapshot: &Snapshot) -> String {
    snapshot.iter().map(|(_, rejection)| format!("{:?}\n", rejection.to_rejection().evidence)).collect()
}

/// Reads `log` on one thread and in segments, in `zone`.
#[track_caller]
fn check_segments(name: &str, log: &str, zone: &str) -> String {
    let now = Utc.with_ymd_and_hms(2026, 11, 20, 0, 0, 0).single().expect("a date");
    let zone = zone.parse().expect("a zone");
    let bytes = log.as_bytes().to_vec();
    let expect = everything(&read_alone_in_zone(&KNOWLEDGE, name, Cursor::new(bytes), None, zone, now));
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("x.log");
    fs::write(&path, log).expect("a file");
    let file = fs::File::options().write(true).open(&path).expect("opens");
    file.set_modified(now.into()).expect("a time");
    for (segment_bytes, n_workers) in [(300, 1), (1000, 2), (5000, 3), (40_000, 4), (1 << 40, 1)] {
        let got = read_in_segments_in_zone(&KNOWLEDGE, &path, None, zone, now, segment_bytes, n_workers);
        let got = everything(&got);
        let differs = got.lines().zip(expect.lines()).find(|(got, expect)| got != expect);
        assert!(got == expect, "{name}, {segment_bytes} bytes, {n_workers} workers: {differs:#?}");
    }
    expect
}

fn generated() -> String {
    let shares = Shares { refused: 100, deferred: 120, turned_away: 200, ..Shares::default() };
    let mut log = Vec::new();
    write_postfix_log(&mut log, 100_000, &shares).expect("memory can be written");
    String::from_utf8(log).expect("text")
}

#[test]
fn frames_in_segments() {
    let log = generated();
    for (name, frame) in AROUND.iter().chain(INSTEAD) {
        let wrapped: String = log.lines().filter_map(parts).map(|p| frame(&p)).collect();
        check_segments(name, &wrapped, "UTC");
    }
}

#[test]
fn repeated_lines_in_segments() {
    let mut log = String::new();
    for (n, line) in generated().lines().enumerate() {
        log.push_str(line);
        log.push('\n');
        let message = line.split_once("]: ").map_or("", |(_, message)| message);
        match n % 5 {
            0 => log.push_str(&format!("{} out2 last message repeated {} times\n", &line[..15], n % 7)),
            1 => log.push_str(&format!("{} last message repeated 1 time\n", &line[..15])),
            2 => {
                let head = &line[..line.len() - message.len()];
                log.push_str(&format!("{head}message repeated {} times: [ {message}]\n", n % 7 + 1));
            }
            _ => {}
        }
    }
    let got = check_segments("repeated", &log, "UTC");
    assert!(got.matches("NOQUEUE").count() < got.len());
}

#[test]
fn a_zone_with_an_hour_that_comes_twice() {
    let log = generated();
    // Two passes of the hour from two to three, each line some seconds after the other.
    let n = log.lines().count();
    let each: String = log
        .lines()
        .enumerate()
        .map(|(at, line)| {
            let second = 3000 + at * 10_000 / n;
            let shown = if second >= 7200 { second - 3600 } else { second };
            let (hour, minute, second) = (1 + shown / 3600, shown / 60 % 60, shown % 60);
            format!("Oct 25 {hour:02}:{minute:02}:{second:02}{}\n", &line[15..])
        })
        .collect();
    let got = check_segments("Oct 25", &each, "Europe/Berlin");
    assert!(got.contains("2026-10-25T00:") && got.contains("2026-10-25T01:"), "both passes");
    check_segments("Oct 25 in no such zone", &each, "+01:00");
    let exim: String = fs::read_to_string(project("sample-logs/exim/all-rows.mainlog"))
        .expect("a sample")
        .lines()
        .enumerate()
        .map(|(at, line)| {
            let shown = 7200 + at * 20 % 3600;
            format!("2026-10-25 02:{:02}:{:02}{}\n", shown / 60 % 60, shown % 60, &line[19..])
        })
        .collect();
    check_segments("exim", &exim, "Europe/Berlin");
}

#[test]
fn samples_in_another_zone() {
    for sample in
        samples().iter().filter(|sample| sample.starts_with("postfix") || sample.starts_with("exim"))
    {
        let Ok(text) = fs::read_to_string(project("sample-logs").join(sample)) else { continue };
        check_segments(&sample.display().to_string(), &text, "America/New_York");
    }
}
