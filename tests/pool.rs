//! The pool of connections to the database.

use std::future::pending;

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use tokendesk::web::Error;
use tokio::sync::{Barrier, Notify};

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
