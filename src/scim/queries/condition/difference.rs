//! A filter as one that is counted faster, and whom the two differ by: of `active eq true and emails co "a"`,
//! `emails co "a"` without those who are not active, whom an index has and who are few.

use crate::scim::criterion::{Criterion, Leaf};
use crate::scim::filter::Operator;

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    pub other: Criterion,
    /// Whoever meets only one of the two.
    pub those: Criterion,
    /// Those are among these, who ought to be few. `None`: they are soon counted, however many they are.
    pub among: Option<Criterion>,
    /// Whether it is the filter that those meet.
    pub are_more: bool,
}

impl Difference {
    /// All that there are.
    pub fn all(criterion: &Criterion) -> Vec<Self> {
        match criterion {
            Criterion::All(criteria) => each_left_out(criteria)
                .filter_map(|(left_out, others)| {
                    Self::with_fewer(&left_out, together(others, Criterion::All))
                })
                .collect(),
            Criterion::Any(criteria) => each_left_out(criteria)
                .map(|(left_out, others)| {
                    Self::with_more(left_out, together(others, Criterion::Any))
                })
                .collect(),
            Criterion::Not(denied) => vec![Self {
                other: everyone(),
                those: (**denied).clone(),
                among: Some((**denied).clone()),
                are_more: false,
            }],
            Criterion::Leaf(leaf) => Self::from_everyone(leaf).into_iter().collect(),
        }
    }

    fn with_fewer(left_out: &Criterion, other: Criterion) -> Option<Self> {
        let opposite = opposite(left_out)?;
        Some(Self {
            those: Criterion::All(vec![opposite.clone(), other.clone()]),
            other,
            among: Some(opposite),
            are_more: false,
        })
    }

    fn with_more(left_out: Criterion, other: Criterion) -> Self {
        let not_other = Criterion::Not(Box::new(other.clone()));
        Self {
            those: Criterion::All(vec![left_out.clone(), not_other]),
            other,
            among: Some(left_out),
            are_more: true,
        }
    }

    fn from_everyone(leaf: &Leaf) -> Option<Self> {
        match leaf {
            Leaf::Compare(place, Operator::NotEqual, literal) => Some(Self {
                other: everyone(),
                those: Leaf::Compare(*place, Operator::Equal, literal.clone()).into(),
                among: None,
                are_more: false,
            }),
            _ => None,
        }
    }
}

fn everyone() -> Criterion {
    Criterion::All(Vec::new())
}

fn together(mut criteria: Vec<Criterion>, join: fn(Vec<Criterion>) -> Criterion) -> Criterion {
    match criteria.len() {
        1 => criteria.remove(0),
        _ => join(criteria),
    }
}

/// With the others, if there are any.
fn each_left_out(criteria: &[Criterion]) -> impl Iterator<Item = (Criterion, Vec<Criterion>)> {
    let numbers = (0..criteria.len()).filter(|_| criteria.len() > 1);
    numbers.map(|number| {
        let mut others = criteria.to_vec();
        (others.remove(number), others)
    })
}

/// Whoever does not meet it, if an index has them.
fn opposite(criterion: &Criterion) -> Option<Criterion> {
    let compare = |place, operator, literal| Leaf::Compare(place, operator, literal).into();
    match criterion {
        Criterion::Not(denied) => Some((**denied).clone()),
        Criterion::Leaf(leaf) if leaf.place().attribute.is_plural => None,
        Criterion::Leaf(Leaf::Present(_)) => Some(Criterion::Not(Box::new(criterion.clone()))),
        Criterion::Leaf(Leaf::Compare(place, Operator::Equal, literal)) => {
            Some(compare(*place, Operator::NotEqual, literal.clone()))
        }
        Criterion::Leaf(Leaf::Compare(place, Operator::NotEqual, literal)) => {
            Some(compare(*place, Operator::Equal, literal.clone()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::schema::USER;

    fn criterion(filter: &str) -> Criterion {
        Criterion::of(&filter.parse().unwrap(), &USER).unwrap()
    }

    #[test]
    fn each_condition_is_left_out_once() {
        let filter = r#"active eq true and emails co "a" and not (title pr)"#;
        let [active, title] = &Difference::all(&criterion(filter))[..] else {
            panic!("emails that contain no a are found by no index");
        };
        assert_eq!(
            active.other,
            criterion(r#"emails co "a" and not (title pr)"#)
        );
        assert_eq!(active.among, Some(criterion("active ne true")));
        assert_eq!(
            title.other,
            criterion(r#"active eq true and emails co "a""#)
        );
        assert_eq!(
            title.those,
            Criterion::All(vec![criterion("title pr"), title.other.clone()])
        );
        assert!(!active.are_more && !title.are_more);
    }

    #[test]
    fn an_alternative_adds_those_who_meet_no_other() {
        let [first, second] = &Difference::all(&criterion(r#"title eq "a" or ims pr"#))[..] else {
            panic!("one for each");
        };
        assert_eq!(first.other, criterion("ims pr"));
        assert_eq!(first.those, criterion(r#"title eq "a" and not (ims pr)"#));
        assert_eq!(second.those, criterion(r#"ims pr and not (title eq "a")"#));
        assert!(first.are_more && second.are_more);
    }

    #[test]
    fn whoever_differs_is_everyone_else() {
        let [only] = &Difference::all(&criterion(r#"title ne "a""#))[..] else {
            panic!("there is one");
        };
        assert_eq!((&only.other, &only.among), (&everyone(), &None));
        assert_eq!(only.those, criterion(r#"title eq "a""#));
        assert_eq!(Difference::all(&criterion(r#"title eq "a""#)), []);
        assert_eq!(Difference::all(&criterion(r#"emails.value ne "a""#)), []);
    }
}
