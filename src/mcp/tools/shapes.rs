//! Tokens and what is asked about them, as assistants see them.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tokens::Token;

/// A token, without its secret.
#[derive(Serialize, JsonSchema)]
pub struct TokenInfo {
    pub id: String,
    pub name: String,
    /// The first 8 characters of its secret; of an imported one fewer or none.
    pub prefix: String,
    /// active, inactive (disabled), expired or revoked
    pub status: &'static str,
    pub scopes: Vec<&'static str>,
    pub created_at: DateTime<Utc>,
    /// null: never
    pub expires_at: Option<DateTime<Utc>>,
    /// When a call was last allowed; null: never
    pub last_used_at: Option<DateTime<Utc>>,
    pub last_used_from: Option<String>,
    /// The client of that call.
    pub last_client: Option<String>,
    pub calls_allowed: i64,
    pub calls_refused: i64,
}

impl TokenInfo {
    pub fn of(token: Token, now: &DateTime<Utc>) -> Self {
        Self {
            status: token.status(now).as_str(),
            scopes: token.effective_scopes().names(),
            id: token.id.to_string(),
            name: token.name,
            prefix: token.display,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.usage.last_at,
            last_used_from: token.usage.last_from.map(|from| from.addr().to_string()),
            last_client: token.usage.last_user_agent,
            calls_allowed: token.usage.allowed,
            calls_refused: token.usage.denied,
        }
    }
}

/// Tokens that one answer holds.
const PAGE_SIZE: usize = 50;
/// One more is asked for, which tells whether there are more.
pub const ASKED: i64 = 51;

/// As many as an answer holds, and if there are more, after which they come.
pub fn page(mut found: Vec<Token>) -> (Vec<Token>, Option<String>) {
    let are_more = found.len() > PAGE_SIZE;
    found.truncate(PAGE_SIZE);
    let last = found.last().filter(|_| are_more);
    let next = last.map(|token| token.id.to_string());
    (found, next)
}

/// A number of days.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(try_from = "u32")]
pub struct Days(#[schemars(range(min = 1, max = 3650))] u32);

impl TryFrom<u32> for Days {
    type Error = &'static str;

    fn try_from(days: u32) -> Result<Self, Self::Error> {
        match days {
            1..=3650 => Ok(Self(days)),
            _ => Err("days are a number from 1 to 3650"),
        }
    }
}

impl Days {
    pub fn before(self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - TimeDelta::days(self.0.into())
    }

    pub fn after(self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + TimeDelta::days(self.0.into())
    }
}
