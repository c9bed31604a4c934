//! The pages before and around signing in.

use askama::Template;

use super::drafts;
use super::queries::{Account, Invitation};
use crate::web::Page;
use crate::web::form::Field;

/// The first run: an organisation and its administrator.
#[derive(Template)]
#[template(path = "identity/setup.html")]
pub struct SetUp {
    pub page: Page,
    pub draft: drafts::SetUp,
}

#[derive(Template)]
#[template(path = "identity/sign_in.html")]
pub struct SignIn {
    pub page: Page,
    pub email: Field,
    /// Where to go then: a path of ours.
    pub next: String,
    /// "Too many attempts …"
    pub problem: Option<String>,
}

#[derive(Template)]
#[template(path = "identity/invitation.html")]
pub struct Accept {
    pub page: Page,
    /// The secret part of the address that the form is sent to.
    pub code: String,
    pub invitation: Invitation,
    pub draft: drafts::Acceptance,
}
