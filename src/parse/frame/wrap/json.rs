//! A JSON object a line, and what it tells of the log line in it.
//!
//! `{"__REALTIME_TIMESTAMP":"1795000000000000","_HOSTNAME":"mx","SYSLOG_IDENTIFIER":"postfix/smtp","MESSAGE":"…"}`;
//! which fields count stands in [`fields`]. A value that is no text is an array of bytes in journald's JSON, one that was
//! set several times an array of its values.

use super::Unwrapped;
use super::fields::{self, Field, moment};
use super::line::Split;
use crate::model::{Origin, SourceId};
use crate::parse::frame::Stamp;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use std::fmt;

/// Lines taken from one list.
const MAX_LINES: usize = 100_000;

/// Texts kept of one record: which is the line shows later.
const MAX_TEXTS: usize = 4;

/// Objects within objects that are looked into.
const MAX_DEPTH: usize = 8;

/// The log lines in a line of JSON.
pub(super) fn read(text: &[u8], origin: Origin) -> Vec<Unwrapped> {
    // A line of a list may begin with its bracket, and end in a comma or bracket.
    let found = walk(text, origin).or_else(|| walk(text.strip_prefix(b"[")?, origin)).unwrap_or_default();
    let outer = found.record.finish(origin).map(|(_, one)| one);
    outer.into_iter().chain(found.lines).flat_map(parted).collect()
}

/// The log line in an object, and the field in which its text stands.
pub(super) fn read_with_key(text: &[u8]) -> Option<(String, Unwrapped)> {
    let nowhere = Origin { source: SourceId(0), line: 0, start: 0, len: 0 };
    walk(text, nowhere)?.record.finish(nowhere)
}

/// A collector may have joined several lines.
fn parted(one: Unwrapped) -> Vec<Unwrapped> {
    match one.texts.as_slice() {
        [text] if one.program.is_none() && one.split.is_none() && text.contains('\n') => {
            let line = |line: &str| Unwrapped {
                texts: vec![line.to_owned()],
                host: one.host.clone(),
                ..Unwrapped { stamp: one.stamp, ..Unwrapped::at(one.origins[0]) }
            };
            text.lines().take(MAX_LINES).map(line).collect()
        }
        _ => vec![one],
    }
}

#[derive(Default)]
struct Found {
    record: Record,
    lines: Vec<Unwrapped>,
}

fn walk(text: &[u8], origin: Origin) -> Option<Found> {
    let mut found = Found::default();
    let mut path = String::new();
    if text.starts_with(b"[") {
        path.push_str("events");
    }
    let Found { record, lines } = &mut found;
    let walk = Walk { record, lines, path: &mut path, depth: 0, origin };
    walk.deserialize(&mut serde_json::Deserializer::from_slice(text)).ok()?;
    Some(found)
}

/// What is known of one line.
#[derive(Default)]
struct Record {
    texts: Vec<(u8, String, String)>,
    time: Option<(u8, Stamp)>,
    host: Option<(u8, String)>,
    program: Option<(u8, String)>,
    pid: Option<(u8, u32)>,
    stream: Option<String>,
    n_keys: usize,
}

fn better<T>(place: &mut Option<(u8, T)>, rank: u8, value: T) {
    if place.as_ref().is_none_or(|(old, _)| rank < *old) {
        *place = Some((rank, value));
    }
}

impl Record {
    fn set(&mut self, path: &str, value: &str) {
        match fields::field(path) {
            Some(Field::Text(rank)) if self.texts.len() < MAX_TEXTS => {
                self.texts.push((rank, path.to_owned(), value.to_owned()));
            }
            Some(Field::Time(rank)) => {
                if let Some(stamp) = moment(value) {
                    better(&mut self.time, rank, stamp);
                }
            }
            Some(Field::Stream) => self.stream = Some(value.to_owned()),
            _ if matches!(value, "" | "-") => {}
            Some(Field::Host(rank)) => better(&mut self.host, rank, value.to_owned()),
            Some(Field::Program(rank)) => {
                // rsyslog's tag: `postfix/smtp[7]:`
                let tag = value.trim_end_matches(':');
                let (name, pid) =
                    tag.strip_suffix(']').and_then(|tag| tag.split_once('[')).unwrap_or((tag, ""));
                better(&mut self.program, rank, name.to_owned());
                if let Ok(pid) = pid.parse() {
                    better(&mut self.pid, u8::MAX, pid);
                }
            }
            Some(Field::Pid(rank)) => {
                if let Ok(pid) = value.parse() {
                    better(&mut self.pid, rank, pid);
                }
            }
            _ => {}
        }
    }

    /// The line, and the field with its text.
    fn finish(mut self, origin: Origin) -> Option<(String, Unwrapped)> {
        self.texts.sort_by_key(|(rank, ..)| *rank);
        let key = self.texts.first()?.1.clone();
        // Docker's own files have these three fields, and perhaps `attrs`.
        let docker = self.n_keys <= 4 && self.texts.len() == 1 && key == "log" && self.time.is_some();
        let split = self.stream.filter(|_| docker).map(|stream| Split {
            stream,
            last: self.texts[0].2.ends_with('\n'),
            guessed: true,
        });
        let whole = |text: String| match split {
            Some(Split { last: false, .. }) => text,
            _ => without_line_end(text),
        };
        let texts = self.texts.into_iter().map(|(_, _, text)| whole(text)).collect();
        let one = Unwrapped {
            stamp: self.time.map_or(Stamp::None, |(_, stamp)| stamp),
            host: self.host.map(|(_, host)| host),
            program: self.program.map(|(_, program)| program),
            pid: self.pid.map(|(_, pid)| pid),
            texts,
            split,
            ..Unwrapped::at(origin)
        };
        Some((key, one))
    }
}

/// Some programs escape twice: `\n` at the end, and `\\n` within, are two and three characters then.
fn without_line_end(mut text: String) -> String {
    while let Some(shorter) = ["\n", "\r", "\\n", "\\r"].iter().find_map(|end| text.strip_suffix(end)) {
        text.truncate(shorter.len());
    }
    if text.contains("\\\\n") { text.replace("\\\\n", "\\n") } else { text }
}

/// Walks through JSON, noting the fields that matter.
struct Walk<'a> {
    record: &'a mut Record,
    lines: &'a mut Vec<Unwrapped>,
    /// The names of the objects around, with dots; empty where a record begins.
    path: &'a mut String,
    depth: usize,
    origin: Origin,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.record.set(self.path, text);
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.visit_str(&number.to_string())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let outer = fields::is_transparent(self.path) || fields::field(self.path) == Some(Field::List);
        let outer = outer.then(|| std::mem::take(self.path));
        let len = self.path.len();
        while map.next_key_seed(Key(self.path))?.is_some() {
            self.record.n_keys += usize::from(len == 0);
            let known = fields::field(self.path).is_some()
                || fields::is_outer(self.path)
                || fields::is_transparent(self.path);
            if known && self.depth < MAX_DEPTH {
                let (record, lines) = (&mut *self.record, &mut *self.lines);
                let (path, depth, origin) = (&mut *self.path, self.depth + 1, self.origin);
                map.next_value_seed(Walk { record, lines, path, depth, origin })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            self.path.truncate(len);
        }
        if let Some(outer) = outer {
            *self.path = outer;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        match fields::field(self.path) {
            Some(Field::List) if self.depth < MAX_DEPTH => loop {
                let mut record = Record::default();
                let mut path = String::new();
                let (lines, depth, origin) = (&mut *self.lines, self.depth + 1, self.origin);
                let one = Walk { record: &mut record, lines, path: &mut path, depth, origin };
                if seq.next_element_seed(one)?.is_none() {
                    return Ok(());
                }
                if self.lines.len() < MAX_LINES {
                    self.lines.extend(record.finish(self.origin).map(|(_, one)| one));
                }
            },
            Some(Field::Text(_) | Field::Time(_) | Field::Host(_) | Field::Program(_) | Field::Pid(_)) => {
                let (mut bytes, mut first) = (Vec::new(), None);
                while let Some(part) = seq.next_element::<Part>()? {
                    match part {
                        Part::Byte(byte) => bytes.push(byte),
                        Part::Text(text) => first = first.or(Some(text)),
                        Part::Other => {}
                    }
                }
                let text = first.unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned());
                self.record.set(self.path, &text);
            }
            _ => while seq.next_element::<IgnoredAny>()?.is_some() {},
        }
        Ok(())
    }
}

/// Adds a key to the path.
struct Key<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        if !self.0.is_empty() {
            self.0.push('.');
        }
        self.0.push_str(key);
        Ok(())
    }
}

/// An element of a field that is an array.
enum Part {
    Byte(u8),
    Text(String),
    Other,
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;

        impl<'de> Visitor<'de> for PartVisitor {
            type Value = Part;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an element")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Part, E> {
                Ok(u8::try_from(number).map_or(Part::Other, Part::Byte))
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Part, E> {
                Ok(Part::Other)
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Part, E> {
                Ok(Part::Other)
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Part, E> {
                Ok(Part::Other)
            }

            fn visit_unit<E: Error>(self) -> Result<Part, E> {
                Ok(Part::Other)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Part, E> {
                Ok(Part::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Part, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Part::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Part, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Part::Other)
            }
        }
        deserializer.deserialize_any(PartVisitor)
    }
}
