//! The house has floors: a module uses only what stands above it in `lib.rs`. And only
//! `queries` name Diesel.

use std::fs;
use std::path::{Path, PathBuf};

/// The floors, the lowest first.
fn floors() -> Vec<String> {
    source(Path::new("src/lib.rs"))
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod "))
        .map(|name| name.trim_end_matches(';').to_owned())
        .collect()
}

fn source(path: &Path) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// All sources below `src`, by their paths from the root.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        let absolute = Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder);
        for entry in fs::read_dir(absolute).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// `src/tokens/queries/list.rs` stands on the floor `tokens`.
fn floor_of(path: &Path) -> String {
    let first = path.iter().nth(1).unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// Without comments.
fn code(path: &Path) -> String {
    source(path)
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The floors that a source uses: what follows `crate::`, also in braces.
fn used(code: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start()
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect()
    };
    let mut used = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut start = 0;
            for (at, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => {
                        used.push(name(&group[start..at]));
                        start = at + 1;
                    }
                    _ => {}
                }
                if depth == 0 {
                    used.push(name(&group[start..at]));
                    break;
                }
            }
        } else {
            used.push(name(rest));
        }
    }
    used.retain(|name| !name.is_empty());
    used
}

fn breaches(floors: &[String], path: &Path, code: &str) -> Vec<String> {
    let own = floor_of(path);
    let place = |name: &str| floors.iter().position(|floor| floor == name);
    let Some(height) = place(&own) else {
        return Vec::new();
    };
    used(code)
        .into_iter()
        .filter(|name| *name != own && place(name).is_some_and(|used| used > height))
        .map(|name| {
            format!(
                "{} uses src/{name}.rs, which stands above it",
                path.display()
            )
        })
        .collect()
}

#[test]
fn a_module_uses_only_the_floors_below_it() {
    let floors = floors();
    assert!(floors.len() > 10, "{floors:?}");
    let found: Vec<String> = sources()
        .iter()
        .flat_map(|path| breaches(&floors, path, &code(path)))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn templates_use_only_the_floors_below_theirs() {
    // A template is compiled into the module of its page, and mirrors its place.
    let floors = floors();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    for folder in fs::read_dir(root).unwrap().map(Result::unwrap) {
        let name = folder.file_name().into_string().unwrap();
        for file in fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
            let text = fs::read_to_string(file.path()).unwrap();
            let floor = if name == "layout" { "access" } else { &name };
            let found = breaches(&floors, Path::new(&format!("src/{floor}")), &text);
            assert!(found.is_empty(), "{}: {found:#?}", file.path().display());
        }
    }
}

#[test]
fn a_breach_is_found() {
    let floors = floors();
    let found = |code| breaches(&floors, Path::new("src/journal/queries.rs"), code).len();
    assert_eq!(found("use crate::tokens::Token;"), 1);
    assert_eq!(
        found("use crate::{access::{Actor, Role}, db, tokens::Token};"),
        1
    );
    assert_eq!(found("use crate::{api, app};"), 2);
    assert_eq!(found("use crate::access::Actor; crate::db::violates(x)"), 0);
}

#[test]
fn only_queries_name_diesel() {
    let features = [
        "access",
        "journal",
        "identity",
        "catalogue",
        "tokens",
        "gate",
        "profile",
        "members",
        "api",
        "mcp",
        "scim",
    ];
    for path in sources() {
        let floor = floor_of(&path);
        if !features.contains(&&*floor) {
            continue;
        }
        let (code, shown) = (code(&path), path.display().to_string());
        let is_queries = shown.contains("queries");
        // A transaction is opened where what belongs together is known.
        let diesel = code.replace("use diesel_async::AsyncConnection;", "");
        assert!(
            is_queries || !diesel.contains("diesel"),
            "{shown} names Diesel"
        );
    }
}
