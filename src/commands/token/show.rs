//! `tokendesk token show`.

use clap::Args;

use super::Which;
use crate::api::shapes;
use crate::commands::output::Format;
use crate::commands::{Desk, Failure};
use crate::web::format;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: Format,
}

pub async fn run(desk: &Desk, options: &Options) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let (_, token) = options.which.find(connection).await?;
    let never = || "Never".to_owned();
    let ranges = token.ranges.lines().join(" ");
    let fields = [
        ("ID", token.id.to_string()),
        ("Name", token.name.clone()),
        ("Prefix", token.display.clone()),
        ("Status", token.status(&desk.clock.now()).label().to_owned()),
        ("Access", token.access().to_owned()),
        ("Scopes", token.effective_scopes().to_string()),
        (
            "Allowed IP ranges",
            if ranges.is_empty() {
                "Any".to_owned()
            } else {
                ranges
            },
        ),
        (
            "Product",
            token
                .product
                .as_ref()
                .map_or("None".to_owned(), |it| it.name.clone()),
        ),
        (
            "Expires",
            token
                .expires_at
                .as_ref()
                .map_or_else(never, format::date_time),
        ),
        ("Created", format::date_time(&token.created_at)),
        ("Created by", token.created_by_name.clone()),
        (
            "Last used",
            token
                .usage
                .last_at
                .as_ref()
                .map_or_else(never, format::date_time),
        ),
        ("Calls allowed", format::thousands(token.usage.allowed)),
        ("Calls denied", format::thousands(token.usage.denied)),
    ];
    let json = shapes::described(connection, token, desk.clock.now()).await?;
    options.format.print(&json, fields)
}
