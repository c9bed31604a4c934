//! Of what the Admin API, the User API and SCIM's neighbours are made: reading what was sent,
//! pages, versions, receipts, and answers that come once.

mod idempotency;
mod input;
mod page;
mod queries;
mod receipt;
mod version;
mod word;

pub use idempotency::{Asker, Created, Creation, sweep};
pub use input::{Input, Params, present};
pub use page::{Page, Paging};
pub use receipt::{Receipt, Taken};
pub use version::{IfMatch, etag};
pub use word::{AccessLevelWord, OverlapWord, ScopeWord, SortWord, StatusWord, Word};
