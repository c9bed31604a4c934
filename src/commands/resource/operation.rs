//! An operation as a flag says it.

use std::str::FromStr;

use crate::catalogue::resources::Place;
use crate::catalogue::resources::draft::Row;
use crate::web::form::Field;

/// `NAME=METHODS [PLACE] SCOPE`, and for a tool `NAME=SCOPE`.
#[derive(Clone)]
pub struct Operation(pub Row);

impl FromStr for Operation {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "write it as \"list=GET connect:read\", for a tool as \"search=connect:read\"";
        let (name, rest) = text.rsplit_once('=').ok_or(wrong)?;
        let mut words: Vec<&str> = rest.split_whitespace().collect();
        let scope = words.pop().ok_or(wrong)?;
        let place = words.pop_if(|word| word.parse::<Place>().is_ok());
        Ok(Self(Row {
            name: Field::new(name),
            methods: Field::new(words.join(" ")),
            place: Field::new(place.unwrap_or_default()),
            scope: Field::new(scope),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_says_all_of_an_operation() {
        for (text, said) in [
            ("list=GET connect:read", ["list", "GET", "", "connect:read"]),
            (
                "Read = all = GET,POST  PUT below admin:read ",
                ["Read = all ", "GET,POST PUT", "below", "admin:read"],
            ),
            ("search=connect:read", ["search", "", "", "connect:read"]),
            // What is wrong with these is said of the form.
            ("=* itself nonsense", ["", "*", "itself", "nonsense"]),
        ] {
            let Operation(row) = text.parse().unwrap();
            assert_eq!(row.fields().map(|(_, field)| &*field.value), said, "{text}");
        }
        for bad in ["", "list", "list=", "list= "] {
            assert!(bad.parse::<Operation>().is_err(), "{bad}");
        }
    }
}
