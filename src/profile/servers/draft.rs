//! The form of an MCP server.

use serde::Deserialize;
use url::Url;

use super::{MOST, OWN, Server};
use crate::tokens::secret;
use crate::web::form::{Field, first_refused, overtaken};
use crate::web::text::parse_line;

const LONGEST_NAME: usize = 40;
const LONGEST_URL: usize = 500;
const LONGEST_DESCRIPTION: usize = 200;

/// What to do where the name is another server's.
pub const NAME_TAKEN: &str = "Another server has this name. Choose another name.";

/// As the browser sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Form {
    name: String,
    url: String,
    description: String,
    version: i32,
}

/// As the browser sends it: the version that was looked at.
#[derive(Debug, Deserialize)]
pub struct RemovalForm {
    #[serde(default)]
    pub version: i32,
}

/// A form to show: empty, filled in, or to be corrected.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: Field,
    pub url: Field,
    pub description: Field,
    /// Of the server that is edited.
    pub version: i32,
    /// What is wrong with the whole.
    pub conflict: Option<String>,
}

/// What it means.
#[derive(Clone, Debug)]
pub struct NewServer {
    pub name: String,
    pub url: String,
    pub description: String,
}

impl From<Form> for Draft {
    fn from(form: Form) -> Self {
        Self {
            name: Field::new(form.name),
            url: Field::new(form.url),
            description: Field::new(form.description),
            version: form.version,
            conflict: None,
        }
    }
}

impl From<&Server> for Draft {
    fn from(server: &Server) -> Self {
        Self {
            name: Field::new(&server.name),
            url: Field::new(&server.url),
            description: Field::new(&server.description),
            version: server.version,
            conflict: None,
        }
    }
}

impl Draft {
    /// # Errors
    /// The draft, to be shown again.
    pub fn parse(mut self) -> Result<NewServer, Box<Self>> {
        let name = self.name.parse(name);
        let url = self.url.parse(url);
        let description = self.description.parse(description);
        match (name, url, description) {
            (Some(name), Some(url), Some(description)) => Ok(NewServer {
                name,
                url,
                description,
            }),
            _ => Err(Box::new(self)),
        }
    }

    /// The form again, since the name is another server's.
    #[must_use]
    pub fn name_taken(mut self) -> Box<Self> {
        self.name.refuse(NAME_TAKEN);
        Box::new(self)
    }

    /// The form again, since there is no room for one more.
    #[must_use]
    pub fn full(mut self) -> Box<Self> {
        self.name.refuse(format!(
            "There are {MOST} servers, which is the most. Remove one first."
        ));
        Box::new(self)
    }

    /// The form again, since someone changed the server meanwhile.
    #[must_use]
    pub fn outdated(mut self, server: &Server) -> Box<Self> {
        self.version = server.version;
        self.conflict = Some(overtaken("server"));
        Box::new(self)
    }

    /// With the names of their inputs.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, &Field); 3] {
        [
            ("name", &self.name),
            ("url", &self.url),
            ("description", &self.description),
        ]
    }

    /// The first field with an error, which gets the focus.
    #[must_use]
    pub fn focus(&self) -> &'static str {
        first_refused(&self.fields())
    }
}

fn name(text: &str) -> Result<String, String> {
    let name = text.trim().to_ascii_lowercase();
    let is_simple = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty()
        || name.len() > LONGEST_NAME
        || name.starts_with('-')
        || !name.chars().all(is_simple)
    {
        return Err(format!(
            "Use 1 to {LONGEST_NAME} letters a-z, digits and hyphens, such as widget-builder."
        ));
    }
    if name == OWN {
        return Err("This is the name of Tokendesk’s own server. Choose another.".to_owned());
    }
    Ok(name)
}

/// What the snippets hold as it is: so nothing that a shell, JSON, TOML or YAML would read as
/// something else.
fn url(text: &str) -> Result<String, String> {
    let text = text.trim();
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && text.len() <= LONGEST_URL)
        .ok_or("Enter an address, such as https://mcp.example.com/mcp.")?;
    if !url.username().is_empty() || url.password().is_some() || secret::is_in(text) {
        return Err("Leave out passwords and tokens: everyone sees this address.".to_owned());
    }
    let url = url.to_string();
    if url.len() > LONGEST_URL {
        return Err(format!("Use at most {LONGEST_URL} characters."));
    }
    if text.contains(['\'', '"', '\\', '$', '`', '{', '}']) {
        return Err("Leave out quotes, braces, backslashes and dollar signs.".to_owned());
    }
    Ok(url)
}

fn description(text: &str) -> Result<String, String> {
    if text.chars().count() > LONGEST_DESCRIPTION {
        return Err(format!("Use at most {LONGEST_DESCRIPTION} characters."));
    }
    let text = parse_line(text)?;
    if secret::is_in(text) {
        return Err("Leave out tokens: everyone sees this.".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_configurations_can_hold() {
        assert_eq!(name(" Widget-Builder ").unwrap(), "widget-builder");
        for bad in [
            "",
            "a b",
            "-a",
            "ä",
            "\u{212a}",
            "a.b",
            "tokendesk",
            &"a".repeat(41),
        ] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn addresses_are_safe_to_paste() {
        assert_eq!(
            url("https://mcp.example.com/mcp?team=7").unwrap(),
            "https://mcp.example.com/mcp?team=7"
        );
        for bad in [
            "",
            "mcp.example.com",
            "ftp://example.com/",
            "javascript:alert(1)",
            "https://ada:pw@example.com/",
            "https://example.com/'; rm -rf ~; '",
            "https://example.com/$(reboot)",
            "https://example.com/`reboot`",
        ] {
            assert!(url(bad).is_err(), "{bad:?}");
        }
        let longest = format!("https://example.com/{}", "a".repeat(LONGEST_URL - 20));
        assert_eq!(url(&longest).as_ref(), Ok(&longest));
        // A / is added.
        let longer = format!("https://{}.com", "a".repeat(LONGEST_URL - 12));
        assert_eq!(url(&longer).unwrap_err(), "Use at most 500 characters.");
    }
}
