//! The parser. It takes what identity providers send beyond the grammar: more than one space,
//! `True`, and a sub-attribute behind brackets.

use serde_json::Value;

use super::{Filter, Operator};
use crate::scim::path::{Path, is_path_char};

/// Bytes.
const LONGEST: usize = 10_000;
/// Parentheses, brackets and `not` within one another.
const DEEPEST: usize = 20;
/// Comparisons.
const MOST: usize = 250;

/// Why a text is no filter.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Syntax {
    #[error("at character {at}, {wanted} should stand")]
    Expected { at: usize, wanted: &'static str },
    #[error("it is longer than {LONGEST} bytes")]
    TooLong,
    #[error("it is nested more than {DEEPEST} deep")]
    TooDeep,
    #[error("it has more than {MOST} comparisons")]
    TooMany,
}

pub fn filter(text: &str) -> Result<Filter, Syntax> {
    let mut parser = Parser::new(text)?;
    let filter = parser.any(Inside::Filter)?;
    parser.end()?;
    Ok(filter)
}

/// What stands between brackets, for paths of changes.
///
/// # Errors
/// [`Syntax`]
pub fn value_filter(text: &str) -> Result<Filter, Syntax> {
    let mut parser = Parser::new(text)?;
    let filter = parser.any(Inside::Brackets)?;
    parser.end()?;
    Ok(filter)
}

/// Brackets hold no brackets.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Filter,
    Brackets,
}

struct Parser<'a> {
    text: &'a str,
    /// Where in bytes.
    at: usize,
    depth: usize,
    comparisons: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self, Syntax> {
        if text.len() > LONGEST {
            return Err(Syntax::TooLong);
        }
        Ok(Self {
            text,
            at: 0,
            depth: 0,
            comparisons: 0,
        })
    }

    fn any(&mut self, inside: Inside) -> Result<Filter, Syntax> {
        let mut filters = vec![self.all(inside)?];
        while self.word("or") {
            filters.push(self.all(inside)?);
        }
        Ok(alone(filters).unwrap_or_else(Filter::Any))
    }

    fn all(&mut self, inside: Inside) -> Result<Filter, Syntax> {
        let mut filters = vec![self.one(inside)?];
        while self.word("and") {
            filters.push(self.one(inside)?);
        }
        Ok(alone(filters).unwrap_or_else(Filter::All))
    }

    fn one(&mut self, inside: Inside) -> Result<Filter, Syntax> {
        self.spaces();
        if self.take('(') {
            return self.nested(inside, ')');
        }
        let before = self.at;
        if self.word("not") {
            self.spaces();
            if self.take('(') {
                return Ok(Filter::Not(Box::new(self.nested(inside, ')')?)));
            }
            self.at = before;
        }
        let path = self.path()?;
        if inside == Inside::Filter && self.take('[') {
            let filter = self.nested(Inside::Brackets, ']')?;
            return self.has(path, filter);
        }
        self.comparison(path)
    }

    /// What follows an opening parenthesis or bracket, with the closing one.
    fn nested(&mut self, inside: Inside, closing: char) -> Result<Filter, Syntax> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Syntax::TooDeep);
        }
        let filter = self.any(inside)?;
        self.depth -= 1;
        self.spaces();
        if self.take(closing) {
            Ok(filter)
        } else if closing == ')' {
            Err(self.expected("“and”, “or” or a closing parenthesis"))
        } else {
            Err(self.expected("“and”, “or” or a closing bracket"))
        }
    }

    /// `emails[type eq "work"].value eq "a@b"`, as some send it, means one value that meets both.
    fn has(&mut self, path: Path, filter: Filter) -> Result<Filter, Syntax> {
        if !self.take('.') {
            return Ok(Filter::Has(path, Box::new(filter)));
        }
        let sub = self.path()?;
        let more = self.comparison(sub)?;
        let both = match filter {
            Filter::All(mut filters) => {
                filters.push(more);
                filters
            }
            filter => vec![filter, more],
        };
        Ok(Filter::Has(path, Box::new(Filter::All(both))))
    }

    fn path(&mut self) -> Result<Path, Syntax> {
        let rest = &self.text[self.at..];
        let length = rest.find(|c| !is_path_char(c)).unwrap_or(rest.len());
        let path = Path::parse(&rest[..length]).ok_or(self.expected("an attribute"))?;
        self.at += length;
        Ok(path)
    }

    fn comparison(&mut self, path: Path) -> Result<Filter, Syntax> {
        self.comparisons += 1;
        if self.comparisons > MOST {
            return Err(Syntax::TooMany);
        }
        if self.word("pr") {
            return Ok(Filter::Present(path));
        }
        let operator = Operator::ALL
            .iter()
            .find(|operator| self.word(operator.as_str()))
            .ok_or(self.expected("an operator: eq, ne, co, sw, ew, gt, ge, lt, le or pr"))?;
        self.spaces();
        let value = self.value()?;
        Ok(Filter::Compare(path, *operator, value))
    }

    fn value(&mut self) -> Result<Value, Syntax> {
        let expected = self.expected("a string in double quotes, a number, true, false or null");
        let rest = &self.text[self.at..];
        let length = if rest.starts_with('"') {
            string_length(rest).ok_or(expected)?
        } else {
            rest.find([' ', ')', ']']).unwrap_or(rest.len())
        };
        let literal = &rest[..length];
        // A string's own case counts.
        let literal = match literal.to_ascii_lowercase() {
            word if ["true", "false", "null"].contains(&&*word) => word,
            _ => literal.to_owned(),
        };
        let value: Value = serde_json::from_str(&literal).map_err(|_| expected)?;
        // PostgreSQL's text has no place for it.
        let has_nul = value.as_str().is_some_and(|text| text.contains('\0'));
        if has_nul || value.is_array() || value.is_object() {
            return Err(expected);
        }
        self.at += length;
        Ok(value)
    }

    fn spaces(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches(' ').len();
    }

    fn take(&mut self, c: char) -> bool {
        let is_next = self.text[self.at..].starts_with(c);
        if is_next {
            self.at += c.len_utf8();
        }
        is_next
    }

    /// A word behind spaces, of which nothing of a longer word follows; in any case.
    fn word(&mut self, word: &str) -> bool {
        let before = self.at;
        self.spaces();
        let rest = &self.text.as_bytes()[self.at..];
        let is_next = rest.len() >= word.len()
            && rest[..word.len()].eq_ignore_ascii_case(word.as_bytes())
            && !rest[word.len()..]
                .first()
                .is_some_and(|byte| is_path_char(char::from(*byte)));
        self.at = if is_next {
            self.at + word.len()
        } else {
            before
        };
        is_next
    }

    fn end(&mut self) -> Result<(), Syntax> {
        self.spaces();
        if self.at == self.text.len() {
            Ok(())
        } else {
            Err(self.expected("“and”, “or” or the end"))
        }
    }

    fn expected(&self, wanted: &'static str) -> Syntax {
        let at = self.text[..self.at].chars().count() + 1;
        Syntax::Expected { at, wanted }
    }
}

/// The one filter, or all of them.
fn alone(mut filters: Vec<Filter>) -> Result<Filter, Vec<Filter>> {
    match filters.len() {
        1 => Ok(filters.remove(0)),
        _ => Err(filters),
    }
}

/// Of a text that begins with a double quote, how long it is to the closing one.
fn string_length(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}
