//! What a client asks of a list (RFC 7644, section 3.4.2), in the address or in the body of
//! `.search`.

use std::collections::HashSet;
use std::fmt::Display;

use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::criterion::Criterion;
use super::filter::Filter;
use super::path::Path;
use super::problem;
use super::projection::Projection;
use super::schema::{GROUP, Kind, Place, ResourceType, TYPES, USER};
use crate::web::Error;

/// Resources on a page, unless fewer are asked for.
const USUAL: i64 = 100;
pub const MOST: i64 = 200;

#[derive(Clone, Debug)]
pub struct Search {
    pub criterion: Option<Criterion>,
    /// `None`: in the order in which they were made.
    pub sort: Option<Sort>,
    /// Of the first resource, from 1.
    pub start: i64,
    pub count: i64,
    pub projection: Projection,
}

#[derive(Clone, Copy, Debug)]
pub struct Sort {
    pub place: Place,
    pub descends: bool,
}

/// As it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    attributes: Vec<String>,
    #[serde(rename = "excludedattributes")]
    excluded_attributes: Vec<String>,
    filter: Option<String>,
    #[serde(rename = "sortby")]
    sort_by: Option<String>,
    #[serde(rename = "sortorder")]
    sort_order: Option<String>,
    #[serde(rename = "startindex")]
    start_index: Option<i64>,
    count: Option<i64>,
}

impl Search {
    /// # Errors
    /// `invalidFilter`, `invalidValue`, `invalidPath`
    pub fn of_query(kind: &'static ResourceType, query: &str) -> Result<Self, Error> {
        let (mut asked, mut names) = (Asked::default(), HashSet::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(problem::value(format!("{name} is sent twice.")));
            }
            let list = || value.split(',').map(str::to_owned).collect();
            let text = || Some(value.to_string()).filter(|text| !text.is_empty());
            match &*name.to_ascii_lowercase() {
                "attributes" if !value.is_empty() => asked.attributes = list(),
                "excludedattributes" if !value.is_empty() => asked.excluded_attributes = list(),
                "filter" => asked.filter = text(),
                "sortby" => asked.sort_by = text(),
                "sortorder" => asked.sort_order = text(),
                "startindex" => asked.start_index = Some(number(&name, &value)?),
                "count" => asked.count = Some(number(&name, &value)?),
                _ => {}
            }
        }
        asked.read(kind)
    }

    /// # Errors
    /// `invalidSyntax`, `invalidFilter`, `invalidValue`, `invalidPath`
    pub fn of_body(kind: &'static ResourceType, body: &Value) -> Result<Self, Error> {
        Asked::of(body)?.read(kind)
    }

    /// Whether those who are found stand together in the order.
    #[must_use]
    pub fn sorts_by_its_range(&self) -> bool {
        match (&self.criterion, self.sort) {
            (Some(criterion), Some(sort)) => criterion.is_range_of(sort.place),
            _ => false,
        }
    }

    /// What is left of the page behind so many others, of which some fill it already.
    #[must_use]
    pub fn behind(&self, total: i64, taken: usize) -> Self {
        let taken = i64::try_from(taken).unwrap_or(i64::MAX);
        Self {
            start: (self.start - total).max(1),
            count: (self.count - taken).max(0),
            ..self.clone()
        }
    }

    /// The page as it is answered.
    #[must_use]
    pub fn page(&self, total: i64, resources: &[Value]) -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": total,
            "startIndex": self.start,
            "itemsPerPage": resources.len(),
            "Resources": resources,
        })
    }
}

/// What is asked of users and groups at once (RFC 7644, section 3.4.3).
#[derive(Clone, Debug)]
pub struct Everything {
    pub users: Search,
    pub groups: Search,
}

impl Everything {
    /// # Errors
    /// `invalidSyntax`, `invalidFilter`, `invalidValue`, `invalidPath`
    pub fn of_body(body: &Value) -> Result<Self, Error> {
        let asked = Asked::of(body)?;
        let filter = asked.filter()?;
        let criterion = |kind| {
            let filter = filter.as_ref();
            filter
                .map(|filter| Criterion::among(filter, kind))
                .transpose()
        };
        // What is an attribute of neither is none.
        let sorts = TYPES.map(|kind| asked.sort(kind));
        let [users, groups] = match sorts {
            [Err(error), Err(_)] => return Err(error),
            sorts => sorts.map(|sort| sort.ok().flatten()),
        };
        Ok(Self {
            users: asked.search(&USER, criterion(&USER)?, users),
            groups: asked.search(&GROUP, criterion(&GROUP)?, groups),
        })
    }
}

impl Asked {
    /// Case does not count in names (RFC 7643, section 2.1), and `null` is nothing (section 2.5).
    fn of(body: &Value) -> Result<Self, Error> {
        let unreadable =
            |why: &dyn Display| problem::shape(format!("The search cannot be read: {why}."));
        let body = body
            .as_object()
            .ok_or_else(|| unreadable(&"it is no object"))?;
        let asked = body.iter().filter(|(_, value)| !value.is_null());
        let asked = asked.map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        Self::deserialize(asked.collect::<Value>()).map_err(|error| unreadable(&error))
    }

    fn read(self, kind: &'static ResourceType) -> Result<Search, Error> {
        let filter = self.filter()?;
        let criterion = filter.map(|filter| Criterion::of(&filter, kind));
        Ok(self.search(kind, criterion.transpose()?, self.sort(kind)?))
    }

    fn filter(&self) -> Result<Option<Filter>, Error> {
        let filter = self.filter.as_ref();
        let parse = |text: &String| text.parse().map_err(problem::syntax);
        filter.map(parse).transpose()
    }

    fn sort(&self, kind: &'static ResourceType) -> Result<Option<Sort>, Error> {
        let sort = |path| {
            Ok(Sort {
                place: sortable(kind, path)?,
                descends: descends(self.sort_order.as_deref())?,
            })
        };
        self.sort_by.as_deref().map(sort).transpose()
    }

    fn search(
        &self,
        kind: &'static ResourceType,
        criterion: Option<Criterion>,
        sort: Option<Sort>,
    ) -> Search {
        Search {
            criterion,
            sort,
            start: self.start_index.unwrap_or(1).max(1),
            count: self.count.unwrap_or(USUAL).clamp(0, MOST),
            projection: Projection::of(kind, &self.attributes, &self.excluded_attributes),
        }
    }
}

fn number(name: &str, value: &str) -> Result<i64, Error> {
    let number = value.trim().parse();
    number.map_err(|_| problem::value(format!("{name} should be a whole number.")))
}

/// A complex attribute is sorted by its `value`.
fn sortable(kind: &'static ResourceType, path: &str) -> Result<Place, Error> {
    let place = Path::parse(path).and_then(|path| kind.find(&path));
    let place = place.map(|place| match place.sub {
        None => Place {
            sub: place.attribute.sub("value"),
            ..place
        },
        Some(_) => place,
    });
    place
        .filter(|place| !matches!(place.target().kind, Kind::Complex(_)))
        // Of many, which have no first.
        .filter(|place| !["groups", "members", "schemas"].contains(&place.attribute.name))
        .ok_or_else(|| problem::path(format!("Resources cannot be sorted by {path}.")))
}

fn descends(order: Option<&str>) -> Result<bool, Error> {
    match order.map(str::to_ascii_lowercase).as_deref() {
        None | Some("ascending") => Ok(false),
        Some("descending") => Ok(true),
        Some(_) => Err(problem::value(
            "sortOrder should be ascending or descending.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::schema::USER;

    #[test]
    fn an_address_and_a_body_ask_the_same() {
        let query = "filter=userName%20eq%20%22a%22&sortBy=name.familyName&sortOrder=descending\
                     &startIndex=11&count=5&attributes=userName,emails&aadOptscim062020";
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "filter": "userName eq \"a\"", "sortBy": "name.familyName",
            "sortOrder": "descending", "startIndex": 11, "count": 5,
            "attributes": ["userName", "emails"],
        });
        let asked = Search::of_query(&USER, query).unwrap();
        assert_eq!((asked.start, asked.count), (11, 5));
        assert!(asked.criterion.is_some() && asked.sort.is_some_and(|sort| sort.descends));
        assert!(asked.projection.wants("emails") && !asked.projection.wants("groups"));
        let same = Search::of_body(&USER, &body).unwrap();
        assert_eq!(format!("{asked:?}"), format!("{same:?}"));
    }

    #[test]
    fn numbers_beyond_the_sensible_are_brought_back() {
        let page = |query: &str| {
            let search = Search::of_query(&USER, query).unwrap();
            (search.start, search.count)
        };
        assert_eq!(page(""), (1, 100));
        assert_eq!(page("startIndex=-5&count=-1"), (1, 0));
        assert_eq!(page("startIndex=0&count=100000"), (1, 200));
        for bad in [
            "count=many",
            "startIndex=1.5",
            "sortBy=name",
            "sortBy=x",
            "filter=x",
        ] {
            assert!(Search::of_query(&USER, bad).is_err(), "{bad}");
        }
        assert!(Search::of_query(&USER, "sortBy=userName&sortOrder=up").is_err());
        assert!(Search::of_body(&USER, &json!({ "count": "x" })).is_err());
    }
}
