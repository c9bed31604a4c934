//! The forms of set-up and invitation, and what emails and people's names have to be.

use serde::Deserialize;

use super::password;
use crate::access::{API_TOKEN, AUTH_SECRET, COMMAND_LINE};
use crate::secret::Password;
use crate::web::form::{Field, first_refused};
use crate::web::text::{fold, is_invisible, is_joiner, parse_name};

/// An email address, in lower case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Email(String);

impl Email {
    /// Only what no address can do without is checked; whether it exists, mail will tell.
    ///
    /// # Errors
    /// What to do about it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let typed = text.chars().count();
        let text = text.trim().to_lowercase();
        // Some letters are two in lower case.
        let is_too_long = typed.max(text.chars().count()) > 254;
        let well_formed = text.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && !domain.is_empty()
                && !domain.starts_with('.')
                && !domain.ends_with('.')
        });
        let is_no_part = |c: char| c.is_whitespace() || is_invisible(c) || is_joiner(c);
        if !well_formed || is_too_long || text.chars().any(is_no_part) {
            return Err("Enter an email address, such as ada@example.com.".to_owned());
        }
        Ok(Self(text))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A person's or an organisation's name: 1 to 100 visible characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PersonName(String);

impl PersonName {
    /// # Errors
    /// What to do about it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = parse_name(text, 100)?;
        let folded = fold(&name);
        let of_no_person = [COMMAND_LINE, AUTH_SECRET].map(fold);
        if of_no_person.contains(&folded) || folded.starts_with(&fold(API_TOKEN)) {
            return Err(format!(
                "In the audit log “{name}” is no person. Choose another name."
            ));
        }
        Ok(Self(name))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As the browser sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SetUpForm {
    pub code: String,
    pub organization: String,
    pub name: String,
    pub email: String,
    pub password: Password,
}

/// The first form of all. The password is never shown again.
#[derive(Default)]
pub struct SetUp {
    pub code: Field,
    pub organization: Field,
    pub name: Field,
    pub email: Field,
    pub password: Field,
}

/// What it means.
pub struct Founding {
    pub organization: PersonName,
    pub name: PersonName,
    pub email: Email,
    pub password: Password,
}

impl SetUp {
    /// # Errors
    /// The draft, to be shown again.
    pub fn parse(form: SetUpForm, code_is_right: bool) -> Result<Founding, Box<Self>> {
        let mut draft = Self {
            code: Field::new(form.code),
            organization: Field::new(form.organization),
            name: Field::new(form.name),
            email: Field::new(form.email),
            password: Field::default(),
        };
        if !code_is_right {
            draft
                .code
                .refuse("This is not the code that the server printed when it started.");
        }
        let organization = draft.organization.parse(PersonName::parse);
        let name = draft.name.parse(PersonName::parse);
        let email = draft.email.parse(Email::parse);
        let context = [
            &*draft.email.value,
            &draft.organization.value,
            &draft.name.value,
        ];
        // Nobody without the code makes us work.
        if code_is_right && let Err(why) = password::judge(&form.password, &context) {
            draft.password.refuse(why);
        }
        match (organization, name, email) {
            (Some(organization), Some(name), Some(email))
                if code_is_right && !draft.password.is_refused() =>
            {
                Ok(Founding {
                    organization,
                    name,
                    email,
                    password: form.password,
                })
            }
            _ => Err(Box::new(draft)),
        }
    }

    #[must_use]
    pub fn focus(&self) -> &'static str {
        first_refused(&[
            ("code", &self.code),
            ("organization", &self.organization),
            ("name", &self.name),
            ("email", &self.email),
            ("password", &self.password),
        ])
    }
}

/// As the browser sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AcceptanceForm {
    pub name: String,
    pub password: Password,
}

/// An invited person's form.
#[derive(Default)]
pub struct Acceptance {
    pub name: Field,
    pub password: Field,
}

impl Acceptance {
    /// `context` is what the password must not be like.
    ///
    /// # Errors
    /// The draft, to be shown again.
    pub fn parse(
        form: AcceptanceForm,
        context: &[&str],
    ) -> Result<(PersonName, Password), Box<Self>> {
        let mut draft = Self {
            name: Field::new(form.name),
            password: Field::default(),
        };
        let name = draft.name.parse(PersonName::parse);
        if let Err(why) = password::judge(&form.password, context) {
            draft.password.refuse(why);
        }
        match name {
            Some(name) if !draft.password.is_refused() => Ok((name, form.password)),
            _ => Err(Box::new(draft)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_are_folded_and_checked_no_more_than_needed() {
        assert_eq!(
            Email::parse(" Ada@Example.COM ").unwrap().as_str(),
            "ada@example.com"
        );
        assert!(Email::parse("o'hara+x@sub.example.com").is_ok());
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a b@example.com",
            "a@.com",
            "ada\u{200b}@example.com",
            "a\u{202e}da@example.com",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }
}
