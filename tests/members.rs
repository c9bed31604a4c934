//! Members, groups and invitations.

mod charge;
mod departure;
mod groups;
