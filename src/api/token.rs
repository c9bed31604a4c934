//! `GET /api/v1/token`: tells any valid token what it is, so that it can be tried out.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::catalogue;
use crate::gate::{Caller, View};
use crate::tokens::Status;
use crate::web::{Answer, Now};

#[derive(Serialize)]
struct Token<'a> {
    id: Uuid,
    name: &'a str,
    organization: Organization<'a>,
    product: Option<Product<'a>>,
    status: &'static str,
    scopes: Vec<&'static str>,
    allowed_ip_ranges: Vec<String>,
    expires_at: Option<DateTime<Utc>>,
    /// When the secret that was sent stops, if it was rotated.
    secret_retires_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
pub struct Organization<'a> {
    id: Uuid,
    name: &'a str,
}

impl<'a> Organization<'a> {
    #[must_use]
    pub fn of(view: &'a View) -> Self {
        Self {
            id: view.organization.uuid(),
            name: &view.tenant.name,
        }
    }
}

#[derive(Serialize)]
pub struct Product<'a> {
    key: &'a str,
    name: &'a str,
}

impl<'a> Product<'a> {
    #[must_use]
    pub fn of(product: &'a catalogue::Product) -> Self {
        Self {
            key: &product.key,
            name: &product.name,
        }
    }
}

pub async fn show(caller: Caller, now: Now) -> Answer {
    Ok(HttpResponse::Ok().json(Token {
        id: caller.token.uuid(),
        name: &caller.name,
        organization: Organization::of(&caller),
        product: caller.product.as_deref().map(Product::of),
        status: Status::of(caller.standing, caller.expires_at, now.0).as_str(),
        scopes: caller.effective_scopes().names(),
        allowed_ip_ranges: caller.ranges.lines(),
        expires_at: caller.expires_at,
        secret_retires_at: caller.secret_retires_at,
    }))
}
