//! The tools by name, and what a token needs for each.

use crate::catalogue::{Scope, ScopeSet};
use crate::db::types::text_enum;

text_enum! {
    Tool {
        Whoami = "whoami",
        ListMyTokens = "list_my_tokens",
        TokenActivity = "token_activity",
        ClientSnippet = "client_snippet",
        RevokeToken = "revoke_token",
        ListApiTokens = "list_api_tokens",
        AuditSearch = "audit_search",
        TokenStats = "token_stats",
    }
}

impl Tool {
    /// Those that administrators use need all that an MCP token can have: a narrowed one is not
    /// meant for the organisation.
    #[must_use]
    pub fn needs(self) -> &'static [Scope] {
        match self {
            Self::Whoami => &[],
            Self::ListMyTokens | Self::TokenActivity | Self::ClientSnippet => &[Scope::WidgetsRead],
            Self::RevokeToken => &[Scope::WidgetsWrite],
            Self::ListApiTokens | Self::AuditSearch | Self::TokenStats => {
                &[Scope::WidgetsRead, Scope::WidgetsWrite, Scope::Render]
            }
        }
    }

    #[must_use]
    pub fn is_for_admins(self) -> bool {
        matches!(
            self,
            Self::ListApiTokens | Self::AuditSearch | Self::TokenStats
        )
    }

    #[must_use]
    pub fn is_open_to(self, scopes: ScopeSet, is_admin: bool) -> bool {
        (is_admin || !self.is_for_admins()) && self.is_within(scopes)
    }

    /// Whether these are all the scopes that it needs.
    #[must_use]
    pub fn is_within(self, scopes: ScopeSet) -> bool {
        self.needs().iter().all(|scope| scopes.allows(*scope))
    }
}
