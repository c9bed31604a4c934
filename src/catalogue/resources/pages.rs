//! The pages of *Settings > Resources*.

use askama::Template;

use super::draft::Draft;
use super::queries::{Catalogue, Stored};
use super::{Place, Target};
use crate::access::Shell;
use crate::catalogue::Scope;
use crate::web::form::Field;

#[derive(Template)]
#[template(path = "catalogue/resources.html")]
pub struct Index {
    pub shell: Shell,
    pub catalogue: Catalogue,
}

/// The form, for a new resource or an edited one.
#[derive(Template)]
#[template(path = "catalogue/resource.html")]
pub struct Form {
    pub shell: Shell,
    pub draft: Draft,
    /// The resource that is edited.
    pub current: Option<Stored>,
}

impl Form {
    fn action(&self) -> String {
        self.current
            .as_ref()
            .map_or("/settings/resources".to_owned(), Stored::path)
    }
}

/// "Delete …?"
#[derive(Template)]
#[template(path = "catalogue/resource_deletion.html")]
pub struct Deletion {
    pub shell: Shell,
    pub stored: Stored,
    /// What is wrong: the resource was changed meanwhile.
    pub conflict: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "catalogue/import.html")]
pub struct Import {
    pub shell: Shell,
    /// The TOML.
    pub text: Field,
    pub revision: i32,
    /// What is wrong: the catalogue was changed meanwhile.
    pub conflict: Option<&'static str>,
}

/// "Reset all resources?"
#[derive(Template)]
#[template(path = "catalogue/reset.html")]
pub struct Reset {
    pub shell: Shell,
    pub revision: i32,
    /// How many resources there are, and how many the default has.
    pub counts: (i64, i64),
    pub conflict: Option<&'static str>,
}

impl Stored {
    fn path(&self) -> String {
        format!("/settings/resources/{}", self.id)
    }
}
