//! What providers send, replayed: each file of `recordings/<provider>` is a sequence, written down
//! as HTTP, of requests as they were published or recorded and of the answers to them.
//!
//! An exchange begins with `###` and what it is; other lines that begin with `#` are comments. The
//! head of a file says where its requests are from. In an exchange
//!
//! - `{{server}}` and `{{token}}` are the address of the server and the provider's token,
//! - `"{{let mara}}"` in an answer keeps the text that stands there, which `{{mara}}` is thereafter,
//! - `"{{present}}"` in an answer is whatever is not empty, `"{{absent}}"` is nothing at all.
//!
//! An answer may have more headers and keys than the file says, but no more elements of an array.
//! Of what is sent, only what depends on the connection is left out, as `Host` and
//! `Accept-Encoding`.

mod demands;
mod exchange;
mod matching;

use std::fs;
use std::path::Path;

use reqwest::{Client, StatusCode, Url};
use serde_json::Value;

use self::demands::Demands;
use self::exchange::{Exchange, Message, exchanges};
use self::matching::Known;
use super::provider::{Provider, Said};
use crate::support::App;

/// Each file before a server of its own.
pub async fn replay(provider: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/scim/recordings")
        .join(provider);
    let files = fs::read_dir(&folder).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "nothing in {}", folder.display());
    let mut wrong = Vec::new();
    for file in &files {
        if let Err(why) = play(file).await {
            let name = file.file_name().unwrap().to_string_lossy();
            wrong.push(format!("{provider}/{name}, {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

async fn play(file: &Path) -> Result<(), String> {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let mut replay = Replay {
        client: Client::new(),
        server: app.url.clone(),
        known: Known::of(&[("server", &app.url), ("token", &provider.secret)]),
        demands: Demands::default(),
    };
    let exchanges = exchanges(&fs::read_to_string(file).unwrap())?;
    for (number, exchange) in (1..).zip(&exchanges) {
        let played = replay.play(exchange).await;
        played.map_err(|why| format!("exchange {number} ({}): {why}", exchange.title))?;
    }
    Ok(())
}

struct Replay {
    client: Client,
    server: String,
    known: Known,
    demands: Demands,
}

impl Replay {
    async fn play(&mut self, exchange: &Exchange) -> Result<(), String> {
        let Message {
            start,
            headers,
            body,
        } = &exchange.request;
        let start = self.known.fill(start)?;
        let [method, path, _] = start.split(' ').collect::<Vec<_>>()[..] else {
            return Err(format!("no request: {start}"));
        };
        let method = method.parse().map_err(|_| format!("no method: {start}"))?;
        let address = format!("{}{path}", self.server);
        let sent = Url::parse(&address).map_err(|error| format!("{path}: {error}"))?;
        if sent.as_str() != address {
            return Err(format!("{path} would be sent as {sent}"));
        }
        let mut request = self.client.request(method, sent.clone());
        for (name, value) in headers {
            request = request.header(name, self.known.fill(value)?);
        }
        if !body.is_empty() {
            request = request.body(self.known.fill(body)?);
        }
        let said = Said::to(request).await;
        self.compare(&exchange.answer, &said)
            .and_then(|()| self.demands.check(&sent, &said))
            .map_err(|why| format!("{why}\nThe answer was {} {}", said.status, said.text))
    }

    fn compare(&mut self, expected: &Message, said: &Said) -> Result<(), String> {
        let status = StatusCode::from_u16(said.status).unwrap().to_string();
        if expected.start != status {
            let expected = &expected.start;
            return Err(format!("status: expected {expected}, found {status}"));
        }
        if expected.body.is_empty() != said.text.is_empty() {
            return Err(format!("body: expected {:?}", expected.body));
        }
        if !expected.body.is_empty() {
            let body: Value = serde_json::from_str(&expected.body)
                .map_err(|error| format!("the expected body is no JSON: {error}"))?;
            self.known.compare(&body, Some(&said.body), "body")?;
        }
        // After the body, which gives names to what is new.
        for (name, value) in &expected.headers {
            let found = said.header(name).map(Value::from);
            self.known
                .compare(&value.as_str().into(), found.as_ref(), name)?;
        }
        Ok(())
    }
}
