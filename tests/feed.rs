//! The change feed, from its beginning.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokendesk::catalogue::resources::queries;
use tokendesk::db::url::Target;
use tokendesk::fleet::{Change, Contact, Fleet, Memory, Participation};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_postgres::{AsyncMessage, Client, NoTls};
use uuid::Uuid;

use crate::support::App;

const SHORT: Duration = Duration::from_millis(500);
const LONG: Duration = Duration::from_secs(30);

/// Takes its time to forget.
#[derive(Default)]
struct Slow(Mutex<()>);

impl Memory for Slow {
    fn forget(&self, _: &Change) {
        tokio::task::block_in_place(|| {
            drop(self.0.lock().unwrap_or_else(PoisonError::into_inner));
        });
    }
}

/// All that is said on the channel from now on.
async fn eavesdrop(app: &App) -> (Client, mpsc::UnboundedReceiver<String>) {
    let (client, mut connection) = app.address.connect(NoTls).await.unwrap();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(said) = message {
                let _ = tell.send(said.payload().to_owned());
            }
        }
    });
    client.batch_execute("LISTEN tokendesk").await.unwrap();
    (client, told)
}

/// Whoever was away for a while may remember what has changed meanwhile. That it has heard of a
/// change it says only when it has forgotten that.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_known_is_forgotten_before_a_question_is_answered() {
    let app = App::start().await;
    let (_client, mut said) = eavesdrop(&app).await;
    let participation = Participation {
        target: Target::embedded(app.address.clone()),
        name: "slow".to_owned(),
        // So long that the pause here does not end it.
        lease: Duration::from_secs(60),
    };
    let fleet = Fleet::new(participation, app.database().clone());
    let memory = Arc::new(Slow::default());
    let (_taking_part, over) = watch::channel(());
    let (barrier, before) = {
        let is_forgetting = memory.0.lock().unwrap();
        tokio::spawn(fleet.clone().take_part(memory.clone(), over));
        let listening = "SELECT count(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND query = 'LISTEN tokendesk'";
        tokio::task::block_in_place(|| {
            let runtime = tokio::runtime::Handle::current();
            // It listens besides the one that is there, or has gone on to renew its lease.
            let renewing = "SELECT count(*) FROM instances WHERE name = 'slow'";
            runtime.block_on(async {
                while app.count(listening).await < 2 && app.count(renewing).await < 1 {}
            });
            let barrier = Uuid::new_v4();
            let answers = runtime.block_on(async {
                app.sql(&format!("NOTIFY tokendesk, 'barrier:{barrier}'"))
                    .await;
                let other = is_heard(&mut said, barrier, LONG).await;
                (other, is_heard(&mut said, barrier, SHORT).await)
            });
            drop(is_forgetting);
            (barrier, answers)
        })
    };
    assert_eq!(before, (true, false), "the other instance alone");
    assert!(is_heard(&mut said, barrier, LONG).await);
    let joined = |contact: &Contact| matches!(contact, Contact::Joined);
    fleet.contact().wait_for(joined).await.unwrap();
}

/// Whether one more says within this time that it has heard.
async fn is_heard(
    said: &mut mpsc::UnboundedReceiver<String>,
    barrier: Uuid,
    patience: Duration,
) -> bool {
    let answer = format!("heard:{barrier}:");
    let heard = async {
        while let Some(said) = said.recv().await {
            if said.starts_with(&answer) {
                break;
            }
        }
    };
    timeout(patience, heard).await.is_ok()
}

/// Past the program too, and of rows that move from one organisation to another: of both.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_decisions_depend_on_is_announced_by_whoever_changes_it() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    let connection = &mut *app.database().get().await.unwrap();
    for organization in [app.organization, other] {
        queries::load(connection, organization).await.unwrap();
    }
    app.token("Okta").await;
    let (_client, mut said) = eavesdrop(&app).await;
    let (own, others) = (
        format!("organization:{}", app.organization),
        format!("organization:{other}"),
    );
    let (of_own, of_both, everything) = (
        [own.clone()].into(),
        [own.clone(), others].into(),
        ["*".to_owned()].into(),
    );
    let move_to_other = |table: &str, which: &str| {
        format!("UPDATE {table} SET organization_id = '{other}' WHERE {which}")
    };
    let agents = format!(
        "organization_id = '{}' AND name = 'Agents'",
        app.organization
    );
    let cases: Vec<(String, &BTreeSet<String>)> = vec![
        (
            format!(
                "INSERT INTO mcp_servers (id, organization_id, name, url, created_at) \
                 VALUES (gen_random_uuid(), '{}', 'w', 'https://w.example/mcp', now())",
                app.organization
            ),
            &of_own,
        ),
        (
            "UPDATE mcp_servers SET url = 'https://w.example/x'".to_owned(),
            &of_own,
        ),
        (move_to_other("mcp_servers", "true"), &of_both),
        ("TRUNCATE mcp_servers".to_owned(), &everything),
        (
            format!("UPDATE resources SET name = 'A gents' WHERE {agents}"),
            &of_own,
        ),
        (
            format!(
                "UPDATE operations SET position = 100, name = 'moved', resource_id = \
                 (SELECT id FROM resources WHERE organization_id = '{other}' AND name = 'Agents') \
                 WHERE position = 0 AND resource_id = (SELECT id FROM resources \
                 WHERE organization_id = '{}' AND name = 'A gents')",
                app.organization
            ),
            &of_both,
        ),
        (
            "UPDATE resources SET path = '/a-gents' WHERE name = 'A gents'".to_owned(),
            &of_own,
        ),
        (move_to_other("resources", "name = 'A gents'"), &of_both),
        ("TRUNCATE operations".to_owned(), &everything),
        ("TRUNCATE resources CASCADE".to_owned(), &everything),
        ("TRUNCATE memberships CASCADE".to_owned(), &everything),
    ];
    for (statement, expected) in cases {
        app.sql(&statement).await;
        app.sql("NOTIFY tokendesk, 'that was it'").await;
        let mut heard = BTreeSet::new();
        while let Ok(Some(said)) = timeout(LONG, said.recv()).await {
            if said == "that was it" {
                break;
            }
            heard.insert(said);
        }
        heard.retain(|said| said == "*" || said.starts_with("organization:"));
        assert_eq!(&heard, expected, "{statement}");
    }
}
