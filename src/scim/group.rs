//! Groups: between what a client sends, what is stored, and what is answered.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::criterion::{Criterion, Leaf, Literal};
use super::document::{Document, Mode};
use super::filter::Operator;
use super::patch::{Operation, Target};
use super::path::Path;
use super::problem;
use super::schema::{GROUP, MEMBERS, Place, USER};
use super::user::{Meta, within};
use super::version::Tag;
use crate::access::UserId;
use crate::members::groups::{GroupId, GroupName};
use crate::web::Error;

/// What a client wants a group to be, but for its members.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub name: GroupName,
    pub external_id: Option<String>,
}

impl Wanted {
    /// # Errors
    /// `invalidValue`
    pub fn of(document: &Document) -> Result<Self, Error> {
        let name = document.text("displayName").unwrap_or_default();
        let name =
            GroupName::parse(name).map_err(|why| problem::value(format!("displayName: {why}")))?;
        let external_id = match document.text("externalId") {
            Some(id) => Some(within("externalId", id)?),
            None => None,
        };
        Ok(Self { name, external_id })
    }
}

/// What becomes of a group's members: however many operations it comes from, it is at most one
/// removal and one addition.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MemberChanges {
    /// Whether none of the present ones stays, unless it is among the added.
    pub is_replaced: bool,
    pub added: BTreeSet<UserId>,
    pub removed: BTreeSet<UserId>,
}

impl MemberChanges {
    /// These and no others.
    #[must_use]
    pub fn of(users: BTreeSet<UserId>) -> Self {
        Self {
            is_replaced: true,
            added: users,
            removed: BTreeSet::new(),
        }
    }

    fn add(&mut self, users: BTreeSet<UserId>) {
        self.removed.retain(|user| !users.contains(user));
        self.added.extend(users);
    }

    fn remove(&mut self, users: BTreeSet<UserId>) {
        self.added.retain(|user| !users.contains(user));
        self.removed.extend(users);
    }

    /// Takes in one operation, of which the document gets what does not concern members.
    ///
    /// # Errors
    /// `invalidPath`, `invalidValue`, `noTarget`
    pub fn apply(&mut self, operation: &Operation, document: &mut Document) -> Result<(), Error> {
        match operation {
            Operation::Put {
                mode,
                target: None,
                value: Value::Object(object),
            } => {
                if let Some(value) = members_in(object)? {
                    self.put(*mode, value)?;
                }
                document.merge(&GROUP, &without_members(object), *mode)
            }
            Operation::Put {
                mode,
                target: Some(Target::Attribute(place)),
                value,
            } if is_members(place) => {
                as_a_whole(place)?;
                self.put(*mode, value)
            }
            Operation::Put {
                target: Some(Target::Values { place, .. }),
                ..
            } if is_members(place) => Err(problem::path("Members are added by the path members.")),
            Operation::Remove {
                target: Target::Attribute(place),
                value,
            } if is_members(place) => {
                as_a_whole(place)?;
                match value {
                    None => *self = Self::of(BTreeSet::new()),
                    // As Entra ID sends it.
                    Some(value) => self.remove(users(value)?),
                }
                Ok(())
            }
            Operation::Remove {
                target:
                    Target::Values {
                        place,
                        sub: Some(_),
                        ..
                    },
                ..
            } if is_members(place) => Err(problem::read_only(MEMBERS)),
            Operation::Remove {
                target: Target::Values {
                    place, criterion, ..
                },
                ..
            } if is_members(place) => {
                self.remove(meant(criterion)?);
                Ok(())
            }
            _ => operation.apply(document, &GROUP),
        }
    }

    fn put(&mut self, mode: Mode, value: &Value) -> Result<(), Error> {
        match mode {
            Mode::Add => self.add(users(value)?),
            Mode::Replace => *self = Self::of(users(value)?),
        }
        Ok(())
    }
}

fn is_members(place: &Place) -> bool {
    place.attribute.name == MEMBERS
}

fn as_a_whole(place: &Place) -> Result<(), Error> {
    match place.sub {
        None => Ok(()),
        Some(_) => Err(problem::path("Members are added and removed as a whole.")),
    }
}

fn named<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let mut fields = object.iter();
    let found = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// A field of `members`, by its short name or with the schema's.
fn members_field(field: &str) -> Option<Place> {
    let place = Path::parse(field).and_then(|path| GROUP.find(&path))?;
    is_members(&place).then_some(place)
}

fn members_in(object: &Map<String, Value>) -> Result<Option<&Value>, Error> {
    let mut fields = object.iter();
    let found = fields.find_map(|(field, value)| Some((members_field(field)?, value)));
    let Some((place, value)) = found else {
        return Ok(None);
    };
    as_a_whole(&place)?;
    Ok(Some(value))
}

/// There may be too many of them to be dealt with one by one.
fn without_members(object: &Map<String, Value>) -> Map<String, Value> {
    let rest = object
        .iter()
        .filter(|(field, _)| members_field(field).is_none());
    rest.map(|(field, value)| (field.clone(), value.clone()))
        .collect()
}

/// A group that is sent, without its members.
///
/// # Errors
/// `invalidValue`, `invalidSyntax`
pub fn document_of(body: &Value) -> Result<Document, Error> {
    let rest = body.as_object().map(without_members).map(Value::Object);
    Document::of(&GROUP, rest.as_ref().unwrap_or(body))
}

/// The users that a group that is sent has for members.
///
/// # Errors
/// `invalidPath`, `invalidValue`
pub fn users_in(body: &Value) -> Result<BTreeSet<UserId>, Error> {
    let members = body.as_object().map(members_in).transpose()?.flatten();
    users(members.unwrap_or(&Value::Null))
}

fn users(value: &Value) -> Result<BTreeSet<UserId>, Error> {
    match value {
        Value::Null => Ok(BTreeSet::new()),
        Value::Array(values) => values.iter().map(user).collect(),
        one => Ok(BTreeSet::from([user(one)?])),
    }
}

fn user(member: &Value) -> Result<UserId, Error> {
    let (id, kind) = match member {
        Value::Object(object) => (named(object, "value"), named(object, "type")),
        member => (Some(member), None),
    };
    if kind
        .and_then(Value::as_str)
        .is_some_and(|kind| !kind.eq_ignore_ascii_case("User"))
    {
        return Err(problem::value("members should be users."));
    }
    let id = id.and_then(Value::as_str).map(str::parse::<Uuid>);
    match id {
        Some(Ok(id)) => Ok(id.into()),
        _ => Err(problem::value(
            "members should have the id of a user for value.",
        )),
    }
}

/// `members[value eq "…"]`, or several of these.
fn meant(criterion: &Criterion) -> Result<BTreeSet<UserId>, Error> {
    match criterion {
        Criterion::Any(criteria) => {
            let each = criteria.iter().map(meant);
            Ok(each
                .collect::<Result<Vec<_>, Error>>()?
                .into_iter()
                .flatten()
                .collect())
        }
        // All members are users.
        Criterion::All(criteria) if criteria.len() == 2 && criteria.iter().any(names_users) => {
            let others = criteria.iter().filter(|it| !names_users(it));
            others.map(meant).next().unwrap_or_else(|| Err(unmeant()))
        }
        Criterion::Leaf(Leaf::Compare(place, Operator::Equal, Literal::Text(id)))
            if place.target().name == "value" =>
        {
            // Whoever is not there is no member.
            let id = id.parse::<Uuid>().ok();
            Ok(id.map(UserId::from).into_iter().collect())
        }
        _ => Err(unmeant()),
    }
}

fn unmeant() -> Error {
    problem::filter("Members are removed by their IDs: members[value eq \"…\"].")
}

/// `type eq "User"`
fn names_users(criterion: &Criterion) -> bool {
    let Criterion::Leaf(Leaf::Compare(place, Operator::Equal, Literal::Text(kind))) = criterion
    else {
        return false;
    };
    place.target().name == "type" && kind.eq_ignore_ascii_case(USER.name)
}

/// A group as stored.
#[derive(Clone, Debug)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    pub external_id: Option<String>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub modified_at: DateTime<Utc>,
}

/// A user in a group.
#[derive(Clone, Debug)]
pub struct Member {
    pub id: UserId,
    pub name: String,
}

impl Group {
    /// Without its members.
    #[must_use]
    pub fn whole(&self) -> Document {
        let mut whole = Document::default();
        whole
            .0
            .insert("displayName".into(), self.name.as_str().into());
        if let Some(id) = &self.external_id {
            whole.0.insert("externalId".into(), id.as_str().into());
        }
        whole
    }

    #[must_use]
    pub fn tag(&self) -> Tag {
        Tag::of(self.version)
    }

    /// As it is answered. `base` is the address that ends in `/scim/v2`.
    #[must_use]
    pub fn resource<'a>(
        &self,
        members: impl Iterator<Item = &'a Member>,
        base: &str,
    ) -> Map<String, Value> {
        let mut resource = self.whole().0;
        resource.insert("schemas".into(), json!([GROUP.schema.urn]));
        resource.insert("id".into(), self.id.to_string().into());
        let members = members.map(|member| {
            json!({
                "value": member.id,
                "$ref": format!("{base}/Users/{}", member.id),
                "display": member.name,
                "type": "User",
            })
        });
        resource.insert(MEMBERS.into(), members.collect());
        let meta = Meta {
            kind: &GROUP,
            id: self.id.to_string(),
            created_at: self.created_at,
            modified_at: self.modified_at,
            tag: self.tag(),
        };
        resource.insert("meta".into(), meta.answered(base));
        resource
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::patch::operations;

    fn id(number: u128) -> UserId {
        Uuid::from_u128(number).into()
    }

    fn after(sent: &Value) -> Result<(MemberChanges, Document), Error> {
        let mut membership = MemberChanges::default();
        let mut document = Document::default();
        for operation in operations(&GROUP, &json!({ "Operations": sent }))? {
            membership.apply(&operation, &mut document)?;
        }
        Ok((membership, document))
    }

    #[test]
    fn operations_come_down_to_one_addition_and_one_removal() {
        let [one, two, three] = [1, 2, 3].map(|number| id(number).to_string());
        let (membership, document) = after(&json!([
            { "op": "add", "path": "members", "value": [{ "value": one }, { "value": two }] },
            { "op": "Remove", "path": format!("members[value eq \"{one}\"]") },
            { "op": "Remove", "path": "members", "value": [{ "value": three }] },
            { "op": "Replace", "value": { "displayName": "New", "id": "x" } },
        ]))
        .unwrap();
        assert!(!membership.is_replaced);
        assert_eq!(membership.added, BTreeSet::from([id(2)]));
        assert_eq!(membership.removed, BTreeSet::from([id(1), id(3)]));
        assert_eq!(document.text("displayName"), Some("New"));

        let (membership, _) = after(&json!([
            { "op": "add", "path": "members", "value": { "value": one } },
            { "op": "replace", "value": { "members": [{ "value": two }] } },
            { "op": "add", "path": "members", "value": [three] },
            { "op": "remove", "path": format!("members[value eq \"{two}\" or value eq \"x\"]") },
        ]))
        .unwrap();
        let only = MemberChanges {
            removed: BTreeSet::from([id(2)]),
            ..MemberChanges::of(BTreeSet::from([id(3)]))
        };
        assert_eq!(membership, only);
        let (membership, _) = after(&json!([{ "op": "remove", "path": "members" }])).unwrap();
        assert_eq!(membership, MemberChanges::of(BTreeSet::new()));
    }

    #[test]
    fn members_may_come_by_their_full_name() {
        let full = "urn:ietf:params:scim:schemas:core:2.0:Group:Members";
        let sent = json!({ "displayName": "Weavers", full: [{ "value": id(1).to_string() }] });
        assert_eq!(users_in(&sent).unwrap(), BTreeSet::from([id(1)]));
        assert!(document_of(&sent).unwrap().0.get("members").is_none());
        let (membership, _) = after(&json!([{ "op": "add", "value": sent }])).unwrap();
        assert_eq!(membership.added, BTreeSet::from([id(1)]));
        assert!(users_in(&json!({ "members.value": id(1).to_string() })).is_err());
    }

    #[test]
    fn members_are_users_and_named_by_their_ids() {
        for bad in [
            json!({ "op": "add", "path": "members", "value": [{ "value": "x" }] }),
            json!({ "op": "add", "path": "members", "value": [{ "display": "x" }] }),
            json!({ "op": "add", "path": "members",
                "value": [{ "value": Uuid::nil(), "type": "Group" }] }),
            json!({ "op": "add", "path": "members", "value": 17 }),
            json!({ "op": "add", "path": "members.value", "value": "x" }),
            json!({ "op": "add", "path": "members[value eq \"x\"]", "value": {} }),
            json!({ "op": "remove", "path": "members[display eq \"x\"]" }),
        ] {
            assert!(after(&json!([bad])).is_err(), "{bad}");
        }
    }
}
