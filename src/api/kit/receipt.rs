//! Where a change is in effect that takes access away.

use std::fmt;

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::fleet::{Fleet, Outcome};
use crate::web::Answer;

/// The change is in effect on every instance, and this is how that is known.
#[derive(Serialize, ToSchema)]
pub struct Receipt {
    /// In words.
    summary: String,
    /// The instances that answered from memory when the change was made.
    instances: Vec<Instance>,
    /// How long it took until all of them had stopped doing so, in milliseconds.
    took_ms: u64,
}

#[derive(Serialize, ToSchema)]
struct Instance {
    name: String,
    /// `heard`: it said that it knows. `ran_out`: it did not answer, and had to stop by itself.
    #[schema(value_type = OutcomeName)]
    outcome: &'static str,
}

/// Only for the document.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "its names are all that is used of it")]
enum OutcomeName {
    Heard,
    RanOut,
}

impl Receipt {
    /// Waits for it. Nothing of the database may be held meanwhile.
    pub async fn wait(fleet: &Fleet) -> Self {
        match fleet.receipt().await {
            Ok(receipt) => Self {
                summary: receipt.to_string(),
                took_ms: u64::try_from(receipt.took.as_millis()).unwrap_or(u64::MAX),
                instances: receipt.instances.into_iter().map(Instance::from).collect(),
            },
            Err(error) => Self {
                summary: fleet.without_receipt(&error),
                instances: Vec::new(),
                took_ms: 0,
            },
        }
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary)
    }
}

impl From<crate::fleet::Told> for Instance {
    fn from(told: crate::fleet::Told) -> Self {
        Self {
            name: told.name,
            outcome: match told.outcome {
                Outcome::Heard => "heard",
                Outcome::RanOut => "ran_out",
            },
        }
    }
}

/// What is said of something that is gone or stopped.
#[derive(Serialize, ToSchema)]
pub struct Taken {
    pub receipt: Receipt,
}

impl Taken {
    /// # Errors
    /// None.
    pub async fn answer(fleet: &Fleet) -> Answer {
        let receipt = Receipt::wait(fleet).await;
        Ok(HttpResponse::Ok().json(Self { receipt }))
    }
}
