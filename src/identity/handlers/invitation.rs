//! Accepting an invitation: with a new account, or with the one that the email has.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use chrono::{DateTime, Utc};

use super::sign_in::browser;
use crate::access::{Device, UserId, session};
use crate::config::Config;
use crate::db::{Connection, Database};
use crate::identity::drafts::{Acceptance, AcceptanceForm, Email};
use crate::identity::queries::{self, Account, Invitation, NewUser};
use crate::identity::sign_in::{Credentials, authenticate, too_many_attempts};
use crate::identity::{pages, password};
use crate::secret::Digest;
use crate::web::client_address::ClientAddress;
use crate::web::form::Field;
use crate::web::{Answer, Error, Page, Submission, page, see_other, state};

pub async fn show(page: Page, database: web::Data<Database>, code: web::Path<String>) -> Answer {
    let connection = &mut *database.get().await?;
    let invitation = find(connection, &code, page.now).await?;
    let draft = Acceptance {
        name: Field::new(&invitation.name),
        ..Acceptance::default()
    };
    page::render(&pages::Accept {
        page,
        code: code.into_inner(),
        invitation,
        draft,
    })
}

pub async fn accept(
    request: HttpRequest,
    page: Page,
    session: Session,
    code: web::Path<String>,
    device: Device,
    form: Submission<AcceptanceForm>,
) -> Answer {
    let invitation = {
        let connection = &mut *state::<Database>(&request).get().await?;
        find(connection, &code, page.now).await?
    };
    match try_join(&request, &invitation, form.into_inner(), page.now).await? {
        Ok((user, hash)) => {
            let connection = &mut *state::<Database>(&request).get().await?;
            let joined = (invitation.organization, user);
            session::begin(connection, &session, joined, &hash, &device, page.now).await?;
            let notice = if invitation.renews_password {
                "Your new password holds, and you are signed in.".to_owned()
            } else {
                format!("You have joined {}.", invitation.organization_name)
            };
            page::notify(&session, notice)?;
            Ok(see_other("/"))
        }
        Err((status, draft)) => {
            let again = pages::Accept {
                page,
                code: code.into_inner(),
                invitation,
                draft: *draft,
            };
            page::render_with(status, &again)
        }
    }
}

async fn find(
    connection: &mut Connection,
    code: &str,
    now: DateTime<Utc>,
) -> Result<Invitation, Error> {
    let invitation = queries::invitation(connection, &Digest::of(code), now).await;
    invitation.map_err(|error| match error.into() {
        Error::NotFound => Error::LinkEnded,
        error => error,
    })
}

/// Who has joined, and the hash of their password; or the form again.
type Joined = Result<(UserId, String), (StatusCode, Box<Acceptance>)>;

async fn try_join(
    request: &HttpRequest,
    invitation: &Invitation,
    form: AcceptanceForm,
    now: DateTime<Utc>,
) -> Result<Joined, Error> {
    let database = state::<Database>(request);
    let email = Email::parse(&invitation.email).map_err(Error::internal)?;
    match invitation.account {
        Account::Missing => with_new_account(database, invitation, &email, form, now).await,
        Account::Unclaimed(user) => with_unclaimed(database, invitation, user, form, now).await,
        Account::Owned => {
            let credentials = Credentials {
                email,
                password: form.password,
                address: ClientAddress::of(request),
                browser: browser(request, state::<Config>(request)),
            };
            with_account(database, invitation, credentials, now).await
        }
    }
}

/// Whoever has the link has to be the account's owner.
async fn with_account(
    database: &Database,
    invitation: &Invitation,
    credentials: Credentials,
    now: DateTime<Utc>,
) -> Result<Joined, Error> {
    let again = |status, why: String| {
        let mut draft = Acceptance::default();
        draft.password.refuse(why);
        Ok(Err((status, Box::new(draft))))
    };
    let (user, hash) = match authenticate(database, credentials, now).await {
        Ok(Some(signed_in)) => (signed_in.user, signed_in.password_hash),
        Ok(None) => {
            let why = "This is not the account’s password.".to_owned();
            return again(StatusCode::UNPROCESSABLE_ENTITY, why);
        }
        Err(Error::TooMany {
            retry_after_seconds,
        }) => {
            let why = too_many_attempts(retry_after_seconds);
            return again(StatusCode::TOO_MANY_REQUESTS, why);
        }
        Err(error) => return Err(error),
    };
    let connection = &mut *database.get().await?;
    let joined = queries::join(connection, invitation, user, now).await?;
    let conflict = "You have joined already, or the invitation cannot be used any more. Sign in, or ask \
                    for another.";
    joined
        .then_some(Ok((user, hash)))
        .ok_or(Error::Conflict(conflict))
}

/// Whoever provisioned the account named its owner: all that is missing is a password.
async fn with_unclaimed(
    database: &Database,
    invitation: &Invitation,
    user: UserId,
    form: AcceptanceForm,
    now: DateTime<Utc>,
) -> Result<Joined, Error> {
    let context = [
        &*invitation.email,
        &invitation.name,
        &invitation.organization_name,
    ];
    let form = AcceptanceForm {
        name: invitation.name.clone(),
        ..form
    };
    let (_, password) = match Acceptance::parse(form, &context) {
        Ok(accepted) => accepted,
        Err(draft) => return Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, draft))),
    };
    let hash = password::hash(password).await?;
    let connection = &mut *database.get().await?;
    if !queries::claim(connection, invitation, user, hash.clone(), now).await? {
        return Err(Error::Conflict(
            "This invitation was used already, or the account has changed. Open the link again.",
        ));
    }
    Ok(Ok((user, hash)))
}

async fn with_new_account(
    database: &Database,
    invitation: &Invitation,
    email: &Email,
    form: AcceptanceForm,
    now: DateTime<Utc>,
) -> Result<Joined, Error> {
    let context = [
        &*invitation.email,
        &invitation.organization_name,
        &form.name.clone(),
    ];
    let (name, password) = match Acceptance::parse(form, &context) {
        Ok(accepted) => accepted,
        Err(draft) => return Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, draft))),
    };
    let hash = password::hash(password).await?;
    let person = NewUser {
        email,
        name: &name,
        password_hash: Some(hash.clone()),
    };
    let connection = &mut *database.get().await?;
    let user = queries::accept(connection, invitation, person, now).await?;
    let user = user.ok_or(Error::Conflict(
        "This invitation was used already, or the email has an account. Open the link again.",
    ))?;
    Ok(Ok((user, hash)))
}
