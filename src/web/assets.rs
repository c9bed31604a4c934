//! Styles, script and icons, embedded in the program. Their names hold a hash of their
//! content, so that browsers may keep them for a year.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::RustEmbed;

use super::{Answer, Error};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// File name → address.
static ADDRESSES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    Files::iter()
        .filter_map(|name| Files::get(&name).map(|file| (name, file)))
        .map(|(name, file)| {
            let hash = URL_SAFE_NO_PAD.encode(&file.metadata.sha256_hash()[..9]);
            (name.to_string(), format!("/assets/{hash}/{name}"))
        })
        .collect()
});

/// The address of a file of `static/`.
///
/// # Panics
/// When there is no such file; every template is rendered in a test.
#[must_use]
pub fn address(name: &str) -> &'static str {
    &ADDRESSES[name]
}

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/assets/{hash}/{name}").route(web::get().to(show)));
}

async fn show(path: web::Path<(String, String)>) -> Answer {
    let (hash, name) = path.into_inner();
    let file = Files::get(&name).ok_or(Error::NotFound)?;
    if ADDRESSES.get(&name) != Some(&format!("/assets/{hash}/{name}")) {
        return Err(Error::NotFound);
    }
    Ok(HttpResponse::Ok()
        .content_type(content_type(&name))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(file.data))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
