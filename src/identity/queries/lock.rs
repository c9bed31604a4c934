//! Who is in an organisation is changed by one at a time.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::access::OrganizationId;
use crate::db::Connection;
use crate::db::schema::organizations;

/// Keeps all others from changing who is in the organisation until the transaction ends. First of all in
/// each: else each of two would wait for the other.
pub async fn hold(connection: &mut Connection, organization: OrganizationId) -> QueryResult<()> {
    organizations::table
        .find(organization)
        .select(organizations::id)
        .for_no_key_update()
        .get_result::<OrganizationId>(connection)
        .await
        .map(drop)
}
