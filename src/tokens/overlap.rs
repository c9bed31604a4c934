//! How long the old secret still works after a rotation.

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::types::text_enum;

text_enum! {
    Overlap {
        None = "none",
        Hour = "1h",
        Day = "24h",
        Week = "7d",
    }
}

impl Overlap {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::None => "Immediately",
            Self::Hour => "After 1 hour",
            Self::Day => "After 24 hours",
            Self::Week => "After 7 days",
        }
    }

    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::None => "Use this if the token has been exposed.",
            Self::Day => {
                "Both secrets work until then, so integrations can be updated without downtime."
            }
            Self::Hour | Self::Week => "",
        }
    }

    /// When the old secret stops: never later than the token itself.
    #[must_use]
    pub fn end(self, now: DateTime<Utc>, expires_at: Option<DateTime<Utc>>) -> DateTime<Utc> {
        let end = now
            + match self {
                Self::None => TimeDelta::zero(),
                Self::Hour => TimeDelta::hours(1),
                Self::Day => TimeDelta::hours(24),
                Self::Week => TimeDelta::days(7),
            };
        expires_at.map_or(end, |expiry| end.min(expiry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_secret_never_outlives_its_token() {
        let now: DateTime<Utc> = "2026-11-22T14:00:00Z".parse().unwrap();
        let expiry = now + TimeDelta::hours(2);
        assert_eq!(Overlap::None.end(now, None), now);
        assert_eq!(Overlap::Day.end(now, None), now + TimeDelta::hours(24));
        assert_eq!(Overlap::Day.end(now, Some(expiry)), expiry);
        assert_eq!(
            Overlap::Hour.end(now, Some(expiry)),
            now + TimeDelta::hours(1)
        );
    }
}
