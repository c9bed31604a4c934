//! A page of the users whom a filter finds, and how many they are in all.

use diesel::dsl::{count_star, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use super::in_order;
use crate::access::{OrganizationId, UserId};
use crate::db::schema::{directories, scim_users};
use crate::db::{Connection, expected_rows};
use crate::scim::queries::condition::{Finder, has_order};
use crate::scim::queries::directory::Passed;
use crate::scim::queries::{explained, order, prepare};
use crate::scim::recall::{End, Known, Question, Recall};
use crate::scim::search::Search;
use crate::scim::user::User;
use crate::web::Error;

/// Where no more are expected, all that a filter finds is collected, counted and sorted at once,
/// unless the page is soon filled by walking along the order. Where more are, they are counted, and
/// the order is walked along.
const FEW: u64 = 15_000;
/// To collect so few is faster than to pass anybody.
const VERY_FEW: u64 = 2_000;
/// So many users are passed at most before those who are found are collected after all.
const MOST_PASSED: u64 = 5_000;

/// How many users are found, and those of the page.
pub async fn page(
    connection: &mut Connection,
    organization: OrganizationId,
    search: &Search,
    recall: &Recall,
) -> Result<(i64, Vec<User>), Error> {
    connection
        .transaction(async |connection| {
            prepare(connection).await?;
            let question = Question {
                organization,
                revision: revision(connection, organization).await?,
                criterion: search.criterion.clone(),
            };
            let known = recall.get(&question);
            // Behind where the last page ended is a list of its own.
            let end = known.and_then(|known| known.end_before(search));
            let before = end.map_or(0, |end| end.position);
            let rest = search.behind(before, 0);
            let left = known.map(|known| known.total - before);
            let finder = Finder::of(connection, organization, search.criterion.as_ref())
                .await?
                .behind(end.map(|end| end.user));
            let (left, ids) = found(connection, &finder, &rest, left).await?;
            let total = before + left;
            let end = End::of(search, &ids).or(known.and_then(|known| known.end));
            recall.remember(question, Known { total, end });
            Ok((total, in_order(connection, organization, &ids).await?))
        })
        .await
        .map_err(explained)
}

async fn revision(connection: &mut Connection, organization: OrganizationId) -> QueryResult<Uuid> {
    directories::table
        .find(organization)
        .select(directories::revision)
        .get_result(connection)
        .await
}

async fn found(
    connection: &mut Connection,
    finder: &Finder<'_>,
    search: &Search,
    known: Option<i64>,
) -> Result<(i64, Vec<UserId>), Error> {
    if search.count == 0 {
        let total = match known {
            Some(total) => total,
            None => finder.count(connection).await?,
        };
        return Ok((total, Vec::new()));
    }
    if search.sort.is_none()
        && let Some(page) = finder.page_apart(search.start - 1, search.count)?
    {
        let total = match known {
            Some(total) => total,
            None => finder.count(connection).await?,
        };
        return Ok((total, page.load(connection).await?));
    }
    let expected = match known {
        Some(total) => total.unsigned_abs(),
        None => expected_rows(connection, finder.found()?).await?,
    };
    let is_in_order = search.sort.is_none_or(|sort| has_order(sort.place));
    // Few are left on the way to the end of many, too.
    let are_very_few = expected <= VERY_FEW && finder.is_from_first();
    if are_very_few || !is_in_order {
        return collect(connection, finder, search, known, expected).await;
    }
    let all = expected_rows(connection, finder.all()).await?;
    let known = match known {
        Some(total) => Some(total),
        None => finder.count_soon(connection).await?,
    };
    let expected = known.map_or(expected, i64::unsigned_abs);
    let most = most_to_pass(expected, all, search);
    let passed = match most {
        Some(most) => pass(connection, finder, search, known, most).await?,
        None => None,
    };
    let are_near = most.is_none() || all.saturating_sub(expected) / 2 <= expected;
    if passed.is_none() && (expected <= FEW || !are_near) {
        return collect(connection, finder, search, known, expected).await;
    }
    let total = match known {
        Some(total) => total,
        None => finder.count_at_once(connection).await?,
    };
    let ids = match passed {
        Some(ids) => ids,
        None if total < search.start => Vec::new(),
        None => walk(connection, finder, search).await?,
    };
    Ok((total, ids))
}

async fn collect(
    connection: &mut Connection,
    finder: &Finder<'_>,
    search: &Search,
    mut known: Option<i64>,
    expected: u64,
) -> Result<(i64, Vec<UserId>), Error> {
    // Who is not expected on the page is not looked for twice.
    if known.is_none() && expected < search.start.unsigned_abs() {
        known = Some(finder.count_at_once(connection).await?);
    }
    if let Some(total) = known
        && total < search.start
    {
        return Ok((total, Vec::new()));
    }
    let found = finder.found()?.order(of_no_index());
    let page = order::of_users(found, search.sort.as_ref())
        .offset(search.start - 1)
        .limit(search.count);
    let counted = page.select((scim_users::user_id, count_star().over()));
    let rows: Vec<(UserId, i64)> = counted.load(connection).await?;
    let total = match (known, rows.last()) {
        (Some(total), _) | (None, Some(&(_, total))) => total,
        (None, None) if search.start == 1 => 0,
        // A page that holds nobody does not tell how many there are before it.
        (None, None) => finder.count_at_once(connection).await?,
    };
    Ok((total, rows.into_iter().map(|(id, _)| id).collect()))
}

async fn walk(
    connection: &mut Connection,
    finder: &Finder<'_>,
    search: &Search,
) -> Result<Vec<UserId>, Error> {
    let found = finder.found_along(search.sort.as_ref())?;
    let page = order::of_users(found, search.sort.as_ref())
        .offset(search.start - 1)
        .limit(search.count);
    Ok(page.load(connection).await?)
}

/// How many users to pass, found or not, before those who are found are collected: half as many again
/// as fill the page if they stand anywhere in the order, as they may all stand at its end. `None` where
/// an index leads past the others: to a page far behind, or along a range of the order.
fn most_to_pass(expected: u64, all: u64, search: &Search) -> Option<i64> {
    let wanted = (search.start - 1)
        .saturating_add(search.count)
        .unsigned_abs();
    let fair = wanted.saturating_mul(all) / expected.max(1);
    let most = fair.saturating_add(fair / 2 + 500);
    if most > MOST_PASSED || search.sorts_by_its_range() {
        return None;
    }
    i64::try_from(most).ok()
}

/// The page, if it is full before so many users are passed.
async fn pass(
    connection: &mut Connection,
    finder: &Finder<'_>,
    search: &Search,
    known: Option<i64>,
    most: i64,
) -> Result<Option<Vec<UserId>>, Error> {
    let along = order::of_users(finder.all(), search.sort.as_ref()).limit(most);
    let passed = Passed {
        users: along.select((scim_users::user_id, finder.condition()?)),
        offset: search.start - 1,
        limit: search.count,
    };
    let ids: Vec<UserId> = passed.load(connection).await?;
    let full = known.map_or(search.count, |total| {
        search.count.min(total - search.start + 1)
    });
    let is_full = i64::try_from(ids.len()).is_ok_and(|length| length == full);
    Ok(is_full.then_some(ids))
}

/// To sort by this first leaves all as it is, but no index has such an order. PostgreSQL would
/// walk along one that has, and does not know that all that a filter finds may stand at its end.
fn of_no_index() -> SqlLiteral<Bool> {
    sql("coalesce(scim_users.user_id, scim_users.user_id) IS NULL")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::schema::USER;

    #[test]
    fn an_order_is_walked_along_as_far_as_it_pays() {
        for (query, expected, most) in [
            (
                "filter=department co \"fin\"&sortBy=title",
                20_000,
                Some(1_250),
            ),
            ("filter=title co \"eng\"&sortBy=title", 20_000, Some(1_250)),
            (
                "filter=title sw \"eng\"&sortBy=department",
                20_000,
                Some(1_250),
            ),
            ("filter=title co \"eng\"", 33_000, Some(954)),
            (
                "filter=title sw \"eng\" and active eq true&sortBy=title",
                20_000,
                None,
            ),
            ("filter=title co \"eng\"&startIndex=1001", 20_000, None),
            (
                "filter=title co \"eng\"&startIndex=9223372036854775807",
                20_000,
                None,
            ),
        ] {
            let search = Search::of_query(&USER, query).unwrap();
            assert_eq!(most_to_pass(expected, 100_000, &search), most, "{query}");
        }
    }
}
