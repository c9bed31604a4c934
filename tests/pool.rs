//! The pool of connections to the database.

use std::future::pending;
use std::time::Duration;

use diesel::sql_query;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use tokendesk::web::Error;
use tokio::sync::{Barrier, Notify};
use tokio::time::{sleep, timeout};

use crate::support::App;

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_its_caller_gave_up_is_over_at_once() {
    let app = App::start().await;
    let locked = Notify::new();
    let change = async {
        let connection = &mut *app.database().get().await.unwrap();
        let endless = connection.transaction(async |connection| {
            connection.batch_execute("LOCK TABLE tokens").await?;
            locked.notify_one();
            pending::<Result<(), diesel::result::Error>>().await
        });
        endless.await.unwrap();
    };
    tokio::select! {
        () = change => unreachable!(),
        () = locked.notified() => {}
    }
    let lock = "SET lock_timeout = '20s'; LOCK TABLE tokens";
    let locked = app.client().await.batch_execute(lock).await;
    assert!(locked.is_ok(), "{locked:?}");
}

/// Or those whose clients go away would fill the server with what nobody waits for.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_its_caller_gave_up_is_over_at_once() {
    let app = App::start().await;
    let running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND state = 'active' AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()";
    let until = async |wanted: i64| {
        let all = async {
            while app.count(running).await != wanted {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(20), all)
            .await
            .expect("it is so");
    };
    let asleep = async |in_transaction: bool| {
        let connection = &mut *app.database().get().await.unwrap();
        let query = sql_query("SELECT pg_sleep(600)");
        if in_transaction {
            let sleeping = async |connection: &mut _| query.execute(connection).await;
            connection.transaction(sleeping).await.unwrap();
        } else {
            query.execute(connection).await.unwrap();
        }
    };
    for in_transaction in [false, true] {
        tokio::select! {
            () = asleep(in_transaction) => unreachable!(),
            () = until(1) => {}
        }
        until(0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_wait_for_each_other_one_is_to_try_again() {
    let app = App::start().await;
    let both = Barrier::new(2);
    let lock = async |first: &str, second: &str| {
        let connection = &mut *app.database().get().await.unwrap();
        let crossed = connection.transaction(async |connection| {
            connection
                .batch_execute(&format!("LOCK TABLE {first}"))
                .await?;
            both.wait().await;
            connection
                .batch_execute(&format!("LOCK TABLE {second}"))
                .await
        });
        crossed.await.map_err(Error::from)
    };
    match tokio::join!(lock("tokens", "products"), lock("products", "tokens")) {
        (Ok(()), Err(Error::Unavailable(_))) | (Err(Error::Unavailable(_)), Ok(())) => {}
        other => panic!("{other:?}"),
    }
}
