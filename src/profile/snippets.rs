//! How each client is connected to an MCP server: what to write where. All of it is data, made
//! from the server's name and address; where a token goes stands [`PLACEHOLDER`].

mod clients;
#[cfg(test)]
mod tests;

use super::servers::{OWN, OWN_DESCRIPTION, Server};
use crate::config::PublicUrl;

pub use clients::snippets;

/// What a literal form has in place of the token.
pub const PLACEHOLDER: &str = "YOUR_TOKEN";

/// All that a token can be connected to, Tokendesk's own server first.
pub struct Connect {
    pub targets: Vec<Target>,
}

/// A server, and how each client is connected to it.
pub struct Target {
    pub name: String,
    pub description: String,
    pub snippets: Vec<Snippet>,
}

/// What to do for one client, under a tab.
pub struct Snippet {
    /// For its elements' IDs.
    pub key: &'static str,
    pub title: &'static str,
    /// With the token in the variable `WB_TOKEN`, outside of the file; none for a client that
    /// reads no variables there.
    pub variable: Vec<Form>,
    /// With the token itself.
    pub literal: Form,
    /// A link that installs it, without the token.
    pub link: Option<String>,
}

/// A text, and where it goes.
pub struct Form {
    /// `Save as`, `Run`: what to do with it.
    pub verb: &'static str,
    /// The file, if it goes into one.
    pub file: &'static str,
    pub text: String,
}

impl Connect {
    #[must_use]
    pub fn new(url: &PublicUrl, servers: Vec<Server>) -> Self {
        let own = Target {
            name: OWN.to_owned(),
            description: OWN_DESCRIPTION.to_owned(),
            snippets: snippets(OWN, &url.join("/mcp")),
        };
        let others = servers.into_iter().map(|server| Target {
            snippets: snippets(&server.name, &server.url),
            name: server.name,
            description: server.description,
        });
        Self {
            targets: std::iter::once(own).chain(others).collect(),
        }
    }
}

impl Form {
    /// What comes before the token, between it and the next, and so on.
    #[must_use]
    pub fn around_token(&self) -> Vec<&str> {
        self.text.split(PLACEHOLDER).collect()
    }

    fn save(file: &'static str, text: String) -> Self {
        let verb = "Save as";
        Self { verb, file, text }
    }

    fn add(file: &'static str, text: String) -> Self {
        let verb = "Add to";
        Self { verb, file, text }
    }

    fn run(text: String) -> Self {
        let verb = "Run in a terminal";
        Self {
            verb,
            file: "",
            text,
        }
    }
}
