//! A day, a time of that day wherever one is, or a time of that day in one time zone.

use std::str::FromStr;

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// When something is to happen. There is a zone only where there is a time of day.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TaskTime {
    date: NaiveDate,
    time_of_day: Option<NaiveTime>,
    time_zone: Option<Tz>,
}

/// A rule that a time broke: which of its fields, and how.
pub type TimeFault = (&'static str, &'static str);

impl TaskTime {
    /// Reads the three parts as clients write them, empty where one is not given; the error lists every broken rule.
    pub fn parse(date: &str, time_of_day: &str, time_zone: &str) -> Result<Self, Vec<TimeFault>> {
        let mut faults = Vec::new();
        let date = parse_date(date);
        if date.is_none() {
            faults.push(("date", "must be a day of the years 1 to 9999, as 2026-11-21"));
        }
        let time = parse_time(time_of_day);
        if !time_of_day.is_empty() && time.is_none() {
            faults.push(("time_of_day", "must be a time of day, as 17:30 or 17:30:00"));
        }
        let zone = Tz::from_str(time_zone).ok();
        if !time_zone.is_empty() && zone.is_none() {
            faults.push(("time_zone", "must be the IANA name of a time zone, as Europe/Vienna"));
        }
        if !time_zone.is_empty() && time_of_day.is_empty() {
            faults.push(("time_zone", "must be empty unless time_of_day is set"));
        }
        match date {
            Some(date) if faults.is_empty() => Ok(Self { date, time_of_day: time, time_zone: zone }),
            _ => Err(faults),
        }
    }

    /// The parts as they were stored; nothing if the zone's name is unknown.
    pub(crate) fn from_stored(date: NaiveDate, time_of_day: Option<NaiveTime>, zone: Option<&str>) -> Option<Self> {
        let time_zone = zone.map(Tz::from_str).transpose().ok()?;
        Some(Self { date, time_of_day, time_zone })
    }

    /// The day.
    #[must_use]
    pub fn date(&self) -> NaiveDate {
        self.date
    }

    /// The time of that day; none means the whole day.
    #[must_use]
    pub fn time_of_day(&self) -> Option<NaiveTime> {
        self.time_of_day
    }

    /// The IANA name of the zone; none means wherever one is.
    #[must_use]
    pub fn time_zone(&self) -> Option<&'static str> {
        self.time_zone.map(|zone| zone.name())
    }

    /// The time of day as clients read it: with seconds only if there are any.
    #[must_use]
    pub fn time_of_day_text(&self) -> String {
        let format = |time: NaiveTime| if time.second() == 0 { time.format("%H:%M") } else { time.format("%H:%M:%S") };
        self.time_of_day.map(|time| format(time).to_string()).unwrap_or_default()
    }
}

impl TaskTime {
    /// One number to sort by: seconds since 1970. What has no zone counts as UTC, and a whole day from its midnight.
    #[must_use]
    pub fn order(&self) -> i64 {
        self.time_zone.map_or_else(|| self.civil().and_utc(), |zone| instant(self.civil(), zone)).timestamp()
    }

    /// So long before, in the same zone or without one; nothing before the year 1.
    #[must_use]
    pub fn before(&self, lead: Duration) -> Option<Self> {
        let civil = match self.time_zone {
            Some(zone) => instant(self.civil(), zone).checked_sub_signed(lead)?.with_timezone(&zone).naive_local(),
            None => self.civil().checked_sub_signed(lead)?,
        };
        let time = Self { date: civil.date(), time_of_day: Some(civil.time()), time_zone: self.time_zone };
        (time.date.year() >= 1).then_some(time)
    }

    fn civil(&self) -> NaiveDateTime {
        self.date.and_time(self.time_of_day.unwrap_or_default())
    }
}

/// The first of two times when clocks are put back. What clocks skip is told by those of the day before (RFC 5545).
fn instant(civil: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let day = Duration::days(1);
    let at = |civil: NaiveDateTime| zone.from_local_datetime(&civil).earliest().map(|time| time.to_utc());
    at(civil)
        .or_else(|| civil.checked_sub_signed(day).and_then(at).and_then(|time| time.checked_add_signed(day)))
        .unwrap_or_else(|| civil.and_utc())
}

/// chrono takes shorter spellings and years of any length; one day has one spelling here.
pub(crate) fn parse_date(text: &str) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let canonical = date.year() >= 1 && date.format("%Y-%m-%d").to_string() == text;
    canonical.then_some(date)
}

fn parse_time(text: &str) -> Option<NaiveTime> {
    let format = if text.len() == "17:30".len() { "%H:%M" } else { "%H:%M:%S" };
    let time = NaiveTime::parse_from_str(text, format).ok()?;
    // A 60th second is kept as nanoseconds past the 59th: it does not read back as it was written.
    (time.format(format).to_string() == text && time.nanosecond() == 0).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(date: &str, time: &str, zone: &str) -> Vec<&'static str> {
        TaskTime::parse(date, time, zone).unwrap_err().into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn the_three_kinds_of_time_are_read_and_answered() {
        for (time, zone, answered) in
            [("", "", ""), ("17:30", "", "17:30"), ("17:30:00", "", "17:30"), ("07:05:09", "Europe/Vienna", "07:05:09")]
        {
            let parsed = TaskTime::parse("2028-02-29", time, zone).unwrap();
            assert_eq!(parsed.date().to_string(), "2028-02-29");
            assert_eq!(parsed.time_of_day_text(), answered);
            assert_eq!(parsed.time_zone().unwrap_or_default(), zone);
        }
    }

    #[test]
    fn a_date_has_one_spelling() {
        for bad in ["", "2026-2-1", "2026-02-30", "26-02-01", "0000-01-01", "+2026-01-01", "12026-01-01", " 2026-01-01"]
        {
            assert_eq!(fields(bad, "", ""), ["date"], "{bad}");
        }
    }

    #[test]
    fn a_time_of_day_has_two_digits_a_part() {
        for bad in ["7:30", "24:00", "17:60", "17:30:60", "17:30:00.5", "17", "17:3", "1730"] {
            assert_eq!(fields("2026-01-01", bad, ""), ["time_of_day"], "{bad}");
        }
    }

    #[test]
    fn a_zone_is_known_and_needs_a_time_of_day() {
        for bad in ["Europe/Atlantis", "+01:00", "europe/vienna"] {
            assert_eq!(fields("2026-01-01", "17:30", bad), ["time_zone"], "{bad}");
        }
        assert_eq!(fields("2026-01-01", "", "Europe/Vienna"), ["time_zone"]);
    }

    #[test]
    fn every_fault_is_told() {
        assert_eq!(fields("soon", "late", "here"), ["date", "time_of_day", "time_zone"]);
    }

    #[test]
    fn a_stored_time_reads_back() {
        let time = TaskTime::parse("2026-11-21", "17:30", "Europe/Vienna").unwrap();
        assert_eq!(TaskTime::from_stored(time.date(), time.time_of_day(), time.time_zone()), Some(time));
        assert_eq!(TaskTime::from_stored(time.date(), None, Some("Nowhere")), None);
    }

    #[test]
    fn times_sort_by_when_they_are() {
        let order = |date: &str, time: &str, zone: &str| TaskTime::parse(date, time, zone).unwrap().order();
        assert_eq!(order("1970-01-02", "", ""), 86_400);
        assert_eq!(order("1970-01-01", "00:00:01", ""), 1);
        assert_eq!(order("1970-01-01", "01:00", "Europe/Vienna"), 0);
        assert!(order("2026-11-21", "08:00", "Asia/Tokyo") < order("2026-11-21", "07:00", "Europe/Vienna"));
        // Skipped and repeated hours.
        assert_eq!(order("2026-03-29", "02:30", "Europe/Vienna"), order("2026-03-29", "03:30", "Europe/Vienna"));
        assert_eq!(
            order("2026-10-25", "02:30", "Europe/Vienna") + 2 * 3600,
            order("2026-10-25", "03:30", "Europe/Vienna")
        );
        // A whole day that was skipped.
        assert_eq!(order("2011-12-30", "12:00", "Pacific/Apia"), order("2011-12-31", "12:00", "Pacific/Apia"));
        for extreme in ["0001-01-01", "9999-12-31"] {
            for zone in ["Pacific/Kiritimati", "Pacific/Niue"] {
                assert!(order(extreme, "12:00", zone) != i64::MAX);
            }
        }
    }
}
