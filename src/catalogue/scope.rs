//! Scopes and sets of them, with what each includes.

use std::fmt;

use crate::db::types::text_enum;

text_enum! {
    /// A permission.
    Scope {
        All = "all",
        AdminRead = "admin:read",
        AdminWrite = "admin:write",
        AdminScim = "admin:scim",
        ConnectRead = "connect:read",
        ConnectWrite = "connect:write",
        /// May ask the gate about other tokens.
        TokensVerify = "tokens:verify",
        WidgetsRead = "widgets:read",
        WidgetsWrite = "widgets:write",
        Render = "render",
    }
}

impl Scope {
    /// Those that an administrator can give an API token one by one.
    pub const FOR_API_TOKENS: [Self; 6] = [
        Self::AdminRead,
        Self::AdminWrite,
        Self::AdminScim,
        Self::ConnectRead,
        Self::ConnectWrite,
        Self::TokensVerify,
    ];

    /// Those that an MCP token can be given; all of them by default.
    pub const FOR_MCP_TOKENS: [Self; 3] = [Self::WidgetsRead, Self::WidgetsWrite, Self::Render];

    /// What else a token with this scope may do.
    #[must_use]
    pub fn includes(self) -> &'static [Self] {
        match self {
            Self::All => Self::ALL,
            Self::AdminWrite => &[Self::AdminRead, Self::AdminScim],
            Self::ConnectWrite => &[Self::ConnectRead],
            Self::WidgetsWrite => &[Self::WidgetsRead],
            _ => &[],
        }
    }

    /// Whether API tokens can have it; the others are for MCP tokens only.
    #[must_use]
    pub fn is_for_api_tokens(self) -> bool {
        self == Self::All || Self::FOR_API_TOKENS.contains(&self)
    }

    /// For the check boxes.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::All => "everything, also what is added later",
            Self::AdminRead => "read settings and members",
            Self::AdminWrite => "includes admin:read and admin:scim",
            Self::AdminScim => "provision users and groups",
            Self::ConnectRead => "read content",
            Self::ConnectWrite => "includes connect:read",
            Self::TokensVerify => "ask the gate about other tokens",
            Self::WidgetsRead => "read widgets",
            Self::WidgetsWrite => "includes widgets:read",
            Self::Render => "render widgets",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of scopes, as they were given: what they include is found by [`ScopeSet::allows`].
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct ScopeSet(u16);

impl ScopeSet {
    #[must_use]
    pub const fn of(scopes: &[Scope]) -> Self {
        let (mut set, mut at) = (0, 0);
        while at < scopes.len() {
            set |= scopes[at].bit();
            at += 1;
        }
        Self(set)
    }

    /// What a token may do: `all` where none were set, as before scopes existed.
    #[must_use]
    pub fn effective(set: Option<Self>) -> Self {
        set.unwrap_or(Self::of(&[Scope::All]))
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this very scope was given.
    #[must_use]
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether the scope was given or is included in one that was.
    #[must_use]
    pub fn allows(self, scope: Scope) -> bool {
        self.contains(scope) || self.iter().any(|given| given.includes().contains(&scope))
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .iter()
            .copied()
            .filter(move |scope| self.contains(*scope))
    }

    /// As OAuth writes it: separated by spaces (RFC 6749, section 3.3).
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Scope::as_str).collect()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | scope.bit()))
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inclusion_follows_the_table() {
        let all = ScopeSet::of(&[Scope::All]);
        assert!(Scope::ALL.iter().all(|scope| all.allows(*scope)));
        let write = ScopeSet::of(&[Scope::AdminWrite]);
        assert!(write.allows(Scope::AdminRead) && write.allows(Scope::AdminScim));
        assert!(!write.allows(Scope::ConnectRead) && !write.allows(Scope::All));
        assert!(!ScopeSet::of(&[Scope::ConnectRead]).allows(Scope::ConnectWrite));
        assert!(ScopeSet::of(&[Scope::WidgetsWrite]).allows(Scope::WidgetsRead));
        assert!(!ScopeSet::default().allows(Scope::ConnectRead));
    }

    #[test]
    fn what_a_scope_includes_is_complete() {
        // `allows` looks one level deep.
        for scope in Scope::ALL {
            for included in scope.includes() {
                let missing = included
                    .includes()
                    .iter()
                    .find(|deeper| !scope.includes().contains(deeper));
                assert_eq!(missing, None, "{scope} includes {included}");
            }
        }
    }
}
