//! `export`.

use serde_json::Value;

use super::{found, token};
use crate::support::{Place, cluster};

fn export(place: &Place, more: &[&str]) -> Vec<Value> {
    let arguments = [&["export", "--organization=northwind"], more].concat();
    let printed = place.run(&arguments).succeeded();
    let parse = |line| serde_json::from_str(line).unwrap();
    printed.lines().map(parse).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_comes_whole_and_in_its_order() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    token(&place, &["--name=Okta", "--scope=admin:scim"]);
    place
        .run(&["organization", "create", "--name=Contoso"])
        .succeeded();
    let entries = export(&place, &[]);
    let actions: Vec<_> = entries
        .iter()
        .map(|it| it["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["organization.created", "token.created"]);
    let fields: Vec<&String> = entries[1].as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        ["action", "at", "author", "changes", "id", "subject"]
    );
    assert_eq!(entries[1]["author"]["name"], "Command line");
    assert_eq!(entries[1]["subject"]["name"], "Okta");
    assert_eq!(entries[1]["changes"][0]["to"], "admin:scim");

    // A year of them, two hours apart, and more than are read at a time.
    let many = "INSERT INTO journal (id, organization_id, at, author_name, action, subject_id,
            subject_name, changes)
        SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
                || '70008000000000000000')::uuid,
            id, at, 'Ada', 'token.edited', gen_random_uuid(), 'Token', '[]'
        FROM organizations, generate_series(timestamptz '2025-01-01 00:00:00Z',
            '2025-12-31 22:00:00Z', '2 hours') AS at WHERE slug = 'northwind'";
    cluster::execute(&address, many).await;
    let entries = export(&place, &[]);
    assert_eq!(entries.len(), 365 * 12 + 2);
    let times: Vec<&str> = entries
        .iter()
        .map(|it| it["at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted());
    assert_eq!(times[0], "2025-01-01T00:00:00Z");
    for (since, count) in [
        ("2025-12-31", 14),
        ("2025-12-31T22:00:00Z", 3),
        ("2026-01-01", 2),
        ("2099-01-01", 0),
    ] {
        let entries = export(&place, &["--since", since]);
        assert_eq!(entries.len(), count, "{since}");
    }
    let wrong = ["export", "--organization=northwind", "--since=yesterday"];
    assert!(
        place
            .run(&wrong)
            .refused()
            .contains("write a day or an instant")
    );
}
