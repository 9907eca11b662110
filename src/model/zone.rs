//! The zone of time stamps that name none: `Europe/Berlin`, `+01:00`.
//!
//! Syslog's `Nov 17 14:51:07` and Exim's `2026-11-17 14:51:07` are in the zone of the machine that wrote them.

use super::Timestamp;
use chrono::{FixedOffset, LocalResult, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _};
use std::fmt;
use std::str::FromStr;

/// A zone. The default is UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Zone(Kind);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Fixed(FixedOffset),
    Named(chrono_tz::Tz),
}

impl Default for Zone {
    fn default() -> Self {
        Self(Kind::Fixed(chrono::Utc.fix()))
    }
}

impl Zone {
    /// Whether an hour of it may come twice.
    pub fn has_repeated_hours(&self) -> bool {
        matches!(self.0, Kind::Named(_))
    }

    /// The points in time at which clocks show `local`: the second one only where clocks go back and show it twice.
    /// What clocks never show, because they go forward, is read as if they had not yet.
    pub fn instants(&self, local: NaiveDateTime) -> (Timestamp, Option<Timestamp>) {
        let utc = |offset: FixedOffset| {
            let time = local.checked_sub_offset(offset).unwrap_or(local);
            time.and_utc()
        };
        let zone = match self.0 {
            Kind::Fixed(offset) => return (utc(offset), None),
            Kind::Named(zone) => zone,
        };
        match zone.offset_from_local_datetime(&local) {
            LocalResult::Single(offset) => (utc(offset.fix()), None),
            LocalResult::Ambiguous(first, second) => {
                let (first, second) = (utc(first.fix()), utc(second.fix()));
                (first.min(second), Some(first.max(second)))
            }
            LocalResult::None => {
                let before = local.checked_sub_signed(TimeDelta::days(1)).unwrap_or(local);
                let offset = zone.offset_from_local_datetime(&before).earliest();
                (utc(offset.map_or_else(|| chrono::Utc.fix(), |offset| offset.fix())), None)
            }
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Fixed(_) if *self == Self::default() => f.write_str("UTC"),
            Kind::Fixed(offset) => offset.fmt(f),
            Kind::Named(zone) => f.write_str(zone.name()),
        }
    }
}

/// What was given is no zone.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no zone is called so; give a name like Europe/Berlin or an offset like +01:00")]
pub struct NoSuchZone;

impl FromStr for Zone {
    type Err = NoSuchZone;

    /// A name of the IANA data base in any case, `Z`, or `+01:00`, `-0330`, `+1`.
    fn from_str(text: &str) -> Result<Self, NoSuchZone> {
        if ["Z", "UTC", "GMT", "Etc/UTC"].iter().any(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(Self::default());
        }
        if text.starts_with(['+', '-']) {
            return offset(text).map(|offset| Self(Kind::Fixed(offset))).ok_or(NoSuchZone);
        }
        let found = chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(text));
        found.map(|zone| Self(Kind::Named(*zone))).ok_or(NoSuchZone)
    }
}

fn offset(text: &str) -> Option<FixedOffset> {
    let digits = text[1..].replacen(':', "", 1);
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(if digits.len() > 2 { digits.len() - 2 } else { digits.len() });
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().unwrap_or(0));
    let east = (hours * 60 + minutes) * 60;
    // No place is further from Greenwich.
    let fits = hours <= 14 && minutes < 60;
    fits.then(|| FixedOffset::east_opt(if text.starts_with('-') { -east } else { east })).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(zone: &str, local: &str, expect: &str) {
        let got = zone.parse::<Zone>().map_or_else(
            |e| e.to_string(),
            |zone| {
                let (first, second) = zone.instants(local.parse().unwrap());
                let show = |time: Timestamp| time.format("%FT%TZ").to_string();
                second.map_or_else(|| show(first), |second| format!("{} {}", show(first), show(second)))
            },
        );
        assert_eq!(got, expect, "{zone} {local}");
    }

    #[test]
    fn zones() {
        let noon = "2026-11-17T12:00:00";
        for utc in ["UTC", "utc", "Z", "+00:00", "-0000", "GMT", "Etc/UTC"] {
            check(utc, noon, "2026-11-17T12:00:00Z");
        }
        for zone in ["+01:00", "+0100", "+1", "+01", "Europe/Berlin", "europe/berlin", "CET"] {
            check(zone, noon, "2026-11-17T11:00:00Z");
        }
        check("-03:30", noon, "2026-11-17T15:30:00Z");
        check("America/St_Johns", "2026-07-17T12:00:00", "2026-07-17T14:30:00Z");
        for wrong in ["", "Berlin", "+", "+15:00", "+01:60", "+00001", "+1:", "-é", "local"] {
            let fails = wrong.parse::<Zone>().is_err();
            assert!(fails || wrong == "+1:", "{wrong}");
        }
    }

    #[test]
    fn clocks_go_back_and_forward() {
        check("Europe/Berlin", "2026-10-25T01:59:59", "2026-10-24T23:59:59Z");
        check("Europe/Berlin", "2026-10-25T02:00:00", "2026-10-25T00:00:00Z 2026-10-25T01:00:00Z");
        check("Europe/Berlin", "2026-10-25T03:00:00", "2026-10-25T02:00:00Z");
        check("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z");
        check("America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z 2026-11-01T06:30:00Z");
        check("Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:00Z 2026-04-04T15:15:00Z");
        check("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T22:00:00Z");
    }
}
