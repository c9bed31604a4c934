//! Who may provision.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::access::Actor;
use crate::catalogue::Scope;
use crate::gate::{Caller, Code, Need, refused};
use crate::web::Error;

/// An API token of the organisation's with the scope `admin:scim`.
pub struct Provisioner(Caller);

impl FromRequest for Provisioner {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        Box::pin(async move {
            let caller = caller.await?;
            match caller.owner {
                None => Ok(Self(caller)),
                Some(_) => Err(refused(
                    Code::InsufficientScope,
                    Need::Scope(Scope::AdminScim),
                )),
            }
        })
    }
}

impl Provisioner {
    pub fn actor(&self) -> Actor {
        Actor::command_line(self.0.organization)
    }
}
