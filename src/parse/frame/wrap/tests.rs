use super::*;
use crate::model::SourceId;
use crate::parse::Lines;
use crate::parse::frame::Stamp;
use proptest::prelude::*;

/// `time host program[pid] lines |message` of each log line in `text`; lines that are none are left out.
fn read(text: &[u8]) -> Vec<String> {
    let mut wraps = Wraps::default();
    let mut got = Vec::new();
    let mut show = |lines: &[Unwrapped]| {
        for line in lines {
            let Some(f) = line.framed() else { continue };
            let stamp = match f.stamp {
                Stamp::None => "-".into(),
                Stamp::Full(t) => t.format("%FT%TZ").to_string(),
                Stamp::Local(t) => t.format("%FT%T").to_string(),
                Stamp::NoYear { month, day, secs, .. } => format!("{month}-{day}T{secs}"),
            };
            let pid = f.pid.map_or(String::new(), |pid| format!("[{pid}]"));
            let places: Vec<_> = line.origins.iter().map(|o| o.line.to_string()).collect();
            let (host, places) = (f.host.unwrap_or("-"), places.join(","));
            got.push(format!("{stamp} {host} {}{pid} {places} |{}", f.program, f.message));
        }
    };
    for line in Lines::new(SourceId(0), text, 1, 0) {
        if let Taken::Lines(lines) = wraps.line(line.bytes, line.origin()) {
            show(&lines);
        }
    }
    show(&wraps.finish());
    got
}

#[track_caller]
fn check(text: &str, expect: &[&str]) {
    assert_eq!(read(text.as_bytes()), expect, "{text}");
}

const LINE: &str = "Nov 17 14:51:07 mx postfix/smtp[7]: 4F1C: x";
const EXPECT: &str = "2026-11-17T14:51:07 mx postfix/smtp[7] 1 |4F1C: x";

#[test]
fn journald() {
    check(
        r#"{"__REALTIME_TIMESTAMP":"1795000000000000","_HOSTNAME":"mx","SYSLOG_IDENTIFIER":"postfix/smtp","_PID":"7","MESSAGE":"a \"b\""}"#,
        &["2026-11-18T11:06:40Z mx postfix/smtp[7] 1 |a \"b\""],
    );
    check(r#"{"SYSLOG_IDENTIFIER":"exim","MESSAGE":[97,255,98],"X":[1]}"#, &["- - exim 1 |a\u{fffd}b"]);
    check(
        r#"{"__REALTIME_TIMESTAMP":1795000000000000,"SYSLOG_IDENTIFIER":["exim","x"],"MESSAGE":"a","_PID":7}"#,
        &["2026-11-18T11:06:40Z - exim[7] 1 |a"],
    );
    check(r#"{"SYSLOG_IDENTIFIER":"cron","MESSAGE":"x"}"#, &["- - cron 1 |x"]);
    check("\u{1e}{\"SYSLOG_IDENTIFIER\":\"exim\",\"MESSAGE\":\"x\"}", &["- - exim 1 |x"]);
    check("data: {\"_COMM\":\"exim4\",\"MESSAGE\":\"x\"}\n\n", &["- - exim4 1 |x"]);
    for none in [r#"{"MESSAGE":null}"#, r#"{"message":"x"}"#, r#"{"MESSAGE":"#, "{}", "{", "[1/2] x", "[]"] {
        check(none, &[]);
    }
}

#[test]
fn journald_export() {
    let check = |text: &[u8], expect: &[&str]| assert_eq!(read(text), expect);
    check(
        b"__CURSOR=s\n__REALTIME_TIMESTAMP=1795000000000000\nMESSAGE=a=b\n_HOSTNAME=mx\nSYSLOG_IDENTIFIER=exim\n\n\
          __CURSOR=t\nSYSLOG_IDENTIFIER=exim\nMESSAGE\n\x04\0\0\0\0\0\0\0a\n\nb\n_PID=4",
        &["2026-11-18T11:06:40Z mx exim 3 |a=b", "- - exim[4] 9 |a\n\nb"],
    );
    check(b"KEY=value\n\n", &[]);
    check(b"__CURSOR=x\nno such line\n", &[]);
}

#[test]
fn objects_over_several_lines() {
    check(
        "{\n\t\"_HOSTNAME\" : \"mx\",\n\t\"X\" : [\n\t\t1,\n\t\t2\n\t],\n\t\"SYSLOG_IDENTIFIER\" : \"exim\",\n\
         \t\"MESSAGE\" : \"a { b\"\n}\n{\n\t\"_COMM\" : \"exim\",\n\t\"MESSAGE\" : \"c\"\n}\n",
        &["- mx exim 8 |a { b", "- - exim 12 |c"],
    );
    let events = format!(
        "{{\n    \"events\": [\n        {{\n            \"timestamp\": 1794927067000,\n            \"message\": \"{LINE}\"\n        \
         }},\n        {{\n            \"message\": \"exim[3]: x\"\n        }}\n    ],\n    \"next\": \"f/1\"\n}}\n"
    );
    check(&events, &[&EXPECT.replace(" 1 |", " 5 |"), "- - exim[3] 8 |x"]);
    check("{\nNov 17 14:51:07 mx x: y\n", &[]);
    check("{\n\"MESSAGE\": \"x\"\n", &[]);
}

#[test]
fn containers() {
    for wrapped in [
        format!("{{\"log\":\"{LINE}\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-17T13:51:07.1Z\"}}"),
        format!("2026-11-17T13:51:07.123456789Z stdout F {LINE}"),
        format!("2026-11-17T14:51:07.123456789+01:00 stderr F {LINE}"),
    ] {
        check(&wrapped, &[EXPECT]);
    }
    check(
        "{\"log\":\"2026-11-17 14:51:07 1aBcDe-0001Ab-Cd Completed\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-17T13:51:07Z\"}",
        &["2026-11-17T14:51:07 - exim 1 |1aBcDe-0001Ab-Cd Completed"],
    );
    check(
        "{\"log\":\"postfix/smtp[7]: x\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-17T13:51:07Z\"}",
        &["2026-11-17T13:51:07Z - postfix/smtp[7] 1 |x"],
    );
    check("{\"log\":\"hello\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-17T13:51:07Z\"}", &[]);
    check("2026-11-17T13:51:07Z stdout", &[]);
}

#[test]
fn lines_that_a_runtime_cut() {
    let docker = |stream: &str, text: &str| {
        format!("{{\"log\":\"{text}\",\"stream\":\"{stream}\",\"time\":\"2026-11-17T13:51:07Z\"}}\n")
    };
    let text = docker("stdout", "postfix/smtp[7]: a b")
        + &docker("stderr", "exim[8]: x\\n")
        + &docker("stdout", " c")
        + &docker("stdout", "d\\n");
    check(
        &text,
        &["2026-11-17T13:51:07Z - exim[8] 2 |x", "2026-11-17T13:51:07Z - postfix/smtp[7] 1,3,4 |a b cd"],
    );
    // Line ends that were dropped.
    let text = docker("stdout", "exim[7]: a") + &docker("stdout", "exim[8]: b");
    check(&text, &["2026-11-17T13:51:07Z - exim[7] 1 |a", "2026-11-17T13:51:07Z - exim[8] 2 |b"]);
    check(
        "2026-11-17T13:51:07Z stdout P exim[7]: a \n2026-11-17T13:51:07Z stderr F exim[8]: x\n\
         2026-11-17T13:51:08Z stdout F b",
        &["2026-11-17T13:51:07Z - exim[8] 2 |x", "2026-11-17T13:51:07Z - exim[7] 1,3 |a b"],
    );
}

#[test]
fn collectors() {
    for wrapped in [
        r#"{"@timestamp":"2026-11-17T13:51:08.000Z","message":"LINE","host":{"name":"node1"},"log":{"offset":1,"file":{"path":"x"}}}"#,
        r#"{"_index":"x","_source":{"@timestamp":"2026-11-17T13:51:08.000Z","message":"LINE","agent":{"name":"x"}}}"#,
        r#"{"@timestamp":"2026-11-17T13:51:08.000Z","event":{"original":"LINE"},"message":"4F1C: x"}"#,
        r#"{"@timestamp":"2026-11-17T13:51:08.000Z","event.original":"LINE"}"#,
        r#"{"timestamp":"2026-11-17T13:51:08.000Z","message":"LINE","source_type":"file"}"#,
        r#"{"date":1794923468.25,"log":"LINE","kubernetes":{"pod_name":"mail"}}"#,
        r#"{"version":"1.1","host":"node1","short_message":"Nov 17","full_message":"LINE","timestamp":1794923468.25}"#,
        r#"{"timestamp":1794923468000,"message":"LINE","ingestionTime":1794923469000},"#,
        r#"[{"timestamp":1794923468000,"message":"LINE"},"#,
        r#"{"timestamp":1794923468000,"message":"LINE"}]"#,
        r#"{"events":[{"timestamp":1794923468000,"message":"LINE"}]}"#,
        r#"{"labels":{"app":"mail"},"line":"LINE","timestamp":"2026-11-17T13:51:08Z"}"#,
        r#"{"preview":false,"result":{"_raw":"LINE","_time":"2026-11-17T13:51:08Z","host":"node1"}}"#,
        r#"{"textPayload":"LINE\n","timestamp":"2026-11-17T13:51:08Z","resource":{"type":"x"}}"#,
        r#"{"time":"2026-11-17T13:51:08Z","message":"LINE\\n"}"#,
        r#"{"time":"2026-11-17T13:51:08Z","message":"{\"log\":\"LINE\"}"}"#,
        "EVENTS\t1794923469000\tLINE\t1794923468000",
    ] {
        check(&wrapped.replace("LINE", LINE), &[EXPECT]);
    }
    // What the line has been taken apart to.
    for wrapped in [
        r#"{"PROGRAM":"postfix/smtp","PID":"7","MESSAGE":"4F1C: x","HOST":"mx","DATE":"2026-11-17T13:51:07Z"}"#,
        r#"{"msg":" 4F1C: x","timereported":"2026-11-17T13:51:07Z","hostname":"mx","syslogtag":"postfix/smtp[7]:","programname":"postfix"}"#,
        r#"{"host":"mx","ident":"postfix/smtp","pid":"7","message":"4F1C: x","time":"2026-11-17T13:51:07Z"}"#,
        r#"{"hostname":"mx","appname":"postfix/smtp","procid":7,"message":"4F1C: x","timestamp":"2026-11-17T13:51:07Z"}"#,
        r#"{"host":"mx","short_message":"4F1C: x","_application_name":"postfix/smtp","_process_id":"7","timestamp":1794923467}"#,
        r#"{"@timestamp":"2026-11-17T13:51:07Z","host":{"hostname":"mx"},"process":{"name":"postfix/smtp","pid":7},"message":"4F1C: x"}"#,
        r#"{"TimeGenerated":"2026-11-17T13:51:07Z","HostName":"mx","ProcessName":"postfix/smtp","ProcessID":7,"SyslogMessage":"4F1C: x"}"#,
        r#"{"host":"mx","program":"postfix/smtp","message":"postfix/smtp[7]: 4F1C: x","@timestamp":"2026-11-17T13:51:07Z"}"#,
    ] {
        check(wrapped, &["2026-11-17T13:51:07Z mx postfix/smtp[7] 1 |4F1C: x"]);
    }
    // Several lines in one.
    check(r#"{"message":"exim[1]: a\nexim[2]: b\n"}"#, &["- - exim[1] 1 |a", "- - exim[2] 1 |b"]);
    check(
        r#"[{"message":"exim[1]: a"},{"message":"exim[2]: b"}]"#,
        &["- - exim[1] 1 |a", "- - exim[2] 1 |b"],
    );
}

proptest! {
    /// Damaged and arbitrary input: no panic, and each place is a line of the text.
    #[test]
    fn anything_can_be_unwrapped(pieces in prop::collection::vec(piece(), 0..40)) {
        let text = pieces.concat();
        let mut wraps = Wraps::default();
        let mut n_lines = 0;
        let mut places = Vec::new();
        for line in Lines::new(SourceId(0), text.as_bytes(), 1, 0) {
            n_lines += 1;
            if let Taken::Lines(lines) = wraps.line(line.bytes, line.origin()) {
                places.extend(lines.into_iter().flat_map(|line| line.origins));
            }
        }
        places.extend(wraps.finish().into_iter().flat_map(|line| line.origins));
        prop_assert!(places.iter().all(|place| (1..=n_lines).contains(&place.line)));
        prop_assert!(wraps.is_empty());
    }
}

fn piece() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "\n",
        "\n",
        "{",
        "}",
        "{\n",
        "}\n",
        "},\n",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "\\n",
        "\\",
        " ",
        "\t",
        "é",
        "\u{1e}",
        "{\"log\":\"",
        "\",\"stream\":\"stdout\",\"time\":\"2026-11-17T13:51:07Z\"}\n",
        "\"MESSAGE\"",
        "\"message\": \"",
        "\"_source\":{",
        "\"host\":{\"name\":\"x\"}",
        "\"events\":[",
        "__CURSOR=x\n",
        "MESSAGE\n",
        "MESSAGE=x\n",
        "\u{4}\0\0\0\0\0\0\0",
        "2026-11-17T13:51:07Z stdout F ",
        "2026-11-17T13:51:07Z stderr P ",
        "EVENTS\t1\t2",
        "postfix/smtp[7]: x",
        "Nov 17 14:51:07 mx exim[7]: x",
        "data: {",
        "[{",
        "1794923467000",
        "null",
        "1e400",
        "-",
    ];
    prop_oneof![
        8 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => "[\\x00-\\x7fé]{0,6}",
    ]
}
