//! Members in the database: finding them, and what becomes of them.

mod appointment;
mod change;
mod charge;
mod find;
mod handover;
mod list;
mod refusal;

pub use appointment::{Beyond, may_appoint};
pub use change::{Departure, change_role, deactivate, reactivate, remove};
pub use charge::{Charge, LastAdministrator};
pub use find::{administrators, member, of_emails};
pub use handover::{ApiTokens, hand_over};
pub use list::{Listed, Wanted, count, listed, page};
pub use refusal::ChangeError;
