//! Mail that Tokendesk sends, through a server that the operator names: plain text, a letter at a
//! time.

use std::fmt;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::time::timeout;
use url::{Host, Url};

use crate::secret::Plaintext;

/// How long somebody waits for the mail server.
const PATIENCE: Duration = Duration::from_secs(10);

/// With TLS from the first byte on, and with STARTTLS.
const PORTS: (u16, u16) = (465, 587);

/// The way to the mail server, and in whose name. Clones are the same way.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// There is a password in it.
impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailer(…)")
    }
}

/// A letter to one person. What stands in it may be for their eyes only.
#[derive(Debug)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub body: Plaintext,
}

/// Why a letter was not sent. Nothing of what the server says is told, as it may repeat what it
/// was sent.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("it cannot be addressed")]
    Address,
    #[error("the mail server refused with {0}")]
    Refused(u16),
    #[error("the mail server cannot be reached, or was not understood")]
    Unreachable,
    #[error("the mail server did not answer within {} s", PATIENCE.as_secs())]
    Silent,
}

impl Mailer {
    /// From `smtps://user:password@host:465`, where TLS comes first, or `smtp://host:587`, where
    /// it is asked for (STARTTLS) and has to come, except on this machine or with `?tls=none`.
    ///
    /// # Errors
    /// What to write instead. Nothing of what was written is in it.
    pub fn parse(url: &str, from: Mailbox) -> Result<Self, &'static str> {
        let url = Url::parse(url).ok().filter(Url::has_host).ok_or(SHAPE)?;
        let host = url.host_str().ok_or(SHAPE)?.trim_matches(['[', ']']);
        let tls = || TlsParameters::new(host.to_owned()).map_err(|_| SHAPE);
        let (tls, port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (Tls::Wrapper(tls()?), PORTS.0),
            ("smtp", Some("tls=none")) => (Tls::None, PORTS.1),
            ("smtp", None) if is_this_machine(&url) => (Tls::None, PORTS.1),
            ("smtp", None) => (Tls::Required(tls()?), PORTS.1),
            _ => return Err(SHAPE),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(SHAPE);
        }
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(url.port().unwrap_or(port))
            .tls(tls)
            .timeout(Some(PATIENCE));
        match (url.username(), url.password()) {
            ("", None) => {}
            (user, Some(password)) => {
                let credentials = Credentials::new(decoded(user)?, decoded(password)?);
                transport = transport.credentials(credentials);
            }
            (_, None) => return Err(SHAPE),
        }
        Ok(Self {
            transport: transport.build(),
            from,
        })
    }

    /// Returns when the mail server has taken it.
    ///
    /// # Errors
    /// Why it has not; that is known within ten seconds.
    pub async fn send(&self, letter: Letter) -> Result<(), Failure> {
        let to: Address = letter.to.parse().map_err(|_| Failure::Address)?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body.reveal().to_owned())
            .map_err(|_| Failure::Address)?;
        match timeout(PATIENCE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_timeout() => Err(Failure::Silent),
            Ok(Err(error)) => Err(error
                .status()
                .map_or(Failure::Unreachable, |code| Failure::Refused(code.into()))),
            Err(_) => Err(Failure::Silent),
        }
    }
}

const SHAPE: &str = "it is not of the form smtps://user:password@mail.example.com:465 or \
                     smtp://mail.example.com:587";

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        // Of a scheme that is not one of the web's, a host is a name whatever it looks like.
        Some(Host::Domain(name)) => {
            name == "localhost"
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// As URLs write what has a meaning in them: `%40` for `@`.
fn decoded(text: &str) -> Result<String, &'static str> {
    let bytes = percent_encoding::percent_decode_str(text);
    let text = bytes.decode_utf8().map_err(|_| SHAPE)?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_is_named_by_a_url() {
        let from: Mailbox = "Tokendesk <tokens@example.com>".parse().unwrap();
        let parse = |url: &str| Mailer::parse(url, from.clone());
        for good in [
            "smtps://tokens:p%40ss@mail.example.com",
            "smtps://mail.example.com:2465/",
            "smtp://mail.example.com",
            "smtp://mail:1025?tls=none",
            "smtp://user:password@127.0.0.1:2525",
            "smtp://[::1]:2525",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "mail.example.com",
            "https://mail.example.com",
            "smtps:mail",
            "smtps://mail.example.com/path",
            "smtps://mail.example.com?tls=none",
            "smtp://mail.example.com?tls=some",
            "smtps://user:%ff@mail.example.com",
            "smtps://user@mail.example.com",
        ] {
            assert_eq!(parse(bad).err(), Some(SHAPE), "{bad}");
        }
        let shown = format!("{:?}", parse("smtps://tokens:hunter2@mail.example.com"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
