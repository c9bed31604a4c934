//! How pages write instants and numbers. All times are UTC.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// `22 Nov 2026`
#[must_use]
pub fn date(at: &DateTime<Utc>) -> String {
    at.format("%-d %b %Y").to_string()
}

/// `22 Nov 2026, 14:02 UTC`
#[must_use]
pub fn date_time(at: &DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M UTC").to_string()
}

/// For `<time datetime>`: `2026-11-22T14:02:31Z`
#[must_use]
pub fn machine(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `3 min ago`, `in 23 hours`; from 24 hours on by the calendar: `yesterday`, `in 6 days`.
#[must_use]
pub fn relative(at: &DateTime<Utc>, now: &DateTime<Utc>) -> String {
    let distance = *at - *now;
    let future = distance > TimeDelta::zero();
    let distance = distance.abs();
    let (minutes, hours) = (distance.num_minutes(), distance.num_hours());
    let days = (at.date_naive() - now.date_naive()).num_days().abs();
    let amount = match (minutes, hours, days) {
        (0, ..) if future => return "in under a minute".to_owned(),
        (0, ..) => return "just now".to_owned(),
        (_, 0, _) => format!("{minutes} min"),
        (_, 1, _) => "1 hour".to_owned(),
        (_, ..24, _) => format!("{hours} hours"),
        (_, _, ..=1) => return if future { "tomorrow" } else { "yesterday" }.to_owned(),
        (_, _, 2..=59) => format!("{days} days"),
        (_, _, 60..=729) => format!("{} months", days / 30),
        _ => format!("{} years", days / 365),
    };
    if future {
        format!("in {amount}")
    } else {
        format!("{amount} ago")
    }
}

/// `12,481`
#[must_use]
pub fn thousands(number: impl TryInto<i64>) -> String {
    let number = number.try_into().unwrap_or(i64::MAX);
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `call` or `calls`, by the number.
#[must_use]
pub fn plural<'a>(number: i64, one: &'a str, many: &'a str) -> &'a str {
    if number == 1 { one } else { many }
}

/// `1 call`, `1,204 calls`
#[must_use]
pub fn counted(number: impl TryInto<i64>, one: &str, many: &str) -> String {
    let number = number.try_into().unwrap_or(i64::MAX);
    format!("{} {}", thousands(number), plural(number, one, many))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_thousands_separators() {
        let shown: Vec<_> = [0, 999, 1000, 12481, -1_234_567]
            .map(thousands)
            .into_iter()
            .collect();
        assert_eq!(shown, ["0", "999", "1,000", "12,481", "-1,234,567"]);
    }

    #[test]
    fn one_is_not_many() {
        let told = [0_usize, 1, 1204].map(|calls| counted(calls, "call", "calls"));
        assert_eq!(told, ["0 calls", "1 call", "1,204 calls"]);
    }

    #[test]
    fn distances_are_told_in_words() {
        let now: DateTime<Utc> = "2026-11-22T14:00:00Z".parse().unwrap();
        let told = |seconds| relative(&(now + TimeDelta::seconds(seconds)), &now);
        assert_eq!(told(0), "just now");
        assert_eq!(told(30), "in under a minute");
        assert_eq!(told(-180), "3 min ago");
        assert_eq!(told(-3600), "1 hour ago");
        assert_eq!(told(-30 * 3600), "yesterday");
        assert_eq!(told(30 * 3600), "tomorrow");
        assert_eq!(told(6 * 86400), "in 6 days");
        assert_eq!(told(7 * 86400 - 60), "in 7 days");
        assert_eq!(told(-800 * 86400), "2 years ago");
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let now: DateTime<Utc> = "2026-11-28T10:00:00Z".parse().unwrap();
        for (at, told) in [
            ("2026-11-27T23:00:00Z", "11 hours ago"),
            ("2026-11-27T10:00:01Z", "23 hours ago"),
            ("2026-11-27T10:00:00Z", "yesterday"),
            ("2026-11-27T00:00:00Z", "yesterday"),
            ("2026-11-26T23:59:59Z", "2 days ago"),
            ("2026-11-26T11:00:00Z", "2 days ago"),
            ("2026-11-29T09:59:59Z", "in 23 hours"),
            ("2026-11-29T23:59:59Z", "tomorrow"),
            ("2026-11-30T00:00:00Z", "in 2 days"),
            ("2026-12-05T00:00:00Z", "in 7 days"),
            ("2026-12-05T23:59:59Z", "in 7 days"),
        ] {
            assert_eq!(relative(&at.parse().unwrap(), &now), told, "{at}");
        }
    }
}
