//! A question about a token, from whoever may ask it, and its answer, which is counted.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use actix_web::http::header::{HeaderName, HeaderValue};
use chrono::{DateTime, Utc};

use super::authority::Authority;
use super::decision::{Checked, Code, Need, Request, decide, explain};
use super::limit::Limits;
use super::metrics::Metrics;
use super::refusal::expiry_warning;
use super::tenants::Tenants;
use super::usage::{Decided, Usage};
use super::view::View;
use super::views::Views;
use crate::access::OrganizationId;
use crate::catalogue::Scope;
use crate::catalogue::resources::path::{Ambiguity, Path};
use crate::catalogue::resources::{Found, Operation, Resource, Resources};
use crate::fleet::{Change, Memory};
use crate::secret::Digest;
use crate::web::Error;
use crate::web::client_address::ClientAddress;

/// All that decides. Clones are the same gate.
#[derive(Clone)]
pub struct Gate {
    pub views: Views,
    pub tenants: Tenants,
    pub usage: Usage,
    pub metrics: Metrics,
    pub limits: Limits,
    pub scim_limits: Limits,
    pub authority: Option<Authority>,
}

/// What somebody wants to know of a token.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// `None` for what cannot be a token.
    pub digest: Option<Digest>,
    /// Whose tokens are known to who asks; `None`: everybody's.
    pub organization: Option<OrganizationId>,
    /// Where it is used; `None` if nobody says so.
    pub address: Option<IpAddr>,
    pub product: Option<&'a str>,
    pub asked: Asked<'a>,
    /// As what it is counted where no operation of the catalogue is found.
    pub operation: &'a str,
    /// From where it is counted.
    pub source: ClientAddress,
    pub user_agent: Option<&'a str>,
}

/// What the token is to be good for.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    Nothing,
    Scope(Scope),
    /// A request, by its method and target.
    Request {
        method: &'a str,
        target: &'a str,
        /// The one that it says it calls, where it leads to an MCP server.
        tool: Option<&'a str>,
        /// Whether what no operation matches needs nothing but a token.
        unmatched: bool,
    },
    /// A tool of an MCP server.
    Tool(&'a str),
    /// Something that could not be understood.
    Unknown,
}

/// The answer.
pub struct Decision<'a> {
    pub code: Code,
    /// `None` for a token that does not exist, or not for who asks.
    pub view: Option<Arc<View>>,
    /// Why the path has no one meaning.
    pub ambiguity: Option<Ambiguity>,
    /// The catalogue's operation that was asked for: `Agents: list`.
    pub operation: Option<String>,
    pub request: Request<'a>,
    now: DateTime<Utc>,
}

impl Decision<'_> {
    #[must_use]
    pub fn required_scope(&self) -> Option<Scope> {
        match self.request.need {
            Need::Scope(scope) => Some(scope),
            Need::Nothing | Need::Unknown => None,
        }
    }

    /// The header that says when a token that is good ends, if it does so soon.
    #[must_use]
    pub fn expiry_warning(&self) -> Option<(HeaderName, HeaderValue)> {
        let view = self.view.as_deref().filter(|_| self.code == Code::Valid)?;
        expiry_warning(view, self.now)
    }

    /// All checks in their order.
    pub fn checks(&self) -> impl Iterator<Item = Checked> {
        explain(self.view.as_deref(), &self.request, self.now)
    }
}

impl Gate {
    /// Decides, and counts the decision.
    ///
    /// # Errors
    /// When the database is needed and does not answer: nobody is let in then.
    pub async fn ask<'a>(
        &self,
        question: &Question<'a>,
        now: DateTime<Utc>,
    ) -> Result<Decision<'a>, Error> {
        let started = Instant::now();
        let decision = self.consider(question, now).await?;
        if let Some(view) = &decision.view {
            let operation = decision.operation.as_deref();
            let decided = Decided {
                code: decision.code,
                operation: operation.unwrap_or(question.operation),
                address: question.source,
                user_agent: question.user_agent,
                at: now,
            };
            self.usage.count(view, &decided);
        }
        self.metrics.decided(decision.code, started.elapsed());
        Ok(decision)
    }

    /// What [`Gate::ask`] would answer. Nothing is counted.
    ///
    /// # Errors
    /// When the database is needed and does not answer.
    pub async fn consider<'a>(
        &self,
        question: &Question<'a>,
        now: DateTime<Utc>,
    ) -> Result<Decision<'a>, Error> {
        let view = match question.digest {
            Some(digest) => self.views.get(&digest).await?,
            None => None,
        };
        let is_known = |view: &Arc<View>| {
            let organization = question.organization;
            organization.is_none_or(|organization| view.tenant.id == organization)
        };
        let view = view.filter(is_known);
        let resources = match (&view, question.asked) {
            (Some(view), Asked::Request { .. } | Asked::Tool(_)) => {
                Some(self.views.resources(view.tenant.id).await?)
            }
            _ => None,
        };
        let needed = needed(question.asked, resources.as_deref());
        let request = Request {
            address: question.address,
            product: question.product,
            need: needed.need,
        };
        Ok(Decision {
            code: decide(view.as_deref(), &request, now),
            ambiguity: needed.ambiguity,
            operation: needed.operation.map(label),
            view,
            request,
            now,
        })
    }

    /// Whether a request needs no credential.
    ///
    /// # Errors
    /// When the database is needed and does not answer.
    pub async fn lets_through(
        &self,
        organization: OrganizationId,
        method: &str,
        target: &str,
    ) -> Result<bool, Error> {
        if method != "OPTIONS" {
            return Ok(false);
        }
        let resources = self.views.resources(organization).await?;
        let path = Path::parse(target);
        let found =
            path.map(|path| matches!(resources.find(method, &path), Ok(Found::Preflight(_))));
        Ok(found.unwrap_or(false))
    }
}

impl Memory for Gate {
    fn forget(&self, change: &Change) {
        self.views.forget(change);
        self.tenants.forget(change);
    }
}

/// What the catalogue says.
struct Needed<'r> {
    need: Need,
    operation: Option<(&'r Resource, &'r Operation)>,
    ambiguity: Option<Ambiguity>,
}

fn needed<'r>(asked: Asked<'_>, resources: Option<&'r Resources>) -> Needed<'r> {
    let plainly = |need| Needed {
        need,
        operation: None,
        ambiguity: None,
    };
    let by = |resource, operation: &'r Operation| Needed {
        need: Need::Scope(operation.scope),
        operation: Some((resource, operation)),
        ambiguity: None,
    };
    match (asked, resources) {
        (Asked::Nothing, _) => plainly(Need::Nothing),
        (Asked::Scope(scope), _) => plainly(Need::Scope(scope)),
        (Asked::Tool(name), Some(resources)) => match resources.find_tool(name) {
            Some((resource, operation)) => by(resource, operation),
            None => plainly(Need::Unknown),
        },
        (
            Asked::Request {
                method,
                target,
                tool,
                unmatched,
            },
            Some(resources),
        ) => match Path::parse(target).and_then(|path| resources.find_call(method, &path, tool)) {
            Ok(Found::Operation(resource, operation)) => by(resource, operation),
            Ok(Found::Preflight(_)) => plainly(Need::Nothing),
            Ok(Found::Nothing) if unmatched => plainly(Need::Nothing),
            Ok(Found::Nothing) => plainly(Need::Unknown),
            Err(ambiguity) => Needed {
                ambiguity: Some(ambiguity),
                ..plainly(Need::Unknown)
            },
        },
        (Asked::Unknown | Asked::Request { .. } | Asked::Tool(_), _) => plainly(Need::Unknown),
    }
}

fn label((resource, operation): (&Resource, &Operation)) -> String {
    format!("{}: {}", resource.name, operation.name)
}
