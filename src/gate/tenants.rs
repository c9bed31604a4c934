//! Which organisations there are, by their slugs: a proxy says whose tokens it lets through.

use std::collections::HashMap;
use std::sync::Arc;

use super::queries;
use super::views::in_time;
use crate::access::OrganizationId;
use crate::db::Database;
use crate::fleet::{Change, Fleet, Memory, Remembered};
use crate::web::Error;

/// Clones share what is remembered.
#[derive(Clone)]
pub struct Tenants(Arc<Inner>);

struct Inner {
    database: Database,
    /// All of them are one answer.
    all: Remembered<(), Arc<HashMap<String, OrganizationId>>>,
}

impl Tenants {
    #[must_use]
    pub fn new(database: Database, fleet: &Fleet) -> Self {
        Self(Arc::new(Inner {
            database,
            all: Remembered::new(fleet.clone(), 1),
        }))
    }

    /// # Errors
    /// When it cannot be found out.
    pub async fn find(&self, slug: &str) -> Result<Option<OrganizationId>, Error> {
        Ok(self.all().await?.get(slug).copied())
    }

    /// The one that there is; `None` where there are several, or none.
    ///
    /// # Errors
    /// When it cannot be found out.
    pub async fn only(&self) -> Result<Option<OrganizationId>, Error> {
        let all = self.all().await?;
        let mut ids = all.values().copied();
        Ok(ids.next().filter(|_| ids.next().is_none()))
    }

    async fn all(&self) -> Result<Arc<HashMap<String, OrganizationId>>, Error> {
        let load = async || {
            let connection = &mut *self.0.database.get().await?;
            let all = queries::organizations(connection).await?;
            Ok(Arc::new(all.into_iter().collect()))
        };
        in_time(self.0.all.get(&(), load)).await
    }
}

impl Memory for Tenants {
    fn forget(&self, change: &Change) {
        match change {
            Change::Secret(_) => {}
            Change::Organization(_) | Change::Everything => self.0.all.forget_all(),
        }
    }
}
