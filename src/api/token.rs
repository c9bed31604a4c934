//! `GET /api/v1/token`: tells any valid token what it is, so that it can be tried out.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::kit::{ScopeWord, StatusWord, Word};
use crate::catalogue;
use crate::gate::{Caller, View};
use crate::tokens::Status;
use crate::web::{Answer, Now};

/// The token that was sent.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnToken)]
struct Token<'a> {
    id: Uuid,
    name: &'a str,
    #[schema(value_type = Organization)]
    organization: Organization<'a>,
    /// The one that it is linked to.
    #[schema(value_type = Option<Product>)]
    product: Option<Product<'a>>,
    status: StatusWord,
    scopes: Vec<ScopeWord>,
    /// Addresses and CIDRs; empty: any address.
    allowed_ip_ranges: Vec<String>,
    /// `null`: never.
    expires_at: Option<DateTime<Utc>>,
    /// When the secret that was sent stops, if it was rotated.
    secret_retires_at: Option<DateTime<Utc>>,
}

/// The organisation that a token belongs to.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenOrganization)]
pub struct Organization<'a> {
    id: Uuid,
    name: &'a str,
}

impl<'a> Organization<'a> {
    #[must_use]
    pub fn of(view: &'a View) -> Self {
        Self {
            id: view.tenant.id.uuid(),
            name: &view.tenant.name,
        }
    }
}

/// The product that a token is linked to.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenProduct)]
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

/// Show the token that is sent
///
/// Any valid one, whatever its scopes: to try it out.
#[utoipa::path(get, path = "/api/v1/token", operation_id = "showOwnToken", tag = "Gate",
    responses((status = 200, description = "The token", body = Token)))]
pub async fn show(caller: Caller, now: Now) -> Answer {
    Ok(HttpResponse::Ok().json(Token {
        id: caller.token.uuid(),
        name: &caller.name,
        organization: Organization::of(&caller),
        product: caller.product.as_deref().map(Product::of),
        status: Word(Status::of(caller.standing, caller.expires_at, now.0)),
        scopes: caller.effective_scopes().iter().map(Word).collect(),
        allowed_ip_ranges: caller.ranges.lines(),
        expires_at: caller.expires_at,
        secret_retires_at: caller.secret_retires_at,
    }))
}
