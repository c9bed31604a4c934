//! How many are found, and where the last page ended, is remembered, and right whatever changes.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::provider::{Provider, encoded, text};
use crate::support::App;

const PEOPLE: u64 = 100;
const WRITERS: usize = 3;
const CHANGES: u64 = 25;

/// With so many engineers besides Ada.
async fn engineers() -> App {
    let app = App::start().await;
    let members = format!(
        "WITH added AS (
            INSERT INTO users (id, email, name, created_at)
            SELECT gen_random_uuid(), 'user' || n || '@northwind.example', 'User ' || n, now()
            FROM generate_series(1, {PEOPLE}) AS n RETURNING id)
        INSERT INTO memberships (organization_id, user_id, role, created_at)
        SELECT organizations.id, added.id, 'member', now() FROM organizations, added"
    );
    app.sql(&members).await;
    let titles = "UPDATE scim_documents SET document = document || '{\"title\": \"Engineer\"}'
        FROM users WHERE id = user_id AND email LIKE 'user%'";
    app.sql(titles).await;
    app
}

async fn id(app: &App, number: u64) -> String {
    let email = format!("user{number}@northwind.example");
    app.user(&email).await.to_string()
}

/// Asked of two instances, each of which remembers for itself.
struct Asked {
    here: Provider,
    there: Provider,
}

impl Asked {
    async fn expect(&self, filter: &str, total: u64) {
        let path = format!("/Users?count=1&filter={}", encoded(filter));
        // The second time it is known.
        for provider in [&self.here, &self.there, &self.here, &self.there] {
            let list = provider.get(&path).await.expect(200);
            assert_eq!(list["totalResults"], total, "{filter}");
        }
        assert_eq!(self.here.count(filter).await, total, "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_follow_every_change_on_every_instance() {
    let app = engineers().await;
    let other = app.beside().await;
    let here = Provider::new(&app).await;
    let asked = Asked {
        there: Provider::with(&other, &here.secret),
        here,
    };
    let provider = &asked.here;
    let all = PEOPLE + 1;

    asked.expect("userName pr", all).await;
    let grace = provider.user("grace@northwind.example").await;
    asked.expect("userName pr", all + 1).await;
    assert_eq!(
        provider.delete(&format!("/Users/{grace}")).await.status,
        204
    );
    asked.expect("userName pr", all).await;

    let one = format!("/Users/{}", id(&app, 1).await);
    asked.expect("active eq true", all).await;
    let off = json!([{ "op": "replace", "path": "active", "value": false }]);
    provider.patch(&one, off).await.expect(200);
    asked.expect("active eq true", all - 1).await;
    // As by an administrator.
    app.sql("UPDATE memberships SET deactivated_at = NULL")
        .await;
    asked.expect("active eq true", all).await;

    asked.expect("title co \"engin\"", PEOPLE).await;
    let title = json!([{ "op": "replace", "path": "title", "value": "Director" }]);
    provider.patch(&one, title).await.expect(200);
    asked.expect("title co \"engin\"", PEOPLE - 1).await;

    asked.expect("emails.type eq \"work\"", all).await;
    let home =
        json!([{ "op": "replace", "path": "emails[type eq \"work\"].type", "value": "home" }]);
    provider.patch(&one, home).await.expect(200);
    asked.expect("emails.type eq \"work\"", all - 1).await;

    let everyone: Vec<String> = app
        .sql("SELECT user_id::text FROM memberships")
        .await
        .iter()
        .map(|row| row.get(0))
        .collect();
    let ids: Vec<&String> = everyone.iter().collect();
    let group = provider.group("Everyone", &ids).await;
    let path = format!("/Groups/{group}");
    let in_it = "groups.display eq \"everyone\"";
    asked.expect(in_it, all).await;
    let left = json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", ids[7]) }]);
    assert!(provider.patch(&path, left).await.status < 300);
    asked.expect(in_it, all - 1).await;
    let name = json!([{ "op": "replace", "path": "displayName", "value": "All" }]);
    assert!(provider.patch(&path, name).await.status < 300);
    asked.expect(in_it, 0).await;
    asked.expect("groups pr", all - 1).await;
    assert_eq!(provider.delete(&path).await.status, 204);
    asked.expect("groups pr", 0).await;

    asked.expect("emails[value co \"@\"]", all).await;
    app.sql("TRUNCATE scim_values").await;
    asked.expect("emails[value co \"@\"]", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_each_organizations_own() {
    let app = engineers().await;
    let other = app.another_organization("Fabrikam").await;
    let theirs = Provider::of(&app, other).await;
    let ours = Provider::new(&app).await;
    for _ in 0..2 {
        assert_eq!(ours.count("userName pr").await, PEOPLE + 1);
        assert_eq!(theirs.count("userName pr").await, 0);
    }
    theirs.user("mei@fabrikam.example").await;
    assert_eq!(theirs.count("userName pr").await, 1);
    assert_eq!(ours.count("userName pr").await, PEOPLE + 1);
}

/// What comes after a change knows of it, however many ask in the meantime: an answer from before may
/// not be remembered for after.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_changes_something_is_told_the_new_total_while_others_ask() {
    let app = engineers().await;
    let provider = Provider::new(&app).await;
    let filter = |writer: usize| format!("not (title eq \"T{writer}\")");
    let is_over = AtomicBool::new(false);
    let write = async |writer: usize| {
        for change in 0..CHANGES {
            let number = 1 + writer as u64 * CHANGES + change;
            let path = format!("/Users/{}", id(&app, number).await);
            let title =
                json!([{ "op": "replace", "path": "title", "value": format!("T{writer}") }]);
            provider.patch(&path, title).await.expect(200);
            let left = provider.count(&filter(writer)).await;
            assert_eq!(left, PEOPLE - change, "{writer}");
        }
    };
    let read = async |writer: usize| {
        let mut least = PEOPLE + 1;
        while !is_over.load(Ordering::Relaxed) {
            let left = provider.count(&filter(writer)).await;
            assert!(left <= least, "{writer}: {left} after {least}");
            least = left;
        }
        least
    };
    let writers = async {
        futures_util::future::join_all((0..WRITERS).map(write)).await;
        is_over.store(true, Ordering::Relaxed);
    };
    let readers = futures_util::future::join_all((0..WRITERS).chain(0..WRITERS).map(read));
    let (seen, ()) = tokio::join!(readers, writers);
    assert!(seen.iter().all(|least| *least < PEOPLE), "{seen:?}");
    for writer in 0..WRITERS {
        let number = 1 + writer as u64 * CHANGES;
        let path = format!("/Users/{}", id(&app, number).await);
        let user = provider.get(&path).await.expect(200);
        assert_eq!(text(&user["title"]), format!("T{writer}"));
    }
}

/// Filters that find nobody, some, and nearly everybody.
const FILTERS: &[&str] = &[
    "title pr",
    "not (title pr)",
    "emails.type eq \"work\"",
    "not (phoneNumbers pr)",
    "title eq \"Engineer\" or phoneNumbers pr",
    "userName ew \"7@northwind.example\"",
    "title eq \"Director\"",
];

/// Where pages start, and for how many: one after another, over some, back, once more, to the end and
/// behind it. The first goes on where the last ends.
const STARTS: &[(usize, usize)] = &[
    (4, 7),
    (1, 10),
    (11, 10),
    (21, 30),
    (21, 30),
    (60, 5),
    (63, 5),
    (2, 3),
    (5, 0),
    (5, 50),
    (55, 40),
    (95, 40),
    (102, 10),
    (200, 10),
    (1, 101),
    (102, 1),
    (1, 3),
];

struct Reader<'a> {
    provider: &'a Provider,
    filter: &'a str,
}

impl Reader<'_> {
    async fn page(&self, start: usize, count: usize, sort: &str) -> (u64, Vec<String>) {
        let filter = encoded(self.filter);
        let path = format!("/Users?startIndex={start}&count={count}&filter={filter}{sort}");
        let list = self.provider.get(&path).await.expect(200);
        let page = list["Resources"].as_array().unwrap().iter();
        let ids = page.map(|user| text(&user["id"])).collect();
        (list["totalResults"].as_u64().unwrap(), ids)
    }

    /// All pages are those of one list.
    async fn expect(&self, found: &[String], sort: &str) {
        for (start, count) in STARTS {
            let (total, page) = self.page(*start, *count, sort).await;
            assert_eq!(total, found.len() as u64, "{}", self.filter);
            let expected: Vec<&String> = found.iter().skip(start - 1).take(*count).collect();
            assert_eq!(
                page.iter().collect::<Vec<_>>(),
                expected,
                "{} {start}",
                self.filter
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_those_of_one_list_in_whatever_order_they_are_read() {
    let app = engineers().await;
    let provider = &Provider::new(&app).await;
    for filter in FILTERS {
        let reader = Reader { provider, filter };
        let (total, found) = reader.page(1, 200, "").await;
        assert_eq!(total, found.len() as u64);
        let mut in_order = found.clone();
        in_order.sort();
        assert_eq!(found, in_order, "{filter}");
        reader.expect(&found, "").await;
        // What is sorted otherwise ends elsewhere.
        let (_, sorted) = reader
            .page(1, 200, "&sortBy=userName&sortOrder=descending")
            .await;
        for _ in 0..2 {
            reader
                .expect(&sorted, "&sortBy=userName&sortOrder=descending")
                .await;
            reader.expect(&found, "").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_on_while_somebody_leaves_reads_the_list_as_it_is_then() {
    let app = engineers().await;
    let provider = &Provider::new(&app).await;
    let reader = Reader {
        provider,
        filter: "title eq \"Engineer\"",
    };
    let (_, mut found) = reader.page(1, 200, "").await;
    while found.len() > 60 {
        let (_, page) = reader.page(11, 20, "").await;
        assert_eq!(page, found[10..30]);
        // One of those who were passed, the last of them, and one who is to come.
        for leaves in [29, 3, 40] {
            let path = format!("/Users/{}", found.remove(leaves));
            assert_eq!(provider.delete(&path).await.status, 204);
            let (total, page) = reader.page(31, 20, "").await;
            assert_eq!((total, &*page), (found.len() as u64, &found[30..50]));
        }
    }
}

/// Whatever of them is changed in a transaction: a row that is written for each would be as many dead ones.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_many_makes_one_revision() {
    let app = engineers().await;
    app.client()
        .await
        .batch_execute(
            "CREATE TABLE revisions (revision uuid);
            CREATE FUNCTION note_revision() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO revisions VALUES (NEW.revision);
                RETURN NULL;
            END $$;
            CREATE TRIGGER note_revision AFTER UPDATE ON directories
                FOR EACH ROW EXECUTE FUNCTION note_revision()",
        )
        .await
        .unwrap();
    let provider = Provider::new(&app).await;
    let mut members = Vec::new();
    for number in 1..=20 {
        members.push(id(&app, number).await);
    }
    let members: Vec<&String> = members.iter().collect();
    let group = provider.group("Weavers", &members).await;
    let made = "SELECT count(*) FROM revisions";
    assert_eq!(app.count(made).await, 1);
    let none = json!([{ "op": "remove", "path": "members" }]);
    provider
        .patch(&format!("/Groups/{group}"), none)
        .await
        .expect(204);
    assert_eq!(app.count(made).await, 2);
    // What is undone is made again.
    let client = app.client().await;
    client
        .batch_execute(
            "BEGIN; SAVEPOINT one; UPDATE scim_users SET nick_name = 'a'; ROLLBACK TO one;
            UPDATE scim_users SET nick_name = 'b'; COMMIT",
        )
        .await
        .unwrap();
    assert_eq!(app.count(made).await, 3);
}
