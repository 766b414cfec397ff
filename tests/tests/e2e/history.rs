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

use e2e::{Engine, Tally, on_both_engines};
use fastrand::Rng;
use tokio::{task::JoinSet, time::sleep};

use self::{crowd::Crowd, faults::Fault};
use crate::linked::Linked;

/// How many calls are decided on both databases together; another number is for `DUET_HISTORY_CHECKS`.
const CHECKS: usize = 100_000;
/// How long a token may be accepted after its session's end was acknowledged.
const BOUND: Duration = Duration::from_secs(3);
/// How long it may be when nothing stands between the verifier and the news.
const PROMPT: Duration = Duration::from_secs(1);
/// Before and after each fault: long enough that what ended during it must be refused.
const REST: Duration = Duration::from_millis(3_500);

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
    /// Lets one fault happen and checks that the time was not wasted.
    async fn play(&mut self, fault: Fault) {
        let start = Instant::now();
        fault.happen(&mut self.linked).await;
        let healed = Instant::now();
        sleep(REST).await;
        let end = Instant::now();
        if let Some(ended) = self.acting.try_join_next() {
            ended.expect("nobody stops acting");
        }
        let tally = |from, until| self.crowd.history.tally(from..until, BOUND);
        let (during, all, last) = (tally(start, healed), tally(start, end), tally(end - Duration::from_secs(1), end));
        eprintln!("{:?}, {fault:?}, {:?}: {all:?}", self.engine, end - start);
        self.assert_tells(fault, &during, &all, &last);
    }

    fn assert_tells(&self, fault: Fault, during: &Tally, all: &Tally, last: &Tally) {
        let with_second = self.linked.second.is_some();
        assert!(all.accepted >= 200 && all.refused >= 200, "{fault:?}: {all:?}");
        assert!(all.had_to_be_refused >= 100, "{fault:?}: {all:?}");
        assert!(last.accepted >= 20 && last.unavailable == 0, "{fault:?} is over: {last:?}");
        assert!(all.revoked >= 30, "{fault:?}: {all:?}");
        assert!(!fault.leaves_revocations(with_second) || during.revoked >= 10, "{fault:?}: {during:?}");
        let unavailable = if fault.leaves_nobody(with_second) { all.unavailable >= 20 } else { true };
        assert!(unavailable, "{fault:?}: {all:?}");
        if matches!(fault, Fault::None | Fault::DoorbellsDead) {
            assert_eq!(all.unavailable, 0, "{fault:?}: {all:?}");
            assert!(all.worst.is_none_or(|worst| worst < PROMPT), "{fault:?}: {all:?}");
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
        loop {
            let between_two = if engine == Engine::Postgres { &Fault::BETWEEN_TWO[..] } else { &[] };
            let mut faults = [&Fault::ON_ONE_AUTH_SERVICE[..], between_two].concat();
            rng.shuffle(&mut faults);
            for fault in faults {
                stage.play(fault).await;
            }
            let decided = stage.crowd.history.tally(start..Instant::now(), BOUND).decided();
            eprintln!("{engine:?}: {decided} calls of {checks} after {:?}", start.elapsed());
            if decided >= checks {
                break;
            }
        }
        stage.crowd.end(stage.acting).await;
        let violations = stage.crowd.history.violations(BOUND);
        let first = &violations[..violations.len().min(10)];
        assert!(violations.is_empty(), "seed {seed}: {} violations, the first: {first:#?}", violations.len());
    }
}
