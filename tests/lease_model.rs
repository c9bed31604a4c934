//! The rules of lease, feed and memory as a model: every order in which things can happen, for
//! two changes, two renewals, and answers on their way at any moment. And the same with one rule
//! broken, to see that the model notices.

use std::collections::VecDeque;

use stateright::{Checker, Model, Property};

/// How long a lease is here and in the database, in ticks of a clock that all share.
const LOCAL: u8 = 2;
const DATABASE: u8 = 3;
const LONGEST: u8 = 7;
/// What there is to know: a token is good until its first change, and another thing after each.
const CHANGES: u8 = 2;
const RENEWALS: u8 = 2;
const QUERIES: u8 = 2;

/// A rule that is left out.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Broken {
    Nothing,
    /// What is remembered is used whether the lease runs or not.
    Lease,
    /// A renewal counts when it is answered, not when it was heard.
    RenewalUnheard,
    /// The lease runs from when the renewal was heard, not from when it was sent.
    RenewalFromItsEnd,
    /// An answer on its way is kept although it was forgotten.
    Fill,
    /// What was remembered is kept when the connection is made again.
    Reconnection,
    /// What is said after the connection was made again is heard before all is forgotten.
    EarlyEar,
    /// The receipt does not wait for the lease of who does not answer.
    Receipt,
}

struct Rules(Broken);

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Said {
    Changed,
    Barrier(u8),
    Renewed { number: u8, sent: u8 },
}

/// An answer on its way: what the database said, and whether its place is still held.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Load {
    version: Option<u8>,
    held: bool,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct World {
    now: u8,
    // The database.
    version: u8,
    lease_until: u8,
    /// What is said, in the order of the commits, that the instance has not heard yet; `None`
    /// while there is no connection.
    feed: Option<VecDeque<Said>>,
    // The instance.
    /// It listens again, and has not forgotten yet what it knew before.
    waking: bool,
    remembered: Option<u8>,
    load: Option<Load>,
    queries: u8,
    lease_here: u8,
    renewals: u8,
    /// Sent and not committed yet: its number and when.
    renewing: Option<(u8, u8)>,
    cuts: u8,
    // Whoever changes something, and what they were told.
    waiting: Option<Waiting>,
    in_effect: u8,
    // Ever?
    stale: bool,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Waiting {
    version: u8,
    /// The lease as it was read, if it ran.
    lease_until: Option<u8>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Step {
    Tick,
    Change,
    AskWhoHasALease,
    GiveUpOnLease,
    SendRenewal,
    CommitRenewal,
    Hear,
    Cut,
    Reconnect,
    Wake,
    Load,
    Read,
    Fill,
    Answer,
}

impl World {
    fn leased_here(&self) -> bool {
        self.now < self.lease_here
    }

    fn say(&mut self, said: Said) {
        if let Some(feed) = &mut self.feed {
            feed.push_back(said);
        }
    }

    fn forget(&mut self) {
        self.remembered = None;
        if let Some(load) = &mut self.load {
            load.held = false;
        }
    }
}

impl World {
    fn hear(&mut self, said: Said, broken: Broken) {
        match said {
            Said::Changed => {
                if broken == Broken::Fill {
                    self.remembered = None;
                } else {
                    self.forget();
                }
            }
            Said::Barrier(version) => {
                if self.waiting.as_ref().is_some_and(|w| w.version == version) {
                    self.in_effect = version;
                    self.waiting = None;
                }
            }
            Said::Renewed { number, sent } => {
                // Those of an earlier connection have another number.
                if number == self.renewals && broken != Broken::RenewalUnheard {
                    let from = if broken == Broken::RenewalFromItsEnd {
                        self.now + DATABASE - LOCAL
                    } else {
                        sent
                    };
                    self.lease_here = self.lease_here.max(from + LOCAL);
                }
            }
        }
    }
}

impl Model for Rules {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            now: 0,
            version: 0,
            lease_until: 0,
            feed: Some(VecDeque::new()),
            waking: false,
            remembered: None,
            load: None,
            queries: 0,
            lease_here: 0,
            renewals: 0,
            renewing: None,
            cuts: 0,
            waiting: None,
            in_effect: 0,
            stale: false,
        }]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        let connected = world.feed.is_some();
        let possible = [
            (world.now < LONGEST, Step::Tick),
            (
                world.version < CHANGES && world.waiting.is_none(),
                Step::Change,
            ),
            (
                world
                    .waiting
                    .as_ref()
                    .is_some_and(|waiting| waiting.lease_until.is_none()),
                Step::AskWhoHasALease,
            ),
            (
                world
                    .waiting
                    .as_ref()
                    .is_some_and(|waiting| waiting.lease_until.is_some()),
                Step::GiveUpOnLease,
            ),
            (
                connected && world.renewing.is_none() && world.renewals < RENEWALS,
                Step::SendRenewal,
            ),
            (connected && world.renewing.is_some(), Step::CommitRenewal),
            (
                (!world.waking || self.0 == Broken::EarlyEar)
                    && world.feed.as_ref().is_some_and(|feed| !feed.is_empty()),
                Step::Hear,
            ),
            (connected && world.cuts == 0, Step::Cut),
            (!connected, Step::Reconnect),
            (world.waking, Step::Wake),
            (
                world.load.is_none() && world.queries < QUERIES && world.leased_here(),
                Step::Load,
            ),
            (
                world
                    .load
                    .as_ref()
                    .is_some_and(|load| load.version.is_none()),
                Step::Read,
            ),
            (
                world
                    .load
                    .as_ref()
                    .is_some_and(|load| load.version.is_some()),
                Step::Fill,
            ),
            (world.remembered.is_some(), Step::Answer),
        ];
        steps.extend(
            possible
                .into_iter()
                .filter_map(|(can, step)| can.then_some(step)),
        );
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        let broken = self.0;
        let mut next = world.clone();
        match step {
            Step::Tick => next.now += 1,
            Step::Change => {
                next.version += 1;
                next.say(Said::Changed);
                next.waiting = Some(Waiting {
                    version: next.version,
                    lease_until: None,
                });
            }
            // The barrier is said after the commit, and then the leases are read.
            Step::AskWhoHasALease => {
                let waiting = next.waiting.clone()?;
                next.say(Said::Barrier(waiting.version));
                if next.lease_until > next.now {
                    next.waiting = Some(Waiting {
                        lease_until: Some(next.lease_until),
                        ..waiting
                    });
                } else {
                    next.in_effect = waiting.version;
                    next.waiting = None;
                }
            }
            // As it was read: had it been renewed since, the change would have been heard first.
            Step::GiveUpOnLease => {
                let waiting = next.waiting.take()?;
                if waiting.lease_until? > next.now && broken != Broken::Receipt {
                    return None;
                }
                next.in_effect = waiting.version;
            }
            Step::SendRenewal => {
                next.renewals += 1;
                next.renewing = Some((next.renewals, next.now));
            }
            Step::CommitRenewal => {
                let (number, sent) = next.renewing.take()?;
                next.lease_until = next.now + DATABASE;
                next.say(Said::Renewed { number, sent });
                if broken == Broken::RenewalUnheard {
                    next.lease_here = next.lease_here.max(sent + LOCAL);
                }
            }
            Step::Hear => {
                let said = next.feed.as_mut()?.pop_front()?;
                next.hear(said, broken);
            }
            // What was sent may yet be committed, or not.
            Step::Cut => {
                next.cuts += 1;
                next.feed = None;
                next.waking = false;
                if let Some((_, _)) = next.renewing.take() {
                    next.lease_until = next.lease_until.max(next.now + DATABASE);
                }
            }
            Step::Reconnect => {
                next.feed = Some(VecDeque::new());
                next.waking = true;
            }
            Step::Wake => {
                next.waking = false;
                if broken != Broken::Reconnection {
                    next.forget();
                }
            }
            Step::Load => {
                next.queries += 1;
                next.load = Some(Load {
                    version: None,
                    held: true,
                });
            }
            Step::Read => next.load.as_mut()?.version = Some(next.version),
            Step::Fill => {
                let load = next.load.take()?;
                if load.held {
                    next.remembered = load.version;
                }
            }
            Step::Answer => {
                if !(next.leased_here() || broken == Broken::Lease) {
                    return None;
                }
                next.stale = next.remembered? < next.in_effect;
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing that is over is answered", |_, world: &World| {
                !world.stale
            }),
            Property::sometimes("memory answers after a change", |_, world: &World| {
                world.leased_here() && world.remembered == Some(1) && world.in_effect == 1
            }),
            Property::sometimes("a receipt does without an answer", |_, world: &World| {
                world.feed.is_none() && world.in_effect == 1
            }),
        ]
    }
}

#[test]
fn no_order_of_events_has_memory_answer_what_is_over() {
    let checker = Rules(Broken::Nothing)
        .checker()
        .threads(2)
        .spawn_bfs()
        .join();
    checker.assert_properties();
    assert!(checker.unique_state_count() > 10_000);
}

#[test]
fn with_any_rule_left_out_some_order_does() {
    for broken in [
        Broken::Lease,
        Broken::RenewalUnheard,
        Broken::RenewalFromItsEnd,
        Broken::Fill,
        Broken::Reconnection,
        Broken::EarlyEar,
        Broken::Receipt,
    ] {
        let checker = Rules(broken).checker().threads(2).spawn_bfs().join();
        let found = checker.discovery("nothing that is over is answered");
        assert!(found.is_some(), "{broken:?} is not noticed");
    }
}
