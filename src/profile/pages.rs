//! The pages of the profile and of the settings about MCP: what each shows, for its template to
//! lay out.

use askama::Template;
use chrono::{DateTime, Utc};

use super::draft::{Draft, EXPIRIES, PasswordDraft};
use super::snippets::{Connect, PLACEHOLDER};
use crate::access::{Shell, session};
use crate::catalogue::Scope;
use crate::tokens::queries::{MOST_ACTIVE, Owned};
use crate::tokens::{Secret, Status, Token, Transition};
use crate::web::form::Field;
use crate::web::format;
use crate::web::paging::Slice;

/// Who I am, perhaps with a secret revealed in a dialog over it.
#[derive(Template)]
#[template(path = "profile/show.html")]
pub struct Profile {
    pub shell: Shell,
    pub sessions: Vec<session::Open>,
    pub draft: Draft,
    /// Those that are not revoked.
    pub cards: Vec<Card>,
    pub revoked: Vec<Token>,
    pub reveal: Option<Reveal>,
}

/// An MCP token in the list.
pub struct Card {
    pub token: Token,
    /// Until when an old secret still works.
    pub old_until: Option<DateTime<Utc>>,
}

/// The one time that a secret is shown.
pub struct Reveal {
    pub token: Token,
    pub secret: Secret,
    pub old_until: Option<DateTime<Utc>>,
    pub rotated: bool,
    /// Where a rotation without overlap is in effect.
    pub receipt: Option<String>,
    pub connect: Connect,
}

impl Profile {
    fn active(&self) -> usize {
        let now = self.shell.now();
        let is_active = |card: &&Card| card.token.status(now) == Status::Active;
        self.cards.iter().filter(is_active).count()
    }
}

/// A token's page: whether it has connected, and how to connect it.
#[derive(Template)]
#[template(path = "profile/token.html")]
pub struct Show {
    pub shell: Shell,
    pub token: Token,
    pub old_until: Option<DateTime<Utc>>,
    pub connect: Connect,
}

#[derive(Template)]
#[template(path = "profile/rename.html")]
pub struct Rename {
    pub shell: Shell,
    pub token: Token,
    pub name: Field,
    /// What is wrong: the token was changed meanwhile.
    pub conflict: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "profile/password.html")]
pub struct Password {
    pub shell: Shell,
    pub draft: PasswordDraft,
    /// "Too many attempts …"
    pub problem: Option<String>,
}

/// Everybody's MCP tokens.
#[derive(Template)]
#[template(path = "profile/all.html")]
pub struct All {
    pub shell: Shell,
    pub owner: String,
    pub tokens: Slice<Owned>,
}

impl All {
    /// The address of another page of the same list.
    fn at(&self, page: &str) -> String {
        let query = serde_html_form::to_string([("owner", &*self.owner), ("page", page)]);
        format!("/settings/mcp-tokens?{}", query.unwrap_or_default())
    }
}

/// `Connected: claude-code 2.1, 4 s ago`; `None` until the first call.
#[must_use]
pub fn connection(token: &Token, now: &DateTime<Utc>) -> Option<String> {
    let at = token.usage.last_at?;
    let ago = match (*now - at).num_seconds() {
        seconds @ 0..60 => format!("{seconds} s ago"),
        _ => format::relative(&at, now),
    };
    Some(match client(token) {
        Some(client) => format!("Connected: {client}, {ago}"),
        None => format!("Connected {ago}"),
    })
}

/// The client of the last call: `claude-code 2.1` of `claude-code/2.1 (cli)`.
#[must_use]
pub fn client(token: &Token) -> Option<String> {
    let agent = token.usage.last_user_agent.as_deref()?;
    let product = agent.split_whitespace().next()?;
    Some(product.replacen('/', " ", 1))
}
