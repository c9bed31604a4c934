//! Changing tokens. Each change locks the token's row, looks whether the change still makes
//! sense, and writes what it does together with its journal entry, in one transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::find::find;
use crate::access::Actor;
use crate::catalogue::ScopeSet;
use crate::db::schema::{products, secrets, token_usage, tokens};
use crate::db::{Connection, violates};
use crate::journal::{self, Action, Change};
use crate::tokens::draft::NewToken;
use crate::tokens::overlap::Overlap;
use crate::tokens::secret::ORGANIZATION_PREFIX;
use crate::tokens::{Secret, Standing, Token, TokenId, Transition};
use crate::web::{Error, format};

/// Why nothing was changed.
#[derive(Debug)]
pub enum ChangeError {
    /// Another token that is not revoked has the name.
    NameTaken,
    /// The product was deleted.
    ProductGone,
    /// The token is not any more what the form was made for.
    Outdated(Box<Token>),
    Query(QueryError),
}

impl From<QueryError> for ChangeError {
    fn from(error: QueryError) -> Self {
        if violates(&error, "tokens_name_unless_revoked") {
            Self::NameTaken
        } else {
            Self::Query(error)
        }
    }
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NameTaken => Self::Conflict("Another token has this name."),
            ChangeError::ProductGone => Self::Conflict("This product no longer exists."),
            ChangeError::Outdated(_) => {
                Self::Conflict("Someone else changed this token meanwhile. Nothing was changed.")
            }
            ChangeError::Query(error) => error.into(),
        }
    }
}

/// Creates a token with a new secret, which is in the answer and nowhere else.
pub async fn create(
    connection: &mut Connection,
    actor: &Actor,
    new: &NewToken,
    now: DateTime<Utc>,
) -> Result<(Token, Secret), ChangeError> {
    connection
        .transaction(async |connection| {
            let prefix = prefix(connection, actor, new).await?;
            let secret = Secret::generate(&prefix);
            let id = insert(connection, actor, new, &secret, now).await?;
            let entry = journal::Draft {
                action: Action::TokenCreated,
                subject: (id.uuid(), new.name.as_str()),
                changes: initial(new),
            };
            journal::record(connection, actor, entry, now).await?;
            let token = find(connection, actor.organization(), id).await?;
            Ok((token, secret))
        })
        .await
}

/// The product's key as it is now; it can neither change nor go until the transaction ends.
async fn prefix(
    connection: &mut Connection,
    actor: &Actor,
    new: &NewToken,
) -> Result<String, ChangeError> {
    let Some(product) = &new.product else {
        return Ok(ORGANIZATION_PREFIX.to_owned());
    };
    let key = products::table
        .filter(products::organization_id.eq(actor.organization()))
        .filter(products::id.eq(product.id))
        .select(products::key)
        .for_key_share()
        .get_result(connection)
        .await
        .optional()?;
    key.ok_or(ChangeError::ProductGone)
}

/// Writes a token, its secret and its usage, without a journal entry.
pub async fn insert(
    connection: &mut Connection,
    actor: &Actor,
    new: &NewToken,
    secret: &Secret,
    now: DateTime<Utc>,
) -> QueryResult<TokenId> {
    let id = TokenId::new(now);
    diesel::insert_into(tokens::table)
        .values((
            tokens::id.eq(id),
            tokens::organization_id.eq(actor.organization()),
            tokens::product_id.eq(new.product.as_ref().map(|product| product.id)),
            tokens::name.eq(new.name.as_str()),
            tokens::name_folded.eq(new.name.folded()),
            tokens::display.eq(secret.display()),
            tokens::standing.eq(Standing::Active),
            tokens::scopes.eq(new.scopes.map(ScopeSet::names)),
            tokens::ip_ranges.eq(new.ranges.as_slice()),
            tokens::expires_at.eq(new.expires_at),
            tokens::created_at.eq(now),
            tokens::created_by.eq(actor.user()),
            tokens::created_by_name.eq(actor.name()),
        ))
        .execute(connection)
        .await?;
    insert_secret(connection, id, secret, now).await?;
    diesel::insert_into(token_usage::table)
        .values((
            token_usage::token_id.eq(id),
            token_usage::organization_id.eq(actor.organization()),
        ))
        .execute(connection)
        .await?;
    Ok(id)
}

async fn insert_secret(
    connection: &mut Connection,
    token: TokenId,
    secret: &Secret,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(secrets::table)
        .values((
            secrets::digest.eq(&secret.digest().as_bytes()[..]),
            secrets::token_id.eq(token),
            secrets::display.eq(secret.display()),
            secrets::created_at.eq(now),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Gives the token a new name, scopes, ranges and expiry, if it still is of `version`.
pub async fn edit(
    connection: &mut Connection,
    actor: &Actor,
    id: TokenId,
    version: i32,
    new: &NewToken,
    now: DateTime<Utc>,
) -> Result<(), ChangeError> {
    connection
        .transaction(async |connection| {
            let token = lock(connection, actor, id).await?;
            if token.version != version || !token.status(&now).permits_edit() {
                return Err(ChangeError::Outdated(Box::new(token)));
            }
            let changes = differences(&token, new);
            if changes.is_empty() {
                return Ok(());
            }
            diesel::update(tokens::table.find(id))
                .set((
                    tokens::name.eq(new.name.as_str()),
                    tokens::name_folded.eq(new.name.folded()),
                    tokens::scopes.eq(new.scopes.map(ScopeSet::names)),
                    tokens::ip_ranges.eq(new.ranges.as_slice()),
                    tokens::expires_at.eq(new.expires_at),
                    tokens::version.eq(tokens::version + 1),
                ))
                .execute(connection)
                .await?;
            let entry = journal::Draft {
                action: Action::TokenEdited,
                subject: (id.uuid(), new.name.as_str()),
                changes,
            };
            Ok(journal::record(connection, actor, entry, now).await?)
        })
        .await
}

/// A token that was rotated.
pub struct Rotated {
    pub token: Token,
    pub secret: Secret,
    /// When the old secret stops, if it still works.
    pub old_until: Option<DateTime<Utc>>,
}

/// Gives the token a new secret, if it still is of `version`. Without an overlap all older
/// secrets stop now, also those of an earlier rotation.
pub async fn rotate(
    connection: &mut Connection,
    actor: &Actor,
    id: TokenId,
    version: i32,
    overlap: Overlap,
    now: DateTime<Utc>,
) -> Result<Rotated, ChangeError> {
    connection
        .transaction(async |connection| {
            let token = lock(connection, actor, id).await?;
            if token.version != version || !token.status(&now).permits_rotation() {
                return Err(ChangeError::Outdated(Box::new(token)));
            }
            let prefix = token
                .product
                .as_ref()
                .map_or(ORGANIZATION_PREFIX, |product| &product.key);
            let secret = Secret::generate(prefix);
            let end = overlap.end(now, token.expires_at);
            let old_until = Some(end).filter(|end| *end > now);
            if old_until.is_none() {
                retire_retiring(connection, id, now).await?;
            }
            diesel::update(secrets::table)
                .filter(secrets::token_id.eq(id))
                .filter(secrets::retires_at.is_null())
                .set(secrets::retires_at.eq(end))
                .execute(connection)
                .await?;
            insert_secret(connection, id, &secret, now).await?;
            diesel::update(tokens::table.find(id))
                .set((
                    tokens::display.eq(secret.display()),
                    tokens::version.eq(tokens::version + 1),
                ))
                .execute(connection)
                .await?;
            let entry = journal::Draft {
                action: Action::TokenRotated,
                subject: (id.uuid(), &token.name),
                changes: vec![
                    Change {
                        field: "prefix".to_owned(),
                        from: Some(token.display.clone()),
                        to: Some(secret.display().to_owned()),
                    },
                    Change::set("old secret until", format::date_time(&end)),
                ],
            };
            journal::record(connection, actor, entry, now).await?;
            let token = find(connection, actor.organization(), id).await?;
            Ok(Rotated {
                token,
                secret,
                old_until,
            })
        })
        .await
}

/// Stops the old secrets that still work. Without any, somebody else was faster.
pub async fn end_overlap(
    connection: &mut Connection,
    actor: &Actor,
    id: TokenId,
    now: DateTime<Utc>,
) -> Result<Token, ChangeError> {
    connection
        .transaction(async |connection| {
            let token = lock(connection, actor, id).await?;
            if retire_retiring(connection, id, now).await? == 0 {
                return Err(ChangeError::Outdated(Box::new(token)));
            }
            diesel::update(tokens::table.find(id))
                .set(tokens::version.eq(tokens::version + 1))
                .execute(connection)
                .await?;
            let entry = journal::Draft {
                action: Action::TokenOverlapEnded,
                subject: (id.uuid(), &token.name),
                changes: Vec::new(),
            };
            journal::record(connection, actor, entry, now).await?;
            Ok(token)
        })
        .await
}

async fn retire_retiring(
    connection: &mut Connection,
    id: TokenId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(secrets::table)
        .filter(secrets::token_id.eq(id))
        .filter(secrets::retires_at.gt(now))
        .set(secrets::retires_at.eq(now))
        .execute(connection)
        .await
}

/// Disables, enables, revokes or deletes the token, if its status still permits that. Returns
/// the token as it was.
pub async fn apply(
    connection: &mut Connection,
    actor: &Actor,
    id: TokenId,
    transition: Transition,
    now: DateTime<Utc>,
) -> Result<Token, ChangeError> {
    connection
        .transaction(async |connection| {
            let token = lock(connection, actor, id).await?;
            let status = token.status(&now);
            if !status.permits(transition) {
                return Err(ChangeError::Outdated(Box::new(token)));
            }
            let (action, standing) = match transition {
                Transition::Disabling => (Action::TokenDisabled, Some(Standing::Disabled)),
                Transition::Enabling => (Action::TokenEnabled, Some(Standing::Active)),
                Transition::Revocation => (Action::TokenRevoked, Some(Standing::Revoked)),
                Transition::Deletion => (Action::TokenDeleted, None),
            };
            match standing {
                Some(standing) => set_standing(connection, id, standing).await?,
                None => {
                    diesel::delete(tokens::table.find(id))
                        .execute(connection)
                        .await?
                }
            };
            let after = standing
                .map(|standing| crate::tokens::Status::of(standing, token.expires_at, now).label());
            let before = status.label();
            let entry = journal::Draft {
                action,
                subject: (id.uuid(), &token.name),
                changes: Change::between("status", Some(before.into()), after.map(Into::into))
                    .into_iter()
                    .collect(),
            };
            journal::record(connection, actor, entry, now).await?;
            Ok(token)
        })
        .await
}

async fn set_standing(
    connection: &mut Connection,
    id: TokenId,
    standing: Standing,
) -> QueryResult<usize> {
    diesel::update(tokens::table.find(id))
        .set((
            tokens::standing.eq(standing),
            tokens::version.eq(tokens::version + 1),
        ))
        .execute(connection)
        .await
}

/// The organisation's token, which nobody else can change until the transaction ends. Its usage
/// is still counted: that only needs the token to exist.
async fn lock(connection: &mut Connection, actor: &Actor, id: TokenId) -> QueryResult<Token> {
    tokens::table
        .filter(tokens::organization_id.eq(actor.organization()))
        .filter(tokens::id.eq(id))
        .select(tokens::id)
        .for_no_key_update()
        .get_result::<TokenId>(connection)
        .await?;
    find(connection, actor.organization(), id).await
}

fn initial(new: &NewToken) -> Vec<Change> {
    let product = new.product.as_ref().map(|product| product.name.clone());
    [
        Some(Change::set("scopes", scopes(new.scopes))),
        Change::between("product", None, product),
        Change::between(
            "expires",
            None,
            new.expires_at.as_ref().map(format::date_time),
        ),
        Change::between("allowed IP ranges", None, ranges(&new.ranges.lines())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn differences(old: &Token, new: &NewToken) -> Vec<Change> {
    let expiry =
        |at: Option<DateTime<Utc>>| Some(at.as_ref().map_or("never".into(), format::date_time));
    [
        Change::between(
            "name",
            Some(old.name.clone()),
            Some(new.name.as_str().into()),
        ),
        Change::between("scopes", Some(scopes(old.scopes)), Some(scopes(new.scopes))),
        // Also where both are of one minute.
        (old.expires_at != new.expires_at).then(|| Change {
            field: "expires".to_owned(),
            from: expiry(old.expires_at),
            to: expiry(new.expires_at),
        }),
        Change::between(
            "allowed IP ranges",
            ranges(&old.ranges.lines()),
            ranges(&new.ranges.lines()),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn scopes(scopes: Option<ScopeSet>) -> String {
    scopes.map_or("none set".to_owned(), |scopes| scopes.to_string())
}

fn ranges(lines: &[String]) -> Option<String> {
    Some(lines.join(" ")).filter(|text| !text.is_empty())
}
