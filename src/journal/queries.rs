//! The journal in the database.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::pages::Filter;
use super::{Action, Draft, Entry, EntryId};
use crate::access::{Actor, OrganizationId, Overseer, UserId};
use crate::db::schema::journal;
use crate::db::types::instant_of;
use crate::db::{Connection, anywhere};
use crate::web::paging::{Cursor, Direction, Slice, one_more};

/// More than one can choose from.
const MOST_AUTHORS: i64 = 1_000;

#[derive(Queryable, Selectable)]
#[diesel(table_name = journal)]
struct Row {
    id: EntryId,
    at: DateTime<Utc>,
    author_id: Option<UserId>,
    author_name: String,
    action: Action,
    subject_id: Uuid,
    subject_name: String,
    changes: Value,
    author_token_id: Option<Uuid>,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            at: row.at,
            author: row.author_id,
            author_name: row.author_name,
            author_token: row.author_token_id,
            action: row.action,
            subject_id: row.subject_id,
            subject_name: row.subject_name,
            changes: serde_json::from_value(row.changes).unwrap_or_default(),
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = journal)]
struct NewRow<'a> {
    id: EntryId,
    organization_id: OrganizationId,
    at: DateTime<Utc>,
    author_id: Option<UserId>,
    author_name: &'a str,
    author_token_id: Option<Uuid>,
    action: Action,
    subject_id: Uuid,
    subject_name: &'a str,
    changes: Value,
}

impl<'a> NewRow<'a> {
    fn new(actor: &'a Actor, draft: &Draft<'a>, now: DateTime<Utc>, place: DateTime<Utc>) -> Self {
        let (subject_id, subject_name) = draft.subject;
        Self {
            id: EntryId::new(place),
            organization_id: actor.organization(),
            at: now,
            author_id: actor.user(),
            author_name: actor.name(),
            author_token_id: actor.token(),
            action: draft.action,
            subject_id,
            subject_name,
            changes: serde_json::to_value(&draft.changes).unwrap_or_default(),
        }
    }
}

/// Writes an entry. To be called in the transaction of the change.
pub async fn record(
    connection: &mut Connection,
    actor: &Actor,
    draft: Draft<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    record_all(connection, actor, &[draft], now).await
}

/// An instant as near as entries can be: the database holds not all, and no entry is of others.
fn within_years(at: DateTime<Utc>) -> DateTime<Utc> {
    const LAST: DateTime<Utc> = NaiveDate::from_ymd_opt(9999, 1, 1)
        .unwrap()
        .and_time(NaiveTime::MIN)
        .and_utc();
    at.clamp(DateTime::UNIX_EPOCH, LAST)
}

/// So long a change may wait for others.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(1);

/// Entries that one statement writes: each has ten parameters, of which PostgreSQL takes 65,535.
const AT_ONCE: usize = 1_000;

/// Writes many entries, in their order. To be called in the transaction of the changes.
pub async fn record_all(
    connection: &mut Connection,
    actor: &Actor,
    drafts: &[Draft<'_>],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let place = place(connection, actor.organization(), now).await?;
    for drafts in drafts.chunks(AT_ONCE) {
        let rows = drafts
            .iter()
            .map(|draft| NewRow::new(actor, draft, now, place));
        diesel::insert_into(journal::table)
            .values(rows.collect::<Vec<_>>())
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Where entries stand whose changes were asked for at `now`: at that instant, but behind those of the
/// changes that they waited for. An instance whose clock is far ahead is not followed.
async fn place(
    connection: &mut Connection,
    organization: OrganizationId,
    now: DateTime<Utc>,
) -> QueryResult<DateTime<Utc>> {
    let last: Option<EntryId> = journal::table
        .filter(journal::organization_id.eq(organization))
        .filter(journal::id.ge(EntryId::first(now)))
        .filter(journal::id.lt(EntryId::first(now + LONGEST_WAIT)))
        .order(journal::id.desc())
        .select(journal::id)
        .first(connection)
        .await
        .optional()?;
    Ok(match last {
        Some(last) if last >= EntryId::new(now) => {
            instant_of(last.uuid()) + TimeDelta::milliseconds(1)
        }
        _ => now,
    })
}

/// A page of the organisation's journal, newest first.
pub async fn page(
    connection: &mut Connection,
    overseer: &impl Overseer,
    filter: &Filter,
    size: usize,
) -> QueryResult<Slice<Entry>> {
    let mut query = journal::table
        .filter(journal::organization_id.eq(overseer.overseen()))
        .select(Row::as_select())
        .limit(one_more(size))
        .into_boxed();
    if let Some(author) = filter.author {
        query = query.filter(journal::author_id.eq(author));
    }
    if let Some(action) = filter.action {
        query = query.filter(journal::action.eq(action));
    }
    if let Some(subject) = filter.subject {
        query = query.filter(journal::subject_id.eq(subject));
    }
    if let Some(name) = &filter.subject_name {
        query = query.filter(journal::subject_name.ilike(anywhere(name)));
    }
    // The ID, which is what the entries are in order of, is of that instant or not long after.
    if let Some(from) = filter.from.map(within_years) {
        query = query
            .filter(journal::id.ge(EntryId::first(from)))
            .filter(journal::at.ge(from));
    }
    if let Some(before) = filter.before.map(within_years) {
        query = query
            .filter(journal::id.lt(EntryId::first(before + LONGEST_WAIT)))
            .filter(journal::at.lt(before));
    }
    let cursor = filter.cursor.as_ref();
    query = match cursor {
        Some(Cursor {
            id,
            direction: Direction::Before,
            ..
        }) => query
            .filter(journal::id.gt(EntryId::from(*id)))
            .order(journal::id.asc()),
        Some(Cursor { id, .. }) => query
            .filter(journal::id.lt(EntryId::from(*id)))
            .order(journal::id.desc()),
        None => query.order(journal::id.desc()),
    };
    let rows: Vec<Row> = query.load(connection).await?;
    let entries = rows.into_iter().map(Entry::from).collect();
    Ok(Slice::new(entries, size, cursor, |entry| {
        (String::new(), entry.id.uuid())
    }))
}

/// Entries after `last`, the oldest first, of those written `since` then.
pub async fn after(
    connection: &mut Connection,
    overseer: &impl Overseer,
    last: Option<EntryId>,
    since: Option<DateTime<Utc>>,
    limit: usize,
) -> QueryResult<Vec<Entry>> {
    let mut query = journal::table
        .filter(journal::organization_id.eq(overseer.overseen()))
        .order(journal::id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(Row::as_select())
        .into_boxed();
    if let Some(last) = last {
        query = query.filter(journal::id.gt(last));
    } else if let Some(since) = since {
        query = query
            .filter(journal::id.ge(EntryId::first(since)))
            .filter(journal::at.ge(since));
    }
    let rows: Vec<Row> = query.load(connection).await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// What is told of one thing of the organisation, newest first.
pub async fn of_subject(
    connection: &mut Connection,
    overseer: &impl Overseer,
    subject: Uuid,
    limit: i64,
) -> QueryResult<Vec<Entry>> {
    let rows: Vec<Row> = journal::table
        .filter(journal::organization_id.eq(overseer.overseen()))
        .filter(journal::subject_id.eq(subject))
        .order(journal::id.desc())
        .limit(limit)
        .select(Row::as_select())
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Whom the filter offers, by name: whoever stands in the organisation's journal as an author, and the
/// member who is chosen. By hand, since Diesel cannot say how to leap through an index: one step for
/// each, however much they did.
pub async fn authors(
    connection: &mut Connection,
    overseer: &impl Overseer,
    chosen: Option<UserId>,
) -> QueryResult<Vec<(UserId, String)>> {
    #[derive(QueryableByName)]
    struct Author {
        #[diesel(sql_type = SqlUuid)]
        id: UserId,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let authors: Vec<Author> = sql_query(
        "WITH RECURSIVE authors (id) AS ((
                SELECT author_id FROM journal WHERE organization_id = $1 AND author_id IS NOT NULL
                ORDER BY author_id LIMIT 1)
            UNION ALL SELECT (SELECT author_id FROM journal
                WHERE organization_id = $1 AND author_id > authors.id ORDER BY author_id LIMIT 1)
            FROM authors WHERE authors.id IS NOT NULL)
        SELECT users.id, coalesce(known_as, name) AS name
        FROM users LEFT JOIN memberships ON organization_id = $1 AND user_id = users.id
        WHERE users.id IN (SELECT id FROM authors LIMIT $2) OR users.id = $3 AND user_id IS NOT NULL
        ORDER BY 2, 1",
    )
    .bind::<SqlUuid, _>(overseer.overseen())
    .bind::<BigInt, _>(MOST_AUTHORS)
    .bind::<Nullable<SqlUuid>, _>(chosen)
    .load(connection)
    .await?;
    Ok(authors.into_iter().map(|it| (it.id, it.name)).collect())
}
