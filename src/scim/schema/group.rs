//! Groups (RFC 7643, section 4.2).

use super::{Attribute, Kind, ResourceType, Schema};

pub const MEMBERS: &str = "members";

pub static GROUP: ResourceType = ResourceType {
    name: "Group",
    endpoint: "/Groups",
    schema: Schema {
        urn: "urn:ietf:params:scim:schemas:core:2.0:Group",
        name: "Group",
        description: "A group of members of the organisation.",
        attributes: &[
            Attribute::text("displayName", "The group’s name.")
                .required()
                .unique(),
            Attribute::new(
                MEMBERS,
                Kind::Complex(&[
                    Attribute::text("value", "The user’s ID.")
                        .exact()
                        .required(),
                    Attribute::new("$ref", Kind::Reference(&["User"]), "The user’s address.")
                        .read_only(),
                    Attribute::text("display", "The user’s name.").read_only(),
                    Attribute::text("type", "Always User: groups hold no groups.")
                        .usual(&["User"])
                        .read_only(),
                ]),
                "The users in the group.",
            )
            .plural(),
        ],
    },
    extensions: &[],
};
