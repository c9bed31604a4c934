//! Members, groups and invitations.

mod charge;
mod departure;
mod group_pages;
mod groups;
pub mod invitations;
mod long_list;
pub mod mail;
mod pages;
