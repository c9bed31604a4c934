//! The pages about one's own MCP tokens are those of `tokens`.

use actix_session::Session;

use super::reveal;
use super::tokens::connect;
use crate::access::{Actor, Section, Viewer};
use crate::config::Config;
use crate::db::Connection;
use crate::profile::pages::Reveal;
use crate::tokens::handlers::Keeper;
use crate::tokens::queries::{self, Rotated};
use crate::tokens::{Key, Token, TokenId, Transition};
use crate::web::{Answer, Error, Page, Submission};

impl Keeper for Viewer {
    const SECTION: Section = Section::Profile;

    fn viewer(&self) -> &Viewer {
        self
    }

    fn key(&self, id: TokenId) -> Key {
        Key {
            id,
            owner: Some(self.user()),
        }
    }

    fn acting<T>(&self, form: &Submission<T>) -> Result<Actor, Error> {
        self.oneself(form)
    }

    async fn find(&self, connection: &mut Connection, id: TokenId) -> Result<Token, Error> {
        Ok(queries::owned(connection, self, id).await?)
    }

    /// A revoked one stays in its owner's list.
    fn may_do(transition: Transition) -> bool {
        transition != Transition::Deletion
    }

    async fn reveal(
        &self,
        page: Page,
        session: &Session,
        connection: &mut Connection,
        config: &Config,
        rotated: Rotated,
        receipt: Option<String>,
    ) -> Answer {
        let rotated = Reveal {
            connect: connect(connection, self, config).await?,
            token: rotated.token,
            secret: rotated.secret,
            old_until: rotated.old_until,
            rotated: true,
            receipt,
        };
        reveal(connection, self, page, session, rotated).await
    }
}
