//! Tokens listed, made, shown and edited.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use chrono::{DateTime, Utc};
use diesel_async::AsyncConnection;
use uuid::Uuid;

use super::shapes::{
    Changed, NewToken, Revealed, Token, TokenEdit, TokenPage, Usage, Which, mistakes,
};
use crate::access::Actor;
use crate::api::admin::{New, created};
use crate::api::kit::{
    Created, Creation, IfMatch, Input, Params, Receipt, persistently, taken, versioned,
};
use crate::catalogue::list_products;
use crate::db::{Connection, Database, plan_afresh};
use crate::fleet::Fleet;
use crate::gate::{Reader, Writer};
use crate::tokens::draft::{Context, Draft};
use crate::tokens::queries::{self, ChangeError};
use crate::tokens::{self, NOT_EDITABLE, TokenId};
use crate::web::{Answer, Error, Now};

/// Kinds of denied calls.
const DENIED: i64 = 100;

/// List tokens
///
/// The organisation's API tokens, of whatever status, and how many of each status there are.
#[utoipa::path(get, path = "/api/v1/tokens", operation_id = "listTokens", tag = "Tokens",
    params(Which), responses((status = 200, description = "A page", body = TokenPage)))]
pub async fn index(
    reader: Reader,
    now: Now,
    database: Data<Database>,
    Params(which): Params<Which>,
) -> Answer {
    let (filter, limit) = (which.filter()?, which.paging().limit()?);
    let connection = &mut *database.get().await?;
    let (counts, slice) = connection
        .transaction(async |connection| {
            plan_afresh(connection).await?;
            queries::page(connection, &reader, &filter, limit, now.0).await
        })
        .await?;
    let ids: Vec<TokenId> = slice.rows.iter().map(|token| token.id).collect();
    let retiring = queries::retiring(connection, &ids, now.0).await?;
    let retiring: HashMap<TokenId, DateTime<Utc>> = retiring.into_iter().collect();
    let tokens = slice.map(|token| {
        let until = retiring.get(&token.id).copied();
        Token::new(token, until, now.0)
    });
    Ok(HttpResponse::Ok().json(TokenPage::new(&counts, tokens, filter.sort)))
}

/// Create a token
///
/// Its secret is in this answer and never told again. A token can give no scope, range or
/// lifetime beyond its own.
#[utoipa::path(post, path = "/api/v1/tokens", operation_id = "createToken", tag = "Tokens",
    request_body = NewToken,
    responses((status = 201, description = "The token and its secret", body = Revealed)))]
pub async fn create(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    creation: Creation<NewToken>,
) -> Answer {
    created(creation, writer, now, &database).await
}

impl New for NewToken {
    async fn create(
        self,
        connection: &mut Connection,
        writer: &Writer,
        now: Now,
    ) -> Result<Created, Error> {
        let (draft, now) = (Draft::from(self), now.0);
        let actor = &writer.actor();
        let context = Context {
            now,
            products: &list_products(connection, actor.organization()).await?,
            current: None,
        };
        let new = draft.clone().parse(&context).map_err(|it| mistakes(&it))?;
        let created = queries::create(connection, actor, &new, now).await;
        let (token, secret) = created.map_err(|error| refused(error, draft))?;
        let (location, version) = (format!("/api/v1/tokens/{}", token.id), token.version);
        let body = Revealed {
            token: Token::new(token, None, now),
            secret: None,
            receipt: None,
        };
        Ok(Created::new(location, Some(version), &body)?.revealing("secret", secret.into()))
    }
}

/// Why a token is not made or changed, where that has to do with a field.
fn refused(error: ChangeError, draft: Draft) -> Error {
    match error {
        ChangeError::NameTaken => taken("name", &draft.name_taken().name),
        ChangeError::ProductGone => mistakes(&draft.product_gone()),
        error => error.into(),
    }
}

/// Show a token
#[utoipa::path(get, path = "/api/v1/tokens/{id}", operation_id = "showToken", tag = "Tokens",
    params(("id" = Uuid, Path)), responses((status = 200, description = "The token", body = Token)))]
pub async fn show(reader: Reader, now: Now, database: Data<Database>, id: Path<Uuid>) -> Answer {
    let connection = &mut *database.get().await?;
    let token = queries::token(connection, &reader, id.into_inner().into()).await?;
    let token = described(connection, token, now.0).await?;
    Ok(versioned(token.version(), token))
}

/// Edit a token
///
/// Its secret stays. What is left out stays as it is.
#[utoipa::path(patch, path = "/api/v1/tokens/{id}", operation_id = "editToken", tag = "Tokens",
    params(("id" = Uuid, Path), IfMatch), request_body = TokenEdit,
    responses((status = 200, description = "The token as it is now", body = Changed)))]
pub async fn edit(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
    Input(edit): Input<TokenEdit>,
) -> Answer {
    let mut connection = database.get().await?;
    let key = id.into_inner().into();
    let actor = writer.actor();
    persistently(async || {
        let token = queries::token(&mut connection, &writer, key).await?;
        expected.check(token.version)?;
        let draft = edit.clone().of(&token);
        try_edit(&mut connection, &actor, draft, &token, now.0, &expected).await
    })
    .await?;
    let token = queries::token(&mut connection, &writer, key).await?;
    let token = described(&mut connection, token, now.0).await?;
    drop(connection);
    let receipt = Some(Receipt::wait(&fleet).await);
    Ok(versioned(token.version(), Changed { token, receipt }))
}

async fn try_edit(
    connection: &mut Connection,
    actor: &Actor,
    draft: Draft,
    token: &tokens::Token,
    now: DateTime<Utc>,
    expected: &IfMatch,
) -> Result<(), Error> {
    if !token.status(&now).permits_edit() {
        return Err(Error::Conflict(NOT_EDITABLE));
    }
    let context = Context {
        now,
        products: &[],
        current: Some(token),
    };
    let new = draft.clone().parse(&context).map_err(|it| mistakes(&it))?;
    let edited = queries::edit(connection, actor, token.key(), token.version, &new, now).await;
    edited.map_err(|error| match error {
        ChangeError::Outdated(_) => expected.overtaken(),
        error => refused(error, draft),
    })
}

/// The token with what is known of its old secrets.
pub async fn described(
    connection: &mut Connection,
    token: tokens::Token,
    now: DateTime<Utc>,
) -> Result<Token, Error> {
    let retiring = queries::retiring(connection, &[token.id], now).await?;
    let until = retiring.last().map(|(_, until)| *until);
    Ok(Token::new(token, until, now))
}

/// What a token was used for
#[utoipa::path(get, path = "/api/v1/tokens/{id}/usage", operation_id = "showTokenUsage",
    tag = "Tokens", params(("id" = Uuid, Path)),
    responses((status = 200, description = "Its calls", body = Usage)))]
pub async fn usage(reader: Reader, now: Now, database: Data<Database>, id: Path<Uuid>) -> Answer {
    let connection = &mut *database.get().await?;
    let token = queries::token(connection, &reader, id.into_inner().into()).await?;
    let since = now.0 - queries::RECENT;
    let days = queries::days(connection, &[token.id], since.date_naive()).await?;
    let operations = queries::operations(connection, token.id, since).await?;
    let denied = queries::denied(connection, token.id, since, DENIED).await?;
    Ok(HttpResponse::Ok().json(Usage {
        days: days.into_iter().map(Into::into).collect(),
        operations: operations.into_iter().map(Into::into).collect(),
        denied: denied.into_iter().map(Into::into).collect(),
    }))
}
