//! Who is asking, and what they may do: sessions, and the extractors that stand before every
//! page. Queries that read take an [`Overseer`], a [`Viewer`] or the organisation of one, those that
//! change something an [`Actor`]: a handler that forgot to ask has nothing to pass.

mod bearer;
mod device;
mod extract;
mod operator;
mod program;
mod queries;
pub mod session;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use bearer::Bearer;
pub use device::Device;
pub use operator::Operator;
pub use program::Program;
pub use queries::{
    authorize, authorize_for_token, coalesce, hold, is_administrator, is_lifted, known_as, rights,
};

use crate::db::types::{id, text_enum};
use crate::secret::Digest;
use crate::web::{Error, Page, Submission};

/// The name that stands for whoever runs commands on the machine.
pub const COMMAND_LINE: &str = "Command line";

/// The name of the credential that comes from the environment, and stands for whoever has it.
pub const AUTH_SECRET: &str = "AUTH_SECRET";
/// Its name follows.
pub const API_TOKEN: &str = "API token";

id!(OrganizationId);
id!(UserId);

text_enum! {
    /// What a member is in an organisation.
    Role {
        Admin = "admin",
        Member = "member",
    }
}

impl Role {
    /// As pages say it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Admin => "Administrator",
            Self::Member => "Member",
        }
    }

    /// This one, or that of an administrator for somebody whom a group makes one.
    #[must_use]
    pub fn lifted(self, is_lifted: bool) -> Self {
        if is_lifted { Self::Admin } else { self }
    }
}

#[derive(Clone, Debug)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
}

/// A signed-in user in one of their organisations, who may see what members see. Only a
/// session makes one, or an MCP token: see [`Bearer`].
#[derive(Clone, Debug)]
pub struct Viewer {
    user: UserId,
    name: String,
    email: String,
    role: Role,
    organization: Organization,
    /// All that the user is a member of, by name.
    organizations: Vec<Organization>,
}

impl Viewer {
    #[must_use]
    pub fn user(&self) -> UserId {
        self.user
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    #[must_use]
    pub fn organization(&self) -> &Organization {
        &self.organization
    }

    #[must_use]
    pub fn organizations(&self) -> &[Organization] {
        &self.organizations
    }

    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// The first letters of the first and last name.
    #[must_use]
    pub fn initials(&self) -> String {
        let mut words = self.name.split_whitespace();
        let first = words.next().and_then(|word| word.chars().next());
        let last = words.next_back().and_then(|word| word.chars().next());
        [first, last]
            .into_iter()
            .flatten()
            .flat_map(char::to_uppercase)
            .collect()
    }

    /// This user, having sent a form on purpose, may change what is their own there, and nothing
    /// else: see [`Actor::may_change`].
    ///
    /// # Errors
    /// [`Error::Conflict`] for a form of another organisation.
    pub fn oneself<T>(&self, form: &Submission<T>) -> Result<Actor, Error> {
        self.acting(form, Reach::Own)
    }

    fn acting<T>(&self, form: &Submission<T>, reach: Reach) -> Result<Actor, Error> {
        if form.organization() != self.organization.id.to_string() {
            return Err(Error::Conflict(
                "You look at another organisation now than when you opened the form. Nothing was \
                 changed; go back and reload the page.",
            ));
        }
        Ok(Actor::person(
            self.organization.id,
            self.user,
            &self.name,
            reach,
        ))
    }

    /// The page in the frame that signed-in users see.
    #[must_use]
    pub fn shell(&self, page: Page, section: Section) -> Shell {
        Shell {
            page,
            viewer: self.clone(),
            section,
        }
    }
}

/// Whoever may see an organisation's settings: an [`Admin`] or a [`Program`].
pub trait Overseer: Sync {
    /// Which organisation's.
    fn overseen(&self) -> OrganizationId;
}

/// A viewer who may see the organisation's settings.
#[derive(Clone, Debug)]
pub struct Admin(Viewer);

impl Overseer for Admin {
    fn overseen(&self) -> OrganizationId {
        self.0.organization.id
    }
}

impl std::ops::Deref for Admin {
    type Target = Viewer;

    fn deref(&self) -> &Viewer {
        &self.0
    }
}

impl Admin {
    /// This administrator, having sent a form on purpose, may change things: in the organisation
    /// that the form was shown for, if it still is the one they look at.
    ///
    /// # Errors
    /// [`Error::Conflict`] for a form of another organisation.
    pub fn actor<T>(&self, form: &Submission<T>) -> Result<Actor, Error> {
        self.acting(form, Reach::Organization)
    }
}

/// Who changes something in an organisation, and answers for it in the journal.
#[derive(Clone, Debug)]
pub struct Actor {
    organization: OrganizationId,
    author: Author,
    reach: Reach,
}

/// What an actor may change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reach {
    Organization,
    Own,
}

#[derive(Clone, Debug)]
pub enum Author {
    User {
        id: UserId,
        name: String,
    },
    /// A program with a token, perhaps on behalf of a user.
    Token {
        credential: Credential,
        name: String,
        user: Option<UserId>,
    },
    AuthSecret,
    CommandLine,
}

/// The token that a program came with, as the gate let it in.
#[derive(Clone, Copy, Debug)]
pub struct Credential {
    pub token: Uuid,
    pub secret: Digest,
    /// What it might do, and from where: see [`rights`].
    pub rights: i32,
}

impl Actor {
    /// Whoever may run commands on the machine may change everything in its database.
    #[must_use]
    pub fn command_line(organization: OrganizationId) -> Self {
        Self {
            organization,
            author: Author::CommandLine,
            reach: Reach::Organization,
        }
    }

    /// A member, or who becomes one: they may change what is their own.
    #[must_use]
    pub fn member(organization: OrganizationId, user: UserId, name: &str) -> Self {
        Self::person(organization, user, name, Reach::Own)
    }

    /// An administrator in whose name a command acts.
    #[must_use]
    pub fn administrator(organization: OrganizationId, user: UserId, name: &str) -> Self {
        Self::person(organization, user, name, Reach::Organization)
    }

    fn person(organization: OrganizationId, user: UserId, name: &str, reach: Reach) -> Self {
        let author = Author::User {
            id: user,
            name: name.to_owned(),
        };
        Self {
            organization,
            author,
            reach,
        }
    }

    /// Whether they may change what belongs to this user, or, with `None`, to the organisation.
    #[must_use]
    pub fn may_change(&self, owner: Option<UserId>) -> bool {
        self.reach == Reach::Organization || owner.is_some() && owner == self.user()
    }

    #[must_use]
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match &self.author {
            Author::User { id, .. } => Some(*id),
            Author::Token { user, .. } => *user,
            Author::AuthSecret | Author::CommandLine => None,
        }
    }

    /// The ID of the token that it is done with, which gives nothing beyond its own.
    #[must_use]
    pub fn token(&self) -> Option<Uuid> {
        self.credential().map(|credential| credential.token)
    }

    fn credential(&self) -> Option<Credential> {
        match &self.author {
            Author::Token { credential, .. } => Some(*credential),
            Author::User { .. } | Author::AuthSecret | Author::CommandLine => None,
        }
    }

    /// As the journal and cards name them.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.author {
            Author::User { name, .. } | Author::Token { name, .. } => name,
            Author::AuthSecret => AUTH_SECRET,
            Author::CommandLine => COMMAND_LINE,
        }
    }
}

/// What the shell's navigation marks as present.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Section {
    ApiAccess,
    Products,
    Resources,
    McpServers,
    McpTokens,
    Members,
    Groups,
    AuditLog,
    Profile,
}

/// A page within the frame of top bar and navigation.
pub struct Shell {
    pub page: Page,
    pub viewer: Viewer,
    pub section: Section,
}

impl Shell {
    #[must_use]
    pub fn now(&self) -> &DateTime<Utc> {
        &self.page.now
    }
}
