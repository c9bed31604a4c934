//! The profile: extract, call, render.

pub mod all;
mod keeper;
pub mod name;
pub mod password;
pub mod tokens;

use std::collections::HashMap;

use actix_session::Session;
use actix_web::web;

use super::draft::Draft;
use super::pages::{self, Card, Reveal};
use crate::access::{Section, Viewer, session};
use crate::db::{Connection, Database};
use crate::tokens::{Status, Token, TokenId, queries};
use crate::web::form::Nothing;
use crate::web::{Answer, Error, Page, Submission, format, page, see_other};

/// Tokens that are shown.
const MOST_LISTED: usize = 200;

pub async fn show(
    viewer: Viewer,
    page: Page,
    session: Session,
    database: web::Data<Database>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let own = session::number(&session);
    page::render(&profile(connection, &viewer, page, &own, Draft::default(), None).await?)
}

/// The profile, with a form to correct or a revealed secret.
async fn profile(
    connection: &mut Connection,
    viewer: &Viewer,
    page: Page,
    own: &session::Number,
    draft: Draft,
    reveal: Option<Reveal>,
) -> Result<pages::Profile, Error> {
    let now = page.now;
    let sessions = session::open(connection, viewer.user(), own, now).await?;
    let tokens = queries::of_owner(connection, viewer, None, MOST_LISTED)
        .await?
        .rows;
    let ids: Vec<TokenId> = tokens.iter().map(|token| token.id).collect();
    let retiring = queries::retiring(connection, &ids, now).await?;
    let retiring: HashMap<_, _> = retiring.into_iter().collect();
    let (revoked, kept): (Vec<Token>, Vec<Token>) = tokens
        .into_iter()
        .partition(|token| token.status(&now) == Status::Revoked);
    let cards = kept.into_iter().map(|token| Card {
        old_until: retiring.get(&token.id).copied(),
        token,
    });
    Ok(pages::Profile {
        cards: cards.collect(),
        shell: viewer.shell(page, Section::Profile),
        sessions,
        draft,
        revoked,
        reveal,
    })
}

pub async fn end_other_sessions(
    viewer: Viewer,
    session: Session,
    database: web::Data<Database>,
    _: Submission<Nothing>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let own = session::number(&session);
    let ended = session::end_others(connection, viewer.user(), &own).await?;
    let ended = format::counted(ended, "other session", "other sessions");
    page::notify(&session, format!("{ended} ended."))?;
    Ok(see_other("/profile"))
}
