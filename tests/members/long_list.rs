//! 100,000 members.

use crate::support::App;

const MEMBERS: i64 = 100_000;

async fn crowded() -> App {
    let app = App::start().await;
    // What identity providers know of them is in no list of members.
    let begins =
        |change: &str| format!("ALTER TABLE memberships {change} TRIGGER scim_user_begins");
    let members = format!(
        "WITH added AS (
            INSERT INTO users (id, email, name, created_at)
            SELECT gen_random_uuid(), 'user' || n || '@northwind.example',
                (ARRAY['Mei', 'Jun', 'Noor', 'Ana'])[n % 4 + 1] || ' ' || md5(n::text), now()
            FROM generate_series(2, {MEMBERS}) AS n RETURNING id)
        INSERT INTO memberships (organization_id, user_id, role, created_at)
        SELECT organizations.id, added.id, 'member', now() FROM organizations, added"
    );
    app.fill_directory(&[begins("DISABLE"), members, begins("ENABLE")])
        .await;
    app
}

/// What PostgreSQL has to look at for the keys of a page.
async fn plan(app: &App, condition: &str) -> (String, f64) {
    let organization = app.organization;
    let query = format!(
        "EXPLAIN ANALYZE SELECT search, user_id FROM memberships
        WHERE organization_id = '{organization}' AND {condition} LIMIT 51"
    );
    let lines = app.sql(&query).await;
    let lines: Vec<String> = lines.iter().map(|line| line.get(0)).collect();
    let took = lines
        .iter()
        .find_map(|line| line.strip_prefix("Execution Time: ")?.strip_suffix(" ms"));
    let took = took.unwrap().parse().unwrap();
    (lines.join("\n"), took)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_100_000_members_reads_an_index() {
    let app = crowded().await;
    for condition in [
        "true ORDER BY search, user_id",
        "search >= 'noor 8' AND (search > 'noor 8' OR search = 'noor 8' AND user_id > gen_random_uuid())
            ORDER BY search, user_id",
        "search <= 'noor 8' AND (search < 'noor 8' OR search = 'noor 8' AND user_id < gen_random_uuid())
            ORDER BY search DESC, user_id DESC",
        "search LIKE lower('%user4711@%') ORDER BY search, user_id",
        "search LIKE lower('%northwind%') ORDER BY search, user_id",
        "search LIKE lower('%nobody has this%') ORDER BY search, user_id",
        "deactivated_at IS NOT NULL ORDER BY search, user_id",
    ] {
        let (plan, took) = plan(&app, condition).await;
        assert!(!plan.contains("Seq Scan"), "{condition}: {plan}");
        assert!(took < 100.0, "{condition}: {took} ms: {plan}");
    }

    let ada = app.ada().await;
    let first = ada.visit("/settings/members").await;
    assert!(first.says("1–50 of 100,000"), "{}", first.text());
    let second = first.follow("Next").await;
    assert!(second.says("51–100 of 100,000"));
    let back = second.follow("Previous").await;
    assert_eq!(
        back.texts("tbody .table__name"),
        first.texts("tbody .table__name")
    );
    let found = ada.visit("/settings/members?q=user4711@").await;
    assert_eq!(found.texts("tbody tr").len(), 1);
    let administrators = ada.visit("/settings/members?view=administrators").await;
    assert_eq!(administrators.texts("tbody tr").len(), 1);
}
