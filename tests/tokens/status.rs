//! Status in Rust and in SQL.

use chrono::TimeDelta;
use diesel::{ExpressionMethods, QueryDsl};
use tokendesk::db::schema::tokens;
use tokendesk::tokens::{Standing, Status};

use crate::support::App;

#[tokio::test(flavor = "multi_thread")]
async fn rust_and_sql_agree_on_every_standing_and_expiry() {
    let app = App::start().await;
    let now = app.now();
    let instant = TimeDelta::microseconds(1);
    let expiries = [
        None,
        Some(now - TimeDelta::days(400)),
        Some(now - instant),
        Some(now),
        Some(now + instant),
        Some(now + TimeDelta::days(400)),
    ];
    let client = app.client().await;
    let connection = &mut *app.database().get().await.unwrap();
    for standing in Standing::ALL {
        for (number, expires_at) in expiries.iter().enumerate() {
            let (token, _) = app.token(&format!("{standing} {number}")).await;
            let set =
                "UPDATE tokens SET standing = $1, expires_at = $2::text::timestamptz WHERE id = $3";
            let expiry = expires_at.map(|at| at.to_rfc3339());
            client
                .execute(set, &[&standing.as_str(), &expiry, &token.id.uuid()])
                .await
                .unwrap();
            let mut found = Vec::new();
            for status in Status::ALL {
                let condition = status.sql("now.at");
                let query = format!(
                    "SELECT count(*) FROM tokens, (SELECT $2::text::timestamptz AS at) AS now \
                     WHERE id = $1 AND {condition}"
                );
                let row = client
                    .query_one(&query, &[&token.id.uuid(), &now.to_rfc3339()])
                    .await
                    .unwrap();
                let by_hand = row.get::<_, i64>(0) == 1;
                let query = tokens::table
                    .filter(tokens::id.eq(token.id))
                    .filter(status.condition(now))
                    .count();
                let by_diesel: i64 = diesel_async::RunQueryDsl::get_result(query, connection)
                    .await
                    .unwrap();
                assert_eq!(by_diesel == 1, by_hand, "{standing} until {expires_at:?}");
                if by_hand {
                    found.push(*status);
                }
            }
            let expected = Status::of(*standing, *expires_at, now);
            assert_eq!(found, [expected], "{standing} until {expires_at:?}");
        }
    }
}

#[test]
fn revoked_wins_over_expired_and_expired_over_inactive() {
    let now = crate::support::app::beginning();
    let table = [
        (Standing::Active, None, Status::Active),
        (Standing::Active, Some(now), Status::Expired),
        (Standing::Disabled, None, Status::Inactive),
        (Standing::Disabled, Some(now), Status::Expired),
        (Standing::Revoked, None, Status::Revoked),
        (Standing::Revoked, Some(now), Status::Revoked),
    ];
    for (standing, expires_at, status) in table {
        assert_eq!(Status::of(standing, expires_at, now), status);
    }
}
