//! Comparisons of texts, spelled out: of an attribute that has few different texts, such as a title,
//! it is faster to find those that meet one, and then who has them, than to look at everybody's. Nor are many
//! sets of kinds of values different.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Bool, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use super::Boxed;
use super::compare::begun;
use super::kept::kept_text;
use super::kinds::{is_of_kinds, kinds_of, one_meets};
use crate::access::OrganizationId;
use crate::db::{Connection, escaped};
use crate::scim::criterion::{Criterion, Leaf, Literal};
use crate::scim::filter::Operator;
use crate::scim::queries::directory::Users;
use crate::scim::schema::{ENTERPRISE_URN, Place};

/// Where there are more different texts, the users are looked through.
const FEW: i32 = 1_000;

/// No more of a filter is spelled out.
const MOST: usize = 8;

/// What was asked for; without texts where they are too many.
#[derive(Clone, Default)]
pub struct SpelledOut(Vec<(Leaf, Option<Texts>)>);

/// All that there are.
#[derive(Clone)]
pub struct Texts {
    /// Those that meet what is asked.
    pub met: Vec<String>,
    pub others: Vec<String>,
}

impl SpelledOut {
    /// With whatever of the criterion can be, too.
    pub async fn with(
        mut self,
        connection: &mut Connection,
        organization: OrganizationId,
        criterion: &Criterion,
    ) -> QueryResult<Self> {
        let mut leaves = criterion.leaves();
        leaves.retain(|leaf| self.0.iter().all(|(known, _)| known != *leaf));
        let asked = leaves
            .into_iter()
            .filter_map(|leaf| Some((leaf, AllTexts::asked(leaf, organization)?)));
        for (leaf, all) in asked.take(MOST) {
            let are_kinds = all.are_kinds;
            let (are_few, mut met, mut others): (bool, Vec<String>, Vec<String>) =
                all.get_result(connection).await?;
            if are_kinds {
                (met, others) = met.into_iter().partition(|kinds| one_meets(kinds, leaf));
            }
            let texts = are_few.then_some(Texts { met, others });
            self.0.push((leaf.clone(), texts));
        }
        Ok(self)
    }

    pub fn texts(&self, leaf: &Leaf) -> Option<&Texts> {
        let known = self.0.iter().find(|(known, _)| known == leaf);
        known.and_then(|(_, texts)| texts.as_ref())
    }
}

/// Whether they stand in an index with all else that many users share.
pub fn has_few_texts(place: Place) -> bool {
    matches!(
        place.names()[..],
        ["title" | "userType" | "preferredLanguage" | "locale" | "timezone"]
            | [
                ENTERPRISE_URN,
                "costCenter" | "organization" | "division" | "department"
            ]
    )
}

/// Whether an attribute has few texts, and those that are like the pattern, or are not, and the others. Its
/// index is entered once for each, and no more often than they are few.
struct AllTexts {
    organization: OrganizationId,
    text: Boxed<Users, Text>,
    is_like: bool,
    pattern: String,
    are_kinds: bool,
}

impl AllTexts {
    fn asked(leaf: &Leaf, organization: OrganizationId) -> Option<Self> {
        if is_of_kinds(leaf) {
            return Some(Self {
                organization,
                text: Box::new(kinds_of(leaf.place())?.assume_not_null()),
                is_like: true,
                pattern: "%".to_owned(),
                are_kinds: true,
            });
        }
        let Leaf::Compare(place, operator, Literal::Text(text)) = leaf else {
            return None;
        };
        let text = escaped(&begun(text));
        let (is_like, pattern) = match operator {
            Operator::Contains => (true, format!("%{text}%")),
            Operator::StartsWith => (true, format!("{text}%")),
            Operator::EndsWith => (true, format!("%{text}")),
            Operator::NotEqual => (false, text),
            _ => return None,
        };
        if !has_few_texts(*place) {
            return None;
        }
        Some(Self {
            organization,
            text: kept_text(*place)?.text,
            is_like,
            pattern,
            are_kinds: false,
        })
    }
}

impl QueryFragment<Pg> for AllTexts {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("WITH RECURSIVE known (text) AS ((SELECT min(");
        self.text.walk_ast(out.reborrow())?;
        out.push_sql(") FROM scim_users WHERE organization_id = ");
        out.push_bind_param::<SqlUuid, _>(&self.organization)?;
        out.push_sql(") UNION ALL SELECT (SELECT min(");
        self.text.walk_ast(out.reborrow())?;
        out.push_sql(") FROM scim_users WHERE organization_id = ");
        out.push_bind_param::<SqlUuid, _>(&self.organization)?;
        out.push_sql(" AND ");
        self.text.walk_ast(out.reborrow())?;
        out.push_sql(" > known.text) FROM known WHERE known.text IS NOT NULL), ");
        out.push_sql("seen AS (SELECT text FROM known WHERE text IS NOT NULL LIMIT ");
        out.push_sql(&(FEW + 1).to_string());
        out.push_sql(") SELECT count(*) <= ");
        out.push_sql(&FEW.to_string());
        if self.are_kinds {
            // Somebody has more than the column takes.
            out.push_sql(" AND coalesce(bool_and(text <> ''), true)");
        }
        out.push_sql(
            ", coalesce(array_agg(text) FILTER (WHERE is_met), '{}'),
            coalesce(array_agg(text) FILTER (WHERE NOT is_met), '{}')
            FROM (SELECT text, (text LIKE lower(",
        );
        out.push_bind_param::<Text, _>(&self.pattern)?;
        out.push_sql(")) = ");
        out.push_bind_param::<Bool, _>(&self.is_like)?;
        out.push_sql(" AS is_met FROM seen) AS told");
        Ok(())
    }
}

impl Query for AllTexts {
    type SqlType = (Bool, Array<Text>, Array<Text>);
}

impl QueryId for AllTexts {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
