//! The form of a token, new or edited: what was typed, and what it means.

use chrono::{DateTime, Datelike, Months, NaiveDateTime, SubsecRound, TimeDelta, Utc};
use ipnet::IpNet;
use serde::Deserialize;

use super::ceiling::Gift;
use super::{Name, Ranges, Token};
use crate::catalogue::{AccessLevel, Product, Scope, ScopeSet};
use crate::db::types::text_enum;
use crate::web::form::{Field, first_refused, overtaken};

text_enum! {
    /// The choices under *Expires*.
    Expiry {
        Month = "30d",
        Quarter = "90d",
        Year = "1y",
        At = "at",
        Never = "never",
    }
}

impl Expiry {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Month => "30 days",
            Self::Quarter => "90 days",
            Self::Year => "1 year",
            Self::At => "Date and time…",
            Self::Never => "Never",
        }
    }

    /// The instant that a preset stands for.
    #[must_use]
    pub fn preset(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let now = now.trunc_subsecs(0);
        match self {
            Self::Month => Some(now + TimeDelta::days(30)),
            Self::Quarter => Some(now + TimeDelta::days(90)),
            Self::Year => now.checked_add_months(Months::new(12)),
            Self::At | Self::Never => None,
        }
    }

    /// The end of a token that a program or a file names: that of a choice, or an instant.
    ///
    /// # Errors
    /// What the text is, other than that.
    pub fn until(text: &str, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, &'static str> {
        match text.parse::<Self>() {
            Ok(Self::Never) => return Ok(None),
            Ok(preset) if preset != Self::At => return Ok(preset.preset(now)),
            _ => {}
        }
        let at: DateTime<Utc> = text
            .parse()
            .map_err(|_| "is none of 30d, 90d, 1y, never or 2027-02-20T14:30:00Z")?;
        Self::at(at, now).map(Some)
    }

    /// The end of a token at an instant.
    ///
    /// # Errors
    /// What the instant is.
    pub fn at(instant: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>, &'static str> {
        if instant <= now {
            return Err("is not in the future");
        }
        if instant.year() >= TOO_LATE {
            return Err("is not before the year 9999");
        }
        Ok(instant.trunc_subsecs(0))
    }
}

pub const PRODUCT_GONE: &str = "This product no longer exists. Choose another.";

/// As the browser sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Form {
    name: String,
    access_level: String,
    scope: Vec<String>,
    product: String,
    expiry: String,
    expires_at: String,
    allowed_ip_ranges: String,
    version: i32,
}

/// `GET …/new?name=&level=&scopes=`: an integration's documentation can link to a form that is
/// filled in already.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Prefill {
    name: String,
    level: String,
    /// Separated by spaces or commas.
    scopes: String,
}

/// What a link to the edit form changes in it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Remedy {
    /// One more range.
    allow: Option<IpNet>,
}

/// A form to show: empty, filled in, or to be corrected.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: Field,
    /// The access level's name; empty where none was chosen.
    pub access_level: Field,
    /// The check boxes.
    pub scopes: Vec<Scope>,
    /// A product's ID; empty for none.
    pub product: Field,
    pub expiry: Field,
    /// For `<input type="datetime-local">`, UTC.
    pub expires_at: Field,
    /// One a line.
    pub ranges: Field,
    /// Of the token that is edited; 0 for a new one.
    pub version: i32,
    /// What is wrong with the whole.
    pub conflict: Option<String>,
}

/// What it is judged by.
pub struct Context<'a> {
    pub now: DateTime<Utc>,
    pub products: &'a [Product],
    /// The token that is edited.
    pub current: Option<&'a Token>,
}

/// A token to be created, or its new state.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub name: Name,
    /// `None` only for a token from before scopes.
    pub scopes: Option<ScopeSet>,
    pub product: Option<Product>,
    pub expires_at: Option<DateTime<Utc>>,
    pub ranges: Ranges,
}

impl<'a> From<&'a NewToken> for Gift<'a> {
    fn from(new: &'a NewToken) -> Self {
        Self {
            scopes: ScopeSet::effective(new.scopes),
            product: new.product.as_ref().map(|product| product.id),
            ranges: &new.ranges,
            expires_at: new.expires_at,
        }
    }
}

impl From<Form> for Draft {
    fn from(form: Form) -> Self {
        Self {
            name: Field::new(form.name),
            access_level: Field::new(form.access_level),
            scopes: form
                .scope
                .iter()
                .filter_map(|name| name.parse().ok())
                .collect(),
            product: Field::new(form.product),
            expiry: Field::new(form.expiry),
            expires_at: Field::new(form.expires_at),
            ranges: Field::new(form.allowed_ip_ranges),
            version: form.version,
            conflict: None,
        }
    }
}

impl From<Prefill> for Draft {
    fn from(prefill: Prefill) -> Self {
        let scopes: Vec<Scope> = prefill
            .scopes
            .split([' ', ','])
            .filter_map(|name| name.parse().ok())
            .filter(|scope: &Scope| scope.is_for_api_tokens())
            .collect();
        let level = match prefill.level.parse::<AccessLevel>() {
            Ok(level) => Some(level),
            Err(_) if scopes.is_empty() => None,
            Err(_) => Some(AccessLevel::of(scopes.iter().copied().collect())),
        };
        Self {
            name: Field::new(
                prefill
                    .name
                    .chars()
                    .take(super::name::LONGEST)
                    .collect::<String>(),
            ),
            access_level: Field::new(level.map_or("", AccessLevel::as_str)),
            scopes,
            expiry: Field::new(Expiry::Quarter.as_str()),
            ..Self::default()
        }
    }
}

impl From<&Token> for Draft {
    fn from(token: &Token) -> Self {
        let scopes = token.effective_scopes();
        let level = token
            .scopes
            .map_or(AccessLevel::FullAccess, AccessLevel::of);
        let (expiry, expires_at) = match token.expires_at {
            Some(at) => (Expiry::At, local(&at)),
            None => (Expiry::Never, String::new()),
        };
        Self {
            name: Field::new(&token.name),
            access_level: Field::new(level.as_str()),
            scopes: scopes.iter().collect(),
            product: Field::default(),
            expiry: Field::new(expiry.as_str()),
            expires_at: Field::new(expires_at),
            ranges: Field::new(token.ranges.lines().join("\n")),
            version: token.version,
            conflict: None,
        }
    }
}

impl Draft {
    /// With the remedy filled in, for an administrator to look at and save.
    #[must_use]
    pub fn with(mut self, remedy: &Remedy) -> Self {
        // Without any range, every address is allowed already.
        if let Some(range) = remedy.allow.filter(|_| !self.ranges.value.is_empty()) {
            self.ranges = Field::new(format!("{}\n{range}", self.ranges.value));
        }
        self
    }

    /// All that the form means, or the form with all that is wrong with it.
    ///
    /// # Errors
    /// The draft, to be shown again.
    pub fn parse(mut self, context: &Context<'_>) -> Result<NewToken, Box<Self>> {
        let name = self.name.parse(Name::parse);
        let scopes = self.parse_scopes(context.current);
        let product = self.parse_product(context.products);
        let expires_at = self.parse_expiry(context);
        let ranges = self.parse_ranges();
        match (name, scopes, product, expires_at, ranges) {
            (Some(name), Some(scopes), Some(product), Some(expires_at), Some(ranges)) => {
                Ok(NewToken {
                    name,
                    scopes,
                    product,
                    expires_at,
                    ranges,
                })
            }
            _ => Err(Box::new(self)),
        }
    }

    /// A token from before scopes keeps having none set for as long as its full access stays.
    fn parse_scopes(&mut self, current: Option<&Token>) -> Option<Option<ScopeSet>> {
        let Ok(level) = self.access_level.value.parse::<AccessLevel>() else {
            self.access_level.refuse("Choose an access level.");
            return None;
        };
        let legacy = current.is_some_and(|token| token.scopes.is_none());
        if legacy && level == AccessLevel::FullAccess {
            return Some(None);
        }
        let scopes = level.scopes().unwrap_or_else(|| {
            let chosen = self.scopes.iter().copied();
            chosen.filter(|scope| scope.is_for_api_tokens()).collect()
        });
        if scopes.is_empty() {
            self.access_level.refuse("Choose at least one scope.");
            return None;
        }
        Some(Some(scopes))
    }

    fn parse_product(&mut self, products: &[Product]) -> Option<Option<Product>> {
        if self.product.value.is_empty() {
            return Some(None);
        }
        let chosen = products
            .iter()
            .find(|product| product.id.to_string() == self.product.value);
        if chosen.is_none() {
            self.product.refuse(PRODUCT_GONE);
        }
        chosen.cloned().map(Some)
    }

    fn parse_expiry(&mut self, context: &Context<'_>) -> Option<Option<DateTime<Utc>>> {
        match self.expiry.value.parse::<Expiry>() {
            Ok(Expiry::Never) => Some(None),
            Ok(Expiry::At) => self.parse_instant(context).map(Some),
            Ok(preset) => Some(preset.preset(context.now)),
            Err(_) => {
                self.expiry.refuse("Choose when the token expires.");
                None
            }
        }
    }

    fn parse_instant(&mut self, context: &Context<'_>) -> Option<DateTime<Utc>> {
        let Some(at) = instant(&self.expires_at.value) else {
            self.expires_at
                .refuse("Enter a date and time, such as 2027-02-20T14:30.");
            return None;
        };
        let unchanged = context
            .current
            .and_then(|token| token.expires_at)
            .filter(|expiry| expiry.trunc_subsecs(0) == at);
        if unchanged.is_some() {
            return unchanged;
        }
        if at.year() >= TOO_LATE {
            self.expires_at
                .refuse("Choose a time before the year 9999, or that it never expires.");
            return None;
        }
        if at <= context.now {
            self.expires_at
                .refuse("Choose a time in the future. Times are UTC.");
            return None;
        }
        Some(at)
    }

    fn parse_ranges(&mut self) -> Option<Ranges> {
        Ranges::parse(&self.ranges.value)
            .map_err(|errors| self.ranges.errors = errors)
            .ok()
    }

    /// The form again, since the name is another token's.
    #[must_use]
    pub fn name_taken(mut self) -> Box<Self> {
        let name = self.name.value.trim().to_owned();
        self.name.refuse(format!(
            "A token named “{name}” already exists. Choose another name."
        ));
        Box::new(self)
    }

    /// The form again, since the product was deleted meanwhile.
    #[must_use]
    pub fn product_gone(mut self) -> Box<Self> {
        self.product.refuse(PRODUCT_GONE);
        Box::new(self)
    }

    /// The form again, since the token was changed after it was shown: what was typed stays, and
    /// sending it once more overwrites.
    #[must_use]
    pub fn outdated(mut self, current: &Token) -> Box<Self> {
        self.version = current.version;
        self.conflict = Some(overtaken("token"));
        Box::new(self)
    }

    #[must_use]
    pub fn is_level(&self, level: AccessLevel) -> bool {
        self.access_level.value == level.as_str()
    }

    #[must_use]
    pub fn has_scope(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    #[must_use]
    pub fn is_expiry(&self, expiry: Expiry) -> bool {
        self.expiry.value == expiry.as_str()
    }

    /// With the names of their inputs.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, &Field); 6] {
        [
            ("name", &self.name),
            ("access_level", &self.access_level),
            ("product", &self.product),
            ("expiry", &self.expiry),
            ("expires_at", &self.expires_at),
            ("allowed_ip_ranges", &self.ranges),
        ]
    }

    /// The first field with an error, which gets the focus.
    #[must_use]
    pub fn focus(&self) -> &'static str {
        first_refused(&self.fields())
    }
}

/// As `<input type="datetime-local">` writes it.
fn local(at: &DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Years have four digits, in every time zone.
const TOO_LATE: i32 = 9999;

/// With or without seconds, `T` or space, and a final `Z`.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim().trim_end_matches('Z').replace(' ', "T");
    [
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M:%S%.f",
    ]
    .iter()
    .find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok())
    .map(|at| at.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T14:30:00Z".parse().unwrap()
    }

    fn draft() -> Draft {
        Draft::from(Form {
            name: "Okta".into(),
            access_level: "scim".into(),
            expiry: "never".into(),
            ..Form::default()
        })
    }

    fn parse(draft: Draft) -> Result<NewToken, Box<Draft>> {
        draft.parse(&Context {
            now: now(),
            products: &[],
            current: None,
        })
    }

    #[test]
    fn all_mistakes_are_told_at_once_and_what_was_typed_stays() {
        let form = Form {
            name: "  ".into(),
            access_level: "custom".into(),
            product: "gone".into(),
            expiry: "at".into(),
            expires_at: "2020-01-01T00:00".into(),
            allowed_ip_ranges: "10.1.2.3/8".into(),
            ..Form::default()
        };
        let draft = parse(form.into()).unwrap_err();
        let fields = [
            &draft.name,
            &draft.access_level,
            &draft.product,
            &draft.expires_at,
            &draft.ranges,
        ];
        assert!(fields.iter().all(|field| field.is_refused()));
        assert_eq!(draft.ranges.value, "10.1.2.3/8");
        assert_eq!(draft.focus(), "name");
    }

    #[test]
    fn an_expiry_is_in_the_future_or_never() {
        let at = |text: &str| {
            let mut draft = draft();
            draft.expiry = Field::new("at");
            draft.expires_at = Field::new(text);
            parse(draft).map(|token| token.expires_at)
        };
        assert!(at("2026-11-22T14:30").is_err(), "the present instant");
        assert!(at("2026-11-22T14:31").is_ok());
        assert!(at("2027-01-01 00:00:30Z").is_ok());
        assert!(at("12027-01-01T00:00").is_err());
        assert!(at("soon").is_err());
        assert_eq!(parse(draft()).unwrap().expires_at, None);
    }

    #[test]
    fn presets_count_from_now() {
        let preset = |expiry: Expiry| expiry.preset(now()).unwrap().to_rfc3339();
        assert_eq!(preset(Expiry::Month), "2026-12-22T14:30:00+00:00");
        assert_eq!(preset(Expiry::Year), "2027-11-22T14:30:00+00:00");
        let leap_day: DateTime<Utc> = "2028-02-29T00:00:00Z".parse().unwrap();
        assert_eq!(
            Expiry::Year.preset(leap_day).unwrap().to_rfc3339(),
            "2029-02-28T00:00:00+00:00"
        );
    }

    #[test]
    fn scopes_of_mcp_tokens_cannot_be_smuggled_in() {
        let form = Form {
            name: "x".into(),
            access_level: "custom".into(),
            scope: vec!["widgets:write".into(), "render".into()],
            expiry: "never".into(),
            ..Form::default()
        };
        assert!(parse(form.into()).unwrap_err().access_level.is_refused());
    }

    #[test]
    fn a_link_prefills_the_form() {
        let draft = Draft::from(Prefill {
            name: "Okta SCIM".into(),
            level: String::new(),
            scopes: "admin:scim tokens:verify nonsense".into(),
        });
        assert_eq!(draft.access_level.value, "custom");
        assert_eq!(draft.scopes, [Scope::AdminScim, Scope::TokensVerify]);
        let draft = Draft::from(Prefill {
            scopes: "admin:scim".into(),
            ..Prefill::default()
        });
        assert_eq!(draft.access_level.value, "scim");
    }
}
