//! The pages of *Settings > Members*: what each shows, for its template to lay out.

use askama::Template;
use chrono::{DateTime, Utc};

use super::draft::{ApiTokensDraft, Fate, InvitationDraft};
use super::groups::Group;
use super::invitations::{Delivery, Pending};
use super::queries::Listed;
use super::query::Query;
use super::{Exit, Member, View};
use crate::access::{Role, Shell, UserId};
use crate::journal::Entry;
use crate::secret::Plaintext;
use crate::tokens::queries::Left;
use crate::tokens::{Answering, Presence, Status};
use crate::web::format;
use crate::web::paging::Slice;

/// How many there are in each part of the list.
pub struct Counts {
    pub all: i64,
    pub administrators: i64,
    pub deactivated: i64,
}

impl Counts {
    fn of(&self, view: Option<View>) -> i64 {
        match view {
            None => self.all,
            Some(View::Administrators) => self.administrators,
            Some(View::Deactivated) => self.deactivated,
        }
    }
}

#[derive(Template)]
#[template(path = "members/index.html")]
pub struct Index {
    pub shell: Shell,
    pub query: Query,
    pub counts: Counts,
    pub members: Slice<Listed>,
    pub invitations: Slice<Pending>,
    /// Some of those who answer for API tokens and are not there any more.
    pub gone: Slice<Answering>,
}

impl Index {
    /// `1–50 of 1,204`
    fn range(&self) -> String {
        self.members.label(self.counts.of(self.query.view()))
    }
}

/// Tokens of somebody's that are not revoked: how many, and the newest.
pub struct Tokens {
    pub count: i64,
    pub newest: Vec<Left>,
}

impl Tokens {
    /// How many are not shown.
    fn more(&self) -> i64 {
        let shown = i64::try_from(self.newest.len()).unwrap_or_default();
        self.count - shown
    }
}

#[derive(Template)]
#[template(path = "members/show.html")]
pub struct Show {
    pub shell: Shell,
    pub member: Member,
    pub groups: Vec<Group>,
    pub mcp_tokens: Tokens,
    pub api_tokens: Tokens,
    pub history: Vec<Entry>,
    /// Why the role was not changed.
    pub problem: Option<&'static str>,
}

impl Show {
    fn is_oneself(&self) -> bool {
        self.member.id == self.shell.viewer.user()
    }
}

/// An active administrator who can be handed API tokens: their name and email.
pub type Heir = (UserId, String, String);

/// "Deactivate …?", "Remove …?"
#[derive(Template)]
#[template(path = "members/exit.html")]
pub struct Leaving {
    pub shell: Shell,
    pub exit: Exit,
    pub member: Member,
    pub mcp_tokens: Tokens,
    pub api_tokens: Tokens,
    /// The other active administrators.
    pub heirs: Vec<Heir>,
    pub draft: ApiTokensDraft,
}

impl Leaving {
    fn is_oneself(&self) -> bool {
        self.member.id == self.shell.viewer.user()
    }

    /// Why there is nothing to confirm, if so.
    pub fn obstacle(&self) -> Option<&'static str> {
        if !self.exit.permits(&self.member) {
            Some("This member is deactivated already. Nothing was changed.")
        } else if self.member.is_in_charge() && self.heirs.is_empty() {
            Some(
                "This is the last active administrator who can sign in, without whom nobody could \
                 administer the organisation. Make somebody else one first.",
            )
        } else {
            None
        }
    }
}

/// "Hand over the API tokens of …?"
#[derive(Template)]
#[template(path = "members/handover.html")]
pub struct Handover {
    pub shell: Shell,
    pub answering: Answering,
    pub api_tokens: Tokens,
    /// The other active administrators.
    pub heirs: Vec<Heir>,
    pub draft: ApiTokensDraft,
}

impl Handover {
    /// Where nobody could get them, they can only be revoked.
    pub fn verb(&self) -> &'static str {
        if self.heirs.is_empty() {
            "Revoke"
        } else {
            "Hand over or revoke"
        }
    }

    /// Their own page, if they have one.
    pub fn back(&self) -> String {
        match self.answering.presence {
            Presence::Removed => "/settings/members".to_owned(),
            Presence::Active | Presence::Deactivated => {
                format!("/settings/members/{}", self.answering.person.id)
            }
        }
    }
}

/// "Reactivate …?"
#[derive(Template)]
#[template(path = "members/reactivation.html")]
pub struct Reactivation {
    pub shell: Shell,
    pub member: Member,
    pub mcp_tokens: Tokens,
}

#[derive(Template)]
#[template(path = "members/invitation.html")]
pub struct Invite {
    pub shell: Shell,
    pub draft: InvitationDraft,
}

/// The one time that an invitation's link is shown.
#[derive(Template)]
#[template(path = "members/invited.html")]
pub struct Invited {
    pub shell: Shell,
    pub email: String,
    pub role: Role,
    pub link: Plaintext,
    pub expires_at: DateTime<Utc>,
    pub delivery: Delivery,
}

impl Invited {
    fn is_sent(&self) -> bool {
        matches!(self.delivery, Delivery::Sent)
    }
}

/// "Revoke the invitation of …?"
#[derive(Template)]
#[template(path = "members/invitation_revocation.html")]
pub struct InvitationRevocation {
    pub shell: Shell,
    pub invitation: Pending,
}
