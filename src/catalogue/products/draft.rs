//! The form of a product, new or edited: what was typed, and what it means.

use serde::Deserialize;

use super::{ListedProduct, MCP_PREFIX, ORGANIZATION_PREFIX};
use crate::web::form::{Field, first_refused, overtaken};
use crate::web::text::parse_name;

const LONGEST_NAME: usize = 100;
/// Prefixes that other tokens have.
const RESERVED: [&str; 2] = [MCP_PREFIX, ORGANIZATION_PREFIX];

/// As the browser sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Form {
    name: String,
    key: String,
    version: i32,
}

/// A form to show: empty, filled in, or to be corrected.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: Field,
    pub key: Field,
    /// Of the product that is edited; 0 for a new one.
    pub version: i32,
    /// What is wrong with the whole.
    pub conflict: Option<String>,
}

/// A product to be created, or its new state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewProduct {
    pub name: String,
    pub key: String,
}

impl From<Form> for Draft {
    fn from(form: Form) -> Self {
        Self {
            name: Field::new(form.name),
            key: Field::new(form.key),
            version: form.version,
            conflict: None,
        }
    }
}

impl From<&ListedProduct> for Draft {
    fn from(listed: &ListedProduct) -> Self {
        Self {
            name: Field::new(&listed.product.name),
            key: Field::new(&listed.product.key),
            version: listed.version,
            conflict: None,
        }
    }
}

impl Draft {
    /// All that the form means, or the form with all that is wrong with it. The form of a product
    /// whose key is fixed holds none.
    ///
    /// # Errors
    /// The draft, to be shown again.
    pub fn parse(mut self, current: Option<&ListedProduct>) -> Result<NewProduct, Box<Self>> {
        let name = self.name.parse(|name| parse_name(name, LONGEST_NAME));
        let key = match current.filter(|current| current.is_used()) {
            Some(current) => Some(current.product.key.clone()),
            None => self.key.parse(parse_key),
        };
        match (name, key) {
            (Some(name), Some(key)) => Ok(NewProduct { name, key }),
            _ => Err(Box::new(self)),
        }
    }

    /// Whether it asks for another key of a product whose key has to stay.
    #[must_use]
    pub fn moves_key_of(&self, current: &ListedProduct) -> bool {
        current.is_used() && parse_key(&self.key.value).as_ref() != Ok(&current.product.key)
    }

    /// The form again, since the name is another product's.
    #[must_use]
    pub fn name_taken(mut self) -> Self {
        let name = self.name.value.trim().to_owned();
        self.name.refuse(format!(
            "A product named “{name}” already exists. Choose another name."
        ));
        self
    }

    /// The form again, since the key is another product's.
    #[must_use]
    pub fn key_taken(mut self) -> Self {
        let key = self.key.value.trim().to_owned();
        self.key.refuse(format!(
            "Another product has the key “{key}”. Choose another key."
        ));
        self
    }

    /// The form again, since the product was changed after it was shown, or got tokens: what was
    /// typed stays, and sending it once more overwrites what still can be.
    #[must_use]
    pub fn outdated(mut self, current: &ListedProduct) -> Self {
        self.conflict = Some(if self.version == current.version {
            format!(
                "Tokens were linked to this product after you opened this page, so its key stays \
                 “{}”. Nothing was saved.",
                current.product.key
            )
        } else {
            overtaken("product")
        });
        self.version = current.version;
        self
    }

    /// With the names of their inputs.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, &Field); 2] {
        [("name", &self.name), ("key", &self.key)]
    }

    /// The first field with an error, which gets the focus.
    #[must_use]
    pub fn focus(&self) -> &'static str {
        first_refused(&self.fields())
    }
}

fn parse_key(text: &str) -> Result<String, String> {
    let key = text.trim();
    let key = key.strip_suffix('_').unwrap_or(key);
    if RESERVED.contains(&key) {
        return Err(format!(
            "Other tokens begin with “{key}_” already. Choose another key."
        ));
    }
    let is_whole = (2..=12).contains(&key.len());
    if !is_whole
        || !key
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    {
        return Err("Use 2 to 12 of the letters a to z and the digits, such as prod.".to_owned());
    }
    Ok(key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_and_plain_and_nobody_elses() {
        for good in ["prod", "p1", "000000000000", " shop ", "shop_"] {
            assert!(parse_key(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "p",
            "wb",
            "wxt",
            "wb_",
            "Prod",
            "pro d",
            "pro-d",
            "prød",
            "prod__",
            "1234567890123",
        ] {
            assert!(parse_key(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_key(" shop_ ").as_deref(), Ok("shop"));
    }
}
