//! Which members a list shows.

use serde::{Deserialize, Serialize};

use super::View;
use super::queries::Wanted;
use crate::web::form;
use crate::web::paging::Cursor;

/// Which members the list shows, as its address has it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Query {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub q: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub view: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub page: String,
    /// The page of the invitations.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub invited: String,
}

impl Query {
    /// What names and emails are searched for; `None`: no search.
    pub fn term(&self) -> Option<String> {
        form::term(&self.q)
    }

    pub fn view(&self) -> Option<View> {
        self.view.parse().ok()
    }

    /// Whether it shows the first page of all members, above which invitations stand.
    pub fn is_beginning(&self) -> bool {
        self.term().is_none() && self.view().is_none() && self.page.is_empty()
    }

    pub fn wanted(&self) -> Wanted {
        Wanted {
            term: self.term(),
            view: self.view(),
            group: None,
        }
    }

    pub fn cursor(&self) -> Option<Cursor> {
        Cursor::decode(&self.page)
    }

    /// The address of another page of the list at `path`.
    pub fn at(&self, path: &str, page: &str) -> String {
        let query = Self {
            page: page.to_owned(),
            ..self.clone()
        };
        let query = serde_html_form::to_string(query).unwrap_or_default();
        format!("{path}?{query}")
    }

    /// The address of another page of the invitations.
    pub fn at_invitations(&self, page: &str) -> String {
        let query = Self {
            invited: page.to_owned(),
            ..self.clone()
        };
        format!("{}#invitations", query.at("/settings/members", &self.page))
    }

    /// The address of another part of the list.
    pub fn with_view(&self, view: Option<View>) -> String {
        let query = Self {
            view: view.map_or("", View::as_str).to_owned(),
            ..self.clone()
        };
        query.at("/settings/members", "")
    }
}
