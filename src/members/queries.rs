//! Members in the database: finding them, and what becomes of them.

mod change;
mod charge;
mod find;

pub use change::{ApiTokens, ChangeError, Departure, change_role, deactivate, reactivate, remove};
pub use charge::{Charge, LastAdministrator};
pub use find::{administrators, member};
