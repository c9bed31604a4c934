//! A browser without script: it follows links, and fills in and submits the forms that it is
//! shown, so that CSRF tokens, redirects and cookies are always in play.

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use reqwest::{Body, Client};
use scraper::{ElementRef, Html, Selector};

#[derive(Clone)]
pub struct Browser {
    client: Client,
    url: String,
}

/// A page as it was answered, after redirects.
pub struct View {
    pub status: u16,
    pub path: String,
    pub headers: HeaderMap,
    pub html: String,
    browser: Browser,
}

/// A form, with the values that a browser would send.
pub struct Form {
    browser: Browser,
    method: String,
    action: String,
    fields: Vec<(String, String)>,
}

impl Browser {
    pub fn new(url: &str) -> Self {
        Self {
            client: Client::builder().cookie_store(true).build().unwrap(),
            url: url.to_owned(),
        }
    }

    pub async fn visit(&self, path: &str) -> View {
        let request = self.client.get(format!("{}{path}", self.url));
        self.view(request).await
    }

    /// Sends a form that no page of ours showed, to see it refused, or accepted wrongly.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> View {
        let request = self.client.post(format!("{}{path}", self.url)).form(fields);
        self.view(request).await
    }

    /// The same with headers.
    pub async fn post_with(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&'static str, &str)],
    ) -> View {
        let mut request = self.client.post(format!("{}{path}", self.url)).form(fields);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.view(request).await
    }

    /// Sends whatever body.
    pub async fn send(&self, path: &str, content_type: &str, body: impl Into<Body>) -> View {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header(CONTENT_TYPE, content_type).body(body);
        self.view(request).await
    }

    async fn view(&self, request: reqwest::RequestBuilder) -> View {
        let request = request.header(ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");
        let response = request.send().await.unwrap();
        let url = response.url();
        let query = url
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        View {
            status: response.status().as_u16(),
            path: format!("{}{query}", url.path()),
            headers: response.headers().clone(),
            html: response.text().await.unwrap(),
            browser: self.clone(),
        }
    }
}

impl View {
    /// What a reader sees, in one line.
    pub fn text(&self) -> String {
        let html = Html::parse_document(&self.html);
        let text: Vec<&str> = html.root_element().text().collect();
        text.join(" ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub fn says(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// The texts of all elements that a CSS selector finds.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let html = Html::parse_document(&self.html);
        html.select(&Selector::parse(selector).unwrap())
            .map(|element| {
                let text: String = element.text().collect::<Vec<_>>().join(" ");
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    /// An attribute of all elements that a CSS selector finds.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let html = Html::parse_document(&self.html);
        html.select(&Selector::parse(selector).unwrap())
            .filter_map(|element| element.attr(name).map(str::to_owned))
            .collect()
    }

    pub fn has(&self, selector: &str) -> bool {
        !self.texts(selector).is_empty()
    }

    /// Follows the first link with this text.
    pub async fn follow(&self, text: &str) -> Self {
        let href = {
            let html = Html::parse_document(&self.html);
            let links = Selector::parse("a[href]").unwrap();
            html.select(&links)
                .find(|link| link.text().collect::<String>().trim() == text)
                .unwrap_or_else(|| panic!("no link {text:?} at {}", self.path))
                .attr("href")
                .unwrap()
                .to_owned()
        };
        self.browser.visit(&href).await
    }

    /// The form that is sent to `action`.
    pub fn form(&self, action: &str) -> Form {
        let html = Html::parse_document(&self.html);
        let forms = Selector::parse("form").unwrap();
        let form = html
            .select(&forms)
            .find(|form| form.attr("action") == Some(action))
            .unwrap_or_else(|| panic!("no form to {action} at {}:\n{}", self.path, self.text()));
        Form {
            browser: self.browser.clone(),
            method: form.attr("method").unwrap_or("get").to_lowercase(),
            action: action.to_owned(),
            fields: fields(form),
        }
    }

    /// What its forms carry against forgery.
    pub fn csrf(&self) -> String {
        self.attributes("[name=csrf]", "value").remove(0)
    }

    /// The secret that is revealed.
    pub fn secret(&self) -> String {
        let values = self.attributes("#secret", "value");
        values
            .into_iter()
            .next()
            .unwrap_or_else(|| panic!("no secret at {}: {}", self.path, self.text()))
    }
}

/// What a browser would send for the form as it stands (HTML, section 4.10.22.4).
fn fields(form: ElementRef<'_>) -> Vec<(String, String)> {
    let controls = Selector::parse("input[name], textarea[name], select[name]").unwrap();
    let mut fields = Vec::new();
    for control in form.select(&controls) {
        let name = control.attr("name").unwrap_or_default().to_owned();
        match control.value().name() {
            "textarea" => fields.push((name, control.text().collect())),
            "select" => {
                let options = Selector::parse("option").unwrap();
                let chosen = control
                    .select(&options)
                    .find(|option| option.attr("selected").is_some())
                    .or_else(|| control.select(&options).next());
                let value = chosen
                    .and_then(|option| option.attr("value"))
                    .unwrap_or_default();
                fields.push((name, value.to_owned()));
            }
            _ => {
                let kind = control.attr("type").unwrap_or("text");
                let skipped =
                    matches!(kind, "radio" | "checkbox") && control.attr("checked").is_none();
                if !skipped {
                    let value = control.attr("value").unwrap_or_default();
                    fields.push((name, value.to_owned()));
                }
            }
        }
    }
    fields
}

impl Form {
    /// Replaces what the field holds, or chooses a radio button.
    pub fn fill(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn value(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// What it would send.
    pub fn into_fields(self) -> Vec<(String, String)> {
        self.fields
    }

    pub async fn submit(self) -> View {
        let fields: Vec<(&str, &str)> = self
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        if self.method == "post" {
            return self.browser.post(&self.action, &fields).await;
        }
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&fields)
            .finish();
        self.browser
            .visit(&format!("{}?{query}", self.action))
            .await
    }
}
