//! The form: a request that someone makes, or could make, with the token.

use std::net::IpAddr;

use serde::Deserialize;

use crate::catalogue::Product;
use crate::catalogue::resources::{Resources, Target};
use crate::db::types::text_enum;
use crate::gate::Asked;
use crate::tokens::draft::PRODUCT_GONE;
use crate::web::form::{Field, first_refused};

text_enum! {
    /// What the token is used for.
    Kind {
        Request = "request",
        Tool = "tool",
        Nothing = "nothing",
    }
}

impl Kind {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Request => "HTTP request",
            Self::Tool => "MCP tool",
            Self::Nothing => "Just the token",
        }
    }
}

/// Those that the form offers.
pub const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// The query.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    ip: String,
    product: String,
    kind: String,
    method: String,
    path: String,
    tool: String,
}

/// A form to show: empty, filled in, or to be corrected.
#[derive(Clone, Debug)]
pub struct Draft {
    pub ip: Field,
    /// A product's key; empty for none.
    pub product: Field,
    /// `None`: nothing was asked yet.
    pub kind: Option<Kind>,
    pub method: Field,
    pub path: Field,
    pub tool: Field,
}

/// A use of the token.
#[derive(Debug, Eq, PartialEq)]
pub struct Use {
    pub address: Option<IpAddr>,
    /// Its key.
    pub product: Option<String>,
    pub purpose: Purpose,
}

#[derive(Debug, Eq, PartialEq)]
pub enum Purpose {
    Request { method: String, path: String },
    Tool(String),
    Nothing,
}

impl Use {
    pub fn asked(&self) -> Asked<'_> {
        match &self.purpose {
            Purpose::Request { method, path } => Asked::Request {
                method,
                target: path,
                tool: None,
                unmatched: false,
            },
            Purpose::Tool(name) => Asked::Tool(name),
            Purpose::Nothing => Asked::Nothing,
        }
    }
}

impl From<Query> for Draft {
    fn from(query: Query) -> Self {
        Self {
            ip: Field::new(query.ip),
            product: Field::new(query.product),
            kind: query.kind.parse().ok(),
            method: Field::new(query.method),
            path: Field::new(query.path),
            tool: Field::new(query.tool),
        }
    }
}

impl Draft {
    /// The use that is asked about; `None` where nothing was asked yet. `products` are those that
    /// can be asked for.
    ///
    /// # Errors
    /// The same form, with all that is wrong beside its fields.
    pub fn parse(mut self, products: &[Product]) -> Result<Option<Use>, Box<Self>> {
        let Some(kind) = self.kind else {
            return Ok(None);
        };
        let address = self.ip.parse(address);
        let product = self.product.parse(|key| product(key, products));
        let purpose = match kind {
            Kind::Request => {
                let (method, path) = (self.method.parse(method), self.path.parse(path));
                let request = method.zip(path);
                request.map(|(method, path)| Purpose::Request { method, path })
            }
            Kind::Tool => self.tool.parse(tool).map(Purpose::Tool),
            Kind::Nothing => Some(Purpose::Nothing),
        };
        match (address, product, purpose) {
            (Some(address), Some(product), Some(purpose)) => Ok(Some(Use {
                address,
                product,
                purpose,
            })),
            _ => Err(Box::new(self)),
        }
    }

    pub fn is_kind(&self, kind: Kind) -> bool {
        self.kind.unwrap_or(Kind::Request) == kind
    }

    /// The first field with an error, which gets the focus.
    #[must_use]
    pub fn focus(&self) -> &'static str {
        first_refused(&[
            ("ip", &self.ip),
            ("product", &self.product),
            ("method", &self.method),
            ("path", &self.path),
            ("tool", &self.tool),
        ])
    }
}

/// Empty: nobody says where the token is used.
fn address(text: &str) -> Result<Option<IpAddr>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let address = text.parse().map(Some);
    address.map_err(|_| format!("“{text}” is not an IP address, such as 203.0.113.9."))
}

fn product(key: &str, products: &[Product]) -> Result<Option<String>, &'static str> {
    if key.is_empty() {
        return Ok(None);
    }
    let mut known = products.iter();
    let found = known.find(|product| product.key == key);
    let found = found.ok_or(PRODUCT_GONE)?;
    Ok(Some(found.key.clone()))
}

fn method(text: &str) -> Result<String, &'static str> {
    let known = METHODS.contains(&text).then(|| text.to_owned());
    known.ok_or("Choose a method.")
}

/// Whether it has a meaning is the gate's to say.
fn path(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("Enter the path, such as /api/agent-base."),
        path if path.starts_with('/') => Ok(path.to_owned()),
        _ => Err("Begin with a slash, as in /api/agent-base, and leave out the host."),
    }
}

fn tool(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("Enter the tool’s name."),
        name => Ok(name.to_owned()),
    }
}

/// The tools that the organisation knows, by name.
pub fn tools(resources: &Resources) -> Vec<String> {
    let all = resources.all().iter();
    let tools = all.filter(|resource| resource.target == Target::Tools);
    let names = tools.flat_map(|resource| &resource.operations);
    let mut names: Vec<String> = names.map(|tool| tool.name.clone()).collect();
    names.sort();
    names
}
