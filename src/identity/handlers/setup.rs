//! The first run.

use actix_session::Session;
use actix_web::web;
use serde::Deserialize;

use crate::access::{Device, session};
use crate::db::Database;
use crate::identity::drafts::{self, SetUpForm};
use crate::identity::queries::{self, NewUser};
use crate::identity::setup_code::is_setup_code;
use crate::identity::throttle::{self, Subjects};
use crate::identity::{pages, password};
use crate::web::client_address::ClientAddress;
use crate::web::form::Field;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Link {
    code: String,
}

pub async fn new(
    page: Page,
    database: web::Data<Database>,
    web::Query(link): web::Query<Link>,
) -> Answer {
    let connection = &mut *database.get().await?;
    if queries::is_set_up(connection).await? {
        return Ok(see_other("/sign-in"));
    }
    let draft = drafts::SetUp {
        code: Field::new(link.code),
        ..drafts::SetUp::default()
    };
    page::render(&pages::SetUp { page, draft })
}

pub async fn create(
    page: Page,
    session: Session,
    database: web::Data<Database>,
    address: ClientAddress,
    device: Device,
    form: Submission<SetUpForm>,
) -> Answer {
    let code_is_right = check_code(&database, address, &form.code, &page).await?;
    let founding = match drafts::SetUp::parse(form.into_inner(), code_is_right) {
        Ok(founding) => founding,
        Err(draft) => {
            return page::render_again(&pages::SetUp {
                page,
                draft: *draft,
            });
        }
    };
    let hash = password::hash(founding.password).await?;
    let administrator = NewUser {
        email: &founding.email,
        name: &founding.name,
        password_hash: Some(hash.clone()),
    };
    let connection = &mut *database.get().await?;
    let found = queries::found(connection, &founding.organization, administrator, page.now).await?;
    let founded = found.ok_or(Error::Conflict("Tokendesk was set up meanwhile. Sign in."))?;
    session::begin(connection, &session, founded, &hash, &device, page.now).await?;
    Ok(see_other("/settings/api-access"))
}

async fn check_code(
    database: &Database,
    address: ClientAddress,
    code: &str,
    page: &Page,
) -> Result<bool, Error> {
    let connection = &mut *database.get().await?;
    if queries::is_set_up(connection).await? {
        return Err(Error::Conflict("Tokendesk is set up already. Sign in."));
    }
    let subjects = Subjects::setup(address.0);
    throttle::admit(connection, &subjects, page.now).await?;
    let right = is_setup_code(&queries::site_key(connection).await?, code);
    if right {
        throttle::forgive(connection, &subjects, page.now).await?;
    } else {
        tracing::warn!(address = %address.0, "wrong set-up code");
    }
    Ok(right)
}
