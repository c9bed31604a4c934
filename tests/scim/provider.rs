//! An identity provider.

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokendesk::access::OrganizationId;
use tokendesk::catalogue::Scope;

use crate::support::App;

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

pub struct Provider {
    client: Client,
    base: String,
    pub secret: String,
}

const CONTENT_TYPE: &str = "application/scim+json; charset=utf-8";

pub struct Said {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// What the text says, if it is JSON.
    pub body: Value,
}

impl Said {
    pub async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Self {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// That it is an error in SCIM's form.
    #[track_caller]
    pub fn refuse(self, status: u16, kind: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(
            self.body["schemas"],
            json!(["urn:ietf:params:scim:api:messages:2.0:Error"])
        );
        assert_eq!(self.body["status"], status.to_string());
        assert_eq!(
            self.body["scimType"].as_str().unwrap_or_default(),
            kind,
            "{}",
            self.body
        );
        assert!(!self.body["detail"].as_str().unwrap().is_empty());
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn etag(&self) -> String {
        self.header("etag").unwrap().to_owned()
    }
}

impl Provider {
    /// Of Northwind, with a token that can provision and nothing else.
    pub async fn new(app: &App) -> Self {
        Self::of(app, app.organization).await
    }

    pub async fn of(app: &App, organization: OrganizationId) -> Self {
        let only = [Scope::AdminScim].into_iter().collect();
        let token = app.token_of(organization, "Provisioning", |new| new.scopes = Some(only));
        Self::with(app, token.await.1.reveal())
    }

    pub fn with(app: &App, secret: &str) -> Self {
        Self {
            client: Client::new(),
            base: format!("{}/scim/v2", app.url),
            secret: secret.to_owned(),
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let address = format!("{}{path}", self.base);
        let request = self.client.request(method, address);
        request.bearer_auth(&self.secret)
    }

    pub fn with_body(&self, method: Method, path: &str, body: &Value) -> RequestBuilder {
        let request = self.request(method, path);
        let request = request.header("content-type", CONTENT_TYPE);
        request.body(body.to_string())
    }

    pub async fn send(&self, request: RequestBuilder) -> Said {
        let said = Said::to(request).await;
        if !said.text.is_empty() {
            let content_type = said.header("content-type");
            assert_eq!(content_type, Some("application/scim+json"), "{}", said.text);
        }
        said
    }

    pub async fn get(&self, path: &str) -> Said {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Said {
        self.send(self.with_body(Method::POST, path, body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Said {
        self.send(self.with_body(Method::PUT, path, body)).await
    }

    pub async fn patch(&self, path: &str, operations: Value) -> Said {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": operations,
        });
        self.send(self.with_body(Method::PATCH, path, &body)).await
    }

    pub async fn delete(&self, path: &str) -> Said {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn find(&self, endpoint: &str, filter: &str) -> Said {
        self.get(&format!("{endpoint}?filter={}", encoded(filter)))
            .await
    }

    /// The user names of those whom a filter finds, in order.
    pub async fn named(&self, filter: &str) -> Vec<String> {
        let list = self.find("/Users", filter).await.expect(200);
        let users = list["Resources"].as_array().unwrap();
        assert_eq!(list["totalResults"], users.len(), "{filter}");
        let mut names: Vec<String> = users.iter().map(|user| text(&user["userName"])).collect();
        names.sort();
        names
    }

    /// How many users a filter finds, whom it does not return.
    pub async fn count(&self, filter: &str) -> u64 {
        let path = format!("/Users?count=0&filter={}", encoded(filter));
        let list = self.get(&path).await.expect(200);
        assert_eq!(list["itemsPerPage"], 0, "{filter}");
        list["totalResults"].as_u64().unwrap()
    }

    /// A new user; its ID.
    pub async fn user(&self, user_name: &str) -> String {
        let user = json!({ "schemas": [USER], "userName": user_name });
        text(&self.post("/Users", &user).await.expect(201)["id"])
    }

    pub async fn group(&self, name: &str, members: &[&String]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let group = json!({ "schemas": [GROUP], "displayName": name, "members": members });
        text(&self.post("/Groups", &group).await.expect(201)["id"])
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The IDs of a group's members.
pub fn members_of(group: &Value) -> Vec<String> {
    let members = group["members"].as_array().unwrap();
    members.iter().map(|it| text(&it["value"])).collect()
}

/// For the address.
pub fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
