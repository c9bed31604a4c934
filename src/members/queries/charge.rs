//! Who is in charge: an organisation with an active administrator always keeps one, and one with an
//! active administrator who can sign in keeps such a one. Whom provisioning made an administrator
//! cannot until they have opened a link, and could not let anybody in.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel_async::RunQueryDsl;

use crate::access::{Actor, OrganizationId, Role, authorize, hold, is_lifted};
use crate::db::Connection;
use crate::db::schema::{memberships, users};

/// Nobody would be left to administer the organisation.
#[derive(Debug)]
pub struct LastAdministrator;

/// Held by whoever changes who administers an organisation: from taking it to the end of the
/// transaction nobody else changes that.
pub struct Charge {
    organization: OrganizationId,
    /// How it was before.
    held: Held,
}

/// Who can administer an organisation, the worst first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Held {
    Nobody,
    /// There are active administrators, of whom none has joined yet.
    Waiting,
    Somebody,
}

impl Charge {
    /// To be taken first in a transaction, before any other row is locked.
    pub async fn take(connection: &mut Connection, actor: &Actor) -> QueryResult<Self> {
        let organization = actor.organization();
        hold(connection, organization).await?;
        authorize(connection, actor, None).await?;
        Ok(Self {
            organization,
            held: held(connection, organization).await?,
        })
    }

    /// To be asked after the change, which is undone with the transaction if this fails.
    pub async fn keep<E>(self, connection: &mut Connection) -> Result<(), E>
    where
        E: From<LastAdministrator> + From<QueryError>,
    {
        if held(connection, self.organization).await? < self.held {
            return Err(LastAdministrator.into());
        }
        Ok(())
    }
}

async fn held(connection: &mut Connection, organization: OrganizationId) -> QueryResult<Held> {
    let active = memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(organization))
        .filter(memberships::deactivated_at.is_null());
    let by_own_role = active.filter(memberships::role.eq(Role::Admin));
    let by_group = active.filter(is_lifted());
    let can_sign_in = users::password_hash
        .is_not_null()
        .and(memberships::has_joined);
    let held = diesel::select((
        exists(by_own_role.filter(can_sign_in)).or(exists(by_group.filter(can_sign_in))),
        exists(by_own_role).or(exists(by_group)),
    ));
    Ok(match held.get_result(connection).await? {
        (true, _) => Held::Somebody,
        (false, true) => Held::Waiting,
        (false, false) => Held::Nobody,
    })
}
