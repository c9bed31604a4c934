//! What may be there once and is there twice.

use std::collections::HashMap;

use crate::identity::Email;
use crate::secret::Digest;
use crate::tokens::Name;

/// What earlier lines have taken, be they good or bad, by the line.
#[derive(Default)]
pub struct Known {
    names: HashMap<(Option<String>, String), u64>,
    secrets: HashMap<Digest, u64>,
}

impl Known {
    /// The earlier line with this name, of the same owner's tokens.
    pub fn line_of_name(&mut self, owner: Option<&Email>, name: &Name, line: u64) -> Option<u64> {
        let owner = owner.map(|owner| owner.as_str().to_owned());
        let first = *self.names.entry((owner, name.folded())).or_insert(line);
        Some(first).filter(|first| *first != line)
    }

    /// The earlier line with this secret.
    pub fn line_of_secret(&mut self, secret: &Digest, line: u64) -> Option<u64> {
        let first = *self.secrets.entry(*secret).or_insert(line);
        Some(first).filter(|first| *first != line)
    }
}
