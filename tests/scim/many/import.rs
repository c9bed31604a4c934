//! Pages that are read one after another, to the end.

use std::time::Duration;

use super::{ATTEMPTS, IN_DATABASE};
use crate::scim::provider::{Provider, encoded, text};
use crate::support::App;
use crate::support::cluster::StatementTimes;

const ON_A_PAGE: usize = 200;

/// Filters, with what they mean.
const IMPORTS: &[(&str, &str)] = &[
    ("title eq \"Engineer\"", "title = 'engineer'"),
    (
        "emails[type eq \"work\" and value co \"7@\"]",
        "user_name_folded LIKE '%7@%'",
    ),
    (
        "not (phoneNumbers pr)",
        "NOT EXISTS (SELECT FROM scim_values AS value WHERE attribute = 'phoneNumbers'
            AND value.user_id = scim_users.user_id)",
    ),
    ("userName ge \"user4\"", "user_name_folded >= 'user4'"),
];

/// Each page is walked to from where the one before it ended.
pub async fn no_page_is_far(app: &App, provider: &Provider, times: &mut StatementTimes) {
    for (filter, condition) in IMPORTS {
        let ids =
            format!("SELECT user_id::text FROM scim_users WHERE {condition} ORDER BY user_id");
        let ids: Vec<String> = app.sql(&ids).await.iter().map(|row| row.get(0)).collect();
        assert!(ids.len() >= 50 * ON_A_PAGE, "{condition}");
        let mut least = vec![Duration::MAX; ids.len().div_ceil(ON_A_PAGE)];
        for _ in 0..ATTEMPTS {
            app.sql("UPDATE directories SET revision = DEFAULT").await;
            for (number, page) in ids.chunks(ON_A_PAGE).enumerate() {
                let start = number * ON_A_PAGE + 1;
                let path = format!(
                    "/Users?count={ON_A_PAGE}&startIndex={start}&attributes=id&filter={}",
                    encoded(filter)
                );
                times.since();
                let list = provider.get(&path).await.expect(200);
                least[number] = least[number].min(times.since());
                assert_eq!(list["totalResults"], ids.len(), "{path}");
                let listed = list["Resources"].as_array().unwrap().iter();
                let listed: Vec<String> = listed.map(|user| text(&user["id"])).collect();
                assert_eq!(listed, page, "{path}");
            }
            if further(&least).max() < Some(IN_DATABASE) {
                break;
            }
        }
        let worst = further(&least).max().unwrap();
        println!("{worst:8.1?} at worst of {} pages of {filter}", least.len());
        assert!(worst > Duration::ZERO, "it is measured");
        assert!(worst < IN_DATABASE, "{filter}: {least:?}");
    }
}

/// Without the first, for which they are counted.
fn further(pages: &[Duration]) -> impl Iterator<Item = Duration> {
    pages.iter().skip(1).copied()
}
