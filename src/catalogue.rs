//! What a request can need and a token can have: scopes, the access levels that name sets of
//! them, the products that a token can be linked to, and the resources that it is used with.

mod access_level;
pub mod products;
pub mod resources;
mod scope;

use actix_web::web;

pub use access_level::AccessLevel;
pub use products::{Product, ProductId, create as create_product, list as list_products};
pub use scope::{Scope, ScopeSet};

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(products::routes)
        .configure(resources::routes);
}
