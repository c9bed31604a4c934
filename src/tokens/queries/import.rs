//! Importing tokens: what the database has to say against them, and all of them written at once,
//! each with its journal entry.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel::sql_query;
use diesel::sql_types::{Array, Uuid};
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::bulk::{Tokens, insert_tokens};
use super::change::{ChangeError, entry, initial};
use super::{MOST_ACTIVE, active_of};
use crate::access::{Actor, OrganizationId, UserId, authorize};
use crate::catalogue::ScopeSet;
use crate::db::schema::{memberships, secrets, tokens, users};
use crate::db::{Connection, violates};
use crate::identity::Email;
use crate::journal::{self, Action};
use crate::tokens::import::{Import, Kind, Mistake};
use crate::tokens::{Key, Standing, TokenId};

/// Lines that one statement asks for or writes.
const AT_ONCE: usize = 10_000;

/// Why nothing was imported.
#[derive(Debug)]
pub enum ImportError {
    /// By the line.
    Mistakes(Vec<Mistake>),
    /// A name or a secret was taken after it had been looked for.
    Overtaken,
    Query(QueryError),
}

impl From<QueryError> for ImportError {
    fn from(error: QueryError) -> Self {
        match ChangeError::from(error) {
            ChangeError::Query(error) if !violates(&error, "secrets_pkey") => Self::Query(error),
            _ => Self::Overtaken,
        }
    }
}

/// What is wrong with these lines, given what there is.
pub async fn check(
    connection: &mut Connection,
    actor: &Actor,
    lines: &[Import],
    now: DateTime<Utc>,
) -> QueryResult<Vec<Mistake>> {
    let owners = owners(connection, actor.organization(), lines).await?;
    judge(connection, actor.organization(), lines, &owners, now).await
}

/// Imports all of them, or none; `written` is told how many more there are after each step.
pub async fn import(
    connection: &mut Connection,
    actor: &Actor,
    lines: &[Import],
    now: DateTime<Utc>,
    written: impl Fn(usize) + Sync,
) -> Result<(), ImportError> {
    let organization = actor.organization();
    connection
        .transaction(async |connection| {
            authorize(connection, actor, None).await?;
            let owners = owners(connection, organization, lines).await?;
            let mistakes = judge(connection, organization, lines, &owners, now).await?;
            if !mistakes.is_empty() {
                return Err(ImportError::Mistakes(mistakes));
            }
            for lines in lines.chunks(AT_ONCE) {
                write(connection, actor, lines, &owners, now).await?;
                written(lines.len());
            }
            Ok(())
        })
        .await
}

/// Members by their emails. In a transaction nobody else can give them a token until it ends.
type Owners = HashMap<String, UserId>;

async fn owners(
    connection: &mut Connection,
    organization: OrganizationId,
    lines: &[Import],
) -> QueryResult<Owners> {
    let emails = lines.iter().filter_map(|line| line.owner.as_ref());
    let emails: HashSet<&str> = emails.map(Email::as_str).collect();
    let emails: Vec<&str> = emails.into_iter().collect();
    let mut owners = Owners::new();
    for emails in emails.chunks(AT_ONCE) {
        let of_emails = users::table
            .filter(users::email.eq_any(emails))
            .select((users::email, users::id));
        let known: HashMap<UserId, String> = of_emails
            .load::<(String, UserId)>(connection)
            .await?
            .into_iter()
            .map(|(email, user)| (user, email))
            .collect();
        let members: Vec<UserId> = memberships::table
            .filter(memberships::organization_id.eq(organization))
            .filter(memberships::user_id.eq_any(known.keys()))
            .order(memberships::user_id)
            .select(memberships::user_id)
            .for_no_key_update()
            .load(connection)
            .await?;
        let email = |user: UserId| Some((known.get(&user)?.clone(), user));
        owners.extend(members.into_iter().filter_map(email));
    }
    Ok(owners)
}

async fn judge(
    connection: &mut Connection,
    organization: OrganizationId,
    lines: &[Import],
    owners: &Owners,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Mistake>> {
    let members: Vec<UserId> = owners.values().copied().collect();
    let mut active = active_of(connection, organization, &members, now).await?;
    let mut mistakes = Vec::new();
    for lines in lines.chunks(AT_ONCE) {
        let names = names_taken(connection, organization, lines).await?;
        let digests = digests_taken(connection, lines).await?;
        for line in lines {
            let mut refuse = |what: &str| {
                let what = what.to_owned();
                let line = line.line;
                mistakes.push(Mistake { line, what });
            };
            let owner = line.owner.as_ref().map(|email| owners.get(email.as_str()));
            match owner {
                Some(None) => refuse("owner: Nobody in the organisation has this email."),
                Some(Some(owner)) => {
                    let active = active.entry(*owner).or_default();
                    *active += 1;
                    if usize::try_from(*active).is_ok_and(|active| active > MOST_ACTIVE) {
                        refuse(&format!(
                            "owner: They would have more than {MOST_ACTIVE} active MCP tokens."
                        ));
                    }
                }
                None => {}
            }
            let owner = owner.flatten().copied();
            if names.contains(&(owner, line.new.name.folded())) {
                refuse("name: Another token has it.");
            }
            if digests.contains(&line.secret.digest.as_bytes()[..]) {
                refuse("secret: Another token has it.");
            }
        }
    }
    Ok(mistakes)
}

async fn names_taken(
    connection: &mut Connection,
    organization: OrganizationId,
    lines: &[Import],
) -> QueryResult<HashSet<(Option<UserId>, String)>> {
    let names: Vec<String> = lines.iter().map(|line| line.new.name.folded()).collect();
    let taken: Vec<(Option<UserId>, String)> = tokens::table
        .filter(tokens::organization_id.eq(organization))
        .filter(tokens::standing.ne(Standing::Revoked))
        .filter(tokens::name_folded.eq_any(names))
        .select((tokens::owner_id, tokens::name_folded))
        .load(connection)
        .await?;
    Ok(taken.into_iter().collect())
}

/// Of whichever organisation: a secret says whose it is.
async fn digests_taken(
    connection: &mut Connection,
    lines: &[Import],
) -> QueryResult<HashSet<Vec<u8>>> {
    let digests = lines.iter().map(|line| &line.secret.digest.as_bytes()[..]);
    let taken: Vec<Vec<u8>> = secrets::table
        .filter(secrets::digest.eq_any(digests.collect::<Vec<_>>()))
        .select(secrets::digest)
        .load(connection)
        .await?;
    Ok(taken.into_iter().collect())
}

async fn write(
    connection: &mut Connection,
    actor: &Actor,
    lines: &[Import],
    owners: &Owners,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let mut rows = Tokens::default();
    let mut entries = Vec::with_capacity(lines.len());
    for line in lines {
        let owner = line.owner.as_ref();
        let owner = owner.and_then(|email| owners.get(email.as_str())).copied();
        let key = Key {
            id: TokenId::new(now),
            owner,
        };
        push(&mut rows, key, line, now);
        let name = line.new.name.as_str();
        entries.push(entry(key, Action::TokenImported, name, initial(&line.new)));
    }
    insert_tokens(connection, actor, &rows).await?;
    insert_usage(connection, actor.organization(), &rows.ids).await?;
    journal::record_all(connection, actor, &entries, now).await
}

fn push(rows: &mut Tokens, key: Key, line: &Import, now: DateTime<Utc>) {
    let scopes = |scopes: ScopeSet| format!("{{{}}}", scopes.names().join(","));
    rows.ids.push(key.id);
    rows.owners.push(key.owner);
    rows.products.push(None);
    rows.names.push(line.new.name.as_str().to_owned());
    rows.folded.push(line.new.name.folded());
    rows.displays.push(line.secret.display.clone());
    rows.digests.push(line.secret.digest.as_bytes().to_vec());
    rows.foreign.push(line.secret.kind != Kind::Ours);
    rows.standings.push(Standing::Active.as_str());
    rows.scopes.push(line.new.scopes.map(scopes));
    rows.ranges.push("{}");
    rows.expires.push(line.new.expires_at);
    rows.created.push(now);
}

/// By hand: Diesel has no `unnest` to select from.
async fn insert_usage(
    connection: &mut Connection,
    organization: OrganizationId,
    ids: &[TokenId],
) -> QueryResult<usize> {
    sql_query(
        "INSERT INTO token_usage (token_id, organization_id) SELECT token, $2 FROM unnest($1) AS token",
    )
    .bind::<Array<Uuid>, _>(ids)
    .bind::<Uuid, _>(organization)
    .execute(connection)
    .await
}
