//! The pages about one's own MCP tokens are those of `tokens`.

use super::profile;
use super::tokens::connect;
use crate::access::{Actor, Section, Viewer, session};
use crate::config::Config;
use crate::db::Connection;
use crate::profile::draft::Draft;
use crate::profile::pages::{Profile, Reveal};
use crate::tokens::handlers::Keeper;
use crate::tokens::queries::{self, Rotated};
use crate::tokens::{Key, Token, TokenId, Transition};
use crate::web::{Error, Page, Submission};

impl Keeper for Viewer {
    const SECTION: Section = Section::Profile;
    type Revealing = Profile;

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

    async fn revealing(
        &self,
        page: Page,
        own: &session::Number,
        connection: &mut Connection,
        config: &Config,
        rotated: Rotated,
    ) -> Result<Profile, Error> {
        let rotated = Reveal {
            connect: connect(connection, self, config).await?,
            token: rotated.token,
            secret: rotated.secret,
            old_until: rotated.old_until,
            rotated: true,
            receipt: None,
        };
        profile(connection, self, page, own, Draft::default(), Some(rotated)).await
    }

    fn tell(revealing: &mut Profile, receipt: String) {
        if let Some(reveal) = &mut revealing.reveal {
            reveal.receipt = Some(receipt);
        }
    }
}
