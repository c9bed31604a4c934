//! What the gate did, for Prometheus.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::tokens::Code;

/// In seconds: from an answer out of memory to one that waited for the database.
const BUCKETS: [f64; 12] = [
    0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.025, 0.1,
    1.0,
];

/// Clones count together.
#[derive(Clone)]
pub struct Metrics {
    decisions: Family<Labels, Counter>,
    /// Those of `decisions`, in the order of `Code::ALL`.
    by_code: Vec<Counter>,
    duration: Histogram,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Labels {
    code: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let decisions = Family::<Labels, Counter>::default();
        let counter = |code: &Code| {
            let labels = Labels {
                code: code.as_str(),
            };
            decisions.get_or_create(&labels).clone()
        };
        Self {
            by_code: Code::ALL.iter().map(counter).collect(),
            duration: Histogram::new(BUCKETS),
            decisions,
        }
    }
}

impl Metrics {
    pub fn decided(&self, code: Code, after: Duration) {
        self.by_code[code as usize].inc();
        self.duration.observe(after.as_secs_f64());
    }

    /// Nothing was looked up.
    pub fn refused(&self, code: Code) {
        self.by_code[code as usize].inc();
    }

    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "decisions",
            "Answers of the gate by their code",
            self.decisions.clone(),
        );
        registry.register_with_unit(
            "decision_duration",
            "How long the gate took to decide",
            Unit::Seconds,
            self.duration.clone(),
        );
    }
}
