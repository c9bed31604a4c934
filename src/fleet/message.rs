//! What is said on the channel.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::secret::Digest;

pub const CHANNEL: &str = "tokendesk";

/// What is not as it was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// A secret, or the token it belongs to.
    Secret(Digest),
    /// Something that many of an organisation's tokens depend on.
    Organization(Uuid),
    Everything,
}

/// A notification's payload.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message {
    Changed(Change),
    /// Asks each instance to say that it has heard all that was said before.
    Barrier(Uuid),
    /// An instance has heard all that was said before a barrier.
    Heard {
        barrier: Uuid,
        instance: Uuid,
    },
    /// An instance hears itself renew its lease, for the so-manieth time.
    Renewal {
        instance: Uuid,
        number: u64,
    },
}

/// A payload that this version does not know: perhaps of a newer one, so that nothing can be
/// said of what it changed.
#[derive(Debug, Eq, PartialEq)]
pub struct Unknown;

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed(Change::Secret(digest)) => {
                f.write_str("secret:")?;
                digest
                    .as_bytes()
                    .iter()
                    .try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Changed(Change::Organization(id)) => write!(f, "organization:{id}"),
            Self::Changed(Change::Everything) => f.write_str("*"),
            Self::Barrier(id) => write!(f, "barrier:{id}"),
            Self::Heard { barrier, instance } => write!(f, "heard:{barrier}:{instance}"),
            Self::Renewal { instance, number } => write!(f, "renewal:{instance}:{number}"),
        }
    }
}

impl FromStr for Message {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        let id = |text: &str| text.parse::<Uuid>().map_err(|_| Unknown);
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match (kind, rest.split_once(':')) {
            ("*", None) => Ok(Self::Changed(Change::Everything)),
            ("secret", None) => {
                let digest = Digest::from_hex(rest).ok_or(Unknown)?;
                Ok(Self::Changed(Change::Secret(digest)))
            }
            ("organization", None) => Ok(Self::Changed(Change::Organization(id(rest)?))),
            ("barrier", None) => Ok(Self::Barrier(id(rest)?)),
            ("heard", Some((barrier, instance))) => Ok(Self::Heard {
                barrier: id(barrier)?,
                instance: id(instance)?,
            }),
            ("renewal", Some((instance, number))) => Ok(Self::Renewal {
                instance: id(instance)?,
                number: number.parse().map_err(|_| Unknown)?,
            }),
            _ => Err(Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(u128::MAX));
        for message in [
            Message::Changed(Change::Secret(Digest::of("secret"))),
            Message::Changed(Change::Organization(one)),
            Message::Changed(Change::Everything),
            Message::Barrier(one),
            Message::Heard {
                barrier: one,
                instance: other,
            },
            Message::Renewal {
                instance: other,
                number: u64::MAX,
            },
        ] {
            assert_eq!(message.to_string().parse(), Ok(message));
        }
        for nonsense in [
            "",
            "x",
            "secret:",
            "secret:00",
            "secret:zz",
            "barrier:1:2",
            "*:",
        ] {
            assert_eq!(nonsense.parse::<Message>(), Err(Unknown), "{nonsense}");
        }
    }
}
