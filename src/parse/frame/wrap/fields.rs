//! The fields in which journals, collectors and log services keep a line, its time, its host and its program.

use crate::model::Timestamp;
use crate::parse::frame::Stamp;
use crate::parse::frame::stamp::{bsd, iso};

/// What a field is. The lower of two ranks counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Field {
    /// A line or its message.
    Text(u8),
    Time(u8),
    Host(u8),
    Program(u8),
    Pid(u8),
    /// Docker's `stream`.
    Stream,
    /// A list of lines.
    List,
}

/// What the field at `path` is; `None` if it does not matter.
///
/// journald, syslog-ng's and rsyslog's JSON, Docker, Filebeat and ECS, Vector, Fluentd, Logstash, GELF and Graylog,
/// CloudWatch, Splunk, Google Cloud Logging, Azure Monitor, Loki.
pub(super) fn field(path: &str) -> Option<Field> {
    use Field::{Host, List, Pid, Program, Stream, Text, Time};
    Some(match path {
        "MESSAGE" => Text(0),
        "message" => Text(1),
        "log" => Text(2),
        "line" | "Line" => Text(3),
        "msg" | "@message" | "body" | "textPayload" | "SyslogMessage" => Text(4),
        "event.original" | "_raw" | "rawmsg" | "raw" => Text(5),
        "full_message" => Text(6),
        "short_message" => Text(7),
        "__REALTIME_TIMESTAMP" => Time(0),
        "@timestamp" | "timereported" | "ISODATE" => Time(1),
        "time" => Time(2),
        "timestamp" | "TimeGenerated" | "EventTime" => Time(3),
        "ts" | "_time" | "date" | "DATE" | "@t" => Time(4),
        "_HOSTNAME" | "HOST" => Host(0),
        "host.name" | "host" | "syslog_hostname" => Host(1),
        "hostname" | "logsource" | "HostName" | "host.hostname" | "log.syslog.hostname" => Host(2),
        "Computer" | "source" => Host(3),
        "SYSLOG_IDENTIFIER" | "PROGRAM" | "syslogtag" => Program(0),
        "program" | "ident" | "appname" | "app_name" | "app-name" => Program(1),
        "application_name" | "_application_name" | "syslog_identifier" | "syslog_program" => Program(1),
        "process.name" | "ProcessName" | "log.syslog.appname" | "app" => Program(2),
        // Postfix in a container of its own has no identifier but the process's name.
        "_COMM" | "programname" => Program(3),
        "SYSLOG_PID" | "PID" | "process.pid" | "ProcessID" | "log.syslog.procid" => Pid(0),
        "_PID" | "pid" | "procid" | "process_id" | "_process_id" | "syslog_pid" => Pid(1),
        "stream" => Stream,
        "events" | "hits.hits" | "results" | "logEvents" | "Events" | "value" => List,
        _ => return None,
    })
}

/// Whether an object at `path` may hold such fields.
pub(super) fn is_outer(path: &str) -> bool {
    matches!(path, "event" | "host" | "process" | "log" | "log.syslog" | "hits")
}

/// An object that only holds the record: its fields count as if they stood outside.
pub(super) fn is_transparent(path: &str) -> bool {
    matches!(path, "_source" | "result" | "jsonPayload" | "source" | "fields" | "labels" | "attributes")
}

/// A time as it may be written: `2026-11-17T14:51:07Z`, `Nov 17 14:51:07`, seconds to nanoseconds since 1970.
pub(super) fn moment(text: &str) -> Option<Stamp> {
    let text = text.trim();
    if text.contains(':') {
        return match iso(text).or_else(|| bsd(text))?.0 {
            // Log services keep UTC.
            Stamp::Local(time) => Some(Stamp::Full(time)),
            stamp => Some(stamp),
        };
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if !(9..=19).contains(&whole.len()) || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let nanos = match whole.len() {
        9..=11 => {
            let nanos: i64 = format!("{part:0<9}").get(..9)?.parse().ok()?;
            number.checked_mul(1_000_000_000)?.checked_add(nanos)?
        }
        12..=14 => number.checked_mul(1_000_000)?,
        15..=17 => number.checked_mul(1000)?,
        _ => number,
    };
    Some(Stamp::Full(Timestamp::from_timestamp_nanos(nanos)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let check = |text: &str, expect: &str| {
            let got = match moment(text) {
                Some(Stamp::Full(time)) => time.format("%FT%T%.fZ").to_string(),
                Some(Stamp::NoYear { month, day, .. }) => format!("{month}-{day}"),
                other => format!("{other:?}"),
            };
            assert_eq!(got, expect, "{text}");
        };
        check("2026-11-17T14:51:07.5+01:00", "2026-11-17T13:51:07.500Z");
        check("2026-11-17 14:51:07", "2026-11-17T14:51:07Z");
        check("Nov 17 14:51:07", "11-17");
        check("1795000000", "2026-11-18T11:06:40Z");
        check("1795000000.25", "2026-11-18T11:06:40.250Z");
        check("1795000000123", "2026-11-18T11:06:40.123Z");
        check("1795000000123456", "2026-11-18T11:06:40.123456Z");
        check("1795000000123456789", "2026-11-18T11:06:40.123456789Z");
        for none in ["", "-", "x", "12", "9999999999999999999", "1795000000.x", "é:", "99999999999999999"] {
            let got = moment(none);
            assert!(got.is_none() || none.starts_with("9999999999999999"), "{none} {got:?}");
        }
    }
}
