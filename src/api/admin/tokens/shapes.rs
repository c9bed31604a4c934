//! Tokens in JSON, as they are told and as they are asked for. What is asked for goes through the
//! console's form, which knows the rules.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use crate::api::kit::{
    self, AccessLevelWord, IpRange, Limit, Name, OverlapWord, Paging, Receipt, ScopeWord, SortWord,
    StatusWord, Word, few, present, present_few, read_of, schema_of,
};
use crate::catalogue::{AccessLevel, Scope};
use crate::tokens::draft::{Draft, Expiry};
use crate::tokens::queries::{Counts, Day, Denied, OperationUse};
use crate::tokens::{self, Filter, Sort, Status};
use crate::web::Error;
use crate::web::form::Field;
use crate::web::paging::Slice;

/// An API token. Its secret is in no answer but the one that made it.
#[derive(Serialize, ToSchema)]
pub struct Token {
    pub id: Uuid,
    name: String,
    /// The first 8 characters of the current secret; of an imported one fewer, or none if it is short,
    /// or `sha256:` and the beginning of its hash.
    prefix: String,
    /// Of the current secret: when the token was made, imported or last rotated.
    secret_created_at: DateTime<Utc>,
    status: StatusWord,
    /// The preset that the scopes are, or `custom`.
    access_level: AccessLevelWord,
    /// `all` also for a token from before scopes existed.
    scopes: Vec<ScopeWord>,
    /// Addresses and CIDRs; empty: any address.
    allowed_ip_ranges: Vec<String>,
    product: Option<Product>,
    /// `null`: never.
    expires_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    created_by: String,
    /// Who answers for it, since it was made or handed over; `null`: nobody, as a program made it,
    /// or their account is gone.
    responsible: Option<Responsible>,
    /// Until when a secret from before the last rotation still works.
    old_secret_until: Option<DateTime<Utc>>,
    usage: Totals,
    /// Counts the changes; also in the header `ETag`.
    version: i32,
}

/// The product that a token is linked to.
#[derive(Serialize, ToSchema)]
#[schema(as = LinkedProduct)]
struct Product {
    id: Uuid,
    key: String,
    name: String,
}

/// A person who answers for a token.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenResponsible)]
struct Responsible {
    id: Uuid,
    name: String,
    email: String,
}

/// Calls since the token was made.
#[derive(Serialize, ToSchema)]
struct Totals {
    allowed: i64,
    denied: i64,
    /// The last call that was allowed.
    last_used_at: Option<DateTime<Utc>>,
    last_used_from: Option<String>,
    last_user_agent: Option<String>,
}

impl Token {
    #[must_use]
    pub fn new(
        token: tokens::Token,
        old_secret_until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        let scopes = token.effective_scopes();
        let usage = token.usage.clone();
        Self {
            status: Word(token.status(&now)),
            access_level: Word(AccessLevel::of(scopes)),
            scopes: scopes.iter().map(Word).collect(),
            allowed_ip_ranges: token.ranges.lines(),
            product: token.product.as_ref().map(|product| Product {
                id: product.id.uuid(),
                key: product.key.clone(),
                name: product.name.clone(),
            }),
            responsible: token.responsible.map(|person| Responsible {
                id: person.id.uuid(),
                name: person.name,
                email: person.email,
            }),
            old_secret_until,
            usage: Totals {
                allowed: usage.allowed,
                denied: usage.denied,
                last_used_at: usage.last_at,
                last_used_from: usage.last_from.map(|from| from.addr().to_string()),
                last_user_agent: usage.last_user_agent,
            },
            id: token.id.uuid(),
            name: token.name,
            prefix: token.display,
            secret_created_at: token.secret_created_at,
            expires_at: token.expires_at,
            created_at: token.created_at,
            created_by: token.created_by_name,
            version: token.version,
        }
    }

    #[must_use]
    pub fn version(&self) -> i32 {
        self.version
    }
}

/// A token with its new secret.
#[derive(Serialize, ToSchema)]
pub struct Revealed {
    pub token: Token,
    /// To be kept now: it is told this once. `null` where the same request came before with the
    /// same `Idempotency-Key`.
    #[schema(value_type = Option<String>)]
    pub secret: Option<()>,
    /// Where the old secret has stopped, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub receipt: Option<Receipt>,
}

/// A token that was changed.
#[derive(Serialize, ToSchema)]
pub struct Changed {
    pub token: Token,
    /// Where what was taken away is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub receipt: Option<Receipt>,
}

/// Which tokens, and in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// A part of the name, or of the prefix.
    #[param(max_length = 100)]
    q: Option<String>,
    #[param(inline)]
    status: Option<StatusWord>,
    /// Left out: `newest`. The last use counts by the minute.
    #[param(inline)]
    sort: Option<SortWord>,
    /// The ID of the product that they are linked to.
    product_id: Option<Uuid>,
    /// The ID of the member who answers for them.
    responsible_id: Option<Uuid>,
    /// How many items a page has.
    #[param(value_type = Option<usize>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<Limit>,
    /// Where to go on: the `next_cursor` of the page before, asked with the same parameters.
    #[param(pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

impl Which {
    pub fn paging(&self) -> Paging {
        Paging {
            limit: self.limit,
            cursor: self.cursor.clone(),
        }
    }

    /// What is meant, as the console's list has it. Of a secret only its beginning goes further.
    pub fn filter(&self) -> Result<Filter, Error> {
        let q = kit::term("q", self.q.as_deref())?.unwrap_or_default();
        let query = tokens::Query {
            q: tokens::secret::display_of(&q).unwrap_or(&q).to_owned(),
            ..tokens::Query::default()
        };
        let sort = self.sort.map_or(Sort::Newest, |sort| sort.0);
        Ok(Filter {
            status: self.status.map(|status| status.0),
            sort,
            product: self.product_id.map(Into::into),
            responsible: self.responsible_id.map(Into::into),
            cursor: self.paging().cursor(&list(sort))?,
            ..query.filter()
        })
    }
}

/// A page of tokens.
#[derive(Serialize, ToSchema)]
pub struct TokenPage {
    items: Vec<Token>,
    /// What leads to the next page, as `cursor`; `null` on the last.
    next_cursor: Option<String>,
    /// How many the filter finds, of whatever status.
    counts: TokenCounts,
}

/// By status.
#[derive(Serialize, ToSchema)]
struct TokenCounts {
    all: TokenCount,
    active: TokenCount,
    inactive: TokenCount,
    expired: TokenCount,
    revoked: TokenCount,
}

/// Counted no further than a list shows at once: up to 10,000, or with `q` among the newest 5,000
/// tokens where it finds many.
#[derive(Serialize, ToSchema)]
struct TokenCount {
    known: i64,
    /// Whether there are no more.
    is_exact: bool,
}

/// Which list a cursor is of.
fn list(sort: Sort) -> String {
    format!("tokens by {}", sort.as_str())
}

impl TokenPage {
    pub fn new(counts: &Counts, slice: Slice<Token>, sort: Sort) -> Self {
        let count = |status| {
            let (known, is_exact) = counts.known(status);
            TokenCount { known, is_exact }
        };
        Self {
            next_cursor: kit::next_cursor(&list(sort), &slice),
            items: slice.rows,
            counts: TokenCounts {
                all: count(None),
                active: count(Some(Status::Active)),
                inactive: count(Some(Status::Inactive)),
                expired: count(Some(Status::Expired)),
                revoked: count(Some(Status::Revoked)),
            },
        }
    }
}

/// A scope that an API token can have.
#[derive(Clone, Copy, Debug)]
pub struct ApiScope(Scope);

impl ApiScope {
    fn all() -> Vec<Scope> {
        let all = Scope::ALL.iter().copied();
        all.filter(|scope| scope.is_for_api_tokens()).collect()
    }
}

impl<'de> Deserialize<'de> for ApiScope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_of(&Self::all(), deserializer).map(Self)
    }
}

impl PartialSchema for ApiScope {
    fn schema() -> RefOr<Schema> {
        schema_of(&Self::all())
    }
}

impl ToSchema for ApiScope {}

/// An address or CIDR. The form takes several in a line; here each is one.
#[derive(Clone)]
struct Range(String);

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.' | '/');
        if text.is_empty() || !text.chars().all(is_part) {
            let expected = "an IP address or CIDR range, such as 203.0.113.0/24";
            return Err(D::Error::invalid_value(
                Unexpected::Other("a text"),
                &expected,
            ));
        }
        Ok(Self(text))
    }
}

const MOST_RANGES: usize = 100;

/// A token to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Unique among the tokens that are not revoked, without regard to case.
    #[schema(value_type = Name)]
    name: String,
    #[schema(min_items = 1)]
    scopes: Vec<ApiScope>,
    /// Addresses and CIDRs; none: any address.
    #[serde(default, deserialize_with = "few::<_, _, MOST_RANGES>")]
    #[schema(value_type = Vec<IpRange>, max_items = 100)]
    allowed_ip_ranges: Vec<Range>,
    /// The secret then begins with its key.
    #[serde(default)]
    product_id: Option<Uuid>,
    /// In the future and before the year 9999, kept to the second; left out or `null`: never.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

/// What is to be other than it is.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenEdit {
    #[schema(value_type = Option<Name>, nullable = false)]
    #[serde(default, deserialize_with = "present")]
    name: Option<String>,
    #[schema(min_items = 1, nullable = false)]
    #[serde(default, deserialize_with = "present")]
    scopes: Option<Vec<ApiScope>>,
    /// All of them; none: any address.
    #[schema(value_type = Option<Vec<IpRange>>, max_items = 100, nullable = false)]
    #[serde(default, deserialize_with = "present_few::<_, _, MOST_RANGES>")]
    allowed_ip_ranges: Option<Vec<Range>>,
    /// As it is, or in the future and before the year 9999, kept to the second; `null`: never.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    expires_at: Option<Option<DateTime<Utc>>>,
}

impl From<NewToken> for Draft {
    fn from(new: NewToken) -> Self {
        let mut draft = Self {
            name: Field::new(new.name),
            product: Field::new(new.product_id.map(|id| id.to_string()).unwrap_or_default()),
            ..Self::default()
        };
        set_scopes(&mut draft, &new.scopes);
        set_expiry(&mut draft, new.expires_at);
        set_ranges(&mut draft, &new.allowed_ip_ranges);
        draft
    }
}

impl TokenEdit {
    /// The form of the token, with what is to be other.
    pub fn of(self, token: &tokens::Token) -> Draft {
        let mut draft = Draft::from(token);
        if let Some(name) = self.name {
            draft.name = Field::new(name);
        }
        if let Some(scopes) = &self.scopes {
            set_scopes(&mut draft, scopes);
        }
        if let Some(expires_at) = self.expires_at {
            set_expiry(&mut draft, expires_at);
        }
        if let Some(ranges) = &self.allowed_ip_ranges {
            set_ranges(&mut draft, ranges);
        }
        draft
    }
}

fn set_scopes(draft: &mut Draft, scopes: &[ApiScope]) {
    draft.scopes = scopes.iter().map(|scope| scope.0).collect();
    let level = AccessLevel::of(draft.scopes.iter().copied().collect());
    draft.access_level = Field::new(level.as_str());
}

fn set_expiry(draft: &mut Draft, at: Option<DateTime<Utc>>) {
    let (expiry, at) = match at {
        Some(at) => (Expiry::At, at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        None => (Expiry::Never, String::new()),
    };
    draft.expiry = Field::new(expiry.as_str());
    draft.expires_at = Field::new(at);
}

fn set_ranges(draft: &mut Draft, ranges: &[Range]) {
    let lines: Vec<&str> = ranges.iter().map(|range| range.0.as_str()).collect();
    draft.ranges = Field::new(lines.join("\n"));
}

/// What is wrong with a form, by the names that its fields have in JSON.
pub fn mistakes(draft: &Draft) -> Error {
    let named = draft.fields().map(|(name, field)| match name {
        "access_level" => ("scopes", field),
        "product" => ("product_id", field),
        "expiry" => ("expires_at", field),
        name => (name, field),
    });
    kit::mistakes(&named)
}

/// How to rotate.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// For how long the old secret works beside the new one, never longer than the token.
    #[serde(default)]
    #[schema(default = "none")]
    pub overlap: Option<OverlapWord>,
}

/// What a token was used for.
#[derive(Serialize, ToSchema)]
pub struct Usage {
    /// The last 30 days (UTC) on which it was used, the earliest first.
    pub days: Vec<UsageOfDay>,
    /// The most frequent operations of the last 30 days, with the gate's answers.
    pub operations: Vec<UsageOfOperation>,
    /// What was denied in the last 30 days, the latest first.
    pub denied: Vec<DeniedCalls>,
}

#[derive(Serialize, ToSchema)]
pub struct UsageOfDay {
    day: NaiveDate,
    allowed: i64,
    denied: i64,
}

#[derive(Serialize, ToSchema)]
pub struct UsageOfOperation {
    operation: String,
    /// The gate's answer, such as `valid` or `expired`.
    code: String,
    calls: i64,
    last_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
pub struct DeniedCalls {
    code: String,
    operation: String,
    /// The IPv4 /24 or IPv6 /48 that they came from.
    network: String,
    calls: i64,
    last_at: DateTime<Utc>,
}

impl From<Day> for UsageOfDay {
    fn from(day: Day) -> Self {
        Self {
            day: day.day,
            allowed: day.allowed,
            denied: day.denied,
        }
    }
}

impl From<OperationUse> for UsageOfOperation {
    fn from(used: OperationUse) -> Self {
        Self {
            operation: used.operation,
            code: used.code.to_string(),
            calls: used.calls,
            last_at: used.last_at,
        }
    }
}

impl From<Denied> for DeniedCalls {
    fn from(denied: Denied) -> Self {
        Self {
            network: denied.source(),
            code: denied.code.to_string(),
            operation: denied.operation,
            calls: denied.calls,
            last_at: denied.last_at,
        }
    }
}
