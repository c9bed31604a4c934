//! The forms about groups: what was typed, and what it means.

use serde::Deserialize;

use super::queries::NewGroup;
use super::{Group, GroupName, LAST_ADMINISTRATOR, NAME_TAKEN};
use crate::access::Role;
use crate::identity::Email;
use crate::web::form::{Field, overtaken};

/// As the browser sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Form {
    name: String,
    /// A check box.
    administrators: Option<String>,
    version: i32,
}

/// A group to create or to edit.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: Field,
    /// Whether it makes its members administrators.
    pub administrators: bool,
    /// Of the group that is edited.
    pub version: i32,
    /// What is wrong with the whole.
    pub conflict: Option<String>,
}

impl From<Form> for Draft {
    fn from(form: Form) -> Self {
        Self {
            name: Field::new(form.name),
            administrators: form.administrators.is_some(),
            version: form.version,
            conflict: None,
        }
    }
}

impl From<&Group> for Draft {
    fn from(group: &Group) -> Self {
        Self {
            name: Field::new(&group.name),
            administrators: group.role == Some(Role::Admin),
            version: group.version,
            conflict: None,
        }
    }
}

impl Draft {
    /// # Errors
    /// The draft, to be shown again.
    pub fn parse(mut self) -> Result<NewGroup, Box<Self>> {
        match self.name.parse(GroupName::parse) {
            Some(name) => Ok(NewGroup {
                name,
                role: self.administrators.then_some(Role::Admin),
                external_id: None,
            }),
            None => Err(Box::new(self)),
        }
    }

    /// The form again, since the name is another group's.
    #[must_use]
    pub fn name_taken(mut self) -> Self {
        self.name.refuse(NAME_TAKEN);
        self
    }

    /// The form again, since someone changed the group meanwhile.
    #[must_use]
    pub fn outdated(mut self, group: &Group) -> Self {
        self.version = group.version;
        self.conflict = Some(overtaken("group"));
        self
    }

    /// The form again, since nobody would be left in charge.
    #[must_use]
    pub fn last_administrator(mut self) -> Self {
        self.conflict = Some(LAST_ADMINISTRATOR.to_owned());
        self
    }
}

/// As the browser sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AdditionForm {
    emails: String,
}

/// Emails that are added at a time.
const MOST: usize = 1_000;

/// Members to add, by their emails.
#[derive(Clone, Debug, Default)]
pub struct Addition {
    pub emails: Field,
}

impl From<AdditionForm> for Addition {
    fn from(form: AdditionForm) -> Self {
        Self {
            emails: Field::new(form.emails),
        }
    }
}

impl Addition {
    /// The emails, in lower case, each once.
    ///
    /// # Errors
    /// The draft, to be shown again.
    pub fn parse(mut self) -> Result<Vec<String>, Box<Self>> {
        let typed = self.emails.value.clone();
        let separators = |c: char| c.is_whitespace() || c == ',' || c == ';';
        let mut emails = Vec::new();
        for word in typed.split(separators).filter(|word| !word.is_empty()) {
            match Email::parse(word) {
                Ok(email) => emails.push(email.as_str().to_owned()),
                Err(_) => self
                    .emails
                    .refuse(format!("“{word}” is not an email address.")),
            }
        }
        emails.sort_unstable();
        emails.dedup();
        if emails.is_empty() && !self.emails.is_refused() {
            self.emails.refuse("Enter the email of a member.");
        }
        if emails.len() > MOST {
            self.emails
                .refuse(format!("Add at most {MOST} members at a time."));
        }
        if self.emails.is_refused() {
            return Err(Box::new(self));
        }
        Ok(emails)
    }

    /// The form again, since these belong to no members.
    #[must_use]
    pub fn strangers(mut self, emails: &[&String]) -> Self {
        for email in emails {
            self.emails
                .refuse(format!("{email} is not a member. Invite them first."));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_are_separated_by_whatever_people_separate_them_by() {
        let parse = |emails: &str| {
            Addition::from(AdditionForm {
                emails: emails.to_owned(),
            })
            .parse()
        };
        assert_eq!(
            parse("Ada@x.example, mei@x.example;\r\nada@x.example\n").unwrap(),
            ["ada@x.example", "mei@x.example"]
        );
        assert_eq!(parse(" ").unwrap_err().emails.errors.len(), 1);
        let refused = parse("ada@x.example, mei").unwrap_err();
        assert_eq!(refused.emails.errors, ["“mei” is not an email address."]);
        assert_eq!(refused.emails.value, "ada@x.example, mei");
    }
}
