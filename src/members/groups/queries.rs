//! Groups in the database: finding them, and changing them.

mod change;
mod find;
mod members;

pub use change::{ChangeError, Edit, NewGroup, create, delete, edit};
pub use find::{count, group, named, of_member, page, sizes};
pub use members::{add_members, member_ids, remove_members, set_members};
