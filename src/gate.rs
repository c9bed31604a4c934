//! Decides, request by request, what a token may do, and counts what it decided.

mod caller;
mod credential;
mod decision;
mod queries;
mod usage;
mod views;

pub use caller::{Caller, Operation};
pub use decision::{Code, Request, View, decide};
pub use usage::{Decided, Usage, sweep};
pub use views::Views;
