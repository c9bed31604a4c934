//! *Settings > API Access*: extract, call, render.

mod keeper;
pub mod overlap_end;
pub mod rotation;
pub mod transition;

pub use keeper::Keeper;

use std::collections::HashMap;

use actix_session::Session;
use actix_web::web;
use chrono::{DateTime, Utc};
use diesel_async::AsyncConnection;
use uuid::Uuid;

use super::draft::{self, Context, Draft, Prefill, Remedy};
use super::pages::{self, Card, Chart, Question, Reveal, Sparkline};
use super::queries::{self, ChangeError};
use super::{
    Answering, Filter, NOT_EDITABLE, Name, Secret, Token, TokenId, filter, secret, snippets,
};
use crate::access::{Actor, Admin, Section};
use crate::catalogue::{Product, list_products};
use crate::config::Config;
use crate::db::{Connection, Database, plan_afresh};
use crate::fleet::Fleet;
use crate::identity;
use crate::journal;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

const PAGE_SIZE: usize = 25;
/// How many journal entries a token's page shows; the rest is in the audit log.
const HISTORY: i64 = 50;
/// How many kinds of denied calls.
const DENIED: i64 = 20;

pub async fn index(
    admin: Admin,
    page: Page,
    (database, config): (web::Data<Database>, web::Data<Config>),
    web::Query(query): web::Query<filter::Query>,
) -> Answer {
    let filter = query.filter();
    // A secret pasted into the search is in the address already; it goes no further.
    if let Some(display) = secret::display_of(&filter.q) {
        return Ok(see_other(&filter.with_search(display)));
    }
    let connection = &mut *database.get().await?;
    let list = connection
        .transaction(async |connection| list(connection, &admin, page, &config, filter, None).await)
        .await?;
    page::render(&list)
}

/// The list, for itself or behind a revealed secret.
async fn list(
    connection: &mut Connection,
    admin: &Admin,
    page: Page,
    config: &Config,
    filter: Filter,
    reveal: Option<Reveal>,
) -> Result<pages::Index, Error> {
    let now = page.now;
    plan_afresh(connection).await?;
    let products = list_products(connection, admin.organization().id).await?;
    let (counts, slice) = queries::page(connection, admin, &filter, PAGE_SIZE, now).await?;
    let ids: Vec<TokenId> = slice.rows.iter().map(|token| token.id).collect();
    let today = now.date_naive();
    let days = queries::days(connection, &ids, pages::sparkline_start(today)).await?;
    let retiring = queries::retiring(connection, &ids, now).await?;
    let retiring: HashMap<TokenId, DateTime<Utc>> = retiring.into_iter().collect();
    let cards = slice.map(|token| {
        let own: Vec<_> = days
            .iter()
            .filter(|day| day.token_id == token.id)
            .copied()
            .collect();
        Card {
            sparkline: Sparkline::new(&own, today),
            old_until: retiring.get(&token.id).copied(),
            token,
        }
    });
    Ok(pages::Index {
        shell: admin.shell(page, Section::ApiAccess),
        filter,
        counts,
        products,
        cards,
        reveal,
        auth_secret: has_auth_secret(connection, admin, config).await?,
    })
}

/// Whether `AUTH_SECRET` is set, and for this organisation.
async fn has_auth_secret(
    connection: &mut Connection,
    admin: &Admin,
    config: &Config,
) -> Result<bool, Error> {
    if config.auth_secret.is_none() {
        return Ok(false);
    }
    let here = admin.organization().id;
    match &config.auth_secret_organization {
        Some(slug) => {
            let named = identity::queries::organization(connection, slug).await?;
            Ok(named.is_some_and(|named| named.id == here))
        }
        None => Ok(identity::queries::is_only_one(connection, here).await?),
    }
}

/// To be called in the transaction of the change: a secret that cannot be shown is not made.
async fn revealing(
    connection: &mut Connection,
    admin: &Admin,
    page: Page,
    config: &Config,
    reveal: Reveal,
) -> Result<pages::Index, Error> {
    let filter = filter::Query::default().filter();
    list(connection, admin, page, config, filter, Some(reveal)).await
}

pub async fn new(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    web::Query(prefill): web::Query<Prefill>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let products = list_products(connection, admin.organization().id).await?;
    page::render(&form_page(&admin, page, prefill.into(), products, None))
}

pub async fn create(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    config: web::Data<Config>,
    form: Submission<draft::Form>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let connection = &mut *database.get().await?;
    let products = list_products(connection, admin.organization().id).await?;
    let draft = Draft::from(form.into_inner());
    let made = connection.transaction(async |connection| {
        let created = try_create(connection, &actor, draft, &products, page.now).await?;
        Ok::<_, Error>(match created {
            Ok((token, secret)) => {
                let revealed = revealed(&token, secret, &config);
                Ok(revealing(connection, &admin, page, &config, revealed).await?)
            }
            Err(draft) => Err(form_page(&admin, page, *draft, products, None)),
        })
    });
    match made.await? {
        Ok(list) => page::reveal(&list),
        Err(form) => page::render_again(&form),
    }
}

/// The new token, or the form to correct.
async fn try_create(
    connection: &mut Connection,
    actor: &Actor,
    draft: Draft,
    products: &[Product],
    now: DateTime<Utc>,
) -> Result<Result<(Token, Secret), Box<Draft>>, Error> {
    let context = Context {
        now,
        products,
        current: None,
    };
    let new = match draft.clone().parse(&context) {
        Ok(new) => new,
        Err(draft) => return Ok(Err(draft)),
    };
    match queries::create(connection, actor, &new, now).await {
        Ok(created) => Ok(Ok(created)),
        Err(ChangeError::NameTaken) => Ok(Err(draft.name_taken())),
        Err(ChangeError::ProductGone) => Ok(Err(draft.product_gone())),
        Err(error) => Err(error.into()),
    }
}

fn revealed(token: &Token, secret: Secret, config: &Config) -> Reveal {
    Reveal {
        name: token.name.clone(),
        secret,
        old_until: None,
        rotated: false,
        receipt: None,
        snippets: snippets::snippets(token.effective_scopes(), &config.public_url),
    }
}

fn form_page(
    admin: &Admin,
    page: Page,
    draft: Draft,
    products: Vec<Product>,
    token: Option<Token>,
) -> pages::Form {
    pages::Form {
        shell: admin.shell(page, Section::ApiAccess),
        draft,
        products,
        token,
    }
}

pub async fn show(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let now = page.now;
    let connection = &mut *database.get().await?;
    let token = queries::token(connection, &admin, id.into_inner().into()).await?;
    let today = now.date_naive();
    let days = queries::days(connection, &[token.id], pages::chart_start(today)).await?;
    let uses = queries::retired_uses(connection, token.id, now - queries::RECENT).await?;
    let entries = journal::of_subject(connection, &admin, token.id.uuid(), HISTORY).await?;
    page::render(&pages::Show {
        responsible: responsible(connection, &admin, &token).await?,
        secrets: queries::secrets(connection, &token, now).await?,
        denied: queries::denied(connection, token.id, now - queries::RECENT, DENIED).await?,
        shell: admin.shell(page, Section::ApiAccess),
        chart: Chart::new(&days, today),
        history: pages::history(entries, uses),
        token,
    })
}

async fn responsible(
    connection: &mut Connection,
    admin: &Admin,
    token: &Token,
) -> Result<Option<Answering>, Error> {
    let Some(person) = token.responsible.clone() else {
        return Ok(None);
    };
    let presence = queries::presence(connection, admin.organization().id, person.id).await?;
    Ok(Some(Answering { person, presence }))
}

pub async fn edit(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
    web::Query(remedy): web::Query<Remedy>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let token = queries::token(connection, &admin, id.into_inner().into()).await?;
    if !token.status(&page.now).permits_edit() {
        return Err(Error::Conflict(NOT_EDITABLE));
    }
    page::render(&form_page(
        &admin,
        page,
        Draft::from(&token).with(&remedy),
        Vec::new(),
        Some(token),
    ))
}

pub async fn update(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    fleet: web::Data<Fleet>,
    id: web::Path<Uuid>,
    form: Submission<draft::Form>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    let token = queries::token(&mut connection, &admin, id.into_inner().into()).await?;
    let draft = Draft::from(form.into_inner());
    match try_update(&mut connection, &actor, draft, &token, page.now).await? {
        Ok(name) => {
            let notice = format!("“{}” is saved.", name.as_str());
            page::announce(connection, &fleet, &session, &notice).await?;
            Ok(see_other(&token.path()))
        }
        Err(draft) => page::render_again(&form_page(&admin, page, *draft, Vec::new(), Some(token))),
    }
}

/// The token's name now, or the form to correct.
async fn try_update(
    connection: &mut Connection,
    actor: &Actor,
    draft: Draft,
    token: &Token,
    now: DateTime<Utc>,
) -> Result<Result<Name, Box<Draft>>, Error> {
    let context = Context {
        now,
        products: &[],
        current: Some(token),
    };
    let new = match draft.clone().parse(&context) {
        Ok(new) => new,
        Err(draft) => return Ok(Err(draft)),
    };
    match queries::edit(connection, actor, token.key(), draft.version, &new, now).await {
        Ok(()) => Ok(Ok(new.name)),
        Err(ChangeError::NameTaken) => Ok(Err(draft.name_taken())),
        Err(ChangeError::Outdated(current)) if current.status(&now).permits_edit() => {
            Ok(Err(draft.outdated(&current)))
        }
        Err(error) => Err(error.into()),
    }
}

/// A page that asks before it is done.
async fn confirmation<K: Keeper>(
    connection: &mut Connection,
    keeper: &K,
    page: Page,
    token: Token,
    question: Question,
    stale: Option<String>,
) -> Result<pages::Confirmation, Error> {
    Ok(pages::Confirmation {
        calls: queries::calls_of_last_day(connection, token.id, page.now).await?,
        shell: keeper.viewer().shell(page, K::SECTION),
        place: pages::Place::of(&token),
        token,
        question,
        stale,
    })
}
