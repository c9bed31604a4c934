//! What the people of the demo did, by the same queries as the pages use: so the journal tells
//! the very story that the tokens went through.

use chrono::{DateTime, Datelike, SubsecRound, TimeDelta, Utc, Weekday};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::cast::{
    ADA, AGE, By, Event, JUN, MEI, ORGANIZATION, PRODUCTS, Part, Person, TEAMS, Team,
};
use crate::access::{Actor, OrganizationId, Role, UserId};
use crate::catalogue::{Product, create_product};
use crate::db::Connection;
use crate::identity::queries::{self as people, MemberError, NewUser};
use crate::identity::{Email, PersonName, password};
use crate::members::groups::queries::{self as groups, NewGroup};
use crate::members::groups::{GroupName, Keeper};
use crate::secret::{Password, Plaintext};
use crate::tokens::draft::NewToken;
use crate::tokens::{Key, Name, Ranges, TokenId, queries};
use crate::web::Error;

/// The organisation, before there are tokens.
pub struct Stage {
    pub ada: Actor,
    pub jun: Actor,
    mei: Actor,
    pub products: Vec<Product>,
}

/// A token that has been through its story.
pub struct Played {
    pub id: TokenId,
    pub part: &'static Part,
    pub created_at: DateTime<Utc>,
    /// When each of its events was.
    pub events: Vec<DateTime<Utc>>,
}

/// Founds the organisation, and lets its people join. All have the same password.
pub async fn set(
    connection: &mut Connection,
    password: &Plaintext,
    now: DateTime<Utc>,
) -> Result<Stage, Error> {
    let at = |days: i64| working_time(now - TimeDelta::days(days), 9 * 60);
    let (email, name) = identity_of(&ADA)?;
    let administrator = new_user(&email, &name, password).await?;
    let organization = PersonName::parse(ORGANIZATION).map_err(Error::internal)?;
    let (organization, ada) = people::found(connection, &organization, administrator, at(AGE))
        .await?
        .ok_or(Error::Conflict(
            "Somebody else set up an organisation meanwhile.",
        ))?;
    let ada = Actor::administrator(organization, ada, ADA.name);
    join(connection, &ada, &JUN, Role::Admin, password, at(AGE - 1)).await?;
    join(connection, &ada, &MEI, Role::Member, password, at(AGE - 20)).await?;
    let mut products = Vec::new();
    for (key, days) in PRODUCTS.iter().zip([AGE - 30, AGE - 200]) {
        products.push(create_product(connection, &ada, key.0, key.1, at(days)).await?);
    }
    let stage = Stage {
        jun: joined(connection, &ada, &JUN, Actor::administrator).await?,
        mei: joined(connection, &ada, &MEI, Actor::member).await?,
        ada,
        products,
    };
    for (team, days) in TEAMS.iter().zip([AGE - 2, AGE - 60, AGE - 300]) {
        gather(connection, &stage, team, at(days)).await?;
    }
    Ok(stage)
}

async fn joined(
    connection: &mut Connection,
    by: &Actor,
    person: &Person,
    actor: fn(OrganizationId, UserId, &str) -> Actor,
) -> Result<Actor, Error> {
    let (email, name) = identity_of(person)?;
    let user = people::credentials(connection, &email).await?;
    let (user, _) = user.ok_or_else(|| Error::internal("somebody did not join"))?;
    Ok(actor(by.organization(), user, name.as_str()))
}

async fn gather(
    connection: &mut Connection,
    stage: &Stage,
    team: &Team,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let new = NewGroup {
        name: GroupName::parse(team.name).map_err(Error::internal)?,
        role: team.role,
        external_id: None,
    };
    let group = groups::create(connection, &stage.ada, Keeper::Administrators, &new, at).await?;
    let members = team.members.iter();
    let members: Vec<UserId> = members.filter_map(|by| stage.actor(*by).user()).collect();
    groups::add_members(
        connection,
        &stage.ada,
        Keeper::Administrators,
        group.id,
        &members,
        at,
    )
    .await?;
    Ok(())
}

async fn join(
    connection: &mut Connection,
    by: &Actor,
    person: &Person,
    role: Role,
    password: &Plaintext,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let (email, name) = identity_of(person)?;
    let user = new_user(&email, &name, password).await?;
    match people::add_member(connection, by, user, role, at).await {
        Ok(_) => Ok(()),
        Err(MemberError::AlreadyMember) => Err(Error::Conflict("They are a member already.")),
        Err(MemberError::Query(error)) => Err(error.into()),
    }
}

fn identity_of(person: &Person) -> Result<(Email, PersonName), Error> {
    let email = Email::parse(person.email).map_err(Error::internal)?;
    let name = PersonName::parse(person.name).map_err(Error::internal)?;
    Ok((email, name))
}

async fn new_user<'a>(
    email: &'a Email,
    name: &'a PersonName,
    password: &Plaintext,
) -> Result<NewUser<'a>, Error> {
    let password = Password::new(password.reveal().to_owned());
    Ok(NewUser {
        email,
        name,
        password_hash: Some(password::hash(password).await?),
    })
}

/// Creates the tokens and lets happen to them what did.
pub async fn play(
    connection: &mut Connection,
    stage: &Stage,
    parts: impl Iterator<Item = &'static Part>,
    now: DateTime<Utc>,
) -> Result<Vec<Played>, Error> {
    let mut rng = StdRng::seed_from_u64(1);
    let mut at = |days: i64| {
        let minute = rng.random_range(8 * 60..18 * 60);
        working_time(now - TimeDelta::days(days), minute).min(now - TimeDelta::hours(3))
    };
    let mut played = Vec::new();
    for part in parts {
        let created_at = at(part.born);
        let token = Played {
            id: create(connection, stage, part, created_at, now).await?,
            part,
            created_at,
            events: part.events.iter().map(|event| at(event.0)).collect(),
        };
        live(connection, stage, &token, now).await?;
        played.push(token);
    }
    Ok(played)
}

async fn create(
    connection: &mut Connection,
    stage: &Stage,
    part: &Part,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<TokenId, Error> {
    let mut new = part.played_out(stage, now)?;
    // What an event changed was otherwise before.
    for (_, _, event) in part.events {
        match event {
            Event::Narrowed(before) => new.ranges = ranges(before)?,
            Event::Renamed(before) => new.name = Name::parse(before).map_err(Error::internal)?,
            Event::Rotated(_) | Event::Changed(_) => {}
        }
    }
    let actor = stage.actor(part.by);
    let (token, _) = if part.is_mcp {
        queries::create_mcp(connection, actor, &new, at).await?
    } else {
        queries::create(connection, actor, &new, at).await?
    };
    Ok(token.id)
}

/// Every event makes another version of the token, of which the first is 1.
async fn live(
    connection: &mut Connection,
    stage: &Stage,
    token: &Played,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let events = token.part.events.iter().zip(&token.events);
    for (version, ((_, by, event), at)) in (1..).zip(events) {
        let (actor, id) = (stage.actor(*by), token.id);
        match event {
            Event::Narrowed(_) | Event::Renamed(_) => {
                let new = token.part.played_out(stage, now)?;
                queries::edit(connection, actor, id.into(), version, &new, *at).await?;
            }
            Event::Rotated(overlap) => {
                queries::rotate(connection, actor, id.into(), version, *overlap, *at).await?;
            }
            Event::Changed(transition) => {
                queries::apply(connection, actor, Key::from(id), *transition, *at).await?;
            }
        }
    }
    Ok(())
}

fn ranges(texts: &[&str]) -> Result<Ranges, Error> {
    Ranges::parse(&texts.join(" ")).map_err(|errors| Error::internal(errors.join(" ")))
}

impl Stage {
    fn actor(&self, by: By) -> &Actor {
        match by {
            By::Ada => &self.ada,
            By::Jun => &self.jun,
            By::Mei => &self.mei,
        }
    }
}

impl Part {
    pub fn expires_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        Some(now.trunc_subsecs(0) + TimeDelta::days(self.expires?) + TimeDelta::hours(2))
    }

    /// The token after all of its events.
    fn played_out(&self, stage: &Stage, now: DateTime<Utc>) -> Result<NewToken, Error> {
        let mut products = stage.products.iter();
        Ok(NewToken {
            name: Name::parse(self.name).map_err(Error::internal)?,
            scopes: self.scopes,
            product: products
                .find(|product| Some(&*product.key) == self.product)
                .cloned(),
            expires_at: self.expires_at(now),
            ranges: ranges(self.ranges)?,
        })
    }
}

/// That minute of the day, or of the Friday before a weekend.
fn working_time(day: DateTime<Utc>, minute: i64) -> DateTime<Utc> {
    let back = match day.weekday() {
        Weekday::Sat => 1,
        Weekday::Sun => 2,
        _ => 0,
    };
    let midnight = (day - TimeDelta::days(back))
        .date_naive()
        .and_time(chrono::NaiveTime::MIN);
    midnight.and_utc() + TimeDelta::minutes(minute)
}
