//! Pages of a list by key: the next page starts after the last row shown, wherever that
//! row now stands, and costs the same however far down the list is.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::format::thousands;

/// A place in a list, between two rows. It travels in the URL.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Cursor {
    /// What the row is sorted by; empty where it is the ID alone.
    #[serde(rename = "k", default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    #[serde(rename = "i")]
    pub id: Uuid,
    #[serde(rename = "d")]
    pub direction: Direction,
    /// How many rows stand before the page, as far as is known.
    #[serde(rename = "n")]
    pub skipped: i64,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Direction {
    #[serde(rename = "a")]
    After,
    #[serde(rename = "b")]
    Before,
}

impl Cursor {
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// `None` for what we did not write: the list then starts at its beginning.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let cursor: Self = serde_json::from_slice(&bytes).ok()?;
        Some(cursor)
            .filter(|cursor| (0..=i64::MAX / 2).contains(&cursor.skipped))
            .filter(|cursor| !cursor.key.contains(char::is_control))
    }
}

/// Some rows of a list, and how to go on from there.
pub struct Slice<T> {
    pub rows: Vec<T>,
    /// How many rows stand before these.
    pub skipped: i64,
    pub previous: Option<String>,
    pub next: Option<String>,
}

/// One row more than a page has, to be asked for: if it is there, there are more.
#[must_use]
pub fn one_more(size: usize) -> i64 {
    i64::try_from(size + 1).unwrap_or(i64::MAX)
}

impl<T> Slice<T> {
    #[must_use]
    pub fn empty() -> Self {
        Self {
            rows: Vec::new(),
            skipped: 0,
            previous: None,
            next: None,
        }
    }

    /// From what a query found that starts at `cursor`, runs in its direction and asks for one
    /// row more than a page has. `place` gives a row's sort key and ID.
    pub fn new(
        mut rows: Vec<T>,
        size: usize,
        cursor: Option<&Cursor>,
        place: impl Fn(&T) -> (String, Uuid),
    ) -> Self {
        let more = rows.len() > size;
        rows.truncate(size);
        let backwards = cursor.is_some_and(|cursor| cursor.direction == Direction::Before);
        if backwards {
            rows.reverse();
        }
        let shown = i64::try_from(rows.len()).unwrap_or_default();
        let skipped = match cursor {
            None => 0,
            Some(_) if backwards && !more => 0,
            Some(cursor) if backwards => (cursor.skipped - shown).max(0),
            Some(cursor) => cursor.skipped,
        };
        let (has_previous, has_next) = match cursor {
            None => (false, more),
            Some(_) if backwards => (more, true),
            Some(_) => (true, more),
        };
        let to = |row: Option<&T>, direction, skipped| {
            row.map(&place).map(|(key, id)| {
                Cursor {
                    key,
                    id,
                    direction,
                    skipped,
                }
                .encode()
            })
        };
        Self {
            previous: to(
                rows.first().filter(|_| has_previous),
                Direction::Before,
                skipped,
            ),
            next: to(
                rows.last().filter(|_| has_next),
                Direction::After,
                skipped + shown,
            ),
            rows,
            skipped,
        }
    }

    /// The numbers of the first and the last row shown, from 1; `None` for an empty slice.
    #[must_use]
    pub fn range(&self) -> Option<(i64, i64)> {
        let shown = i64::try_from(self.rows.len())
            .ok()
            .filter(|shown| *shown > 0)?;
        Some((self.skipped + 1, self.skipped + shown))
    }

    /// `1–50 of 1,204`
    #[must_use]
    pub fn label(&self, total: i64) -> String {
        let total = thousands(total);
        match self.range() {
            Some((first, last)) => {
                format!("{}–{} of {total}", thousands(first), thousands(last))
            }
            None => format!("0 of {total}"),
        }
    }

    pub fn map<U>(mut self, f: impl FnMut(T) -> U) -> Slice<U> {
        let rows = std::mem::take(&mut self.rows);
        self.with(rows.into_iter().map(f).collect())
    }

    /// The same part of the list, told by other rows.
    #[must_use]
    pub fn with<U>(self, rows: Vec<U>) -> Slice<U> {
        Slice {
            rows,
            skipped: self.skipped,
            previous: self.previous,
            next: self.next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of `0..total`, as a query by key would slice it.
    fn slice(total: u128, cursor: Option<&Cursor>) -> Slice<u128> {
        let rows = match cursor {
            None => (0..total).take(4).collect(),
            Some(cursor) if cursor.direction == Direction::After => (0..total)
                .filter(|row| *row > cursor.id.as_u128())
                .take(4)
                .collect(),
            Some(cursor) => (0..total)
                .rev()
                .filter(|row| *row < cursor.id.as_u128())
                .take(4)
                .collect(),
        };
        Slice::new(rows, 3, cursor, |row| {
            (String::new(), Uuid::from_u128(*row))
        })
    }

    #[test]
    fn pages_lead_to_the_end_and_back() {
        let first = slice(8, None);
        assert_eq!(
            (&first.rows[..], first.range()),
            (&[0, 1, 2][..], Some((1, 3)))
        );
        assert!(first.previous.is_none());
        let second = slice(8, Cursor::decode(&first.next.unwrap()).as_ref());
        let third = slice(8, Cursor::decode(&second.next.unwrap()).as_ref());
        assert_eq!(
            (&third.rows[..], third.range()),
            (&[6, 7][..], Some((7, 8)))
        );
        assert!(third.next.is_none());
        let back = slice(8, Cursor::decode(&third.previous.unwrap()).as_ref());
        assert_eq!(
            (&back.rows[..], back.range()),
            (&[3, 4, 5][..], Some((4, 6)))
        );
        let start = slice(8, Cursor::decode(&back.previous.unwrap()).as_ref());
        assert_eq!(
            (&start.rows[..], start.range()),
            (&[0, 1, 2][..], Some((1, 3)))
        );
        assert!(start.previous.is_none() && start.next.is_some());
    }

    #[test]
    fn what_we_did_not_write_is_no_cursor() {
        for text in ["", "x", "bm90IGpzb24"] {
            assert_eq!(Cursor::decode(text), None);
        }
    }
}
