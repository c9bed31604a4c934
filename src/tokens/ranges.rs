//! Allowed IP ranges.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

/// Up to 100 IPv4 or IPv6 networks, without repetition; none means any address. An
/// IPv4-mapped IPv6 network is kept as its IPv4 network.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ranges(Box<[IpNet]>);

const MOST: usize = 100;
/// One bad paste must not make a page of errors.
const MOST_ERRORS: usize = 10;

impl Ranges {
    /// Reads addresses and CIDRs, separated by line breaks, commas or spaces.
    ///
    /// # Errors
    /// A sentence for each that cannot be read.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut networks = Vec::new();
        let mut errors = Vec::new();
        for part in text
            .split(|c: char| c == ',' || c == ';' || c.is_whitespace())
            .filter(|part| !part.is_empty())
        {
            if networks.len() > MOST || errors.len() >= MOST_ERRORS {
                break;
            }
            match network(part) {
                Ok(network) if networks.contains(&network) => {}
                Ok(network) => networks.push(network),
                Err(error) => errors.push(error),
            }
        }
        if networks.len() > MOST {
            errors.push(format!(
                "Use at most {MOST} ranges. Larger ranges may cover several."
            ));
        }
        if errors.is_empty() {
            Ok(Self(networks.into()))
        } else {
            Err(errors)
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn as_slice(&self) -> &[IpNet] {
        &self.0
    }

    /// Whether a client with this address may use the token.
    #[must_use]
    pub fn admit(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.is_empty() || self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether each address that the others admit is admitted by one of these.
    #[must_use]
    pub fn cover(&self, others: &Self) -> bool {
        let covered = |other: &IpNet| self.0.iter().any(|own| own.contains(other));
        self.is_empty() || !others.is_empty() && others.0.iter().all(covered)
    }

    /// One a line, as a person would write them: a single address without its length.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.iter().map(shown).collect()
    }
}

impl From<Vec<IpNet>> for Ranges {
    fn from(networks: Vec<IpNet>) -> Self {
        Self(networks.into())
    }
}

fn shown(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let network = read(text).ok_or_else(|| {
        format!("“{text}” is not an IP address or CIDR range, such as 203.0.113.0/24.")
    })?;
    let network = unmapped(network);
    let canonical = network.trunc();
    if network != canonical {
        return Err(format!(
            "“{text}” has bits set beyond its length. Did you mean {canonical}?"
        ));
    }
    Ok(network)
}

/// The address is read as the standard library reads it: `010.0.0.0`, which others take for
/// `8.0.0.0`, is none.
fn read(text: &str) -> Option<IpNet> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let Some(length) = length else {
        return Some(address.into());
    };
    let is_plain =
        length.bytes().all(|b| b.is_ascii_digit()) && !length.starts_with('0') || length == "0";
    let length = length.parse().ok().filter(|_| is_plain)?;
    IpNet::new(address, length).ok()
}

/// `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else {
        return network;
    };
    match (v6.addr().to_ipv4_mapped(), v6.prefix_len()) {
        (Some(address), length @ 96..) => {
            Ipv4Net::new(address, length - 96).map_or(network, IpNet::V4)
        }
        _ => network,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Vec<String> {
        Ranges::parse(text).unwrap().lines()
    }

    #[test]
    fn addresses_and_cidrs_are_read_one_a_line_or_otherwise() {
        assert_eq!(
            parsed("203.0.113.0/24\r\n2001:db8:40::/48, 198.51.100.7\n\n203.0.113.0/24"),
            ["203.0.113.0/24", "2001:db8:40::/48", "198.51.100.7"]
        );
        assert!(parsed(" \n ").is_empty());
    }

    #[test]
    fn mapped_addresses_are_ipv4() {
        assert_eq!(parsed("::ffff:10.1.2.3"), ["10.1.2.3"]);
        assert_eq!(parsed("::ffff:10.0.0.0/104"), ["10.0.0.0/8"]);
        let ranges = Ranges::parse("10.0.0.0/8").unwrap();
        assert!(ranges.admit("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!ranges.admit("::ffff:11.1.2.3".parse().unwrap()));
    }

    #[test]
    fn host_bits_are_refused_with_what_was_probably_meant() {
        let errors = Ranges::parse("10.1.2.3/8\nnonsense").unwrap_err();
        assert!(
            errors[0].ends_with("Did you mean 10.0.0.0/8?"),
            "{errors:?}"
        );
        assert!(errors[1].contains("“nonsense”"));
    }

    #[test]
    fn what_others_read_as_something_else_is_refused() {
        for text in [
            "010.0.0.0/8",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "1:2:3:4:5:6:7::8/128",
        ] {
            assert!(Ranges::parse(text).is_err(), "{text}");
        }
        assert_eq!(parsed("0.0.0.0/0 ::/0"), ["0.0.0.0/0", "::/0"]);
    }

    #[test]
    fn no_ranges_admit_any_address() {
        assert!(Ranges::default().admit("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn at_most_100_are_taken() {
        let many = |n: u32| {
            (0..n)
                .map(|i| format!("10.0.{i}.0/24"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert!(Ranges::parse(&many(100)).is_ok());
        assert!(Ranges::parse(&many(101)).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_canonical(text in "[0-9a-f.:/ ]{0,60}") {
            if let Ok(ranges) = Ranges::parse(&text) {
                let again = Ranges::parse(&ranges.lines().join("\n"));
                prop_assert_eq!(again, Ok(ranges.clone()));
                for network in ranges.as_slice() {
                    prop_assert_eq!(network.trunc(), *network);
                    prop_assert!(ranges.admit(network.addr()));
                }
            }
        }
    }
}
