//! What is asked of the values of plural attributes, which have a row each.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::sql_types::{Bool, Uuid as SqlUuid};

use super::ask::Ask;
use super::compare::beginning;
use super::kept::text_of_value;
use super::{Condition, all, any};
use crate::access::OrganizationId;
use crate::db::schema::scim_values;
use crate::scim::criterion::{Criterion, Leaf, Literal};
use crate::scim::filter::Operator;
use crate::scim::problem;
use crate::scim::queries::directory::expression_of_users;
use crate::web::Error;

type Values = scim_values::table;

/// That a user has a value of the attribute that is so.
pub struct HasValue {
    organization: OrganizationId,
    attribute: &'static str,
    is_so: Condition<Values>,
    how_many: HowMany,
    ask: Ask,
}

/// How many values of a user may be so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum HowMany {
    One,
    /// Those of one kind, of which few users have several.
    OfKind,
    All,
}

impl HowMany {
    /// Which of their values tells users of whom several may be so.
    fn a_further_one(self) -> Option<&'static str> {
        match self {
            Self::One => None,
            Self::OfKind => Some("repeats_kind"),
            Self::All => Some("number = 2"),
        }
    }
}

impl HasValue {
    /// # Errors
    /// `invalidFilter` for what is not looked for.
    pub fn of(leaf: &Leaf, organization: OrganizationId, ask: Ask) -> Result<Self, Error> {
        let place = leaf.place();
        let is_any = matches!(leaf, Leaf::Present(_)) && place.sub.is_none();
        let is_so = match leaf {
            Leaf::Has(_, criterion) => of_value(criterion)?,
            // Whoever has any has a first.
            _ if is_any => Box::new(scim_values::number.eq(1)),
            leaf => of_part(leaf)?,
        };
        Ok(Self {
            organization,
            attribute: place.attribute.name,
            is_so,
            how_many: match leaf {
                _ if is_any => HowMany::One,
                leaf if names_kind(leaf) => HowMany::OfKind,
                _ => HowMany::All,
            },
            ask,
        })
    }

    /// That a user has a value of which one of these is so. `None` if they are of several attributes.
    pub fn any(each: Vec<Self>) -> Option<Self> {
        let mut each = each.into_iter();
        let first = each.next()?;
        each.try_fold(first, |one, other| {
            (one.attribute == other.attribute).then(|| Self {
                is_so: Box::new(one.is_so.or(other.is_so)),
                how_many: HowMany::All,
                ..one
            })
        })
    }

    /// A query of those users' IDs, some of them several times.
    pub fn push_owners<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT user_id FROM ");
        self.push_rows(out)
    }

    /// A query of how many they are: as many as values, less the further ones of whoever has several.
    pub fn push_count_of_owners<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT count(*)");
        if let Some(further) = self.how_many.a_further_one() {
            out.push_sql(
                " - (SELECT coalesce(sum(times - 1), 0)::bigint FROM (SELECT count(*) AS times FROM ",
            );
            self.push_rows(out.reborrow())?;
            out.push_sql(" AND user_id IN (SELECT user_id FROM ");
            self.push_rows_of_attribute(out.reborrow())?;
            out.push_sql(" AND ");
            out.push_sql(further);
            out.push_sql(") GROUP BY user_id) AS several)");
        }
        out.push_sql(" FROM ");
        self.push_rows(out)
    }

    fn push_rows<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.push_rows_of_attribute(out.reborrow())?;
        out.push_sql(" AND (");
        self.is_so.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }

    fn push_rows_of_attribute<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("scim_values WHERE scim_values.organization_id = ");
        out.push_bind_param::<SqlUuid, _>(&self.organization)?;
        // Written out, as indexes of some attributes are known by it. It is a name of the schema.
        out.push_sql(" AND scim_values.attribute = '");
        out.push_sql(self.attribute);
        out.push_sql("'");
        Ok(())
    }
}

impl QueryFragment<Pg> for HasValue {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.ask.push_exists(out, |out| self.push_rows(out))
    }
}

expression_of_users!(HasValue, Bool);

/// Whether an index has what is asked of a value in the order of users' IDs.
pub fn stands_by_user(leaf: &Leaf) -> bool {
    let each = match leaf {
        Leaf::Has(_, criterion) => criterion.leaves(),
        leaf => vec![leaf],
    };
    each.into_iter().all(|leaf| {
        matches!(
            leaf.place().target().name,
            "value" | "locality" | "type" | "primary"
        )
    })
}

/// Whether all that are so are of one kind.
fn names_kind(leaf: &Leaf) -> bool {
    match leaf {
        Leaf::Compare(place, Operator::Equal, _) => place.target().name == "type",
        Leaf::Has(_, criterion) => match &**criterion {
            Criterion::Leaf(leaf) => names_kind(leaf),
            Criterion::All(criteria) => criteria
                .iter()
                .any(|criterion| matches!(criterion, Criterion::Leaf(leaf) if names_kind(leaf))),
            Criterion::Any(_) | Criterion::Not(_) => false,
        },
        _ => false,
    }
}

/// Of one value. It is unknown to SQL where the value lacks something, which is to be false, also
/// where it is denied.
fn of_value(criterion: &Criterion) -> Result<Condition<Values>, Error> {
    let each = |criteria: &[Criterion]| criteria.iter().map(of_value).collect::<Result<_, _>>();
    Ok(match criterion {
        Criterion::Any(criteria) => any(each(criteria)?),
        Criterion::All(criteria) => all(each(criteria)?),
        Criterion::Not(criterion) => Box::new(of_value(criterion)?.is_distinct_from(true)),
        Criterion::Leaf(leaf) => of_part(leaf)?,
    })
}

/// What is not there is told apart only where it counts: PostgreSQL would take that for one more thing
/// that few have.
fn of_part(leaf: &Leaf) -> Result<Condition<Values>, Error> {
    let sub = leaf.place().target().name;
    let primary = scim_values::is_primary;
    Ok(match (text_of_value(sub), leaf) {
        (Some(text), Leaf::Present(_)) => text.is_there,
        (Some(text), Leaf::Compare(_, Operator::NotEqual, _)) => text.meets(beginning, leaf),
        (Some(text), Leaf::Compare(_, operator, literal)) => {
            beginning(text.text, *operator, literal)
        }
        (None, Leaf::Present(_)) if sub == "primary" => Box::new(primary.is_not_null()),
        (None, Leaf::Compare(_, operator, Literal::Flag(flag))) if sub == "primary" => {
            match operator {
                Operator::NotEqual => Box::new(primary.is_distinct_from(*flag)),
                _ => Box::new(primary.assume_not_null().eq(*flag)),
            }
        }
        _ => return Err(problem::filter(format!("{sub} cannot be looked for so."))),
    })
}
