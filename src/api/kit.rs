//! Of what the Admin API, the User API and SCIM's neighbours are made: reading what was sent,
//! pages, versions, receipts, and answers that come once.

mod address;
mod idempotency;
mod input;
mod mistakes;
mod page;
mod queries;
mod receipt;
mod text;
mod version;
mod word;

pub use address::Address;
pub use idempotency::{Created, Creation, LONGEST as LONGEST_KEY, sweep};
pub use input::{Input, Params, TOML, Toml, few, objects, present, present_few, present_objects};
pub use mistakes::{mistakes, taken};
pub use page::{Limit, Page, Paging, Search, next_cursor, term};
pub use queries::Asker;
pub use receipt::{Receipt, Taken};
pub use text::{
    Catalogue, Description, Email, GroupName, IpRange, McpServerName, McpServerUrl, Name,
    PathPattern, ProductKey,
};
pub use version::{IfMatch, etag, persistently, versioned};
pub use word::{
    AccessLevelWord, ActionWord, CodeWord, FateWord, OutcomeWord, OverlapWord, PlaceWord,
    PresenceWord, RoleWord, ScopeWord, SortWord, StatusWord, ViewWord, Word, read_of, schema_of,
};
