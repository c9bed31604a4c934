//! What programs call, under `/api`.

mod token;

use actix_web::web;

use crate::gate::Operation;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/api/v1/token")
            .app_data(web::Data::new(Operation("GET /api/v1/token")))
            .route(web::get().to(token::show)),
    );
}
