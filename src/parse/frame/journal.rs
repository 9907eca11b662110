//! systemd's journal in its two exchange forms.
//!
//! `journalctl -o json`: `{"__REALTIME_TIMESTAMP":"1795000000000000","_HOSTNAME":"mx","SYSLOG_IDENTIFIER":
//! "postfix/smtp","MESSAGE":"…"}`, one entry a line; `MESSAGE` is an array of bytes if it is no text.
//! `journalctl -o export`: one `KEY=value` a line and an empty line after each entry; a value that is no text is
//! written as its length (64 bits, little endian) and its bytes (systemd's "Journal Export Formats").

use crate::model::{Origin, Timestamp};
use crate::parse::event::LogLine;
use serde::Deserialize;
use std::borrow::Cow;

/// One entry, as far as it matters here.
#[derive(Clone, Default, Debug)]
pub struct Entry {
    time: Option<Timestamp>,
    host: Option<String>,
    program: Option<String>,
    pid: Option<u32>,
    message: Option<String>,
    /// The line with the message.
    origin: Option<Origin>,
}

impl Entry {
    /// The entry as a log line; `None` without program or message.
    pub fn line(&self) -> Option<LogLine<'_>> {
        Some(LogLine {
            time: self.time,
            host: self.host.as_deref(),
            program: self.program.as_deref()?,
            pid: self.pid,
            message: Cow::Borrowed(self.message.as_deref()?),
        })
    }

    /// Where the message stands, for an entry of the export form.
    pub fn origin(&self) -> Option<Origin> {
        self.origin
    }

    fn set(&mut self, key: &str, value: &str) {
        match key {
            "__REALTIME_TIMESTAMP" => self.time = micros(value),
            "_HOSTNAME" => self.host = Some(value.into()),
            "SYSLOG_IDENTIFIER" => self.program = Some(value.into()),
            // Postfix in a container of its own has no identifier but the process's name.
            "_COMM" if self.program.is_none() => self.program = Some(value.into()),
            "SYSLOG_PID" | "_PID" => self.pid = value.parse().ok().or(self.pid),
            "MESSAGE" => self.message = Some(value.into()),
            _ => {}
        }
    }
}

fn micros(text: &str) -> Option<Timestamp> {
    Timestamp::from_timestamp_micros(text.parse().ok()?)
}

/// Reads one line of `journalctl -o json`; `None` if it is no journal entry.
pub fn json(line: &[u8]) -> Option<Entry> {
    #[derive(Deserialize)]
    struct Raw {
        #[serde(rename = "__REALTIME_TIMESTAMP")]
        time: Option<Value>,
        #[serde(rename = "_HOSTNAME")]
        host: Option<Value>,
        #[serde(rename = "SYSLOG_IDENTIFIER")]
        program: Option<Value>,
        #[serde(rename = "_COMM")]
        comm: Option<Value>,
        #[serde(rename = "_PID")]
        pid: Option<Value>,
        #[serde(rename = "MESSAGE")]
        message: Option<Value>,
    }
    // Cheap and enough: other JSON logs have other keys.
    memchr::memmem::find(line, b"\"MESSAGE\"")?;
    let raw: Raw = serde_json::from_slice(line).ok()?;
    let text = |value: Option<Value>| value.and_then(Value::text);
    Some(Entry {
        time: text(raw.time).and_then(|t| micros(&t)),
        host: text(raw.host),
        program: text(raw.program).or(text(raw.comm)),
        pid: text(raw.pid).and_then(|p| p.parse().ok()),
        message: Some(text(raw.message)?),
        origin: None,
    })
}

/// A field of a JSON entry. A field that was set several times is an array of its values.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Number(u64),
    Bytes(Vec<u8>),
    Several(Vec<String>),
    Other(serde::de::IgnoredAny),
}

impl Value {
    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number.to_string()),
            Self::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Self::Several(values) => values.into_iter().next(),
            Self::Other(_) => None,
        }
    }
}

/// What a line is to an [`Export`].
#[derive(Debug)]
pub enum Taken {
    /// Not of the export form.
    No,
    /// Part of an entry.
    Part,
    /// The end of an entry.
    Entry(Entry),
}

/// Collects the entries of the export form, line by line.
#[derive(Default, Debug)]
pub struct Export {
    entry: Option<Entry>,
    binary: Option<Binary>,
}

/// A value given by its length, which may run over several lines.
#[derive(Debug)]
struct Binary {
    key: String,
    /// Length field and value so far, with their line ends.
    bytes: Vec<u8>,
    origin: Origin,
}

impl Binary {
    /// Whether all announced bytes are there.
    fn complete(&self) -> bool {
        self.len().is_some_and(|len| self.bytes.len() - 8 >= len)
    }

    fn len(&self) -> Option<usize> {
        let len = u64::from_le_bytes(self.bytes.get(..8)?.try_into().ok()?);
        usize::try_from(len).ok()
    }
}

/// Longer values are no log lines: a core dump, or a length that was misread.
const MAX_BINARY: usize = 1 << 20;

impl Export {
    /// Whether an entry has begun and not ended.
    pub fn is_open(&self) -> bool {
        self.entry.is_some() || self.binary.is_some()
    }

    /// Takes the next line.
    pub fn line(&mut self, bytes: &[u8], origin: Origin) -> Taken {
        if let Some(mut binary) = self.binary.take() {
            binary.bytes.extend_from_slice(bytes);
            binary.bytes.push(b'\n');
            if binary.complete() {
                let len = binary.len().unwrap_or(0);
                let value = String::from_utf8_lossy(&binary.bytes[8..8 + len]).into_owned();
                self.set(&binary.key, &value, binary.origin);
            } else if binary.bytes.len() < MAX_BINARY {
                self.binary = Some(binary);
            }
            return Taken::Part;
        }
        if bytes.is_empty() {
            return match self.entry.take() {
                Some(entry) => Taken::Entry(entry),
                None => Taken::No,
            };
        }
        let opens = bytes.starts_with(b"__CURSOR=") || bytes.starts_with(b"__REALTIME_TIMESTAMP=");
        if self.entry.is_none() && !opens {
            return Taken::No;
        }
        let key_len = bytes.iter().take_while(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_')).count();
        let key = String::from_utf8_lossy(&bytes[..key_len]);
        match bytes.get(key_len) {
            Some(b'=') => {
                let value = String::from_utf8_lossy(&bytes[key_len + 1..]);
                self.set(&key, &value, origin);
            }
            None => {
                let key = key.into_owned();
                self.binary = Some(Binary { key, bytes: Vec::new(), origin });
            }
            Some(_) => {
                // Not the export form after all.
                self.entry = None;
                return Taken::No;
            }
        }
        Taken::Part
    }

    /// The entry that was not ended by an empty line.
    pub fn finish(&mut self) -> Option<Entry> {
        self.entry.take()
    }

    fn set(&mut self, key: &str, value: &str, origin: Origin) {
        let entry = self.entry.get_or_insert_default();
        entry.set(key, value);
        if key == "MESSAGE" {
            entry.origin = Some(origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceId;
    use crate::parse::Lines;

    fn show(entry: &Entry) -> String {
        let line = entry.origin.map_or(0, |o| o.line);
        entry.line().map_or("none".into(), |l| {
            let time = l.time.map_or("-".into(), |t| t.format("%FT%TZ").to_string());
            format!("{time} {} {} {line} |{}", l.host.unwrap_or("-"), l.program, l.message)
        })
    }

    #[track_caller]
    fn check_json(line: &str, expect: &str) {
        assert_eq!(json(line.as_bytes()).map_or("none".into(), |e| show(&e)), expect);
    }

    #[test]
    fn json_entries() {
        check_json(
            r#"{"__REALTIME_TIMESTAMP":"1795000000000000","_HOSTNAME":"mx","SYSLOG_IDENTIFIER":"postfix/smtp","MESSAGE":"a \"b\""}"#,
            "2026-11-18T11:06:40Z mx postfix/smtp 0 |a \"b\"",
        );
        check_json(r#"{"SYSLOG_IDENTIFIER":"exim","MESSAGE":[97,255,98],"X":[1]}"#, "- - exim 0 |a\u{fffd}b");
        check_json(
            r#"{"__REALTIME_TIMESTAMP":1795000000000000,"SYSLOG_IDENTIFIER":["exim","x"],"MESSAGE":"a","_PID":7}"#,
            "2026-11-18T11:06:40Z - exim 0 |a",
        );
        check_json(r#"{"MESSAGE":null}"#, "none");
        check_json(r#"{"message":"x"}"#, "none");
        check_json(r#"{"MESSAGE":"#, "none");
    }

    #[track_caller]
    fn check_export(text: &[u8], expect: &[&str]) {
        let mut export = Export::default();
        let mut got: Vec<String> = Lines::new(SourceId(0), text, 1, 0)
            .filter_map(|l| match export.line(l.bytes, l.origin()) {
                Taken::Entry(entry) => Some(show(&entry)),
                Taken::Part => None,
                Taken::No => Some("no".into()),
            })
            .collect();
        got.extend(export.finish().map(|e| show(&e)));
        assert_eq!(got, expect);
    }

    #[test]
    fn export_entries() {
        check_export(
            b"__CURSOR=s\n__REALTIME_TIMESTAMP=1795000000000000\nMESSAGE=a=b\n_HOSTNAME=mx\nSYSLOG_IDENTIFIER=exim\n\n\
              __CURSOR=t\nSYSLOG_IDENTIFIER=exim\nMESSAGE\n\x04\0\0\0\0\0\0\0a\n\nb\n_PID=4",
            &["2026-11-18T11:06:40Z mx exim 3 |a=b", "- - exim 9 |a\n\nb"],
        );
        check_export(b"KEY=value\n\n", &["no", "no"]);
        check_export(b"__CURSOR=x\nno such line\n", &["no"]);
    }
}
