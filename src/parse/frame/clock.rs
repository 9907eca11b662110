//! The year of stamps that have none (RFC 3164 §4.1.2).
//!
//! Lines stand in time order, nearly: a big jump back (December to January) is a new year, a small one is disorder.
//! The newest line cannot be younger than the file. `Feb 29` needs a leap year.

use super::stamp::{Stamp, UNIX_EPOCH_FROM_CE};
use crate::model::{ReadOptions, Timestamp};
use chrono::{DateTime, Datelike as _, NaiveDate};

/// A jump back by more days than this starts a new year.
const NEW_YEAR_JUMP_DAYS: i64 = 90;

/// Lines this many days before the new year may stand after its first lines.
const DISORDER_DAYS: i64 = 7;

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
        }
    }

    /// The time of the next line.
    pub fn date(&mut self, stamp: Stamp) -> Option<Timestamp> {
        match stamp {
            Stamp::None => None,
            Stamp::Full(time) => Some(time),
            Stamp::NoYear { month, day, secs, nanos } => {
                if self.cached.0 != month || self.cached.1 != day {
                    let number = self.day_number(month, day, secs)?;
                    self.cached = (month, day, number);
                }
                DateTime::from_timestamp(self.cached.2 * 86_400 + i64::from(secs), nanos)
            }
        }
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
    fn leap_days() {
        check(0, "2026-11-20", "Feb 29, Mar  1", "2024-02-29 2024-03-01");
        check(0, "2026-11-20", "Feb 28, Feb 29, Mar  1", "2026-02-28 2024-02-29 2024-03-01");
        check(2023, "2026-11-20", "Feb 29", "none");
        check(2024, "2026-11-20", "Feb 29", "2024-02-29");
    }
}
