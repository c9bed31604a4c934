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

use crate::web::Error;
use crate::web::headers::tell;

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
