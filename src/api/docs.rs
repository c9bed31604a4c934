//! `/docs/api`: the OpenAPI document for people to read.

use std::sync::LazyLock;

use actix_web::HttpRequest;
use actix_web::web::{self, Data};
use askama::Template;
use quick_cache::sync::Cache;
use serde_json::Value;

use super::document;
use super::problem::{self, Told};
use crate::config::Config;
use crate::web::fixed::Fixed;
use crate::web::{Answer, Error};

/// Headers that some answers have.
const OF_ONE: [&str; 3] = ["ETag", "Location", "Idempotent-Replayed"];
const ONE_OF: &str = "one of: ";
const METHODS: [&str; 5] = ["get", "post", "patch", "put", "delete"];

#[derive(Template)]
#[template(path = "api/docs.html")]
struct Docs {
    origin: String,
    /// Paragraphs.
    introduction: Vec<String>,
    groups: Vec<Group>,
    /// What programs are told, by code.
    problems: Vec<Told>,
    /// Those that answers can have.
    headers: Vec<Row>,
}

/// The operations of one tag.
struct Group {
    name: String,
    description: String,
    operations: Vec<Operation>,
}

struct Operation {
    /// What leads to it on the page.
    id: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    parameters: Vec<Row>,
    body: Vec<Row>,
    status: String,
    /// That not all answers have.
    headers: Vec<String>,
    answer: Vec<Row>,
    /// The statuses of refusals.
    errors: Vec<String>,
}

/// A parameter or field.
struct Row {
    name: String,
    kind: String,
    is_needed: bool,
    description: String,
}

impl Docs {
    fn new(document: &Value, origin: &str) -> Self {
        let tags = document["tags"].as_array().into_iter().flatten();
        let introduction = text(&document["info"]["description"]);
        Self {
            origin: origin.to_owned(),
            introduction: introduction.split("\n\n").map(str::to_owned).collect(),
            groups: tags.map(|tag| Group::new(document, tag)).collect(),
            problems: problem::all(),
            headers: headers(document, &document["components"]),
        }
    }
}

impl Group {
    fn new(document: &Value, tag: &Value) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        let all = paths.flat_map(|(path, item)| {
            let methods = METHODS.iter().filter(|method| item[**method].is_object());
            methods.map(move |method| (path, *method, &item[*method]))
        });
        let own = all.filter(|(_, _, operation)| operation["tags"][0] == tag["name"]);
        let operation = |(path, method, operation): (&String, &str, &Value)| {
            Operation::new(document, path, method, operation)
        };
        Self {
            name: text(&tag["name"]),
            description: text(&tag["description"]),
            operations: own.map(operation).collect(),
        }
    }
}

impl Operation {
    fn new(document: &Value, path: &str, method: &str, operation: &Value) -> Self {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let responses = operation["responses"].as_object().into_iter().flatten();
        let (good, bad): (Vec<_>, Vec<_>) =
            responses.partition(|(status, _)| status.starts_with('2'));
        let (status, answer) = good
            .first()
            .map_or(("", &Value::Null), |(status, it)| (status.as_str(), *it));
        let names = answer["headers"].as_object().into_iter().flatten();
        let names = names.map(|(name, _)| name.clone());
        Self {
            id: text(&operation["operationId"]),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(&operation["summary"]),
            description: text(&operation["description"]),
            parameters: parameters
                .map(|it| Row::of_parameter(document, it))
                .collect(),
            body: fields(document, schema(&operation["requestBody"])),
            status: status.to_owned(),
            headers: names.filter(|name| OF_ONE.contains(&&**name)).collect(),
            answer: fields(document, schema(answer)),
            errors: bad.into_iter().map(|(status, _)| status.clone()).collect(),
        }
    }
}

/// The headers that a place of the document describes.
fn headers(document: &Value, place: &Value) -> Vec<Row> {
    let headers = place["headers"].as_object().into_iter().flatten();
    let row = |(name, header): (&String, &Value)| Row {
        name: name.clone(),
        kind: kind(document, &header["schema"]),
        is_needed: false,
        description: text(&header["description"]),
    };
    headers.map(row).collect()
}

impl Row {
    fn of_parameter(document: &Value, parameter: &Value) -> Self {
        Self {
            name: text(&parameter["name"]),
            kind: format!(
                "{}, {}",
                text(&parameter["in"]),
                described(document, &parameter["schema"])
            ),
            is_needed: parameter["required"] == true,
            description: text(&parameter["description"]),
        }
    }
}

/// Of a body, which has one type.
fn schema(body: &Value) -> &Value {
    let mut types = body["content"].as_object().into_iter().flatten();
    types.next().map_or(&Value::Null, |(_, it)| &it["schema"])
}

/// The fields of an object, of all its parts, or of the first that it can be: the other is a list.
fn fields(document: &Value, schema: &Value) -> Vec<Row> {
    let schema = resolved(document, schema);
    if let Some(first) = schema["oneOf"].get(0) {
        return fields(document, first);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(|part| fields(document, part));
        return parts.flatten().collect();
    }
    let needed = schema["required"].as_array().cloned().unwrap_or_default();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let row = |(name, field): (&String, &Value)| Row {
        name: name.clone(),
        kind: described(document, field),
        is_needed: needed.iter().any(|needed| needed == name.as_str()),
        description: text(&field["description"]),
    };
    properties.map(row).collect()
}

/// What it is, how much at most, and what it is where it is left out.
fn described(document: &Value, schema: &Value) -> String {
    let limit = |name: &str, words: &str| match &schema[name] {
        Value::Null => None,
        Value::String(text) => Some(format!("{words} {text}")),
        other => Some(format!("{words} {other}")),
    };
    let limits = [limit("maximum", "at most"), limit("default", "default")];
    let kind = kind(document, schema);
    let all = [Some(kind)].into_iter().chain(limits).flatten();
    all.collect::<Vec<_>>().join(", ")
}

/// `string`, `string or null`, `list of Token`, or `one of: ` the words that there are.
fn kind(document: &Value, schema: &Value) -> String {
    if let Some(either) = schema["oneOf"].as_array() {
        let kinds: Vec<String> = either.iter().map(|one| kind(document, one)).collect();
        return kinds.join(" or ");
    }
    if let Some(words) = resolved(document, schema)["enum"].as_array() {
        let all = words.iter().map(text).collect::<Vec<_>>().join(", ");
        return if words.len() > 1 {
            format!("{ONE_OF}{all}")
        } else {
            all
        };
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let target = resolved(document, schema);
        let name = reference.rsplit('/').next().unwrap_or_default();
        return match target["type"].as_str() {
            Some("object") | None => name.to_owned(),
            Some(simple) => simple.to_owned(),
        };
    }
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        Value::String(kind) if kind == "array" => {
            let one = self::kind(document, &schema["items"]);
            let words = one.starts_with(ONE_OF);
            format!("list{} {one}", if words { ", each" } else { " of" })
        }
        Value::String(kind) => {
            let format = schema["format"]
                .as_str()
                .filter(|it| !it.starts_with("int"));
            format.unwrap_or(kind).to_owned()
        }
        _ => String::new(),
    }
}

/// What a reference leads to.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let path = schema["$ref"]
        .as_str()
        .and_then(|path| path.strip_prefix('#'));
    path.and_then(|path| document.pointer(path))
        .unwrap_or(schema)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// By where the server is reached, which is one place in each process but a test's.
static PAGES: LazyLock<Cache<String, Fixed>> = LazyLock::new(|| Cache::new(16));

async fn show(request: HttpRequest, config: Data<Config>) -> Answer {
    let origin = config.public_url.origin();
    let page = PAGES.get_or_insert_with(origin, || -> Result<Fixed, Error> {
        let page = Docs::new(document::json(), origin).render()?;
        Fixed::new("text/html; charset=utf-8", page).map_err(Error::internal)
    })?;
    Ok(page.answer(&request))
}

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/docs/api").route(web::get().to(show)));
}
