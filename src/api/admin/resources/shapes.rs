//! Resources in JSON. What is asked for goes through the console's form, which knows the rules.

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::kit::{
    self, Name, PathPattern, PlaceWord, Receipt, ScopeWord, Word, objects, present, present_objects,
};
use crate::catalogue::resources::draft::{Draft, Row};
use crate::catalogue::resources::queries::Stored;
use crate::catalogue::resources::{self, Place, Target};
use crate::web::Error;
use crate::web::form::Field;

/// A protected API.
#[derive(Serialize, ToSchema)]
pub struct Resource {
    id: Uuid,
    name: String,
    /// The pattern of its paths; `null` for the tools of MCP servers.
    path: Option<String>,
    /// Whether OPTIONS is let through without a token, for CORS.
    preflight: bool,
    operations: Vec<Operation>,
    /// Counts the changes; also in the header `ETag`.
    version: i32,
    /// Where a change is in effect; only in the answer to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub receipt: Option<Receipt>,
}

/// Something that is done to a resource.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// For tools, the tool's name.
    #[schema(value_type = Name)]
    name: String,
    /// `*` stands for all that no other operation names. None for a tool.
    #[serde(default)]
    #[schema(max_items = 20)]
    methods: Vec<Method>,
    /// Where in the path: `itself` and `below` only where the path ends in `/**`.
    #[serde(default)]
    #[schema(default = "anywhere")]
    place: Option<PlaceWord>,
    scope: ScopeWord,
}

/// A method of HTTP, or `*`. HEAD counts as GET.
#[derive(Clone, Serialize, ToSchema)]
#[schema(pattern = "^([*]|(?![Hh][Ee][Aa][Dd]$)[A-Za-z_-]{1,20})$")]
struct Method(String);

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_part = |c: char| c.is_ascii_alphabetic() || c == '-' || c == '_';
        let is_method = text == "*" || (1..=20).contains(&text.len()) && text.chars().all(is_part);
        is_method.then_some(Self(text)).ok_or_else(|| {
            let expected = "a method, such as GET, or *";
            D::Error::invalid_value(Unexpected::Other("a text"), &expected)
        })
    }
}

impl From<&resources::Operation> for Operation {
    fn from(operation: &resources::Operation) -> Self {
        Self {
            name: operation.name.clone(),
            methods: operation.methods.iter().cloned().map(Method).collect(),
            place: Some(Word(operation.place)),
            scope: Word(operation.scope),
        }
    }
}

impl From<Stored> for Resource {
    fn from(stored: Stored) -> Self {
        let resource = stored.resource;
        Self {
            id: stored.id.uuid(),
            path: match &resource.target {
                Target::Path(pattern) => Some(pattern.as_str().to_owned()),
                Target::Tools => None,
            },
            operations: resource.operations.iter().map(Operation::from).collect(),
            name: resource.name,
            preflight: resource.preflight,
            version: stored.version,
            receipt: None,
        }
    }
}

/// A resource to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewResource {
    #[schema(value_type = Name)]
    name: String,
    /// Such as `/api/agents/**`; left out or `null` for the tools of MCP servers.
    #[serde(default)]
    #[schema(value_type = Option<PathPattern>)]
    path: Option<String>,
    #[serde(default)]
    preflight: bool,
    #[serde(deserialize_with = "objects")]
    #[schema(min_items = 1, max_items = 50)]
    operations: Vec<Operation>,
}

/// What is to be other than it is.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceEdit {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Name>, nullable = false)]
    name: Option<String>,
    /// `null` for the tools of MCP servers.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<PathPattern>)]
    path: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    preflight: Option<bool>,
    /// All of them.
    #[serde(default, deserialize_with = "present_objects")]
    #[schema(min_items = 1, max_items = 50, nullable = false)]
    operations: Option<Vec<Operation>>,
}

impl From<NewResource> for Draft {
    fn from(new: NewResource) -> Self {
        Self {
            name: Field::new(new.name),
            tools: new.path.is_none(),
            path: Field::new(new.path.unwrap_or_default()),
            preflight: new.preflight,
            rows: new.operations.into_iter().map(row).collect(),
            ..Self::default()
        }
    }
}

impl ResourceEdit {
    /// The form of the resource, with what is to be other.
    pub fn of(self, current: &Stored) -> Draft {
        let mut draft = Draft::from(current);
        if let Some(name) = self.name {
            draft.name = Field::new(name);
        }
        if let Some(path) = self.path {
            draft.tools = path.is_none();
            draft.path = Field::new(path.unwrap_or_default());
        }
        if let Some(preflight) = self.preflight {
            draft.preflight = preflight;
        }
        if let Some(operations) = self.operations {
            draft.rows = operations.into_iter().map(row).collect();
        }
        draft
    }
}

fn row(operation: Operation) -> Row {
    let methods: Vec<&str> = operation.methods.iter().map(|it| it.0.as_str()).collect();
    let place = operation.place.map_or(Place::Anywhere, |place| place.0);
    Row {
        methods: Field::new(methods.join(" ")),
        place: Field::new(place.as_str()),
        scope: Field::new(operation.scope.0.as_str()),
        name: Field::new(operation.name),
    }
}

/// What is wrong with a form, by the names that its fields have in JSON.
pub fn mistakes(draft: &Draft) -> Error {
    let own = [
        ("name".to_owned(), &draft.name),
        ("path".to_owned(), &draft.path),
        ("operations".to_owned(), &draft.operations),
    ];
    let rows = draft.rows.iter().enumerate().flat_map(|(at, row)| {
        let fields = row.fields().into_iter();
        fields.map(move |(name, field)| (format!("operations[{at}].{name}"), field))
    });
    let all: Vec<(String, &Field)> = own.into_iter().chain(rows).collect();
    kit::mistakes(&all)
}
