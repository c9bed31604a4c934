//! A connection that the pool gets back, unless it is in the middle of something.

use std::ops::{Deref, DerefMut};

use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::pooled_connection::deadpool::Object;

use super::Connection;

/// Lent by the pool. Whoever gives up in the middle of a transaction or query, as the client went
/// away, leaves it open: the connection is closed then, with the transaction and its locks, where the
/// pool would only look at it before it lends it again.
pub struct Lent(Option<Object<Connection>>);

impl Lent {
    pub(super) fn new(connection: Object<Connection>) -> Self {
        Self(Some(connection))
    }
}

const HELD: &str = "until it is dropped";

impl Deref for Lent {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0.as_ref().expect(HELD)
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Connection {
        self.0.as_mut().expect(HELD)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(mut connection) = self.0.take()
            && connection.is_broken()
        {
            Object::take(connection).give_up();
        }
    }
}
