//! Products, and the pages of *Settings > Products*. A token that is linked to one begins with
//! its key.

pub mod draft;
mod handlers;
mod pages;
pub mod queries;

use actix_web::web;

use crate::db::types::id;

pub use pages::Query;
pub use queries::{Product, create, list};

id!(ProductId);

/// What an API token begins with that is linked to no product.
pub const ORGANIZATION_PREFIX: &str = "wxt";

/// What an MCP token begins with.
pub const MCP_PREFIX: &str = "wb";

/// A product as its pages show it.
#[derive(Clone, Debug)]
pub struct ListedProduct {
    pub product: Product,
    /// Counts the changes.
    pub version: i32,
    /// Those linked to it, of whatever status; counted up to [`MOST_COUNTED`].
    pub tokens: i64,
}

/// Where counting tokens stops.
pub const MOST_COUNTED: i64 = 1_000;

impl ListedProduct {
    /// Whether its key is fixed, and it cannot be deleted.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.tokens > 0
    }

    #[must_use]
    pub fn path(&self) -> String {
        format!("/settings/products/{}", self.product.id)
    }

    /// The list of its tokens.
    #[must_use]
    pub fn tokens_path(&self) -> String {
        format!("/settings/api-access?product={}", self.product.id)
    }
}

pub fn routes(config: &mut web::ServiceConfig) {
    use handlers::*;
    config.service(
        web::scope("/settings/products")
            .service(
                web::resource("")
                    .route(web::get().to(index))
                    .route(web::post().to(create)),
            )
            .service(web::resource("/new").route(web::get().to(new)))
            .service(
                web::resource("/{id}")
                    .route(web::get().to(edit))
                    .route(web::post().to(update)),
            )
            .service(
                web::resource("/{id}/deletion")
                    .route(web::get().to(deletion::new))
                    .route(web::post().to(deletion::create)),
            ),
    );
}
