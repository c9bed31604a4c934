//! Access levels: presets of scopes, named as administrators know them.

use super::scope::{Scope, ScopeSet};
use crate::db::types::text_enum;

text_enum! {
    /// A named preset of scopes, or `Custom` for any other set.
    AccessLevel {
        RestrictedReadOnly = "restricted-read-only",
        ReadOnly = "read-only",
        Editorial = "editorial",
        ManagingEditorial = "managing-editorial",
        Administrative = "administrative",
        Scim = "scim",
        Verifier = "verifier",
        FullAccess = "full-access",
        Custom = "custom",
    }
}

impl AccessLevel {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::RestrictedReadOnly => "Restricted Read-only",
            Self::ReadOnly => "Read-only",
            Self::Editorial => "Editorial",
            Self::ManagingEditorial => "Managing Editorial",
            Self::Administrative => "Administrative",
            Self::Scim => "SCIM provisioning",
            Self::Verifier => "Verifier",
            Self::FullAccess => "Full access",
            Self::Custom => "Custom",
        }
    }

    /// What it is good for.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::RestrictedReadOnly => "Enough for an RSS feed.",
            Self::ReadOnly => "Reads everything, changes nothing.",
            Self::Editorial => "Publishes content.",
            Self::ManagingEditorial => "Publishes content and reads settings.",
            Self::Administrative => "Includes admin:read and admin:scim.",
            Self::Scim => "Users and groups from Okta or Entra ID.",
            Self::Verifier => "Asks the gate about other tokens.",
            Self::FullAccess => "Every scope, also those added later.",
            Self::Custom => "Choose the scopes one by one.",
        }
    }

    /// The preset's scopes; `None` for `Custom`.
    #[must_use]
    pub const fn scopes(self) -> Option<ScopeSet> {
        let scopes: &[Scope] = match self {
            Self::RestrictedReadOnly => &[Scope::ConnectRead],
            Self::ReadOnly => &[Scope::ConnectRead, Scope::AdminRead],
            Self::Editorial => &[Scope::ConnectWrite],
            Self::ManagingEditorial => &[Scope::ConnectWrite, Scope::AdminRead],
            Self::Administrative => &[Scope::ConnectWrite, Scope::AdminWrite],
            Self::Scim => &[Scope::AdminScim],
            Self::Verifier => &[Scope::TokensVerify],
            Self::FullAccess => &[Scope::All],
            Self::Custom => return None,
        };
        Some(ScopeSet::of(scopes))
    }

    /// The preset that these scopes are, or `Custom`. Beside all there is nothing else.
    #[must_use]
    pub fn of(scopes: ScopeSet) -> Self {
        if scopes.contains(Scope::All) {
            return Self::FullAccess;
        }
        Self::ALL
            .iter()
            .copied()
            .find(|level| level.scopes() == Some(scopes))
            .unwrap_or(Self::Custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_is_known_by_its_scopes() {
        let all_and_more = ScopeSet::of(&[Scope::All, Scope::AdminRead]);
        assert_eq!(AccessLevel::of(all_and_more), AccessLevel::FullAccess);
        for level in AccessLevel::ALL {
            if let Some(scopes) = level.scopes() {
                assert_eq!(AccessLevel::of(scopes), *level);
            }
        }
        let odd = ScopeSet::of(&[Scope::AdminScim, Scope::TokensVerify]);
        assert_eq!(AccessLevel::of(odd), AccessLevel::Custom);
    }
}
