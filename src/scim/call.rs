//! A call by an identity provider: who it is, and what handlers need to answer.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, LOCATION};
use actix_web::web;
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::problem;
use super::projection::Projection;
use super::recall::Recall;
use super::schema::ResourceType;
use super::search::Search;
use super::strict;
use super::turns::{Turn, Turns};
use super::version::{Condition, Tag, is_known};
use crate::access::{Actor, OrganizationId, Overseer};
use crate::config::Config;
use crate::db::Database;
use crate::fleet::Fleet;
use crate::gate::Provisioner;
use crate::web::{Error, body, now, state};

const CONTENT_TYPE: &str = "application/scim+json";

/// Made only for who may provision.
pub struct Call {
    provisioner: Provisioner,
    request: HttpRequest,
}

impl FromRequest for Call {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let provisioner = Provisioner::from_request(request, payload).into_inner();
        ready(provisioner.map(|provisioner| Self {
            provisioner,
            request: request.clone(),
        }))
    }
}

impl Call {
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.provisioner.actor()
    }

    #[must_use]
    pub fn organization(&self) -> OrganizationId {
        self.provisioner.overseen()
    }

    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        now(&self.request)
    }

    #[must_use]
    pub fn database(&self) -> &Database {
        state(&self.request)
    }

    #[must_use]
    pub fn recall(&self) -> &Recall {
        state(&self.request)
    }

    /// To search, which is to begin before a connection is taken.
    ///
    /// # Errors
    /// Those of [`Turns::take`].
    pub async fn turn(&self) -> Result<Turn, Error> {
        state::<Turns>(&self.request)
            .take(self.organization())
            .await
    }

    /// The address that ends in `/scim/v2`.
    #[must_use]
    pub fn base(&self) -> String {
        state::<Config>(&self.request).public_url.join("/scim/v2")
    }

    /// The ID in the address; what is none leads to nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn id<Id: From<uuid::Uuid>>(&self) -> Result<Id, Error> {
        let id = self.request.match_info().query("id").parse::<uuid::Uuid>();
        id.map(Id::from).map_err(|_| Error::NotFound)
    }

    /// # Errors
    /// Those of [`Search::of_query`].
    pub fn search(&self, kind: &'static ResourceType) -> Result<Search, Error> {
        Search::of_query(kind, self.request.query_string())
    }

    /// What is to be returned of one resource.
    ///
    /// # Errors
    /// Those of [`Search::of_query`].
    pub fn projection(&self, kind: &'static ResourceType) -> Result<Projection, Error> {
        self.search(kind).map(|search| search.projection)
    }

    /// Whether the address says which attributes are to be returned.
    #[must_use]
    pub fn asks_for_attributes(&self) -> bool {
        let query = self.request.query_string().to_ascii_lowercase();
        query.contains("attributes=")
    }

    #[must_use]
    pub fn condition(&self) -> Condition {
        Condition::of(&self.request)
    }

    /// The body, read only once it is known who sends it.
    ///
    /// # Errors
    /// `invalidSyntax`, [`Error::TooLarge`]
    pub async fn body(&self, payload: web::Payload) -> Result<Value, Error> {
        let body = body::read(&self.request, payload.into_inner()).await?;
        strict::parse(&body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            problem::shape(if error.is_data() {
                format!("The body cannot be read: {error}.")
            } else {
                format!("The body is no JSON at line {line}, column {column}.")
            })
        })
    }

    /// Waits until what was taken away is in effect, and says so in a header.
    pub async fn receipt(&self, response: &mut HttpResponseBuilder) {
        let report = state::<Fleet>(&self.request).report().await;
        response.insert_header(("x-tokendesk-receipt", report));
    }

    /// One resource, unless the client has this version.
    #[must_use]
    pub fn shown(&self, resource: Map<String, Value>, tag: &Tag) -> HttpResponse {
        if is_known(&self.request, tag) {
            return tagged(StatusCode::NOT_MODIFIED, tag).finish();
        }
        json(tagged(StatusCode::OK, tag), &Value::Object(resource))
    }
}

/// A new resource. Its address is that of the whole.
#[must_use]
pub fn created(location: &str, tag: &Tag) -> HttpResponseBuilder {
    let mut response = tagged(StatusCode::CREATED, tag);
    response.insert_header((LOCATION, location));
    response
}

/// With its version.
#[must_use]
pub fn tagged(status: StatusCode, tag: &Tag) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((ETAG, tag.to_string()));
    response
}

#[must_use]
pub fn json(mut response: HttpResponseBuilder, body: &Value) -> HttpResponse {
    response.content_type(CONTENT_TYPE).body(body.to_string())
}

#[must_use]
pub fn found(body: &Value) -> HttpResponse {
    json(HttpResponse::Ok(), body)
}
