//! Whoever runs commands on the machine.

use super::{Actor, OrganizationId, Overseer};

/// An operator at one organisation: they may see and change everything in its database. Only
/// commands make one.
#[derive(Clone, Copy, Debug)]
pub struct Operator(OrganizationId);

impl Operator {
    #[must_use]
    pub fn at(organization: OrganizationId) -> Self {
        Self(organization)
    }

    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::command_line(self.0)
    }
}

impl Overseer for Operator {
    fn overseen(&self) -> OrganizationId {
        self.0
    }
}
