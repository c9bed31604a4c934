//! Members, groups and invitations.

mod charge;
mod departure;
mod group_pages;
mod groups;
mod handover;
pub mod invitations;
mod long_list;
mod mail;
mod pages;
