//! What can go wrong between a verifier and what it verifies with.

use std::time::Duration;

use e2e::Proxy;
use tokio::time::{Instant, sleep};
use xtask::process::Signal;

use crate::linked::{Linked, silence_doorbells};

const SECOND: Duration = Duration::from_secs(1);
/// How long most faults last: longer than a revoked token may be accepted.
const FAULT: Duration = Duration::from_secs(5);
/// So late that much is on its way, and not so late that a verifier gives up.
const TOLERABLE: Duration = Duration::from_millis(1_500);

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
    /// What the auth-services answer arrives a bit later, and then nothing arrives any more.
    AnswersLateThenHeld,
    /// As before, and while nothing arrives the verifier stops: it finds old echoes when it goes on, and no news.
    VerifierStoppedThenDeaf,
    /// Nothing arrives any more, then the verifier stops, and then it all arrives: answers wait for it when it goes on.
    VerifierDeafThenStopped,
    /// The first auth-service is killed and started again.
    AuthKilled,
    /// The auth-services do not hear of what the other one has committed.
    DoorbellsDead,
    /// The second auth-service's link to its database delivers nothing, and then is cut.
    DatabaseLost,
}

impl Fault {
    pub(crate) const ON_ONE_AUTH_SERVICE: [Self; 10] = [
        Self::None,
        Self::AuthStopped,
        Self::VerifierStopped,
        Self::LinksCut,
        Self::LinksSlow,
        Self::AnswersLate,
        Self::AnswersLateThenHeld,
        Self::VerifierStoppedThenDeaf,
        Self::VerifierDeafThenStopped,
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
            | Self::AnswersLateThenHeld
            | Self::VerifierStoppedThenDeaf
            | Self::VerifierDeafThenStopped => true,
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
                linked.pair.auth.freeze().await;
                sleep(FAULT).await;
                linked.pair.auth.signal(Signal::CONT);
            }
            Self::AuthKilled => {
                linked.pair.auth.kill();
                sleep(FAULT).await;
                linked.pair.auth.start().await;
            }
            Self::VerifierStopped => {
                linked.pair.task.freeze().await;
                sleep(FAULT).await;
                linked.pair.task.signal(Signal::CONT);
            }
            Self::VerifierStoppedThenDeaf => {
                delay_answers_more_and_more(linked).await;
                linked.pair.task.freeze().await;
                sleep(TOLERABLE).await;
                linked.links().for_each(Proxy::hold);
                sleep(FAULT - TOLERABLE).await;
                linked.pair.task.signal(Signal::CONT);
                sleep(2 * SECOND).await;
                heal(linked).await;
            }
            Self::VerifierDeafThenStopped => {
                linked.links().for_each(Proxy::hold);
                // Now it asks about every token.
                sleep(4 * SECOND).await;
                linked.pair.task.freeze().await;
                heal(linked).await;
                sleep(FAULT).await;
                linked.pair.task.signal(Signal::CONT);
            }
            Self::LinksCut => {
                for link in linked.links() {
                    link.cut().await;
                }
                sleep(FAULT).await;
                heal(linked).await;
            }
            Self::LinksSlow => {
                linked.links().for_each(|link| link.delay(10 * SECOND));
                sleep(11 * SECOND).await;
                heal(linked).await;
            }
            Self::AnswersLate => {
                linked.links().for_each(|link| link.delay_answers(4 * SECOND));
                sleep(8 * SECOND).await;
                heal(linked).await;
            }
            Self::AnswersLateThenHeld => {
                delay_answers_more_and_more(linked).await;
                linked.links().for_each(Proxy::hold);
                sleep(4 * SECOND).await;
                heal(linked).await;
            }
            Self::DoorbellsDead => {
                let (database, end) = (linked.auth_database().await, Instant::now() + FAULT);
                while Instant::now() < end {
                    silence_doorbells(&database).await;
                    sleep(SECOND / 50).await;
                }
            }
            Self::DatabaseLost => {
                let database = &linked.second().database;
                database.hold();
                sleep(4 * SECOND).await;
                database.cut().await;
                sleep(2 * SECOND).await;
                database.heal().await;
            }
        }
    }
}

/// At once it would seem to a verifier that nothing comes any more.
async fn delay_answers_more_and_more(linked: &Linked) {
    for delay in [TOLERABLE / 3, TOLERABLE * 2 / 3, TOLERABLE] {
        linked.links().for_each(|link| link.delay_answers(delay));
        sleep(SECOND + TOLERABLE / 3).await;
    }
}

async fn heal(linked: &Linked) {
    for link in linked.links() {
        link.heal().await;
    }
}
