//! Which tokens the list shows, in which order: all of it stands in the address, so that a
//! list can be bookmarked.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Status;
use crate::access::UserId;
use crate::catalogue::ProductId;
use crate::db::types::text_enum;
use crate::web::form;
use crate::web::paging::Cursor;
use crate::web::text::fold;

/// The filter as the address has it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Query {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub q: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sort: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub product: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub responsible: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub page: String,
}

text_enum! {
    Sort {
        Newest = "newest",
        Name = "name",
        LastUsed = "last-used",
        Expiry = "expiry",
    }
}

impl Sort {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Newest => "Newest",
            Self::Name => "Name",
            Self::LastUsed => "Last used",
            Self::Expiry => "Expiring soonest",
        }
    }
}

/// What it means. What cannot be understood does not filter.
#[derive(Clone, Debug)]
pub struct Filter {
    /// What was typed, trimmed.
    pub q: String,
    /// `None`: all.
    pub status: Option<Status>,
    pub sort: Sort,
    pub product: Option<ProductId>,
    /// Who answers for them.
    pub responsible: Option<UserId>,
    pub cursor: Option<Cursor>,
}

impl Query {
    #[must_use]
    pub fn filter(&self) -> Filter {
        Filter {
            q: form::term(&self.q).unwrap_or_default(),
            status: self.status.parse().ok(),
            sort: self.sort.parse().unwrap_or(Sort::Newest),
            product: self.product.parse::<Uuid>().ok().map(ProductId::from),
            responsible: self.responsible.parse::<Uuid>().ok().map(UserId::from),
            cursor: Cursor::decode(&self.page),
        }
    }
}

impl Filter {
    /// The text that names and prefixes are searched for; `None`: no search.
    #[must_use]
    pub fn term(&self) -> Option<String> {
        Some(fold(&self.q)).filter(|term| !term.is_empty())
    }

    /// Whether anything but the status narrows the list.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        !self.q.is_empty() || self.product.is_some() || self.responsible.is_some()
    }

    /// The list's address with another status, from its first page.
    #[must_use]
    pub fn with_status(&self, status: Option<Status>) -> String {
        Self {
            status,
            cursor: None,
            ..self.clone()
        }
        .address()
    }

    /// Sorted by expiry, what has expired would come first: so the order begins in the tab
    /// where nothing has.
    #[must_use]
    pub fn with_sort(&self, sort: Sort) -> String {
        let status = match sort {
            Sort::Expiry => self.status.or(Some(Status::Active)),
            _ => self.status,
        };
        Self {
            sort,
            status,
            cursor: None,
            ..self.clone()
        }
        .address()
    }

    #[must_use]
    pub fn with_product(&self, product: Option<ProductId>) -> String {
        Self {
            product,
            cursor: None,
            ..self.clone()
        }
        .address()
    }

    /// The list's address with the tokens that anybody answers for.
    #[must_use]
    pub fn of_everybody(&self) -> String {
        Self {
            responsible: None,
            cursor: None,
            ..self.clone()
        }
        .address()
    }

    #[must_use]
    pub fn with_search(&self, q: &str) -> String {
        Self {
            q: q.to_owned(),
            cursor: None,
            ..self.clone()
        }
        .address()
    }

    /// The list's address at another page.
    #[must_use]
    pub fn at(&self, page: &str) -> String {
        Self {
            cursor: Cursor::decode(page),
            ..self.clone()
        }
        .address()
    }

    fn address(&self) -> String {
        let query = Query {
            q: self.q.clone(),
            status: self
                .status
                .map(|status| status.to_string())
                .unwrap_or_default(),
            sort: Some(self.sort)
                .filter(|sort| *sort != Sort::Newest)
                .map(|sort| sort.to_string())
                .unwrap_or_default(),
            product: self.product.map(|id| id.to_string()).unwrap_or_default(),
            responsible: self
                .responsible
                .map(|id| id.to_string())
                .unwrap_or_default(),
            page: self.cursor.as_ref().map(Cursor::encode).unwrap_or_default(),
        };
        let query = serde_html_form::to_string(query).unwrap_or_default();
        let separator = if query.is_empty() { "" } else { "?" };
        format!("/settings/api-access{separator}{query}")
    }
}
