//! *Settings > Products* and *Settings > Resources*.

mod import;
mod products;
mod resources;
mod table;
