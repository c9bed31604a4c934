//! Another password, for whoever knows the present one.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use chrono::{DateTime, Utc};
use diesel_async::AsyncConnection;

use crate::access::{Actor, Section, UserId, Viewer, session};
use crate::config::Config;
use crate::db::Database;
use crate::identity::sign_in::{Credentials, SignedIn, check, too_many_attempts};
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
    let form = (credentials, form.password);
    let own = session::number(&session);
    match try_create(&database, (&viewer, &actor), form, own, page.now).await {
        Ok(Ok(())) => {
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

/// Or the form to correct.
async fn try_create(
    database: &Database,
    (viewer, actor): (&Viewer, &Actor),
    (present, new): (Credentials, Password),
    own: session::Number,
    now: DateTime<Utc>,
) -> Result<Result<(), Box<PasswordDraft>>, Error> {
    let mut draft = Box::new(PasswordDraft::default());
    let not_present = "This is not your present password.";
    let Some(SignedIn { password_hash, .. }) = check(database, present, now).await? else {
        draft.present.refuse(not_present);
        return Ok(Err(draft));
    };
    let context = [viewer.email(), viewer.name(), &viewer.organization().name];
    if let Err(why) = password::judge(&new, &context) {
        draft.password.refuse(why);
        return Ok(Err(draft));
    }
    let hash = password::hash(new).await?;
    let hashes = (&*password_hash, &*hash);
    if save(database, actor, viewer.user(), hashes, own, now).await? {
        return Ok(Ok(()));
    }
    draft.present.refuse(not_present);
    Ok(Err(draft))
}

/// Whoever knew the old password is signed out with it. Returns whether it still was the password.
async fn save(
    database: &Database,
    actor: &Actor,
    user: UserId,
    hashes: (&str, &str),
    own: session::Number,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let connection = &mut *database.get().await?;
    connection
        .transaction(async |connection| {
            let changed =
                identity::queries::change_password(connection, actor, user, hashes, now).await?;
            if changed {
                session::end_others(connection, user, &own).await?;
            }
            Ok(changed)
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
