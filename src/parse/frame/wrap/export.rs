//! systemd's journal in its export form (`journalctl -o export`), one `KEY=value` a line.
//!
//! An empty line ends an entry; a value that is no text is written as its length (64 bits, little endian) and its bytes
//! (systemd's "Journal Export Formats").

use super::fields::moment;
use super::{Taken, Unwrapped};
use crate::model::Origin;
use crate::parse::frame::Stamp;

/// Collects the entries of the export form, line by line.
#[derive(Default, Debug)]
pub(super) struct Export {
    entry: Option<Entry>,
    binary: Option<Binary>,
}

/// An entry that has begun.
#[derive(Default, Debug)]
struct Entry {
    stamp: Option<Stamp>,
    host: Option<String>,
    program: Option<String>,
    comm: Option<String>,
    pid: Option<u32>,
    /// The message and where it stands.
    message: Option<(String, Origin)>,
}

impl Entry {
    fn set(&mut self, key: &str, value: &str, origin: Origin) {
        match key {
            "__REALTIME_TIMESTAMP" => self.stamp = moment(value),
            "_HOSTNAME" => self.host = Some(value.into()),
            "SYSLOG_IDENTIFIER" => self.program = Some(value.into()),
            // Postfix in a container of its own has no identifier but the process's name.
            "_COMM" => self.comm = Some(value.into()),
            "SYSLOG_PID" | "_PID" => self.pid = value.parse().ok().or(self.pid),
            "MESSAGE" => self.message = Some((value.into(), origin)),
            _ => {}
        }
    }

    /// As a log line; `None` without message or program.
    fn line(self) -> Option<Unwrapped> {
        let (message, origin) = self.message?;
        let one = Unwrapped {
            stamp: self.stamp.unwrap_or(Stamp::None),
            host: self.host,
            program: self.program.or(self.comm),
            pid: self.pid,
            texts: vec![message],
            ..Unwrapped::at(origin)
        };
        one.is_framed().then_some(one)
    }
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
    pub(super) fn is_open(&self) -> bool {
        self.entry.is_some() || self.binary.is_some()
    }

    /// Takes the next line.
    pub(super) fn line(&mut self, bytes: &[u8], origin: Origin) -> Taken {
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
                Some(entry) => entry.line().map_or(Taken::Part, |one| Taken::Lines(vec![one])),
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
    pub(super) fn finish(&mut self) -> Option<Unwrapped> {
        self.entry.take()?.line()
    }

    fn set(&mut self, key: &str, value: &str, origin: Origin) {
        self.entry.get_or_insert_default().set(key, value, origin);
    }

    /// The line numbers were counted from a later line.
    pub(super) fn shift_lines(&mut self, lines: u64) {
        if let Some((_, origin)) = self.entry.as_mut().and_then(|entry| entry.message.as_mut()) {
            origin.line += lines;
        }
        if let Some(binary) = &mut self.binary {
            binary.origin.line += lines;
        }
    }
}
