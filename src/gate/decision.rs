//! The decision: a pure function of what is known of a token, what is asked of it, and now. It
//! is the first of its checks that fails; the explanation is all of them.

#[cfg(test)]
mod twin;

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use super::view::View;
use crate::catalogue::Scope;
use crate::db::types::text_enum;
use crate::tokens::Status;

pub use crate::tokens::Code;

/// What is asked of a token.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Where it is used; `None` if nobody says so.
    pub address: Option<IpAddr>,
    /// The key of the product that is asked for, if any.
    pub product: Option<&'a str>,
    pub need: Need,
}

/// What the operation needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Need {
    /// A token, whatever it may do.
    Nothing,
    Scope(Scope),
    /// Nobody knows: no operation of the catalogue matches.
    Unknown,
}

text_enum! {
    /// How a check came out.
    Outcome {
        Passed = "passed",
        Failed = "failed",
        /// The question has nothing to check it by.
        NotAsked = "not_asked",
        /// An earlier check failed.
        NotReached = "not_reached",
    }
}

/// One of the decision's checks.
struct Check {
    name: &'static str,
    /// The answer if it fails.
    code: Code,
    /// `None` if the question has nothing to check it by.
    passes: fn(&View, &Request<'_>, DateTime<Utc>) -> Option<bool>,
}

/// In their order, after the first, which is that there is such a token.
const CHECKS: [Check; 9] = [
    Check {
        name: "not_revoked",
        code: Code::Revoked,
        passes: |view, _, now| Some(view.status(now) != Status::Revoked),
    },
    Check {
        name: "not_expired",
        code: Code::Expired,
        passes: |view, _, now| Some(view.status(now) != Status::Expired),
    },
    Check {
        name: "enabled",
        code: Code::Disabled,
        passes: |view, _, now| Some(view.status(now) != Status::Inactive),
    },
    Check {
        name: "secret_in_use",
        code: Code::Retired,
        passes: |view, _, now| {
            let has_time_left = view.secret_retires_at.is_none_or(|at| at > now);
            Some(has_time_left && !view.secret_is_retired)
        },
    },
    Check {
        name: "owner_active",
        code: Code::OwnerInactive,
        passes: |view, _, _| Some(view.owner.as_ref().is_none_or(|owner| owner.is_active)),
    },
    Check {
        name: "address",
        code: Code::IpNotAllowed,
        passes: |view, request, _| Some(view.ranges.admit(request.address?)),
    },
    Check {
        name: "product",
        code: Code::WrongProduct,
        passes: |view, request, _| {
            let asked = request.product?;
            let linked = view.product.as_ref();
            Some(linked.is_none_or(|linked| linked.key == asked))
        },
    },
    Check {
        name: "scope",
        code: Code::InsufficientScope,
        passes: |view, request, _| match request.need {
            Need::Scope(scope) => Some(view.effective_scopes().allows(scope)),
            Need::Nothing | Need::Unknown => None,
        },
    },
    Check {
        name: "resource",
        code: Code::UnknownResource,
        passes: |_, request, _| match request.need {
            Need::Scope(_) => Some(true),
            Need::Nothing => None,
            Need::Unknown => Some(false),
        },
    },
];

/// A check with its outcome.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Checked {
    pub name: &'static str,
    /// The answer if it fails.
    pub code: Code,
    pub outcome: Outcome,
}

/// `view` is `None` for a secret that was never issued, or whose token was deleted.
#[must_use]
pub fn decide(view: Option<&View>, request: &Request<'_>, now: DateTime<Utc>) -> Code {
    explain(view, request, now)
        .find(|checked| checked.outcome == Outcome::Failed)
        .map_or(Code::Valid, |failed| failed.code)
}

/// All checks in their order. They are made as they are asked for, up to the first that fails.
pub fn explain(
    view: Option<&View>,
    request: &Request<'_>,
    now: DateTime<Utc>,
) -> impl Iterator<Item = Checked> {
    let known = Checked {
        name: "known",
        code: Code::Unknown,
        outcome: view.map_or(Outcome::Failed, |_| Outcome::Passed),
    };
    // Only while no check has failed.
    let mut view = view;
    let checks = CHECKS.iter().map(move |check| {
        let outcome = match view.map(|view| (check.passes)(view, request, now)) {
            None => Outcome::NotReached,
            Some(None) => Outcome::NotAsked,
            Some(Some(true)) => Outcome::Passed,
            Some(Some(false)) => Outcome::Failed,
        };
        if outcome == Outcome::Failed {
            view = None;
        }
        Checked {
            name: check.name,
            code: check.code,
            outcome,
        }
    });
    std::iter::once(known).chain(checks)
}

#[cfg(test)]
pub use tests::view;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::access::{OrganizationId, UserId};
    use crate::catalogue::{Product, ProductId, ScopeSet};
    use crate::gate::usage::counter::Counter;
    use crate::gate::view::{Owner, Tenant};
    use crate::tokens::{Ranges, Standing, TokenId};

    fn now() -> DateTime<Utc> {
        "2026-11-22T14:00:00Z".parse().unwrap()
    }

    pub fn view() -> View {
        View {
            token: TokenId::new(now()),
            rights: 0,
            tenant: Arc::new(Tenant {
                id: OrganizationId::new(now()),
                name: "Northwind".into(),
                slug: "northwind".into(),
            }),
            name: "Okta".into(),
            standing: Standing::Active,
            expires_at: None,
            secret_created_at: now(),
            secret_retires_at: None,
            secret_is_retired: false,
            ranges: Ranges::default(),
            scopes: Some(ScopeSet::of(&[Scope::ConnectRead])),
            product: None,
            owner: None,
            counter: Counter::default(),
        }
    }

    fn owner(is_active: bool) -> Owner {
        Owner {
            user: UserId::new(now()),
            email: "ada@northwind.example".into(),
            is_active,
        }
    }

    fn request() -> Request<'static> {
        Request {
            address: Some("203.0.113.9".parse().unwrap()),
            product: Some("prod"),
            need: Need::Scope(Scope::ConnectRead),
        }
    }

    fn storefront() -> Arc<Product> {
        Arc::new(Product {
            id: ProductId::from(Uuid::nil()),
            name: "Other".into(),
            key: "other".into(),
        })
    }

    type Worsen = fn(&mut View);

    /// Each of these makes a view worse by one reason, in the order in which they are checked.
    const REASONS: [(Code, Worsen); 8] = [
        (Code::Revoked, |view| view.standing = Standing::Revoked),
        (Code::Expired, |view| view.expires_at = Some(now())),
        (Code::Disabled, |view| view.standing = Standing::Disabled),
        (Code::Retired, |view| view.secret_retires_at = Some(now())),
        (Code::OwnerInactive, |view| {
            view.owner = Some(owner(false).into());
        }),
        (Code::IpNotAllowed, |view| {
            view.ranges = Ranges::parse("198.51.100.0/24").unwrap();
        }),
        (Code::WrongProduct, |view| view.product = Some(storefront())),
        (Code::InsufficientScope, |view| {
            view.scopes = Some(ScopeSet::of(&[Scope::AdminScim]));
        }),
    ];

    #[test]
    fn each_reason_alone_is_told() {
        assert_eq!(decide(None, &request(), now()), Code::Unknown);
        assert_eq!(decide(Some(&view()), &request(), now()), Code::Valid);
        for (code, worsen) in REASONS {
            let mut view = view();
            worsen(&mut view);
            assert_eq!(decide(Some(&view), &request(), now()), code);
        }
    }

    #[test]
    fn of_two_reasons_the_earlier_is_told() {
        for (first, (code, worsen)) in REASONS.iter().enumerate() {
            for (later, worsen_too) in &REASONS[first + 1..] {
                let mut view = view();
                worsen_too(&mut view);
                worsen(&mut view);
                // A token is revoked or disabled, not both.
                if (*code, *later) == (Code::Revoked, Code::Disabled) {
                    view.standing = Standing::Revoked;
                }
                assert_eq!(
                    decide(Some(&view), &request(), now()),
                    *code,
                    "before {later}"
                );
            }
        }
    }

    #[test]
    fn what_no_operation_matches_is_denied_last() {
        let unmatched = Request {
            need: Need::Unknown,
            ..request()
        };
        let mut view = view();
        assert_eq!(
            decide(Some(&view), &unmatched, now()),
            Code::UnknownResource
        );
        view.product = Some(storefront());
        assert_eq!(decide(Some(&view), &unmatched, now()), Code::WrongProduct);
    }

    fn outcomes(view: Option<&View>, request: &Request<'_>) -> Vec<(&'static str, Outcome)> {
        let checks = explain(view, request, now());
        checks
            .map(|checked| (checked.name, checked.outcome))
            .collect()
    }

    #[test]
    fn the_explanation_names_all_checks_in_order() {
        use Outcome::*;
        let names = [
            "known",
            "not_revoked",
            "not_expired",
            "enabled",
            "secret_in_use",
            "owner_active",
            "address",
            "product",
            "scope",
            "resource",
        ];
        let with = |outcomes: [Outcome; 10]| names.into_iter().zip(outcomes).collect::<Vec<_>>();
        let never_issued = outcomes(None, &request());
        let mut expected = [NotReached; 10];
        expected[0] = Failed;
        assert_eq!(never_issued, with(expected));
        assert_eq!(outcomes(Some(&view()), &request()), with([Passed; 10]));
        let alone = Request {
            address: None,
            product: None,
            need: Need::Nothing,
        };
        let mut expected = [Passed; 10];
        expected[6..].fill(NotAsked);
        assert_eq!(outcomes(Some(&view()), &alone), with(expected));
    }

    #[test]
    fn the_decision_is_the_explanations_one_failure() {
        for (at, (code, worsen)) in REASONS.iter().enumerate() {
            let mut view = view();
            for (_, worsen_too) in REASONS[at + 1..].iter().rev() {
                worsen_too(&mut view);
            }
            worsen(&mut view);
            let checks: Vec<Checked> = explain(Some(&view), &request(), now()).collect();
            let failed = checks
                .iter()
                .position(|it| it.outcome == Outcome::Failed)
                .unwrap();
            assert_eq!(checks[failed].code, decide(Some(&view), &request(), now()));
            assert_eq!(checks[failed].code, *code);
            let (before, after) = (&checks[..failed], &checks[failed + 1..]);
            assert!(before.iter().all(|it| it.outcome == Outcome::Passed));
            assert!(after.iter().all(|it| it.outcome == Outcome::NotReached));
        }
    }

    #[test]
    fn a_token_works_for_as_long_as_its_owner_is_active() {
        let mut view = view();
        view.owner = Some(owner(true).into());
        assert_eq!(decide(Some(&view), &request(), now()), Code::Valid);
    }

    #[test]
    fn time_based_ends_are_exact() {
        let mut view = view();
        view.expires_at = Some(now() + TimeDelta::microseconds(1));
        view.secret_retires_at = view.expires_at;
        assert_eq!(decide(Some(&view), &request(), now()), Code::Valid);
        let then = now() + TimeDelta::microseconds(1);
        assert_eq!(decide(Some(&view), &request(), then), Code::Expired);
    }

    #[test]
    fn what_is_not_asked_is_not_checked() {
        let mut view = view();
        view.product = Some(storefront());
        view.ranges = Ranges::parse("198.51.100.0/24").unwrap();
        view.scopes = Some(ScopeSet::default());
        let request = Request {
            address: None,
            product: None,
            need: Need::Nothing,
        };
        assert_eq!(decide(Some(&view), &request, now()), Code::Valid);
    }

    #[test]
    fn a_token_without_scopes_counts_as_all() {
        let mut view = view();
        view.scopes = None;
        for scope in Scope::ALL {
            let request = Request {
                need: Need::Scope(*scope),
                ..request()
            };
            assert_eq!(decide(Some(&view), &request, now()), Code::Valid);
        }
    }
}
