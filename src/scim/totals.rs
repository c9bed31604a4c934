//! How many users filters find, remembered for as long as the organisation's users and groups stay as
//! they are: to count many takes longer than to read a page of them, and clients ask for page after page.

use std::sync::Arc;

use quick_cache::sync::Cache;
use uuid::Uuid;

use super::criterion::Criterion;
use crate::access::OrganizationId;

/// Filters, of at most 10,000 bytes each.
const MOST: usize = 1_000;

/// Clones are the same memory.
#[derive(Clone)]
pub struct Totals(Arc<Cache<Question, i64>>);

/// Which users are counted. It has one answer for ever, as each change makes another revision.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Question {
    pub organization: OrganizationId,
    /// Of its users and groups, as it was before they were counted.
    pub revision: Uuid,
    /// `None`: all.
    pub criterion: Option<Criterion>,
}

impl Default for Totals {
    fn default() -> Self {
        Self(Arc::new(Cache::new(MOST)))
    }
}

impl Totals {
    #[must_use]
    pub fn get(&self, question: &Question) -> Option<i64> {
        self.0.get(question)
    }

    pub fn remember(&self, question: Question, total: i64) {
        self.0.insert(question, total);
    }
}
