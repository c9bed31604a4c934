//! Invitations that nobody has accepted yet: a link that makes whoever opens it a member, once
//! and for seven days. Making and accepting one is `identity`'s.

pub mod queries;

use chrono::{DateTime, Utc};

pub use queries::Pending;

use crate::config::{Config, PublicUrl};
use crate::mail::{self, Letter};
use crate::secret::Plaintext;
use crate::web::format;

/// An invitation that was just made, with the code that is in its link and nowhere else.
pub struct Invited {
    pub invitation: Pending,
    code: Plaintext,
}

impl Invited {
    /// What to send to whoever is invited.
    #[must_use]
    pub fn link(&self, public_url: &PublicUrl) -> Plaintext {
        let path = format!("/invitations/{}", self.code.reveal());
        Plaintext::new(public_url.join(&path))
    }

    /// Sends it by mail, if that can be done. The invitation is made: a mail server that fails does
    /// not undo it.
    pub async fn deliver(&self, config: &Config, organization: &str) -> Delivery {
        let Some(mailer) = &config.mailer else {
            return Delivery::ByHand;
        };
        let Pending {
            email, expires_at, ..
        } = &self.invitation;
        let link = self.link(&config.public_url);
        match mailer
            .send(letter(email, organization, &link, expires_at))
            .await
        {
            Ok(()) => Delivery::Sent,
            Err(error) => {
                tracing::warn!(%error, "an invitation could not be sent");
                Delivery::Failed(error)
            }
        }
    }
}

/// How the link gets to the invited.
pub enum Delivery {
    /// No mail server is known.
    ByHand,
    Sent,
    /// By hand after all.
    Failed(mail::Failure),
}

impl Delivery {
    /// As programs are told.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::ByHand => "by_hand",
            Self::Sent => "sent",
            Self::Failed(_) => "failed",
        }
    }
}

impl Pending {
    #[must_use]
    pub fn path(&self) -> String {
        format!("/settings/members/invitations/{}", self.id)
    }

    /// What its link is for.
    #[must_use]
    pub fn purpose(&self) -> &'static str {
        if self.renews_password {
            "Set a password"
        } else {
            "Join"
        }
    }
}

/// What the invited are told by mail. `until` is when the link stops.
fn letter(to: &str, organization: &str, link: &Plaintext, until: &DateTime<Utc>) -> Letter {
    let body = format!(
        "You are invited to join {organization} on Tokendesk.\n\n\
         Open this link to join. It works once, until {}:\n\n{}\n\n\
         If you did not expect this, there is nothing you need to do.\n",
        format::date_time(until),
        link.reveal(),
    );
    Letter {
        to: to.to_owned(),
        subject: format!("Join {organization} on Tokendesk"),
        body: Plaintext::new(body),
    }
}
