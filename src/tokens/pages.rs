//! The pages of *Settings > API Access*: what each shows, for its template to lay out.

mod chart;
mod history;

use askama::Template;
use chrono::{DateTime, Utc};

use super::draft::{Draft, Expiry};
use super::overlap::Overlap;
use super::queries::{Counts, Denied, LeastUsed, MOST_ACTIVE, SecretRecord};
use super::snippets::Snippet;
use super::{Answering, Filter, Presence, Secret, Sort, Status, Token, Transition};
use crate::access::Shell;
use crate::catalogue::{AccessLevel, Product, Scope};
use crate::web::format;
use crate::web::paging::Slice;

pub use chart::{Chart, Sparkline, chart_start, sparkline_start};
pub use history::{Moment, history};

/// The list, perhaps with a secret revealed in a dialog over it.
#[derive(Template)]
#[template(path = "tokens/index.html")]
pub struct Index {
    pub shell: Shell,
    pub filter: Filter,
    pub counts: Counts,
    pub products: Vec<Product>,
    pub cards: Slice<Card>,
    pub reveal: Option<Reveal>,
    /// Whether `AUTH_SECRET` holds here.
    pub auth_secret: bool,
}

/// A token in the list.
pub struct Card {
    pub token: Token,
    pub sparkline: Sparkline,
    /// Until when an old secret still works.
    pub old_until: Option<DateTime<Utc>>,
}

/// The one time that a secret is shown.
pub struct Reveal {
    pub name: String,
    pub secret: Secret,
    /// Until when the old secret works, after a rotation.
    pub old_until: Option<DateTime<Utc>>,
    pub rotated: bool,
    /// Where the old secret has stopped, after a rotation that stops it.
    pub receipt: Option<String>,
    pub snippets: Vec<Snippet>,
}

impl Index {
    /// Whether the organisation has no tokens at all.
    fn is_empty(&self) -> bool {
        self.filter.status.is_none() && !self.filter.is_narrowed() && self.counts.total() == 0
    }

    fn product(&self) -> Option<&Product> {
        let chosen = self.filter.product?;
        self.products.iter().find(|product| product.id == chosen)
    }

    /// Who answers for all that are listed, if only somebody's are.
    fn responsible(&self) -> Option<&str> {
        self.filter.responsible?;
        let person = self.cards.rows.first()?.token.responsible.as_ref()?;
        Some(&person.name)
    }

    /// `1–25 of 42`
    fn range(&self) -> String {
        let Some((first, last)) = self.cards.range() else {
            return "None".to_owned();
        };
        let more = self.cards.next.is_some();
        let total = self.counts.beside(self.filter.status, last, more);
        let (first, last) = (format::thousands(first), format::thousands(last));
        format!("{first}–{last} of {total}")
    }
}

/// The form, for a new token or an edited one.
#[derive(Template)]
#[template(path = "tokens/form.html")]
pub struct Form {
    pub shell: Shell,
    pub draft: Draft,
    pub products: Vec<Product>,
    /// The token that is edited.
    pub token: Option<Token>,
}

impl Form {
    fn action(&self) -> String {
        self.token
            .as_ref()
            .map_or("/settings/api-access".to_owned(), Token::path)
    }
}

#[derive(Template)]
#[template(path = "tokens/show.html")]
pub struct Show {
    pub shell: Shell,
    pub token: Token,
    /// Who answers for it.
    pub responsible: Option<Answering>,
    pub chart: Chart,
    /// Those that work, the current one first.
    pub secrets: Vec<SecretRecord>,
    /// Those of the last 30 days.
    pub denied: Vec<Denied>,
    pub history: Vec<Moment>,
}

/// "Rotate …?"
#[derive(Template)]
#[template(path = "tokens/rotation.html")]
pub struct Rotation {
    pub shell: Shell,
    pub place: Place,
    pub token: Token,
    pub calls: i64,
    pub overlap: Overlap,
    /// What is wrong: the token was changed meanwhile.
    pub conflict: Option<&'static str>,
}

/// Where the pages about a token stand.
pub struct Place {
    /// What the addresses of its changes begin with.
    pub path: String,
    /// Whether a page of its own is at that address.
    pub has_page: bool,
    pub list: &'static str,
    pub list_name: &'static str,
}

impl Place {
    /// For whoever may do everything with the token.
    #[must_use]
    pub fn of(token: &Token) -> Self {
        let (list, list_name) = match token.owner {
            None => ("/settings/api-access", "API Access"),
            Some(_) => ("/profile", "your profile"),
        };
        Self {
            path: token.path(),
            has_page: true,
            list,
            list_name,
        }
    }

    /// For an administrator, of an MCP token that need not be their own.
    #[must_use]
    pub fn of_somebodys(token: &Token) -> Self {
        let list = "/settings/mcp-tokens";
        Self {
            path: format!("{list}/{}", token.id),
            has_page: false,
            list,
            list_name: "MCP tokens",
        }
    }
}

/// What a confirmation page asks about.
#[derive(Clone, Copy)]
pub enum Question {
    Transition(Transition),
    EndOverlap,
}

impl Question {
    pub fn verb(self) -> &'static str {
        match self {
            Self::Transition(transition) => transition.verb(),
            Self::EndOverlap => "End overlap",
        }
    }

    fn consequence(self) -> &'static str {
        match self {
            Self::Transition(transition) => transition.consequence(),
            Self::EndOverlap => {
                "The old secret stops working at once; only the new one is accepted. Whatever \
                 still uses the old one is refused from the next call on."
            }
        }
    }

    fn is_final(self) -> bool {
        match self {
            Self::Transition(transition) => transition.is_final(),
            Self::EndOverlap => true,
        }
    }

    /// The last part of its address.
    fn resource(self) -> &'static str {
        match self {
            Self::Transition(transition) => transition.as_str(),
            Self::EndOverlap => "overlap-end",
        }
    }
}

/// Why there is nothing to confirm, if so.
#[must_use]
pub fn stale(token: &Token, transition: Transition, now: &DateTime<Utc>) -> Option<String> {
    let status = token.status(now);
    (!status.permits(transition)).then(|| status.refusal(transition))
}

/// What to do where there is no room for one more active MCP token.
#[must_use]
pub fn no_room(least_used: &LeastUsed, now: &DateTime<Utc>) -> String {
    let name = &least_used.name;
    let used = match &least_used.at {
        None => "was never used".to_owned(),
        Some(at) => format!("was used least recently, {}", format::relative(at, now)),
    };
    format!(
        "You have {MOST_ACTIVE} active tokens, which is the most. Revoke or disable one first: \
         “{name}” {used}."
    )
}

/// "Revoke …?" and the like.
#[derive(Template)]
#[template(path = "tokens/confirmation.html")]
pub struct Confirmation {
    pub shell: Shell,
    pub place: Place,
    pub token: Token,
    pub question: Question,
    pub calls: i64,
    /// Set when the question makes no sense any more: then there is nothing to confirm.
    pub stale: Option<String>,
}

impl Confirmation {
    fn consequence(&self) -> &'static str {
        match self.question {
            Question::Transition(Transition::Revocation) if self.token.owner.is_some() => {
                "Requests with this token are refused at once and for ever. A revoked token \
                 cannot be enabled again."
            }
            question => question.consequence(),
        }
    }
}
