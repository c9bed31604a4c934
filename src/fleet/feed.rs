//! The LISTEN connection: what is heard on it is applied in the order in which it is heard.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client};

use super::lease::Moment;
use super::message::{CHANNEL, Message};
use super::{Change, Contact, Fleet, Memory, Place};
use crate::db::url::{self, Connection};
use crate::db::with_causes;

/// How long to wait before connecting again, after the first failure and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Why nothing is heard any more.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    #[error("not connected")]
    Connect(#[from] url::Error),
    #[error("the database refused")]
    Refused(#[from] tokio_postgres::Error),
    #[error("the connection was closed")]
    Closed,
    #[error("the database has not answered in time")]
    Silent,
}

pub async fn run(fleet: &Fleet, memory: Arc<dyn Memory>, mut over: watch::Receiver<()>) {
    let place = &fleet.0;
    let mut pause = FIRST_PAUSE;
    loop {
        let opened = tokio::select! {
            _ = over.changed() => return,
            opened = Feed::open(fleet, &memory) => opened,
        };
        let lost = match opened {
            Ok(mut feed) => {
                pause = FIRST_PAUSE;
                match feed.keep(&mut over).await {
                    Ok(()) => return,
                    Err(lost) => lost,
                }
            }
            Err(lost) => lost,
        };
        let lost = with_causes(&lost);
        tracing::warn!(error = lost, "not told of changes: reconnecting");
        place.apart(&lost);
        tokio::select! {
            _ = over.changed() => return,
            () = sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// An open connection. Dropped, it is closed.
pub struct Feed {
    place: Arc<Place>,
    client: Arc<Client>,
    hearing: JoinSet<Lost>,
}

impl Feed {
    /// Listens, and only then forgets what was learnt before and takes a lease: whatever changes
    /// from then on is heard. To forget is the ear's, which hears the renewal at the latest.
    async fn open(fleet: &Fleet, memory: &Arc<dyn Memory>) -> Result<Self, Lost> {
        let mut feed = Self::listen(fleet, memory).await?;
        feed.renew().await?;
        feed.place.contact.send_replace(Contact::Joined);
        Ok(feed)
    }

    /// Hears what is said from now on, without being one of those who are waited for.
    pub async fn listen(fleet: &Fleet, memory: &Arc<dyn Memory>) -> Result<Self, Lost> {
        let place = fleet.0.clone();
        let (client, connection) = place.participation.target.connect().await?;
        let client = Arc::new(client);
        let mut hearing = JoinSet::new();
        let ear = Ear {
            place: place.clone(),
            memory: memory.clone(),
            client: client.clone(),
            has_forgotten: false,
        };
        hearing.spawn(ear.hear(connection));
        let listen = format!("LISTEN {CHANNEL}");
        timeout(place.term.renewal, client.batch_execute(&listen))
            .await
            .map_err(|_| Lost::Silent)??;
        Ok(Self {
            place,
            client,
            hearing,
        })
    }

    /// Renews the lease until it is over or the connection lost.
    async fn keep(&mut self, over: &mut watch::Receiver<()>) -> Result<(), Lost> {
        loop {
            let next = Instant::now() + self.place.term.renewal;
            tokio::select! {
                _ = over.changed() => return self.leave().await,
                lost = self.hearing.join_next() => {
                    return Err(lost.and_then(Result::ok).unwrap_or(Lost::Closed));
                }
                () = sleep_until(next) => self.renew().await?,
            }
        }
    }

    /// The lease runs from before the renewal is sent, once the renewal was heard, and so all
    /// that was committed before it.
    async fn renew(&mut self) -> Result<(), Lost> {
        let (place, client) = (self.place.clone(), self.client.clone());
        // Never twice, whatever connection it is sent on.
        let number = place.renewals.fetch_add(1, Ordering::Relaxed) + 1;
        let sent = Moment::now();
        let renewal = async {
            send_renewal(&place, &client, number).await?;
            let mut heard = place.heard.subscribe();
            let came_back = heard.wait_for(|heard| *heard >= number).await;
            came_back.map(drop).map_err(|_| Lost::Closed)
        };
        tokio::select! {
            lost = self.hearing.join_next() => {
                return Err(lost.and_then(Result::ok).unwrap_or(Lost::Closed));
            }
            renewed = timeout(place.term.renewal, renewal) => {
                renewed.map_err(|_| Lost::Silent)??;
            }
        }
        place.lease.extend(sent.plus(place.term.local));
        Ok(())
    }
    /// Nobody needs to wait for this instance any more.
    async fn leave(&self) -> Result<(), Lost> {
        self.place.lease.end();
        let instance = self.place.instance;
        let leave = format!("DELETE FROM instances WHERE id = '{instance}'");
        if let Err(error) = self.client.batch_execute(&leave).await {
            tracing::warn!(error = with_causes(&error), "the lease is left to run out");
        }
        Ok(())
    }
}

async fn send_renewal(place: &Place, client: &Client, number: u64) -> Result<(), Lost> {
    let instance = place.instance;
    let renew = "WITH renewed AS (
            INSERT INTO instances (id, name, lease_until)
            VALUES ($1::uuid, $2, clock_timestamp() + make_interval(secs => $3))
            ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until RETURNING id)
        SELECT pg_notify($4, $5) FROM renewed";
    let message = Message::Renewal { instance, number };
    client
        .query_typed(
            renew,
            &[
                (&instance.to_string(), Type::TEXT),
                (&place.participation.name, Type::TEXT),
                (&place.term.database.as_secs_f64(), Type::FLOAT8),
                (&CHANNEL, Type::TEXT),
                (&message.to_string(), Type::TEXT),
            ],
        )
        .await?;
    Ok(())
}

/// Hears what is said and has it applied before anything that is said later.
struct Ear {
    place: Arc<Place>,
    memory: Arc<dyn Memory>,
    client: Arc<Client>,
    /// What was learnt before it began to hear.
    has_forgotten: bool,
}

impl Ear {
    async fn hear(mut self, mut connection: Connection) -> Lost {
        loop {
            match poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(said))) => self.apply(said.payload()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return error.into(),
                None => return Lost::Closed,
            }
        }
    }

    /// Before anything that is heard, also a question whether a change was heard of, what is known
    /// from before is forgotten: it may have changed while nobody listened.
    fn apply(&mut self, payload: &str) {
        if !self.has_forgotten {
            self.memory.forget(&Change::Everything);
            self.has_forgotten = true;
        }
        match payload.parse() {
            Ok(Message::Changed(change)) => self.memory.forget(&change),
            Ok(Message::Barrier(barrier)) => self.answer(Message::Heard {
                barrier,
                instance: self.place.instance,
            }),
            Ok(Message::Heard { barrier, instance }) => {
                self.place.barriers.heard(barrier, instance);
            }
            Ok(Message::Renewal { instance, number }) if instance == self.place.instance => {
                self.place.heard.send_replace(number);
            }
            Ok(Message::Renewal { .. }) => {}
            Err(_) => {
                tracing::warn!(payload, "heard something unknown: forgetting everything");
                self.memory.forget(&Change::Everything);
            }
        }
    }

    /// From another task: the answer to our own query comes through this one. Lost with the
    /// connection, it is asked for again.
    fn answer(&self, message: Message) {
        let client = self.client.clone();
        tokio::spawn(async move {
            let notify = format!("NOTIFY {CHANNEL}, '{message}'");
            if let Err(error) = client.batch_execute(&notify).await {
                tracing::debug!(
                    error = with_causes(&error),
                    "cannot say that a change was heard of"
                );
            }
        });
    }
}
