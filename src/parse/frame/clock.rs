//! The year and the zone of stamps that have none (RFC 3164 §4.1.2).
//!
//! Lines stand in time order, nearly: a big jump back (December to January) is a new year, a small one is disorder.
//! The newest line cannot be younger than the file. `Feb 29` needs a leap year. Where summer time ends, clocks show
//! an hour twice, and the order tells which one a line is of: `02:59:58`, then `02:00:03` is the second one.

use super::stamp::{Stamp, UNIX_EPOCH_FROM_CE};
use crate::model::{ReadOptions, Timestamp, Zone};
use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta};

/// A jump back by more days than this starts a new year.
const NEW_YEAR_JUMP_DAYS: i64 = 90;

/// Lines this many days before the new year may stand after its first lines.
const DISORDER_DAYS: i64 = 7;

/// In an hour that comes twice, lines this many seconds before others are only in disorder.
const DISORDER_SECONDS: i64 = 60;

/// Lines that are older than others by more than this are no second pass of an hour: another log follows.
const OTHER_LOG_SECONDS: i64 = 3 * 3600;

/// Years of which a zone's rules are known well enough.
const YEARS_WITH_RULES: std::ops::RangeInclusive<i32> = 1970..=2037;

/// Completes the stamps of one source in line order.
#[derive(Clone, Debug)]
pub struct Clock {
    /// The user said which year the first stamp is of.
    year: Option<i32>,
    /// Seconds since 1970 that no stamp should pass: the file's time and a day, for zones.
    latest: i64,
    latest_year: i32,
    now: Option<Now>,
    /// Month, day and day number of the last line: most lines are of the same day.
    cached: (u32, u32, i64),
    zone: Zone,
    /// The last line in an hour that comes twice: seconds since 1970.
    repeated: Option<i64>,
    /// The stamp dated last is of such an hour.
    in_repeated: bool,
}

/// Where the lines have got to.
#[derive(Clone, Copy, Debug)]
struct Now {
    year: i32,
    /// Days since 1970 of the newest stamp so far.
    day: i64,
}

impl Clock {
    /// A clock for a source read with `options`.
    pub fn new(options: &ReadOptions) -> Self {
        Self {
            year: options.year,
            latest: options.written.timestamp() + 86_400,
            latest_year: options.written.year(),
            now: None,
            cached: (0, 0, 0),
            zone: options.zone,
            repeated: None,
            in_repeated: false,
        }
    }

    /// Whether the stamp dated last is of an hour that comes twice: its time depends on the lines before.
    pub fn in_repeated_hour(&self) -> bool {
        self.in_repeated
    }

    /// The time of the next line.
    pub fn date(&mut self, stamp: Stamp) -> Option<Timestamp> {
        self.in_repeated = false;
        match stamp {
            Stamp::None => None,
            Stamp::Full(time) => Some(time),
            Stamp::Local(time) => Some(self.in_zone(time)),
            Stamp::NoYear { month, day, secs, nanos } => {
                if self.cached.0 != month || self.cached.1 != day {
                    let number = self.day_number(month, day, secs)?;
                    self.cached = (month, day, number);
                }
                let time = DateTime::from_timestamp(self.cached.2 * 86_400 + i64::from(secs), nanos)?;
                Some(self.in_zone(time))
            }
        }
    }

    /// What clocks show as `local` is this point in time.
    fn in_zone(&mut self, local: Timestamp) -> Timestamp {
        if self.zone == Zone::default() {
            return local;
        }
        let (first, second) = self.zone.instants(local.naive_utc());
        let Some(second) = second.filter(|_| YEARS_WITH_RULES.contains(&local.year())) else { return first };
        self.in_repeated = true;
        let after_last = |time: Timestamp| self.repeated.map_or(0, |last| last - time.timestamp());
        let time = match after_last(first) {
            ..=DISORDER_SECONDS | OTHER_LOG_SECONDS.. => first,
            _ => second,
        };
        self.repeated = Some(time.timestamp());
        time
    }

    fn day_number(&mut self, month: u32, day: u32, secs: u32) -> Option<i64> {
        let Some(now) = self.now else {
            let year = match self.year {
                Some(year) => year,
                None => self.first_year(month, day, secs)?,
            };
            let number = days(year, month, day)?;
            self.now = Some(Now { year, day: number });
            return Some(number);
        };
        let Some(number) = days(now.year, month, day) else {
            // A `Feb 29` shows that the first year was a wrong guess. If the user gave the year, the stamp is wrong.
            if self.year.is_some() {
                return None;
            }
            let year = (now.year - 7..now.year).rev().find(|y| days(*y, month, day).is_some())?;
            let number = days(year, month, day)?;
            self.now = Some(Now { year, day: number });
            return Some(number);
        };
        if now.day - number > NEW_YEAR_JUMP_DAYS {
            if let Some(next) = days(now.year + 1, month, day) {
                let fits = self.year.is_some() || next * 86_400 + i64::from(secs) <= self.latest;
                if fits {
                    self.now = Some(Now { year: now.year + 1, day: next });
                    return Some(next);
                }
            }
            return Some(number);
        }
        // `Dec 31` just after the first lines of January.
        if let Some(before) = days(now.year - 1, month, day)
            && (now.day - before).abs() <= DISORDER_DAYS
        {
            return Some(before);
        }
        // Younger than the source: the first lines were of an earlier year than they seemed.
        if self.year.is_none()
            && number * 86_400 + i64::from(secs) > self.latest
            && let Some(before) = days(now.year - 1, month, day)
        {
            self.now = Some(Now { year: now.year - 1, day: before });
            return Some(before);
        }
        self.now = Some(Now { year: now.year, day: now.day.max(number) });
        Some(number)
    }

    /// The last year in which the stamp exists and is not younger than the source.
    fn first_year(&self, month: u32, day: u32, secs: u32) -> Option<i32> {
        let fits =
            |year: &i32| days(*year, month, day).is_some_and(|d| d * 86_400 + i64::from(secs) <= self.latest);
        // One year on: a log written on Dec 31 may hold stamps of a zone where it is Jan 1.
        (self.latest_year - 8..=self.latest_year + 1).rev().find(fits)
    }
}

/// Knows which stamps may be of an hour that comes twice.
#[derive(Clone, Debug)]
pub struct RepeatedHours {
    zone: Zone,
    /// The month, day and hour looked at last, and what was found.
    last: ([u32; 3], bool),
}

impl RepeatedHours {
    /// For `zone`; `None` if it has no such hours.
    pub fn of(zone: Zone) -> Option<Self> {
        zone.has_repeated_hours().then_some(Self { zone, last: ([0; 3], false) })
    }

    /// Whether `stamp` may be of such an hour, in whatever year.
    pub fn may_hold(&mut self, stamp: Stamp) -> bool {
        let (month, day, hour, years) = match stamp {
            Stamp::None | Stamp::Full(_) => return false,
            Stamp::Local(time) => {
                let year = time.year();
                (time.month(), time.day(), time.timestamp().rem_euclid(86_400) as u32 / 3600, year..=year)
            }
            Stamp::NoYear { month, day, secs, .. } => (month, day, secs / 3600, YEARS_WITH_RULES),
        };
        let without_year = matches!(stamp, Stamp::NoYear { .. });
        if without_year && self.last.0 == [month, day, hour] {
            return self.last.1;
        }
        let found = years.into_iter().any(|year| {
            let start = NaiveDate::from_ymd_opt(year, month, day).and_then(|day| day.and_hms_opt(hour, 0, 0));
            start.is_some_and(|start| {
                // Clocks change at quarters of an hour at most.
                (0..4).any(|n| self.zone.instants(start + TimeDelta::minutes(15 * n)).1.is_some())
            })
        });
        if without_year {
            self.last = ([month, day, hour], found);
        }
        found
    }
}

/// Days since 1970.
fn days(year: i32, month: u32, day: u32) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    Some(i64::from(date.num_days_from_ce() - UNIX_EPOCH_FROM_CE))
}

#[cfg(test)]
mod tests {
    use super::super::stamp::bsd;
    use super::*;

    /// `written` and the dates of stamps in order; a `year` of 0 is not given.
    #[track_caller]
    fn check(year: i32, written: &str, stamps: &str, expect: &str) {
        let options = ReadOptions {
            year: (year != 0).then_some(year),
            written: format!("{written}T12:00:00Z").parse().unwrap(),
            bare_replies: true,
            zone: Zone::default(),
        };
        let mut clock = Clock::new(&options);
        let got: Vec<String> = stamps
            .split(", ")
            .map(|s| {
                let stamp = format!("{s} 12:00:00");
                let time = clock.date(bsd(&stamp).unwrap().0);
                time.map_or("none".into(), |t| t.format("%F").to_string())
            })
            .collect();
        assert_eq!(got.join(" "), expect);
    }

    #[test]
    fn years() {
        check(0, "2026-11-20", "Nov 17, Nov 18", "2026-11-17 2026-11-18");
        check(0, "2026-11-16", "Nov 17", "2026-11-17");
        check(0, "2026-11-15", "Nov 17", "2025-11-17");
        check(0, "2026-01-02", "Dec 31, Jan  1", "2025-12-31 2026-01-01");
        check(0, "2026-12-31", "Jan  1", "2027-01-01");
        check(0, "2026-01-02", "Jan  1, Dec 31, Jan  2", "2026-01-01 2025-12-31 2026-01-02");
        check(0, "2026-11-20", "Nov 17, Nov 16, Nov 18", "2026-11-17 2026-11-16 2026-11-18");
        check(0, "2026-11-20", "Nov 17, Jan  3", "2026-11-17 2026-01-03");
        check(0, "2026-03-20", "Feb 11, Dec 29, Mar 16", "2026-02-11 2025-12-29 2026-03-16");
        check(2020, "2026-11-20", "Dec 31, Jan  1, Jan  2", "2020-12-31 2021-01-01 2021-01-02");
        check(2020, "2026-11-20", "Mar  1, Feb 28", "2020-03-01 2020-02-28");
    }

    #[test]
    fn the_turn_of_the_year() {
        // Lines a little out of order at midnight, in each way.
        check(
            0,
            "2026-01-02",
            "Dec 31, Jan  1, Dec 31, Jan  1",
            "2025-12-31 2026-01-01 2025-12-31 2026-01-01",
        );
        check(
            0,
            "2026-01-02",
            "Dec 30, Dec 31, Dec 30, Jan  1",
            "2025-12-30 2025-12-31 2025-12-30 2026-01-01",
        );
        check(
            2025,
            "2026-11-20",
            "Dec 31, Jan  1, Dec 31, Jan  1",
            "2025-12-31 2026-01-01 2025-12-31 2026-01-01",
        );
        check(2026, "2026-11-20", "Jan  1, Dec 31, Jan  2", "2026-01-01 2025-12-31 2026-01-02");
        // Written on the last day, in a zone where the new year has begun.
        check(0, "2025-12-31", "Dec 31, Jan  1", "2025-12-31 2026-01-01");
        // A log that ended long before it was copied.
        check(0, "2026-11-20", "Mar  3, Mar  4", "2026-03-03 2026-03-04");
        check(0, "2026-02-20", "Mar  3, Mar  4", "2025-03-03 2025-03-04");
        // More than a year in one file.
        check(
            2024,
            "2026-11-20",
            "Nov  1, Feb  1, Nov  1, Feb  1",
            "2024-11-01 2025-02-01 2025-11-01 2026-02-01",
        );
        // Two rotated files in the wrong order: the second is the older one.
        check(
            0,
            "2026-11-20",
            "Nov 10, Nov 17, Nov  3, Nov 10",
            "2026-11-10 2026-11-17 2026-11-03 2026-11-10",
        );
        // Without more to go by, a jump back past the turn is a jump forward.
        check(0, "2026-02-20", "Jan 15, Nov  3, Jan 15", "2026-01-15 2025-11-03 2026-01-15");
    }

    /// Times of day on one day in `zone`, and what they are in UTC.
    #[track_caller]
    fn check_zone(zone: &str, day: &str, times: &str, expect: &str) {
        for with_year in [true, false] {
            let options = ReadOptions {
                year: None,
                zone: zone.parse().unwrap(),
                written: "2026-11-20T12:00:00Z".parse().unwrap(),
                bare_replies: true,
            };
            let mut clock = Clock::new(&options);
            let mut hours = RepeatedHours::of(options.zone);
            let got: Vec<String> = times
                .split(' ')
                .map(|time| {
                    let (date, time) = time.split_once('/').unwrap_or((day, time));
                    let date = date.replace('_', " ");
                    let text = match with_year {
                        true => format!("2026 {date} {time}"),
                        false => format!("{date} {time}"),
                    };
                    let stamp = super::super::stamp::year_first(&text).or_else(|| bsd(&text)).unwrap().0;
                    let time = clock.date(stamp).unwrap();
                    let may_hold = hours.as_mut().is_some_and(|hours| hours.may_hold(stamp));
                    assert!(may_hold || !clock.in_repeated_hour(), "{text}");
                    time.format("%T").to_string()
                })
                .collect();
            assert_eq!(got.join(" "), expect, "{zone} {day} {times}");
        }
    }

    #[test]
    fn zones() {
        check_zone("+01:00", "Nov 17", "14:51:07", "13:51:07");
        check_zone("Europe/Berlin", "Nov 17", "14:51:07", "13:51:07");
        check_zone("Europe/Berlin", "Jul 17", "14:51:07", "12:51:07");
        // Clocks go forward: an hour is skipped, no line is lost.
        check_zone("Europe/Berlin", "Mar 29", "01:59:59 02:30:00 03:00:00", "00:59:59 01:30:00 01:00:00");
    }

    #[test]
    fn the_hour_that_comes_twice() {
        let check = |times: &str, expect: &str| check_zone("Europe/Berlin", "Oct 25", times, expect);
        check(
            "01:59:59 02:00:00 02:59:59 02:00:00 02:30:00 02:59:59 03:00:00",
            "23:59:59 00:00:00 00:59:59 01:00:00 01:30:00 01:59:59 02:00:00",
        );
        // Nothing tells that it is the second pass: it is read as the first one.
        check("01:30:00 02:10:00 02:50:00 03:10:00", "23:30:00 00:10:00 00:50:00 02:10:00");
        check("02:40:00 02:15:00 02:20:00 02:15:30", "00:40:00 01:15:00 01:20:00 01:15:30");
        // A little disorder within a pass, and at its edges.
        check("02:10:00 02:09:30 02:10:01 02:09:10", "00:10:00 00:09:30 00:10:01 00:09:10");
        check("02:59:59 02:00:00 02:59:59 02:00:01", "00:59:59 01:00:00 00:59:59 01:00:01");
        check("02:59:59 02:00:00 02:58:00 03:00:01 02:59:59", "00:59:59 01:00:00 01:58:00 02:00:01 01:59:59");
        // An older log follows.
        check("Oct_31/14:00:00 02:10:00", "13:00:00 00:10:00");
        check_zone("America/New_York", "Nov  1", "01:59:59 01:00:00", "05:59:59 06:00:00");
        check_zone("Europe/London", "Oct 25", "01:59:59 01:00:00", "00:59:59 01:00:00");
    }

    #[test]
    fn leap_days() {
        check(0, "2026-11-20", "Feb 29, Mar  1", "2024-02-29 2024-03-01");
        check(0, "2026-11-20", "Feb 28, Feb 29, Mar  1", "2026-02-28 2024-02-29 2024-03-01");
        check(2023, "2026-11-20", "Feb 29", "none");
        check(2024, "2026-11-20", "Feb 29", "2024-02-29");
    }
}
