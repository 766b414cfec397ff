//! Every order of events between a database, two replicas of auth-service and a verifier, within bounds: no call is
//! accepted when the acknowledgement of its token's revocation is as old as the bound.
//!
//! Messages of one stream keep their order and may take any time; a question and its answer travel beside it. Everybody
//! may stop for any time. A replica answers from memory if its last completed read began at most one unit ago. Time is
//! discrete. The verifier's lease is the shipped one; the checker is shown to find what goes wrong without each rule.

#[path = "../src/lease.rs"]
#[allow(dead_code, reason = "its tests run with the crate's own")]
mod lease;

use std::{
    collections::VecDeque,
    sync::LazyLock,
    time::{Duration, Instant},
};

use lease::Lease;
use stateright::{Checker, Model, Property};

/// In units of time.
const MAX_STALENESS: u8 = 3;
const REPLICA_LAG: u8 = 1;

/// How far the events are followed.
const END: u8 = 4;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn at(time: u8) -> tokio::time::Instant {
    (*START + units(time)).into()
}

fn units(time: u8) -> Duration {
    Duration::from_secs(time.into())
}

/// What the parties do; anything but `AsShipped` breaks one rule.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rules {
    AsShipped,
    FreshnessCountsFromTheEchosArrival,
    LateAnswersAreUsed,
    AReplicaAnswersFromMemoryHoweverOldItsReading,
    AReplicaEchoesWithoutReading,
    AReplicaEchoesBeforeItTells,
}

/// How much happens.
#[derive(Clone, Copy, Debug)]
struct Scene {
    rules: Rules,
    /// Whether the verifier has been told at the beginning that the token is good.
    remembers: bool,
    streams: u8,
    probes: u64,
    questions: u8,
}

impl Scene {
    /// Whether anything can still come of what a replica reads.
    fn matters(self, state: &State, replica: usize) -> bool {
        let followed = state.stream.as_ref().is_some_and(|stream| stream.replica == replica);
        followed || state.streams < self.streams || self.asks(state, replica)
    }

    fn asks(self, state: &State, replica: usize) -> bool {
        let asked = |question: &Question| question.replica == replica && question.answer.is_none();
        state.questions < self.questions || state.question.as_ref().is_some_and(asked)
    }

    /// Fewer states that are the same but for what nobody looks at again.
    fn without_what_makes_no_difference(self, mut state: State) -> State {
        for number in 0..state.replicas.len() {
            let (matters, asks) = (self.matters(&state, number), self.asks(&state, number));
            // Older than too old is no older.
            let oldest = if asks { state.now.saturating_sub(REPLICA_LAG + 1) } else { state.now };
            let replica = &mut state.replicas[number];
            replica.read = replica.read.filter(|_| asks).map(|began| began.max(oldest));
            replica.reading = replica.reading.map(|reading| Reading { began: reading.began.max(oldest), ..reading });
            if !matters {
                *replica = Replica::default();
            }
        }
        state
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    now: u8,
    /// When the revocation of the one token was acknowledged.
    revoked: Option<u8>,
    replicas: [Replica; 2],
    stream: Option<Stream>,
    streams: u8,
    question: Option<Question>,
    questions: u8,
    verifier: Verifier,
    /// Somebody was let in too late.
    accepted_late: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Replica {
    reading: Option<Reading>,
    /// When the last completed reading began.
    read: Option<u8>,
    knows: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Reading {
    began: u8,
    saw: bool,
    /// The newest probe that had arrived when it began.
    answers: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Stream {
    replica: usize,
    up: VecDeque<Up>,
    begun: bool,
    told: bool,
    probe: Option<u64>,
    down: VecDeque<Down>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Up {
    Start,
    Probe(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Down {
    Revocation,
    Echo(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Question {
    asked: u8,
    replica: usize,
    /// On its way back, with what the replica said.
    answer: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Verifier {
    lease: Lease,
    fresh_until: Option<tokio::time::Instant>,
    probes: u64,
    remembers: bool,
    knows: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    TimePasses,
    Revoke,
    BeginReading(usize),
    EndReading(usize),
    Follow(usize),
    Probe,
    ArriveUp,
    ArriveDown,
    Break,
    Ask(usize),
    Answer,
    HearAnswer,
}

impl State {
    fn is_late(&self) -> bool {
        self.revoked.is_some_and(|revoked| self.now - revoked >= MAX_STALENESS)
    }

    /// Whether another reading would change anything.
    fn would_learn(&self, replica: usize) -> bool {
        let waits = self.stream.as_ref().is_some_and(|stream| stream.replica == replica && stream.probe.is_some());
        let known = &self.replicas[replica];
        waits || known.read != Some(self.now) || (self.revoked.is_some() && !known.knows)
    }

    /// Whether a call that comes now is accepted from memory.
    fn accepts(&self) -> bool {
        let fresh = self.verifier.fresh_until.is_some_and(|until| at(self.now) < until);
        fresh && self.verifier.remembers && !self.verifier.knows
    }
}

impl Stream {
    fn to(replica: usize) -> Self {
        let up = VecDeque::from([Up::Start]);
        Self { replica, up, begun: false, told: false, probe: None, down: VecDeque::new() }
    }

    /// What a replica sends when it knows as much as it does, and may echo this probe.
    fn send(&mut self, knows: bool, echo: Option<u64>, rules: Rules) {
        let echo = echo.map(Down::Echo);
        let revocation = (self.begun && knows && !self.told).then_some(Down::Revocation);
        self.told |= revocation.is_some();
        match rules {
            Rules::AReplicaEchoesBeforeItTells => self.down.extend(echo.into_iter().chain(revocation)),
            _ => self.down.extend(revocation.into_iter().chain(echo)),
        }
    }
}

impl Model for Scene {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let lease = Lease::new(units(MAX_STALENESS));
        vec![State {
            now: 0,
            revoked: None,
            replicas: Default::default(),
            stream: None,
            streams: 0,
            question: None,
            questions: 0,
            verifier: Verifier { lease, fresh_until: None, probes: 0, remembers: self.remembers, knows: false },
            accepted_late: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let mut may = |possible: bool, action| actions.extend(possible.then_some(action));
        may(state.now < END, Action::TimePasses);
        may(state.revoked.is_none(), Action::Revoke);
        for (replica, known) in state.replicas.iter().enumerate() {
            let reads = known.reading.is_none() && self.matters(state, replica) && state.would_learn(replica);
            may(reads, Action::BeginReading(replica));
            may(known.reading.is_some(), Action::EndReading(replica));
            // Which of the two comes first makes no difference.
            let other = replica == 0 || state.streams > 0 || state.questions > 0;
            may(other && state.stream.is_none() && state.streams < self.streams, Action::Follow(replica));
            may(other && state.question.is_none() && state.questions < self.questions, Action::Ask(replica));
        }
        if let Some(stream) = &state.stream {
            may(state.verifier.probes < self.probes, Action::Probe);
            may(!stream.up.is_empty(), Action::ArriveUp);
            may(!stream.down.is_empty(), Action::ArriveDown);
            may(state.streams < self.streams, Action::Break);
        }
        if let Some(question) = &state.question {
            may(question.answer.is_none(), Action::Answer);
            may(question.answer.is_some(), Action::HearAnswer);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::TimePasses => next.now += 1,
            Action::Revoke => next.revoked = Some(next.now),
            Action::BeginReading(replica) => {
                let followed = next.stream.as_ref().filter(|stream| stream.replica == replica);
                let answers = followed.and_then(|stream| stream.probe);
                let reading = Reading { began: next.now, saw: next.revoked.is_some(), answers };
                next.replicas[replica].reading = Some(reading);
            }
            Action::EndReading(number) => {
                let replica = &mut next.replicas[number];
                let Reading { began, saw, answers } = replica.reading.take()?;
                replica.read = Some(began);
                replica.knows |= saw;
                if let Some(stream) = next.stream.as_mut().filter(|stream| stream.replica == number) {
                    let echo = answers.filter(|answered| stream.probe == Some(*answered));
                    stream.probe = if echo.is_some() { None } else { stream.probe };
                    stream.send(replica.knows, echo, self.rules);
                }
            }
            Action::Follow(replica) => {
                next.verifier.lease.begin_stream();
                next.stream = Some(Stream::to(replica));
                next.streams += 1;
            }
            Action::Break => next.stream = None,
            Action::Probe => {
                let id = next.verifier.probes;
                next.verifier.probes += 1;
                next.verifier.lease.sent(id, at(next.now));
                next.stream.as_mut()?.up.push_back(Up::Probe(id));
            }
            Action::ArriveUp => {
                let stream = next.stream.as_mut()?;
                let knows = next.replicas[stream.replica].knows;
                match stream.up.pop_front()? {
                    Up::Start => {
                        stream.begun = true;
                        stream.send(knows, None, self.rules);
                    }
                    Up::Probe(id) if self.rules == Rules::AReplicaEchoesWithoutReading => {
                        stream.send(knows, Some(id), self.rules);
                    }
                    Up::Probe(id) => stream.probe = Some(id),
                }
            }
            Action::ArriveDown => match next.stream.as_mut()?.down.pop_front()? {
                Down::Revocation => next.verifier.knows = true,
                Down::Echo(id) => {
                    let until = next.verifier.lease.echoed(id);
                    next.verifier.fresh_until = match self.rules {
                        Rules::FreshnessCountsFromTheEchosArrival => Some(at(next.now + MAX_STALENESS)),
                        _ => next.verifier.fresh_until.max(until),
                    };
                }
            },
            Action::Ask(replica) => {
                next.question = Some(Question { asked: next.now, replica, answer: None });
                next.questions += 1;
            }
            Action::Answer => {
                let question = next.question.as_mut()?;
                let replica = &next.replicas[question.replica];
                let recent = replica.read.is_some_and(|began| next.now - began <= REPLICA_LAG);
                let from_memory = match self.rules {
                    Rules::AReplicaAnswersFromMemoryHoweverOldItsReading => replica.read.is_some(),
                    _ => recent,
                };
                // Otherwise it asks the database.
                question.answer = Some(if from_memory { !replica.knows } else { next.revoked.is_none() });
            }
            Action::HearAnswer => {
                let Question { asked, answer, .. } = next.question.take()?;
                let in_time = next.now - asked < MAX_STALENESS - REPLICA_LAG || self.rules == Rules::LateAnswersAreUsed;
                if in_time && answer? {
                    next.verifier.remembers = true;
                    next.accepted_late |= !next.verifier.knows && next.is_late();
                }
            }
        }
        Some(self.without_what_makes_no_difference(next))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(SAFE, |_, state: &State| !(state.accepted_late || state.accepts() && state.is_late())),
            Property::sometimes(ACCEPTED, |_, state: &State| state.accepts() && state.revoked.is_some()),
        ]
    }

    /// Once the verifier knows of the revocation, nothing is accepted any more.
    fn within_boundary(&self, state: &State) -> bool {
        !state.verifier.knows
    }
}

const SAFE: &str = "nothing is accepted when the bound is over";
const ACCEPTED: &str = "a revoked token is accepted within the bound";

/// Two streams, one after the other, to any of the replicas.
const FOLLOWING: Scene = Scene { rules: Rules::AsShipped, remembers: true, streams: 2, probes: 2, questions: 0 };
/// Questions, one after the other.
const ASKING: Scene = Scene { rules: Rules::AsShipped, remembers: false, streams: 0, probes: 0, questions: 2 };
/// Both at once.
const BOTH: Scene = Scene { rules: Rules::AsShipped, remembers: false, streams: 1, probes: 1, questions: 1 };

#[test]
fn within_the_rules_nothing_is_accepted_when_the_bound_is_over() {
    for scene in [FOLLOWING, ASKING, BOTH] {
        let checker = scene.checker().threads(2).spawn_bfs().join();
        assert!(checker.is_done() && checker.discovery(SAFE).is_none(), "{scene:?}");
        assert_eq!(checker.discovery(ACCEPTED).is_some(), scene.streams > 0, "{scene:?}: the model has become trivial");
    }
}

#[test]
fn without_one_of_the_rules_the_checker_finds_how_it_goes_wrong() {
    for (scene, rules) in [
        (FOLLOWING, Rules::FreshnessCountsFromTheEchosArrival),
        (FOLLOWING, Rules::AReplicaEchoesWithoutReading),
        (FOLLOWING, Rules::AReplicaEchoesBeforeItTells),
        (ASKING, Rules::LateAnswersAreUsed),
        (ASKING, Rules::AReplicaAnswersFromMemoryHoweverOldItsReading),
        (BOTH, Rules::FreshnessCountsFromTheEchosArrival),
        (BOTH, Rules::LateAnswersAreUsed),
    ] {
        let checker = Scene { rules, ..scene }.checker().threads(2).spawn_bfs().join();
        assert!(checker.discovery(SAFE).is_some(), "{rules:?} goes unnoticed");
    }
}
