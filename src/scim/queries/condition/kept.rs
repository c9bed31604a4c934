//! What of users' documents has columns besides.

use diesel::prelude::*;

use super::compare::{Perhaps, perhaps};
use crate::db::schema::scim_users;
use crate::scim::queries::directory::Users;
use crate::scim::schema::{ENTERPRISE_URN, Place};

/// A text of the document that has a column besides, in lower case, of which the first 300
/// characters count.
pub fn kept_text(place: Place) -> Option<Perhaps<Users>> {
    Some(match place.names()[..] {
        ["displayName"] => perhaps!(scim_users::display_name),
        ["name", "familyName"] => perhaps!(scim_users::family_name),
        ["name", "givenName"] => perhaps!(scim_users::given_name),
        ["name", "formatted"] => perhaps!(scim_users::formatted_name),
        ["nickName"] => perhaps!(scim_users::nick_name),
        ["title"] => perhaps!(scim_users::title),
        ["userType"] => perhaps!(scim_users::user_type),
        ["preferredLanguage"] => perhaps!(scim_users::preferred_language),
        ["locale"] => perhaps!(scim_users::locale),
        ["timezone"] => perhaps!(scim_users::timezone),
        [ENTERPRISE_URN, "employeeNumber"] => perhaps!(scim_users::employee_number),
        [ENTERPRISE_URN, "costCenter"] => perhaps!(scim_users::cost_center),
        [ENTERPRISE_URN, "organization"] => perhaps!(scim_users::organization),
        [ENTERPRISE_URN, "division"] => perhaps!(scim_users::division),
        [ENTERPRISE_URN, "department"] => perhaps!(scim_users::department),
        [ENTERPRISE_URN, "manager", "value"] => perhaps!(scim_users::manager),
        _ => return None,
    })
}
