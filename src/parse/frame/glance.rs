//! Frames that were seen before, recognised by their bytes.
//!
//! `Nov 17 14:51:07 mx postfix/smtp[7]: ` and `2026-11-17T14:51:07.123456+01:00 mx postfix/smtp[7]: `: a log has many
//! lines of one second and few hosts and programs. A stamp, or a host with its program, is read once by the grammars
//! beside this file and then compared. Lines of any other shape are left to [`framed`](super::framed).

use super::clock::RepeatedHours;
use super::stamp::{Stamp, bsd, iso};
use crate::model::Zone;
use crate::near;
use crate::parse::mta::{self, Dialect};
use std::collections::HashMap;
use std::sync::Arc;

/// So many hosts and programs are remembered. A log has dozens; rubbish must not fill the memory.
const MAX_HEADS: usize = 4096;

/// `Nov 17 14:51:07 `
const BSD_LEN: usize = 16;

/// `2026-11-17T14:51:07`
const ISO_LEN: usize = 19;

/// A host and a program whose lines can be read at a glance.
#[derive(Debug)]
pub struct Head {
    /// The host that wrote the line.
    pub host: Box<str>,
    /// The program with its instance.
    pub program: Box<str>,
    /// The instance on the host.
    pub instance: Box<str>,
    /// The dialect of its lines.
    pub dialect: &'static Dialect,
}

/// A line with its frame taken off.
#[derive(Clone, Copy, Debug)]
pub struct Glanced<'a> {
    /// Month and day of a stamp that lacks its year.
    pub without_year: Option<(u32, u32)>,
    /// The stamp as it is written.
    pub stamp: &'a [u8],
    /// Number of its host and program: see [`Frames::head`].
    pub head: usize,
    /// The digits of the process id.
    pub pid: &'a [u8],
    /// What follows the frame; not empty.
    pub message: &'a [u8],
}

/// The frames seen so far.
#[derive(Default, Debug)]
pub struct Frames {
    bsd: Option<([u8; BSD_LEN], Stamp)>,
    iso: Option<[u8; ISO_LEN]>,
    zone: Vec<u8>,
    heads: Vec<Arc<Head>>,
    by_bytes: HashMap<Box<[u8]>, usize>,
    /// The bytes of each head.
    bytes: Vec<Box<[u8]>>,
    /// For the files of an MTA's own: the head of its lines.
    bare: Option<usize>,
    /// The heads seen last, by a few of their bytes: nearly every look-up ends here.
    recent: Recent,
    /// Of stamps in these hours each is wanted: the order of lines tells their time.
    repeated: Option<RepeatedHours>,
}

/// Places for heads.
#[derive(Debug)]
struct Recent([u16; 256]);

impl Default for Recent {
    fn default() -> Self {
        Self([0; 256])
    }
}

impl Frames {
    /// For a log with stamps of `zone`.
    pub fn in_zone(zone: Zone) -> Self {
        Self { repeated: RepeatedHours::of(zone), ..Self::default() }
    }

    /// Whether a stamp that was not seen before may be of an hour that comes twice.
    fn may_repeat(&mut self, stamp: Stamp) -> bool {
        self.repeated.as_mut().is_some_and(|hours| hours.may_hold(stamp))
    }

    /// The host and program of a line.
    pub fn head(&self, number: usize) -> &Arc<Head> {
        &self.heads[number]
    }

    /// The stamp of the line whose frame was taken off last.
    pub fn stamp(&self, seen: &Glanced<'_>) -> Option<Stamp> {
        match seen.without_year {
            Some(_) => self.bsd.as_ref().map(|(_, stamp)| *stamp),
            None => iso(std::str::from_utf8(seen.stamp).ok()?).map(|(stamp, _)| stamp),
        }
    }

    /// Takes the frame off `line`; `None` if it has to be read by the grammar.
    // Inlined, since what it gives is looked at at once: moving it would cost as much as finding it.
    #[inline(always)]
    pub fn take<'a>(&mut self, line: &'a [u8]) -> Option<Glanced<'a>> {
        if line.first() == Some(&b'<') {
            return self.take_without_priority(line);
        }
        self.take_message(line)
    }

    #[inline(never)]
    fn take_without_priority<'a>(&mut self, line: &'a [u8]) -> Option<Glanced<'a>> {
        self.take_message(without_priority(line)?)
    }

    #[inline(always)]
    fn take_message<'a>(&mut self, line: &'a [u8]) -> Option<Glanced<'a>> {
        let (without_year, stamp_len) = match line.first()? {
            b'A'..=b'Z' => (Some(self.bsd_day(line)?), BSD_LEN - 1),
            b'1' if line.starts_with(b"1 ") => return self.take_rfc5424(&line[2..]),
            b'0'..=b'9' => (None, self.iso_stamp(line)?),
            _ => return None,
        };
        let rest = &line[stamp_len + 1..];
        let open = near::find(b'[', &rest[..rest.len().min(128)])?;
        let inside = &rest[open + 1..];
        let pid = &inside[..near::n_digits(inside)];
        let message = inside[pid.len()..].strip_prefix(b"]: ")?;
        if pid.is_empty() || matches!(message.first(), None | Some(b'[')) {
            return None;
        }
        let head = self.head_number(&rest[..open])?;
        Some(Glanced { without_year, stamp: &line[..stamp_len], head, pid, message })
    }

    /// What follows `<22>1 `: `2026-11-17T14:51:07Z mx postfix/smtp 7 - - message`, without structured data.
    fn take_rfc5424<'a>(&mut self, line: &'a [u8]) -> Option<Glanced<'a>> {
        let stamp_len = self.iso_stamp(line)?;
        let rest = &line[stamp_len + 1..];
        let mut blanks = memchr::memchr_iter(b' ', &rest[..rest.len().min(256)]);
        let (_, program, process, id) = (blanks.next()?, blanks.next()?, blanks.next()?, blanks.next()?);
        let pid = &rest[program + 1..process];
        let message = rest[id + 1..].strip_prefix(b"- ")?;
        // rsyslog keeps the blank that stood behind the tag.
        let message = message.strip_prefix(b" ").unwrap_or(message);
        let regular = !pid.is_empty() && pid.iter().all(u8::is_ascii_digit);
        // A byte order mark may stand before the message.
        if !regular || matches!(message.first(), None | Some(b'[' | b' ' | 0xef)) {
            return None;
        }
        let head = self.head_number(&rest[..program])?;
        Some(Glanced { without_year: None, stamp: &line[..stamp_len], head, pid, message })
    }

    /// Takes the frame off a line that an MTA wrote to a file of its own: `2026-11-17 14:51:07 [7] message`, with or
    /// without a fraction, a zone and a process id. Whether the message is the MTA's is not looked at.
    pub fn take_bare<'a>(&mut self, line: &'a [u8]) -> Option<Glanced<'a>> {
        if line.get(10) != Some(&b' ') {
            return None;
        }
        let stamp_len = self.spaced_stamp(line)?;
        let rest = line[stamp_len..].strip_prefix(b" ")?;
        let (pid, message) = match rest.strip_prefix(b"[") {
            Some(inside) => {
                let pid = &inside[..inside.iter().position(|byte| !byte.is_ascii_digit())?];
                (pid, inside[pid.len()..].strip_prefix(b"] ").filter(|_| !pid.is_empty())?)
            }
            None => (&rest[..0], rest),
        };
        let head = match self.bare {
            Some(head) => head,
            None => self.bare_head()?,
        };
        Some(Glanced { without_year: None, stamp: &line[..stamp_len], head, pid, message })
    }

    /// The length of `2026-11-17 14:51:07.123 +0100`. Its time is only read when the line is.
    fn spaced_stamp(&mut self, line: &[u8]) -> Option<usize> {
        let second = line.first_chunk::<ISO_LEN>()?;
        let mut at = ISO_LEN;
        if let [b'.', fraction @ ..] = &line[at..] {
            at += 1 + fraction.iter().position(|byte| !byte.is_ascii_digit())?;
        }
        if let [b' ', b'+' | b'-', zone @ ..] = &line[at..]
            && zone.len() > 4
            && zone[..4].iter().all(u8::is_ascii_digit)
        {
            at += 6;
        }
        let same_second = self.iso.as_ref().is_some_and(|seen| near::same(seen, second));
        if !same_second || !near::same(&self.zone, &line[ISO_LEN..at]) {
            let (stamp, "") = iso(std::str::from_utf8(&line[..at]).ok()?)? else { return None };
            if self.may_repeat(stamp) {
                return None;
            }
            self.iso = Some(*second);
            self.zone.clear();
            self.zone.extend_from_slice(&line[ISO_LEN..at]);
        }
        Some(at)
    }

    /// The head of the one MTA that writes such files.
    fn bare_head(&mut self) -> Option<usize> {
        let mut own = mta::DIALECTS.iter().filter(|dialect| dialect.bare.is_some());
        let (Some(dialect), None) = (own.next(), own.next()) else { return None };
        let head = Head {
            host: "".into(),
            program: dialect.name.into(),
            instance: (dialect.instance)(dialect.name).into(),
            dialect,
        };
        self.heads.push(Arc::new(head));
        self.bytes.push(Box::default());
        self.bare = Some(self.heads.len() - 1);
        self.bare
    }

    #[inline(always)]
    fn bsd_day(&mut self, line: &[u8]) -> Option<(u32, u32)> {
        let bytes = line.first_chunk::<BSD_LEN>()?;
        if let Some((seen, Stamp::NoYear { month, day, .. })) = &self.bsd
            && seen == bytes
        {
            return Some((*month, *day));
        }
        self.new_bsd_day(bytes)
    }

    #[inline(never)]
    fn new_bsd_day(&mut self, bytes: &[u8; BSD_LEN]) -> Option<(u32, u32)> {
        if bytes[BSD_LEN - 1] != b' ' {
            return None;
        }
        let text = std::str::from_utf8(&bytes[..BSD_LEN - 1]).ok()?;
        let (stamp @ Stamp::NoYear { month, day, .. }, "") = bsd(text)? else { return None };
        if self.may_repeat(stamp) {
            return None;
        }
        self.bsd = Some((*bytes, stamp));
        Some((month, day))
    }

    /// The length of a complete stamp. Its time is only read when the line is.
    fn iso_stamp(&mut self, line: &[u8]) -> Option<usize> {
        let second = line.first_chunk::<ISO_LEN>()?;
        let mut at = ISO_LEN;
        if line.get(at) == Some(&b'.') && line.get(at + 1)?.is_ascii_digit() {
            at += 1;
            while line.get(at)?.is_ascii_digit() {
                at += 1;
            }
        }
        let after = &line[at..];
        let same_zone = after.starts_with(&self.zone) && after.get(self.zone.len()) == Some(&b' ');
        if same_zone && self.iso.as_ref().is_some_and(|seen| near::same(seen, second)) {
            return Some(at + self.zone.len());
        }
        let end = at + memchr::memchr(b' ', &after[..after.len().min(8)])?;
        // A blank before the zone is Exim's.
        if second[10] != b'T' || matches!(line.get(end + 1), None | Some(b'+' | b'-')) {
            return None;
        }
        let (stamp, "") = iso(std::str::from_utf8(&line[..end]).ok()?)? else { return None };
        if self.may_repeat(stamp) {
            return None;
        }
        self.iso = Some(*second);
        self.zone.clear();
        self.zone.extend_from_slice(&line[at..end]);
        Some(end)
    }

    #[inline(always)]
    fn head_number(&mut self, bytes: &[u8]) -> Option<usize> {
        let place = place(bytes);
        let number = usize::from(self.recent.0[place]);
        if self.bytes.get(number).is_some_and(|seen| near::same(seen, bytes)) {
            return Some(number);
        }
        self.head_seen_before(place, bytes)
    }

    #[inline(never)]
    fn head_seen_before(&mut self, place: usize, bytes: &[u8]) -> Option<usize> {
        let number = match self.by_bytes.get(bytes) {
            Some(number) => *number,
            None => self.new_head(bytes)?,
        };
        self.recent.0[place] = number as u16;
        Some(number)
    }

    /// `mx postfix/smtp`, in the regular shape only.
    fn new_head(&mut self, bytes: &[u8]) -> Option<usize> {
        let (host, program) = std::str::from_utf8(bytes).ok()?.split_once(' ')?;
        let irregular = host.is_empty()
            || host.starts_with(['<', '+', '-'])
            || host.ends_with(':')
            || program.is_empty()
            || program.contains([' ', ':']);
        if irregular || self.heads.len() >= MAX_HEADS {
            return None;
        }
        let dialect = mta::by_program(program).filter(|dialect| dialect.glance.is_some())?;
        let number = self.heads.len();
        let instance = (dialect.instance)(program).into();
        self.heads.push(Arc::new(Head { host: host.into(), program: program.into(), instance, dialect }));
        self.by_bytes.insert(bytes.into(), number);
        self.bytes.push(bytes.into());
        Some(number)
    }
}

/// What follows `<22>`.
fn without_priority(line: &[u8]) -> Option<&[u8]> {
    let end = line.iter().take(5).position(|byte| *byte == b'>').filter(|end| *end > 1)?;
    let digits = line[1..end].iter().all(u8::is_ascii_digit);
    // One is enough; the grammar would take more.
    (digits && line.get(end + 1) != Some(&b'<')).then(|| &line[end + 1..])
}

/// A place for a head, from its length, its first bytes (the host) and its last ones (the daemon).
#[inline(always)]
fn place(bytes: &[u8]) -> usize {
    let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) else { return 0 };
    let word = u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29) ^ bytes.len() as u64;
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
}

#[cfg(test)]
mod tests {
    use super::super::framed;
    use super::*;

    /// What a glance gives is what the grammar gives.
    #[track_caller]
    fn check(line: &str, taken: bool) {
        let mut frames = Frames::default();
        // The second time the frame is known.
        for _ in 0..2 {
            let got = frames.take(line.as_bytes());
            assert_eq!(got.is_some(), taken, "{line}");
            let Some(got) = got else { continue };
            let expect = framed(line).expect("the grammar takes it");
            let head = frames.head(got.head);
            assert_eq!((Some(&*head.host), &*head.program), (expect.host, expect.program), "{line}");
            assert_eq!(got.message, expect.message.as_bytes(), "{line}");
            assert_eq!(frames.stamp(&got), Some(expect.stamp), "{line}");
            let day = match expect.stamp {
                Stamp::NoYear { month, day, .. } => Some((month, day)),
                _ => None,
            };
            assert_eq!(got.without_year, day, "{line}");
            let pid = std::str::from_utf8(got.pid).ok().and_then(|digits| digits.parse().ok());
            assert_eq!(pid, expect.pid, "{line}");
        }
    }

    #[test]
    fn regular_frames() {
        check("Nov 17 14:51:07 mx postfix/smtp[7]: 4F1C: removed", true);
        check("Nov  7 14:51:07 mx postfix-out/smtp[7]: x", true);
        check("2026-11-17T14:51:07.123456+01:00 mx postfix/smtp[7]: x", true);
        check("2026-11-17T14:51:07,5 mx postfix/smtp[7]: x", true);
        check("2026-11-17T14:51:07Z mx postfix/smtp[7]: x", true);
        check("2026-11-17T14:51:07 mx postfix/smtp[7]: x", true);
        check("<22>Nov 17 14:51:07 mx postfix/smtp[7]: 4F1C: removed", true);
        check("<22>1 2026-11-17T14:51:07.123Z mx postfix/smtp 7 - - 4F1C: removed", true);
        check("1 2026-11-17T14:51:07+01:00 mx postfix/smtp 7 id - 4F1C: removed", true);
        check("<22>1 2026-11-17T14:51:07+01:00 mx postfix 7 - -  4F1C: removed", true);
    }

    #[test]
    fn files_of_an_mtas_own() {
        let check = |line: &str, expect: Option<&str>| {
            let mut frames = Frames::default();
            for _ in 0..2 {
                let got = frames.take_bare(line.as_bytes());
                assert_eq!(got.map(|got| got.message), expect.map(str::as_bytes), "{line}");
                let (Some(got), Some(framed)) = (got, mta::bare(line)) else { continue };
                assert_eq!(
                    (got.message, &*frames.head(got.head).program),
                    (framed.message.as_bytes(), framed.program)
                );
                assert_eq!(frames.stamp(&got), Some(framed.stamp), "{line}");
            }
        };
        let completed = "1aBcDe-0001Ab-Cd Completed";
        for stamp in ["", " +0100", ".123", ".5 -0800", " [7]", ".123 +0100 [7]"] {
            check(&format!("2026-11-17 14:51:07{stamp} {completed}"), Some(completed));
        }
        for line in [
            "2026-02-30 14:51:07 x",
            "2026-11-17T14:51:07 x",
            "2026-11-17 14:51:07",
            "2026-11-17 14:51:07 [x] y",
            "",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn all_others_are_left_to_the_grammar() {
        for line in [
            "Nov 17 14:51:07.5 mx postfix/smtp[7]: x",
            "Nov 7 14:51:07 mx postfix/smtp[7]: x",
            "Nov 17 24:51:07 mx postfix/smtp[7]: x",
            "Nov 17 14:51:07  mx postfix/smtp[7]: x",
            "Nov 17 14:51:07 mx postfix/smtp: x",
            "Nov 17 14:51:07 postfix/smtp[7]: x",
            "Nov 17 14:51:07 mx dovecot[7]: x",
            "Nov 17 14:51:07 mx postfix/smtp[7]:x",
            "Nov 17 14:51:07 mx postfix/smtp[7]: [ID 1 mail.info] x",
            "Nov 17 14:51:07 mx postfix/smtp[]: x",
            "2026-11-17 14:51:07 mx postfix/smtp[7]: x",
            "2026-11-17T14:51:07 +01:00 postfix/smtp[7]: x",
            "2026-02-29T14:51:07Z mx postfix/smtp[7]: x",
            "x Nov 17 14:51:07 mx postfix/smtp[7]: x",
            "<>Nov 17 14:51:07 mx postfix/smtp[7]: x",
            "<2222>Nov 17 14:51:07 mx postfix/smtp[7]: x",
            "<mail>Nov 17 14:51:07 mx postfix/smtp[7]: x",
            "1 2026-11-17T14:51:07Z - postfix/smtp 7 - - x",
            "1 2026-11-17T14:51:07Z mx postfix/smtp - - - x",
            "1 2026-11-17T14:51:07Z mx postfix/smtp 7 - [a b=\"c\"] x",
            "1 2026-11-17T14:51:07Z mx postfix/smtp 7 - -",
            "",
        ] {
            check(line, false);
        }
    }
}
