//! The decision's checks in an administrator's words: what came out, why, and what can be done.

use std::net::IpAddr;

use ipnet::IpNet;

use super::draft::{Purpose, Use};
use crate::gate::{Checked, Code, Decision, Need, Outcome, View};
use crate::tokens::Token;
use crate::web::format;

/// A check.
pub struct Step {
    pub name: &'static str,
    pub outcome: Outcome,
    /// A sentence; empty where there is nothing to say.
    pub reason: String,
    /// Only of a check that failed.
    pub remedy: Option<Remedy>,
}

/// Where an administrator can let the token pass.
pub struct Remedy {
    pub label: &'static str,
    pub path: String,
}

impl Step {
    /// The outcome in words, and the class of the badge that says them.
    pub fn badge(&self) -> (&'static str, &'static str) {
        match self.outcome {
            Outcome::Passed => ("Passed", "badge--active"),
            Outcome::Failed => ("Failed", "badge--revoked"),
            Outcome::NotAsked => ("Not asked", "badge--idle"),
            Outcome::NotReached => ("Not reached", "badge--idle"),
        }
    }
}

/// All of them, in their order.
pub fn steps(decision: &Decision<'_>, asked: &Use, token: &Token) -> Vec<Step> {
    let step = |checked: Checked| Step {
        name: name(checked.code),
        outcome: checked.outcome,
        reason: match (&decision.view, checked.outcome) {
            (_, Outcome::NotReached) => String::new(),
            (None, _) => "It was deleted meanwhile.".to_owned(),
            (Some(view), _) => reason(checked, view, decision, asked),
        },
        remedy: match checked.outcome {
            Outcome::Failed => remedy(checked.code, asked, token),
            _ => None,
        },
    };
    decision.checks().map(step).collect()
}

fn name(code: Code) -> &'static str {
    match code {
        Code::Revoked => "Not revoked",
        Code::Expired => "Not expired",
        Code::Disabled => "Enabled",
        Code::Retired => "Secret in use",
        Code::OwnerInactive => "Owner active",
        Code::IpNotAllowed => "Address",
        Code::WrongProduct => "Product",
        Code::InsufficientScope => "Scope",
        Code::UnknownResource => "Resource",
        Code::Unknown | Code::Missing | Code::Valid => "Known",
    }
}

fn reason(checked: Checked, view: &View, decision: &Decision<'_>, asked: &Use) -> String {
    let (outcome, passed) = (checked.outcome, checked.outcome == Outcome::Passed);
    match checked.code {
        Code::Revoked if !passed => "It was revoked, which is for ever.".to_owned(),
        Code::Expired => match &view.expires_at {
            None => "It never expires.".to_owned(),
            Some(at) if passed => format!("It expires on {}.", format::date_time(at)),
            Some(at) => format!("It expired on {}.", format::date_time(at)),
        },
        Code::Disabled if !passed => "It is disabled.".to_owned(),
        Code::Retired if passed => {
            let since = format::date_time(&view.secret_created_at);
            format!("The current one, since {since}.")
        }
        Code::Retired => "A rotation has replaced this secret.".to_owned(),
        Code::OwnerInactive => match &view.owner {
            None => "It belongs to the organisation.".to_owned(),
            Some(owner) if passed => format!("{} is an active member.", owner.email),
            Some(owner) => format!("{} is no active member any more.", owner.email),
        },
        Code::IpNotAllowed => match asked.address {
            None => "No address was given.".to_owned(),
            Some(_) if view.ranges.is_empty() => "Any address is allowed.".to_owned(),
            Some(address) if passed => format!("{address} is in an allowed range."),
            Some(address) => format!("{address} is outside the allowed ranges."),
        },
        Code::WrongProduct => match (&view.product, &asked.product) {
            (_, None) => "No product was asked for.".to_owned(),
            (None, _) => "It is linked to none.".to_owned(),
            (Some(linked), _) if passed => format!("It is linked to {}.", linked.name),
            (Some(linked), _) => format!("It is linked to {}, another one.", linked.name),
        },
        Code::InsufficientScope => scope(decision, view),
        Code::UnknownResource => resource(outcome, decision, asked),
        _ => String::new(),
    }
}

fn scope(decision: &Decision<'_>, view: &View) -> String {
    match decision.request.need {
        Need::Nothing => "Nothing needs one.".to_owned(),
        Need::Unknown => "It is unknown which is needed.".to_owned(),
        Need::Scope(needed) => {
            let operation = decision.operation.as_deref().unwrap_or_default();
            let own = view.effective_scopes().names().join(", ");
            format!("“{operation}” needs {needed}; the token has {own}.")
        }
    }
}

fn resource(outcome: Outcome, decision: &Decision<'_>, asked: &Use) -> String {
    let what = match &asked.purpose {
        Purpose::Request { method, path } => format!("{method} {path}"),
        Purpose::Tool(name) => format!("the tool “{name}”"),
        Purpose::Nothing => return "No request was given.".to_owned(),
    };
    match (outcome, decision.ambiguity) {
        (Outcome::Passed, _) => {
            let operation = decision.operation.as_deref().unwrap_or_default();
            format!("It is “{operation}”.")
        }
        (Outcome::NotAsked, _) => "Browsers may ask this without a token (CORS).".to_owned(),
        (_, Some(ambiguity)) => format!("Refused because {ambiguity}."),
        (_, None) => format!("No resource has {what}."),
    }
}

/// Of an MCP token only what its owner need not do.
fn remedy(code: Code, asked: &Use, token: &Token) -> Option<Remedy> {
    let (label, path) = match (code, asked.address) {
        (Code::UnknownResource, _) => ("Open resources", "/settings/resources".to_owned()),
        _ if token.owner.is_some() => return None,
        (Code::Revoked | Code::WrongProduct, _) => {
            ("Create another", "/settings/api-access/new".to_owned())
        }
        (Code::Expired, _) => ("Change expiry", format!("{}/edit", token.path())),
        (Code::Disabled, _) => ("Enable", format!("{}/enabling", token.path())),
        (Code::IpNotAllowed, Some(address)) => ("Allow this address", allowing(address, token)),
        (Code::InsufficientScope, _) => ("Change access", format!("{}/edit", token.path())),
        _ => return None,
    };
    Some(Remedy { label, path })
}

fn allowing(address: IpAddr, token: &Token) -> String {
    let range = IpNet::from(address.to_canonical());
    format!("{}/edit?allow={range}", token.path())
}
