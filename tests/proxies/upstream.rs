//! A service that answers with what it got.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::web::{Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::json;

type Seen = Arc<Mutex<Vec<String>>>;

pub struct Upstream {
    pub url: String,
    seen: Seen,
    server: ServerHandle,
}

impl Upstream {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Seen::default();
        let shared = Data::new(seen.clone());
        let app = move || {
            App::new()
                .app_data(shared.clone())
                .app_data(PayloadConfig::new(1 << 20))
                .default_service(web::to(echo))
        };
        let server = HttpServer::new(app).workers(1).disable_signals();
        let server = server.listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            url,
            seen,
            server: handle,
        }
    }

    /// All targets that got through.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

async fn echo(request: HttpRequest, body: String, seen: Data<Seen>) -> HttpResponse {
    let target = request.uri().to_string();
    seen.lock().unwrap().push(target.clone());
    let mut headers: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in request.headers() {
        let values = headers.entry(name.as_str()).or_default();
        values.push_str(value.to_str().unwrap_or("?"));
    }
    HttpResponse::Ok().json(json!({
        "method": request.method().as_str(),
        "target": target,
        "headers": headers,
        "body": body,
    }))
}
