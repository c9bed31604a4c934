//! The pages of *Settings > Products*.

use askama::Template;
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::{ListedProduct, MOST_COUNTED};
use crate::access::Shell;
use crate::web::paging::{Cursor, Slice};
use crate::web::{form, format};

/// Which products the list shows, as its address has it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Query {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub q: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub page: String,
}

impl Query {
    /// What names and keys are searched for; `None`: no search.
    #[must_use]
    pub fn term(&self) -> Option<String> {
        form::term(&self.q)
    }

    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        Cursor::decode(&self.page)
    }

    /// The address of another page of the same list.
    fn at(&self, page: &str) -> String {
        let query = Self {
            page: page.to_owned(),
            ..self.clone()
        };
        let query = serde_html_form::to_string(query).unwrap_or_default();
        format!("/settings/products?{query}")
    }
}

#[derive(Template)]
#[template(path = "catalogue/products.html")]
pub struct Index {
    pub shell: Shell,
    pub query: Query,
    pub products: Slice<ListedProduct>,
    /// On all pages together.
    pub total: i64,
}

impl Index {
    fn range(&self) -> String {
        self.products.label(self.total)
    }
}

/// The form, for a new product or an edited one.
#[derive(Template)]
#[template(path = "catalogue/product.html")]
pub struct Form {
    pub shell: Shell,
    pub draft: Draft,
    /// The product that is edited.
    pub current: Option<ListedProduct>,
}

impl Form {
    fn action(&self) -> String {
        self.current
            .as_ref()
            .map_or("/settings/products".to_owned(), ListedProduct::path)
    }

    /// The product that is edited, if its key is fixed.
    fn used(&self) -> Option<&ListedProduct> {
        self.current.as_ref().filter(|listed| listed.is_used())
    }
}

/// "Delete …?"
#[derive(Template)]
#[template(path = "catalogue/product_deletion.html")]
pub struct Deletion {
    pub shell: Shell,
    pub listed: ListedProduct,
    /// What is wrong: the product was changed meanwhile.
    pub conflict: Option<&'static str>,
}

impl ListedProduct {
    /// `1 token`, `1,000 tokens or more`
    fn counted(&self) -> String {
        let tokens = format::counted(self.tokens, "token", "tokens");
        match self.tokens {
            0 => "No tokens".to_owned(),
            MOST_COUNTED.. => format!("{tokens} or more"),
            _ => tokens,
        }
    }
}
