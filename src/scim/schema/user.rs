//! Users (RFC 7643, sections 4.1 and 4.3). Passwords are not among the attributes: whoever is
//! provisioned sets one here, or none.

use super::{Attribute, Kind, ResourceType, Schema};

pub static USER: ResourceType = ResourceType {
    name: "User",
    endpoint: "/Users",
    schema: Schema {
        urn: "urn:ietf:params:scim:schemas:core:2.0:User",
        name: "User",
        description: "A member of the organisation.",
        attributes: CORE,
    },
    extensions: &[ENTERPRISE],
};

pub const ENTERPRISE_URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const ENTERPRISE: Schema = Schema {
    urn: ENTERPRISE_URN,
    name: "EnterpriseUser",
    description: "What a company knows of a user.",
    attributes: &[
        Attribute::text("employeeNumber", "The number in the company."),
        Attribute::text("costCenter", "The cost centre."),
        Attribute::text("organization", "The company."),
        Attribute::text("division", "The division."),
        Attribute::text("department", "The department."),
        Attribute::new(
            "manager",
            Kind::Complex(&[
                Attribute::text("value", "The manager’s ID."),
                Attribute::new("$ref", Kind::Reference(&["User"]), "The manager’s address."),
                Attribute::text("displayName", "The manager’s name."),
            ]),
            "The user’s manager.",
        ),
    ],
};

const CORE: &[Attribute] = &[
    Attribute::text(
        "userName",
        "What identifies the user at the identity provider; often an email address.",
    )
    .required()
    .unique(),
    Attribute::new(
        "name",
        Kind::Complex(&[
            Attribute::text("formatted", "The whole name."),
            Attribute::text("familyName", "The family name."),
            Attribute::text("givenName", "The given name."),
            Attribute::text("middleName", "The middle names."),
            Attribute::text("honorificPrefix", "A title before the name."),
            Attribute::text("honorificSuffix", "A title after the name."),
        ]),
        "The parts of the user’s name.",
    ),
    Attribute::text("displayName", "The name to show."),
    Attribute::text("nickName", "How the user is called."),
    Attribute::new(
        "profileUrl",
        Kind::Reference(&["external"]),
        "A page about the user.",
    ),
    Attribute::text("title", "The job title."),
    Attribute::text("userType", "The relation to the company."),
    Attribute::text("preferredLanguage", "As in Accept-Language."),
    Attribute::text("locale", "Where formats of dates and numbers come from."),
    Attribute::text("timezone", "As in the IANA’s database."),
    Attribute::new(
        "active",
        Kind::Flag,
        "Whether the user may sign in and use tokens here.",
    ),
    plural(
        "emails",
        &[value("An email address."), DISPLAY, WORK_OR_HOME, PRIMARY],
        "Email addresses. The primary one is for signing in where no account had it before. A new user whose \
         userName is none needs one.",
    ),
    plural(
        "phoneNumbers",
        &[
            value("A phone number."),
            DISPLAY,
            kind(&["work", "home", "mobile", "fax", "pager", "other"]),
            PRIMARY,
        ],
        "Phone numbers.",
    ),
    plural(
        "ims",
        &[value("An address."), DISPLAY, kind(&[]), PRIMARY],
        "Addresses for instant messages.",
    ),
    plural(
        "photos",
        &[
            Attribute::new(
                "value",
                Kind::Reference(&["external"]),
                "A picture’s address.",
            ),
            DISPLAY,
            kind(&["photo", "thumbnail"]),
            PRIMARY,
        ],
        "Pictures of the user.",
    ),
    plural(
        "addresses",
        &[
            Attribute::text("formatted", "The whole address."),
            Attribute::text("streetAddress", "Street and number."),
            Attribute::text("locality", "The town."),
            Attribute::text("region", "The state or region."),
            Attribute::text("postalCode", "The postal code."),
            Attribute::text("country", "The country, by ISO 3166-1 alpha-2."),
            WORK_OR_HOME,
            PRIMARY,
        ],
        "Postal addresses.",
    ),
    plural(
        "groups",
        &[
            value("The group’s ID.").exact().read_only(),
            Attribute::new("$ref", Kind::Reference(&["Group"]), "The group’s address.").read_only(),
            Attribute::text("display", "The group’s name.").read_only(),
            Attribute::text("type", "Always direct.")
                .usual(&["direct"])
                .read_only(),
        ],
        "The groups that the user is in.",
    )
    .read_only(),
    plural(
        "entitlements",
        &[value("An entitlement."), DISPLAY, kind(&[]), PRIMARY],
        "Kept as sent; they give nothing here.",
    ),
    plural(
        "roles",
        &[value("A role."), DISPLAY, kind(&[]), PRIMARY],
        "Kept as sent; they give nothing here. Groups do.",
    ),
    plural(
        "x509Certificates",
        &[
            Attribute::new("value", Kind::Binary, "DER in Base64."),
            DISPLAY,
            kind(&[]),
            PRIMARY,
        ],
        "Certificates.",
    ),
];

const DISPLAY: Attribute = Attribute::text("display", "How it is shown.");
const WORK_OR_HOME: Attribute = kind(&["work", "home", "other"]);
const PRIMARY: Attribute = Attribute::new(
    "primary",
    Kind::Flag,
    "Whether it is the one to use; at most one is.",
);

const fn value(description: &'static str) -> Attribute {
    Attribute::text("value", description)
}

const fn kind(usual: &'static [&'static str]) -> Attribute {
    Attribute::text("type", "What it is for.").usual(usual)
}

const fn plural(
    name: &'static str,
    subs: &'static [Attribute],
    description: &'static str,
) -> Attribute {
    Attribute::new(name, Kind::Complex(subs), description).plural()
}
