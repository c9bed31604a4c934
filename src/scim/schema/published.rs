//! The schema and what this server can do, for clients to read (RFC 7643, sections 5 to 7).

use serde_json::{Value, json};

use super::{Attribute, COMMON, GROUP, Kind, ResourceType, Schema, USER};

/// `most` is how many resources a page has at most.
#[must_use]
pub fn service_provider(location: &str, most: i64) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": most },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "API token",
                "description": "An API token with the scope admin:scim, as Authorization: Bearer.",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": true,
            },
            {
                "type": "httpbasic",
                "name": "API token as password",
                "description": "The same token as password or user of Authorization: Basic.",
                "specUri": "https://www.rfc-editor.org/info/rfc7617",
            },
        ],
        "meta": { "resourceType": "ServiceProviderConfig", "location": location },
    })
}

/// `base` is the address that ends in `/scim/v2`.
#[must_use]
pub fn resource_types(base: &str) -> Vec<Value> {
    let described = |kind: &ResourceType| {
        let extensions = kind.extensions.iter();
        let extensions = extensions.map(|it| json!({ "schema": it.urn, "required": false }));
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": kind.name,
            "name": kind.name,
            "endpoint": kind.endpoint,
            "description": kind.schema.description,
            "schema": kind.schema.urn,
            "schemaExtensions": extensions.collect::<Vec<_>>(),
            "meta": {
                "resourceType": "ResourceType",
                "location": format!("{base}/ResourceTypes/{}", kind.name),
            },
        })
    };
    [&USER, &GROUP].map(described).into()
}

#[must_use]
pub fn schemas(base: &str) -> Vec<Value> {
    let described = |schema: &Schema| {
        // With what clients may set of the common ones, as Entra ID maps what it finds here.
        let is_core = [&USER, &GROUP]
            .iter()
            .any(|kind| kind.schema.urn == schema.urn);
        let common = COMMON.iter().filter(|it| is_core && !it.is_read_only);
        let attributes = schema.attributes.iter().chain(common);
        let attributes: Vec<Value> = attributes.map(attribute).collect();
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": schema.urn,
            "name": schema.name,
            "description": schema.description,
            "attributes": attributes,
            "meta": {
                "resourceType": "Schema",
                "location": format!("{base}/Schemas/{}", schema.urn),
            },
        })
    };
    USER.schemas()
        .chain(GROUP.schemas())
        .map(described)
        .collect()
}

fn attribute(it: &Attribute) -> Value {
    let mut described = json!({
        "name": it.name,
        "type": type_name(it.kind),
        "multiValued": it.is_plural,
        "description": it.description,
        "required": it.is_required,
        "mutability": if it.is_read_only { "readOnly" } else { "readWrite" },
        "returned": if it.is_always_returned { "always" } else { "default" },
        "uniqueness": if it.is_unique { "server" } else { "none" },
    });
    match it.kind {
        Kind::Text | Kind::Binary => described["caseExact"] = it.is_exact.into(),
        Kind::Reference(types) => {
            described["caseExact"] = it.is_exact.into();
            described["referenceTypes"] = types.into();
        }
        Kind::Complex(subs) => {
            described["subAttributes"] = subs.iter().map(attribute).collect();
        }
        Kind::Flag | Kind::Instant => {}
    }
    if !it.usual.is_empty() {
        described["canonicalValues"] = it.usual.into();
    }
    described
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "string",
        Kind::Flag => "boolean",
        Kind::Instant => "dateTime",
        Kind::Binary => "binary",
        Kind::Reference(_) => "reference",
        Kind::Complex(_) => "complex",
    }
}
