//! Who answers for API tokens, also those who are gone.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use super::name_here;
use crate::access::{OrganizationId, UserId};
use crate::db::Connection;
use crate::db::schema::{memberships, tokens, users};
use crate::identity::queries::user_with;
use crate::tokens::{Answering, Presence, Responsible, TokenId};
use crate::web::paging::{Cursor, Slice, one_more};

/// A page of those who answer for API tokens of the organisation that are not revoked, by ID; or of
/// those among them who are no active members. By hand, since Diesel cannot say how to leap through
/// an index: one step for each person, however many tokens they answer for.
pub async fn all_answering(
    connection: &mut Connection,
    organization: OrganizationId,
    are_gone: bool,
    cursor: Option<&Cursor>,
    size: usize,
) -> QueryResult<Slice<Answering>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Uuid)]
        id: UserId,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        email: String,
        #[diesel(sql_type = Bool)]
        is_member: bool,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        deactivated_at: Option<DateTime<Utc>>,
    }
    let step = |after| {
        format!(
            "SELECT responsible_id FROM tokens WHERE organization_id = $1 AND owner_id IS NULL \
                 AND standing <> 'revoked' AND responsible_id > {after} \
             ORDER BY responsible_id LIMIT 1"
        )
    };
    let rows: Vec<Row> = sql_query(format!(
        "WITH RECURSIVE answering (id) AS (({}) \
             UNION ALL SELECT ({}) FROM answering WHERE answering.id IS NOT NULL) \
         SELECT users.id, coalesce(known_as, name) AS name, email, user_id IS NOT NULL AS is_member, deactivated_at \
         FROM answering JOIN users ON users.id = answering.id \
         LEFT JOIN memberships ON organization_id = $1 AND user_id = answering.id \
         WHERE NOT $3 OR user_id IS NULL OR deactivated_at IS NOT NULL \
         ORDER BY answering.id LIMIT $4",
        step("$2"),
        step("answering.id"),
    ))
    .bind::<Uuid, _>(organization)
    .bind::<Uuid, _>(cursor.map_or(uuid::Uuid::nil(), |cursor| cursor.id))
    .bind::<Bool, _>(are_gone)
    .bind::<BigInt, _>(one_more(size))
    .load(connection)
    .await?;
    let answering = |row: Row| Answering {
        person: Responsible {
            id: row.id,
            name: row.name,
            email: row.email,
        },
        presence: Presence::of(row.is_member.then_some(row.deactivated_at)),
    };
    let people = rows.into_iter().map(answering).collect();
    Ok(Slice::new(people, size, cursor, |answering: &Answering| {
        (String::new(), answering.person.id.uuid())
    }))
}

/// Somebody who answers for API tokens of the organisation, be they revoked, or is its member: nobody
/// else is known here.
pub async fn answering(
    connection: &mut Connection,
    organization: OrganizationId,
    user: UserId,
) -> QueryResult<Answering> {
    let presence = presence(connection, organization, user).await?;
    if presence == Presence::Removed {
        tokens::table
            .filter(tokens::organization_id.eq(organization))
            .filter(tokens::responsible_id.eq(user))
            .filter(tokens::owner_id.is_null())
            .select(tokens::id)
            .first::<TokenId>(connection)
            .await?;
    }
    let is_here = memberships::organization_id
        .eq(organization)
        .and(memberships::user_id.eq(users::id));
    let (name, email) = users::table
        .find(user)
        .left_join(memberships::table.on(is_here))
        .select((name_here(), users::email))
        .get_result(connection)
        .await?;
    let person = Responsible {
        id: user,
        name,
        email,
    };
    Ok(Answering { person, presence })
}

/// The one with this email, in lower case.
pub async fn answering_with(
    connection: &mut Connection,
    organization: OrganizationId,
    email: &str,
) -> QueryResult<Option<Answering>> {
    let Some(user) = user_with(connection, email).await? else {
        return Ok(None);
    };
    answering(connection, organization, user).await.optional()
}

/// Where somebody stands in the organisation.
pub async fn presence(
    connection: &mut Connection,
    organization: OrganizationId,
    user: UserId,
) -> QueryResult<Presence> {
    let membership = memberships::table
        .find((organization, user))
        .select(memberships::deactivated_at)
        .get_result(connection)
        .await
        .optional()?;
    Ok(Presence::of(membership))
}
