//! `tokendesk user list`.

use clap::Args;
use diesel::OptionalExtension;

use crate::access::OrganizationId;
use crate::api::shapes;
use crate::commands::{Desk, Failure, Within, organization};
use crate::db::Connection;
use crate::members::View;
use crate::members::groups::{self, GroupId};
use crate::members::queries::{self, Listed, Wanted};
use crate::web::format;

/// Members that are read at a time.
const PAGE: usize = 500;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    within: Within,
    /// Those with this in their name or email
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// administrators or deactivated
    #[arg(long)]
    view: Option<View>,
    /// Those of the group with this name
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
}

pub async fn run(desk: &Desk, options: Options) -> Result<(), Failure> {
    let now = desk.clock.now();
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.within.organization).await?;
    let group = match &options.group {
        Some(name) => Some(group_id(connection, organization.id, name).await?),
        None => None,
    };
    let wanted = Wanted {
        term: options.search,
        view: options.view,
        group,
    };
    let headers = [
        "EMAIL",
        "NAME",
        "ROLE",
        "STATUS",
        "JOINED",
        "LAST SIGN-IN",
        "MCP TOKENS",
    ];
    let mut table = options.within.format.table(headers);
    let id = organization.id;
    let page = async |at: Option<&_>| queries::page(connection, id, &wanted, at, PAGE, now).await;
    let row = |listed: Listed| (cells(&listed), shapes::Member::from(listed));
    table.print_pages(page, row).await
}

async fn group_id(
    connection: &mut Connection,
    organization: OrganizationId,
    name: &str,
) -> Result<GroupId, Failure> {
    let found = groups::queries::named(connection, organization, name).await;
    let found = found.optional()?.map(|group| group.id);
    found.ok_or_else(|| {
        Failure::new(format!(
            "There is no group {name:?}. `tokendesk group list` tells which there are."
        ))
    })
}

fn cells(Listed { member, mcp_tokens }: &Listed) -> [String; 7] {
    let last = member.last_sign_in_at.as_ref();
    [
        member.email.clone(),
        member.name.clone(),
        member.role().label().to_owned(),
        match (member.is_active(), member.has_joined) {
            (true, true) => "Active",
            (true, false) => "Not joined yet",
            (false, _) => "Deactivated",
        }
        .to_owned(),
        format::date(&member.joined_at),
        last.map_or("Never".to_owned(), format::date),
        format::thousands(*mcp_tokens),
    ]
}
