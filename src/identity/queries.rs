//! Organisations, people, invitations and attempts to sign in, in the database.

mod attempts;
mod invitations;
mod links;
mod members;
mod organizations;

pub use attempts::{
    Attempts, clear_attempts, delete_attempts_before, delete_browsers_before, forgive_attempt,
    is_known_browser, lock_attempts, remember_browser, save_attempts,
};
pub use invitations::{
    Account, Invitation, Invitee, accept, claim, invitation, invite, join, link,
};
pub use links::{InvitationId, end_links};
pub use members::{
    MemberError, NewUser, add_member, change_groups_of, change_password, credentials,
    provision_member, user_with,
};
pub use organizations::{
    Listed, create_organization, found, is_only_one, is_set_up, list, name_of, organization,
    site_key, slugs,
};
