//! Decides, request by request, what a token may do, and counts what it decided.

mod authority;
mod caller;
mod credential;
mod decision;
mod explanation;
mod guesses;
mod inquiry;
mod limit;
mod metrics;
mod program;
mod queries;
mod refusal;
mod shared;
mod tenants;
mod usage;
mod view;
mod views;

pub use authority::Authority;
pub use caller::{Caller, Endpoint, Inquiry, presented, user_agent};
pub use credential::Credential;
pub use decision::{Checked, Code, Need, Outcome, Request, decide, explain};
pub use explanation::routes;
pub use inquiry::{Asked, Decision, Gate, Question};
pub use limit::Limits;
pub use metrics::Metrics;
pub use program::{
    Authorized, Behalf, Needs, Provisioner, Reader, Writer, admit_admin, admit_scim, admit_user,
    operation,
};
pub use queries::current_secret;
pub use refusal::{CHALLENGE, misconfigured, refused, several};
pub use tenants::Tenants;
pub use usage::{Decided, Usage, sweep};
pub use view::{Owner, View};
pub use views::Views;
