//! From what a filter means to a condition in SQL. Users are found in one table and that of their
//! values, groups in another, and each by the other.

mod apart;
mod ask;
mod compare;
mod difference;
mod finder;
mod groups;
mod in_group;
mod kept;
mod kinds;
mod spelled_out;
mod users;
mod values;

use diesel::dsl::not;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::scim::criterion::{Criterion, Leaf};
use crate::web::Error;

pub use finder::Finder;
pub use groups::of_groups;
pub use kept::{has_order, kept_text, text_of_value};

/// An expression of a type over a table.
pub type Boxed<Table, Type> = Box<dyn BoxableExpression<Table, Pg, SqlType = Type>>;
pub type Condition<Table> = Boxed<Table, Bool>;

/// What is asked of one attribute, as a condition.
type Each<'a, Table> = &'a dyn Fn(&Leaf) -> Result<Condition<Table>, Error>;

fn combined<Table: 'static>(
    criterion: &Criterion,
    of_leaf: Each<'_, Table>,
) -> Result<Condition<Table>, Error> {
    let each = |criteria: &[Criterion]| -> Result<Vec<_>, Error> {
        criteria.iter().map(|it| combined(it, of_leaf)).collect()
    };
    match criterion {
        Criterion::Any(criteria) => Ok(any(each(criteria)?)),
        Criterion::All(criteria) => Ok(all(each(criteria)?)),
        Criterion::Not(criterion) => Ok(Box::new(not(combined(criterion, of_leaf)?))),
        Criterion::Leaf(leaf) => of_leaf(leaf),
    }
}

fn any<Table: 'static>(conditions: Vec<Condition<Table>>) -> Condition<Table> {
    conditions
        .into_iter()
        .reduce(|one, other| Box::new(one.or(other)))
        .unwrap_or_else(|| constant(false))
}

fn all<Table: 'static>(conditions: Vec<Condition<Table>>) -> Condition<Table> {
    conditions
        .into_iter()
        .reduce(|one, other| Box::new(one.and(other)))
        .unwrap_or_else(|| constant(true))
}

fn constant<Table: 'static>(value: bool) -> Condition<Table> {
    Box::new(value.into_sql::<Bool>())
}
