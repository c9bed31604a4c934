//! What makes our own types columns, so that no feature has to know how.

/// A newtype over a `UUIDv7`, for the ID of one kind of thing.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[serde(transparent)]
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new ID, in the order of `now`.
            #[must_use]
            pub fn new(now: chrono::DateTime<chrono::Utc>) -> Self {
                Self($crate::db::types::uuid_v7(now))
            }

            /// Not after any ID of this millisecond or later, and after all earlier ones.
            #[must_use]
            pub fn first(at: chrono::DateTime<chrono::Utc>) -> Self {
                Self($crate::db::types::first_uuid_v7(at))
            }

            #[must_use]
            pub const fn uuid(self) -> uuid::Uuid {
                self.0
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(uuid: uuid::Uuid) -> Self {
                Self(uuid)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Uuid, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                <uuid::Uuid as diesel::serialize::ToSql<diesel::sql_types::Uuid, diesel::pg::Pg>>::to_sql(
                    &self.0, out,
                )
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Uuid, diesel::pg::Pg> for $name {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                <uuid::Uuid as diesel::deserialize::FromSql<diesel::sql_types::Uuid, diesel::pg::Pg>>::from_sql(bytes)
                    .map(Self)
            }
        }
    };
}

/// An enum that is stored, sent and written in URLs by its variants' names.
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name that is stored.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl $crate::db::types::Named for $name {
            const VARIANTS: &'static [Self] = Self::ALL;
            const TYPE: &'static str = stringify!($name);

            fn name(self) -> &'static str {
                self.as_str()
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::db::types::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                match name {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::db::types::UnknownName(&[$($text),+])),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg>>::to_sql(
                    self.as_str(), out,
                )
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                let name = <String as diesel::deserialize::FromSql<
                    diesel::sql_types::Text,
                    diesel::pg::Pg,
                >>::from_sql(bytes)?;
                Ok(name.parse()?)
            }
        }
    };
}

/// An enum that [`text_enum`] made.
pub trait Named: Copy + std::str::FromStr + 'static {
    const VARIANTS: &'static [Self];
    /// The enum's own name.
    const TYPE: &'static str;

    fn name(self) -> &'static str;
}

/// What names no variant of an enum.
#[derive(Debug, thiserror::Error)]
#[error("use one of {}", .0.join(", "))]
pub struct UnknownName(pub &'static [&'static str]);

pub(crate) use {id, text_enum};

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use uuid::{Timestamp, Uuid};

/// A `UUIDv7` (RFC 9562) of the instant `now`: its microsecond, and then the order in which this
/// process asked. One for the past sorts into the past.
#[must_use]
pub fn uuid_v7(now: DateTime<Utc>) -> Uuid {
    static ASKED: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(rand::random::<u32>() / 2));
    let asked = ASKED.fetch_add(1, Ordering::Relaxed);
    let microsecond = now.timestamp_subsec_micros() % 1000;
    let counter = u128::from(microsecond) << 32 | u128::from(asked);
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let nanoseconds = now.timestamp_subsec_nanos();
    Uuid::new_v7(Timestamp::from_unix_time(seconds, nanoseconds, counter, 42))
}

/// What every ID from the millisecond of `at` on is greater than.
#[must_use]
pub fn first_uuid_v7(at: DateTime<Utc>) -> Uuid {
    let milliseconds = u128::try_from(at.timestamp_millis()).unwrap_or_default();
    Uuid::from_u128(milliseconds << 80)
}

/// The millisecond of a `UUIDv7`.
#[must_use]
pub fn instant_of(id: Uuid) -> DateTime<Utc> {
    let milliseconds = i64::try_from(id.as_u128() >> 80).unwrap_or_default();
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn ids_are_in_the_order_of_time_and_then_of_asking() {
        let now: DateTime<Utc> = "2026-11-22T14:00:00.123456Z".parse().unwrap();
        let ids = [
            uuid_v7(now - TimeDelta::days(1)),
            uuid_v7(now - TimeDelta::microseconds(1)),
            uuid_v7(now),
            uuid_v7(now),
            uuid_v7(now + TimeDelta::microseconds(1)),
        ];
        assert!(ids.is_sorted() && ids[2] != ids[3], "{ids:#?}");
        assert_eq!(ids[0].get_version_num(), 7);
    }
}
