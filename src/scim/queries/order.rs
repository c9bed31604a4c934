//! In which order resources are listed. What has no value comes last, or first where the order
//! descends (RFC 7644, section 3.4.2.3), as PostgreSQL has it by itself.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::sql_types::{Nullable, Text};

use super::condition::{Boxed, kept_text, text_of_value};
use super::directory::{UserIds, expression_of_users};
use crate::db::lower;
use crate::db::schema::{groups, scim_users, scim_values};
use crate::scim::schema::Place;
use crate::scim::search::Sort;

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
        _ => match MainText::at(place) {
            Some(text) => sorted!(query, sort, text),
            None => query,
        },
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

/// The text of a user's primary value, or else of the first.
struct MainText {
    attribute: &'static str,
    text: Boxed<scim_values::table, Text>,
}

impl MainText {
    fn at(place: Place) -> Option<Self> {
        Some(Self {
            attribute: place.attribute.name,
            text: text_of_value(place.sub?.name)?.text,
        })
    }
}

impl QueryFragment<Pg> for MainText {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("(SELECT ");
        self.text.walk_ast(out.reborrow())?;
        out.push_sql(
            " FROM scim_values WHERE scim_values.organization_id = scim_users.organization_id
            AND scim_values.user_id = scim_users.user_id AND scim_values.attribute = ",
        );
        out.push_bind_param::<Text, _>(self.attribute)?;
        out.push_sql(" ORDER BY scim_values.is_primary IS TRUE DESC, scim_values.number LIMIT 1)");
        Ok(())
    }
}

expression_of_users!(MainText, Nullable<Text>);
