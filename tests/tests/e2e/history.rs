//! Whatever goes wrong, no token is accepted for more than three seconds after its session's end was acknowledged.
//!
//! People call task-service with all their sessions without pause, while sessions end at any auth-service and others
//! begin. Every call and every end is written down, and judged when all is over.

mod crowd;
mod faults;

use std::{
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use e2e::{Engine, PROMPT, Tally, eventually, on_both_engines};
use fastrand::Rng;
use tokio::{task::JoinSet, time::sleep};

use self::{crowd::Crowd, faults::Fault};
use crate::linked::Linked;

/// How many calls are decided on both databases together; another number is for `DUET_HISTORY_CHECKS`.
const CHECKS: usize = 100_000;
/// How long a token may be accepted after its session's end was acknowledged.
const BOUND: Duration = Duration::from_secs(3);
/// Before and after each fault: long enough that what ended during it must be refused.
const REST: Duration = Duration::from_millis(3_300);
/// For how long a busy machine may take to come to enough calls.
const PATIENCE: Duration = Duration::from_secs(60);

fn number<T: FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok()?.parse().ok()
}

/// What is done on one database.
struct Stage {
    linked: Linked,
    crowd: Arc<Crowd>,
    acting: JoinSet<()>,
    engine: Engine,
}

impl Stage {
    /// Lets one fault happen, and goes on until enough has been called to tell.
    async fn play(&mut self, fault: Fault) {
        let start = Instant::now();
        fault.happen(&mut self.linked).await;
        let during = self.tally(start);
        sleep(REST).await;
        let with_second = self.linked.second.is_some();
        assert!(!fault.leaves_revocations(with_second) || during.revoked > 0, "{fault:?}: {during:?}");
        let unavailable = if fault.leaves_nobody(with_second) { 5 } else { 0 };
        let enough = async || {
            self.assert_all_act();
            let (all, last) = (self.tally(start), self.tally(Instant::now() - Duration::from_secs(1)));
            let told = all.accepted >= 100 && all.had_to_be_refused >= 50 && all.revoked >= 20;
            (told && all.unavailable >= unavailable && last.accepted > 0).then_some(all)
        };
        let (all, _) = eventually(&format!("{fault:?} has come to enough"), PATIENCE, enough).await;
        eprintln!("{:?}, {fault:?}, {:?}: {all:?}", self.engine, start.elapsed());
        if matches!(fault, Fault::None | Fault::DoorbellsDead) {
            assert_eq!(all.unavailable, 0, "{fault:?}: {all:?}");
            assert!(all.worst.is_none_or(|worst| worst < PROMPT), "{fault:?}: {all:?}");
        }
    }

    fn tally(&self, since: Instant) -> Tally {
        self.crowd.history.tally(since..Instant::now(), BOUND)
    }

    fn assert_all_act(&mut self) {
        if let Some(ended) = self.acting.try_join_next() {
            ended.expect("nobody stops acting");
        }
    }
}

on_both_engines! {
    async fn no_token_is_accepted_three_seconds_after_its_sessions_end_was_acknowledged(engine: Engine) {
        let seed = number("DUET_HISTORY_SEED").unwrap_or_else(|| fastrand::u64(..));
        let checks = number("DUET_HISTORY_CHECKS").unwrap_or(CHECKS) / 2;
        eprintln!("DUET_HISTORY_SEED={seed} on {engine:?}");
        let mut rng = Rng::with_seed(seed);
        let linked = Linked::on(engine).await;
        let callers: Vec<_> = (0..4).map(|_| linked.pair.direct()).collect();
        let crowd = Crowd::gather(&callers[0]).await;
        let acting = crowd.act(&callers, &linked.clients(), &mut rng);
        let mut stage = Stage { linked, crowd, acting, engine };
        let start = Instant::now();
        sleep(REST).await;
        let between_two = if engine == Engine::Postgres { &Fault::BETWEEN_TWO[..] } else { &[] };
        let mut faults = [&Fault::ON_ONE_AUTH_SERVICE[..], between_two].concat();
        rng.shuffle(&mut faults);
        for (number, fault) in faults.iter().cycle().enumerate() {
            let decided = stage.tally(start).decided();
            if decided >= checks && number >= faults.len() {
                break;
            }
            eprintln!("{engine:?}: {decided} calls of {checks} after {:?}", start.elapsed());
            stage.play(*fault).await;
        }
        stage.crowd.end(stage.acting).await;
        let violations = stage.crowd.history.violations(BOUND);
        let first = &violations[..violations.len().min(10)];
        assert!(violations.is_empty(), "seed {seed}: {} violations, the first: {first:#?}", violations.len());
        // A peer that gives up thousands of calls while the service stands still is sent away.
        let all = stage.crowd.history.tally(start..Instant::now(), BOUND);
        assert!(all.broken * 100 <= all.decided(), "seed {seed}: {all:?}");
    }
}
