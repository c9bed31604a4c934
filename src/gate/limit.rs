//! How often a token may call our own APIs: so many requests a minute, on each instance.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

use super::decision::{Code, Need, Request, decide};
use super::view::View;
use crate::secret::Digest;
use crate::web::client_address::ClientAddress;
use crate::web::headers::tell;
use crate::web::{Error, now};

const MINUTE: u64 = 60;

type Limiter = RateLimiter<Uuid, DashMapStateStore<Uuid>, DefaultClock, StateInformationMiddleware>;

/// Clones count together.
#[derive(Clone)]
pub struct Limits {
    limiter: Arc<Limiter>,
    per_minute: NonZeroU32,
}

impl Limits {
    #[must_use]
    pub fn new(per_minute: NonZeroU32) -> Self {
        let limiter = RateLimiter::dashmap(Quota::per_minute(per_minute));
        Self {
            limiter: Arc::new(limiter.with_middleware()),
            per_minute,
        }
    }

    /// Counts a request, and says on its answer how many more there may be
    /// (draft-ietf-httpapi-ratelimit-headers).
    ///
    /// # Errors
    /// [`Error::TooMany`] when there are none.
    pub fn count(&self, request: &HttpRequest, caller: Uuid) -> Result<(), Error> {
        let policy = format!(r#""minute";q={};w={MINUTE}"#, self.per_minute);
        say(request, "ratelimit-policy", &policy);
        let (left, wait) = match self.limiter.check_key(&caller) {
            Ok(state) => (state.remaining_burst_capacity(), Duration::ZERO),
            Err(until) => (0, until.wait_time_from(DefaultClock::default().now())),
        };
        let used = u64::from(self.per_minute.get() - left.min(self.per_minute.get()));
        let until_all = (used * MINUTE).div_ceil(u64::from(self.per_minute.get()));
        say(
            request,
            "ratelimit",
            &format!(r#""minute";r={left};t={until_all}"#),
        );
        if wait.is_zero() {
            return Ok(());
        }
        let retry_after_seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX) + 1;
        Err(Error::TooMany {
            retry_after_seconds,
        })
    }

    /// Counts a request with a token. Those with a secret that has stopped, or from elsewhere than where the
    /// token may be used, are counted by themselves: they take nothing from whoever may use it.
    ///
    /// # Errors
    /// [`Error::TooMany`], as above.
    pub fn count_call(&self, request: &HttpRequest, view: &View) -> Result<(), Error> {
        let address = ClientAddress::of(request);
        let asked = Request {
            address: Some(address.0),
            product: None,
            need: Need::Nothing,
        };
        let caller = match decide(Some(view), &asked, now(request)) {
            Code::Valid => view.token.uuid(),
            _ => Digest::of(&format!("{} {}", view.token, address.subscriber())).as_id(),
        };
        self.count(request, caller)
    }

    /// Forgets those who have not called for a minute.
    pub fn forget_idle(&self) {
        self.limiter.retain_recent();
    }
}

fn say(request: &HttpRequest, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        tell(request, HeaderName::from_static(name), value);
    }
}
