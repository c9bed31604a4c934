use std::sync::LazyLock;

use proptest::prelude::*;

use std::time::{Duration, Instant};

use super::*;

fn resource(name: &str, path: &str, operations: &[(&str, &str, Place, Scope)]) -> Resource {
    Resource {
        name: name.to_owned(),
        target: Target::Path(Pattern::parse(path).unwrap()),
        preflight: false,
        operations: operations
            .iter()
            .map(|(name, methods, place, scope)| Operation {
                name: (*name).to_owned(),
                methods: methods.split(' ').map(str::to_owned).collect(),
                place: *place,
                scope: *scope,
            })
            .collect(),
    }
}

fn defaults() -> Resources {
    Resources::new(default_catalogue()).unwrap()
}

/// `Triggers: list connect:read`, or what it is instead.
fn found(resources: &Resources, method: &str, target: &str) -> String {
    let found = Path::parse(target).and_then(|path| resources.find(method, &path));
    match found {
        Ok(Found::Operation(resource, operation)) => {
            format!("{}: {} {}", resource.name, operation.name, operation.scope)
        }
        Ok(Found::Preflight(resource)) => format!("{}: preflight", resource.name),
        Ok(Found::Nothing) => "nothing".to_owned(),
        Err(ambiguity) => format!("{ambiguity:?}"),
    }
}

#[test]
fn the_most_specific_resource_decides_even_where_it_has_no_such_method() {
    let resources = defaults();
    for (method, target, expected) in [
        (
            "GET",
            "/api/agent-base/7/executions",
            "Agent Executions: list connect:read",
        ),
        ("POST", "/api/agent-base/7/executions", "nothing"),
        (
            "POST",
            "/api/agent-base/triggers/executions",
            "Triggers: execute connect:write",
        ),
        (
            "POST",
            "/api/knowledge-base/storage",
            "Storage: upload connect:write",
        ),
        (
            "POST",
            "/api/knowledge-base/storages",
            "Knowledge Base: search connect:read",
        ),
        ("PATCH", "/api/agent-base/triggers/7", "nothing"),
    ] {
        assert_eq!(
            found(&resources, method, target),
            expected,
            "{method} {target}"
        );
    }
}

#[test]
fn a_path_is_the_same_with_a_slash_at_its_end() {
    let resources = defaults();
    for path in [
        "/api/agent-base",
        "/api/agent-base/7/executions",
        "/api/knowledge-base/storage/x",
    ] {
        let plain = found(&resources, "GET", path);
        assert!(plain != "nothing");
        assert_eq!(found(&resources, "GET", &format!("{path}/")), plain);
        assert_eq!(found(&resources, "GET", &format!("{path}?x=/y")), plain);
    }
}

#[test]
fn what_servers_would_take_for_something_else_is_ambiguous() {
    let resources = defaults();
    for (method, target) in [
        // Express and IIS ignore case.
        ("POST", "/api/knowledge-base/STORAGE"),
        ("POST", "/api/knowledge-base/%53torage"),
        ("POST", "/api/knowledge-base/%C5%BFtorage"),
        ("POST", "/api/knowledge-base/%EF%BD%93torage"),
        // Express does not decode, nor do PHP and many more merge slashes or follow dots.
        ("POST", "/api/knowledge-base/%73torage"),
        ("POST", "/api/knowledge-base//storage"),
        ("POST", "/api/knowledge-base/./storage"),
        ("POST", "/api/knowledge-base/x/../storage"),
        ("POST", "/api/me/../mcp-servers"),
        ("GET", "/%61pi/users"),
        ("GET", "//api/users"),
        ("GET", "/x/../api/users"),
        // Who follows dots and merges nothing has two slashes left.
        ("GET", "/api/agent-base/..//agent-base"),
        // Rails takes it for the format.
        ("POST", "/api/knowledge-base/storage.json"),
        ("POST", "/api/knowledge-base/storage.tar.gz"),
    ] {
        assert_eq!(
            found(&resources, method, target),
            "Readings",
            "{method} {target}"
        );
    }
}

#[test]
fn a_path_is_read_as_often_as_what_is_known_has_dots() {
    let all = Place::Anywhere;
    let resources = Resources::new(vec![
        resource(
            "Files",
            "/files/**",
            &[("any", "*", all, Scope::ConnectRead)],
        ),
        resource(
            "Key",
            "/files/a.b.pem",
            &[("any", "*", all, Scope::AdminWrite)],
        ),
    ])
    .unwrap();
    for target in [
        "/files/a.b.pem.json",
        "/files/A.B.pem.tar.gz",
        "/files/a.b.pem.1.2.3.4.5",
        "/files/%41.B.PEM.x",
    ] {
        assert_eq!(found(&resources, "GET", target), "Readings", "{target}");
    }
    for target in ["/files/a.b.json", "/files/a.b", "/files/b.a.b.pem.json"] {
        let free = "Files: any connect:read";
        assert_eq!(found(&resources, "GET", target), free, "{target}");
    }
    let begun = Instant::now();
    for _ in 0..20 {
        let many = format!("/files/%41/.//x/A{}", ".A".repeat(2_000));
        assert_eq!(found(&resources, "get", &many), "Files: any connect:read");
    }
    // Each once more took seconds, and each for every other a minute.
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn what_all_servers_take_for_the_same_is_found() {
    let resources = defaults();
    for target in [
        "/api/knowledge-base/storage/My%20File.pdf",
        "/api/knowledge-base/storage/caf%C3%A9/",
        "/api/knowledge-base/storage/REPORT.PDF",
        "/api/knowledge-base/storage//x",
        "/api/knowledge-base/storage/a/../b",
        "/api/knowledge-base/storage/v1.2/%7Ex",
    ] {
        assert_eq!(
            found(&resources, "GET", target),
            "Storage: download connect:read",
            "{target}"
        );
    }
}

#[test]
fn a_tool_is_named_where_a_server_is_and_nowhere_else() {
    let servers = ["/mcp".to_owned(), "/Team/mcp/".to_owned()];
    let resources = Resources::with_servers(default_catalogue(), &servers).unwrap();
    let found = |target, tool| {
        let path = Path::parse(target).unwrap();
        match resources.find_call("POST", &path, tool) {
            Ok(Found::Operation(_, operation)) => operation.scope.as_str().to_owned(),
            other => format!("{other:?}"),
        }
    };
    let delete = Some("delete_widget");
    for path in ["/mcp", "/mcp/", "/mcp?session=1", "/Team/mcp"] {
        assert_eq!(found(path, delete), "widgets:write", "{path}");
        assert_eq!(found(path, Some("list_widgets")), "widgets:read", "{path}");
        assert_eq!(found(path, Some("LIST_WIDGETS")), "Ok(Nothing)", "{path}");
        assert_eq!(found(path, None), "Ok(Nothing)", "{path}");
    }
    // A server may take these for the same.
    for path in ["/MCP", "/team/mcp", "/mcp.json", "/./mcp", "/x/../mcp"] {
        assert_eq!(found(path, delete), "Err(Readings)", "{path}");
    }
    for path in ["/mcp/more", "/elsewhere", "/"] {
        assert_eq!(found(path, delete), "Ok(Nothing)", "{path}");
    }
    assert_eq!(
        found("/api/agent-base", Some("list_widgets")),
        "connect:write"
    );
}

#[test]
fn literals_with_capitals_are_found_as_they_are_written() {
    let resources = Resources::new(vec![
        resource(
            "All",
            "/scim/v2/**",
            &[("all", "*", Place::Anywhere, Scope::AdminScim)],
        ),
        resource(
            "Users",
            "/scim/v2/Users",
            &[("list", "GET", Place::Anywhere, Scope::AdminRead)],
        ),
    ])
    .unwrap();
    assert_eq!(
        found(&resources, "GET", "/scim/v2/Users"),
        "Users: list admin:read"
    );
    assert_eq!(found(&resources, "GET", "/scim/v2/users"), "Readings");
    assert_eq!(
        found(&resources, "GET", "/scim/v2/Groups"),
        "All: all admin:scim"
    );
}

#[test]
fn head_counts_as_get_and_options_is_let_through_where_the_resource_says_so() {
    let list = [("list", "GET", Place::Anywhere, Scope::ConnectRead)];
    let any = [
        ("read", "GET", Place::Anywhere, Scope::ConnectRead),
        ("rest", "*", Place::Anywhere, Scope::ConnectWrite),
    ];
    let open = Resource {
        preflight: true,
        ..resource("Open", "/open", &list)
    };
    let all = vec![
        open,
        resource("Closed", "/closed", &list),
        resource("Any", "/any", &any),
    ];
    let resources = Resources::new(all).unwrap();
    for (method, path, expected) in [
        ("HEAD", "/open", "Open: list connect:read"),
        ("OPTIONS", "/open", "Open: preflight"),
        ("OPTIONS", "/closed", "nothing"),
        ("OPTIONS", "/any", "Any: rest connect:write"),
        ("HEAD", "/any", "Any: read connect:read"),
        ("PROPFIND", "/any", "Any: rest connect:write"),
        ("*", "/open", "nothing"),
    ] {
        assert_eq!(found(&resources, method, path), expected, "{method} {path}");
    }
}

/// Methods have a case (RFC 9110, section 9.1), but there are services that put them in upper case.
#[test]
fn a_method_in_lower_case_needs_no_less_than_in_upper_case() {
    let list = [("list", "GET", Place::Anywhere, Scope::ConnectRead)];
    let any = [
        ("remove", "DELETE", Place::Anywhere, Scope::AdminWrite),
        ("rest", "*", Place::Anywhere, Scope::ConnectRead),
    ];
    let open = Resource {
        preflight: true,
        ..resource("Open", "/open", &list)
    };
    let resources = Resources::new(vec![open, resource("Any", "/any", &any)]).unwrap();
    for method in ["delete", "Delete", "DELETe"] {
        let found = resources.find(method, &Path::parse("/any").unwrap());
        assert_eq!(found, Err(Ambiguity::MethodCase), "{method}");
    }
    for method in ["get", "head", "options"] {
        let found = resources.find(method, &Path::parse("/open").unwrap());
        assert_eq!(found, Err(Ambiguity::MethodCase), "{method}");
    }
    assert_eq!(found(&resources, "patch", "/any"), "Any: rest connect:read");
    assert_eq!(found(&resources, "get", "/elsewhere"), "nothing");
}

#[test]
fn conflicts_name_both() {
    let read = [("list", "GET", Place::Anywhere, Scope::ConnectRead)];
    let all = vec![
        resource("One", "/a/{id}", &read),
        resource("Two", "/A/{name}", &read),
        resource("one", "/b", &read),
    ];
    let conflicts = Resources::new(all).unwrap_err();
    let told: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "“One” (/a/{id}) and “Two” (/A/{name}) cover the same paths, and neither is more specific.",
            "Two resources are named “one”.",
        ]
    );
}

#[test]
fn a_catalogue_can_be_shared() {
    fn shared<T: Send + Sync + 'static>(_: T) {}
    shared(std::sync::Arc::new(defaults()));
}

/// What servers make of a path: nginx and Go, Express, IIS, Rails, PHP.
fn seen(target: &str) -> Vec<String> {
    let raw = target.split('?').next().unwrap().to_owned();
    let decode = |path: &str| {
        let bytes: Vec<u8> = percent(path);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let merge = |path: &str| {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        format!("/{}", parts.join("/"))
    };
    let follow = |path: &str| {
        let mut kept: Vec<&str> = Vec::new();
        for part in path.split('/').skip(1) {
            match part {
                "." => {}
                ".." => drop(kept.pop()),
                part => kept.push(part),
            }
        }
        format!("/{}", kept.join("/"))
    };
    let decoded = decode(&raw);
    let mut seen = vec![
        follow(&merge(&decoded)),
        merge(&follow(&decoded)),
        follow(&raw),
        decode(&follow(&raw)),
        decoded.replace('\\', "/"),
        raw.clone(),
        decoded.clone(),
        decode(&decoded),
    ];
    seen.extend(seen.clone().iter().map(|path| path.to_lowercase()));
    seen.extend(
        seen.clone()
            .iter()
            .map(|path| path.split(';').next().unwrap().to_owned()),
    );
    seen
}

/// Whatever the rest is.
fn percent(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let digits = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        match digits.and_then(|it| u8::from_str_radix(it, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => bytes.push(*first),
        }
    }
    bytes
}

static DEFAULTS: LazyLock<Resources> = LazyLock::new(defaults);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// However a server reads a path that is let through, the scope that its reading needs is
    /// the one that was asked for.
    #[test]
    fn no_server_sees_what_needs_another_scope(
        parts in prop::collection::vec(prop::sample::select(vec![
            "/", "/", "/api", "/knowledge-base", "/storage", "/users", "/agent-base", "/triggers",
            "/me", "/x", ".", "/..", "/.", "%2e", "%2f", "%5c", ";", "%25", "/%73torage", "/Storage",
            "/%53TORAGE", "%2E%2E", "/users%20", "?", "/API",
        ]), 1..8),
        method in prop::sample::select(vec!["GET", "POST", "DELETE"]),
    ) {
        let target = format!("/api{}", parts.concat());
        let resources = &*DEFAULTS;
        if let Ok(path) = Path::parse(&target)
            && let Ok(Found::Operation(_, operation)) = resources.find(method, &path)
        {
            for seen in seen(&target) {
                let found = resources.exact(Call { method, tool: None }, seen.trim_end_matches('/'));
                prop_assert_eq!(found.need(), Some(Some(operation.scope)), "{} seen as {}", target, seen);
            }
        }
    }
}
