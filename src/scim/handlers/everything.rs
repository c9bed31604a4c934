//! Searches through users and groups at once.

use actix_web::web;
use serde_json::Value;

use super::{groups, users};
use crate::scim::call::{Call, found};
use crate::scim::queries::everything::{self, Found, Which};
use crate::scim::search::Everything;
use crate::web::Answer;

/// Users and groups in one list (RFC 7644, section 3.4.3).
pub async fn search(call: Call, payload: web::Payload) -> Answer {
    let search = Everything::of_body(&call.body(payload).await?)?;
    let _turn = call.turn().await?;
    let connection = &mut *call.database().get().await?;
    let page = everything::page(connection, call.organization(), &search, call.recall()).await?;
    let Found { total, order, .. } = page;
    let projections = (&search.users.projection, &search.groups.projection);
    let users = users::resources(&call, connection, &page.users, projections.0).await?;
    let groups = groups::resources(&call, connection, &page.groups, projections.1).await?;
    let (mut users, mut groups) = (users.into_iter(), groups.into_iter());
    let next = |kind| match kind {
        Which::User => users.next(),
        Which::Group => groups.next(),
    };
    // Not all groups may fit.
    let resources: Vec<Value> = order
        .into_iter()
        .map_while(next)
        .map(Value::Object)
        .collect();
    Ok(found(&search.users.page(total, &resources)))
}
