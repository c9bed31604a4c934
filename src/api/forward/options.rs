//! What the proxy's operator asks for, in the query or in the path.

use std::borrow::Cow;

use url::form_urlencoded;

use crate::catalogue::Scope;

#[derive(Debug, Default, Eq, PartialEq)]
pub struct Options<'a> {
    /// In place of what the catalogue says.
    pub scope: Option<Scope>,
    pub product: Option<Cow<'a, str>>,
    pub organization: Organization<'a>,
    /// Whether a token is enough for what no operation of the catalogue matches.
    pub lets_unmatched_through: bool,
}

#[derive(Debug, Default, Eq, PartialEq)]
pub enum Organization<'a> {
    /// The one that there is.
    #[default]
    Only,
    Any,
    Named(Cow<'a, str>),
}

impl<'a> Options<'a> {
    /// # Errors
    /// What is wrong with them: nothing that is written is passed over.
    pub fn parse(text: &'a str) -> Result<Self, &'static str> {
        let mut options = Self::default();
        let mut unmatched = None;
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let again = match &*name {
                "scope" => {
                    let scope = value
                        .parse()
                        .map_err(|_| "scope= names none that there is")?;
                    options.scope.replace(scope).is_some()
                }
                "product" => options.product.replace(value).is_some(),
                "organization" => {
                    let named = match &*value {
                        "any" => Organization::Any,
                        _ => Organization::Named(value),
                    };
                    let before = std::mem::replace(&mut options.organization, named);
                    before != Organization::Only
                }
                "unmatched" => {
                    let allow = match &*value {
                        "allow" => true,
                        "deny" => false,
                        _ => return Err("unmatched= is neither deny nor allow"),
                    };
                    unmatched.replace(allow).is_some()
                }
                _ => {
                    return Err(
                        "there is an option other than scope, product, organization and unmatched",
                    );
                }
            };
            if again {
                return Err("an option is given twice");
            }
        }
        options.lets_unmatched_through = unmatched.unwrap_or(false);
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_options_are_understood() {
        assert_eq!(Options::parse(""), Ok(Options::default()));
        let all = "scope=connect:read&product=app&organization=northwind&unmatched=allow";
        let expected = Options {
            scope: Some(Scope::ConnectRead),
            product: Some("app".into()),
            organization: Organization::Named("northwind".into()),
            lets_unmatched_through: true,
        };
        assert_eq!(Options::parse(all), Ok(expected));
        let any = Options::parse("organization=any&unmatched=deny").unwrap();
        assert_eq!(any.organization, Organization::Any);
        assert!(!any.lets_unmatched_through);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for wrong in [
            "scope=everything",
            "unmatched=perhaps",
            "unmatched=deny&unmatched=allow",
            "organization=northwind&organization=any",
            "product=a&product=b",
            "organisation=northwind",
        ] {
            assert!(Options::parse(wrong).is_err(), "{wrong}");
        }
    }
}
