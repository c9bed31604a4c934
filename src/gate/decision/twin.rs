//! A second implementation of the decision, written from its description and as plainly as can
//! be, against which the first is tried. It shares no rule with it: not of status, ranges or
//! scopes.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::{Code, Need, Outcome, Request, decide, explain};
use crate::access::{OrganizationId, UserId};
use crate::catalogue::{Product, ProductId, Scope};
use crate::gate::usage::counter::Counter;
use crate::gate::view::{Owner, Tenant, View};
use crate::tokens::{Ranges, Standing, TokenId};

fn twin(view: Option<&View>, request: &Request<'_>, now: DateTime<Utc>) -> Code {
    let Some(view) = view else {
        return Code::Unknown;
    };
    if view.standing == Standing::Revoked {
        return Code::Revoked;
    }
    if let Some(end) = view.expires_at
        && now >= end
    {
        return Code::Expired;
    }
    if view.standing == Standing::Disabled {
        return Code::Disabled;
    }
    if view.secret_is_retired {
        return Code::Retired;
    }
    if let Some(end) = view.secret_retires_at
        && now >= end
    {
        return Code::Retired;
    }
    if let Some(owner) = &view.owner
        && !owner.is_active
    {
        return Code::OwnerInactive;
    }
    if let Some(address) = request.address {
        let ranges = view.ranges.lines();
        if !ranges.is_empty() && !ranges.iter().any(|range| holds(range, address)) {
            return Code::IpNotAllowed;
        }
    }
    if let (Some(asked), Some(linked)) = (request.product, &view.product)
        && asked != linked.key
    {
        return Code::WrongProduct;
    }
    match request.need {
        Need::Scope(needed) if !may(view, needed.as_str()) => Code::InsufficientScope,
        Need::Unknown => Code::UnknownResource,
        Need::Scope(_) | Need::Nothing => Code::Valid,
    }
}

/// Bit by bit, as written: `198.51.100.0/24`, or an address alone.
fn holds(range: &str, address: IpAddr) -> bool {
    let (network, length) = match range.split_once('/') {
        Some((network, length)) => (network, length.parse().unwrap()),
        None => (range, 128),
    };
    let (network, address) = (bits(network.parse().unwrap()), bits(address));
    network.len() == address.len()
        && network
            .chars()
            .zip(address.chars())
            .take(length)
            .all(|(one, other)| one == other)
}

fn bits(address: IpAddr) -> String {
    let v6 = match address {
        IpAddr::V4(address) => return format!("{:032b}", address.to_bits()),
        IpAddr::V6(address) => format!("{:0128b}", address.to_bits()),
    };
    // ::ffff:198.51.100.7 is 198.51.100.7.
    let mapped = "0".repeat(80) + &"1".repeat(16);
    v6.strip_prefix(&mapped).map_or(v6.clone(), str::to_owned)
}

fn may(view: &View, needed: &str) -> bool {
    let Some(scopes) = view.scopes else {
        return true;
    };
    let given = scopes.names();
    let wider = match needed {
        "admin:read" | "admin:scim" => &["admin:write"][..],
        "connect:read" => &["connect:write"],
        "widgets:read" => &["widgets:write"],
        _ => &[],
    };
    given.contains(&"all")
        || given.contains(&needed)
        || wider.iter().any(|scope| given.contains(scope))
}

fn now() -> DateTime<Utc> {
    "2026-11-22T14:00:00Z".parse().unwrap()
}

/// Often the very instant.
fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (-2..=2_i64).prop_map(|off| now() + TimeDelta::microseconds(off))
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(bits.into())),
        (0..4_u32).prop_map(|last| IpAddr::V4((0xC633_6400 | last).into())),
        any::<u128>().prop_map(|bits| IpAddr::V6(bits.into())),
        (0..4_u128).prop_map(|last| IpAddr::V6((0xFFFF_C633_6400 | last).into())),
        (0..4_u128).prop_map(|last| IpAddr::V6((0x2001_0db8 << 96 | last).into())),
    ]
}

fn range() -> impl Strategy<Value = String> {
    let network = (address(), 0..=128_u8).prop_map(|(address, length)| {
        let most = if address.is_ipv4() { 32 } else { 128 };
        let network = ipnet::IpNet::new(address, length.min(most)).unwrap();
        network.trunc().to_string()
    });
    prop_oneof![network, address().prop_map(|address| address.to_string())]
}

fn ranges() -> impl Strategy<Value = Ranges> {
    let lines = prop::collection::vec(range(), 0..4);
    lines.prop_map(|lines| Ranges::parse(&lines.join("\n")).unwrap_or_default())
}

fn product() -> impl Strategy<Value = Product> {
    prop::sample::select(vec!["app", "shop"]).prop_map(|key| Product {
        id: ProductId::from(Uuid::nil()),
        name: key.to_owned(),
        key: key.to_owned(),
    })
}

fn owner() -> impl Strategy<Value = Owner> {
    prop::bool::weighted(0.8).prop_map(|is_active| Owner {
        user: UserId::new(now()),
        email: "ada@northwind.example".to_owned(),
        is_active,
    })
}

fn standing() -> impl Strategy<Value = Standing> {
    prop_oneof![
        6 => Just(Standing::Active),
        1 => Just(Standing::Disabled),
        1 => Just(Standing::Revoked),
    ]
}

fn scope() -> impl Strategy<Value = Scope> {
    prop::sample::select(Scope::ALL)
}

fn view() -> impl Strategy<Value = View> {
    let end = || prop::option::weighted(0.3, instant());
    let parts = (
        standing(),
        end(),
        (end(), prop::bool::weighted(0.1)),
        ranges(),
        prop::option::of(prop::collection::vec(scope(), 0..4)),
        prop::option::of(product()),
        prop::option::of(owner()),
    );
    parts.prop_map(
        |(
            standing,
            expires_at,
            (secret_retires_at, secret_is_retired),
            ranges,
            scopes,
            product,
            owner,
        )| View {
            token: TokenId::new(now()),
            rights: 0,
            tenant: Arc::new(Tenant {
                id: OrganizationId::new(now()),
                name: "Northwind".to_owned(),
                slug: "northwind".to_owned(),
            }),
            name: "Okta".into(),
            standing,
            expires_at,
            secret_created_at: now(),
            secret_retires_at,
            secret_is_retired,
            ranges,
            scopes: scopes.map(|scopes| scopes.into_iter().collect()),
            product: product.map(Arc::new),
            owner: owner.map(Box::new),
            counter: Counter::default(),
        },
    )
}

fn request() -> impl Strategy<Value = Request<'static>> {
    let need = prop_oneof![
        1 => Just(Need::Nothing),
        1 => Just(Need::Unknown),
        4 => scope().prop_map(Need::Scope),
    ];
    let product = prop::option::of(prop::sample::select(vec!["app", "shop", "App", ""]));
    let parts = (prop::option::of(address()), product, need);
    parts.prop_map(|(address, product, need)| Request {
        address,
        product,
        need,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn both_decide_the_same(
        view in prop::option::weighted(0.98, view()),
        request in request(),
        now in instant(),
    ) {
        let code = decide(view.as_ref(), &request, now);
        prop_assert_eq!(code, twin(view.as_ref(), &request, now));
        let failed = explain(view.as_ref(), &request, now)
            .filter(|checked| checked.outcome == Outcome::Failed)
            .map(|checked| checked.code);
        let expected: Vec<Code> = Some(code).into_iter().filter(|it| *it != Code::Valid).collect();
        prop_assert_eq!(failed.collect::<Vec<_>>(), expected);
    }
}
