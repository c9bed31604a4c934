//! Products.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{New, created};
use crate::access::Actor;
use crate::api::kit::{
    Created, Creation, IfMatch, Input, Name, Page, Params, ProductKey, Receipt, Search, mistakes,
    persistently, present, taken, versioned,
};
use crate::catalogue::products::draft::Draft;
use crate::catalogue::products::queries::{self, ChangeError};
use crate::catalogue::products::{ListedProduct, Query};
use crate::db::{Connection, Database, Pinned};
use crate::fleet::Fleet;
use crate::gate::{Reader, Writer};
use crate::web::form::Field;
use crate::web::{Answer, Error, Now};

/// Which list a cursor is of.
const LIST: &str = "products by name";

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/products")
                .route(web::get().to(index))
                .route(web::post().to(create)),
        )
        .service(
            web::resource("/products/{id}")
                .route(web::get().to(show))
                .route(web::patch().to(edit))
                .route(web::delete().to(delete)),
        );
}

/// Something of the organisation's that tokens can be linked to.
#[derive(Serialize, ToSchema)]
pub struct Product {
    id: Uuid,
    name: String,
    /// The prefix of its tokens' secrets.
    key: String,
    /// How many tokens are linked to it, of whatever status; 1,000 stands for that many or more.
    tokens: i64,
    /// Counts the changes; also in the header `ETag`.
    version: i32,
    /// Where a change is in effect; only in the answer to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    receipt: Option<Receipt>,
}

impl From<ListedProduct> for Product {
    fn from(listed: ListedProduct) -> Self {
        Self {
            id: listed.product.id.uuid(),
            name: listed.product.name,
            key: listed.product.key,
            tokens: listed.tokens,
            version: listed.version,
            receipt: None,
        }
    }
}

/// A product to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProduct {
    #[schema(value_type = Name)]
    name: String,
    /// The prefix of its tokens' secrets; not `wb` or `wxt`.
    #[schema(value_type = ProductKey)]
    key: String,
}

impl From<NewProduct> for Draft {
    fn from(new: NewProduct) -> Self {
        Self {
            name: Field::new(new.name),
            key: Field::new(new.key),
            ..Self::default()
        }
    }
}

/// What is to be other than it is.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductEdit {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Name>, nullable = false)]
    name: Option<String>,
    /// Fixed once a token is linked to the product.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<ProductKey>, nullable = false)]
    key: Option<String>,
}

/// List products
///
/// By name.
#[utoipa::path(get, path = "/api/v1/products", operation_id = "listProducts", tag = "Products",
    params(Search), responses((status = 200, description = "A page", body = Page<Product>)))]
pub async fn index(
    reader: Reader,
    database: Data<Database>,
    Params(search): Params<Search>,
) -> Answer {
    let (q, paging) = (search.term()?.unwrap_or_default(), search.paging());
    let (limit, cursor) = (paging.limit()?, paging.cursor(LIST)?);
    let page = cursor.map(|cursor| cursor.encode()).unwrap_or_default();
    let query = Query { q, page };
    let connection = &mut *database.get().await?;
    let slice = queries::page(connection, &reader, &query, limit).await?;
    Ok(HttpResponse::Ok().json(Page::of(LIST, slice.map(Product::from))))
}

/// Create a product
#[utoipa::path(post, path = "/api/v1/products", operation_id = "createProduct", tag = "Products",
    request_body = NewProduct,
    responses((status = 201, description = "The product", body = Product)))]
pub async fn create(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    creation: Creation<NewProduct>,
) -> Answer {
    created(creation, writer, now, &database).await
}

impl New for NewProduct {
    async fn create(
        self,
        connection: &mut Connection,
        writer: &Writer,
        now: Now,
    ) -> Result<Created, Error> {
        let draft = Draft::from(self);
        let new = draft
            .clone()
            .parse(None)
            .map_err(|it| mistakes(&it.fields()))?;
        let created =
            queries::create(connection, &writer.actor(), &new.name, &new.key, now.0).await;
        let product = created.map_err(|error| refused(error.into(), draft))?;
        let location = format!("/api/v1/products/{}", product.id);
        let listed = ListedProduct {
            product,
            version: 1,
            tokens: 0,
        };
        Created::new(location, Some(1), &Product::from(listed))
    }
}

/// Why a product is not made or changed, where that has to do with a field.
fn refused(error: ChangeError, draft: Draft) -> Error {
    match error {
        ChangeError::NameTaken => taken("name", &draft.name_taken().name),
        ChangeError::KeyTaken => taken("key", &draft.key_taken().key),
        error => error.into(),
    }
}

/// Show a product
#[utoipa::path(get, path = "/api/v1/products/{id}", operation_id = "showProduct",
    tag = "Products", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The product", body = Product)))]
pub async fn show(reader: Reader, database: Data<Database>, id: Path<Uuid>) -> Answer {
    let connection = &mut *database.get().await?;
    let listed = queries::product(connection, &reader, id.into_inner().into()).await?;
    Ok(told(listed, None))
}

fn told(listed: ListedProduct, receipt: Option<Receipt>) -> HttpResponse {
    let version = listed.version;
    let product = Product {
        receipt,
        ..listed.into()
    };
    versioned(version, product)
}

/// Edit a product
///
/// What is left out stays as it is. The answer comes when the change is in effect on every
/// instance.
#[utoipa::path(patch, path = "/api/v1/products/{id}", operation_id = "editProduct",
    tag = "Products", params(("id" = Uuid, Path), IfMatch), request_body = ProductEdit,
    responses((status = 200, description = "The product as it is now", body = Product)))]
pub async fn edit(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
    Input(edit): Input<ProductEdit>,
) -> Answer {
    let mut connection = database.get().await?;
    let (id, actor) = (id.into_inner().into(), writer.actor());
    persistently(async || {
        let current = queries::product(&mut connection, &writer, id).await?;
        expected.check(current.version)?;
        try_edit(
            &mut connection,
            &actor,
            edit.clone(),
            &current,
            &expected,
            now,
        )
        .await
    })
    .await?;
    let listed = queries::product(&mut connection, &writer, id).await?;
    drop(connection);
    let receipt = Receipt::wait(&fleet).await;
    Ok(told(listed, Some(receipt)))
}

async fn try_edit(
    connection: &mut Connection,
    actor: &Actor,
    edit: ProductEdit,
    current: &ListedProduct,
    expected: &IfMatch,
    now: Now,
) -> Result<(), Error> {
    let mut draft = Draft::from(current);
    if let Some(name) = edit.name {
        draft.name = Field::new(name);
    }
    if let Some(key) = edit.key {
        draft.key = Field::new(key);
        if draft.moves_key_of(current) {
            return Err(Error::Conflict(
                "Tokens are linked to this product, so its key stays. Nothing was changed.",
            ));
        }
    }
    let new = draft.clone().parse(Some(current));
    let new = new.map_err(|it| mistakes(&it.fields()))?;
    let read = Pinned::read(current.product.id, current.version);
    let edited = queries::edit(connection, actor, read, &new, now.0).await;
    edited.map_err(|error| match error {
        ChangeError::Outdated(_) => expected.overtaken(),
        error => refused(error, draft),
    })
}

/// Delete a product
///
/// One that no token is linked to.
#[utoipa::path(delete, path = "/api/v1/products/{id}", operation_id = "deleteProduct",
    tag = "Products", params(("id" = Uuid, Path), IfMatch),
    responses((status = 204, description = "It is gone")))]
pub async fn delete(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    id: Path<Uuid>,
    expected: IfMatch,
) -> Answer {
    let connection = &mut *database.get().await?;
    let (id, actor) = (id.into_inner().into(), writer.actor());
    let current = queries::product(connection, &writer, id).await?;
    let pinned = expected.pin(id, current.version)?;
    let deleted = queries::delete(connection, &actor, pinned, now.0).await;
    deleted.map_err(|error| match error {
        ChangeError::Outdated(current) if current.is_used() => {
            Error::Conflict("Tokens are linked to this product. Nothing was deleted.")
        }
        ChangeError::Outdated(_) => expected.overtaken(),
        error => error.into(),
    })?;
    Ok(HttpResponse::NoContent().finish())
}
