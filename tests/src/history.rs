//! What was asked when and what came of it, and whether a revoked token was good for too long.

use std::{
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// One of the sessions that a history tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionNumber(usize);

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered as its own user's.
    Accepted,
    /// It was answered as somebody else's: never right.
    Foreign,
    /// Its token was refused as revoked.
    Refused,
    /// Nobody could say whether its token is good.
    Unavailable,
    /// Nobody answered, because the connection broke.
    Broken,
    /// Anything else: never right.
    Odd(Box<str>),
}

#[derive(Clone, Debug)]
struct Call {
    session: SessionNumber,
    sent: Instant,
    answered: Instant,
    outcome: Outcome,
}

/// How a session ends.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    /// When its end was first asked for. From then on it may have ended.
    asked: Option<Instant>,
    /// When the first answer arrived that says that it has ended.
    acknowledged: Option<Instant>,
}

#[derive(Debug, Default)]
struct Log {
    sessions: Vec<End>,
    calls: Vec<Call>,
}

/// All that was asked and answered, in order of the answers. Several tasks may write it.
#[derive(Debug, Default)]
pub struct History(Mutex<Log>);

/// Something that must not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A call was accepted although it was sent so long after its session was known to have ended.
    AcceptedTooLate(SessionNumber, Duration),
    /// A call was refused, and answered before anybody asked for the end of its session.
    RefusedWithoutCause(SessionNumber),
    /// A call was answered as somebody else's.
    Foreign(SessionNumber),
    /// An answer that there is no reason for.
    Odd(SessionNumber, Box<str>),
}

/// How often what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that were accepted.
    pub accepted: usize,
    /// Calls that were refused.
    pub refused: usize,
    /// Among them, those that were sent so late that they had to be.
    pub had_to_be_refused: usize,
    /// Calls that nobody could decide.
    pub unavailable: usize,
    /// Calls whose connection broke.
    pub broken: usize,
    /// Sessions whose end was acknowledged.
    pub revoked: usize,
    /// How long after the acknowledgement of its session's end the latest call was sent that was accepted.
    pub worst: Option<Duration>,
}

impl Tally {
    /// The calls that were decided.
    pub fn decided(&self) -> usize {
        self.accepted + self.refused
    }
}

impl History {
    /// A session has begun.
    pub fn begin(&self) -> SessionNumber {
        let mut log = self.log();
        log.sessions.push(End::default());
        SessionNumber(log.sessions.len() - 1)
    }

    /// The end of a session is about to be asked for.
    pub fn asked(&self, session: SessionNumber, at: Instant) {
        self.log().sessions[session.0].asked.get_or_insert(at);
    }

    /// The answer has arrived that the session has ended.
    pub fn acknowledged(&self, session: SessionNumber, at: Instant) {
        self.log().sessions[session.0].acknowledged.get_or_insert(at);
    }

    /// A call was made: `sent` was taken before it was sent, `answered` after its answer arrived.
    pub fn called(&self, session: SessionNumber, sent: Instant, answered: Instant, outcome: Outcome) {
        self.log().calls.push(Call { session, sent, answered, outcome });
    }

    /// What must not happen, if a token may be accepted for `bound` after its session's end was acknowledged.
    pub fn violations(&self, bound: Duration) -> Vec<Violation> {
        let log = self.log();
        log.calls.iter().filter_map(|call| call.violation(log.sessions[call.session.0], bound)).collect()
    }

    /// What happened to calls that were sent in this time, and the ends that were acknowledged in it.
    pub fn tally(&self, time: Range<Instant>, bound: Duration) -> Tally {
        let log = self.log();
        let mut tally = Tally::default();
        for call in log.calls.iter().filter(|call| time.contains(&call.sent)) {
            let late = call.after_acknowledgement(log.sessions[call.session.0]);
            match call.outcome {
                Outcome::Accepted => {
                    tally.accepted += 1;
                    tally.worst = tally.worst.max(late);
                }
                Outcome::Refused => {
                    tally.refused += 1;
                    tally.had_to_be_refused += usize::from(late.is_some_and(|late| late > bound));
                }
                Outcome::Unavailable => tally.unavailable += 1,
                Outcome::Broken => tally.broken += 1,
                Outcome::Foreign | Outcome::Odd(_) => {}
            }
        }
        let ended = log.sessions.iter().filter_map(|end| end.acknowledged);
        tally.revoked = ended.filter(|at| time.contains(at)).count();
        tally
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call {
    /// How long after the acknowledgement of its session's end it was sent, if after it.
    fn after_acknowledgement(&self, end: End) -> Option<Duration> {
        self.sent.checked_duration_since(end.acknowledged?)
    }

    fn violation(&self, end: End, bound: Duration) -> Option<Violation> {
        match &self.outcome {
            Outcome::Accepted => {
                let late = self.after_acknowledgement(end).filter(|late| *late > bound)?;
                Some(Violation::AcceptedTooLate(self.session, late))
            }
            Outcome::Refused => {
                let without_cause = end.asked.is_none_or(|asked| self.answered < asked);
                without_cause.then_some(Violation::RefusedWithoutCause(self.session))
            }
            Outcome::Unavailable | Outcome::Broken => None,
            Outcome::Foreign => Some(Violation::Foreign(self.session)),
            Outcome::Odd(what) => Some(Violation::Odd(self.session, what.clone())),
        }
    }
}

#[cfg(test)]
mod tests;
