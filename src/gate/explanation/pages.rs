//! The page, for its template to lay out.

use askama::Template;

use super::draft::{Draft, Kind, METHODS};
use super::steps::Step;
use crate::access::Shell;
use crate::catalogue::Product;
use crate::gate::Code;
use crate::tokens::Token;
use crate::tokens::pages::Place;

/// "Explain …"
#[derive(Template)]
#[template(path = "gate/explanation.html")]
pub struct Explanation {
    pub shell: Shell,
    pub place: Place,
    pub token: Token,
    pub draft: Draft,
    /// To choose from; none for a token that is linked to none.
    pub products: Vec<Product>,
    /// The tools that the organisation knows.
    pub tools: Vec<String>,
    /// `None` until something is asked.
    pub verdict: Option<Verdict>,
}

/// What the gate would answer.
pub struct Verdict {
    pub code: Code,
    pub steps: Vec<Step>,
}

impl Explanation {
    /// Those that make sense here.
    fn kinds(&self) -> impl Iterator<Item = Kind> {
        let has_tools = !self.tools.is_empty();
        let all = Kind::ALL.iter().copied();
        all.filter(move |kind| has_tools || *kind != Kind::Tool)
    }
}
