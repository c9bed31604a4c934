//! Whether an answer is as it is expected.

use std::collections::HashMap;
use std::fmt::Display;

use serde_json::Value;

/// What stands for `{{name}}`.
pub struct Known(HashMap<String, String>);

impl Known {
    pub fn of(known: &[(&str, &str)]) -> Self {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        Self(known.iter().map(owned).collect())
    }

    /// With each `{{name}}` replaced.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or("a name without an end")?;
            let value = self.0.get(name);
            let value = value.ok_or_else(|| format!("nothing is known as {name}"))?;
            filled += before;
            filled += value;
            rest = after;
        }
        Ok(filled + rest)
    }

    /// Keeps what is expected by `let`. `at` says where in the answer it is, for the error.
    pub fn compare(
        &mut self,
        expected: &Value,
        found: Option<&Value>,
        at: &str,
    ) -> Result<(), String> {
        match (expected, found) {
            (Value::Object(parts), Some(Value::Object(found))) => {
                parts.iter().try_for_each(|(name, part)| {
                    self.compare(part, found.get(name), &format!("{at}.{name}"))
                })
            }
            (Value::Array(elements), Some(Value::Array(found)))
                if elements.len() == found.len() =>
            {
                let mut pairs = elements.iter().zip(found).enumerate();
                pairs.try_for_each(|(number, (element, found))| {
                    self.compare(element, Some(found), &format!("{at}[{number}]"))
                })
            }
            (Value::String(text), _) => self.compare_text(text, found, at),
            _ if Some(expected) == found => Ok(()),
            _ => Err(differs(at, expected, found)),
        }
    }

    fn compare_text(&mut self, text: &str, found: Option<&Value>, at: &str) -> Result<(), String> {
        let inner = text
            .strip_prefix("{{")
            .and_then(|text| text.strip_suffix("}}"));
        let is_met = match (inner, found) {
            (Some("absent"), found) => found.is_none(),
            (Some("present"), found) => found.is_some_and(|found| !is_empty(found)),
            (Some(inner), Some(Value::String(found))) if inner.starts_with("let ") => {
                let name = inner.trim_start_matches("let ").to_owned();
                self.0.insert(name, found.clone()).is_none()
            }
            (Some(inner), _) if inner.starts_with("let ") => false,
            (_, found) => {
                let text = Value::from(self.fill(text)?);
                return match found {
                    Some(found) if *found == text => Ok(()),
                    found => Err(differs(at, text, found)),
                };
            }
        };
        is_met.then_some(()).ok_or_else(|| differs(at, text, found))
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(parts) => parts.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn differs(at: &str, expected: impl Display, found: Option<&Value>) -> String {
    let found = found.map_or("nothing".to_owned(), Value::to_string);
    format!("{at}: expected {expected}, found {found}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compare(expected: &Value, found: &Value) -> Result<(), String> {
        Known::of(&[("mara", "m1")]).compare(expected, Some(found), "body")
    }

    #[test]
    fn an_answer_may_say_more_than_is_expected() {
        let found = json!({ "id": "m1", "name": { "givenName": "Mara", "familyName": "Tern" },
            "emails": [{ "value": "mara@x.example", "primary": true }], "active": false });
        for expected in [
            json!({}),
            json!({ "id": "{{mara}}", "name": { "familyName": "Tern" }, "active": false }),
            json!({ "id": "{{present}}", "emails": [{ "value": "mara@x.example" }] }),
            json!({ "title": "{{absent}}", "name": { "formatted": "{{absent}}" } }),
            json!({ "name": "{{present}}", "active": "{{present}}" }),
        ] {
            assert_eq!(compare(&expected, &found), Ok(()), "{expected}");
        }
    }

    #[test]
    fn each_difference_is_told_with_both_values() {
        let found = json!({ "id": "m1", "name": { "givenName": "Mara" }, "title": "", "active": false,
            "emails": [{ "value": "a" }, { "value": "b" }] });
        for (expected, why) in [
            // A wrong value.
            (
                json!({ "name": { "givenName": "Kim" } }),
                r#"body.name.givenName: expected "Kim", found "Mara""#,
            ),
            (
                json!({ "active": "false" }),
                r#"body.active: expected "false", found false"#,
            ),
            (
                json!({ "id": "{{mara}}2" }),
                r#"body.id: expected "m12", found "m1""#,
            ),
            (
                json!({ "emails": [{}, { "value": "c" }] }),
                r#"body.emails[1].value: expected "c", found "b""#,
            ),
            (
                json!({ "title": "{{present}}" }),
                r#"body.title: expected {{present}}, found """#,
            ),
            // A missing key.
            (
                json!({ "nickName": "M" }),
                r#"body.nickName: expected "M", found nothing"#,
            ),
            (
                json!({ "nickName": null }),
                "body.nickName: expected null, found nothing",
            ),
            (
                json!({ "nickName": "{{present}}" }),
                "body.nickName: expected {{present}}, found nothing",
            ),
            (
                json!({ "nickName": "{{let nick}}" }),
                "body.nickName: expected {{let nick}}, found nothing",
            ),
            (
                json!({ "active": "{{let active}}" }),
                "body.active: expected {{let active}}, found false",
            ),
            // An unexpected key.
            (
                json!({ "id": "{{absent}}" }),
                r#"body.id: expected {{absent}}, found "m1""#,
            ),
            // A wrong number of elements.
            (
                json!({ "emails": [{}] }),
                r#"body.emails: expected [{}], found [{"value":"a"},{"value":"b"}]"#,
            ),
            (
                json!({ "emails": {} }),
                r#"body.emails: expected {}, found [{"value":"a"},{"value":"b"}]"#,
            ),
            // An unknown name, and one that is known already.
            (json!({ "id": "{{kim}}" }), "nothing is known as kim"),
            (
                json!({ "id": "{{let mara}}" }),
                r#"body.id: expected {{let mara}}, found "m1""#,
            ),
        ] {
            assert_eq!(compare(&expected, &found), Err(why.to_owned()));
        }
    }

    #[test]
    fn what_an_answer_names_is_known_from_then_on() {
        let mut known = Known::of(&[("server", "http://x")]);
        let refused = known.fill("/Users/{{kim}}");
        assert_eq!(refused, Err("nothing is known as kim".to_owned()));
        let expected = json!({ "id": "{{let kim}}", "meta": { "location": "{{server}}/{{kim}}" } });
        let found = json!({ "id": "k1", "meta": { "location": "http://x/k1" } });
        assert_eq!(known.compare(&expected, Some(&found), "body"), Ok(()));
        let filled = known.fill("{{server}}/Users/{{kim}}?a={{kim}}");
        assert_eq!(filled, Ok("http://x/Users/k1?a=k1".to_owned()));
        assert!(known.fill("{{kim").is_err());
    }
}
