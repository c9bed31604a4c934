//! How many users filters find, and where the last page of them ended: remembered for as long as the
//! organisation's users and groups stay as they are. To count many, or to walk to a page far behind,
//! takes longer than to read a page, and clients ask for page after page.

use std::sync::Arc;

use quick_cache::sync::Cache;
use uuid::Uuid;

use super::criterion::Criterion;
use super::search::Search;
use crate::access::{OrganizationId, UserId};

/// Filters, of at most 10,000 bytes each.
const MOST: usize = 1_000;

/// Clones are the same memory.
#[derive(Clone)]
pub struct Recall(Arc<Cache<Question, Known>>);

/// Which users are looked for. It has one answer for ever, as each change makes another revision.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Question {
    pub organization: OrganizationId,
    /// Of its users and groups, when they were looked for.
    pub revision: Uuid,
    /// `None`: all.
    pub criterion: Option<Criterion>,
}

#[derive(Clone, Copy)]
pub struct Known {
    /// How many they are.
    pub total: i64,
    /// Of the last page, by the order of their IDs.
    pub end: Option<End>,
}

/// Where a page ended.
#[derive(Clone, Copy)]
pub struct End {
    /// Of the last user on it, from 1.
    pub position: i64,
    pub user: UserId,
}

impl Known {
    /// Where the page may be walked to from.
    #[must_use]
    pub fn end_before(&self, search: &Search) -> Option<End> {
        self.end
            .filter(|end| search.sort.is_none() && end.position < search.start)
    }
}

impl End {
    /// Of the page that holds these, if it is in the order of their IDs.
    #[must_use]
    pub fn of(search: &Search, page: &[UserId]) -> Option<Self> {
        let length = i64::try_from(page.len()).ok()?;
        page.last()
            .filter(|_| search.sort.is_none())
            .map(|user| Self {
                position: search.start - 1 + length,
                user: *user,
            })
    }
}

impl Default for Recall {
    fn default() -> Self {
        Self(Arc::new(Cache::new(MOST)))
    }
}

impl Recall {
    #[must_use]
    pub fn get(&self, question: &Question) -> Option<Known> {
        self.0.get(question)
    }

    pub fn remember(&self, question: Question, known: Known) {
        self.0.insert(question, known);
    }
}
