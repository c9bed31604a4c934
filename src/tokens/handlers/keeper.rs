//! Whoever may do everything with a token: an administrator with the organisation's API tokens,
//! anyone with their own MCP tokens. The pages of both are the same, but for what is said here.

use actix_session::Session;
use actix_web::FromRequest;

use super::{reveal, revealed};
use crate::access::{Actor, Admin, Section, Viewer};
use crate::config::Config;
use crate::db::Connection;
use crate::tokens::pages::Reveal;
use crate::tokens::queries::{self, Rotated};
use crate::tokens::{Key, Token, TokenId, Transition};
use crate::web::{Answer, Error, Page, Submission};

pub trait Keeper: FromRequest<Error = Error> + 'static {
    const SECTION: Section;

    fn viewer(&self) -> &Viewer;

    /// The token of this ID, if it is one of theirs.
    fn key(&self, id: TokenId) -> Key;

    /// # Errors
    /// See [`Viewer::oneself`].
    fn acting<T>(&self, form: &Submission<T>) -> Result<Actor, Error>;

    async fn find(&self, connection: &mut Connection, id: TokenId) -> Result<Token, Error>;

    fn may_do(_: Transition) -> bool {
        true
    }

    /// The list with the new secret over it, the one answer that holds it. `receipt` says where
    /// the old one has stopped.
    async fn reveal(
        &self,
        page: Page,
        session: &Session,
        connection: &mut Connection,
        config: &Config,
        rotated: Rotated,
        receipt: Option<String>,
    ) -> Answer;
}

impl Keeper for Admin {
    const SECTION: Section = Section::ApiAccess;

    fn viewer(&self) -> &Viewer {
        self
    }

    fn key(&self, id: TokenId) -> Key {
        id.into()
    }

    fn acting<T>(&self, form: &Submission<T>) -> Result<Actor, Error> {
        self.actor(form)
    }

    async fn find(&self, connection: &mut Connection, id: TokenId) -> Result<Token, Error> {
        Ok(queries::token(connection, self, id.into()).await?)
    }

    async fn reveal(
        &self,
        page: Page,
        _: &Session,
        connection: &mut Connection,
        config: &Config,
        rotated: Rotated,
        receipt: Option<String>,
    ) -> Answer {
        let rotated = Reveal {
            rotated: true,
            old_until: rotated.old_until,
            receipt,
            ..revealed(&rotated.token, rotated.secret, config)
        };
        reveal(connection, self, page, config, rotated).await
    }
}
