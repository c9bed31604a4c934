//! What clients can find out.

use serde_json::{Value, json};

use super::provider::{ENTERPRISE, GROUP, Provider, USER};
use crate::support::App;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_can_do_is_published() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let can = provider.get("/ServiceProviderConfig").await.expect(200);
    for (feature, is_there) in [
        ("patch", true),
        ("filter", true),
        ("sort", true),
        ("etag", true),
        ("bulk", false),
        ("changePassword", false),
    ] {
        assert_eq!(can[feature]["supported"], is_there, "{feature}");
    }
    let types = provider.get("/ResourceTypes").await.expect(200);
    assert_eq!(types["totalResults"], 2);
    let user = provider.get("/ResourceTypes/User").await.expect(200);
    assert_eq!(user["endpoint"], "/Users");
    assert_eq!(
        user["schemaExtensions"],
        json!([{ "schema": ENTERPRISE, "required": false }])
    );
    let schemas = provider.get("/Schemas").await.expect(200);
    assert_eq!(schemas["totalResults"], 3);
    for urn in [USER, ENTERPRISE, GROUP] {
        let schema = provider.get(&format!("/Schemas/{urn}")).await.expect(200);
        assert_eq!(schema["id"], urn);
        let attributes = schema["attributes"].as_array().unwrap();
        complete(attributes);
        let has_id = attributes.iter().any(|it| it["name"] == "externalId");
        assert_eq!(has_id, urn != ENTERPRISE, "what a client may map");
        for attribute in attributes.iter().filter(|it| it["name"] == "externalId") {
            assert_eq!(
                attribute["uniqueness"], "server",
                "as a second one is refused"
            );
        }
    }
    provider.get("/Schemas/urn:nonsense").await.refuse(404, "");
    for path in ["/Me", "/Bulk"] {
        provider.post(path, &json!({})).await.refuse(501, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_method_is_not_taken_those_are_named_that_are() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    for (path, methods) in [
        ("/Users", "GET, POST"),
        ("/Groups/", "GET, POST"),
        ("/Users/x", "GET, PUT, PATCH, DELETE"),
        ("/Groups/x", "GET, PUT, PATCH, DELETE"),
        ("/Users/.search", "POST"),
        ("/Groups/.search", "POST"),
        ("/.search", "POST"),
        ("/ServiceProviderConfig", "GET"),
        ("/ResourceTypes", "GET"),
        ("/ResourceTypes/User", "GET"),
        ("/Schemas", "GET"),
        ("/Schemas/x", "GET"),
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let request = provider.request(method.parse().unwrap(), path);
            let said = provider.send(request.json(&json!({}))).await;
            if methods.split(", ").any(|taken| taken == method) {
                assert_ne!(said.status, 405, "{method} {path}");
            } else {
                assert_eq!(said.header("allow"), Some(methods), "{method} {path}");
                said.refuse(405, "");
            }
        }
    }
}

/// RFC 7643, section 7.
fn complete(attributes: &[Value]) {
    assert!(!attributes.is_empty());
    for attribute in attributes {
        let name = attribute["name"].as_str().unwrap();
        for characteristic in [
            "type",
            "description",
            "mutability",
            "returned",
            "uniqueness",
        ] {
            assert!(
                attribute[characteristic].is_string(),
                "{name}.{characteristic}"
            );
        }
        for characteristic in ["multiValued", "required"] {
            assert!(
                attribute[characteristic].is_boolean(),
                "{name}.{characteristic}"
            );
        }
        match attribute["type"].as_str().unwrap() {
            "complex" => complete(attribute["subAttributes"].as_array().unwrap()),
            "string" => assert!(attribute["caseExact"].is_boolean(), "{name}"),
            "reference" => assert!(attribute["referenceTypes"].is_array(), "{name}"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_not_filtered() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    for list in ["ServiceProviderConfig", "ResourceTypes", "Schemas"] {
        let filtered = provider.get(&format!("/{list}?filter=id%20pr")).await;
        filtered.refuse(403, "");
        provider
            .get(&format!("/{list}?startIndex=1"))
            .await
            .expect(200);
    }
}
