//! In which order resources are listed. What has no value comes last, or first where the order
//! descends (RFC 7644, section 3.4.2.3), as PostgreSQL has it by itself.

use diesel::prelude::*;
use diesel::sql_types::{Jsonb, Nullable, Text};

use super::condition::{kept_text, lower};
use super::directory::UserIds;
use super::json_path;
use crate::db::schema::{groups, scim_documents, scim_users};
use crate::scim::search::Sort;

diesel::define_sql_function! {
    fn scim_text(folded: Nullable<Jsonb>, path: Text, other: Text) -> Nullable<Text>;
}

pub type Groups<'a> = groups::BoxedQuery<'a, diesel::pg::Pg, diesel::sql_types::Uuid>;

/// Adds the order that is asked for.
macro_rules! sorted {
    ($query:expr, $sort:expr, $column:expr) => {
        if $sort.descends {
            $query.then_order_by($column.desc())
        } else {
            $query.then_order_by($column.asc())
        }
    };
}

pub fn of_users<'a>(query: UserIds<'a>, sort: Option<&Sort>) -> UserIds<'a> {
    let Some(sort) = sort else {
        return query.then_order_by(scim_users::user_id);
    };
    let place = sort.place;
    if let Some(kept) = kept_text(place) {
        return by_id(sorted!(query, sort, kept.text), sort);
    }
    let query = match (place.attribute.name, place.target().name) {
        ("id", _) => return sorted!(query, sort, scim_users::user_id),
        ("userName", _) => sorted!(query, sort, scim_users::user_name_folded),
        ("externalId", _) => sorted!(query, sort, scim_users::external_id),
        ("active", _) => sorted!(query, sort, scim_users::active),
        ("meta", "created") => sorted!(query, sort, scim_users::created_at),
        ("meta", "lastModified") => sorted!(query, sort, scim_users::modified_at),
        _ => {
            let [path, other] = json_path::sort_paths(place);
            sorted!(
                query,
                sort,
                scim_text(scim_documents::folded.nullable(), path, other)
            )
        }
    };
    by_id(query, sort)
}

/// In the same direction, as an index has it.
fn by_id<'a>(query: UserIds<'a>, sort: &Sort) -> UserIds<'a> {
    sorted!(query, sort, scim_users::user_id)
}

pub fn of_groups<'a>(query: Groups<'a>, sort: Option<&Sort>) -> Groups<'a> {
    let Some(sort) = sort else {
        return query.then_order_by(groups::id);
    };
    let place = sort.place;
    let query = match (place.attribute.name, place.target().name) {
        ("displayName", _) => sorted!(query, sort, lower(groups::name)),
        ("externalId", _) => sorted!(query, sort, groups::external_id),
        ("meta", "created") => sorted!(query, sort, groups::created_at),
        ("meta", "lastModified") => sorted!(query, sort, groups::modified_at),
        _ => return sorted!(query, sort, groups::id),
    };
    query.then_order_by(groups::id)
}
