//! Who and what plays in the demo. All instants are told in days from now, so that the demo is
//! as fresh on the day on which it is made.

use super::calls::{Calls, Shape};
use crate::access::Role;
use crate::catalogue::AccessLevel::{
    Administrative, Editorial, FullAccess, ManagingEditorial, ReadOnly, RestrictedReadOnly, Scim,
    Verifier,
};
use crate::catalogue::{AccessLevel, Scope, ScopeSet};
use crate::tokens::Transition::{self, Disabling, Enabling, Revocation};
use crate::tokens::overlap::Overlap;

pub const ORGANIZATION: &str = "Northwind";
/// When it was founded.
pub const AGE: i64 = 730;

pub struct Person {
    pub name: &'static str,
    pub email: &'static str,
}

pub const ADA: Person = Person {
    name: "Ada Lovell",
    email: "ada@northwind.example",
};
pub const JUN: Person = Person {
    name: "Jun Mori",
    email: "jun@northwind.example",
};
pub const MEI: Person = Person {
    name: "Mei Tanaka",
    email: "mei@northwind.example",
};

/// Names and keys.
pub const PRODUCTS: [(&str, &str); 2] = [("Storefront", STOREFRONT), ("Warehouse", WAREHOUSE)];
const STOREFRONT: &str = "prod";
const WAREHOUSE: &str = "whs";

#[derive(Clone, Copy)]
pub enum By {
    Ada,
    Jun,
    Mei,
}
use By::{Ada, Jun, Mei};

/// A group, the role of its members, and who they are.
pub struct Team {
    pub name: &'static str,
    pub role: Option<Role>,
    pub members: &'static [By],
}

pub const TEAMS: [Team; 3] = [
    Team {
        name: "Platform",
        role: Some(Role::Admin),
        members: &[Ada, Jun],
    },
    Team {
        name: "Editors",
        role: None,
        members: &[Mei],
    },
    Team {
        name: "On call",
        role: None,
        members: &[Jun, Mei],
    },
];

/// A token and its life.
pub struct Part {
    pub name: &'static str,
    pub scopes: Option<ScopeSet>,
    /// Whether it is the MCP token of who created it.
    pub is_mcp: bool,
    /// A product's key.
    pub product: Option<&'static str>,
    pub by: By,
    /// How many days ago it was created.
    pub born: i64,
    /// In how many days it expires, or did where it is negative.
    pub expires: Option<i64>,
    pub ranges: &'static [&'static str],
    /// What happened to it, with how many days ago; the earliest first.
    pub events: &'static [(i64, By, Event)],
    pub calls: Option<Calls>,
}

#[derive(Clone, Copy)]
pub enum Event {
    /// The ranges that it had until then were these.
    Narrowed(&'static [&'static str]),
    /// The name that it had until then was this.
    Renamed(&'static str),
    Rotated(Overlap),
    Changed(Transition),
}
use Event::{Changed, Narrowed, Renamed, Rotated};

const OFFICE: &str = "203.0.113.24";
const CLOUD: &str = "198.51.100.17";
const OTHER_CLOUD: &str = "192.0.2.130";
const OKTA: &str = "2001:db8:40:7::12";
const HOME: &str = "100.64.12.9";

/// As it is right after Ada created it: for ever, from anywhere, never used.
const fn part(name: &'static str, level: AccessLevel, born: i64) -> Part {
    Part {
        name,
        scopes: level.scopes(),
        is_mcp: false,
        product: None,
        by: Ada,
        born,
        expires: None,
        ranges: &[],
        events: &[],
        calls: None,
    }
}

const fn custom(name: &'static str, scopes: &[Scope], born: i64) -> Part {
    Part {
        scopes: Some(ScopeSet::of(scopes)),
        ..part(name, AccessLevel::Custom, born)
    }
}

const fn mcp(name: &'static str, by: By, born: i64, calls: Option<Calls>) -> Part {
    Part {
        is_mcp: true,
        by,
        calls,
        ..custom(
            name,
            &[Scope::WidgetsRead, Scope::WidgetsWrite, Scope::Render],
            born,
        )
    }
}

/// So many calls on a working day.
const fn calls(
    a_day: u32,
    shape: Shape,
    operation: &'static str,
    from: &'static str,
    agent: &'static str,
) -> Calls {
    Calls {
        a_day,
        shape,
        operation,
        from,
        agent,
        growth: 0,
        spike: None,
        stranger: None,
    }
}

const OFFICES: &[&str] = &["203.0.113.0/24", "2001:db8:40::/48"];
const EDGES: &[&str] = &[
    "198.51.100.0/28",
    "198.51.100.16/28",
    "198.51.100.32/28",
    "198.51.100.48/28",
    "198.51.100.64/28",
    "198.51.100.80/28",
    "198.51.100.96/28",
    "198.51.100.112/28",
    "192.0.2.0/26",
    "192.0.2.64/26",
    "192.0.2.128/26",
    "192.0.2.192/26",
    "2001:db8:e0::/48",
    "2001:db8:e1::/48",
];

const READ: &str = "GET /api/v1/token";
const PEOPLE: &str = "GET /scim/v2/Users";
const USERS: &str = "GET /api/v1/users";
const LISTING: &str = "GET /api/v1/tokens";
const VERIFY: &str = "POST /api/v1/verify";

/// Active, then Inactive, Expired and Revoked.
pub const TOKENS: &[Part] = &[
    Part {
        ranges: OFFICES,
        events: &[(655, Jun, Narrowed(&[])), (34, Ada, Rotated(Overlap::None))],
        calls: Some(Calls {
            stranger: Some(HOME),
            ..calls(4200, Shape::Office, PEOPLE, OKTA, "Okta SCIM Client 1.0.0")
        }),
        ..part("Okta SCIM", Scim, 690)
    },
    Part {
        by: Jun,
        expires: Some(210),
        ranges: &["198.51.100.16/28"],
        events: &[(155, Jun, Rotated(Overlap::Day))],
        calls: Some(calls(
            310,
            Shape::Office,
            LISTING,
            CLOUD,
            "Terraform/1.13.4",
        )),
        ..part("Terraform", Administrative, 640)
    },
    Part {
        product: Some(STOREFRONT),
        calls: Some(Calls {
            growth: 60,
            spike: Some(8),
            ..calls(18400, Shape::Steady, READ, CLOUD, "storefront/4.8.1")
        }),
        ..part("Storefront feed", RestrictedReadOnly, 612)
    },
    Part {
        by: Jun,
        expires: Some(365),
        events: &[(120, Jun, Renamed("Grafana"))],
        calls: Some(calls(2880, Shape::Steady, USERS, CLOUD, "Grafana/12.2.1")),
        ..part("Grafana dashboards", ReadOnly, 588)
    },
    Part {
        by: Jun,
        expires: Some(88),
        events: &[
            (272, Jun, Rotated(Overlap::Hour)),
            (0, Jun, Rotated(Overlap::Day)),
        ],
        calls: Some(calls(640, Shape::Office, READ, OTHER_CLOUD, "node")),
        ..custom(
            "GitHub Actions deploy",
            &[Scope::ConnectWrite, Scope::TokensVerify],
            540,
        )
    },
    Part {
        ranges: OFFICES,
        calls: Some(calls(
            190,
            Shape::Office,
            READ,
            OFFICE,
            "intranet-publisher/2.3",
        )),
        ..part("Intranet publisher", Editorial, 530)
    },
    Part {
        expires: Some(140),
        calls: Some(calls(75, Shape::Office, USERS, OFFICE, "Mailjet/3.1")),
        ..part("Newsletter", ManagingEditorial, 505)
    },
    Part {
        by: Jun,
        ranges: EDGES,
        calls: Some(Calls {
            growth: 25,
            stranger: Some(HOME),
            ..calls(52000, Shape::Steady, VERIFY, CLOUD, "nginx/1.29.3")
        }),
        ..part("Edge gateway", Verifier, 490)
    },
    Part {
        scopes: None,
        ranges: &["203.0.113.40"],
        calls: Some(calls(
            1150,
            Shape::Nightly,
            USERS,
            "203.0.113.40",
            "Java/1.8.0_391",
        )),
        ..part("Legacy ERP bridge", FullAccess, 725)
    },
    Part {
        by: Jun,
        ranges: &["198.51.100.0/24"],
        calls: Some(calls(96, Shape::Nightly, USERS, CLOUD, "restic-hook/0.4")),
        ..part("Backup exporter", ReadOnly, 470)
    },
    Part {
        product: Some(WAREHOUSE),
        ranges: &["203.0.113.128/25"],
        calls: Some(Calls {
            spike: Some(13),
            stranger: Some(HOME),
            ..calls(7300, Shape::Office, READ, "203.0.113.150", "zebra-scan/9.0")
        }),
        ..custom(
            "Warehouse scanners",
            &[Scope::ConnectRead, Scope::AdminRead],
            455,
        )
    },
    Part {
        product: Some(WAREHOUSE),
        ranges: &["203.0.113.128/25"],
        calls: Some(calls(
            880,
            Shape::Office,
            READ,
            "203.0.113.151",
            "labelprint/1.7",
        )),
        ..part("Warehouse labels", RestrictedReadOnly, 455)
    },
    Part {
        by: Jun,
        product: Some(STOREFRONT),
        expires: Some(30),
        calls: Some(calls(
            1440,
            Shape::Steady,
            READ,
            OTHER_CLOUD,
            "price-sync/0.19",
        )),
        ..part("Price sync", Editorial, 420)
    },
    Part {
        expires: Some(6),
        calls: Some(Calls {
            growth: 15,
            ..calls(2100, Shape::Office, USERS, OTHER_CLOUD, "SFDC-Callout/64.0")
        }),
        ..part("Salesforce connector", ReadOnly, 359)
    },
    Part {
        product: Some(WAREHOUSE),
        by: Jun,
        calls: Some(calls(
            960,
            Shape::Nightly,
            READ,
            OFFICE,
            "SAP NetWeaver/7.5",
        )),
        ..part("SAP order import", ManagingEditorial, 348)
    },
    Part {
        ranges: OFFICES,
        calls: Some(calls(1728, Shape::Steady, READ, OFFICE, "signage/5")),
        ..part("Digital signage", RestrictedReadOnly, 330)
    },
    Part {
        by: Jun,
        calls: Some(calls(260, Shape::Office, READ, OTHER_CLOUD, "Slackbot 1.0")),
        ..part("Slack notifier", RestrictedReadOnly, 322)
    },
    Part {
        expires: Some(65),
        events: &[(41, Ada, Rotated(Overlap::Week))],
        calls: Some(calls(430, Shape::Steady, READ, OTHER_CLOUD, "Zapier")),
        ..part("Zapier", Editorial, 300)
    },
    Part {
        by: Jun,
        calls: Some(calls(
            1440,
            Shape::Steady,
            LISTING,
            OTHER_CLOUD,
            "Datadog/Synthetics",
        )),
        ..part("Datadog monitors", ReadOnly, 288)
    },
    Part {
        by: Jun,
        expires: Some(102),
        ranges: &["192.0.2.128/26"],
        calls: Some(calls(
            288,
            Shape::Steady,
            LISTING,
            OTHER_CLOUD,
            "Splunk-Forwarder/10.0",
        )),
        ..part("Splunk audit export", ReadOnly, 263)
    },
    Part {
        events: &[(97, Jun, Changed(Disabling)), (90, Ada, Changed(Enabling))],
        calls: Some(calls(
            48,
            Shape::Nightly,
            USERS,
            OTHER_CLOUD,
            "Microsoft.Data.Mashup",
        )),
        ..part("Power BI", ReadOnly, 251)
    },
    Part {
        expires: Some(125),
        ..part("Looker Studio", ReadOnly, 240)
    },
    Part {
        product: Some(STOREFRONT),
        by: Jun,
        events: &[(60, Jun, Rotated(Overlap::Day))],
        calls: Some(Calls {
            growth: 40,
            spike: Some(8),
            ..calls(23700, Shape::Steady, READ, CLOUD, "northwind-app/6.2")
        }),
        ..custom(
            "Mobile app backend",
            &[Scope::ConnectWrite, Scope::AdminRead, Scope::TokensVerify],
            222,
        )
    },
    Part {
        calls: Some(calls(3400, Shape::Nightly, READ, CLOUD, "indexer/1.1")),
        ..part("Search indexer", RestrictedReadOnly, 205)
    },
    Part {
        expires: Some(185),
        calls: Some(calls(
            140,
            Shape::Office,
            READ,
            OTHER_CLOUD,
            "deepl-connect/2",
        )),
        ..part("Translation service", Editorial, 180)
    },
    Part {
        ranges: &["203.0.113.0/24", "198.51.100.17", "2001:db8:40::/48"],
        calls: Some(calls(
            65,
            Shape::Office,
            READ,
            OFFICE,
            "Mozilla/5.0 (Photo Library)",
        )),
        ..part("Photo library", Editorial, 161)
    },
    Part {
        expires: Some(232),
        calls: Some(calls(
            36,
            Shape::Office,
            PEOPLE,
            OTHER_CLOUD,
            "Workday/2026R1",
        )),
        ..custom(
            "Workday onboarding",
            &[Scope::AdminScim, Scope::AdminRead],
            133,
        )
    },
    Part {
        by: Jun,
        calls: Some(calls(
            1440,
            Shape::Steady,
            VERIFY,
            OTHER_CLOUD,
            "statuspage-probe/3",
        )),
        ..part("Status page", Verifier, 104)
    },
    Part {
        ranges: &["203.0.113.7"],
        ..part("Emergency access", FullAccess, 92)
    },
    Part {
        by: Jun,
        expires: Some(12),
        events: &[(2, Jun, Rotated(Overlap::Week))],
        calls: Some(Calls {
            stranger: Some(HOME),
            ..calls(520, Shape::Office, LISTING, OFFICE, "pytest/9.0")
        }),
        ..part("QA environment", Administrative, 78)
    },
    Part {
        product: Some(STOREFRONT),
        expires: Some(87),
        calls: Some(calls(12, Shape::Office, READ, OFFICE, "curl/8.17.0")),
        ..part("Partner portal", RestrictedReadOnly, 3)
    },
    Part {
        events: &[(24, Ada, Changed(Disabling))],
        calls: Some(calls(
            1900,
            Shape::Office,
            PEOPLE,
            OTHER_CLOUD,
            "Azure AD SCIM",
        )),
        ..part("Entra ID SCIM", Scim, 402)
    },
    Part {
        by: Jun,
        events: &[(110, Jun, Changed(Disabling))],
        ..part("Trello sync", Editorial, 377)
    },
    Part {
        ranges: &["203.0.113.21"],
        events: &[(15, Ada, Changed(Disabling))],
        calls: Some(calls(
            340,
            Shape::Office,
            USERS,
            "203.0.113.21",
            "Drupal/7.98",
        )),
        ..part("Old intranet", FullAccess, 710)
    },
    Part {
        by: Jun,
        product: Some(WAREHOUSE),
        expires: Some(40),
        events: &[(11, Jun, Changed(Disabling))],
        calls: Some(calls(9600, Shape::Office, READ, CLOUD, "k6/1.3.0")),
        ..part("Load test", ReadOnly, 52)
    },
    Part {
        product: Some(STOREFRONT),
        expires: Some(-11),
        calls: Some(calls(5200, Shape::Steady, READ, CLOUD, "campaign/2025.11")),
        ..part("Black Friday campaign", Editorial, 350)
    },
    Part {
        expires: Some(-3),
        events: &[(201, Ada, Narrowed(&[]))],
        ranges: &["192.0.2.77"],
        calls: Some(calls(
            85,
            Shape::Office,
            USERS,
            "192.0.2.77",
            "Mozilla/5.0 (Macintosh)",
        )),
        ..part("Agency access", ManagingEditorial, 275)
    },
    Part {
        by: Jun,
        expires: Some(-130),
        ..part("Migration script", FullAccess, 160)
    },
    Part {
        expires: Some(-81),
        calls: Some(calls(
            120,
            Shape::Office,
            USERS,
            OFFICE,
            "python-requests/2.32",
        )),
        ..part("Summer interns", ReadOnly, 171)
    },
    Part {
        by: Jun,
        expires: Some(-15),
        calls: Some(calls(210, Shape::Office, VERIFY, HOME, "curl/8.17.0")),
        ..part("Proof of concept", Verifier, 45)
    },
    Part {
        by: Jun,
        events: &[(19, Ada, Changed(Revocation))],
        calls: Some(Calls {
            stranger: Some(HOME),
            ..calls(730, Shape::Office, LISTING, OFFICE, "Jenkins/2.534")
        }),
        ..part("Jenkins", Administrative, 599)
    },
    Part {
        expires: Some(135),
        events: &[(66, Ada, Changed(Revocation))],
        calls: Some(calls(40, Shape::Office, USERS, HOME, "insomnia/11.6")),
        ..part("Contractor laptop", ReadOnly, 230)
    },
];

pub const MCP_TOKENS: [Part; 5] = [
    mcp(
        "Claude Code on the laptop",
        Ada,
        48,
        Some(calls(
            64,
            Shape::Office,
            "list_api_tokens",
            OFFICE,
            "claude-code/2.1",
        )),
    ),
    Part {
        expires: Some(4),
        ..mcp(
            "Claude desktop",
            Ada,
            26,
            Some(calls(
                12,
                Shape::Office,
                "token_stats",
                HOME,
                "claude-ai/0.1",
            )),
        )
    },
    mcp(
        "Cursor",
        Jun,
        90,
        Some(calls(
            110,
            Shape::Office,
            "audit_search",
            OFFICE,
            "cursor-vscode/1.0",
        )),
    ),
    mcp(
        "VS Code",
        Mei,
        12,
        Some(calls(
            31,
            Shape::Office,
            "list_my_tokens",
            HOME,
            "visual-studio-code/1.106",
        )),
    ),
    mcp("To try it out", Mei, 61, None),
];
