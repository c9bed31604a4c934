//! Who is in charge: an organisation with an active administrator always keeps one.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel_async::RunQueryDsl;

use crate::access::{Actor, OrganizationId, Role, is_lifted};
use crate::db::Connection;
use crate::db::schema::{memberships, organizations};

/// Nobody would be left to administer the organisation.
#[derive(Debug)]
pub struct LastAdministrator;

/// Held by whoever changes who administers an organisation: from taking it to the end of the
/// transaction nobody else changes that.
pub struct Charge {
    organization: OrganizationId,
    /// Whether there was an active administrator.
    is_held: bool,
}

impl Charge {
    /// To be taken first in a transaction, before any other row is locked.
    pub async fn take(connection: &mut Connection, actor: &Actor) -> QueryResult<Self> {
        if !actor.may_change(None) {
            return Err(QueryError::NotFound);
        }
        let organization = actor.organization();
        organizations::table
            .find(organization)
            .select(organizations::id)
            .for_no_key_update()
            .get_result::<OrganizationId>(connection)
            .await?;
        Ok(Self {
            organization,
            is_held: is_held(connection, organization).await?,
        })
    }

    /// To be asked after the change, which is undone with the transaction if this fails.
    pub async fn keep<E>(self, connection: &mut Connection) -> Result<(), E>
    where
        E: From<LastAdministrator> + From<QueryError>,
    {
        if self.is_held && !is_held(connection, self.organization).await? {
            return Err(LastAdministrator.into());
        }
        Ok(())
    }
}

/// Whether the organisation has an active administrator.
async fn is_held(connection: &mut Connection, organization: OrganizationId) -> QueryResult<bool> {
    let active = memberships::table
        .filter(memberships::organization_id.eq(organization))
        .filter(memberships::deactivated_at.is_null());
    let by_own_role = active.filter(memberships::role.eq(Role::Admin));
    if diesel::select(exists(by_own_role))
        .get_result(connection)
        .await?
    {
        return Ok(true);
    }
    diesel::select(exists(active.filter(is_lifted())))
        .get_result(connection)
        .await
}
