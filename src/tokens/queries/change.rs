//! Changing tokens. Each change locks the token's row, looks whether the change still makes
//! sense, and writes what it does together with its journal entry, in one transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::ceiling::excess;
use super::find::find;
use super::room::{LeastUsed, MOST_ACTIVE, no_room};
use crate::access::{Actor, UserId, authorize, authorize_for_token};
use crate::catalogue::products::{MCP_PREFIX, ORGANIZATION_PREFIX};
use crate::catalogue::{Product, ScopeSet};
use crate::db::schema::{memberships, products, secrets, token_usage, tokens};
use crate::db::{Connection, Pinned, violates};
use crate::journal::{self, Action, Change};
use crate::tokens::ceiling::{Excess, Gift};
use crate::tokens::draft::{NewToken, PRODUCT_GONE};
use crate::tokens::overlap::Overlap;
use crate::tokens::{Key, Secret, Standing, Status, Token, TokenId, Transition};
use crate::web::error::Mistake;
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
    /// The owner has as many active MCP tokens as one may have.
    Full(LeastUsed),
    /// It would give more than the token has with which it is done.
    Beyond(Vec<Excess>),
    Query(QueryError),
}

impl From<QueryError> for ChangeError {
    fn from(error: QueryError) -> Self {
        if [
            "tokens_name_unless_revoked",
            "tokens_owner_name_unless_revoked",
        ]
        .iter()
        .any(|index| violates(&error, index))
        {
            Self::NameTaken
        } else {
            Self::Query(error)
        }
    }
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NameTaken => {
                Self::Conflict("Another token has this name. Choose another name.")
            }
            ChangeError::ProductGone => Self::Conflict(PRODUCT_GONE),
            ChangeError::Outdated(_) => {
                Self::Conflict("Someone else changed this token meanwhile. Nothing was changed.")
            }
            ChangeError::Full(_) => Self::Stale(format!(
                "There are {MOST_ACTIVE} active MCP tokens, which is the most. Revoke one first."
            )),
            ChangeError::Beyond(excess) => Self::Beyond(excess.into_iter().map(beyond).collect()),
            ChangeError::Query(error) => error.into(),
        }
    }
}

fn beyond(excess: Excess) -> Mistake {
    match excess {
        Excess::Scope(scope) => Mistake::new(
            "scopes",
            format!("The token that you use has not {scope}, and so cannot give it."),
        ),
        Excess::Product => Mistake::new(
            "product_id",
            "The token that you use is linked to a product. Give only tokens of that product.",
        ),
        Excess::Ranges => Mistake::new(
            "allowed_ip_ranges",
            "The token that you use is bound to ranges. Give only addresses within them.",
        ),
        Excess::Lifetime => Mistake::new(
            "expires_at",
            "The token that you use expires earlier. Give none that lives longer.",
        ),
    }
}

/// Fails if the gift is beyond the actor's own token.
async fn allow(
    connection: &mut Connection,
    actor: &Actor,
    owner: Option<UserId>,
    gift: Gift<'_>,
    before: Option<Gift<'_>>,
) -> Result<(), ChangeError> {
    match excess(connection, actor, owner, gift, before).await? {
        excess if excess.is_empty() => Ok(()),
        excess => Err(ChangeError::Beyond(excess)),
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
            authorize(connection, actor, None).await?;
            let prefix = product_prefix(connection, actor, new).await?;
            let secret = Secret::generate(&prefix);
            let token = add(connection, actor, None, new, &secret, now).await?;
            Ok((token, secret))
        })
        .await
}

/// The product's key as it is now; it can neither change nor go until the transaction ends.
async fn product_prefix(
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

/// Writes a token and its journal entry. To be called by whoever may, in a transaction.
pub(super) async fn add(
    connection: &mut Connection,
    actor: &Actor,
    owner: Option<UserId>,
    new: &NewToken,
    secret: &Secret,
    now: DateTime<Utc>,
) -> Result<Token, ChangeError> {
    allow(connection, actor, owner, new.into(), None).await?;
    let id = insert(connection, actor, owner, new, secret, now).await?;
    let key = Key { id, owner };
    let entry = entry(key, Action::TokenCreated, new.name.as_str(), initial(new));
    journal::record(connection, actor, entry, now).await?;
    Ok(find(connection, actor.organization(), key).await?)
}

/// Writes a token, its secret and its usage, without a journal entry.
async fn insert(
    connection: &mut Connection,
    actor: &Actor,
    owner: Option<UserId>,
    new: &NewToken,
    secret: &Secret,
    now: DateTime<Utc>,
) -> QueryResult<TokenId> {
    let id = TokenId::new(now);
    diesel::insert_into(tokens::table)
        .values((
            tokens::id.eq(id),
            tokens::organization_id.eq(actor.organization()),
            tokens::owner_id.eq(owner),
            tokens::product_id.eq(new.product.as_ref().map(|product| product.id)),
            tokens::name.eq(new.name.as_str()),
            tokens::name_folded.eq(new.name.folded()),
            tokens::display.eq(secret.display()),
            tokens::standing.eq(Standing::Active),
            tokens::scopes.eq(new.scopes.map(ScopeSet::names)),
            tokens::ip_ranges.eq(new.ranges.as_slice()),
            tokens::expires_at.eq(new.expires_at),
            tokens::created_at.eq(now),
            tokens::responsible_id.eq(actor.user()),
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
    key: Key,
    version: i32,
    new: &NewToken,
    now: DateTime<Utc>,
) -> Result<(), ChangeError> {
    connection
        .transaction(async |connection| {
            let token = lock(connection, actor, key).await?;
            if token.version != version || !token.status(&now).permits_edit() {
                return Err(ChangeError::Outdated(Box::new(token)));
            }
            let changes = differences(&token, new);
            if changes.is_empty() {
                return Ok(());
            }
            // One that has expired gave nothing any more.
            let before = (token.status(&now) != Status::Expired).then(|| Gift::from(&token));
            let gift = Gift {
                product: token.product.as_ref().map(|product| product.id),
                ..new.into()
            };
            allow(connection, actor, key.owner, gift, before).await?;
            let after = Status::of(token.standing, new.expires_at, now);
            if let Some(owner) = key.owner
                && after == Status::Active
                && token.status(&now) != Status::Active
                && let Some(least_used) =
                    no_room(connection, actor.organization(), owner, now).await?
            {
                return Err(ChangeError::Full(least_used));
            }
            diesel::update(tokens::table.find(key.id))
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
            let entry = entry(key, Action::TokenEdited, new.name.as_str(), changes);
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
    key: Key,
    version: i32,
    overlap: Overlap,
    now: DateTime<Utc>,
) -> Result<Rotated, ChangeError> {
    connection
        .transaction(async |connection| {
            let token = lock(connection, actor, key).await?;
            if token.version != version || !token.status(&now).permits_rotation() {
                return Err(ChangeError::Outdated(Box::new(token)));
            }
            // Whoever rotates it gets all that it may.
            allow(connection, actor, key.owner, Gift::from(&token), None).await?;
            let secret = Secret::generate(prefix(key.owner, token.product.as_ref()));
            let end = overlap.end(now, token.expires_at);
            let old_until = Some(end).filter(|end| *end > now);
            if old_until.is_none() {
                retire_retiring(connection, key.id, now).await?;
            }
            diesel::update(secrets::table)
                .filter(secrets::token_id.eq(key.id))
                .filter(secrets::retires_at.is_null())
                .set((
                    secrets::retires_at.eq(end),
                    secrets::is_retired.eq(old_until.is_none()),
                ))
                .execute(connection)
                .await?;
            insert_secret(connection, key.id, &secret, now).await?;
            diesel::update(tokens::table.find(key.id))
                .set((
                    tokens::display.eq(secret.display()),
                    tokens::version.eq(tokens::version + 1),
                ))
                .execute(connection)
                .await?;
            let changes = vec![
                Change {
                    field: "prefix".to_owned(),
                    from: Some(token.display.clone()),
                    to: Some(secret.display().to_owned()),
                },
                Change::set("old secret until", format::date_time(&end)),
            ];
            let entry = entry(key, Action::TokenRotated, &token.name, changes);
            journal::record(connection, actor, entry, now).await?;
            let token = find(connection, actor.organization(), key).await?;
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
    key: impl Into<Pinned<Key>>,
    now: DateTime<Utc>,
) -> Result<Token, ChangeError> {
    let pinned = key.into();
    let key = pinned.id;
    connection
        .transaction(async |connection| {
            let token = lock(connection, actor, key).await?;
            let is_other = !pinned.admits(token.version);
            if is_other || retire_retiring(connection, key.id, now).await? == 0 {
                return Err(ChangeError::Outdated(Box::new(token)));
            }
            diesel::update(tokens::table.find(key.id))
                .set(tokens::version.eq(tokens::version + 1))
                .execute(connection)
                .await?;
            let entry = entry(key, Action::TokenOverlapEnded, &token.name, Vec::new());
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
        .set((secrets::retires_at.eq(now), secrets::is_retired.eq(true)))
        .execute(connection)
        .await
}

/// Disables, enables, revokes or deletes the token, if its version and status still permit that.
/// Returns the token as it was.
pub async fn apply(
    connection: &mut Connection,
    actor: &Actor,
    key: impl Into<Pinned<Key>>,
    transition: Transition,
    now: DateTime<Utc>,
) -> Result<Token, ChangeError> {
    let pinned = key.into();
    let key = pinned.id;
    connection
        .transaction(async |connection| {
            let token = lock(connection, actor, key).await?;
            let status = token.status(&now);
            if !pinned.admits(token.version) || !status.permits(transition) {
                return Err(ChangeError::Outdated(Box::new(token)));
            }
            let (action, standing) = match transition {
                Transition::Disabling => (Action::TokenDisabled, Some(Standing::Disabled)),
                Transition::Enabling => (Action::TokenEnabled, Some(Standing::Active)),
                Transition::Revocation => (Action::TokenRevoked, Some(Standing::Revoked)),
                Transition::Deletion => (Action::TokenDeleted, None),
            };
            if transition == Transition::Enabling {
                allow(connection, actor, key.owner, Gift::from(&token), None).await?;
                if let Some(owner) = key.owner
                    && let Some(least_used) =
                        no_room(connection, actor.organization(), owner, now).await?
                {
                    return Err(ChangeError::Full(least_used));
                }
            }
            match standing {
                Some(standing) => set_standing(connection, key.id, standing).await?,
                None => {
                    diesel::delete(tokens::table.find(key.id))
                        .execute(connection)
                        .await?
                }
            };
            let after =
                standing.map(|standing| Status::of(standing, token.expires_at, now).label());
            let before = status.label();
            let changes = Change::between("status", Some(before.into()), after.map(Into::into));
            let changes = changes.into_iter().collect();
            let entry = entry(key, action, &token.name, changes);
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
/// is still counted: that only needs the token to exist. A membership is locked before its
/// tokens, here as where a member is removed.
async fn lock(connection: &mut Connection, actor: &Actor, key: Key) -> QueryResult<Token> {
    authorize_for_token(connection, actor, key.owner, key.id.uuid()).await?;
    if let Some(owner) = key.owner {
        memberships::table
            .find((actor.organization(), owner))
            .select(memberships::user_id)
            .for_no_key_update()
            .get_result::<UserId>(connection)
            .await
            .optional()?;
    }
    tokens::table
        .filter(tokens::organization_id.eq(actor.organization()))
        .filter(tokens::id.eq(key.id))
        .select(tokens::id)
        .for_no_key_update()
        .get_result::<TokenId>(connection)
        .await?;
    find(connection, actor.organization(), key).await
}

/// Of the secrets of a token.
pub(super) fn prefix(owner: Option<UserId>, product: Option<&Product>) -> &str {
    match (owner, product) {
        (Some(_), _) => MCP_PREFIX,
        (None, Some(product)) => &product.key,
        (None, None) => ORGANIZATION_PREFIX,
    }
}

/// What the journal tells of a change to a token. Those of MCP tokens are told apart.
pub(super) fn entry(
    key: Key,
    action: Action,
    name: &str,
    changes: Vec<Change>,
) -> journal::Draft<'_> {
    let action = match action {
        _ if key.owner.is_none() => action,
        Action::TokenCreated => Action::McpTokenCreated,
        Action::TokenImported => Action::McpTokenImported,
        Action::TokenEdited => Action::McpTokenRenamed,
        Action::TokenRotated => Action::McpTokenRotated,
        Action::TokenOverlapEnded => Action::McpTokenOverlapEnded,
        Action::TokenDisabled => Action::McpTokenDisabled,
        Action::TokenEnabled => Action::McpTokenEnabled,
        Action::TokenRevoked => Action::McpTokenRevoked,
        Action::TokenDeleted => Action::McpTokenDeleted,
        other => other,
    };
    journal::Draft {
        action,
        subject: (key.id.uuid(), name),
        changes,
    }
}

/// What the journal tells of a new token.
pub(super) fn initial(new: &NewToken) -> Vec<Change> {
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
