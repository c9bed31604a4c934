//! What a search for names and prefixes asks of an index.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text, Uuid};
use diesel_async::RunQueryDsl;

use crate::access::OrganizationId;
use crate::db::Connection;

/// So many of the newest tokens are looked at to tell a rare part of a term from a common one.
const SAMPLE: i64 = 2_000;
/// A part that more of them have is common.
const RARE: i64 = SAMPLE / 200;

/// A condition that an index answers and that all tokens that have the term meet, and others.
pub struct Hint {
    pub value: String,
    short: bool,
}

impl Hint {
    /// The condition on `tokens.search`, where `value` is the name of a parameter.
    pub fn condition(&self, value: &str) -> String {
        if self.short {
            format!("short_grams(search) @> ARRAY[{value}]")
        } else {
            format!("search LIKE {value}")
        }
    }
}

/// Trigrams find parts of three characters or more, and shorter ones have an index of their
/// own. To go through the trigrams of a long term costs the more the more common they are, so
/// that a rare part of it is asked for alone.
pub async fn hint(
    connection: &mut Connection,
    organization: OrganizationId,
    term: &str,
) -> QueryResult<Hint> {
    if term.chars().count() < 3 {
        return Ok(Hint {
            value: term.to_owned(),
            short: true,
        });
    }
    let parts = parts(term);
    let part = rarest(connection, organization, &parts)
        .await?
        .unwrap_or(term);
    let escaped = part
        .replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_");
    Ok(Hint {
        value: format!("%{escaped}%"),
        short: false,
    })
}

/// The words of a term that have trigrams.
fn parts(term: &str) -> Vec<&str> {
    term.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= 3)
        .collect()
}

#[derive(QueryableByName)]
struct Frequencies {
    #[diesel(sql_type = Array<BigInt>)]
    found: Vec<i64>,
}

/// The part that the fewest of the newest tokens have, the longer of two; `None` if all are
/// common.
async fn rarest<'a>(
    connection: &mut Connection,
    organization: OrganizationId,
    parts: &[&'a str],
) -> QueryResult<Option<&'a str>> {
    if parts.len() < 2 {
        return Ok(None);
    }
    let counts: Vec<String> = (1..=parts.len())
        .map(|number| format!("count(*) FILTER (WHERE strpos(search, $3[{number}]) > 0)"))
        .collect();
    let frequencies: Frequencies = sql_query(format!(
        "SELECT ARRAY[{}] AS found FROM (SELECT search FROM tokens \
         WHERE organization_id = $1 AND owner_id IS NULL ORDER BY id DESC LIMIT $2) AS tokens",
        counts.join(", ")
    ))
    .bind::<Uuid, _>(organization)
    .bind::<BigInt, _>(SAMPLE)
    .bind::<Array<Text>, _>(parts)
    .get_result(connection)
    .await?;
    let rarest = parts
        .iter()
        .zip(frequencies.found)
        .min_by_key(|(part, found)| (*found, std::cmp::Reverse(part.len())));
    Ok(rarest.and_then(|(part, found)| (found <= RARE).then_some(*part)))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_term_falls_into_words() {
        for (term, expected) in [
            ("okta", &["okta"][..]),
            ("wxt_ab", &["wxt"]),
            ("feed-us 916", &["feed", "916"]),
            ("größe é", &["größe"]),
            ("%_%", &[]),
        ] {
            assert_eq!(parts(term), expected, "{term}");
        }
    }
}
