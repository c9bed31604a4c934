//! The installation and its organisations.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::members::{NewUser, insert_membership, insert_user};
use crate::access::{Actor, Organization, OrganizationId, Role, UserId};
use crate::db::Connection;
use crate::db::schema::{organizations, site};
use crate::identity::drafts::PersonName;
use crate::journal::{self, Action};

/// The installation's 64 random bytes.
pub async fn site_key(connection: &mut Connection) -> QueryResult<Vec<u8>> {
    site::table.select(site::key).get_result(connection).await
}

pub async fn is_set_up(connection: &mut Connection) -> QueryResult<bool> {
    diesel::select(exists(organizations::table.select(organizations::id)))
        .get_result(connection)
        .await
}

/// Whether there is no other organisation.
pub async fn is_only_one(
    connection: &mut Connection,
    organization: OrganizationId,
) -> QueryResult<bool> {
    let others = organizations::table.filter(organizations::id.ne(organization));
    diesel::select(not(exists(others)))
        .get_result(connection)
        .await
}

/// The name of one that there is.
pub async fn name_of(
    connection: &mut Connection,
    organization: OrganizationId,
) -> QueryResult<String> {
    organizations::table
        .find(organization)
        .select(organizations::name)
        .get_result(connection)
        .await
}

/// The first organisation with its administrator; `None` if there is one already. Of two that
/// try at once, the second waits for the first.
pub async fn found(
    connection: &mut Connection,
    organization: &PersonName,
    administrator: NewUser<'_>,
    now: DateTime<Utc>,
) -> QueryResult<Option<(OrganizationId, UserId)>> {
    connection
        .transaction(async |connection| {
            site::table
                .select(site::single)
                .for_update()
                .get_result::<bool>(connection)
                .await?;
            if is_set_up(connection).await? {
                return Ok(None);
            }
            let user = insert_user(connection, &administrator, now)
                .await?
                .ok_or(QueryError::RollbackTransaction)?;
            let id = OrganizationId::new(now);
            let actor = Actor::member(id, user, administrator.name.as_str());
            insert_organization(connection, &actor, organization, now).await?;
            let who = (user, administrator.email.as_str());
            insert_membership(connection, &actor, who, Role::Admin, true, now).await?;
            Ok(Some((id, user)))
        })
        .await
}

/// An organisation without members yet.
pub async fn create_organization(
    connection: &mut Connection,
    name: &PersonName,
    now: DateTime<Utc>,
) -> QueryResult<Listed> {
    let id = OrganizationId::new(now);
    let actor = Actor::command_line(id);
    let slug = connection
        .transaction(async |connection| insert_organization(connection, &actor, name, now).await)
        .await?;
    Ok(Listed {
        id,
        slug,
        name: name.as_str().to_owned(),
        created_at: now,
    })
}

/// `organization=any` asks the gate for the tokens of all.
const ANY: &str = "any";

/// A slug that is taken gets a number behind it.
async fn insert_organization(
    connection: &mut Connection,
    actor: &Actor,
    name: &PersonName,
    now: DateTime<Utc>,
) -> QueryResult<String> {
    let base = slug(name.as_str());
    let mut taken = slugs(connection).await?;
    taken.push(ANY.to_owned());
    let numbered = (2..=taken.len() + 1).map(|n| format!("{base}-{n}"));
    let free = std::iter::once(base.clone())
        .chain(numbered)
        .find(|slug| !taken.contains(slug));
    let slug = free.unwrap_or(base);
    diesel::insert_into(organizations::table)
        .values((
            organizations::id.eq(actor.organization()),
            organizations::name.eq(name.as_str()),
            organizations::slug.eq(&slug),
            organizations::created_at.eq(now),
        ))
        .execute(connection)
        .await?;
    let entry = journal::Draft {
        action: Action::OrganizationCreated,
        subject: (actor.organization().uuid(), name.as_str()),
        changes: Vec::new(),
    };
    journal::record(connection, actor, entry, now).await?;
    Ok(slug)
}

/// Lower case letters and digits of ASCII, with hyphens between.
fn slug(name: &str) -> String {
    let words: Vec<String> = name
        .to_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    if words.is_empty() {
        "organization".to_owned()
    } else {
        words.join("-")
    }
}

/// The organisation with this slug.
pub async fn organization(
    connection: &mut Connection,
    slug: &str,
) -> QueryResult<Option<Organization>> {
    let found: Option<(OrganizationId, String)> = organizations::table
        .filter(organizations::slug.eq(slug))
        .select((organizations::id, organizations::name))
        .get_result(connection)
        .await
        .optional()?;
    Ok(found.map(|(id, name)| Organization { id, name }))
}

/// An organisation as operators see it.
#[derive(Clone, Debug, Queryable)]
pub struct Listed {
    pub id: OrganizationId,
    pub slug: String,
    pub name: String,
    pub created_at: DateTime<Utc>,
}

/// All organisations by their slugs.
pub async fn list(connection: &mut Connection) -> QueryResult<Vec<Listed>> {
    organizations::table
        .order(organizations::slug)
        .select((
            organizations::id,
            organizations::slug,
            organizations::name,
            organizations::created_at,
        ))
        .load(connection)
        .await
}

/// All organisations' slugs.
pub async fn slugs(connection: &mut Connection) -> QueryResult<Vec<String>> {
    organizations::table
        .order(organizations::slug)
        .select(organizations::slug)
        .load(connection)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_made_of_ascii() {
        assert_eq!(slug("Northwind Traders, Inc."), "northwind-traders-inc");
        assert_eq!(slug("東京"), "organization");
    }
}
