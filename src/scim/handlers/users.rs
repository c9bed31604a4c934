//! `/Users`: reading, creating, replacing, patching and deleting users.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder, web};
use serde_json::{Map, Value};

use crate::access::UserId;
use crate::db::Connection;
use crate::scim::call::{Call, created, found, json, tagged};
use crate::scim::document::Document;
use crate::scim::patch;
use crate::scim::projection::Projection;
use crate::scim::queries::users;
use crate::scim::schema::USER;
use crate::scim::search::Search;
use crate::scim::user::{InGroup, User};
use crate::scim::version::Tag;
use crate::web::{Answer, Error};

pub async fn index(call: Call) -> Answer {
    let search = call.search(&USER)?;
    list(&call, &search).await
}

pub async fn search(call: Call, payload: web::Payload) -> Answer {
    let search = Search::of_body(&USER, &call.body(payload).await?)?;
    list(&call, &search).await
}

async fn list(call: &Call, search: &Search) -> Answer {
    let _turn = call.turn().await?;
    let connection = &mut *call.database().get().await?;
    let (total, page) = users::page(connection, call.organization(), search, call.recall()).await?;
    let resources = resources(call, connection, &page, &search.projection).await?;
    let resources: Vec<Value> = resources.into_iter().map(Value::Object).collect();
    Ok(found(&search.page(total, &resources)))
}

pub async fn create(call: Call, payload: web::Payload) -> Answer {
    let projection = call.projection(&USER)?;
    let document = Document::of(&USER, &call.body(payload).await?)?;
    let (new, (resource, tag)) = {
        let connection = &mut *call.database().get().await?;
        let new = users::create(connection, &call.actor(), &document, call.now()).await?;
        let resource = resource(&call, connection, &new.user, &projection).await?;
        (new, resource)
    };
    let location = format!("{}/Users/{}", call.base(), new.user.id);
    let response = created(&location, &tag);
    answered(&call, response, new.is_deactivated, resource).await
}

pub async fn show(call: Call) -> Answer {
    let projection = call.projection(&USER)?;
    let connection = &mut *call.database().get().await?;
    let user = users::find(connection, call.organization(), call.id()?).await?;
    let (resource, tag) = resource(&call, connection, &user, &projection).await?;
    Ok(call.shown(resource, &tag))
}

/// What is not sent is removed, but for whether the user is active (RFC 7644, section 3.5.1).
pub async fn replace(call: Call, payload: web::Payload) -> Answer {
    let new = Document::of(&USER, &call.body(payload).await?)?;
    change(&call, |_| Ok(new.clone())).await
}

/// All of the operations or none.
pub async fn patch(call: Call, payload: web::Payload) -> Answer {
    let operations = patch::operations(&USER, &call.body(payload).await?)?;
    change(&call, |mut document| {
        for operation in &operations {
            operation.apply(&mut document, &USER)?;
        }
        Ok(document)
    })
    .await
}

async fn change(
    call: &Call,
    edit: impl Fn(Document) -> Result<Document, Error> + Send + Sync,
) -> Answer {
    let projection = call.projection(&USER)?;
    let (actor, id, condition) = (call.actor(), call.id()?, call.condition());
    let (changed, (resource, tag)) = {
        let connection = &mut *call.database().get().await?;
        let changed = users::change(connection, &actor, id, &condition, edit, call.now()).await?;
        let resource = resource(call, connection, &changed.user, &projection).await?;
        (changed, resource)
    };
    let response = tagged(StatusCode::OK, &tag);
    answered(call, response, changed.is_deactivated, resource).await
}

async fn answered(
    call: &Call,
    mut response: HttpResponseBuilder,
    is_deactivated: bool,
    resource: Map<String, Value>,
) -> Answer {
    if is_deactivated {
        call.receipt(&mut response).await;
    }
    Ok(json(response, &Value::Object(resource)))
}

pub async fn delete(call: Call) -> Answer {
    let (actor, id, condition) = (call.actor(), call.id()?, call.condition());
    {
        let connection = &mut *call.database().get().await?;
        users::delete(connection, &actor, id, &condition, call.now()).await?;
    }
    let mut response = HttpResponse::NoContent();
    call.receipt(&mut response).await;
    Ok(response.finish())
}

/// With the tag of the whole, whatever of it is wanted.
async fn resource(
    call: &Call,
    connection: &mut Connection,
    user: &User,
    projection: &Projection,
) -> Result<(Map<String, Value>, Tag), Error> {
    let groups = users::groups_of(connection, call.organization(), &[user.id]).await?;
    let groups: Vec<InGroup> = groups.into_iter().map(|(_, group)| group).collect();
    let resource = projection.apply(user.resource(&groups, &call.base()));
    Ok((resource, user.tag(&groups)))
}

pub async fn resources(
    call: &Call,
    connection: &mut Connection,
    page: &[User],
    projection: &Projection,
) -> Result<Vec<Map<String, Value>>, Error> {
    let ids: Vec<UserId> = page.iter().map(|user| user.id).collect();
    // The version in `meta` is that of the groups too.
    let groups = if projection.wants("groups") || projection.wants("meta") {
        users::groups_of(connection, call.organization(), &ids).await?
    } else {
        Vec::new()
    };
    let base = call.base();
    let resource = |user: &User| {
        let own = groups.iter().filter(|(id, _)| *id == user.id);
        let own: Vec<_> = own.map(|(_, group)| group.clone()).collect();
        projection.apply(user.resource(&own, &base))
    };
    Ok(page.iter().map(resource).collect())
}
