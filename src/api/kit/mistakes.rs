//! What is wrong with a form, for who sent JSON.

use crate::web::Error;
use crate::web::error::Mistake;
use crate::web::form::Field;

/// What is wrong with a field whose value something else of the organisation's has.
pub fn taken(name: &str, field: &Field) -> Error {
    Error::Taken(Mistake::new(name, field.errors.concat()))
}

/// By the names that the fields have in JSON.
pub fn mistakes<'a, N: ToString + 'a>(
    fields: impl IntoIterator<Item = &'a (N, &'a Field)>,
) -> Error {
    let mistakes = fields.into_iter().flat_map(|(name, field)| {
        let errors = field.errors.iter();
        errors.map(move |error| Mistake::new(name.to_string(), error))
    });
    Error::Invalid(mistakes.collect())
}
