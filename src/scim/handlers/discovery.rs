//! What clients ask first: what there is, and what it can do (RFC 7644, section 4).

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::scim::call::{Call, found};
use crate::scim::schema::{resource_types, schemas, service_provider};
use crate::scim::search::MOST;
use crate::web::error::Rejection;
use crate::web::{Answer, Error};

/// Nothing of it can be looked for: who would take a filter for heeded would be wrong (RFC 7644,
/// section 4).
fn unfiltered(request: &HttpRequest) -> Result<(), Error> {
    let query = request.query_string();
    let mut fields = form_urlencoded::parse(query.as_bytes());
    if fields.any(|(name, _)| name.eq_ignore_ascii_case("filter")) {
        return Err(Error::Rejected(Rejection {
            status: StatusCode::FORBIDDEN,
            code: "",
            detail: "What there is to know of this service cannot be filtered.".to_owned(),
        }));
    }
    Ok(())
}

pub async fn configuration(call: Call, request: HttpRequest) -> Answer {
    unfiltered(&request)?;
    let location = format!("{}/ServiceProviderConfig", call.base());
    Ok(found(&service_provider(&location, MOST)))
}

pub async fn types(call: Call, request: HttpRequest) -> Answer {
    unfiltered(&request)?;
    Ok(found(&list(&resource_types(&call.base()))))
}

pub async fn one_type(call: Call, request: HttpRequest) -> Answer {
    one(&resource_types(&call.base()), &request)
}

pub async fn all_schemas(call: Call, request: HttpRequest) -> Answer {
    unfiltered(&request)?;
    Ok(found(&list(&schemas(&call.base()))))
}

pub async fn one_schema(call: Call, request: HttpRequest) -> Answer {
    one(&schemas(&call.base()), &request)
}

/// A token is no user (RFC 7644, section 3.11), and there are no bulk operations.
pub async fn unsupported(_: Call) -> Answer {
    Err(Error::Rejected(Rejection {
        status: StatusCode::NOT_IMPLEMENTED,
        code: "",
        detail: "This is not supported: see ServiceProviderConfig.".to_owned(),
    }))
}

fn list(resources: &[Value]) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": resources.len(),
        "startIndex": 1,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

fn one(resources: &[Value], request: &HttpRequest) -> Answer {
    let id = request.match_info().query("id");
    let is_this = |resource: &&Value| {
        let own = resource["id"].as_str().unwrap_or_default();
        own.eq_ignore_ascii_case(id)
    };
    let resource = resources.iter().find(is_this);
    Ok(found(resource.ok_or(Error::NotFound)?))
}
