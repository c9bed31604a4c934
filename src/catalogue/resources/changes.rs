//! What is said of resources that were changed.

use super::{Operation, Place, Resource};
use crate::journal::Change;
use crate::web::format;

/// For whoever put others in place of all.
#[must_use]
pub fn summed_up(verb: &str, count: usize) -> String {
    let resources = format::counted(count, "resource", "resources");
    match count {
        0 => format!("{verb}. Nothing was different."),
        _ => format!("{verb}. {resources} added, changed or removed."),
    }
}

/// For the journal: field by field, and each operation as one.
pub fn differences(old: Option<&Resource>, new: Option<&Resource>) -> Vec<Change> {
    let between = |field: &str, of: &dyn Fn(&Resource) -> Option<String>| {
        Change::between(field, old.and_then(of), new.and_then(of))
    };
    // A new or deleted resource is named by the entry.
    let is_edit = old.is_some() && new.is_some();
    let own = [
        between("name", &|it| is_edit.then(|| it.name.clone())),
        between("path", &|it| Some(it.place().to_owned())),
        between("preflight", &|it| it.preflight.then(|| "yes".to_owned())),
    ];
    let mut names: Vec<&str> = Vec::new();
    for operation in [old, new]
        .into_iter()
        .flatten()
        .flat_map(|it| &it.operations)
    {
        if !names.contains(&&*operation.name) {
            names.push(&operation.name);
        }
    }
    let operations = names.into_iter().map(|name| {
        between(name, &|it| {
            let mut operations = it.operations.iter();
            operations.find(|it| it.name == name).map(described)
        })
    });
    own.into_iter().chain(operations).flatten().collect()
}

/// A whole resource as one change.
pub fn summary(old: Option<&Resource>, new: Option<&Resource>) -> Change {
    let text = |resource: &Resource| {
        let operations = resource.operations.iter();
        let operations: Vec<String> = operations
            .map(|operation| format!("{}: {}", operation.name, described(operation)))
            .collect();
        let preflight = if resource.preflight {
            ", with preflight"
        } else {
            ""
        };
        format!("{}{preflight}; {}", resource.place(), operations.join("; "))
    };
    Change {
        field: new.or(old).map(|it| it.name.clone()).unwrap_or_default(),
        from: old.map(text),
        to: new.map(text),
    }
}

/// `GET below connect:read`
fn described(operation: &Operation) -> String {
    let mut words: Vec<&str> = operation.methods.iter().map(String::as_str).collect();
    if operation.place != Place::Anywhere {
        words.push(operation.place.as_str());
    }
    words.push(operation.scope.as_str());
    words.join(" ")
}
