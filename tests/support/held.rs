//! Bodies that are held back.

use std::convert::Infallible;

use futures_util::stream::{self, StreamExt};
use reqwest::Body;
use tokio::sync::oneshot;

/// One of which the first half is sent at once, and the second when the sender is dropped.
pub fn held_back(text: &str) -> (Body, oneshot::Sender<()>) {
    let (release, released) = oneshot::channel();
    let (first, rest) = text.split_at(text.len() / 2);
    let (first, rest) = (first.to_owned(), rest.to_owned());
    let first = stream::iter([Ok::<_, Infallible>(first)]);
    let rest = stream::once(async move {
        let _: Result<(), _> = released.await;
        Ok(rest)
    });
    (Body::wrap_stream(first.chain(rest)), release)
}
