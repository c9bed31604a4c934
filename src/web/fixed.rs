//! Answers that are always the same. Anybody may ask for them, and as often as they like: so they are made
//! once, and compressed once.

use std::io::{self, Write};

use actix_web::http::header::{self, AcceptEncoding, Encoding, Header};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

#[derive(Clone, Debug)]
pub struct Fixed {
    content_type: &'static str,
    plain: Bytes,
    gzipped: Bytes,
}

impl Fixed {
    /// # Errors
    /// None that memory can bring about.
    pub fn new(content_type: &'static str, body: impl Into<Bytes>) -> io::Result<Self> {
        let plain = body.into();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&plain)?;
        Ok(Self {
            content_type,
            gzipped: encoder.finish()?.into(),
            plain,
        })
    }

    /// As the request can read it.
    #[must_use]
    pub fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let offered = [Encoding::gzip(), Encoding::identity()];
        let accepted = AcceptEncoding::parse(request).ok();
        let chosen = accepted.and_then(|accepted| accepted.negotiate(offered.iter()));
        let mut response = HttpResponse::Ok();
        response
            .content_type(self.content_type)
            .insert_header((header::VARY, "accept-encoding"));
        if chosen == Some(Encoding::gzip()) {
            response.insert_header((header::CONTENT_ENCODING, "gzip"));
            response.body(self.gzipped.clone())
        } else {
            response.body(self.plain.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;
    use flate2::read::GzDecoder;

    use super::*;

    #[actix_web::test]
    async fn it_is_answered_as_it_can_be_read() {
        let text = "as it is, ".repeat(100);
        let fixed = Fixed::new("text/plain", text.clone()).unwrap();
        for (accepted, is_gzipped) in [
            (None, false),
            (Some("gzip"), true),
            (Some("br;q=1.0, gzip;q=0.8, *;q=0.1"), true),
            (Some("identity"), false),
            (Some("gzip;q=0"), false),
            (Some("nonsense,,"), false),
        ] {
            let mut request = TestRequest::default();
            if let Some(accepted) = accepted {
                request = request.insert_header((header::ACCEPT_ENCODING, accepted));
            }
            let response = fixed.answer(&request.to_http_request());
            let encoding = response.headers().get(header::CONTENT_ENCODING).cloned();
            let body = to_bytes(response.into_body()).await.unwrap();
            assert_eq!(encoding.is_some(), is_gzipped, "{accepted:?}");
            let mut read = String::new();
            if is_gzipped {
                GzDecoder::new(&body[..]).read_to_string(&mut read).unwrap();
                assert!(body.len() < text.len() / 5);
            } else {
                read = String::from_utf8(body.to_vec()).unwrap();
            }
            assert_eq!(read, text);
        }
    }
}
