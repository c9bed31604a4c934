//! From a secret's digest to what is known of its token. This is where a cache belongs: whoever
//! asks does not know where the answer comes from.

use super::decision::View;
use super::queries;
use crate::db::Database;
use crate::secret::Digest;
use crate::web::Error;

#[derive(Clone)]
pub struct Views {
    database: Database,
}

impl Views {
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// `None` for a secret that was never issued, or whose token was deleted.
    ///
    /// # Errors
    /// When it cannot be found out: nobody is let in then.
    pub async fn get(&self, digest: &Digest) -> Result<Option<View>, Error> {
        let connection = &mut *self.database.get().await?;
        Ok(queries::view(connection, digest).await?)
    }
}
