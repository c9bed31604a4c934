//! Creations that come once, however often they are asked for: by an `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header), for a day.
//!
//! The key is claimed in the transaction that creates, so that of two requests at once the second
//! waits for the first. What failed is not remembered: the key is free again. A secret is in the
//! first answer and nowhere else; the same request again gets the same answer with `null` in its
//! place. Whoever lost the first answer rotates the token.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{ETAG, LOCATION};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncConnection;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::input::bytes;
use super::queries::{self, Asker, Claim, Once};
use super::receipt::Receipt;
use super::version::etag;
use crate::clock::Clock;
use crate::db::{Connection, Database};
use crate::secret::{Digest, Plaintext};
use crate::web::json::{self, Object};
use crate::web::{Answer, Error, headers};

const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// In characters, which are all of ASCII.
pub const LONGEST: usize = 255;
const KEPT: TimeDelta = TimeDelta::days(1);

/// A request to create something.
pub struct Creation<T> {
    content: T,
    once: Option<Once>,
}

/// A creation that is going on.
pub type Creating<'a> = BoxFuture<'a, Result<Created, Error>>;

/// What was created, as it is told.
#[derive(Deserialize, Serialize)]
pub struct Created {
    location: String,
    version: Option<i32>,
    body: Value,
    /// Told once and not kept, by the name of its field.
    #[serde(skip)]
    secret: Option<(&'static str, Plaintext)>,
    #[serde(skip)]
    is_again: bool,
}

impl<T: DeserializeOwned + 'static> FromRequest for Creation<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let key = key(&request)?;
            let body = bytes(&request, payload).await?;
            let about = format!("{} {}\n", request.method(), request.path());
            let once = key.map(|key| Once {
                key,
                request: Digest::of_bytes(&[about.as_bytes(), &body]),
            });
            let Object(content) = json::read(&body)?;
            Ok(Self { content, once })
        })
    }
}

fn key(request: &HttpRequest) -> Result<Option<Digest>, Error> {
    let wrong = || {
        let detail = format!("send one key of 1 to {LONGEST} visible characters.");
        Error::invalid("Idempotency-Key", detail)
    };
    let mut sent = request.headers().get_all(IDEMPOTENCY_KEY);
    match (sent.next(), sent.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(wrong()),
        (Some(key), None) => {
            let key = key.to_str().map_err(|_| wrong())?;
            let is_key = (1..=LONGEST).contains(&key.len());
            is_key.then(|| Some(Digest::of(key))).ok_or_else(wrong)
        }
    }
}

impl<T> Creation<T> {
    /// Does it, unless it was done already. All of `create` is one transaction.
    ///
    /// # Errors
    /// Those of `create`, and [`Error::KeyReused`].
    pub async fn once(
        self,
        connection: &mut Connection,
        asker: Asker,
        now: DateTime<Utc>,
        create: impl for<'a> FnOnce(&'a mut Connection, T) -> Creating<'a> + Send,
    ) -> Result<Created, Error>
    where
        T: Send,
    {
        let Self { content, once } = self;
        connection
            .transaction(async |connection| {
                let Some(once) = once else {
                    return create(connection, content).await;
                };
                match queries::claim(connection, asker, once, now, now - KEPT).await? {
                    Claim::Ours => {
                        let created = create(connection, content).await?;
                        let answer = serde_json::to_value(&created).map_err(Error::internal)?;
                        queries::keep(connection, asker, once, answer).await?;
                        Ok(created)
                    }
                    Claim::Before { request, answer } => {
                        if request != once.request.as_bytes()[..] {
                            return Err(Error::KeyReused);
                        }
                        let created: Created =
                            serde_json::from_value(answer).map_err(Error::internal)?;
                        Ok(Created {
                            is_again: true,
                            ..created
                        })
                    }
                }
            })
            .await
    }
}

impl Created {
    /// # Errors
    /// None that our own shapes bring about.
    pub fn new(
        location: String,
        version: Option<i32>,
        body: &impl Serialize,
    ) -> Result<Self, Error> {
        Ok(Self {
            location,
            version,
            body: serde_json::to_value(body).map_err(Error::internal)?,
            secret: None,
            is_again: false,
        })
    }

    /// With a secret in a field that is `null` in the body.
    #[must_use]
    pub fn revealing(self, field: &'static str, secret: Plaintext) -> Self {
        Self {
            secret: Some((field, secret)),
            ..self
        }
    }

    /// With what is known only after it was created, in a field that is `null` in the body.
    #[must_use]
    pub fn telling(mut self, field: &'static str, text: &str) -> Self {
        self.body[field] = text.into();
        self
    }

    /// With where what it took away is gone.
    ///
    /// # Errors
    /// None that a receipt brings about.
    pub fn with_receipt(mut self, receipt: &Receipt) -> Answer {
        self.body["receipt"] = serde_json::to_value(receipt).map_err(Error::internal)?;
        Ok(self.answer())
    }

    #[must_use]
    pub fn answer(mut self) -> HttpResponse {
        let mut response = HttpResponse::Created();
        response.insert_header((LOCATION, self.location));
        if let Some(version) = self.version {
            let (_, tag) = etag(version);
            response.insert_header((ETAG, tag));
        }
        if self.is_again {
            response.insert_header(("idempotent-replayed", "true"));
        }
        let Some((field, secret)) = self.secret else {
            return response.json(self.body);
        };
        self.body[field] = secret.reveal().into();
        headers::uncompressed(response.json(self.body))
    }
}

/// Forgets keys that are older than a day.
///
/// # Errors
/// When the database fails.
pub async fn sweep(database: &Database, clock: &Clock) -> Result<usize, Error> {
    let connection = &mut *database.get().await?;
    Ok(queries::delete_before(connection, clock.now() - KEPT).await?)
}
