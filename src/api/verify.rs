//! `POST /api/v1/verify`: what a service asks about the tokens that it is sent, one or many at
//! once.

use std::borrow::Cow;
use std::net::IpAddr;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, OneOfBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::kit::{Address, CodeWord, OutcomeWord, ScopeWord, Word};
use super::token::{Organization, Product};
use crate::catalogue::Scope;
use crate::gate::{Asked, Decision, Gate, Inquiry, Question, View, user_agent};
use crate::tokens::secret::FOREIGN;
use crate::web::client_address::ClientAddress;
use crate::web::json::{self, Object};
use crate::web::{Answer, Error, Now};

const MOST: usize = 100;
/// Bytes: as many questions as there may be, each about a secret and a path of the longest.
pub const LARGEST: usize = MOST * (2 * *FOREIGN.end() + 6 * 1024);

/// Whether a token is good, and for what. What is left out is not checked.
#[derive(Deserialize, ToSchema)]
#[schema(as = Question)]
#[serde(deny_unknown_fields)]
struct Query<'a> {
    /// As the client sent it.
    #[serde(borrow)]
    #[schema(value_type = String)]
    token: Cow<'a, str>,
    /// The client's address.
    #[serde(default)]
    #[schema(value_type = Option<Address>)]
    ip: Option<IpAddr>,
    /// The key of the product that is asked for.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    product: Option<Cow<'a, str>>,
    /// Needed, whatever is done; in place of `method` and `path`.
    #[serde(default, deserialize_with = "scope")]
    #[schema(value_type = Option<ScopeWord>)]
    scope: Option<Scope>,
    /// With `path`: what the client does; the resources say which scope that needs.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    path: Option<Cow<'a, str>>,
    /// The tool of an MCP server that the client calls; in place of `method` and `path`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    tool: Option<Cow<'a, str>>,
    /// Whether the answer tells each check.
    #[serde(default)]
    explain: bool,
}

/// One question, or up to 100, which are answered in their order.
struct Questions;

impl PartialSchema for Questions {
    fn schema() -> RefOr<Schema> {
        let one = Ref::from_schema_name(Query::name());
        let many = ArrayBuilder::new().items(one.clone());
        OneOfBuilder::new()
            .description(Some(
                "One question, or up to 100, which are answered in their order.",
            ))
            .item(one)
            .item(many.max_items(Some(MOST)))
            .into()
    }
}

impl ToSchema for Questions {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Query::name().into_owned(), Query::schema()));
        Query::schemas(schemas);
    }
}

fn scope<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Scope>, D::Error> {
    let text = Option::<Cow<str>>::deserialize(deserializer)?;
    let known = |text: Cow<str>| {
        text.parse()
            .map_err(|_| D::Error::custom("there is no such scope"))
    };
    text.map(known).transpose()
}

/// Ask about tokens
///
/// Of the organisation of the token that asks, which needs `tokens:verify`. The answer is 200 also
/// for a token that is no good: `valid` and `code` tell. One that is good, and ends within a week, is
/// answered with the header `X-Tokendesk-Expires-At` where it was the only one asked about. Whose
/// clients guess at short secrets of older systems is answered 429, for the network that `ip` is of;
/// among several questions, `unknown`.
#[utoipa::path(post, path = "/api/v1/verify", operation_id = "verifyToken", tag = "Gate",
    request_body = Questions,
    responses((status = 200, description = "The gate's answer, or one for each question",
        body = Verdicts)))]
pub async fn verify(
    Inquiry(caller, body): Inquiry,
    request: HttpRequest,
    source: ClientAddress,
    gate: Data<Gate>,
    now: Now,
) -> Answer {
    let (queries, is_array) = read(&body)?;
    // All of them can be answered, or none is.
    let asked = queries.iter().enumerate().map(|(at, query)| {
        let misfit = |misfit: Misfit| misfit.at(at, is_array);
        query.purpose().asked().map_err(misfit)
    });
    let asked = asked.collect::<Result<Vec<Asked>, Error>>()?;
    let mut questions = Vec::with_capacity(queries.len());
    for (query, asked) in queries.iter().zip(asked) {
        let source = query
            .ip
            .map_or(source, |ip| ClientAddress(ip.to_canonical()));
        let token = query.token.trim();
        let digest = match gate
            .views
            .asked_about(token, caller.tenant.id, source)
            .await
        {
            // Nobody holds up what is asked about others.
            Err(Error::TooMany { .. }) if is_array => None,
            digest => digest?,
        };
        questions.push(Question {
            digest,
            organization: Some(caller.tenant.id),
            address: query.ip,
            product: query.product.as_deref(),
            asked,
            operation: "POST /api/v1/verify",
            source,
            user_agent: user_agent(&request),
        });
    }
    let mut answers = Vec::with_capacity(queries.len());
    for (query, question) in queries.iter().zip(&questions) {
        answers.push((gate.ask(question, now.0).await?, query.explain));
    }
    let mut response = HttpResponse::Ok();
    if is_array {
        let answers = answers.iter();
        let verdicts = answers.map(|(decision, explain)| Verdict::of(decision, *explain));
        return Ok(response.json(verdicts.collect::<Vec<_>>()));
    }
    let (decision, explain) = &answers[0];
    if let Some(warning) = decision.expiry_warning() {
        response.insert_header(warning);
    }
    Ok(response.json(Verdict::of(decision, *explain)))
}

/// The questions, and whether they came as an array.
fn read(body: &[u8]) -> Result<(Vec<Query<'_>>, bool), Error> {
    let is_array = body.trim_ascii_start().first() == Some(&b'[');
    let queries: Vec<Object<Query>> = if is_array {
        json::read(body)?
    } else {
        vec![json::read(body)?]
    };
    let queries: Vec<Query> = queries.into_iter().map(|Object(query)| query).collect();
    if queries.len() > MOST {
        return Err(Error::invalid(
            format!("[{MOST}]"),
            format!("ask about at most {MOST} tokens at once."),
        ));
    }
    Ok((queries, is_array))
}

/// Fields that do not go together, by the name of one.
#[derive(Debug)]
pub struct Misfit(&'static str, &'static str);

impl Misfit {
    fn at(self, index: usize, is_array: bool) -> Error {
        let Self(field, detail) = self;
        let field = if is_array {
            format!("[{index}].{field}")
        } else {
            field.to_owned()
        };
        Error::invalid(field, detail)
    }
}

impl From<Misfit> for Error {
    fn from(Misfit(field, detail): Misfit) -> Self {
        Self::invalid(field, detail)
    }
}

impl Query<'_> {
    fn purpose(&self) -> Purpose<'_> {
        Purpose {
            scope: self.scope,
            method: self.method.as_deref(),
            path: self.path.as_deref(),
            tool: self.tool.as_deref(),
        }
    }
}

/// What a token is used for, as it is written.
#[derive(Clone, Copy, Debug)]
pub struct Purpose<'a> {
    pub scope: Option<Scope>,
    pub method: Option<&'a str>,
    pub path: Option<&'a str>,
    pub tool: Option<&'a str>,
}

impl<'a> Purpose<'a> {
    /// # Errors
    /// What does not go together.
    pub fn asked(self) -> Result<Asked<'a>, Misfit> {
        match (self.scope, self.method, self.path, self.tool) {
            (None, None, None, None) => Ok(Asked::Nothing),
            (Some(scope), None, None, None) => Ok(Asked::Scope(scope)),
            (None, Some(method), Some(target), None) => Ok(Asked::Request {
                method,
                target,
                tool: None,
                unmatched: false,
            }),
            (None, None, None, Some(tool)) => Ok(Asked::Tool(tool)),
            (None, Some(_), None, None) => Err(Misfit("path", "method is of use with path only.")),
            (None, None, Some(_), None) => {
                Err(Misfit("method", "path is of use with method only."))
            }
            (Some(_), ..) => Err(Misfit("scope", "name a scope, or what would need one.")),
            (None, ..) => Err(Misfit("tool", "name a tool, or a method and path.")),
        }
    }
}

/// One answer, or as many as there were questions.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only for the document")]
enum Verdicts {
    One(Box<Verdict<'static>>),
    Many(Vec<Verdict<'static>>),
}

/// What the gate answers. Of a token that it knows it tells more, also where that is no good.
#[derive(Serialize, ToSchema)]
pub struct Verdict<'a> {
    /// Whether the client may do what was asked.
    valid: bool,
    code: CodeWord,
    #[serde(flatten)]
    #[schema(value_type = Described)]
    token: Option<Described<'a>>,
    /// The scope that is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    required_scope: Option<ScopeWord>,
    /// Why the path has no one meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ambiguity: Option<String>,
    /// With `explain`: all checks in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    checks: Option<Vec<Step>>,
}

/// What is told of a token that the gate knows.
#[derive(Serialize, ToSchema)]
#[schema(as = KnownToken)]
struct Described<'a> {
    #[schema(required = false)]
    id: Uuid,
    #[schema(required = false)]
    name: &'a str,
    #[schema(required = false, value_type = Organization)]
    organization: Organization<'a>,
    /// Whose MCP token it is.
    #[schema(value_type = Option<Owner>)]
    owner: Option<Owner<'a>>,
    /// The one that it is linked to.
    #[schema(value_type = Option<Product>)]
    product: Option<Product<'a>>,
    #[schema(required = false)]
    scopes: Vec<ScopeWord>,
    /// `null`: never.
    expires_at: Option<DateTime<Utc>>,
    /// When the secret stops, if it was rotated.
    secret_retires_at: Option<DateTime<Utc>>,
}

/// Whose MCP token it is.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenOwner)]
struct Owner<'a> {
    id: Uuid,
    email: &'a str,
}

/// A check that the gate makes.
#[derive(Serialize, ToSchema)]
#[schema(as = GateCheck)]
struct Step {
    check: &'static str,
    /// The gate's answer if it fails.
    code: CodeWord,
    outcome: OutcomeWord,
}

impl<'a> Verdict<'a> {
    pub fn of(decision: &'a Decision<'_>, explain: bool) -> Self {
        let check = |checked: crate::gate::Checked| Step {
            check: checked.name,
            code: Word(checked.code),
            outcome: Word(checked.outcome),
        };
        Self {
            valid: decision.code == crate::gate::Code::Valid,
            code: Word(decision.code),
            token: decision.view.as_deref().map(Described::of),
            required_scope: decision.required_scope().map(Word),
            ambiguity: decision.ambiguity.map(|ambiguity| ambiguity.to_string()),
            checks: explain.then(|| decision.checks().map(check).collect()),
        }
    }
}

impl<'a> Described<'a> {
    fn of(view: &'a View) -> Self {
        Self {
            id: view.token.uuid(),
            name: &view.name,
            organization: Organization::of(view),
            owner: view.owner.as_ref().map(|owner| Owner {
                id: owner.user.uuid(),
                email: &owner.email,
            }),
            product: view.product.as_deref().map(Product::of),
            scopes: view.effective_scopes().iter().map(Word).collect(),
            expires_at: view.expires_at,
            secret_retires_at: view.secret_retires_at,
        }
    }
}
