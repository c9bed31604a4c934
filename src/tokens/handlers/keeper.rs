//! Whoever may do everything with a token: an administrator with the organisation's API tokens,
//! anyone with their own MCP tokens. The pages of both are the same, but for what is said here.

use actix_web::FromRequest;
use askama::Template;

use super::{revealed, revealing};
use crate::access::{Actor, Admin, Section, Viewer, session};
use crate::config::Config;
use crate::db::Connection;
use crate::tokens::pages::{Index, Reveal};
use crate::tokens::queries::{self, Rotated};
use crate::tokens::{Key, Token, TokenId, Transition};
use crate::web::{Error, Page, Submission};

pub trait Keeper: FromRequest<Error = Error> + Send + Sync + 'static {
    const SECTION: Section;
    /// The list with a new secret over it, the one answer that holds it.
    type Revealing: Template + Send;

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

    fn revealing(
        &self,
        page: Page,
        own: &session::Number,
        connection: &mut Connection,
        config: &Config,
        rotated: Rotated,
    ) -> impl Future<Output = Result<Self::Revealing, Error>> + Send;

    /// Says where the old secret has stopped.
    fn tell(revealing: &mut Self::Revealing, receipt: String);
}

impl Keeper for Admin {
    const SECTION: Section = Section::ApiAccess;
    type Revealing = Index;

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

    async fn revealing(
        &self,
        page: Page,
        _: &session::Number,
        connection: &mut Connection,
        config: &Config,
        rotated: Rotated,
    ) -> Result<Index, Error> {
        let rotated = Reveal {
            rotated: true,
            old_until: rotated.old_until,
            ..revealed(&rotated.token, rotated.secret, config)
        };
        revealing(connection, self, page, config, rotated).await
    }

    fn tell(revealing: &mut Index, receipt: String) {
        if let Some(reveal) = &mut revealing.reveal {
            reveal.receipt = Some(receipt);
        }
    }
}
