//! `POST /api/v1/verify`: what a service asks about the tokens that it is sent, one or many at
//! once.

use std::borrow::Cow;
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::token::{Organization, Product};
use crate::catalogue::Scope;
use crate::gate::{Asked, Caller, Decision, Gate, Question, View, user_agent};
use crate::tokens::secret;
use crate::web::client_address::ClientAddress;
use crate::web::{Answer, Error, Now, body, json};

const MOST: usize = 100;

/// One question.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    #[serde(default)]
    ip: Option<IpAddr>,
    #[serde(borrow, default)]
    product: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "scope")]
    scope: Option<Scope>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    path: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tool: Option<Cow<'a, str>>,
    #[serde(default)]
    explain: bool,
}

fn scope<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Scope>, D::Error> {
    let text = Option::<Cow<str>>::deserialize(deserializer)?;
    let known = |text: Cow<str>| {
        text.parse()
            .map_err(|_| D::Error::custom("there is no such scope"))
    };
    text.map(known).transpose()
}

/// The body, to borrow from.
pub struct Body(pub Bytes);

impl FromRequest for Body {
    type Error = Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { body::read(&request, payload).await.map(Self) })
    }
}

pub async fn verify(
    caller: Caller,
    request: HttpRequest,
    source: ClientAddress,
    gate: Data<Gate>,
    now: Now,
    body: Body,
) -> Answer {
    let (queries, is_array) = read(&body.0)?;
    // All of them can be answered, or none is.
    let asked = queries.iter().enumerate().map(|(at, query)| {
        let misfit = |misfit: Misfit| misfit.at(at, is_array);
        query.asked().map_err(misfit)
    });
    let asked = asked.collect::<Result<Vec<Asked>, Error>>()?;
    let mut answers = Vec::with_capacity(queries.len());
    for (query, asked) in queries.iter().zip(asked) {
        let question = Question {
            digest: secret::digest_of(query.token.trim()),
            organization: Some(caller.organization),
            address: query.ip,
            product: query.product.as_deref(),
            asked,
            operation: "POST /api/v1/verify",
            source: query
                .ip
                .map_or(source, |ip| ClientAddress(ip.to_canonical())),
            user_agent: user_agent(&request),
        };
        answers.push((gate.ask(&question, now.0).await?, query.explain));
    }
    let answers: Vec<Verdict> = answers.iter().map(Verdict::of).collect();
    let mut response = HttpResponse::Ok();
    if let Some(warning) = caller.warning.clone() {
        response.insert_header(warning);
    }
    Ok(match answers.as_slice() {
        [answer] if !is_array => response.json(answer),
        answers => response.json(answers),
    })
}

/// The questions, and whether they came as an array.
fn read(body: &[u8]) -> Result<(Vec<Query<'_>>, bool), Error> {
    let is_array = body.trim_ascii_start().first() == Some(&b'[');
    let queries: Vec<Query> = if is_array {
        json::read(body)?
    } else {
        vec![json::read(body)?]
    };
    if queries.len() > MOST {
        return Err(Error::invalid(
            format!("[{MOST}]"),
            format!("ask about at most {MOST} tokens at once."),
        ));
    }
    Ok((queries, is_array))
}

/// Fields that do not go together, by the name of one.
struct Misfit(&'static str, &'static str);

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

impl Query<'_> {
    fn asked(&self) -> Result<Asked<'_>, Misfit> {
        match (self.scope, &self.method, &self.path, &self.tool) {
            (None, None, None, None) => Ok(Asked::Nothing),
            (Some(scope), None, None, None) => Ok(Asked::Scope(scope)),
            (None, Some(method), Some(target), None) => Ok(Asked::Request {
                method,
                target,
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

#[derive(Serialize)]
struct Verdict<'a> {
    valid: bool,
    code: &'static str,
    #[serde(flatten)]
    token: Option<Described<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    required_scope: Option<&'static str>,
    /// Why the path has no one meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    ambiguity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Vec<Step>>,
}

#[derive(Serialize)]
struct Described<'a> {
    id: Uuid,
    name: &'a str,
    organization: Organization<'a>,
    /// Whose MCP token it is.
    owner: Option<Owner<'a>>,
    product: Option<Product<'a>>,
    scopes: Vec<&'static str>,
    expires_at: Option<DateTime<Utc>>,
    secret_retires_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct Owner<'a> {
    id: Uuid,
    email: &'a str,
}

#[derive(Serialize)]
struct Step {
    check: &'static str,
    /// The decision's code if it fails.
    code: &'static str,
    outcome: &'static str,
}

impl<'a> Verdict<'a> {
    fn of((decision, explain): &'a (Decision<'_>, bool)) -> Self {
        let check = |checked: crate::gate::Checked| Step {
            check: checked.name,
            code: checked.code.as_str(),
            outcome: checked.outcome.as_str(),
        };
        Self {
            valid: decision.code == crate::gate::Code::Valid,
            code: decision.code.as_str(),
            token: decision.view.as_deref().map(Described::of),
            required_scope: decision.required_scope().map(Scope::as_str),
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
            scopes: view.effective_scopes().names(),
            expires_at: view.expires_at,
            secret_retires_at: view.secret_retires_at,
        }
    }
}
