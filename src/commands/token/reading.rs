//! What is typed of a token, and what it means.

use std::fmt::Display;

use chrono::{DateTime, Utc};

use crate::catalogue::{Scope, ScopeSet};
use crate::commands::Failure;
use crate::tokens::draft::Expiry;
use crate::tokens::{Name, Ranges};

/// Reads flags, and keeps all that is wrong with them.
pub struct Reading {
    now: DateTime<Utc>,
    mistakes: Vec<String>,
}

impl Reading {
    pub fn at(now: DateTime<Utc>) -> Self {
        Self {
            now,
            mistakes: Vec::new(),
        }
    }

    pub fn name(&mut self, text: &str) -> Option<Name> {
        Name::parse(text).map_err(|why| self.note("name", why)).ok()
    }

    /// `None` also if one of them is none.
    pub fn scopes(&mut self, names: &[String]) -> Option<ScopeSet> {
        let scopes: Vec<Option<Scope>> = names.iter().map(|name| self.scope(name)).collect();
        scopes.into_iter().collect()
    }

    fn scope(&mut self, name: &str) -> Option<Scope> {
        let scope = name
            .parse()
            .ok()
            .filter(|scope: &Scope| scope.is_for_api_tokens());
        if scope.is_none() {
            self.note("scope", format!("{name:?} is not a scope of API tokens"));
        }
        scope
    }

    pub fn expiry(&mut self, text: &str) -> Option<Option<DateTime<Utc>>> {
        Expiry::until(text, self.now)
            .map_err(|why| self.note("expires", format!("{text:?} {why}")))
            .ok()
    }

    pub fn ranges(&mut self, texts: &[String]) -> Option<Ranges> {
        Ranges::parse(&texts.join(" "))
            .map_err(|errors| errors.iter().for_each(|why| self.note("ip", why)))
            .ok()
    }

    fn note(&mut self, flag: &str, why: impl Display) {
        self.mistakes.push(format!("--{flag}: {why}"));
    }

    pub fn failure(self) -> Failure {
        Failure::new(self.mistakes.join("\n"))
    }
}
