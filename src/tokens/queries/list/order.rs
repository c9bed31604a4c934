//! The order of the list as SQL, and where a page stands in it.

use chrono::{DateTime, Datelike, Utc};
use uuid::Uuid;

use crate::tokens::{Filter, Sort};
use crate::web::paging::Direction;

/// A sort key and an ID.
pub type Place = (String, Uuid);

/// The columns that hold an order, and the type of the first. In conditions `$4` is the term, and
/// `$5` and `$6` are a place.
pub struct Order {
    pub table: &'static str,
    /// What the list has of the table.
    pub listed: &'static str,
    pub key: &'static str,
    pub id: &'static str,
    kind: &'static str,
    /// Where the page starts.
    pub place: Option<Place>,
    /// The page before a place is read backwards.
    backwards: bool,
    descending: bool,
    /// Of names, those that begin with the term come first.
    term: Option<String>,
}

/// A part of an order whose tokens stand together in an index.
pub struct Run<'a> {
    names: Names,
    pub place: Option<&'a Place>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Names {
    All,
    Beginning,
    Others,
}

impl Order {
    pub fn of(filter: &Filter) -> Self {
        let (key, kind, descending) = match filter.sort {
            Sort::Newest => ("id", "uuid", true),
            Sort::Name => ("name_folded", "text", false),
            Sort::Expiry => ("expires_sort", "timestamptz", false),
            Sort::LastUsed => ("last_used_minute", "timestamptz", true),
        };
        let (table, id, listed) = match filter.sort {
            Sort::LastUsed => ("token_usage", "token_id", "standing IS NOT NULL"),
            _ => ("tokens", "id", "owner_id IS NULL"),
        };
        let cursor = filter.cursor.as_ref();
        Self {
            table,
            listed,
            key,
            id,
            kind,
            place: place(filter),
            backwards: cursor.is_some_and(|cursor| cursor.direction == Direction::Before),
            descending,
            term: filter.term().filter(|_| filter.sort == Sort::Name),
        }
    }

    /// The runs from the page's start on, in their order.
    pub fn runs(&self) -> Vec<Run<'_>> {
        let place = self.place.as_ref();
        let Some(term) = &self.term else {
            return vec![Run {
                names: Names::All,
                place,
            }];
        };
        let (first, last) = if self.backwards {
            (Names::Others, Names::Beginning)
        } else {
            (Names::Beginning, Names::Others)
        };
        let start = match place {
            Some((key, _)) if key.starts_with(term) => Names::Beginning,
            Some(_) => Names::Others,
            None => first,
        };
        let mut runs = vec![Run {
            names: start,
            place,
        }];
        if start == first {
            runs.push(Run {
                names: last,
                place: None,
            });
        }
        runs
    }

    /// How a run is sorted, by columns of these names.
    pub fn sorted(&self, key: &str, id: &str) -> String {
        let direction = self.direction();
        format!("{key} {direction}, {id} {direction}")
    }

    /// The rows of a run that come after its place.
    pub fn beyond(&self, run: &Run, key: &str, id: &str) -> String {
        let (kind, sign) = (self.kind, self.sign());
        let place = match run.place {
            Some(_) => format!("({key}, {id}) {sign} ($5::{kind}, $6)"),
            None => "true".to_owned(),
        };
        match run.names {
            Names::All => place,
            Names::Beginning => format!("{key} >= $4 AND {key} < $4 || chr(1114111) AND {place}"),
            Names::Others => format!("({key} < $4 OR {key} >= $4 || chr(1114111)) AND {place}"),
        }
    }

    /// How all runs together are sorted.
    pub fn sorted_whole(&self, key: &str, id: &str) -> String {
        let sorted = self.sorted(key, id);
        match self.term {
            Some(_) => format!("NOT starts_with({key}, $4) {}, {sorted}", self.direction()),
            None => sorted,
        }
    }

    /// The rows that come after the page's start, in whatever run.
    pub fn beyond_whole(&self, key: &str, id: &str) -> String {
        let (kind, sign) = (self.kind, self.sign());
        match (&self.place, &self.term) {
            (None, _) => "true".to_owned(),
            (Some(_), None) => format!("({key}, {id}) {sign} ($5::{kind}, $6)"),
            (Some(_), Some(_)) => format!(
                "(NOT starts_with({key}, $4), {key}, {id}) {sign} (NOT starts_with($5, $4), $5, $6)"
            ),
        }
    }

    /// Or in a table beside it.
    pub fn stands_in_tokens(&self) -> bool {
        self.table == "tokens"
    }

    fn descends(&self) -> bool {
        self.descending != self.backwards
    }

    fn direction(&self) -> &'static str {
        if self.descends() { "DESC" } else { "ASC" }
    }

    fn sign(&self) -> &'static str {
        if self.descends() { "<" } else { ">" }
    }
}

/// `None` without a cursor, and for one of another order.
fn place(filter: &Filter) -> Option<Place> {
    let cursor = filter.cursor.as_ref()?;
    let key = match filter.sort {
        Sort::Newest => cursor.id.to_string(),
        Sort::Name => cursor.key.clone(),
        Sort::Expiry | Sort::LastUsed => {
            let at: DateTime<Utc> = cursor.key.parse().ok()?;
            (1970..=9999)
                .contains(&at.year())
                .then(|| at.to_rfc3339())?
        }
    };
    Some((key, cursor.id))
}
