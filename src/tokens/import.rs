//! Tokens of an older system, which keep their secrets: what a line of a file says of one, and
//! what is wrong with it. Nothing that stands in a line is told back, as it may be a secret in the
//! wrong column.

mod file;
mod known;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;
use zxcvbn::zxcvbn;

use self::known::Known;
use super::draft::{Expiry, NewToken};
use super::secret::{self, FOREIGN, LONG};
use super::{Name, Ranges};
use crate::catalogue::{Scope, ScopeSet};
use crate::identity::Email;
use crate::secret::Digest;

pub use file::{Lines, Unreadable, read};

/// In powers of ten: fewer guesses must not find it. Eight characters at random take as many, as
/// zxcvbn counts them.
const FEWEST_GUESSES: f64 = 8.0;
/// The estimate's work grows with more than the length, and a file may have a million: a beginning
/// that is strong will do.
const LONGEST_ESTIMATED: usize = LONG;
/// What whoever guesses tries first, besides the name and what zxcvbn knows.
const USUAL_WORDS: [&str; 6] = ["api", "apikey", "key", "secret", "token", "tokendesk"];
/// At most so many characters of a secret are shown, never more than a quarter of it, and none of a
/// short one.
const DISPLAY: usize = 8;

/// A token to be imported.
#[derive(Clone, Debug)]
pub struct Import {
    pub line: u64,
    pub new: NewToken,
    pub secret: KnownSecret,
    /// The member whose MCP token it is to be; `None`: an API token.
    pub owner: Option<Email>,
}

/// What is known of a secret that somebody has already.
#[derive(Clone, Debug)]
pub struct KnownSecret {
    pub digest: Digest,
    /// By what people recognise it.
    pub display: String,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// It has the form of ours.
    Ours,
    Foreign,
    /// It may be guessed by whoever asks often enough.
    Short,
    /// It is among the first that are guessed, however long it is.
    Guessable,
    /// Nothing else is known of it, so that it may be one that no client can use.
    HashAlone,
}

/// What is wrong with a line.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Mistake {
    pub line: u64,
    pub what: String,
}

/// `line 7: name: Enter a name.`
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// The fields of a line, each trimmed, and empty where it says nothing.
struct Fields<'a> {
    name: &'a str,
    secret: &'a str,
    sha256: &'a str,
    scopes: &'a str,
    expires: &'a str,
    owner: &'a str,
}

impl Fields<'_> {
    /// # Errors
    /// All that is wrong with it.
    fn parse(
        &self,
        line: u64,
        known: &mut Known,
        now: DateTime<Utc>,
    ) -> Result<Import, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut refuse = |column: &str, why: &str| {
            let what = format!("{column}: {why}");
            mistakes.push(Mistake { line, what });
        };
        let name = self.name().map_err(|why| refuse("name", &why)).ok();
        let secret = self.secret();
        let secret = secret.map_err(|(column, why)| refuse(column, &why)).ok();
        let scopes = self.scopes().map_err(|why| refuse("scopes", &why)).ok();
        let expires_at = Expiry::until(
            if self.expires.is_empty() {
                "never"
            } else {
                self.expires
            },
            now,
        );
        let expires_at = expires_at
            .map_err(|why| refuse("expires", &format!("This {why}.")))
            .ok();
        let owner = Some(self.owner).filter(|owner| !owner.is_empty());
        let owner = owner.map(Email::parse).transpose();
        let owner = owner.map_err(|why| refuse("owner", &why)).ok();
        if let (Some(name), Some(owner)) = (&name, &owner)
            && let Some(first) = known.line_of_name(owner.as_ref(), name, line)
        {
            refuse("name", &format!("Line {first} has the same."));
        }
        if let Some(secret) = &secret
            && let Some(first) = known.line_of_secret(&secret.digest, line)
        {
            refuse("secret", &format!("Line {first} has the same."));
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        match (name, secret, scopes, expires_at, owner) {
            (Some(name), Some(secret), Some(scopes), Some(expires_at), Some(owner)) => Ok(Import {
                line,
                new: NewToken {
                    name,
                    scopes,
                    product: None,
                    expires_at,
                    ranges: Ranges::default(),
                },
                secret,
                owner,
            }),
            _ => Err(mistakes),
        }
    }

    fn name(&self) -> Result<Name, String> {
        let has_secret = !self.secret.is_empty() && self.name.contains(self.secret);
        let hash = Digest::from_hex(self.sha256);
        if has_secret || hash.is_some_and(|hash| hash == Digest::of(self.name)) {
            return Err("It holds the secret, which would be kept for everyone to see.".to_owned());
        }
        Name::parse(self.name)
    }

    /// Or the column that is wrong, and why.
    fn secret(&self) -> Result<KnownSecret, (&'static str, String)> {
        match (self.secret, self.sha256) {
            ("", "") => Err((
                "secret",
                "Give the secret, or its hash as sha256.".to_owned(),
            )),
            (secret, "") => KnownSecret::of(secret, self.name).map_err(|why| ("secret", why)),
            ("", hash) => KnownSecret::of_hash(hash).map_err(|why| ("sha256", why)),
            _ => {
                let why = "Give the hash or the secret, not both.";
                Err(("sha256", why.to_owned()))
            }
        }
    }

    /// `None` where none are set, which counts as `all`.
    fn scopes(&self) -> Result<Option<ScopeSet>, String> {
        let is_mcp = !self.owner.is_empty();
        let may_have = |scope: &Scope| {
            if is_mcp {
                Scope::FOR_MCP_TOKENS.contains(scope)
            } else {
                scope.is_for_api_tokens()
            }
        };
        let mut scopes = Vec::new();
        for name in self.scopes.split_whitespace() {
            match name.parse() {
                Ok(scope) if may_have(&scope) => scopes.push(scope),
                _ => return Err(no_scope(may_have)),
            }
        }
        Ok(match (scopes.is_empty(), is_mcp) {
            (false, _) => Some(scopes.into_iter().collect()),
            (true, true) => Some(ScopeSet::of(&Scope::FOR_MCP_TOKENS)),
            (true, false) => None,
        })
    }
}

fn no_scope(may_have: impl Fn(&Scope) -> bool) -> String {
    let known = Scope::ALL.iter().copied().filter(may_have);
    let known: ScopeSet = known.collect();
    format!("Write some of these, with spaces between: {known}.")
}

impl KnownSecret {
    /// The secret itself, ours or an older system's, of a token with this name.
    fn of(secret: &str, name: &str) -> Result<Self, String> {
        if let Some(digest) = secret::digest_of(secret) {
            return Ok(Self {
                digest,
                display: secret[..DISPLAY].to_owned(),
                kind: Kind::Ours,
            });
        }
        let (shortest, longest) = (FOREIGN.start(), FOREIGN.end());
        let length = secret.chars().count();
        if length < *shortest {
            return Err(format!(
                "It has {length} characters, and fewer than {shortest} are soon guessed. Give this \
                 client a new token."
            ));
        }
        if length > *longest {
            return Err(format!(
                "It has {length} characters; the most are {longest}."
            ));
        }
        if !secret::may_be_foreign(secret) {
            return Err(
                "It has spaces or characters beyond ASCII, which clients cannot send.".to_owned(),
            );
        }
        let beginning = &secret[..length.min(LONGEST_ESTIMATED)];
        let words = name.split(' ').filter(|word| !word.contains(secret));
        let words: Vec<&str> = words.chain(USUAL_WORDS).collect();
        let is_short = length < LONG;
        Ok(Self {
            digest: Digest::of(secret),
            display: if is_short {
                String::new()
            } else {
                secret[..DISPLAY.min(length / 4)].to_owned()
            },
            kind: if zxcvbn(beginning, &words).guesses_log10() < FEWEST_GUESSES {
                Kind::Guessable
            } else if is_short {
                Kind::Short
            } else {
                Kind::Foreign
            },
        })
    }

    /// Of the secret nothing is known, not even whether it is one of ours.
    fn of_hash(text: &str) -> Result<Self, String> {
        let digest = Digest::from_hex(text)
            .ok_or_else(|| "Write SHA-256 of the secret in 64 hexadecimal digits.".to_owned())?;
        Ok(Self {
            digest,
            display: format!("sha256:{}", text[..DISPLAY].to_lowercase()),
            kind: Kind::HashAlone,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::Secret;

    fn parse(change: impl FnOnce(&mut Fields<'_>)) -> Result<Import, Vec<String>> {
        let mut fields = Fields {
            name: "Backup",
            secret: "9f31c7a20b64e8d5",
            sha256: "",
            scopes: "",
            expires: "",
            owner: "",
        };
        change(&mut fields);
        let now = "2026-11-25T14:00:00Z".parse().unwrap();
        let told = |mistake: &Mistake| mistake.to_string();
        fields
            .parse(7, &mut Known::default(), now)
            .map_err(|mistakes| mistakes.iter().map(told).collect())
    }

    #[test]
    fn a_token_without_scopes_is_one_from_before_scopes() {
        let plain = parse(|_| {}).unwrap();
        assert_eq!((plain.line, plain.new.scopes), (7, None));
        assert_eq!(plain.new.expires_at, None);
        let some = parse(|fields| fields.scopes = " admin:read  connect:write").unwrap();
        assert_eq!(
            some.new.scopes.unwrap().to_string(),
            "admin:read connect:write"
        );
        let personal = parse(|fields| fields.owner = "Mei@northwind.example").unwrap();
        let scopes = personal.new.scopes.unwrap().to_string();
        assert_eq!(scopes, "widgets:read widgets:write render");
        assert_eq!(personal.owner.unwrap().as_str(), "mei@northwind.example");
    }

    #[test]
    fn little_of_a_secret_is_shown_and_nothing_of_a_hash_but_its_beginning() {
        let ours = Secret::generate("wxt");
        let shown = |secret: &str| KnownSecret::of(secret, "Backup").unwrap();
        assert_eq!(shown(ours.reveal()).display, ours.display());
        assert_eq!(shown(ours.reveal()).kind, Kind::Ours);
        let short = shown("q7Zk2vXw");
        assert_eq!((short.display.as_str(), short.kind), ("", Kind::Short));
        assert_eq!(shown("9f31c7a20b64e8d5").display, "9f31");
        assert_eq!(shown(&"9f31c7a20b64e8d5".repeat(4)).display, "9f31c7a2");
        let hash = KnownSecret::of_hash(&"AB12cd34".repeat(8)).unwrap();
        assert_eq!(hash.display, "sha256:ab12cd34");
        assert_eq!(hash.kind, Kind::HashAlone);
        assert_eq!(shown("9f31c7a20b64e8d5").kind, Kind::Foreign);
    }

    #[test]
    fn what_is_guessed_first_is_known() {
        for secret in [
            "password12345",
            "Summer2026!",
            "qwertyuiop",
            "passwordpassword",
            "administrator123",
            "1234567890123456",
            "abababababababab",
        ] {
            let known = KnownSecret::of(secret, "Northwind backup").unwrap();
            assert_eq!(known.kind, Kind::Guessable, "{secret}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_by_its_column_and_not_repeated() {
        for (column, text) in [
            ("name", ""),
            ("name", "a\nb"),
            ("name", "old 9f31c7a20b64e8d5"),
            ("secret", ""),
            ("secret", "q7Zk2vX"),
            ("secret", "0123456789 abcdef"),
            ("secret", "9f31c7a20b64e8d5é"),
            ("sha256", "9f31c7a20b64e8d5"),
            ("scopes", "admin:delete"),
            ("scopes", "widgets:read"),
            ("expires", "tomorrow"),
            ("expires", "2001-01-01T00:00:00Z"),
            ("owner", "somebody"),
        ] {
            let mistakes = parse(|fields| match column {
                "name" => fields.name = text,
                "secret" => fields.secret = text,
                "sha256" => (fields.secret, fields.sha256) = ("", text),
                "scopes" => fields.scopes = text,
                "expires" => fields.expires = text,
                _ => fields.owner = text,
            })
            .unwrap_err();
            assert_eq!(mistakes.len(), 1, "{mistakes:?}");
            let beginning = format!("line 7: {column}: ");
            assert!(mistakes[0].starts_with(&beginning), "{mistakes:?}");
            assert!(
                text.is_empty() || !mistakes[0].contains(text),
                "{mistakes:?}"
            );
        }
        let both = parse(|fields| fields.sha256 = "x").unwrap_err();
        assert!(both[0].contains("not both"), "{both:?}");
        let foreign_scope = parse(|fields| {
            (fields.owner, fields.scopes) = ("mei@northwind.example", "render admin:read");
        });
        let foreign_scope = foreign_scope.unwrap_err();
        assert!(
            foreign_scope[0].contains("widgets:write"),
            "{foreign_scope:?}"
        );
    }

    #[test]
    fn all_mistakes_of_a_line_are_named() {
        let mistakes = parse(|fields| {
            (fields.name, fields.secret, fields.scopes) = ("", "weak", "everything");
            (fields.expires, fields.owner) = ("soon", "nobody");
        });
        assert_eq!(mistakes.unwrap_err().len(), 5);
    }
}
