//! *Explain*: extract, call, render.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::draft::{self, Draft, tools};
use super::pages::{Explanation, Verdict};
use super::steps::steps;
use crate::access::{Admin, Section};
use crate::catalogue::{Product, list_products};
use crate::db::Database;
use crate::gate::{Gate, Question, queries};
use crate::secret::Digest;
use crate::tokens::pages::Place;
use crate::tokens::{Token, TokenId, queries as tokens};
use crate::web::client_address::ClientAddress;
use crate::web::{Answer, Error, Page, page};

pub async fn show(
    admin: Admin,
    page: Page,
    (database, gate): (Data<Database>, Data<Gate>),
    source: ClientAddress,
    request: HttpRequest,
    id: Path<Uuid>,
    Query(query): Query<draft::Query>,
) -> Answer {
    let subject = find(&database, &admin, id.into_inner().into()).await?;
    let (place, section) = place(&subject.token);
    if request.path() != format!("{}/explanation", place.path) {
        return Err(Error::NotFound);
    }
    let draft = Draft::from(query);
    let explained = try_explain(&gate, &admin, &subject, draft.clone(), source, page.now).await?;
    let (status, draft, verdict) = match explained {
        Ok(verdict) => (StatusCode::OK, draft, verdict),
        Err(draft) => (StatusCode::UNPROCESSABLE_ENTITY, *draft, None),
    };
    let resources = gate.views.resources(admin.organization().id).await?;
    let explanation = Explanation {
        shell: admin.shell(page, section),
        place,
        token: subject.token,
        draft,
        products: subject.products,
        tools: tools(&resources),
        verdict,
    };
    page::render_with(status, &explanation)
}

fn place(token: &Token) -> (Place, Section) {
    match token.owner {
        None => (Place::of(token), Section::ApiAccess),
        Some(_) => (Place::of_somebodys(token), Section::McpTokens),
    }
}

/// What it is about.
struct Subject {
    token: Token,
    /// The current secret's.
    digest: Digest,
    /// That can be asked for.
    products: Vec<Product>,
}

/// The organisation's token, whoever owns it.
async fn find(database: &Database, admin: &Admin, id: TokenId) -> Result<Subject, Error> {
    let connection = &mut *database.get().await?;
    let (key, digest) = queries::current_secret(connection, admin, id).await?;
    Ok(Subject {
        token: tokens::token(connection, admin, key).await?,
        digest,
        products: list_products(connection, admin.organization().id).await?,
    })
}

/// The gate's answer, if something was asked, or the form to correct.
async fn try_explain(
    gate: &Gate,
    admin: &Admin,
    subject: &Subject,
    draft: Draft,
    source: ClientAddress,
    now: DateTime<Utc>,
) -> Result<Result<Option<Verdict>, Box<Draft>>, Error> {
    let asked = match draft.parse(&subject.products) {
        Ok(Some(asked)) => asked,
        Ok(None) => return Ok(Ok(None)),
        Err(draft) => return Ok(Err(draft)),
    };
    let question = Question {
        digest: Some(subject.digest),
        organization: Some(admin.organization().id),
        address: asked.address,
        product: asked.product.as_deref(),
        asked: asked.asked(),
        operation: "explanation",
        source,
        user_agent: None,
    };
    let decision = gate.consider(&question, now).await?;
    Ok(Ok(Some(Verdict {
        code: decision.code,
        steps: steps(&decision, &asked, &subject.token),
    })))
}
