//! The path that a request is judged by: whatever is sent, it is refused or normal, and every
//! reading of it needs the same scope.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tokendesk::catalogue::resources::path::Path;
use tokendesk::catalogue::resources::{Found, Resources, default_catalogue};

static RESOURCES: LazyLock<Resources> =
    LazyLock::new(|| Resources::new(default_catalogue()).unwrap());

fuzz_target!(|target: &str| {
    let Ok(path) = Path::parse(target) else {
        return;
    };
    let normal = path.as_str();
    assert!(normal.starts_with('/') && !normal.contains("//"));
    assert!(!normal.contains(['%', '\\', ';', '?', '#']));
    assert!(!normal.chars().any(char::is_control));
    assert!(normal.split('/').all(|part| !matches!(part, "." | "..")));
    for method in ["GET", "POST", "OPTIONS"] {
        let Ok(Found::Operation(_, operation)) = RESOURCES.find(method, &path) else {
            continue;
        };
        // Readings that are clean paths themselves are found as such.
        for reading in path.readings() {
            let Ok(reading) = Path::parse(reading) else {
                continue;
            };
            match RESOURCES.find(method, &reading) {
                Ok(Found::Operation(_, other)) => assert_eq!(other.scope, operation.scope),
                other => panic!("{target:?} is let through, {reading:?} is {other:?}"),
            }
        }
    }
});
