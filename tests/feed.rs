//! The change feed, from its beginning.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokendesk::db::url::Target;
use tokendesk::fleet::{Change, Fleet, Membership, Memory, Standing};
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
    let fleet = Fleet::new(Membership {
        target: Target::embedded(app.address.clone()),
        name: "slow".to_owned(),
        // So long that the pause here does not end it.
        lease: Duration::from_secs(60),
    });
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
    let joined = |standing: &Standing| matches!(standing, Standing::Joined);
    fleet.standing().wait_for(joined).await.unwrap();
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
