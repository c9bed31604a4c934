//! What a search for names and prefixes asks of the index of grams.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text, Uuid};
use diesel_async::RunQueryDsl;

use crate::access::OrganizationId;
use crate::db::Connection;

/// How long the longest grams of the index are, in characters.
const LONGEST: usize = 3;
/// So many grams of a term are compared, and the rarest asked for.
const COMPARED: usize = 24;
const ASKED: usize = 3;
/// So many of the newest tokens are looked at to tell a rare gram from a common one. One that more
/// than so many of them have costs more than it narrows, beside a rarer one.
const SAMPLE: i64 = 1_000;
const COMMON: i64 = SAMPLE / 5;

/// Some of the term's grams: what has the term has all of them.
pub async fn grams(
    connection: &mut Connection,
    organization: OrganizationId,
    term: &str,
) -> QueryResult<Vec<String>> {
    let grams = longest_grams(term);
    if grams.len() == 1 {
        return Ok(grams);
    }
    let found = frequencies(connection, organization, &grams).await?;
    let counted: Vec<(i64, String)> = found.into_iter().zip(grams).collect();
    let mut rarest = rarest_of_parts(&counted);
    rarest.sort_unstable();
    let common = rarest.iter().position(|(found, _)| *found > COMMON);
    rarest.truncate(common.unwrap_or(ASKED).max(1));
    Ok(rarest.into_iter().map(|(_, gram)| gram).collect())
}

/// Grams that overlap tell little more than one of them.
fn rarest_of_parts(grams: &[(i64, String)]) -> Vec<(i64, String)> {
    let parts = grams.chunks(grams.len().div_ceil(ASKED).max(1));
    parts
        .filter_map(|part| part.iter().min().cloned())
        .collect()
}

/// A term shorter than them is a gram itself.
fn longest_grams(term: &str) -> Vec<String> {
    let characters: Vec<char> = term.chars().collect();
    let size = characters.len().clamp(1, LONGEST);
    let windows = characters.windows(size).take(COMPARED);
    windows.map(String::from_iter).collect()
}

#[derive(QueryableByName)]
struct Frequencies {
    #[diesel(sql_type = Array<BigInt>)]
    found: Vec<i64>,
}

/// How many of the newest tokens have each. By hand, as Diesel has no aggregates with a filter.
async fn frequencies(
    connection: &mut Connection,
    organization: OrganizationId,
    grams: &[String],
) -> QueryResult<Vec<i64>> {
    let counts: Vec<String> = (1..=grams.len())
        .map(|number| format!("count(*) FILTER (WHERE strpos(search, $3[{number}]) > 0)"))
        .collect();
    let row: Frequencies = sql_query(format!(
        "SELECT ARRAY[{}] AS found FROM (SELECT search FROM tokens \
         WHERE organization_id = $1 AND owner_id IS NULL ORDER BY id DESC LIMIT $2) AS tokens",
        counts.join(", ")
    ))
    .bind::<Uuid, _>(organization)
    .bind::<BigInt, _>(SAMPLE)
    .bind::<Array<Text>, _>(grams)
    .get_result(connection)
    .await?;
    Ok(row.found)
}

#[cfg(test)]
mod tests {
    use super::{longest_grams, rarest_of_parts};

    #[test]
    fn a_term_has_the_grams_of_its_parts() {
        for (term, expected) in [
            ("q", &["q"][..]),
            ("s-", &["s-"]),
            ("eu ", &["eu "]),
            ("s_ab", &["s_a", "_ab"]),
            ("größe", &["grö", "röß", "öße"]),
            ("%%%%", &["%%%", "%%%"]),
        ] {
            assert_eq!(longest_grams(term), expected, "{term}");
        }
    }

    #[test]
    fn the_rarest_grams_of_a_term_are_spread_over_it() {
        let found = longest_grams("vouchers-bot").into_iter();
        let counts = [16, 16, 16, 16, 16, 20, 90, 80, 125, 125];
        let counted: Vec<(i64, String)> = counts.into_iter().zip(found).collect();
        let rarest = rarest_of_parts(&counted);
        let grams: Vec<&str> = rarest.iter().map(|(_, gram)| gram.as_str()).collect();
        assert_eq!(grams, ["che", "her", "-bo"]);
    }
}
