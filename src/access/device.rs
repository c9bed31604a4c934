//! What somebody signs in with.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::{FromRequest, HttpRequest};
use serde::{Deserialize, Serialize};

use crate::web::Error;
use crate::web::client_address::ClientAddress;

/// Characters of a user agent that are kept.
const LONGEST: usize = 300;

/// The browser and the address that a session was begun from.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Device {
    pub user_agent: String,
    pub address: IpAddr,
}

impl FromRequest for Device {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let agent = request.headers().get(USER_AGENT);
        let agent = agent.and_then(|agent| agent.to_str().ok());
        ready(Ok(Self {
            user_agent: agent.unwrap_or_default().chars().take(LONGEST).collect(),
            address: ClientAddress::of(request).0,
        }))
    }
}

impl Device {
    /// `Firefox on Windows`, as far as the user agent tells. What stands first here wins, as most
    /// browsers also name those that they are like.
    #[must_use]
    pub fn name(&self) -> String {
        const BROWSERS: [(&str, &str); 7] = [
            ("Edg/", "Edge"),
            ("OPR/", "Opera"),
            ("SamsungBrowser/", "Samsung Internet"),
            ("Firefox/", "Firefox"),
            ("FxiOS/", "Firefox"),
            ("Chrome/", "Chrome"),
            ("Safari/", "Safari"),
        ];
        const SYSTEMS: [(&str, &str); 7] = [
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Android", "Android"),
            ("Windows", "Windows"),
            ("Macintosh", "macOS"),
            ("CrOS", "ChromeOS"),
            ("Linux", "Linux"),
        ];
        let named = |names: &[(&str, &'static str)]| {
            let found = names
                .iter()
                .find(|(sign, _)| self.user_agent.contains(sign));
            found.map(|(_, name)| *name)
        };
        match (named(&BROWSERS), named(&SYSTEMS)) {
            (Some(browser), Some(system)) => format!("{browser} on {system}"),
            (Some(name), None) | (None, Some(name)) => name.to_owned(),
            (None, None) => match self.user_agent.split(['/', ' ']).next() {
                Some(program) if !program.is_empty() => program.to_owned(),
                _ => "Unknown device".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_by_their_user_agents() {
        let named = |user_agent: &str| {
            let device = Device {
                user_agent: user_agent.to_owned(),
                address: "192.0.2.1".parse().unwrap(),
            };
            device.name()
        };
        for (user_agent, name) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.14.1", "curl"),
            ("", "Unknown device"),
        ] {
            assert_eq!(named(user_agent), name);
        }
    }
}
