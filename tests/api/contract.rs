//! What the document says of answers holds for each one that the tests get.

use serde_json::Value;
use tokendesk::api::document;

use super::client::Reply;

/// Headers that the document tells of.
const TOLD: [&str; 9] = [
    "etag",
    "location",
    "idempotent-replayed",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "www-authenticate",
    "x-tokendesk-expires-at",
    "x-request-id",
];
/// Those that a good answer has if it can.
const CERTAIN: [&str; 3] = ["etag", "location", "x-request-id"];

pub fn check(method: &str, path: &str, reply: &Reply) {
    let asked = format!("{method} {path}: {}", reply.status);
    if reply.header("content-type") == "application/problem+json" {
        let code = reply.body["code"].as_str().unwrap();
        let codes = &document()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
        let is_told = codes.as_array().unwrap().iter().any(|told| told == code);
        // Pages tell programs of themselves too.
        assert!(is_told || !path.starts_with("/api/"), "{asked}: {code}");
    }
    let Some(operation) = operation(method, path) else {
        return;
    };
    let response = resolved(&operation["responses"][reply.status.to_string()]);
    assert!(
        response.is_object(),
        "{asked} is not in the document: {}",
        reply.body
    );
    let told = response["headers"].as_object();
    let told = |name: &str| {
        let mut names = told.into_iter().flat_map(serde_json::Map::keys);
        names.any(|told| told.eq_ignore_ascii_case(name))
    };
    for name in TOLD {
        let is_sent = reply.headers.contains_key(name);
        assert!(told(name) || !is_sent, "{asked}: {name} is not told");
        let is_certain = reply.status < 300 && CERTAIN.contains(&name);
        assert!(
            is_sent || !told(name) || !is_certain,
            "{asked}: {name} is not sent"
        );
    }
    let sent = reply.header("content-type");
    let types = response["content"].as_object();
    let is_told = types.is_some_and(|types| types.contains_key(sent));
    assert!(is_told || sent.is_empty(), "{asked}: {sent} is not told");
}

/// What the document has for an address. Of two that fit, one without parameters is meant.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = document()["paths"].as_object().unwrap();
    let fits = |pattern: &&String| {
        let (parts, wanted) = (path.split('/'), pattern.split('/'));
        parts.clone().count() == wanted.clone().count()
            && parts
                .zip(wanted)
                .all(|(part, wanted)| part == wanted || wanted.starts_with('{'))
    };
    let pattern = paths
        .keys()
        .filter(fits)
        .min_by_key(|pattern| pattern.matches('{').count())?;
    paths[pattern].get(method.to_lowercase())
}

fn resolved(response: &'static Value) -> &'static Value {
    match response["$ref"].as_str() {
        Some(reference) => document().pointer(&reference[1..]).unwrap(),
        None => response,
    }
}

#[test]
fn an_answer_that_is_not_told_is_noticed() {
    let reply = |status, header: &str, kind: &str, body: &str| {
        let mut headers = reqwest::header::HeaderMap::new();
        let name = reqwest::header::HeaderName::from_bytes(header.as_bytes()).unwrap();
        headers.insert("x-request-id", "x".parse().unwrap());
        headers.insert("content-type", kind.parse().unwrap());
        headers.insert(name, "x".parse().unwrap());
        let body = serde_json::from_str(body).unwrap();
        Reply {
            status,
            headers,
            body,
        }
    };
    let (json, problem) = ("application/json", "application/problem+json");
    let token = "/api/v1/tokens/00000000-0000-0000-0000-000000000000";
    check("GET", token, &reply(200, "etag", json, "{}"));
    check(
        "GET",
        token,
        &reply(404, "ratelimit", problem, r#"{"code": "not_found"}"#),
    );
    for (path, reply) in [
        (token, reply(202, "etag", json, "{}")),
        (token, reply(200, "ratelimit", json, "{}")),
        (token, reply(200, "etag", "text/html", "{}")),
        ("/api/v1/tokens", reply(200, "etag", json, "{}")),
        (
            token,
            reply(404, "retry-after", problem, r#"{"code": "not_found"}"#),
        ),
        (
            token,
            reply(404, "ratelimit", problem, r#"{"code": "lost"}"#),
        ),
    ] {
        let status = reply.status;
        let checked = std::panic::catch_unwind(|| check("GET", path, &reply));
        assert!(checked.is_err(), "{path}: {status}");
    }
}
