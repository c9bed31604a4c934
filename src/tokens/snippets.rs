//! Ready-to-use examples for a new secret. They name the variable that holds it, and not the
//! secret itself, which stays in the one field that reveals it.

use crate::catalogue::{Scope, ScopeSet};
use crate::config::PublicUrl;

/// An example, under a tab.
pub struct Snippet {
    /// For its element's ID.
    pub key: &'static str,
    pub title: &'static str,
    pub text: String,
}

/// Those that fit what the token may do.
pub fn snippets(scopes: ScopeSet, url: &PublicUrl) -> Vec<Snippet> {
    let curl = Snippet {
        key: "curl",
        title: "curl",
        text: format!(
            "read -rs TOKENDESK_TOKEN\n\
             curl {} \\\n  -H \"Authorization: Bearer $TOKENDESK_TOKEN\"",
            url.join("/api/v1/token")
        ),
    };
    let terraform = Snippet {
        key: "terraform",
        title: "Terraform",
        text: format!(
            "export TF_VAR_tokendesk_url={}\n\
             read -rs TF_VAR_tokendesk_token && export TF_VAR_tokendesk_token",
            url.origin()
        ),
    };
    let mut snippets = vec![curl];
    if scopes.allows(Scope::AdminScim) {
        snippets.extend(scim(url));
    }
    snippets.push(terraform);
    snippets
}

fn scim(url: &PublicUrl) -> [Snippet; 2] {
    let base = url.join("/scim/v2");
    let okta = format!(
        "SCIM connector base URL   {base}\n\
         Unique identifier field   userName\n\
         Authentication mode       HTTP Header\n\
         Authorization             Bearer (paste the token)"
    );
    let entra = format!(
        "Provisioning mode   Automatic\n\
         Tenant URL          {base}\n\
         Secret token        (paste the token)"
    );
    [
        Snippet {
            key: "okta",
            title: "Okta",
            text: okta,
        },
        Snippet {
            key: "entra",
            title: "Entra ID",
            text: entra,
        },
    ]
}
