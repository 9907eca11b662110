//! Time stamps: `Nov 17 14:51:07`, `2026-11-17T14:51:07.123456+01:00`, `2026-11-17 14:51:07,123`.
//!
//! RFC 3164 §4.1.2 (no year, no zone), RFC 3339. What lacks its year or zone is completed by the [clock](super::clock).

use crate::model::Timestamp;
use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta};

/// A time as the line has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stamp {
    /// The line has none.
    None,
    /// Complete.
    Full(Timestamp),
    /// Complete but for its zone: as if it were UTC.
    Local(Timestamp),
    /// Month, day and time of day only.
    NoYear {
        /// 1 to 12.
        month: u32,
        /// 1 to 31.
        day: u32,
        /// Seconds of the day.
        secs: u32,
        /// Fraction of the second.
        nanos: u32,
    },
}

impl Stamp {
    /// The stamp of a line around which another program has put its own: a missing year is that one's.
    pub fn within(self, outer: Self) -> Self {
        let (Self::NoYear { month, day, secs, nanos }, Self::Full(near) | Self::Local(near)) = (self, outer)
        else {
            return if self == Self::None { outer } else { self };
        };
        let in_year = |year: i32| dated(year, month, day, secs, nanos);
        let years = [near.year(), near.year() - 1, near.year() + 1];
        let found = years.into_iter().filter_map(in_year).min_by_key(|time| (*time - near).abs());
        // What is older was only collected late; then the source's own way to the year is the better one.
        found.filter(|time| (*time - near).abs() < TimeDelta::days(180)).map_or(self, Self::Local)
    }

    /// The same in `year`, if it has none.
    fn in_year(self, year: i32) -> Option<Self> {
        match self {
            Self::NoYear { month, day, secs, nanos } => dated(year, month, day, secs, nanos).map(Self::Local),
            _ => None,
        }
    }
}

/// As if it were UTC.
fn dated(year: i32, month: u32, day: u32, secs: u32, nanos: u32) -> Option<Timestamp> {
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    let days = i64::from(date.num_days_from_ce() - UNIX_EPOCH_FROM_CE);
    DateTime::from_timestamp(days * 86_400 + i64::from(secs), nanos)
}

const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// `Nov 17 14:51:07[.123456]` at the start of `text`, and what follows.
pub fn bsd(text: &str) -> Option<(Stamp, &str)> {
    let b = text.as_bytes();
    if b.len() < 15 || b[3] != b' ' {
        return None;
    }
    let month = MONTHS.chunks_exact(3).position(|m| m == &b[..3])? as u32 + 1;
    let mut at = 4;
    while b.get(at) == Some(&b' ') {
        at += 1;
    }
    let mut day = 0;
    let first = at;
    while let Some(d) = b.get(at).filter(|d| d.is_ascii_digit()) {
        day = day * 10 + u32::from(d - b'0');
        at += 1;
        if at - first > 2 {
            return None;
        }
    }
    if !(1..=31).contains(&day) || b.get(at) != Some(&b' ') {
        return None;
    }
    day_and_time(text, month, day, at + 1)
}

/// `[2026 ]14:51:07[.123456]` at `at`, after month and day. Some devices and rsyslog templates write the year.
fn day_and_time(text: &str, month: u32, day: u32, mut at: usize) -> Option<(Stamp, &str)> {
    let b = text.as_bytes();
    let mut year = None;
    if let (Some(high), Some(low), Some(b' ')) =
        (b.get(at..at + 2).and_then(two), b.get(at + 2..at + 4).and_then(two), b.get(at + 4))
    {
        year = Some(high * 100 + low);
        at += 5;
    }
    let secs = time_of_day(b.get(at..)?)?;
    let (nanos, at) = fraction(b, at + 8);
    let rest = text.get(at..)?;
    let Some(year) = year else { return Some((Stamp::NoYear { month, day, secs, nanos }, rest)) };
    let time = dated(i32::try_from(year).ok()?, month, day, secs, nanos)?;
    Some((Stamp::Local(time), rest))
}

/// The beginnings of the months' names, as other languages write them in a time stamp.
const OTHER_MONTHS: [(&str, u32); 52] = [
    ("jan", 1),
    ("ene", 1),
    ("gen", 1),
    ("янв", 1),
    ("feb", 2),
    ("fév", 2),
    ("fev", 2),
    ("фев", 2),
    ("mar", 3),
    ("mär", 3),
    ("mrz", 3),
    ("mrt", 3),
    ("maa", 3),
    ("мар", 3),
    ("apr", 4),
    ("avr", 4),
    ("abr", 4),
    ("апр", 4),
    ("may", 5),
    ("mai", 5),
    ("mei", 5),
    ("mag", 5),
    ("maj", 5),
    ("мая", 5),
    ("май", 5),
    ("juin", 6),
    ("jun", 6),
    ("giu", 6),
    ("июн", 6),
    ("juil", 7),
    ("jul", 7),
    ("lug", 7),
    ("июл", 7),
    ("aug", 8),
    ("aoû", 8),
    ("ago", 8),
    ("авг", 8),
    ("sep", 9),
    ("set", 9),
    ("сен", 9),
    ("oct", 10),
    ("okt", 10),
    ("ott", 10),
    ("out", 10),
    ("окт", 10),
    ("nov", 11),
    ("ноя", 11),
    ("dec", 12),
    ("dez", 12),
    ("déc", 12),
    ("dic", 12),
    ("дек", 12),
];

/// `nov. 17 14:51:07`, `17 Okt 14:51:07`: what journalctl and `ls` write where another language is set.
pub fn local(text: &str) -> Option<(Stamp, &str)> {
    let (first, rest) = text.split_once(' ')?;
    let rest = rest.trim_start_matches(' ');
    let (second, rest) = rest.split_once(' ')?;
    let month = |word: &str| {
        if word.len() > 12 || word.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let word = word.to_lowercase();
        OTHER_MONTHS.iter().find(|(start, _)| word.starts_with(start)).map(|(_, number)| *number)
    };
    let day = |word: &str| {
        let word = word.strip_suffix(['.', ',']).unwrap_or(word);
        let short = word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit());
        word.parse().ok().filter(|day| short && (1..=31).contains(day))
    };
    let (month, day) = match (month(first), day(second)) {
        (Some(month), Some(day)) => (month, day),
        _ => (month(second)?, day(first)?),
    };
    let rest = rest.trim_start_matches(' ');
    day_and_time(text, month, day, text.len() - rest.len())
}

/// `1763387467.123456`: seconds since 1970 (`journalctl -o short-unix`).
pub fn epoch(text: &str) -> Option<(Stamp, &str)> {
    let b = text.as_bytes();
    let whole = b.iter().take(11).take_while(|c| c.is_ascii_digit()).count();
    if whole != 10 || b.get(10) != Some(&b'.') {
        return None;
    }
    let (nanos, at) = fraction(b, 10);
    let time = DateTime::from_timestamp(text[..10].parse().ok()?, nanos)?;
    (b.get(at) == Some(&b' ')).then_some((Stamp::Full(time), &text[at..]))
}

/// `2026-11-17T14:51:07[.123456][Z|+01:00|+0100]`, also with a blank or a comma where some programs write one.
/// Exim puts a blank before the zone.
pub fn iso(text: &str) -> Option<(Stamp, &str)> {
    let b = text.as_bytes();
    if b.len() < 19 || b[4] != b'-' || b[7] != b'-' || !matches!(b[10], b'T' | b't' | b' ' | b'_') {
        return None;
    }
    let year = two(&b[0..2])? * 100 + two(&b[2..4])?;
    let (month, day) = (two(&b[5..7])?, two(&b[8..10])?);
    let secs = time_of_day(&b[11..])?;
    let (nanos, mut at) = fraction(b, 19);
    let mut east = None;
    if matches!(b.get(at), Some(b'Z' | b'z')) {
        east = Some(0);
        at += 1;
    } else {
        let sign_at = if b.get(at) == Some(&b' ') { at + 1 } else { at };
        if let Some((seconds, len)) = zone(b.get(sign_at..)?) {
            east = Some(seconds);
            at = sign_at + len;
        }
    }
    let time = dated(i32::try_from(year).ok()?, month, day, secs, nanos)?;
    let stamp = match east {
        Some(east) => Stamp::Full(time.checked_sub_signed(TimeDelta::seconds(east))?),
        None => Stamp::Local(time),
    };
    Some((stamp, &text[at..]))
}

/// `2026 Nov 17 14:51:07`: some devices write the year first.
pub fn year_first(text: &str) -> Option<(Stamp, &str)> {
    let b = text.as_bytes();
    let year = two(b.get(..2)?)? * 100 + two(b.get(2..4)?)?;
    let rest = text.get(4..)?.strip_prefix(' ')?;
    let (stamp, rest) = bsd(rest).or_else(|| local(rest))?;
    Some((stamp.in_year(i32::try_from(year).ok()?)?, rest))
}

/// `Tue 2026-11-17 14:51:07 CET`, as `journalctl -o short-full` writes it.
pub fn with_weekday(text: &str) -> Option<(Stamp, &str)> {
    let (day, rest) = text.split_once(' ')?;
    let named = (2..=12).contains(&day.len()) && day.chars().all(|c| c.is_alphabetic() || c == '.');
    let (stamp, rest) = if named { iso(rest)? } else { return None };
    Some(with_zone_name(stamp, rest))
}

/// Takes in a zone's letters behind a stamp: ` CET mx …`. A host is not written so.
pub fn with_zone_name(stamp: Stamp, rest: &str) -> (Stamp, &str) {
    let Some((word, _)) = rest.strip_prefix(' ').and_then(|rest| rest.split_once(' ')) else {
        return (stamp, rest);
    };
    if !(3..=5).contains(&word.len()) || !word.bytes().all(|b| b.is_ascii_uppercase()) {
        return (stamp, rest);
    }
    let time = match (stamp, hours_east(word)) {
        (Stamp::Local(time), Some(hours)) => time.checked_sub_signed(TimeDelta::hours(hours)),
        _ => None,
    };
    (time.map_or(stamp, Stamp::Full), &rest[word.len() + 1..])
}

/// Zones whose letters mean the same everywhere, or what RFC 5322 §4.3 says. (`CST` and `IST` do not.)
fn hours_east(letters: &str) -> Option<i64> {
    Some(match letters {
        "UTC" | "GMT" | "WET" => 0,
        "CET" | "WEST" => 1,
        "CEST" | "EET" => 2,
        "EEST" | "MSK" => 3,
        "JST" | "KST" => 9,
        "AEST" => 10,
        "AEDT" => 11,
        "NZST" => 12,
        "NZDT" => 13,
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        _ => return None,
    })
}

/// Days from 0001-01-01 (day 1) to 1970-01-01.
pub(super) const UNIX_EPOCH_FROM_CE: i32 = 719_163;

/// `+01:00`, `-0330`: seconds east of Greenwich and the length.
fn zone(b: &[u8]) -> Option<(i64, usize)> {
    let sign = match b.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = two(b.get(1..3)?)?;
    let (minutes, len) = match b.get(3) {
        Some(b':') => (two(b.get(4..6)?)?, 6),
        Some(d) if d.is_ascii_digit() => (two(b.get(3..5)?)?, 5),
        _ => (0, 3),
    };
    Some((sign * i64::from(hours * 3600 + minutes * 60), len))
}

/// `14:51:07` in seconds. A leap second counts as the second before it.
fn time_of_day(b: &[u8]) -> Option<u32> {
    if b.len() < 8 || b[2] != b':' || b[5] != b':' {
        return None;
    }
    let (h, m, s) = (two(&b[0..2])?, two(&b[3..5])?, two(&b[6..8])?);
    (h < 24 && m < 60 && s <= 60).then(|| h * 3600 + m * 60 + s.min(59))
}

/// `.123456` or `,123` at `at`: nanoseconds, and where it ends.
fn fraction(b: &[u8], at: usize) -> (u32, usize) {
    if !(matches!(b.get(at), Some(b'.' | b',')) && b.get(at + 1).is_some_and(u8::is_ascii_digit)) {
        return (0, at);
    }
    let (mut nanos, mut unit, mut at) = (0, 100_000_000, at + 1);
    while let Some(d) = b.get(at).filter(|d| d.is_ascii_digit()) {
        nanos += u32::from(d - b'0') * unit;
        unit /= 10;
        at += 1;
    }
    (nanos, at)
}

fn two(b: &[u8]) -> Option<u32> {
    match b {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(u32::from(a - b'0') * 10 + u32::from(b - b'0')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got = bsd(text).or_else(|| iso(text)).or_else(|| with_weekday(text)).or_else(|| year_first(text));
        let got = got.or_else(|| local(text)).or_else(|| epoch(text));
        let got = got.map_or("none".into(), |(stamp, rest)| match stamp {
            Stamp::Full(t) => format!("{} |{rest}", t.format("%FT%T%.fZ")),
            Stamp::Local(t) => format!("{} |{rest}", t.format("%FT%T%.f")),
            Stamp::NoYear { month, day, secs, nanos } => format!("{month}-{day} {secs} {nanos} |{rest}"),
            Stamp::None => "-".into(),
        });
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn stamps() {
        check("Nov 17 14:51:07 mx", "11-17 53467 0 | mx");
        check("Nov  7 00:00:01.5 mx", "11-7 1 500000000 | mx");
        check("Nov 7 00:00:01 mx", "11-7 1 0 | mx");
        check("2026-11-17T14:51:07.123456+01:00 mx", "2026-11-17T13:51:07.123456Z | mx");
        check("2026-11-17T14:51:07+0100 mx", "2026-11-17T13:51:07Z | mx");
        check("2026-11-17T14:51:07Z mx", "2026-11-17T14:51:07Z | mx");
        check("2026-11-17 14:51:07 -0330 [7] x", "2026-11-17T18:21:07Z | [7] x");
        check("2026-11-17 14:51:07.25 1a", "2026-11-17T14:51:07.250 | 1a");
        check("Nov 17 2026 14:51:07 mx", "2026-11-17T14:51:07 | mx");
        check("nov. 17 14:51:07 mx", "11-17 53467 0 | mx");
        check("Okt 17 14:51:07 mx", "10-17 53467 0 | mx");
        check("17 Mär 14:51:07 mx", "3-17 53467 0 | mx");
        check("17. août 2026 14:51:07 mx", "2026-08-17T14:51:07 | mx");
        check("ноя  7 14:51:07 mx", "11-7 53467 0 | mx");
        check("1763387467.123456 mx", "2025-11-17T13:51:07.123456Z | mx");
        check("1763387467 mx", "none");
        check("2024-02-29 14:51:07", "2024-02-29T14:51:07 |");
        check("2026-02-29 14:51:07", "none");
        check("Nov 32 14:51:07 mx", "none");
        check("Nov 17 24:51:07 mx", "none");
        check("November 17 14:51:07", "11-17 53467 0 |");
        check("Foo 17 14:51:07 mx", "none");
        check("2026-11-17 14:51:07,5 mx", "2026-11-17T14:51:07.500 | mx");
        check("2026-11-17T14:51:07,123+01:00 mx", "2026-11-17T13:51:07.123Z | mx");
        check("2026 Nov 17 14:51:07 mx", "2026-11-17T14:51:07 | mx");
        check("2026 17 Nov 14:51:07.5 mx", "2026-11-17T14:51:07.500 | mx");
        check("2026 Feb 29 14:51:07 mx", "none");
        check("Nov 17 2026 14:51:07.25 mx", "2026-11-17T14:51:07.250 | mx");
    }

    #[test]
    fn months_in_other_languages() {
        let months = "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez, janv. févr. mars avr. mai juin juil. août sept. oct. \
                      nov. déc., ene feb mar abr may jun jul ago sep oct nov dic, gen feb mar apr mag giu lug ago set ott \
                      nov dic, jan feb mrt apr mei jun jul aug sep okt nov dec, jan fev mar abr mai jun jul ago set out \
                      nov dez";
        for language in months.split(", ") {
            for (n, month) in language.split(' ').enumerate() {
                check(&format!("{month} 17 14:51:07 mx"), &format!("{}-17 53467 0 | mx", n + 1));
                check(&format!("{month}  7 14:51:07 mx"), &format!("{}-7 53467 0 | mx", n + 1));
                check(&format!("17 {month} 14:51:07 mx"), &format!("{}-17 53467 0 | mx", n + 1));
            }
        }
    }

    #[test]
    fn zones_by_name() {
        check("Tue 2026-11-17 14:51:07 CET mx", "2026-11-17T13:51:07Z | mx");
        check("Tue 2026-11-17 14:51:07.123456 UTC mx", "2026-11-17T14:51:07.123456Z | mx");
        check("Di 2026-11-17 14:51:07 mx x", "2026-11-17T14:51:07 | mx x");
        check("Tue 2026-11-17 14:51:07 CST mx", "2026-11-17T14:51:07 | mx");
        check("Tue 2026-11-17 14:51:07 +0530 mx", "2026-11-17T09:21:07Z | mx");
    }

    #[test]
    fn years_of_the_program_around() {
        let check = |inner: &str, outer: &str, expect: &str| {
            let outer = iso(outer).map_or(Stamp::None, |(stamp, _)| stamp);
            let inner = bsd(inner).map_or(Stamp::None, |(stamp, _)| stamp);
            let got = match inner.within(outer) {
                Stamp::Full(t) => t.format("%FT%TZ").to_string(),
                Stamp::Local(t) => t.format("%FT%T").to_string(),
                Stamp::NoYear { .. } => "no year".into(),
                Stamp::None => "none".into(),
            };
            assert_eq!(got, expect, "{inner:?} {outer:?}");
        };
        check("Nov 17 14:51:07", "2026-11-17T13:51:07Z", "2026-11-17T14:51:07");
        check("Jan  1 00:51:07", "2026-12-31T23:51:07Z", "2027-01-01T00:51:07");
        check("Dec 31 23:51:07", "2027-01-01T00:51:07Z", "2026-12-31T23:51:07");
        check("Feb 29 14:51:07", "2026-03-01T14:51:07Z", "no year");
        check("Nov 17 14:51:07", "", "no year");
        check("", "2026-11-17T13:51:07Z", "2026-11-17T13:51:07Z");
    }
}
