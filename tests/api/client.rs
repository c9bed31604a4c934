//! A program with a token.

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tokendesk::catalogue::Scope;
use tokendesk::tokens::Secret;

use super::contract;
use crate::support::App;

pub struct Program {
    url: String,
    secret: String,
    client: Client,
}

pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Reply {
    /// Of a problem.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("none")
    }

    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

impl Program {
    pub fn new(app: &App, secret: &str) -> Self {
        Self {
            url: app.url.clone(),
            secret: secret.to_owned(),
            client: Client::new(),
        }
    }

    /// With a new token that has these scopes.
    pub async fn with(app: &App, name: &str, scopes: &[Scope]) -> Self {
        let scopes = scopes.iter().copied().collect();
        let token = app.token_with(name, |new| new.scopes = Some(scopes)).await;
        Self::of(app, &token.1)
    }

    pub fn of(app: &App, secret: &Secret) -> Self {
        Self::new(app, secret.reveal())
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::PATCH, path, &[], Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, &[], None).await
    }

    pub async fn put(&self, path: &str) -> Reply {
        self.send(Method::PUT, path, &[], None).await
    }

    pub async fn send_form(&self, path: &str, form: String) -> Reply {
        let request = self.client.post(format!("{}{path}", self.url));
        let form_type = "application/x-www-form-urlencoded";
        self.answer(request.header("content-type", form_type).body(form))
            .await
    }

    pub async fn send_toml(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        toml: String,
    ) -> Reply {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.answer(
            request
                .header("content-type", "application/toml")
                .body(toml),
        )
        .await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Reply {
        let address = format!("{}{path}", self.url);
        let mut request = self.client.request(method, address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.answer(request).await
    }

    async fn answer(&self, mut request: RequestBuilder) -> Reply {
        if !self.secret.is_empty() {
            request = request.bearer_auth(&self.secret);
        }
        let request = request.build().unwrap();
        let asked = (
            request.method().to_string(),
            request.url().path().to_owned(),
        );
        let response = self.client.execute(request).await.unwrap();
        let reply = Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: read(response.text().await.unwrap_or_default()),
        };
        contract::check(&asked.0, &asked.1, &reply);
        reply
    }
}

/// JSON, or whatever else it is as text.
fn read(text: String) -> Value {
    match serde_json::from_str(&text) {
        Ok(json) => json,
        Err(_) if text.is_empty() => Value::Null,
        Err(_) => Value::String(text),
    }
}
