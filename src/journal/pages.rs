//! *Settings > Audit log*: the filter in its address, and the page.

use askama::Template;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Action, Entry};
use crate::access::{Shell, UserId};
use crate::web::form;
use crate::web::paging::{Cursor, Slice};

/// The filter as the address has it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Query {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub actor: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub action: String,
    /// A token's ID, or a part of its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub token: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub to: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub page: String,
}

/// What it means. What cannot be understood does not filter.
#[derive(Default)]
pub struct Filter {
    pub author: Option<UserId>,
    pub action: Option<Action>,
    pub subject: Option<Uuid>,
    pub subject_name: Option<String>,
    pub from: Option<DateTime<Utc>>,
    pub before: Option<DateTime<Utc>>,
    pub cursor: Option<Cursor>,
}

impl Query {
    pub fn filter(&self) -> Filter {
        let token = form::term(&self.token);
        let subject = token.as_deref().and_then(|token| token.parse().ok());
        Filter {
            author: self.actor.parse::<Uuid>().ok().map(UserId::from),
            action: self.action.parse().ok(),
            subject,
            subject_name: token.filter(|_| subject.is_none()),
            from: midnight(&self.from),
            before: midnight(&self.to).map(|day| day + TimeDelta::days(1)),
            cursor: Cursor::decode(&self.page),
        }
    }

    fn is_filtered(&self) -> bool {
        [&self.actor, &self.action, &self.token, &self.from, &self.to]
            .iter()
            .any(|field| !field.is_empty())
    }

    /// The address of another page of the same list.
    fn at(&self, page: &str) -> String {
        let query = Self {
            page: page.to_owned(),
            ..self.clone()
        };
        let query = serde_html_form::to_string(query).unwrap_or_default();
        format!("/settings/audit-log?{query}")
    }
}

fn midnight(date: &str) -> Option<DateTime<Utc>> {
    let date: NaiveDate = date.parse().ok()?;
    let date = Some(date).filter(|date| (1970..9999).contains(&date.year()))?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc())
}

#[derive(Template)]
#[template(path = "journal/index.html")]
pub struct Index {
    pub shell: Shell,
    pub query: Query,
    pub authors: Vec<(UserId, String)>,
    pub entries: Slice<Entry>,
}

impl Index {
    fn previous(&self) -> Option<String> {
        self.entries
            .previous
            .as_ref()
            .map(|page| self.query.at(page))
    }

    fn next(&self) -> Option<String> {
        self.entries.next.as_ref().map(|page| self.query.at(page))
    }
}
