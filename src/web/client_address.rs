//! Who is really at the other end, when proxies stand between.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv6Addr};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{Error, state};
use crate::config::Config;

/// The client's address: the connection's, or what trusted proxies say it is. Never an
/// IPv4-mapped IPv6 address.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ClientAddress(pub IpAddr);

const UNKNOWN: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

impl ClientAddress {
    /// Of whoever sent the request.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let trusted = &state::<Config>(request).trusted_proxies;
        Self::behind(peer(request), request.headers(), trusted)
    }

    /// Of whoever the request comes from that the peer sent.
    #[must_use]
    pub fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        Self(client(peer, headers, trusted))
    }

    /// The network that counts as one source: the IPv4 /24 or IPv6 /48.
    #[must_use]
    pub fn network(self) -> IpNet {
        self.truncated(24, 48)
    }

    /// What one subscriber usually has: the IPv4 address or IPv6 /64.
    #[must_use]
    pub fn subscriber(self) -> IpNet {
        self.truncated(32, 64)
    }

    fn truncated(self, v4: u8, v6: u8) -> IpNet {
        match self.0 {
            IpAddr::V4(address) => Ipv4Net::new_assert(address, v4).trunc().into(),
            IpAddr::V6(address) => Ipv6Net::new_assert(address, v6).trunc().into(),
        }
    }
}

impl FromRequest for ClientAddress {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// Whether a proxy sent the request whose word counts.
#[must_use]
pub fn is_from_proxy(request: &HttpRequest) -> bool {
    let trusted = &state::<Config>(request).trusted_proxies;
    is_trusted(peer(request).to_canonical(), trusted)
}

fn peer(request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr();
    peer.map_or(UNKNOWN, |peer| peer.ip())
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// Walks `X-Forwarded-For` from the right, the nearest hop first, for as long as the hop
/// that vouches for the next is trusted. What a client wrote itself stands further left
/// and is never reached. Of whom a proxy says nothing that can be read, nothing is known: they
/// are not the proxy.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut client = peer.to_canonical();
    if !is_trusted(client, trusted) {
        return client;
    }
    let hops: Vec<&[u8]> = headers
        .get_all("x-forwarded-for")
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .collect();
    for hop in hops.into_iter().rev() {
        if !is_trusted(client, trusted) {
            break;
        }
        let address = str::from_utf8(hop).ok().and_then(address_of);
        client = address.unwrap_or(UNKNOWN).to_canonical();
    }
    client
}

/// An address, also with a port: `203.0.113.9:4711`, `[2001:db8::1]:4711`.
fn address_of(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    hop.parse()
        .or_else(|_| hop.parse().map(|socket: std::net::SocketAddr| socket.ip()))
        .or_else(|_| hop.trim_matches(['[', ']']).parse())
        .ok()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let forwarded: Vec<&[u8]> = forwarded.iter().map(|value| value.as_bytes()).collect();
        seen_of_bytes(peer, &forwarded, trusted)
    }

    fn seen_of_bytes(peer: &str, forwarded: &[&[u8]], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(
                HeaderName::from_static("x-forwarded-for"),
                HeaderValue::from_bytes(value).unwrap(),
            );
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_forwarded_address_counts_from_trusted_proxies_only() {
        let direct = seen("198.51.100.7", &["10.9.9.9"], &["10.0.0.0/8"]);
        assert_eq!(direct, "198.51.100.7");
        let proxied = seen("10.0.0.1", &["198.51.100.7"], &["10.0.0.0/8"]);
        assert_eq!(proxied, "198.51.100.7");
    }

    #[test]
    fn what_the_client_wrote_itself_is_not_believed() {
        let forwarded = ["192.0.2.66, 198.51.100.7", "10.0.0.2"];
        assert_eq!(
            seen("10.0.0.1", &forwarded, &["10.0.0.0/8"]),
            "198.51.100.7"
        );
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_understood() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(
            seen("10.0.0.1", &["[2001:db8::1]:99"], &trusted),
            "2001:db8::1"
        );
        assert_eq!(
            seen("10.0.0.1", &["203.0.113.9:4711"], &trusted),
            "203.0.113.9"
        );
        assert_eq!(
            seen("::ffff:10.0.0.1", &["::ffff:203.0.113.9"], &trusted),
            "203.0.113.9"
        );
    }

    #[test]
    fn whoever_is_unknown_is_not_the_proxy() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(seen("10.0.0.1", &[], &trusted), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["unknown"], &trusted), "::");
        assert_eq!(seen("10.0.0.1", &["10.0.0.9, "], &trusted), "::");
        assert_eq!(seen_of_bytes("10.0.0.1", &[b"\xff"], &trusted), "::");
    }

    #[test]
    fn what_cannot_be_read_hides_nobody_behind_it() {
        let trusted = ["10.0.0.0/8"];
        for forwarded in [&b"\xff, 203.0.113.9"[..], b"10.0.0.2 \xff,203.0.113.9 "] {
            let seen = seen_of_bytes("10.0.0.1", &[forwarded], &trusted);
            assert_eq!(seen, "203.0.113.9");
        }
    }

    #[test]
    fn networks_are_truncated() {
        let v4 = ClientAddress("203.0.113.9".parse().unwrap());
        let v6 = ClientAddress("2001:db8:40:1:2::3".parse().unwrap());
        assert_eq!(v4.network().to_string(), "203.0.113.0/24");
        assert_eq!(v6.network().to_string(), "2001:db8:40::/48");
        assert_eq!(v6.subscriber().to_string(), "2001:db8:40:1::/64");
    }
}
