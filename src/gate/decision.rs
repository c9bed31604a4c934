//! The decision: a pure function of what is known of a token, what is asked of it, and now.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::access::{OrganizationId, UserId};
use crate::catalogue::{Product, Scope, ScopeSet};
use crate::db::types::text_enum;
use crate::tokens::{Ranges, Standing, Status, TokenId};

text_enum! {
    /// The gate's answer, in the order of its checks: the first that fails.
    Code {
        Missing = "missing",
        Unknown = "unknown",
        Revoked = "revoked",
        Expired = "expired",
        Disabled = "disabled",
        Retired = "retired",
        OwnerInactive = "owner_inactive",
        IpNotAllowed = "ip_not_allowed",
        WrongProduct = "wrong_product",
        InsufficientScope = "insufficient_scope",
        Valid = "valid",
    }
}

/// All that is known of the token that a secret belongs to.
#[derive(Clone, Debug)]
pub struct View {
    pub token: TokenId,
    pub organization: OrganizationId,
    pub organization_name: String,
    pub name: String,
    pub standing: Standing,
    pub expires_at: Option<DateTime<Utc>>,
    /// When this secret stops; `None` for the current one.
    pub secret_retires_at: Option<DateTime<Utc>>,
    pub ranges: Ranges,
    /// `None`: from before scopes existed; counts as `all`.
    pub scopes: Option<ScopeSet>,
    pub product: Option<Product>,
    /// Whose MCP token it is; `None` for an API token.
    pub owner: Option<Owner>,
}

/// The user to whom an MCP token belongs.
#[derive(Clone, Debug)]
pub struct Owner {
    pub user: UserId,
    pub email: String,
    /// Whether they are in the token's organisation, and not deactivated there.
    pub is_active: bool,
}

impl View {
    #[must_use]
    pub fn effective_scopes(&self) -> ScopeSet {
        self.scopes.unwrap_or(ScopeSet::of(&[Scope::All]))
    }
}

/// What is asked of a token.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub address: IpAddr,
    /// The key of the product that is asked for, if any.
    pub product: Option<&'a str>,
    /// What the operation needs, if anything.
    pub scope: Option<Scope>,
}

/// `view` is `None` for a secret that was never issued, or whose token was deleted.
#[must_use]
pub fn decide(view: Option<&View>, request: &Request<'_>, now: DateTime<Utc>) -> Code {
    let Some(view) = view else {
        return Code::Unknown;
    };
    match Status::of(view.standing, view.expires_at, now) {
        Status::Revoked => return Code::Revoked,
        Status::Expired => return Code::Expired,
        Status::Inactive => return Code::Disabled,
        Status::Active => {}
    }
    if view.secret_retires_at.is_some_and(|at| at <= now) {
        return Code::Retired;
    }
    if view.owner.as_ref().is_some_and(|owner| !owner.is_active) {
        return Code::OwnerInactive;
    }
    if !view.ranges.admit(request.address) {
        return Code::IpNotAllowed;
    }
    if let (Some(linked), Some(asked)) = (&view.product, request.product)
        && linked.key != asked
    {
        return Code::WrongProduct;
    }
    match request.scope {
        Some(scope) if !view.effective_scopes().allows(scope) => Code::InsufficientScope,
        _ => Code::Valid,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::catalogue::ProductId;

    fn now() -> DateTime<Utc> {
        "2026-11-22T14:00:00Z".parse().unwrap()
    }

    fn view() -> View {
        View {
            token: TokenId::new(now()),
            organization: OrganizationId::new(now()),
            organization_name: "Northwind".into(),
            name: "Okta".into(),
            standing: Standing::Active,
            expires_at: None,
            secret_retires_at: None,
            ranges: Ranges::default(),
            scopes: Some(ScopeSet::of(&[Scope::ConnectRead])),
            product: None,
            owner: None,
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
            address: "203.0.113.9".parse().unwrap(),
            product: Some("prod"),
            scope: Some(Scope::ConnectRead),
        }
    }

    fn storefront() -> Product {
        Product {
            id: ProductId::from(Uuid::nil()),
            name: "Other".into(),
            key: "other".into(),
        }
    }

    type Worsen = fn(&mut View);

    /// Each of these makes a view worse by one reason, in the order in which they are checked.
    const REASONS: [(Code, Worsen); 8] = [
        (Code::Revoked, |view| view.standing = Standing::Revoked),
        (Code::Expired, |view| view.expires_at = Some(now())),
        (Code::Disabled, |view| view.standing = Standing::Disabled),
        (Code::Retired, |view| view.secret_retires_at = Some(now())),
        (Code::OwnerInactive, |view| view.owner = Some(owner(false))),
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
    fn a_token_works_for_as_long_as_its_owner_is_active() {
        let mut view = view();
        view.owner = Some(owner(true));
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
        view.scopes = Some(ScopeSet::default());
        let request = Request {
            product: None,
            scope: None,
            ..request()
        };
        assert_eq!(decide(Some(&view), &request, now()), Code::Valid);
    }

    #[test]
    fn a_token_without_scopes_counts_as_all() {
        let mut view = view();
        view.scopes = None;
        for scope in Scope::ALL {
            let request = Request {
                scope: Some(*scope),
                ..request()
            };
            assert_eq!(decide(Some(&view), &request, now()), Code::Valid);
        }
    }
}
