//! Signing in and out.

use actix_session::Session;
use actix_web::cookie::time::Duration;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::access::{Device, UserId, session};
use crate::config::Config;
use crate::db::{Connection, Database};
use crate::identity::drafts::Email;
use crate::identity::sign_in::{Credentials, authenticate, too_many_attempts};
use crate::identity::throttle::BROWSER_MEMORY;
use crate::identity::{pages, queries};
use crate::secret::{Digest, Password, Plaintext};
use crate::web::client_address::ClientAddress;
use crate::web::form::{Field, Nothing};
use crate::web::{Answer, Error, Page, Submission, cookie, page, see_other};

/// The cookie of a browser in which somebody has signed in before.
const BROWSER: &str = "browser";

const NO_ORGANIZATION: &str = "Your account is deactivated, or has joined no organisation. Ask an \
                               administrator for a link.";

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Link {
    next: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Form {
    email: String,
    password: Password,
    next: String,
}

pub async fn new(
    page: Page,
    database: web::Data<Database>,
    web::Query(link): web::Query<Link>,
) -> Answer {
    let connection = &mut *database.get().await?;
    if !queries::is_set_up(connection).await? {
        return Ok(see_other("/setup"));
    }
    page::render(&pages::SignIn {
        page,
        email: Field::default(),
        next: own_path(&link.next).to_owned(),
        problem: None,
    })
}

pub async fn create(
    request: HttpRequest,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    config: web::Data<Config>,
    device: Device,
    form: Submission<Form>,
) -> Answer {
    let form = form.into_inner();
    let next = own_path(&form.next).to_owned();
    let mut field = Field::new(form.email);
    let Some(email) = field.parse(Email::parse) else {
        return again(StatusCode::UNPROCESSABLE_ENTITY, page, field, next, None);
    };
    let credentials = Credentials {
        email,
        password: form.password,
        address: ClientAddress::of(&request),
        browser: browser(&request, &config),
    };
    match authenticate(&database, credentials, page.now).await {
        Ok(Some(signed_in)) => {
            let connection = &mut *database.get().await?;
            let organization = session::first_organization(connection, signed_in.user).await?;
            let Some(organization) = organization else {
                let problem = NO_ORGANIZATION.to_owned();
                return again(StatusCode::FORBIDDEN, page, field, next, Some(problem));
            };
            let member = (organization, signed_in.user);
            let hash = &signed_in.password_hash;
            session::begin(connection, &session, member, hash, &device, page.now).await?;
            let mut response = see_other(if next.is_empty() { "/" } else { &next });
            if !signed_in.browser_is_known {
                let who = (signed_in.user, &**hash);
                remember(&mut response, connection, who, &config, page.now).await?;
            }
            Ok(response)
        }
        Ok(None) => {
            field.refuse("Email or password is wrong.");
            again(StatusCode::UNPROCESSABLE_ENTITY, page, field, next, None)
        }
        Err(Error::TooMany {
            retry_after_seconds,
        }) => {
            let problem = Some(too_many_attempts(retry_after_seconds));
            again(StatusCode::TOO_MANY_REQUESTS, page, field, next, problem)
        }
        Err(error) => Err(error),
    }
}

fn again(
    status: StatusCode,
    page: Page,
    email: Field,
    next: String,
    problem: Option<String>,
) -> Answer {
    let sign_in = pages::SignIn {
        page,
        email,
        next,
        problem,
    };
    page::render_with(status, &sign_in)
}

/// What a browser keeps in which the user has signed in before.
#[must_use]
pub fn browser(request: &HttpRequest, config: &Config) -> Option<Digest> {
    let cookie = request.cookie(&cookie::name(BROWSER, &config.public_url))?;
    Some(Digest::of(cookie.value()))
}

/// As one in which the user has signed in.
async fn remember(
    response: &mut HttpResponse,
    connection: &mut Connection,
    who: (UserId, &str),
    config: &Config,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let browser = Plaintext::random(32);
    queries::remember_browser(connection, who, &browser.digest(), now).await?;
    let public_url = &config.public_url;
    let name = cookie::name(BROWSER, public_url);
    let lifetime = Duration::seconds(BROWSER_MEMORY.num_seconds());
    let cookie = cookie::build(name, browser.reveal(), lifetime, public_url);
    response
        .add_cookie(&cookie)
        .map_err(|error| Error::internal(error.to_string()))
}

pub async fn delete(session: Session, _: Submission<Nothing>) -> Answer {
    session.purge();
    Ok(see_other("/sign-in"))
}

/// A path on this server, or nothing: no other site can send people on through ours.
fn own_path(next: &str) -> &str {
    let own = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control);
    if own { next } else { "" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn only_paths_of_ours_are_followed() {
        assert_eq!(
            own_path("/settings/api-access?q=a"),
            "/settings/api-access?q=a"
        );
        for bad in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/\n/x",
        ] {
            assert_eq!(own_path(bad), "", "{bad:?}");
        }
    }
}
