//! What of users' documents has columns besides: texts in lower case, of which the first 300 characters
//! count.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};

use super::compare::{Perhaps, perhaps};
use crate::db::schema::{scim_users, scim_values};
use crate::scim::queries::directory::Users;
use crate::scim::schema::{ENTERPRISE_URN, Place};

/// A text of which a user has one.
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
        _ => {
            let column = rare_column(place)?;
            perhaps!(sql::<Nullable<Text>>(column))
        }
    })
}

/// The column of a text that few have. `schema.rs` leaves it out, and indexes hold those few alone.
fn rare_column(place: Place) -> Option<&'static str> {
    Some(match place.names()[..] {
        ["name", "middleName"] => "scim_users.middle_name",
        ["name", "honorificPrefix"] => "scim_users.honorific_prefix",
        ["name", "honorificSuffix"] => "scim_users.honorific_suffix",
        ["profileUrl"] => "scim_users.profile_url",
        [ENTERPRISE_URN, "manager", "$ref"] => "scim_users.manager_ref",
        [ENTERPRISE_URN, "manager", "displayName"] => "scim_users.manager_display_name",
        _ => return None,
    })
}

/// Whether an index has all users in the order of the text.
pub fn has_order(place: Place) -> bool {
    !place.attribute.is_plural && rare_column(place).is_none()
}

/// A text that a value of a plural attribute has.
pub fn text_of_value(sub: &str) -> Option<Perhaps<scim_values::table>> {
    Some(match sub {
        "value" => perhaps!(scim_values::value),
        "type" => perhaps!(scim_values::kind),
        "display" => perhaps!(scim_values::display),
        "formatted" => perhaps!(scim_values::formatted),
        "streetAddress" => perhaps!(scim_values::street_address),
        "locality" => perhaps!(scim_values::locality),
        "region" => perhaps!(scim_values::region),
        "postalCode" => perhaps!(scim_values::postal_code),
        "country" => perhaps!(scim_values::country),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::schema::{Kind, USER};

    #[test]
    fn every_text_of_a_user_has_a_column() {
        for schema in USER.schemas() {
            let extension = USER.extension(schema.urn);
            for attribute in schema.attributes {
                let place = Place {
                    extension,
                    attribute,
                    sub: None,
                };
                if ["userName", "active", "groups"].contains(&attribute.name) {
                    continue;
                }
                for part in place.parts() {
                    let is_kept = if attribute.is_plural {
                        let sub = part.target();
                        text_of_value(sub.name).is_some() || sub.kind == Kind::Flag
                    } else {
                        kept_text(part).is_some()
                    };
                    assert!(is_kept, "{part:?}");
                }
            }
        }
    }
}
