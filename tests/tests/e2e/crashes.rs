//! Both services are killed in the middle of writes, again and again.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use e2e::{Engine, Pair, eventually, on_both_engines};
use tokio::{join, time::sleep};
use xtask::process::Signal;

use crate::writers::Crowd;

const CYCLES: u64 = 50;
const WRITERS: usize = 4;

on_both_engines! {
    async fn no_acknowledged_write_is_lost_when_both_services_are_killed_fifty_times(engine: Engine) {
        let mut pair = Pair::on(engine).await.start().await;
        let mut crowd = Crowd::gather(&pair.direct(), WRITERS).await;
        for cycle in 0..CYCLES {
            let (clients, killed, sign_ups) = (pair.direct(), AtomicBool::new(false), crowd.acknowledged_sign_ups());
            let before = sign_ups.load(Ordering::SeqCst);
            let killing = async {
                let one_more = async || (sign_ups.load(Ordering::SeqCst) > before).then_some(());
                eventually("a sign-up", Duration::from_secs(10), one_more).await;
                // At another moment of a write each time.
                sleep(Duration::from_micros(30_000 + cycle * 1_337)).await;
                killed.store(true, Ordering::SeqCst);
                pair.task.signal(Signal::KILL);
                pair.auth.signal(Signal::KILL);
                pair.task.kill();
                pair.auth.kill();
            };
            let (told, ()) = join!(crowd.write(&clients, &killed), killing);
            assert_eq!(told.len(), WRITERS + 1);
            pair.auth.spawn();
            pair.task.spawn();
            pair.auth.wait_until_ready().await;
            pair.task.wait_until_ready().await;
            crowd.check(&pair.direct()).await;
        }
        let (tasks, sign_ups) = crowd.check_all(&pair.direct()).await;
        assert!(tasks > 250 && sign_ups >= 50, "too few writes to tell: {tasks} tasks, {sign_ups} sign-ups");
    }
}
