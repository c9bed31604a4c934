//! Styles, script and icons, embedded in the program. Their names hold a hash of their
//! content, so that browsers may keep them for a year.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::RustEmbed;

use super::fixed::Fixed;
use super::{Answer, Error};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

struct Asset {
    address: String,
    file: Fixed,
}

/// By file name.
static ASSETS: LazyLock<HashMap<String, Asset>> = LazyLock::new(|| {
    Files::iter()
        .filter_map(|name| {
            let file = Files::get(&name)?;
            let hash = URL_SAFE_NO_PAD.encode(&file.metadata.sha256_hash()[..9]);
            let asset = Asset {
                address: format!("/assets/{hash}/{name}"),
                file: Fixed::new(content_type(&name), file.data.into_owned()).ok()?,
            };
            Some((name.to_string(), asset))
        })
        .collect()
});

/// The address of a file of `static/`.
///
/// # Panics
/// When there is no such file; every template is rendered in a test.
#[must_use]
pub fn address(name: &str) -> &'static str {
    &ASSETS[name].address
}

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/assets/{hash}/{name}").route(web::get().to(show)));
}

async fn show(request: HttpRequest) -> Answer {
    let name = request.match_info().query("name");
    let asset = ASSETS.get(name);
    let asset = asset.filter(|asset| asset.address == request.path());
    let mut response = asset.ok_or(Error::NotFound)?.file.answer(&request);
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    Ok(response)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
