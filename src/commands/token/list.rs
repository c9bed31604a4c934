//! `tokendesk token list`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use clap::Args;

use crate::access::Operator;
use crate::api::shapes;
use crate::commands::{Desk, Failure, Within, organization, product};
use crate::tokens::{Filter, Query, Sort, Status, Token, queries, secret};
use crate::web::format;
use crate::web::paging::Cursor;

/// Tokens that are read at a time.
const PAGE: usize = 500;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    within: Within,
    /// Those with this in their name or prefix
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// active, inactive, expired or revoked
    #[arg(long)]
    status: Option<Status>,
    /// Those linked to the product with this key
    #[arg(long, value_name = "KEY")]
    product: Option<String>,
    /// newest, name, last-used or expiry
    #[arg(long, default_value = "newest")]
    sort: Sort,
}

pub async fn run(desk: &Desk, options: Options) -> Result<(), Failure> {
    let now = desk.clock.now();
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.within.organization).await?;
    let operator = Operator::at(organization.id);
    let search = options.search.unwrap_or_default();
    let query = Query {
        q: secret::display_of(&search).unwrap_or(&search).to_owned(),
        ..Query::default()
    };
    let product = match &options.product {
        Some(key) => Some(product::of_key(connection, &operator, key).await?.id),
        None => None,
    };
    let mut filter = Filter {
        product,
        status: options.status,
        sort: options.sort,
        ..query.filter()
    };
    let headers = [
        "ID",
        "NAME",
        "PREFIX",
        "STATUS",
        "ACCESS",
        "EXPIRES",
        "LAST USED",
    ];
    let mut table = options.within.format.table(headers);
    let page = async |at: Option<&Cursor>| {
        filter.cursor = at.cloned();
        let (_, slice) = queries::page(connection, &operator, &filter, PAGE, now).await?;
        let ids: Vec<_> = slice.rows.iter().map(|token| token.id).collect();
        let old_until = queries::retiring(connection, &ids, now).await?;
        let old_until: HashMap<_, _> = old_until.into_iter().collect();
        let with_overlap = |token: Token| (old_until.get(&token.id).copied(), token);
        Ok::<_, Failure>(slice.map(with_overlap))
    };
    let row = |(old_until, token): (_, Token)| {
        let cells = cells(&token, &now);
        (cells, shapes::Token::new(token, old_until, now))
    };
    table.print_pages(page, row).await
}

fn cells(token: &Token, now: &DateTime<Utc>) -> [String; 7] {
    let last_used = token.usage.last_at.as_ref();
    [
        token.id.to_string(),
        token.name.clone(),
        token.display.clone(),
        token.status(now).label().to_owned(),
        token.access().to_owned(),
        token
            .expires_at
            .as_ref()
            .map_or("Never".into(), format::date),
        last_used.map_or("Never".into(), format::date),
    ]
}
