//! What attributes there are, and what holds of them (RFC 7643, section 7).

mod group;
mod published;
mod user;

use super::path::Path;

pub use group::{GROUP, MEMBERS};
pub use published::{resource_types, schemas, service_provider};
pub use user::{ENTERPRISE_URN, USER};

/// The type of an attribute's values, with what only that type has.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    Text,
    Flag,
    Instant,
    Binary,
    /// Names of the resource types that it refers to, or `external` or `uri`.
    Reference(&'static [&'static str]),
    /// With these sub-attributes.
    Complex(&'static [Attribute]),
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the standard's")]
pub struct Attribute {
    pub name: &'static str,
    pub description: &'static str,
    pub kind: Kind,
    pub is_plural: bool,
    pub is_required: bool,
    pub is_exact: bool,
    pub is_read_only: bool,
    /// Returned whatever is asked for.
    pub is_always_returned: bool,
    pub is_unique: bool,
    /// Values that clients suggest; others are taken too.
    pub usual: &'static [&'static str],
}

impl Attribute {
    const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self {
            name,
            description,
            kind,
            is_plural: false,
            is_required: false,
            is_exact: false,
            is_read_only: false,
            is_always_returned: false,
            is_unique: false,
            usual: &[],
        }
    }

    const fn text(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Text, description)
    }

    const fn exact(self) -> Self {
        Self {
            is_exact: true,
            ..self
        }
    }

    const fn read_only(self) -> Self {
        Self {
            is_read_only: true,
            ..self
        }
    }

    const fn required(self) -> Self {
        Self {
            is_required: true,
            ..self
        }
    }

    const fn always(self) -> Self {
        Self {
            is_always_returned: true,
            ..self
        }
    }

    const fn unique(self) -> Self {
        Self {
            is_unique: true,
            ..self
        }
    }

    const fn plural(self) -> Self {
        Self {
            is_plural: true,
            ..self
        }
    }

    const fn usual(self, usual: &'static [&'static str]) -> Self {
        Self { usual, ..self }
    }

    /// None but for a complex attribute.
    #[must_use]
    pub fn subs(&self) -> &'static [Attribute] {
        match self.kind {
            Kind::Complex(subs) => subs,
            _ => &[],
        }
    }

    #[must_use]
    pub fn sub(&self, name: &str) -> Option<&'static Attribute> {
        named(self.subs(), name)
    }
}

/// Names are compared without case (RFC 7643, section 2.1).
fn named(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Schema {
    pub urn: &'static str,
    pub name: &'static str,
    pub description: &'static str,
    pub attributes: &'static [Attribute],
}

/// What is provisioned: users or groups.
#[derive(Debug, Eq, PartialEq)]
pub struct ResourceType {
    pub name: &'static str,
    /// Below `/scim/v2`.
    pub endpoint: &'static str,
    pub schema: Schema,
    pub extensions: &'static [Schema],
}

pub static TYPES: [&ResourceType; 2] = [&USER, &GROUP];

/// An attribute of a resource, and one of its sub-attributes if that is meant.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Place {
    /// The extension in whose object it stands.
    pub extension: Option<&'static Schema>,
    pub attribute: &'static Attribute,
    pub sub: Option<&'static Attribute>,
}

impl Place {
    /// What the value at this place is.
    #[must_use]
    pub fn target(&self) -> &'static Attribute {
        self.sub.unwrap_or(self.attribute)
    }

    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.attribute.is_read_only || self.target().is_read_only
    }

    /// Those of its sub-attributes, or itself where there are none.
    #[must_use]
    pub fn parts(self) -> Vec<Place> {
        let part = |sub| Place {
            sub: Some(sub),
            ..self
        };
        match self.target().subs() {
            [] => vec![self],
            subs => subs.iter().map(part).collect(),
        }
    }

    /// The names to it from the resource down.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let extension = self.extension.map(|schema| schema.urn);
        let sub = self.sub.map(|sub| sub.name);
        let names = [extension, Some(self.attribute.name), sub];
        names.into_iter().flatten().collect()
    }
}

/// The attributes of every resource (RFC 7643, section 3).
const COMMON: &[Attribute] = &[
    Attribute::text("schemas", "The URIs of the resource’s schemas.")
        .exact()
        .plural()
        .read_only()
        .always(),
    Attribute::text("id", "The resource’s ID here.")
        .exact()
        .read_only()
        .always()
        .unique(),
    Attribute::text("externalId", "The resource’s ID at the client.")
        .exact()
        .unique(),
    Attribute::new(
        "meta",
        Kind::Complex(&[
            Attribute::text("resourceType", "User or Group.")
                .exact()
                .read_only(),
            Attribute::new("created", Kind::Instant, "When it was made.").read_only(),
            Attribute::new("lastModified", Kind::Instant, "When it last changed.").read_only(),
            Attribute::new("location", Kind::Reference(&["uri"]), "Its address.")
                .exact()
                .read_only(),
            Attribute::text("version", "Its ETag.").exact().read_only(),
        ]),
        "What is known of the resource as such.",
    )
    .read_only(),
];

impl ResourceType {
    /// What a path means; `None` for what is not in the schemas.
    #[must_use]
    pub fn find(&'static self, path: &Path) -> Option<Place> {
        let (extension, attribute) = self.attribute(path)?;
        let sub = match &path.sub {
            Some(name) => Some(attribute.sub(name)?),
            None => None,
        };
        Some(Place {
            extension,
            attribute,
            sub,
        })
    }

    /// With the extension that it is of. Some clients leave out whose an extension's attribute is.
    fn attribute(
        &'static self,
        path: &Path,
    ) -> Option<(Option<&'static Schema>, &'static Attribute)> {
        let own = || {
            named(COMMON, &path.attribute)
                .or_else(|| named(self.schema.attributes, &path.attribute))
                .map(|attribute| (None, attribute))
        };
        let of = |extension: &'static Schema| {
            named(extension.attributes, &path.attribute)
                .map(|attribute| (Some(extension), attribute))
        };
        match &path.schema {
            None => own().or_else(|| self.extensions.iter().find_map(of)),
            Some(urn) if urn.eq_ignore_ascii_case(self.schema.urn) => own(),
            Some(urn) => of(self.extension(urn)?),
        }
    }

    #[must_use]
    pub fn extension(&self, urn: &str) -> Option<&'static Schema> {
        self.extensions
            .iter()
            .find(|schema| schema.urn.eq_ignore_ascii_case(urn))
    }

    /// The resource's and then the extensions'.
    pub fn schemas(&self) -> impl Iterator<Item = &Schema> {
        std::iter::once(&self.schema).chain(self.extensions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &str) -> Option<Vec<&'static str>> {
        let place = USER.find(&Path::parse(path)?)?;
        Some(place.names())
    }

    #[test]
    fn attributes_are_found_by_any_of_their_names() {
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        assert_eq!(find("USERNAME").unwrap(), ["userName"]);
        assert_eq!(
            find("urn:ietf:params:scim:schemas:core:2.0:User:name.givenname").unwrap(),
            ["name", "givenName"]
        );
        let manager = find(&format!("{}:manager.value", enterprise.to_lowercase()));
        assert_eq!(manager.unwrap(), [enterprise, "manager", "value"]);
        assert_eq!(
            find("manager.value").unwrap(),
            [enterprise, "manager", "value"]
        );
        assert_eq!(find("meta.lastmodified").unwrap(), ["meta", "lastModified"]);
    }

    #[test]
    fn what_is_in_no_schema_is_not_found() {
        for path in [
            "nonsense",
            "userName.value",
            "name.nonsense",
            "urn:ietf:params:scim:schemas:core:2.0:Group:displayName",
        ] {
            assert_eq!(find(path), None, "{path}");
        }
    }
}
