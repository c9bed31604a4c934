//! Charts of calls by day, as the rectangles of an SVG.

use chrono::{Days, NaiveDate};

use crate::tokens::queries::Day;
use crate::web::format;

/// A day in a chart; positions and sizes in the SVG's units, from the top left.
pub struct Bar {
    pub day: NaiveDate,
    pub allowed: i64,
    pub denied: i64,
    pub x: i64,
    pub allowed_y: i64,
    pub allowed_height: i64,
    pub denied_y: i64,
    pub denied_height: i64,
}

impl Bar {
    pub fn label(&self) -> String {
        self.day.format("%-d %b").to_string()
    }
}

/// The last 14 days, in a card: 59 by 18.
pub struct Sparkline {
    pub bars: Vec<Bar>,
    pub calls: i64,
}

/// The last 30 days, on the token's page: 900 by 150.
pub struct Chart {
    pub bars: Vec<Bar>,
    pub allowed: i64,
    pub denied: i64,
    /// The most calls of a day.
    pub most: i64,
}

/// How a chart is drawn.
struct Shape {
    days: u64,
    height: i64,
    /// From one bar's left edge to the next one's, and to the first one's; in tenths.
    step: i64,
    margin: i64,
}

const SPARKLINE: Shape = Shape {
    days: 14,
    height: 18,
    step: 43,
    margin: 0,
};
const CHART: Shape = Shape {
    days: 30,
    height: 150,
    step: 300,
    margin: 40,
};

/// The first day that [`Sparkline::new`] shows.
pub fn sparkline_start(today: NaiveDate) -> NaiveDate {
    SPARKLINE.start(today)
}

/// The first day that [`Chart::new`] shows.
pub fn chart_start(today: NaiveDate) -> NaiveDate {
    CHART.start(today)
}

impl Sparkline {
    /// From the days of one token, in order.
    pub fn new(days: &[Day], today: NaiveDate) -> Self {
        let bars = SPARKLINE.bars(days, today);
        Self {
            calls: bars.iter().map(|bar| bar.allowed + bar.denied).sum(),
            bars,
        }
    }

    /// In words.
    pub fn label(&self) -> String {
        let totals = || self.bars.iter().map(|bar| bar.allowed + bar.denied);
        let (least, most) = (totals().min().unwrap_or(0), totals().max().unwrap_or(0));
        format!(
            "Between {} and {} calls a day",
            format::thousands(least),
            format::thousands(most)
        )
    }
}

impl Chart {
    /// From the days of one token, in order.
    pub fn new(days: &[Day], today: NaiveDate) -> Self {
        let bars = CHART.bars(days, today);
        Self {
            allowed: bars.iter().map(|bar| bar.allowed).sum(),
            denied: bars.iter().map(|bar| bar.denied).sum(),
            most: bars
                .iter()
                .map(|bar| bar.allowed + bar.denied)
                .max()
                .unwrap_or(0),
            bars,
        }
    }

    pub fn first(&self) -> String {
        self.bars.first().map(Bar::label).unwrap_or_default()
    }

    pub fn last(&self) -> String {
        self.bars.last().map(Bar::label).unwrap_or_default()
    }

    /// In words.
    pub fn description(&self) -> String {
        let worst = self.bars.iter().max_by_key(|bar| bar.denied);
        let denied = match worst.filter(|bar| bar.denied > 0) {
            Some(bar) => format!(
                "Most denied calls, {}, came on {}.",
                format::thousands(bar.denied),
                bar.label()
            ),
            None => "None was denied.".to_owned(),
        };
        let most = format::thousands(self.most);
        format!("At most {most} calls a day. {denied} A table with the figures follows.")
    }
}

impl Shape {
    fn start(&self, today: NaiveDate) -> NaiveDate {
        today - Days::new(self.days - 1)
    }

    fn bars(&self, days: &[Day], today: NaiveDate) -> Vec<Bar> {
        let start = self.start(today);
        let most = days.iter().map(|day| day.allowed + day.denied).max();
        let most = most.unwrap_or(0).max(1);
        start
            .iter_days()
            .take_while(|day| *day <= today)
            .zip(0..)
            .map(|(date, at)| {
                let found = days.iter().find(|day| day.day == date);
                let (allowed, denied) = found.map_or((0, 0), |day| (day.allowed, day.denied));
                self.bar(date, at, allowed, denied, most)
            })
            .collect()
    }

    /// Any call at all is seen, if only as one unit.
    fn bar(&self, day: NaiveDate, at: i64, allowed: i64, denied: i64, most: i64) -> Bar {
        let scaled = |calls: i64| {
            let height = i128::from(calls) * i128::from(self.height) / i128::from(most);
            let height = i64::try_from(height).unwrap_or(self.height);
            if calls > 0 { height.max(1) } else { 0 }
        };
        let denied_height = scaled(denied);
        let allowed_height = scaled(allowed).min(self.height - denied_height);
        let allowed_y = self.height - allowed_height;
        Bar {
            day,
            allowed,
            denied,
            x: (self.margin + self.step * at) / 10,
            allowed_y,
            allowed_height,
            denied_y: allowed_y - denied_height,
            denied_height,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;
    use crate::tokens::TokenId;

    fn day(day: &str, allowed: i64, denied: i64) -> Day {
        Day {
            token_id: TokenId::new(chrono::DateTime::<Utc>::UNIX_EPOCH),
            day: day.parse().unwrap(),
            allowed,
            denied,
        }
    }

    #[test]
    fn a_chart_has_a_bar_for_each_day_and_stays_in_its_frame() {
        let today = "2026-11-22".parse().unwrap();
        let days = [day("2026-10-24", 5, 0), day("2026-11-22", 1_000_000, 1)];
        let chart = Chart::new(&days, today);
        assert_eq!(chart.bars.len(), 30);
        assert_eq!(
            (chart.first(), chart.last()),
            ("24 Oct".into(), "22 Nov".into())
        );
        assert_eq!(
            (chart.allowed, chart.denied, chart.most),
            (1_000_005, 1, 1_000_001)
        );
        for bar in &chart.bars {
            assert!(bar.denied_y >= 0 && bar.allowed_y + bar.allowed_height == 150);
        }
        assert_eq!(chart.bars[0].allowed_height, 1, "a few calls are seen");
        assert_eq!(chart.bars[1].allowed_height, 0);
    }

    #[test]
    fn no_calls_draw_nothing() {
        let sparkline = Sparkline::new(&[], "2026-11-22".parse().unwrap());
        assert_eq!((sparkline.bars.len(), sparkline.calls), (14, 0));
        assert!(sparkline.bars.iter().all(|bar| bar.allowed_height == 0));
    }
}
