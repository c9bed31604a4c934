//! What a request can need and a token can have: scopes, the access levels that name sets of
//! them, and the products that a token can be linked to.

mod access_level;
mod products;
mod scope;

pub use access_level::AccessLevel;
pub use products::{Product, ProductId, create as create_product, list as list_products};
pub use scope::{Scope, ScopeSet};
