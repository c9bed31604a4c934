//! What RFC 7644 demands of each answer, whatever was asked.

use std::collections::HashMap;

use chrono::DateTime;
use reqwest::Url;
use serde_json::{Value, json};

use crate::scim::provider::Said;

#[derive(Default)]
pub struct Demands {
    /// Each version of each resource that was answered.
    seen: HashMap<(String, String), Value>,
}

impl Demands {
    pub fn check(&mut self, address: &Url, said: &Said) -> Result<(), String> {
        if said.text.is_empty() {
            return must(said.status == 204, "a body");
        }
        let content_type = said.header("content-type");
        must(
            content_type == Some("application/scim+json"),
            "the content type",
        )?;
        if said.status >= 400 {
            return error(said);
        }
        let body = &said.body;
        if body["schemas"] == json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]) {
            return self.check_list(address, body);
        }
        let location = self.check_resource(address, body, said.status == 201)?;
        if let Some(version) = body["meta"]["version"].as_str() {
            must(said.header("etag") == Some(version), "the version as ETag")?;
        }
        let is_located = said.status != 201 || said.header("location") == Some(&location);
        must(is_located, "the location of what is new")
    }

    fn check_list(&mut self, address: &Url, list: &Value) -> Result<(), String> {
        let resources = list["Resources"].as_array().ok_or("Resources")?;
        let total = list["totalResults"].as_u64().ok_or("totalResults")?;
        must(total >= resources.len() as u64, "a total of no less")?;
        must(list["itemsPerPage"] == resources.len(), "itemsPerPage")?;
        must(
            list["startIndex"].as_u64().is_some_and(|it| it > 0),
            "startIndex",
        )?;
        let mut resources = resources.iter();
        resources.try_for_each(|resource| self.check_resource(address, resource, true).map(drop))
    }

    /// Returns its location: below the address of those of its kind, or else the address itself.
    fn check_resource(
        &mut self,
        address: &Url,
        resource: &Value,
        is_below: bool,
    ) -> Result<String, String> {
        let schemas = resource["schemas"].as_array().ok_or("schemas")?;
        must(!schemas.is_empty(), "schemas")?;
        let mut names = resource.as_object().ok_or("an object")?.keys();
        let is_named = |name: &String| schemas.contains(&name.as_str().into());
        must(
            names.all(|name| !name.starts_with("urn:") || is_named(name)),
            "each extension among the schemas",
        )?;
        let mut location = address.clone();
        location.set_query(None);
        if is_below {
            let id = resource["id"].as_str().ok_or("id")?;
            location = format!("{location}/{id}").parse().unwrap();
        }
        let query = address.query().unwrap_or_default();
        if query.contains("attributes=") {
            return Ok(location.into());
        }
        let meta = &resource["meta"];
        must(meta["location"] == location.as_str(), "meta.location")?;
        if matches!(meta["resourceType"].as_str(), Some("User" | "Group")) {
            let time = |name: &str| DateTime::parse_from_rfc3339(meta[name].as_str()?).ok();
            must(
                time("created").is_some() && time("created") <= time("lastModified"),
                "when it was made and changed",
            )?;
            let version = meta["version"].as_str().ok_or("meta.version")?;
            if !query.contains("excludedAttributes=") {
                let key = (location.to_string(), version.to_owned());
                let seen = self.seen.entry(key).or_insert_with(|| resource.clone());
                must(seen == resource, "a new version of what has changed")?;
            }
        } else {
            must(meta["resourceType"].is_string(), "meta.resourceType")?;
        }
        Ok(location.into())
    }
}

fn error(said: &Said) -> Result<(), String> {
    let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:Error"]);
    must(said.body["schemas"] == schemas, "the schema of errors")?;
    let status = said.status.to_string();
    must(said.body["status"] == status, "the status as text")?;
    let detail = said.body["detail"].as_str();
    must(detail.is_some_and(|it| !it.is_empty()), "a detail")?;
    let is_challenged = said.header("www-authenticate").is_some();
    must(said.status != 401 || is_challenged, "a challenge")
}

fn must(holds: bool, what: &str) -> Result<(), String> {
    holds
        .then_some(())
        .ok_or_else(|| format!("RFC 7644 demands {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(demands: &mut Demands, path: &str, status: u16, body: &Value) -> Result<(), String> {
        let address = format!("http://x/scim/v2{path}").parse().unwrap();
        let headers = [
            ("content-type", "application/scim+json"),
            ("etag", "W/\"1\""),
            ("location", "http://x/scim/v2/Users/1"),
        ];
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let said = Said {
            status,
            headers: headers.into_iter().collect(),
            text: body.to_string(),
            body: body.clone(),
        };
        demands.check(&address, &said)
    }

    fn user() -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:x"],
            "id": "1",
            "urn:x": {},
            "meta": {
                "resourceType": "User",
                "created": "2026-11-22T14:00:00.000Z",
                "lastModified": "2026-11-22T14:00:00.000Z",
                "location": "http://x/scim/v2/Users/1",
                "version": "W/\"1\"",
            },
        })
    }

    fn list() -> Value {
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 1, "startIndex": 1, "itemsPerPage": 1, "Resources": [user()] })
    }

    fn error() -> Value {
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": "404", "detail": "Not there." })
    }

    #[test]
    fn what_is_demanded_is_found_missing() {
        let good = [
            ("/Users/1", 200, user()),
            ("/Users", 201, user()),
            ("/Users?count=2", 200, list()),
            ("/Users/2", 404, error()),
        ];
        for (path, status, body) in &good {
            let met = check(&mut Demands::default(), path, *status, body);
            assert_eq!(met, Ok(()), "{path}");
        }
        let [(user, ..), _, (users, ..), (nobody, ..)] = good.each_ref();
        for (path, status, place, wrong) in [
            (user, 200, "/schemas", json!([])),
            (user, 200, "/schemas/1", json!("urn:y")),
            (user, 200, "/meta/location", json!("/scim/v2/Users/1")),
            (user, 200, "/meta/created", json!("2026-11-22")),
            (
                user,
                200,
                "/meta/lastModified",
                json!("2026-11-22T13:00:00Z"),
            ),
            (user, 200, "/meta/version", json!("W/\"2\"")),
            (user, 200, "/meta/resourceType", json!(null)),
            (users, 200, "/totalResults", json!(0)),
            (users, 200, "/startIndex", json!(0)),
            (users, 200, "/itemsPerPage", json!(2)),
            (users, 200, "/Resources/0/id", json!("2")),
            (nobody, 404, "/status", json!(404)),
            (nobody, 404, "/detail", json!("")),
            (nobody, 404, "/schemas", json!([])),
        ] {
            let (_, _, good) = good.iter().find(|(own, ..)| own == path).unwrap();
            let mut bad = good.clone();
            *bad.pointer_mut(place).unwrap() = wrong;
            let met = check(&mut Demands::default(), path, status, &bad);
            assert!(met.is_err(), "{path} {place}");
        }
        // There is no challenge, and the header says another location.
        let (mut unknown, mut new) = (error(), self::user());
        unknown["status"] = "401".into();
        new["id"] = "2".into();
        new["meta"]["location"] = "http://x/scim/v2/Users/2".into();
        for (status, body) in [(401, unknown), (201, new)] {
            assert!(check(&mut Demands::default(), "/Users", status, &body).is_err());
        }
    }

    #[test]
    fn what_has_changed_has_a_new_version() {
        let mut demands = Demands::default();
        let mut changed = user();
        changed["title"] = "Buyer".into();
        for (body, is_met) in [(user(), true), (user(), true), (changed, false)] {
            let met = check(&mut demands, "/Users/1", 200, &body);
            assert_eq!(met.is_ok(), is_met, "{met:?}");
        }
    }
}
