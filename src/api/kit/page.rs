//! Lists in pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::secret::Digest;
use crate::web::Error;
use crate::web::form::{self, LONGEST_TERM};
use crate::web::paging::{Cursor, Direction, Slice};

const USUAL: usize = 50;
const MOST: usize = 100;

/// How many items a page has: a number, where an empty text would be none.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub struct Limit(usize);

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// How many items a page has.
    #[param(value_type = Option<usize>, minimum = 1, maximum = 100, default = 50)]
    pub limit: Option<Limit>,
    /// Where to go on: the `next_cursor` of the page before.
    #[param(pattern = "^[A-Za-z0-9_-]+$")]
    pub cursor: Option<String>,
}

impl Paging {
    /// # Errors
    /// [`Error::Invalid`] beyond the bounds.
    pub fn limit(&self) -> Result<usize, Error> {
        match self.limit.map_or(USUAL, |limit| limit.0) {
            limit @ 1..=MOST => Ok(limit),
            _ => Err(Error::invalid("limit", format!("use 1 to {MOST}."))),
        }
    }

    /// The page of a list that is short enough to be read whole, in the order of `place`.
    ///
    /// # Errors
    /// Those of [`limit`](Self::limit) and [`cursor`](Self::cursor).
    pub fn of<T>(
        &self,
        list: &str,
        mut all: Vec<T>,
        place: impl Fn(&T) -> (String, Uuid),
    ) -> Result<Page<T>, Error> {
        let (limit, cursor) = (self.limit()?, self.cursor(list)?);
        all.sort_by_key(&place);
        let start = cursor.as_ref().map_or(0, |cursor| {
            let shown = (cursor.key.clone(), cursor.id);
            all.partition_point(|it| place(it) <= shown)
        });
        let rows = all.into_iter().skip(start).take(limit + 1).collect();
        let slice = Slice::new(rows, limit, cursor.as_ref(), place);
        Ok(Page::of(list, slice))
    }

    /// Where the page starts of a list in an order, which `list` names.
    ///
    /// # Errors
    /// [`Error::Invalid`] for one that no page of it gave.
    pub fn cursor(&self, list: &str) -> Result<Option<Cursor>, Error> {
        let read = |text: &str| {
            let cursor = text.strip_prefix(&*mark(list)).and_then(Cursor::decode);
            let cursor = cursor.filter(|it| it.direction == Direction::After);
            cursor.ok_or_else(|| Error::invalid("cursor", "no page of this list gave this."))
        };
        self.cursor.as_deref().map(read).transpose()
    }
}

/// Which page of a list that can be searched.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// A part of the name, or of the key where there is one.
    #[param(max_length = 100)]
    q: Option<String>,
    /// How many items a page has.
    #[param(value_type = Option<usize>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<Limit>,
    /// Where to go on: the `next_cursor` of the page before, asked with the same parameters.
    #[param(pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

impl Search {
    /// # Errors
    /// [`Error::Invalid`] for one that is too long.
    pub fn term(&self) -> Result<Option<String>, Error> {
        term("q", self.q.as_deref())
    }

    #[must_use]
    pub fn paging(self) -> Paging {
        Paging {
            limit: self.limit,
            cursor: self.cursor,
        }
    }
}

/// What is searched for; `None`: no search.
///
/// # Errors
/// [`Error::Invalid`] for what is too long.
pub fn term(field: &str, text: Option<&str>) -> Result<Option<String>, Error> {
    let text = text.unwrap_or_default();
    if text.chars().count() > LONGEST_TERM {
        let detail = format!("use at most {LONGEST_TERM} characters.");
        return Err(Error::invalid(field, detail));
    }
    Ok(form::term(text))
}

#[must_use]
pub fn next_cursor<T>(list: &str, slice: &Slice<T>) -> Option<String> {
    let next = slice.next.as_ref();
    next.map(|next| format!("{}{next}", mark(list)))
}

/// What cursors of a list begin with: in another one they would lead anywhere.
fn mark(list: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Digest::of(list).as_bytes()[..3])
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    items: Vec<T>,
    /// What leads to the next page, as `cursor`; `null` on the last.
    next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Of a list in an order, which `list` names.
    #[must_use]
    pub fn of(list: &str, slice: Slice<T>) -> Self {
        Self {
            next_cursor: next_cursor(list, &slice),
            items: slice.rows,
        }
    }

    #[must_use]
    pub fn map<Other>(self, change: impl FnMut(T) -> Other) -> Page<Other> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            next_cursor: self.next_cursor,
        }
    }
}
