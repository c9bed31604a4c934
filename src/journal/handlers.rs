//! *Settings > Audit log*.

use actix_web::web;

use super::{pages, queries};
use crate::access::{Admin, Section};
use crate::db::Database;
use crate::web::{Answer, Page, page};

const PAGE_SIZE: usize = 50;

pub async fn index(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    web::Query(query): web::Query<pages::Query>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let filter = query.filter();
    let entries = queries::page(connection, &admin, &filter, PAGE_SIZE).await?;
    let authors = queries::authors(connection, &admin, filter.author).await?;
    page::render(&pages::Index {
        shell: admin.shell(page, Section::AuditLog),
        query,
        authors,
        entries,
    })
}
