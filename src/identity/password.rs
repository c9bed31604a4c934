//! Passwords: which are good enough, and how they are kept (Argon2id). NIST SP 800-63B-4 for
//! a single factor: at least 15 characters, any of them, none of the common ones.

use std::sync::LazyLock;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::web::block;
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use zeroize::Zeroizing;
use zxcvbn::feedback::Feedback;
use zxcvbn::{Score, zxcvbn};

use crate::secret::{Password, Plaintext};
use crate::web::Error;

/// What to do about one that is refused, where that does not stand beside the field.
pub const ADVICE: &str = "A few unrelated words work well.";

const SHORTEST: usize = 15;
const LONGEST: usize = 256;
/// The estimate's work grows with more than the length: a beginning that is strong will do.
const LONGEST_ESTIMATED: usize = 40;
/// Bytes of an email or name that are compared with; no acceptable one is longer.
const LONGEST_CONTEXT: usize = 400;
/// How long a hash may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(3);

/// A hash takes 19 MiB and tens of milliseconds: as many at once as there are processors.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(2, usize::from)));

/// What is verified against where there is no such user, so that it takes the same time.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let password = Password::new(Plaintext::random(LONGEST).reveal().to_owned());
    hash_now(&password).unwrap_or_default()
});

/// Whether a new password will do. `context` is what an attacker would try first: the email,
/// names, the organisation. Common passwords come from zxcvbn's list of 30,000.
///
/// # Errors
/// What is wrong; what to do about it is [`ADVICE`].
pub fn judge(password: &Password, context: &[&str]) -> Result<(), String> {
    let length = password.reveal().chars().count();
    if length == 0 {
        return Err("Enter a password.".to_owned());
    }
    if length < SHORTEST {
        return Err(format!(
            "Use {SHORTEST} characters or more; these are {length}."
        ));
    }
    if length > LONGEST {
        return Err(format!(
            "Use at most {LONGEST} characters; these are {length}."
        ));
    }
    let words: Vec<&str> = context
        .iter()
        .filter(|text| text.len() <= LONGEST_CONTEXT)
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()).chain([*text]))
        .chain(["tokendesk"])
        .filter(|word| word.chars().count() >= 3)
        .collect();
    if is_mostly(password.reveal(), &words) {
        return Err("This is too much like your name, email or organisation.".to_owned());
    }
    let beginning: String = password.reveal().chars().take(LONGEST_ESTIMATED).collect();
    let beginning = Zeroizing::new(beginning);
    let estimate = zxcvbn(&beginning, &words);
    if estimate.score() >= Score::Three {
        return Ok(());
    }
    let warning = estimate.feedback().and_then(Feedback::warning);
    Err(match warning {
        Some(warning) => format!("This is easy to guess. {warning}"),
        None => "This is easy to guess.".to_owned(),
    })
}

/// Whether little is left of the password without these words.
fn is_mostly(password: &str, words: &[&str]) -> bool {
    let mut words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let whole = password.to_lowercase();
    let rest = words
        .iter()
        .fold(whole.clone(), |rest, word| rest.replace(word, ""));
    let left = rest.chars().filter(|c| c.is_alphanumeric()).count();
    rest != whole && left < SHORTEST / 2
}

/// A PHC string.
///
/// # Errors
/// When the machine is out of memory or randomness.
pub async fn hash(password: Password) -> Result<String, Error> {
    let turn = turn().await?;
    block(move || {
        let _turn = turn;
        hash_now(&password)
    })
    .await
    .map_err(Error::internal)?
}

/// Whether the password is that of `hash`; `None` takes as long and is never right.
///
/// # Errors
/// When the work cannot be done at all.
pub async fn verify(password: Password, hash: Option<String>) -> Result<bool, Error> {
    let turn = turn().await?;
    block(move || {
        let _turn = turn;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let fits = Argon2::default().verify_password(password.reveal().as_bytes(), &*hash);
        known && fits.is_ok()
    })
    .await
    .map_err(Error::internal)
}

/// Whoever cannot be served soon is told so, and does not make the queue longer. A turn ends with the work,
/// which goes on when its client has gone.
async fn turn() -> Result<SemaphorePermit<'static>, Error> {
    match timeout(PATIENCE, TURNS.acquire()).await {
        Ok(turn) => turn.map_err(Error::internal),
        Err(_) => Err(Error::TooMany {
            retry_after_seconds: 5,
        }),
    }
}

fn hash_now(password: &Password) -> Result<String, Error> {
    Argon2::default()
        .hash_password(password.reveal().as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(password: &str) -> Result<(), String> {
        let context = ["ada@northwind.example", "Northwind", "Ada Lovell"];
        judge(&Password::new(password.to_owned()), &context)
    }

    #[test]
    fn a_few_unrelated_words_will_do() {
        for good in [
            "violet anchor drums mustard",
            "пять тёмных лун над озером",
            "q8v 2mz 0pd 7yt x1",
        ] {
            assert_eq!(judged(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn short_and_overlong_passwords_are_refused() {
        assert!(judged("k3!Vz9#qLp2@Xw").is_err(), "14 characters");
        assert!(judged("k3!Vz9#qLp2@XwR").is_ok(), "15 characters");
        assert!(
            judged(&"k3!Vz9#qLp2@XwR".repeat(18)).is_err(),
            "270 characters"
        );
    }

    #[test]
    fn common_passwords_are_refused_however_stretched() {
        for bad in [
            "passwordpassword",
            "123456789012345",
            "qwertyuiopasdfgh",
            "aaaaaaaaaaaaaaaaaaaa",
            "iloveyouiloveyou",
        ] {
            assert!(judged(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_like_the_email_or_organisation_is_refused() {
        for bad in [
            "ada@northwind.example",
            "Ada@Northwind.Example1",
            "northwindnorthwind",
            "Ada Lovell Northwind",
            "tokendesktokendesk",
        ] {
            assert!(judged(bad).is_err(), "{bad}");
        }
    }

    #[actix_web::test]
    async fn a_hash_fits_its_password_only() {
        let password = || Password::new("violet anchor drums".to_owned());
        let hash = hash(password()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(password(), Some(hash.clone())).await.unwrap());
        let other = Password::new("violet anchor drum".to_owned());
        assert!(!verify(other, Some(hash)).await.unwrap());
        assert!(!verify(password(), None).await.unwrap());
    }
}
