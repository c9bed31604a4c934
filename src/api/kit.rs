//! Of what the Admin API, the User API and SCIM's neighbours are made: reading what was sent,
//! pages, versions, receipts, and answers that come once.

mod address;
mod idempotency;
mod input;
mod mistakes;
mod page;
mod queries;
mod receipt;
mod version;
mod word;

pub use address::Address;
pub use idempotency::{Asker, Created, Creation, sweep};
pub use input::{Input, Params, TOML, Toml, present};
pub use mistakes::{mistakes, taken};
pub use page::{Limit, Page, Paging, Search, term};
pub use receipt::{Receipt, Taken};
pub use version::{IfMatch, etag, versioned};
pub use word::{
    AccessLevelWord, ActionWord, CodeWord, ExpiryWord, FateWord, OutcomeWord, OverlapWord,
    PlaceWord, PresenceWord, RoleWord, ScopeWord, SortWord, StatusWord, ViewWord, Word,
};
