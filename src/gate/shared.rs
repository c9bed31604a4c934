//! What many tokens have in common is kept once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// When so many are known, those that nothing uses any more are let go.
const MANY: usize = 1_000;

pub struct Shared<K, V>(Mutex<HashMap<K, Arc<V>>>);

impl<K, V> Default for Shared<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: PartialEq> Shared<K, V> {
    /// The one that is known by this key, if it is like `value`; else `value` from now on.
    pub fn instead_of(&self, key: K, value: Arc<V>) -> Arc<V> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.get(&key).filter(|known| **known == value) {
            return same.clone();
        }
        if known.len() >= MANY {
            known.retain(|_, value| Arc::strong_count(value) > 1);
        }
        known.insert(key, value.clone());
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_is_kept_once_and_what_changed_is_told_apart() {
        let shared = Shared::default();
        let first = shared.instead_of(1, Arc::new("Northwind"));
        let again = shared.instead_of(1, Arc::new("Northwind"));
        let renamed = shared.instead_of(1, Arc::new("Southwind"));
        let other = shared.instead_of(2, Arc::new("Northwind"));
        assert!(Arc::ptr_eq(&first, &again) && !Arc::ptr_eq(&first, &other));
        assert_eq!(*renamed, "Southwind");
    }

    #[test]
    fn what_nothing_uses_is_let_go() {
        let shared = Shared::default();
        let used = shared.instead_of(0, Arc::new(0));
        for key in 1..=2 * MANY {
            shared.instead_of(key, Arc::new(key));
        }
        assert!(shared.0.lock().unwrap().len() <= MANY);
        assert!(Arc::ptr_eq(&used, &shared.instead_of(0, Arc::new(0))));
    }
}
