//! The catalogue as TOML: what is exported can be imported, here or elsewhere.

use std::fmt::Write;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::draft::{Draft, Row};
use super::{MOST_RESOURCES, Place, Resource, Resources, Target};
use crate::web::form::Field;

/// One bad paste must not make a page of errors.
const MOST_ERRORS: usize = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    resource: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    name: String,
    /// Without one, the operations are MCP tools.
    path: Option<String>,
    #[serde(default)]
    preflight: bool,
    #[serde(default)]
    operations: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(default)]
    name: String,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    place: String,
    #[serde(default)]
    scope: String,
}

/// # Errors
/// All that is wrong, each with its line or resource. What is no TOML, or holds what a catalogue
/// has no place for, is told one at a time.
pub fn read(text: &str) -> Result<Vec<Resource>, Vec<String>> {
    let file: File = toml::from_str(text).map_err(|error| vec![describe(text, &error)])?;
    if file.resource.len() > MOST_RESOURCES {
        return Err(vec![format!("Use at most {MOST_RESOURCES} resources.")]);
    }
    let (mut resources, mut errors) = (Vec::new(), Vec::new());
    for entry in file.resource {
        let line = line_of(text, entry.span().start);
        let draft = Draft::from(entry.into_inner());
        let name = draft.name.value.clone();
        match draft.parse() {
            Ok(resource) => resources.push(resource),
            Err(draft) => errors.extend(
                draft
                    .errors()
                    .into_iter()
                    .map(|error| format!("Line {line}, “{name}”, {error}")),
            ),
        }
    }
    if errors.is_empty() {
        match Resources::new(resources.clone()) {
            Ok(_) => return Ok(resources),
            Err(conflicts) => errors.extend(conflicts.iter().map(ToString::to_string)),
        }
    }
    errors.truncate(MOST_ERRORS);
    Err(errors)
}

impl From<Entry> for Draft {
    fn from(entry: Entry) -> Self {
        let row = |step: Step| Row {
            name: Field::new(step.name),
            methods: Field::new(step.methods.join(" ")),
            place: Field::new(step.place),
            scope: Field::new(step.scope),
        };
        Self {
            name: Field::new(entry.name),
            tools: entry.path.is_none(),
            path: Field::new(entry.path.unwrap_or_default()),
            preflight: entry.preflight,
            rows: entry.operations.into_iter().map(row).collect(),
            ..Self::default()
        }
    }
}

fn describe(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map_or(1, |span| line_of(text, span.start));
    format!("Line {line}: {}.", error.message().replace('\n', ", "))
}

/// From 1.
fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

/// In the order given, an operation a line.
#[must_use]
pub fn write(resources: &[Resource]) -> String {
    if resources.is_empty() {
        return "# There are no resources.\n".to_owned();
    }
    let mut text = String::new();
    for resource in resources {
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "[[resource]]\nname = {}", quoted(&resource.name));
        if let Target::Path(pattern) = &resource.target {
            let _ = writeln!(text, "path = {}", quoted(pattern.as_str()));
        }
        if resource.preflight {
            text.push_str("preflight = true\n");
        }
        text.push_str("operations = [\n");
        for operation in &resource.operations {
            let _ = write!(text, "  {{ name = {}", quoted(&operation.name));
            if !operation.methods.is_empty() {
                let methods: Vec<String> = operation.methods.iter().map(|it| quoted(it)).collect();
                let _ = write!(text, ", methods = [{}]", methods.join(", "));
            }
            if operation.place != Place::Anywhere {
                let _ = write!(text, ", place = {}", quoted(operation.place.as_str()));
            }
            let _ = writeln!(text, ", scope = {} }},", quoted(operation.scope.as_str()));
        }
        text.push_str("]\n");
    }
    text
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::resources::default_catalogue;

    fn errors(text: &str) -> Vec<String> {
        read(text).unwrap_err()
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let mut resources = default_catalogue();
        resources[0].name = "A \"quoted\" \\ name, 日本語 '''".to_owned();
        resources[0].preflight = true;
        let text = write(&resources);
        assert_eq!(read(&text), Ok(resources), "{text}");
        assert_eq!(read(""), Ok(Vec::new()));
    }

    #[test]
    fn the_default_is_written_as_it_would_be_exported() {
        let text = include_str!("default.toml");
        let written = write(&default_catalogue());
        assert_eq!(text.split_once("\n\n").unwrap().1, written);
    }

    #[test]
    fn all_errors_are_told_with_their_lines() {
        let text = r#"
[[resource]]
name = "One"
path = "/a/*"
operations = [{ name = "x", methods = ["GET", "HEAD"], scope = "connect:read" }]

[[resource]]
name = ""
path = "/b"
operations = [
  { name = "x", methods = ["G T"], scope = "nonsense" },
  { name = "x", methods = ["POST"], place = "there", scope = "render" },
]

[[resource]]
name = "None"

[[resource]]
name = "Tools"
operations = [{ name = "x", methods = ["GET"], place = "below", scope = "render" }]
"#;
        let errors = errors(text);
        let told = |what: &str| {
            assert!(
                errors.iter().any(|it| it.contains(what)),
                "{what}: {errors:#?}"
            );
        };
        told("Line 2, “One”, path: End with /**");
        told("Line 2, “One”, operation 1, methods: HEAD counts as GET");
        told("Line 7, “”, name: Enter a name.");
        told("Line 7, “”, operation 1, scope: Choose a scope.");
        told("Line 7, “”, operation 2, place: Choose where.");
        told("Line 15, “None”, operations: Add at least one operation.");
        told("Line 18, “Tools”, operation 1, methods: A tool has no methods.");
        told("Line 18, “Tools”, operation 1, place: Only a path that ends in /**");
    }

    #[test]
    fn what_is_no_catalogue_is_told_with_its_line() {
        for (text, told) in [
            ("nonsense", "Line 1: "),
            ("\n\n[[resource]]\nname = 1", "Line 4: invalid type"),
            (
                "[[resource]]\nname = \"x\"\npaht = \"/\"",
                "Line 3: unknown field `paht`",
            ),
            ("resource = 1", "Line 1: "),
        ] {
            let errors = errors(text);
            assert!(
                errors.len() == 1 && errors[0].starts_with(told),
                "{text}: {errors:?}"
            );
        }
        let many = "[[resource]]\n".repeat(MOST_RESOURCES + 1);
        assert_eq!(errors(&many), ["Use at most 250 resources."]);
        assert_eq!(errors(&"[[resource]]\n".repeat(200)).len(), MOST_ERRORS);
        assert!(read(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn a_resource_has_at_most_50_operations_of_20_methods() {
        let letters: Vec<char> = ('A'..='Z').collect();
        let method = |at: usize| format!("\"{}{}\"", letters[at / 26], letters[at % 26]);
        let resource = |operations: &[String]| {
            let operations = operations.join(", ");
            format!("[[resource]]\nname = \"x\"\npath = \"/x\"\noperations = [{operations}]\n")
        };
        let operation = |name: usize, methods: String| {
            format!("{{ name = \"{name}\", methods = [{methods}], scope = \"render\" }}")
        };
        let so_many = |most: usize| {
            let operations = (0..most).map(|at| operation(at, method(at)));
            resource(&operations.collect::<Vec<_>>())
        };
        assert!(read(&so_many(50)).is_ok());
        assert!(errors(&so_many(51))[0].ends_with("Use at most 50 operations."));
        let of_so_many = |most: usize| {
            let methods: Vec<String> = (0..most).map(method).collect();
            resource(&[operation(0, methods.join(", "))])
        };
        assert!(read(&of_so_many(20)).is_ok());
        assert!(errors(&of_so_many(21))[0].ends_with("Use at most 20 methods, or * for any."));
    }

    #[test]
    fn resources_that_conflict_are_both_named() {
        let resource = |name: &str, path: &str| {
            format!(
                "[[resource]]\nname = \"{name}\"\npath = \"{path}\"\noperations = [{{ name = \"x\", methods = [\"GET\"], scope = \"render\" }}]\n"
            )
        };
        let text = resource("One", "/a/{id}") + &resource("Two", "/a/{name}");
        assert_eq!(
            errors(&text),
            [
                "“One” (/a/{id}) and “Two” (/a/{name}) cover the same paths, and neither is more specific."
            ]
        );
        let text = resource("One", "/a") + &resource("ONE", "/b");
        assert_eq!(errors(&text), ["Two resources are named “ONE”."]);
    }
}
