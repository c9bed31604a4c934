//! Another password, for whoever knows the present one.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use chrono::{DateTime, Utc};
use diesel_async::AsyncConnection;

use crate::access::{Actor, Section, Viewer, session};
use crate::config::Config;
use crate::db::Database;
use crate::identity::sign_in::{Credentials, check, too_many_attempts};
use crate::identity::{self, Email, password};
use crate::profile::draft::{PasswordDraft, PasswordForm};
use crate::profile::pages;
use crate::secret::Password;
use crate::web::client_address::ClientAddress;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

pub async fn new(viewer: Viewer, page: Page) -> Answer {
    page::render(&form_page(&viewer, page, PasswordDraft::default(), None))
}

pub async fn create(
    viewer: Viewer,
    request: HttpRequest,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    config: web::Data<Config>,
    form: Submission<PasswordForm>,
) -> Answer {
    let actor = viewer.oneself(&form)?;
    let form = form.into_inner();
    let credentials = Credentials {
        email: Email::parse(viewer.email()).map_err(Error::internal)?,
        password: form.present,
        address: ClientAddress::of(&request),
        browser: identity::browser(&request, &config),
    };
    match try_create(&database, &viewer, credentials, form.password, page.now).await {
        Ok(Ok(hash)) => {
            save(
                &database,
                &viewer,
                &actor,
                session::number(&session),
                hash,
                page.now,
            )
            .await?;
            page::notify(
                &session,
                "Your password is changed. Other sessions have ended.",
            )?;
            Ok(see_other("/profile"))
        }
        Ok(Err(draft)) => page::render_again(&form_page(&viewer, page, *draft, None)),
        Err(Error::TooMany {
            retry_after_seconds: wait,
        }) => {
            let problem = Some(too_many_attempts(wait));
            let again = form_page(&viewer, page, PasswordDraft::default(), problem);
            page::render_with(StatusCode::TOO_MANY_REQUESTS, &again)
        }
        Err(error) => Err(error),
    }
}

/// The hash of the new password, or the form to correct.
async fn try_create(
    database: &Database,
    viewer: &Viewer,
    present: Credentials,
    new: Password,
    now: DateTime<Utc>,
) -> Result<Result<String, Box<PasswordDraft>>, Error> {
    let mut draft = PasswordDraft::default();
    if check(database, present, now).await?.is_none() {
        draft.present.refuse("This is not your present password.");
        return Ok(Err(Box::new(draft)));
    }
    let context = [viewer.email(), viewer.name(), &viewer.organization().name];
    if let Err(why) = password::judge(&new, &context) {
        draft.password.refuse(why);
        return Ok(Err(Box::new(draft)));
    }
    password::hash(new).await.map(Ok)
}

/// Whoever knew the old password is signed out with it.
async fn save(
    database: &Database,
    viewer: &Viewer,
    actor: &Actor,
    own: session::Number,
    hash: String,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let connection = &mut *database.get().await?;
    connection
        .transaction(async |connection| {
            let user = viewer.user();
            identity::queries::set_password(connection, actor, user, hash, now).await?;
            session::end_others(connection, user, &own).await?;
            Ok(())
        })
        .await
}

fn form_page(
    viewer: &Viewer,
    page: Page,
    draft: PasswordDraft,
    problem: Option<String>,
) -> pages::Password {
    pages::Password {
        shell: viewer.shell(page, Section::Profile),
        draft,
        problem,
    }
}
