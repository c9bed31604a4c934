//! Users: between what a client sends, what is stored, and what is answered.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::document::Document;
use super::problem;
use super::schema::{ResourceType, USER};
use super::version::Tag;
use crate::access::UserId;
use crate::identity::{Email, PersonName};
use crate::members::groups::GroupId;
use crate::web::Error;
use crate::web::text::is_invisible;

/// Characters of user names and of IDs at the client.
pub const LONGEST: usize = 300;

/// Bytes of all email addresses, of which parts are looked for by an index.
const MOST_OF_ADDRESSES: usize = 1_500;

/// The name of somebody of whose names none can be shown.
const NAMELESS: &str = "Unnamed user";

/// What a client wants a user to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub user_name: String,
    pub external_id: Option<String>,
    pub active: bool,
    /// The account's, if any is sent.
    pub email: Option<Email>,
    pub name: PersonName,
    /// All other attributes.
    pub document: Document,
}

impl Wanted {
    /// # Errors
    /// `invalidValue`
    pub fn of(mut document: Document) -> Result<Self, Error> {
        document.check_size()?;
        let user_name = match document.text("userName").map(str::trim) {
            Some(name) if !name.is_empty() => within("userName", name)?,
            _ => return Err(problem::value("userName is missing.")),
        };
        let external_id = match document.text("externalId") {
            Some(id) => Some(within("externalId", id)?),
            None => None,
        };
        check_addresses(&document)?;
        let email = email(&document, &user_name);
        let name = name(&document, &user_name);
        let active = document.0.get("active") != Some(&Value::Bool(false));
        for name in ["userName", "externalId", "active"] {
            document.0.remove(name);
        }
        Ok(Self {
            user_name,
            external_id,
            active,
            email,
            name,
            document,
        })
    }
}

/// # Errors
/// `invalidValue` for what is too long to be found again.
pub fn within(name: &str, text: &str) -> Result<String, Error> {
    if text.chars().count() > LONGEST {
        let detail = format!("{name} should have at most {LONGEST} characters.");
        return Err(problem::value(detail));
    }
    Ok(text.to_owned())
}

fn check_addresses(document: &Document) -> Result<(), Error> {
    let emails = document.0.get("emails").and_then(Value::as_array);
    let values = emails.into_iter().flatten();
    let lengths = values.filter_map(|email| Some(email["value"].as_str()?.len() + 1));
    if lengths.sum::<usize>() > MOST_OF_ADDRESSES {
        return Err(problem::value(format!(
            "emails should hold at most {MOST_OF_ADDRESSES} bytes of addresses together."
        )));
    }
    Ok(())
}

/// The primary address, or else the user name, which often is one.
fn email(document: &Document, user_name: &str) -> Option<Email> {
    let sent = document.main_value("emails");
    let mut candidates = sent.into_iter().chain([user_name]);
    candidates.find_map(|text| Email::parse(text).ok())
}

/// The first of the names that can be shown.
fn name(document: &Document, user_name: &str) -> PersonName {
    let part = |name: &str| document.0.get("name")?[name].as_str().map(str::to_owned);
    let parts: Vec<String> = ["givenName", "familyName"]
        .into_iter()
        .filter_map(part)
        .collect();
    let candidates = [
        document.text("displayName").unwrap_or_default(),
        &part("formatted").unwrap_or_default(),
        &parts.join(" "),
        user_name,
        NAMELESS,
    ];
    let shown = |name: &str| {
        let visible = name.chars().filter(|c| !is_invisible(*c)).take(100);
        PersonName::parse(&visible.collect::<String>()).ok()
    };
    candidates
        .into_iter()
        .find_map(shown)
        .expect("the last one can be shown")
}

/// A user as stored.
#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "it is the standard's name")]
pub struct User {
    pub id: UserId,
    pub user_name: String,
    pub external_id: Option<String>,
    pub active: bool,
    /// All other attributes.
    pub document: Document,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub modified_at: DateTime<Utc>,
}

/// A group that a user is in.
#[derive(Clone, Debug)]
pub struct InGroup {
    pub id: GroupId,
    pub name: String,
}

impl User {
    /// With the attributes that stand apart.
    #[must_use]
    pub fn whole(&self) -> Document {
        let mut whole = self.document.clone();
        whole
            .0
            .insert("userName".into(), self.user_name.as_str().into());
        whole.0.insert("active".into(), self.active.into());
        if let Some(id) = &self.external_id {
            whole.0.insert("externalId".into(), id.as_str().into());
        }
        whole
    }

    /// With the groups, which are changed without the user, and apart from who they were before they were
    /// removed.
    #[must_use]
    pub fn tag(&self, groups: &[InGroup]) -> Tag {
        let groups = groups
            .iter()
            .map(|group| format!("{} {}\n", group.id, group.name));
        let created = self.created_at.timestamp_micros();
        Tag::beside(
            self.version,
            &format!("{created}\n{}", groups.collect::<String>()),
        )
    }

    /// As it is answered. `base` is the address that ends in `/scim/v2`.
    #[must_use]
    pub fn resource(&self, groups: &[InGroup], base: &str) -> Map<String, Value> {
        let mut resource = self.whole().0;
        let used = USER.schemas().filter(|schema| {
            schema.urn == USER.schema.urn || self.document.0.contains_key(schema.urn)
        });
        resource.insert("schemas".into(), used.map(|schema| schema.urn).collect());
        resource.insert("id".into(), self.id.to_string().into());
        if !groups.is_empty() {
            let groups = groups.iter().map(|group| {
                json!({
                    "value": group.id,
                    "$ref": format!("{base}/Groups/{}", group.id),
                    "display": group.name,
                    "type": "direct",
                })
            });
            resource.insert("groups".into(), groups.collect());
        }
        let meta = Meta {
            kind: &USER,
            id: self.id.to_string(),
            created_at: self.created_at,
            modified_at: self.modified_at,
            tag: self.tag(groups),
        };
        resource.insert("meta".into(), meta.answered(base));
        resource
    }
}

/// What is known of a resource as such.
pub struct Meta {
    pub kind: &'static ResourceType,
    pub id: String,
    pub created_at: DateTime<Utc>,
    pub modified_at: DateTime<Utc>,
    pub tag: Tag,
}

impl Meta {
    #[must_use]
    pub fn answered(&self, base: &str) -> Value {
        let exact = |at: &DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        json!({
            "resourceType": self.kind.name,
            "created": exact(&self.created_at),
            "lastModified": exact(&self.modified_at),
            "location": format!("{base}{}/{}", self.kind.endpoint, self.id),
            "version": self.tag.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(body: &Value) -> Result<Wanted, Error> {
        Wanted::of(Document::of(&USER, body).unwrap())
    }

    #[test]
    fn a_user_gets_the_primary_address_and_a_name_that_can_be_shown() {
        let user = wanted(&json!({
            "userName": " jdoe ", "emails": [
                { "value": "j@home.example" }, { "value": "J.Doe@x.example", "primary": true },
            ],
            "name": { "givenName": "Jo", "familyName": "Doe" },
        }));
        let user = user.unwrap();
        assert_eq!(user.user_name, "jdoe");
        assert_eq!(user.email, Email::parse("j.doe@x.example").ok());
        assert_eq!(user.name.as_str(), "Jo Doe");
        assert!(user.active);
        let user =
            wanted(&json!({ "userName": "J@x.example", "displayName": "\u{200b}" })).unwrap();
        assert_eq!(user.email, Email::parse("j@x.example").ok());
        assert_eq!(user.name.as_str(), "J@x.example");
        let long = "x".repeat(200);
        let user = wanted(&json!({ "userName": "j@x.example", "displayName": long })).unwrap();
        assert_eq!(user.name.as_str().len(), 100);
        // The name of someone else.
        let user = wanted(&json!({ "userName": "j@x.example", "displayName": "Command line" }));
        assert_eq!(user.unwrap().name.as_str(), "j@x.example");
    }

    #[test]
    fn without_a_user_name_or_with_too_much_there_is_no_user() {
        for bad in [
            json!({}),
            json!({ "userName": " " }),
            json!({ "userName": format!("{}@x.example", "j".repeat(LONGEST)) }),
            json!({ "userName": "j@x.example", "externalId": "1".repeat(LONGEST + 1) }),
            json!({ "userName": "j@x.example", "nickName": "x".repeat(200_000) }),
            json!({ "userName": "j@x.example", "emails": [{ "value": "x".repeat(1_500) }] }),
        ] {
            assert!(wanted(&bad).is_err(), "{}", bad["userName"]);
        }
    }
}
