//! Who may make administrators. An administrator can create any token, and so whoever makes one
//! gives full access, from anywhere and for ever. A token gives nothing beyond its own: see
//! [`Ceiling`](crate::tokens::ceiling::Ceiling).

use diesel::result::Error as QueryError;

use crate::access::Actor;
use crate::catalogue::{Scope, ScopeSet};
use crate::db::Connection;
use crate::tokens::Ranges;
use crate::tokens::ceiling::{Excess, Gift};
use crate::tokens::queries::excess;
use crate::web::Error;
use crate::web::error::Mistake;

/// What an administrator has beyond the token that would make one.
#[derive(Debug)]
pub struct Beyond(Vec<Excess>);

impl From<Beyond> for Error {
    fn from(Beyond(excess): Beyond) -> Self {
        let why = |excess| match excess {
            Excess::Scope(_) => "has not the scope all",
            Excess::Product => "is linked to a product",
            Excess::Ranges => "is bound to ranges",
            Excess::Lifetime => "expires",
        };
        let why: Vec<&str> = excess.into_iter().map(why).collect();
        let detail = format!(
            "An administrator can do everything, from anywhere and for ever. The token that you use \
             {}, and so makes nobody one.",
            why.join(", ")
        );
        Self::Beyond(vec![Mistake::new("role", detail)])
    }
}

/// Fails where the actor may make nobody an administrator. To be called in the transaction of the
/// change.
pub async fn may_appoint<E>(connection: &mut Connection, actor: &Actor) -> Result<(), E>
where
    E: From<Beyond> + From<QueryError>,
{
    let full_access = Gift {
        scopes: ScopeSet::of(&[Scope::All]),
        product: None,
        ranges: &Ranges::default(),
        expires_at: None,
    };
    match excess(connection, actor, None, full_access, None).await? {
        excess if excess.is_empty() => Ok(()),
        excess => Err(Beyond(excess).into()),
    }
}
