//! `/Groups`: reading, creating, replacing, patching and deleting groups.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde_json::{Map, Value};

use crate::db::Connection;
use crate::members::groups::GroupId;
use crate::scim::call::{Call, created, found, json, tagged};
use crate::scim::document::Document;
use crate::scim::group::{Group, MemberChanges, Wanted, document_of, users_in};
use crate::scim::patch;
use crate::scim::projection::Projection;
use crate::scim::queries::groups;
use crate::scim::schema::GROUP;
use crate::scim::search::Search;
use crate::web::{Answer, Error};

/// In one answer.
const MOST_MEMBERS: i64 = 50_000;

pub async fn index(call: Call) -> Answer {
    let search = call.search(&GROUP)?;
    list(&call, &search).await
}

pub async fn search(call: Call, payload: web::Payload) -> Answer {
    let search = Search::of_body(&GROUP, &call.body(payload).await?)?;
    list(&call, &search).await
}

async fn list(call: &Call, search: &Search) -> Answer {
    let _turn = call.turn().await?;
    let connection = &mut *call.database().get().await?;
    let (total, page) = groups::page(connection, call.organization(), search).await?;
    let resources = resources(call, connection, &page, &search.projection).await?;
    let resources: Vec<Value> = resources.into_iter().map(Value::Object).collect();
    Ok(found(&search.page(total, &resources)))
}

pub async fn create(call: Call, payload: web::Payload) -> Answer {
    let projection = call.projection(&GROUP)?;
    let body = call.body(payload).await?;
    let wanted = Wanted::of(&document_of(&body)?)?;
    let members = users_in(&body)?;
    let connection = &mut *call.database().get().await?;
    let group = groups::create(connection, &call.actor(), &wanted, &members, call.now()).await?;
    let location = format!("{}/Groups/{}", call.base(), group.id);
    let resource = resource(&call, connection, &group, &projection).await?;
    let response = created(&location, &group.tag());
    Ok(json(response, &Value::Object(resource)))
}

pub async fn show(call: Call) -> Answer {
    let projection = call.projection(&GROUP)?;
    let connection = &mut *call.database().get().await?;
    let group = groups::find(connection, call.organization(), call.id()?).await?;
    let resource = resource(&call, connection, &group, &projection).await?;
    Ok(call.shown(resource, &group.tag()))
}

/// What is not sent is removed, the members too (RFC 7644, section 3.5.1).
pub async fn replace(call: Call, payload: web::Payload) -> Answer {
    let projection = call.projection(&GROUP)?;
    let body = call.body(payload).await?;
    let (new, members) = (document_of(&body)?, MemberChanges::of(users_in(&body)?));
    let group = change(&call, |document| {
        *document = new.clone();
        Ok(members.clone())
    });
    answer(&call, &group.await?, &projection).await
}

/// All of the operations or none. The answer is without the group, which may be large, unless
/// the client says which attributes it wants (RFC 7644, section 3.5.2).
pub async fn patch(call: Call, payload: web::Payload) -> Answer {
    let projection = call.projection(&GROUP)?;
    let operations = patch::operations(&GROUP, &call.body(payload).await?)?;
    let group = change(&call, |document| {
        let mut members = MemberChanges::default();
        for operation in &operations {
            members.apply(operation, document)?;
        }
        Ok(members)
    });
    let group = group.await?;
    if call.asks_for_attributes() {
        return answer(&call, &group, &projection).await;
    }
    Ok(tagged(StatusCode::NO_CONTENT, &group.tag()).finish())
}

async fn change(
    call: &Call,
    edit: impl Fn(&mut Document) -> Result<MemberChanges, Error> + Send + Sync,
) -> Result<Group, Error> {
    let (actor, id, condition) = (call.actor(), call.id()?, call.condition());
    let connection = &mut *call.database().get().await?;
    groups::change(connection, &actor, id, &condition, edit, call.now()).await
}

async fn answer(call: &Call, group: &Group, projection: &Projection) -> Answer {
    let connection = &mut *call.database().get().await?;
    let resource = resource(call, connection, group, projection).await?;
    Ok(json(
        tagged(StatusCode::OK, &group.tag()),
        &Value::Object(resource),
    ))
}

pub async fn delete(call: Call) -> Answer {
    let (actor, id, condition) = (call.actor(), call.id()?, call.condition());
    let connection = &mut *call.database().get().await?;
    groups::delete(connection, &actor, id, &condition, call.now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn resource(
    call: &Call,
    connection: &mut Connection,
    group: &Group,
    projection: &Projection,
) -> Result<Map<String, Value>, Error> {
    let one = std::slice::from_ref(group);
    let mut resources = resources(call, connection, one, projection).await?;
    Ok(resources.remove(0))
}

/// No more of them than have so many members together, though at least one (RFC 7644, section 3.4.2.4).
pub async fn resources(
    call: &Call,
    connection: &mut Connection,
    mut page: &[Group],
    projection: &Projection,
) -> Result<Vec<Map<String, Value>>, Error> {
    let mut ids: Vec<GroupId> = page.iter().map(|group| group.id).collect();
    let members = if projection.wants("members") {
        let organization = call.organization();
        ids.truncate(groups::fitting(connection, organization, &ids, MOST_MEMBERS).await?);
        page = &page[..ids.len()];
        groups::members_of(connection, organization, &ids).await?
    } else {
        Vec::new()
    };
    let base = call.base();
    let resource = |group: &Group| {
        // They are in the order of their groups.
        let start = members.partition_point(|(id, _)| *id < group.id);
        let own = members[start..]
            .iter()
            .take_while(|(id, _)| *id == group.id)
            .map(|(_, member)| member);
        projection.apply(group.resource(own, &base))
    };
    Ok(page.iter().map(resource).collect())
}
