//! A token's history: what the journal tells of it, and the uses of its retired secrets.

use chrono::{DateTime, Utc};

use crate::journal::{Change, Entry};
use crate::tokens::queries::RetiredUse;
use crate::web::format;

/// Something that happened to a token.
pub struct Moment {
    pub at: DateTime<Utc>,
    pub sentence: String,
    pub changes: Vec<Change>,
    /// Whether someone should look into it.
    pub alarming: bool,
}

/// The newest first.
pub fn history(entries: Vec<Entry>, uses: Vec<RetiredUse>) -> Vec<Moment> {
    let changes = entries.into_iter().map(|entry| Moment {
        at: entry.at,
        sentence: format!("{} {}", entry.author_name, entry.action.verb()),
        changes: entry.changes,
        alarming: false,
    });
    let uses = uses.into_iter().map(|used| Moment {
        at: used.last_at,
        sentence: format!(
            "A retired secret was refused {} from {}, last at this time",
            format::counted(used.calls, "time", "times"),
            used.network
        ),
        changes: Vec::new(),
        alarming: true,
    });
    let mut moments: Vec<Moment> = changes.chain(uses).collect();
    moments.sort_by_key(|moment| std::cmp::Reverse(moment.at));
    moments
}
