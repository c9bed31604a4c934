//! What proxies say of a request: method, target and the client's address. Whatever the client
//! sent along, a second reading agrees, and only a trusted hop vouches for the next.

#![no_main]

use std::net::IpAddr;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tokendesk::api::forward::original::Original;
use tokendesk::web::client_address::ClientAddress;

const TRUSTED: [&str; 2] = ["10.0.0.0/8", "fd00::/8"];

#[derive(Arbitrary, Debug)]
struct Asked<'a> {
    peer: Hop,
    sent: Vec<(Name, &'a [u8])>,
    hops: Vec<Vec<Hop>>,
}

#[derive(Arbitrary, Clone, Copy, Debug, Eq, PartialEq)]
enum Name {
    ForwardedMethod,
    ForwardedUri,
    OriginalMethod,
    OriginalUri,
    ForwardedFor,
    Version,
    RpcMethod,
    Tool,
}

/// An address as a proxy writes it.
#[derive(Arbitrary, Debug)]
struct Hop {
    address: Address,
    dress: Dress,
}

#[derive(Arbitrary, Debug)]
enum Address {
    /// One of a proxy's, `TRUSTED`.
    Proxy(u8, bool),
    Any(IpAddr),
}

#[derive(Arbitrary, Debug)]
enum Dress {
    Plain,
    Mapped,
    Port(u16),
    Brackets,
    Spaces,
    Nonsense,
}

impl Address {
    fn ip(&self) -> IpAddr {
        match self {
            Self::Proxy(last, false) => [10, 0, 0, *last].into(),
            Self::Proxy(last, true) => [0xfd00, 0, 0, 0, 0, 0, 0, u16::from(*last)].into(),
            Self::Any(address) => *address,
        }
    }
}

impl Hop {
    fn ip(&self) -> IpAddr {
        match (&self.dress, self.address.ip()) {
            (Dress::Mapped, IpAddr::V4(address)) => address.to_ipv6_mapped().into(),
            (_, address) => address,
        }
    }

    fn write(&self) -> String {
        match (&self.dress, self.ip()) {
            (Dress::Port(port), address) => std::net::SocketAddr::new(address, *port).to_string(),
            (Dress::Brackets, address) => format!("[{address}]"),
            (Dress::Spaces, address) => format!(" {address}\t"),
            (Dress::Nonsense, address) => format!("for={address}"),
            (_, address) => address.to_string(),
        }
    }

    /// Whom it names, if that can be understood.
    fn named(&self) -> Option<IpAddr> {
        (!matches!(self.dress, Dress::Nonsense)).then(|| self.ip().to_canonical())
    }
}

impl Name {
    fn text(self) -> &'static str {
        match self {
            Self::ForwardedMethod => "x-forwarded-method",
            Self::ForwardedUri => "x-forwarded-uri",
            Self::OriginalMethod => "x-original-method",
            Self::OriginalUri => "x-original-uri",
            Self::ForwardedFor => "x-forwarded-for",
            Self::Version => "mcp-protocol-version",
            Self::RpcMethod => "mcp-method",
            Self::Tool => "mcp-name",
        }
    }
}

/// What was asked: all four headers counted and looked at together.
fn check_original(headers: &HeaderMap) {
    let values = |name: Name| headers.get_all(name.text()).collect::<Vec<_>>();
    let all = [
        values(Name::ForwardedMethod),
        values(Name::ForwardedUri),
        values(Name::OriginalMethod),
        values(Name::OriginalUri),
    ];
    let text = |value: &[&HeaderValue]| value[0].to_str().map(str::to_owned);
    let [
        forwarded_method,
        forwarded_uri,
        original_method,
        original_uri,
    ] = &all;
    let expected = match all.each_ref().map(Vec::len) {
        [0, 0, 0, 0] => None,
        [1, 1, 0, 0] => Some((text(forwarded_method), text(forwarded_uri))),
        [0, 0, 1, 1] => Some((text(original_method), text(original_uri))),
        _ => {
            assert_eq!(Original::of_headers(headers), Original::Contradictory);
            return;
        }
    };
    let found = Original::of_headers(headers);
    match (
        &expected,
        tool([Name::Version, Name::RpcMethod, Name::Tool].map(values)),
    ) {
        (None, _) => assert_eq!(found, Original::Nothing),
        (Some((Ok(method), Ok(target))), Some(tool)) => {
            let tool = tool.as_deref();
            assert_eq!(
                found,
                Original::Request {
                    method,
                    target,
                    tool
                }
            );
        }
        (Some(_), _) => assert_eq!(found, Original::Contradictory),
    }
    let is_silent = all.iter().all(Vec::is_empty);
    assert_eq!(Original::untrusted(headers) == Original::Nothing, is_silent);
}

/// The tool that is called, if any; `None` where that cannot be told.
fn tool(headers: [Vec<&HeaderValue>; 3]) -> Option<Option<String>> {
    let [version, method, name] = headers.map(|values| match values.as_slice() {
        [] => Some(None),
        [value] => value.to_str().ok().map(|text| Some(text.to_owned())),
        _ => None,
    });
    let (version, method, name) = (version?, method?, name?);
    let is_call = method.as_deref() == Some("tools/call");
    Some(name.filter(|_| is_call && version.is_some_and(|version| *version >= *"2026-07-28")))
}

/// Hops in the order of the headers, the nearest last.
fn check_address(peer: IpAddr, hops: &[Hop], headers: &HeaderMap) {
    let trusted = TRUSTED.map(|network| network.parse::<IpNet>().unwrap());
    let vouches = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    // Each is known if all that are nearer are trusted, and say who it is.
    let mut known = vec![peer.to_canonical()];
    known.extend(hops.iter().rev().map_while(Hop::named));
    let nearer = known.iter().take_while(|address| vouches(address)).count();
    let expected = known[nearer.min(known.len() - 1)];
    let ClientAddress(found) = ClientAddress::behind(peer, headers, &trusted);
    assert_eq!(found, expected);
    assert_eq!(found, found.to_canonical());
}

fuzz_target!(|asked: Asked<'_>| {
    let mut headers = HeaderMap::new();
    let mut is_wild = false;
    for (name, value) in &asked.sent {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(HeaderName::from_static(name.text()), value);
            is_wild |= *name == Name::ForwardedFor;
        }
    }
    check_original(&headers);
    let peer = asked.peer.ip();
    if is_wild {
        // No more than that somebody is found, and the peer if it is not trusted.
        let trusted = TRUSTED.map(|network| network.parse::<IpNet>().unwrap());
        let ClientAddress(found) = ClientAddress::behind(peer, &headers, &trusted);
        let canonical = peer.to_canonical();
        let is_trusted = trusted.iter().any(|network| network.contains(&canonical));
        assert!(is_trusted || found == canonical);
        return;
    }
    for hops in &asked.hops {
        let line: Vec<String> = hops.iter().map(Hop::write).collect();
        let value = HeaderValue::try_from(line.join(",")).unwrap();
        headers.append(HeaderName::from_static("x-forwarded-for"), value);
    }
    // An empty line is a hop that names nobody.
    if asked.hops.iter().all(|hops| !hops.is_empty()) {
        let hops: Vec<Hop> = asked.hops.into_iter().flatten().collect();
        check_address(peer, &hops, &headers);
    }
});
