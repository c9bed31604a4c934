//! The form of a resource, new or edited: what was typed, and what it means. What is imported
//! goes the same way.

use serde::Deserialize;

use super::pattern::{Pattern, Tail};
use super::queries::Stored;
use super::{ANY_METHOD, Conflict, Operation, Place, Resource, Target};
use crate::catalogue::Scope;
use crate::web::form::{Field, overtaken};
use crate::web::text::parse_name;

const LONGEST_NAME: usize = 100;
/// An MCP tool's name is short, and so is what an operation is called.
const LONGEST_OPERATION: usize = 100;
const MOST_OPERATIONS: usize = 50;
const MOST_METHODS: usize = 20;
const LONGEST_METHOD: usize = 20;
/// Empty rows that a form offers.
const SPARE_ROWS: usize = 4;

/// As the browser sends it: an operation is a value in each of the last four.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Form {
    name: String,
    kind: String,
    path: String,
    preflight: String,
    version: i32,
    operation_name: Vec<String>,
    operation_methods: Vec<String>,
    operation_place: Vec<String>,
    operation_scope: Vec<String>,
}

/// A form to show: empty, filled in, or to be corrected.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: Field,
    pub tools: bool,
    pub path: Field,
    pub preflight: bool,
    pub rows: Vec<Row>,
    /// What is wrong with the operations together.
    pub operations: Field,
    /// Of the resource that is edited; 0 for a new one.
    pub version: i32,
    /// What is wrong with the whole.
    pub conflict: Option<String>,
}

/// An operation.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub name: Field,
    /// Separated by spaces or commas.
    pub methods: Field,
    pub place: Field,
    pub scope: Field,
}

impl Row {
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.name.value.trim().is_empty() && self.methods.value.trim().is_empty()
    }

    #[must_use]
    pub fn is_place(&self, place: Place) -> bool {
        self.place.value == place.as_str()
    }

    #[must_use]
    pub fn is_scope(&self, scope: Scope) -> bool {
        self.scope.value == scope.as_str()
    }

    fn is_refused(&self) -> bool {
        self.fields().iter().any(|(_, field)| field.is_refused())
    }

    /// With the names of their inputs.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, &Field); 4] {
        [
            ("name", &self.name),
            ("methods", &self.methods),
            ("place", &self.place),
            ("scope", &self.scope),
        ]
    }
}

impl From<Form> for Draft {
    /// The form of tools shows no methods and places, and so it has none.
    fn from(form: Form) -> Self {
        let tools = form.kind == "tools";
        let field =
            |value: Option<String>| Field::new(value.filter(|_| !tools).unwrap_or_default());
        let mut methods = form.operation_methods.into_iter();
        let mut places = form.operation_place.into_iter();
        let mut scopes = form.operation_scope.into_iter();
        let rows = form.operation_name.into_iter().map(|name| Row {
            name: Field::new(name),
            methods: field(methods.next()),
            place: field(places.next()),
            scope: Field::new(scopes.next().unwrap_or_default()),
        });
        Self {
            // The form has spare rows.
            rows: rows.filter(|row| !row.is_blank()).collect(),
            name: Field::new(form.name),
            tools,
            path: Field::new(form.path),
            preflight: !form.preflight.is_empty(),
            version: form.version,
            ..Self::default()
        }
    }
}

impl From<&Stored> for Draft {
    fn from(stored: &Stored) -> Self {
        let resource = &stored.resource;
        let row = |operation: &Operation| Row {
            name: Field::new(&operation.name),
            methods: Field::new(operation.methods.join(" ")),
            place: Field::new(operation.place.as_str()),
            scope: Field::new(operation.scope.as_str()),
        };
        Self {
            name: Field::new(&resource.name),
            tools: resource.target == Target::Tools,
            path: Field::new(match &resource.target {
                Target::Path(pattern) => pattern.as_str(),
                Target::Tools => "",
            }),
            preflight: resource.preflight,
            rows: resource.operations.iter().map(row).collect(),
            version: stored.version,
            ..Self::default()
        }
    }
}

impl Draft {
    /// All that the form means, or the form with all that is wrong with it.
    ///
    /// # Errors
    /// The draft, to be shown again.
    pub fn parse(mut self) -> Result<Resource, Box<Self>> {
        let name = self.name.parse(|name| parse_name(name, LONGEST_NAME));
        let target = self.parse_target();
        let is_single =
            matches!(&target, Some(Target::Path(path)) if path.tail() != Tail::ItselfAndBelow);
        let operations = self.parse_operations(is_single);
        match (name, target, operations) {
            (Some(name), Some(target), Some(operations)) => Ok(Resource {
                name,
                preflight: self.preflight && target != Target::Tools,
                target,
                operations,
            }),
            _ => Err(Box::new(self)),
        }
    }

    fn parse_target(&mut self) -> Option<Target> {
        if self.tools {
            return Some(Target::Tools);
        }
        self.path.parse(Pattern::parse).map(Target::Path)
    }

    fn parse_operations(&mut self, is_single: bool) -> Option<Vec<Operation>> {
        match self.rows.len() {
            0 => self.operations.refuse("Add at least one operation."),
            1..=MOST_OPERATIONS => {}
            _ => self
                .operations
                .refuse(format!("Use at most {MOST_OPERATIONS} operations.")),
        }
        let tools = self.tools;
        let mut parsed: Vec<Operation> = Vec::new();
        for row in &mut self.rows {
            let Some(operation) = row.parse(tools, is_single) else {
                continue;
            };
            if parsed.iter().any(|known| known.name == operation.name) {
                row.name
                    .refuse(format!("“{}” stands here twice.", operation.name));
            }
            if let Some((method, known)) = shared_method(&parsed, &operation) {
                row.methods
                    .refuse(format!("{method} is “{known}” already."));
            }
            parsed.push(operation);
        }
        let is_whole = !self.operations.is_refused() && !self.rows.iter().any(Row::is_refused);
        is_whole.then_some(parsed)
    }

    /// The form again, since it does not go with other resources.
    #[must_use]
    pub fn clashing(mut self, conflicts: &[Conflict]) -> Box<Self> {
        for conflict in conflicts {
            let field = match conflict {
                Conflict::Name(_) => &mut self.name,
                Conflict::Pattern(_) => &mut self.path,
                Conflict::Tool(..) => &mut self.operations,
            };
            field.refuse(conflict.to_string());
        }
        Box::new(self)
    }

    /// The form again, since the resource was changed after it was shown: what was typed stays,
    /// and sending it once more overwrites.
    #[must_use]
    pub fn outdated(mut self, current: &Stored) -> Box<Self> {
        self.version = current.version;
        self.conflict = Some(overtaken("resource"));
        Box::new(self)
    }

    /// With empty rows to fill in.
    #[must_use]
    pub fn with_spare_rows(mut self) -> Self {
        self.rows.retain(|row| !row.is_blank() || row.is_refused());
        let spare = Row {
            place: Field::new(Place::Anywhere.as_str()),
            ..Row::default()
        };
        self.rows.extend(vec![spare; SPARE_ROWS]);
        self
    }

    /// The ID of the first field with an error, which gets the focus.
    #[must_use]
    pub fn focus(&self) -> String {
        let own = [("name", &self.name), ("path", &self.path)];
        let first = own.iter().find(|(_, field)| field.is_refused());
        let in_rows = || {
            self.rows.iter().enumerate().find_map(|(at, row)| {
                let fields = row.fields();
                let (name, _) = fields.iter().find(|(_, field)| field.is_refused())?;
                Some(format!("operation-{at}-{name}"))
            })
        };
        let together = || {
            self.operations
                .is_refused()
                .then(|| "operation-0-name".to_owned())
        };
        first
            .map(|(name, _)| (*name).to_owned())
            .or_else(in_rows)
            .or_else(together)
            .unwrap_or_default()
    }

    /// All that is wrong, each with where it is; for what was not typed into a form.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        let mut errors = Vec::new();
        let mut add = |place: &str, field: &Field| {
            errors.extend(field.errors.iter().map(|error| format!("{place}: {error}")));
        };
        add("name", &self.name);
        add("path", &self.path);
        add("operations", &self.operations);
        for (at, row) in self.rows.iter().enumerate() {
            for (name, field) in row.fields() {
                add(&format!("operation {}, {name}", at + 1), field);
            }
        }
        errors
    }
}

impl Row {
    fn parse(&mut self, tools: bool, is_single: bool) -> Option<Operation> {
        let name = self.name.parse(|name| parse_name(name, LONGEST_OPERATION));
        let methods = if tools {
            self.no_methods()
        } else {
            self.methods.parse(parse_methods)
        };
        let place = self.parse_place(tools || is_single);
        let scope = self.scope.value.parse::<Scope>().ok();
        if scope.is_none() {
            self.scope.refuse("Choose a scope.");
        }
        Some(Operation {
            name: name?,
            methods: methods?,
            place: place?,
            scope: scope?,
        })
    }

    fn no_methods(&mut self) -> Option<Vec<String>> {
        if !self.methods.value.trim().is_empty() {
            self.methods
                .refuse("A tool has no methods. Leave them out, or give the resource a path.");
            return None;
        }
        Some(Vec::new())
    }

    /// Only `/**` has two places to tell apart.
    fn parse_place(&mut self, is_one_place: bool) -> Option<Place> {
        let place = match &*self.place.value {
            "" => Some(Place::Anywhere),
            name => name.parse().ok(),
        };
        match place {
            None => self.place.refuse("Choose where."),
            Some(Place::Itself | Place::Below) if is_one_place => {
                self.place
                    .refuse("Only a path that ends in /** has these two places.");
                return None;
            }
            _ => {}
        }
        place
    }
}

fn parse_methods(text: &str) -> Result<Vec<String>, String> {
    let mut methods: Vec<String> = Vec::new();
    let words = text.split(|c: char| c == ',' || c.is_whitespace());
    let mut count = 0;
    for word in words.filter(|word| !word.is_empty()) {
        count += 1;
        let method = word.to_ascii_uppercase();
        if method == "HEAD" {
            return Err("HEAD counts as GET. Leave it out.".to_owned());
        }
        let is_token = |b: u8| b.is_ascii_uppercase() || b == b'-' || b == b'_';
        let is_method = method == ANY_METHOD || method.bytes().all(is_token);
        if !is_method || method.len() > LONGEST_METHOD {
            return Err(format!(
                "“{word}” is no method. Write GET, POST and so on, or * for any."
            ));
        }
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    match count {
        0 => Err("Enter a method, such as GET, or * for any.".to_owned()),
        2..=MOST_METHODS
            if methods.len() > 1 && methods.iter().any(|method| method == ANY_METHOD) =>
        {
            Err("* stands for all methods. Leave the others out.".to_owned())
        }
        1..=MOST_METHODS => Ok(methods),
        _ => Err(format!("Use at most {MOST_METHODS} methods, or * for any.")),
    }
}

/// A method that another operation has in the same place.
fn shared_method<'a>(known: &'a [Operation], new: &'a Operation) -> Option<(&'a str, &'a str)> {
    known
        .iter()
        .filter(|known| known.place.meets(new.place))
        .find_map(|known| {
            let shared = new
                .methods
                .iter()
                .find(|method| known.methods.contains(method))?;
            Some((&**shared, &*known.name))
        })
}
