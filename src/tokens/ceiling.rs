//! What may be done with a token: to give no scope, product, range or lifetime beyond its own.

use chrono::{DateTime, Utc};

use super::{Ranges, Token};
use crate::catalogue::products::ProductId;
use crate::catalogue::{Scope, ScopeSet};

/// What somebody has, and so may give.
#[derive(Clone, Debug)]
pub struct Ceiling {
    pub scopes: ScopeSet,
    /// `None`: any, or none.
    pub product: Option<ProductId>,
    pub ranges: Ranges,
    pub expires_at: Option<DateTime<Utc>>,
}

/// What somebody is to get.
#[derive(Clone, Copy, Debug)]
pub struct Gift<'a> {
    pub scopes: ScopeSet,
    pub product: Option<ProductId>,
    pub ranges: &'a Ranges,
    pub expires_at: Option<DateTime<Utc>>,
}

/// A part of a gift that is beyond.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Excess {
    Scope(Scope),
    Product,
    Ranges,
    Lifetime,
}

impl<'a> From<&'a Token> for Gift<'a> {
    fn from(token: &'a Token) -> Self {
        Self {
            scopes: token.effective_scopes(),
            product: token.product.as_ref().map(|product| product.id),
            ranges: &token.ranges,
            expires_at: token.expires_at,
        }
    }
}

impl Ceiling {
    /// All that is beyond. It is no gift if all of it lies within what there was `before`: a part
    /// may be worth more with another one.
    #[must_use]
    pub fn excess(&self, gift: Gift<'_>, before: Option<Gift<'_>>) -> Vec<Excess> {
        if before.is_some_and(|before| before.excess(gift).is_empty()) {
            return Vec::new();
        }
        let own = Gift {
            scopes: self.scopes,
            product: self.product,
            ranges: &self.ranges,
            expires_at: self.expires_at,
        };
        own.excess(gift)
    }
}

impl Gift<'_> {
    /// What of the other it does not have.
    fn excess(self, other: Gift<'_>) -> Vec<Excess> {
        let scopes = other.scopes.iter();
        let mut excess: Vec<Excess> = scopes
            .filter(|scope| !self.scopes.allows(*scope))
            .map(Excess::Scope)
            .collect();
        if self.product.is_some() && self.product != other.product {
            excess.push(Excess::Product);
        }
        if !self.ranges.cover(other.ranges) {
            excess.push(Excess::Ranges);
        }
        if !outlasts(self.expires_at, other.expires_at) {
            excess.push(Excess::Lifetime);
        }
        excess
    }
}

/// Whether one lives as long as the other, or longer.
fn outlasts(one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> bool {
    one.is_none_or(|one| other.is_some_and(|other| other <= one))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(day: u32) -> Option<DateTime<Utc>> {
        format!("2026-12-{day:02}T00:00:00Z").parse().ok()
    }

    #[test]
    fn nothing_is_given_that_is_beyond() {
        let own = Ceiling {
            scopes: ScopeSet::of(&[Scope::AdminWrite, Scope::ConnectRead]),
            product: None,
            ranges: Ranges::parse("10.0.0.0/8 2001:db8::/32").unwrap(),
            expires_at: at(10),
        };
        for (scopes, ranges, expires_at, excess) in [
            (&[Scope::AdminRead][..], "10.1.0.0/16", at(10), &[][..]),
            (&[Scope::AdminScim], "10.1.2.3 2001:db8::1", at(1), &[]),
            (
                &[Scope::ConnectWrite, Scope::ConnectRead],
                "10.0.0.0/8",
                at(1),
                &[Excess::Scope(Scope::ConnectWrite)],
            ),
            (
                &[Scope::All],
                "",
                None,
                &[Excess::Scope(Scope::All), Excess::Ranges, Excess::Lifetime],
            ),
            (
                &[Scope::AdminRead],
                "10.0.0.0/8 192.0.2.0/24",
                at(11),
                &[Excess::Ranges, Excess::Lifetime],
            ),
        ] {
            let ranges = Ranges::parse(ranges).unwrap();
            let gift = Gift {
                scopes: scopes.iter().copied().collect(),
                product: None,
                ranges: &ranges,
                expires_at,
            };
            assert_eq!(own.excess(gift, None), excess, "{gift:?}");
        }
    }

    #[test]
    fn what_is_linked_to_a_product_gives_that_alone() {
        let [own, other] = [1, 2].map(|id| Some(ProductId::from(Uuid::from_u128(id))));
        let any = Ranges::default();
        let gift = |product| Gift {
            scopes: ScopeSet::of(&[Scope::ConnectRead]),
            product,
            ranges: &any,
            expires_at: None,
        };
        let ceiling = |product| Ceiling {
            scopes: ScopeSet::of(&[Scope::All]),
            product,
            ranges: Ranges::default(),
            expires_at: None,
        };
        for product in [None, own, other] {
            assert_eq!(ceiling(None).excess(gift(product), None), []);
            let excess: &[Excess] = if product == own {
                &[]
            } else {
                &[Excess::Product]
            };
            assert_eq!(ceiling(own).excess(gift(product), None), excess);
        }
        // It was so before.
        assert_eq!(ceiling(own).excess(gift(other), Some(gift(other))), []);
    }

    #[test]
    fn what_was_there_before_is_no_gift() {
        let own = Ceiling {
            scopes: ScopeSet::of(&[Scope::AdminWrite]),
            product: None,
            ranges: Ranges::parse("10.0.0.0/8").unwrap(),
            expires_at: at(10),
        };
        let any = Ranges::default();
        let whole = Gift {
            scopes: ScopeSet::of(&[Scope::All]),
            product: None,
            ranges: &any,
            expires_at: None,
        };
        assert_eq!(own.excess(whole, Some(whole)), []);
        let narrow = Gift {
            scopes: ScopeSet::of(&[Scope::ConnectRead]),
            expires_at: at(12),
            ..whole
        };
        assert_eq!(own.excess(narrow, Some(whole)), []);
        assert_eq!(
            own.excess(whole, Some(narrow)),
            [Excess::Scope(Scope::All), Excess::Ranges, Excess::Lifetime]
        );
        // It has both scope and ranges, but not the one from the other.
        let bound = Gift {
            ranges: &own.ranges,
            expires_at: at(10),
            ..whole
        };
        let unbound = Gift {
            expires_at: at(10),
            ..whole
        };
        assert_eq!(
            own.excess(unbound, Some(bound)),
            [Excess::Scope(Scope::All), Excess::Ranges]
        );
    }
}
