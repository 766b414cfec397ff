//! What can go wrong between a verifier and what it verifies with.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use xtask::process::Signal;

use crate::linked::{Linked, silence_doorbells};

/// How long most faults last: longer than a revoked token may be accepted.
const FAULT: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Everything is well.
    None,
    /// The first auth-service does nothing for a while (SIGSTOP).
    AuthStopped,
    /// task-service does nothing for a while, and calls wait in its sockets.
    VerifierStopped,
    /// task-service cannot reach any auth-service.
    LinksCut,
    /// All that task-service and the auth-services send each other arrives ten seconds later.
    LinksSlow,
    /// What the auth-services answer arrives four seconds later.
    AnswersLate,
    /// The links are a bit slow, and then nothing arrives any more.
    LinksSlowThenHeld,
    /// As before, and while nothing arrives the verifier stops: questions and echoes are on their way when it goes on.
    HeldThenVerifierStopped,
    /// The first auth-service is killed and started again.
    AuthKilled,
    /// The auth-services do not hear of what the other one has committed.
    DoorbellsDead,
    /// The second auth-service's link to its database delivers nothing, and then is cut.
    DatabaseLost,
}

impl Fault {
    pub(crate) const ON_ONE_AUTH_SERVICE: [Self; 9] = [
        Self::None,
        Self::AuthStopped,
        Self::VerifierStopped,
        Self::LinksCut,
        Self::LinksSlow,
        Self::AnswersLate,
        Self::LinksSlowThenHeld,
        Self::HeldThenVerifierStopped,
        Self::AuthKilled,
    ];
    pub(crate) const BETWEEN_TWO: [Self; 2] = [Self::DoorbellsDead, Self::DatabaseLost];

    /// Whether there are times at which nobody can answer task-service: then some calls must be unavailable.
    pub(crate) fn leaves_nobody(self, with_second: bool) -> bool {
        match self {
            Self::None | Self::VerifierStopped | Self::DoorbellsDead | Self::DatabaseLost => false,
            Self::AuthStopped | Self::AuthKilled => !with_second,
            Self::LinksCut
            | Self::LinksSlow
            | Self::AnswersLate
            | Self::LinksSlowThenHeld
            | Self::HeldThenVerifierStopped => true,
        }
    }

    /// Whether sessions can be ended while it lasts.
    pub(crate) fn leaves_revocations(self, with_second: bool) -> bool {
        with_second || !matches!(self, Self::AuthStopped | Self::AuthKilled)
    }

    /// Lets it happen, from its beginning to its end.
    pub(crate) async fn happen(self, linked: &mut Linked) {
        match self {
            Self::None => sleep(FAULT).await,
            Self::AuthStopped => {
                linked.pair.auth.signal(Signal::STOP);
                sleep(FAULT).await;
                linked.pair.auth.signal(Signal::CONT);
            }
            Self::VerifierStopped => stop_verifier(linked).await,
            Self::LinksCut => {
                for link in linked.links() {
                    link.cut().await;
                }
                sleep(FAULT).await;
                heal(linked).await;
            }
            Self::LinksSlow => {
                linked.links().for_each(|link| link.delay(2 * FAULT));
                sleep(2 * FAULT + Duration::from_secs(2)).await;
                heal(linked).await;
            }
            Self::AnswersLate => {
                linked.links().for_each(|link| link.delay_answers(Duration::from_secs(4)));
                sleep(2 * FAULT).await;
                heal(linked).await;
            }
            Self::LinksSlowThenHeld => {
                slow_then_hold(linked).await;
                sleep(FAULT).await;
                heal(linked).await;
            }
            Self::HeldThenVerifierStopped => {
                slow_then_hold(linked).await;
                sleep(Duration::from_secs(3)).await;
                linked.pair.task.signal(Signal::STOP);
                heal(linked).await;
                sleep(FAULT).await;
                linked.pair.task.signal(Signal::CONT);
            }
            Self::AuthKilled => {
                linked.pair.auth.kill();
                sleep(FAULT).await;
                linked.pair.auth.start().await;
            }
            Self::DoorbellsDead => {
                let (database, end) = (linked.auth_database().await, Instant::now() + FAULT);
                while Instant::now() < end {
                    silence_doorbells(&database).await;
                    sleep(Duration::from_millis(20)).await;
                }
            }
            Self::DatabaseLost => {
                let database = &linked.second().database;
                database.hold();
                sleep(FAULT).await;
                database.cut().await;
                sleep(FAULT / 2).await;
                database.heal().await;
            }
        }
    }
}

async fn stop_verifier(linked: &mut Linked) {
    linked.pair.task.signal(Signal::STOP);
    sleep(FAULT).await;
    linked.pair.task.signal(Signal::CONT);
}

/// Slow enough that much is on its way when nothing moves any more, and quick enough that it is no reason to give up.
async fn slow_then_hold(linked: &Linked) {
    linked.links().for_each(|link| link.delay(Duration::from_millis(700)));
    sleep(Duration::from_secs(4)).await;
    linked.links().for_each(|link| link.hold());
}

async fn heal(linked: &Linked) {
    for link in linked.links() {
        link.heal().await;
    }
}
