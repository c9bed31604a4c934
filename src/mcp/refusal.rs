//! Why somebody is not let in, in words that the client shows to its user.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::WWW_AUTHENTICATE;
use serde_json::json;

use super::discovery;
use super::tool::Tool;
use crate::config::PublicUrl;
use crate::gate::{CHALLENGE, Code, View};
use crate::web::{Error, format};

pub enum Failure {
    Refused(Refusal),
    Failed(Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

pub struct Refusal {
    status: StatusCode,
    /// By RFC 6750; empty where nothing was sent.
    error: &'static str,
    code: &'static str,
    what: String,
    todo: Todo,
    /// What would be enough, separated by spaces.
    scope: String,
}

/// What to do about it, which ends in the profile's address.
#[derive(Clone, Copy)]
enum Todo {
    Nothing,
    Generate,
    Enable,
    Rotate,
}

impl Refusal {
    fn new(status: StatusCode, error: &'static str, what: impl Into<String>, todo: Todo) -> Self {
        Self {
            status,
            error,
            code: error,
            what: what.into(),
            todo,
            scope: String::new(),
        }
    }

    fn invalid_token(code: Code, what: impl Into<String>, todo: Todo) -> Self {
        let refusal = Self::new(StatusCode::UNAUTHORIZED, "invalid_token", what, todo);
        Self {
            code: code.as_str(),
            ..refusal
        }
    }

    pub fn missing() -> Self {
        let what = "No token was sent. Send one as “Authorization: Bearer wb_…”.";
        let refusal = Self::new(StatusCode::UNAUTHORIZED, "", what, Todo::Generate);
        Self {
            code: Code::Missing.as_str(),
            ..refusal
        }
    }

    pub fn several() -> Self {
        let what = "More than one Authorization header was sent. Send one.";
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            what,
            Todo::Nothing,
        )
    }

    pub fn in_query() -> Self {
        let what = "A token was sent in the address, where logs keep it. Revoke it, and send \
                    another as “Authorization: Bearer wb_…”.";
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            what,
            Todo::Generate,
        )
    }

    pub fn not_bearer() -> Self {
        let what = "The Authorization header has another form than “Bearer wb_…”.";
        Self::invalid_token(Code::Unknown, what, Todo::Generate)
    }

    pub fn unexpanded() -> Self {
        let what = "The name of a variable was sent instead of a token: the client did not put \
                    its value in. Set the variable (WB_TOKEN) where the client is started, and \
                    start it again; or write the token itself into its settings.";
        Self::invalid_token(Code::Unknown, what, Todo::Generate)
    }

    pub fn malformed() -> Self {
        let what = "This is not a token. Check that it was copied whole: wb_ and 38 letters and \
                    digits.";
        Self::invalid_token(Code::Unknown, what, Todo::Generate)
    }

    pub fn stranger(what: String) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", what, Todo::Nothing)
    }

    /// `view` is `None` where the token is not known.
    pub fn decided(code: Code, view: Option<&View>) -> Self {
        let name = view.map_or("", |view| &view.name);
        match code {
            Code::Missing => Self::missing(),
            Code::Revoked => {
                let what = format!("The token “{name}” was revoked.");
                Self::invalid_token(code, what, Todo::Generate)
            }
            Code::Expired => {
                let at = view.and_then(|view| view.expires_at);
                let on =
                    at.map_or_else(String::new, |at| format!(" on {}", format::date_time(&at)));
                let what = format!("The token “{name}” expired{on}.");
                Self::invalid_token(code, what, Todo::Generate)
            }
            Code::Disabled => {
                let what = format!("The token “{name}” is disabled.");
                Self::invalid_token(code, what, Todo::Enable)
            }
            Code::Retired => {
                let what = format!(
                    "This secret of the token “{name}” was replaced by a rotation. Use the new one."
                );
                Self::invalid_token(code, what, Todo::Rotate)
            }
            Code::OwnerInactive => {
                let what = "The owner of this token is not active here any more. Ask an \
                            administrator.";
                Self::invalid_token(code, what, Todo::Nothing)
            }
            Code::IpNotAllowed => Self::forbidden(
                code,
                format!("The token “{name}” may not be used from your address."),
                Todo::Nothing,
            ),
            Code::WrongProduct => Self::forbidden(
                code,
                format!(
                    "“{name}” is an API token of the organisation. An assistant needs a personal \
                     MCP token (wb_…)."
                ),
                Todo::Generate,
            ),
            Code::Unknown | Code::UnknownResource | Code::InsufficientScope | Code::Valid => {
                let what = "This token was never issued here, or it was deleted.";
                Self::invalid_token(Code::Unknown, what, Todo::Generate)
            }
        }
    }

    pub fn insufficient_scope(tool: Tool, view: &View) -> Self {
        let names: Vec<&str> = tool.needs().iter().map(|scope| scope.as_str()).collect();
        let scope = names.join(" ");
        let what = format!(
            "The tool {tool} needs a token with the scopes {scope}; “{}” has {}.",
            view.name,
            view.effective_scopes()
        );
        Self {
            error: "insufficient_scope",
            scope,
            ..Self::forbidden(Code::InsufficientScope, what, Todo::Generate)
        }
    }

    fn forbidden(code: Code, what: String, todo: Todo) -> Self {
        let refusal = Self::new(StatusCode::FORBIDDEN, "access_denied", what, todo);
        Self {
            code: code.as_str(),
            ..refusal
        }
    }

    /// What the gate would have said; `None` for what is no question about a token.
    pub fn decision(&self) -> Option<Code> {
        self.code.parse().ok()
    }

    pub fn response(&self, public_url: &PublicUrl) -> HttpResponse {
        let profile = public_url.join("/profile");
        let todo = match self.todo {
            Todo::Nothing => String::new(),
            Todo::Generate => format!(" Generate one at {profile}"),
            Todo::Enable => format!(" Enable it at {profile}"),
            Todo::Rotate => format!(" If you do not have it, rotate again at {profile}"),
        };
        let mut response = HttpResponse::build(self.status);
        if self.status != StatusCode::FORBIDDEN || self.error == "insufficient_scope" {
            response.insert_header((WWW_AUTHENTICATE, self.challenge(public_url)));
        }
        response.json(json!({
            "error": if self.error.is_empty() { "invalid_request" } else { self.error },
            "error_description": format!("{}{todo}", self.what),
            "code": self.code,
        }))
    }

    /// By RFC 6750, section 3, and RFC 9728, section 5.1.
    fn challenge(&self, public_url: &PublicUrl) -> String {
        let mut challenge = CHALLENGE.to_owned();
        let metadata = public_url.join(discovery::METADATA);
        for (name, value) in [
            ("error", self.error),
            ("scope", &self.scope),
            ("resource_metadata", &metadata),
        ] {
            if !value.is_empty() {
                challenge.extend([", ", name, "=\"", value, "\""]);
            }
        }
        challenge
    }
}
