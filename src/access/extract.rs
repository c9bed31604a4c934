//! From a session's cookie to a [`Viewer`] or [`Admin`].

use std::future::Future;
use std::pin::Pin;

use actix_session::SessionExt;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::{Admin, Role, Viewer, queries, session};
use crate::db::Database;
use crate::web::{Error, state};

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

impl FromRequest for Viewer {
    type Error = Error;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let database = state::<Database>(request).clone();
        let session = request.get_session();
        Box::pin(async move {
            let user = session::user(&session).ok_or(Error::SignInRequired)?;
            let wanted = session::organization(&session);
            let connection = &mut *database.get().await?;
            let viewer = queries::viewer(connection, user, wanted).await?;
            viewer.ok_or_else(|| {
                session.purge();
                Error::SignInRequired
            })
        })
    }
}

impl FromRequest for Admin {
    type Error = Error;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let viewer = Viewer::from_request(request, payload);
        Box::pin(async move {
            match viewer.await? {
                viewer if viewer.role == Role::Admin => Ok(Self(viewer)),
                _ => Err(Error::Forbidden),
            }
        })
    }
}
