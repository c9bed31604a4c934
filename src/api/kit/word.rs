//! Our enums in JSON and in the document: by their names.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::access::Role;
use crate::catalogue::resources::Place;
use crate::catalogue::{AccessLevel, Scope};
use crate::db::types::Named;
use crate::gate::{Code, Outcome};
use crate::journal::Action;
use crate::members::View;
use crate::tokens::overlap::Overlap;
use crate::tokens::queries::Fate;
use crate::tokens::{Presence, Sort, Status};

// Without type parameters of their own, as the document's macros want fields to be.
pub type AccessLevelWord = Word<AccessLevel>;
pub type ActionWord = Word<Action>;
pub type CodeWord = Word<Code>;
pub type FateWord = Word<Fate>;
pub type OutcomeWord = Word<Outcome>;
pub type OverlapWord = Word<Overlap>;
pub type PlaceWord = Word<Place>;
pub type PresenceWord = Word<Presence>;
pub type RoleWord = Word<Role>;
pub type ScopeWord = Word<Scope>;
pub type SortWord = Word<Sort>;
pub type StatusWord = Word<Status>;
pub type ViewWord = Word<View>;

/// One of the names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Word<T>(pub T);

impl<T: Named> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de, T: Named> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_of(T::VARIANTS, deserializer).map(Self)
    }
}

impl<T: Named> PartialSchema for Word<T> {
    fn schema() -> RefOr<Schema> {
        schema_of(T::VARIANTS)
    }
}

/// One of some, where not all can be.
///
/// # Errors
/// For another name.
pub fn read_of<'de, T: Named, D: Deserializer<'de>>(
    some: &[T],
    deserializer: D,
) -> Result<T, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    let found = some.iter().copied().find(|it| it.name() == text);
    found.ok_or_else(|| {
        let names: Vec<&str> = some.iter().map(|it| it.name()).collect();
        let expected = format!("one of {}", names.join("/"));
        D::Error::invalid_value(Unexpected::Other("another name"), &expected.as_str())
    })
}

/// Their names.
#[must_use]
pub fn schema_of<T: Named>(some: &[T]) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(some.iter().map(|it| it.name())))
        .into()
}

impl<T: Named> ToSchema for Word<T> {
    fn name() -> Cow<'static, str> {
        T::TYPE.into()
    }
}

impl<T: Named> fmt::Display for Word<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}
