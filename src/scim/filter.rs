//! Filters as they are written (RFC 7644, section 3.4.2.2): the grammar, and nothing of what the
//! names in it mean.

mod parse;

use std::fmt;

use serde_json::Value;

use super::path::Path;
use crate::db::types::text_enum;

pub use parse::{Syntax, value_filter};

text_enum! {
    /// How an attribute is compared.
    Operator {
        Equal = "eq",
        NotEqual = "ne",
        Contains = "co",
        StartsWith = "sw",
        EndsWith = "ew",
        Greater = "gt",
        GreaterOrEqual = "ge",
        Less = "lt",
        LessOrEqual = "le",
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// At least two.
    Any(Vec<Filter>),
    /// At least two.
    All(Vec<Filter>),
    Not(Box<Filter>),
    Present(Path),
    /// With a string, number, boolean or null.
    Compare(Path, Operator, Value),
    /// One value of the attribute meets all of it, as in `emails[type eq "work"]`. The paths in
    /// it are those of sub-attributes.
    Has(Path, Box<Filter>),
}

impl Filter {
    /// The attribute of which something is asked, where it is no combination.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Present(path) | Self::Compare(path, ..) | Self::Has(path, _) => Some(path),
            Self::Any(_) | Self::All(_) | Self::Not(_) => None,
        }
    }
}

impl std::str::FromStr for Filter {
    type Err = Syntax;

    fn from_str(text: &str) -> Result<Self, Syntax> {
        parse::filter(text)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(filters) => joined(f, filters, " or "),
            Self::All(filters) => joined(f, filters, " and "),
            Self::Not(filter) => write!(f, "not ({filter})"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Compare(path, operator, value) => write!(f, "{path} {operator} {value}"),
            Self::Has(path, filter) => write!(f, "{path}[{filter}]"),
        }
    }
}

/// `and` binds more than `or`.
fn joined(f: &mut fmt::Formatter<'_>, filters: &[Filter], word: &str) -> fmt::Result {
    for (at, filter) in filters.iter().enumerate() {
        if at > 0 {
            f.write_str(word)?;
        }
        match filter {
            Filter::All(_) if word == " or " => write!(f, "{filter}")?,
            Filter::All(_) | Filter::Any(_) => write!(f, "({filter})")?,
            _ => write!(f, "{filter}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
