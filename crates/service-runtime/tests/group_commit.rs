//! Writes of the embedded database that are committed together.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{future::join_all, poll};
use sea_orm::{ConnectionTrait, DbErr, Statement};
use service_runtime::{
    database::{Database, GroupBounds, Verdict, WriteError, WriteTransaction},
    deadline::Deadline,
    testing::{Engine, TestDatabase},
};
use tokio::{
    sync::Barrier,
    task::JoinHandle,
    time::{sleep, timeout},
};

const TABLES: &str = "CREATE TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)";

struct Subject {
    database: Database,
    file: TestDatabase,
}

impl Subject {
    async fn new(writes: usize, waiting: usize) -> Self {
        let file = TestDatabase::create(Engine::Sqlite).await;
        let database = Database::connect(&file.settings).await.unwrap();
        let tables = database.begin().await.unwrap();
        tables.execute_unprepared(TABLES).await.unwrap();
        tables.commit().await.unwrap();
        Self {
            database: database.with_group_commit(GroupBounds { writes, waiting, longest: Duration::from_secs(60) }),
            file,
        }
    }

    async fn begin(&self) -> (WriteTransaction, Verdict) {
        self.database.write(far()).await.unwrap()
    }

    /// Begins in the background, as one who waits for his turn.
    async fn queue(&self) -> JoinHandle<(WriteTransaction, Verdict)> {
        self.queue_until(far()).await
    }

    async fn queue_until(&self, deadline: Deadline) -> JoinHandle<(WriteTransaction, Verdict)> {
        let database = self.database.clone();
        let mut turn = Box::pin(async move { database.write(deadline).await.unwrap() });
        assert!(poll!(&mut turn).is_pending());
        tokio::spawn(turn)
    }

    async fn stored(&self) -> Vec<i64> {
        let query = Statement::from_string(self.database.backend(), "SELECT id FROM parent ORDER BY id");
        let rows = self.database.reader().query_all_raw(query).await.unwrap();
        rows.iter().map(|row| row.try_get("", "id").unwrap()).collect()
    }
}

fn far() -> Deadline {
    Deadline::within(Duration::from_secs(60))
}

async fn insert(write: &WriteTransaction, id: i64) -> Result<(), DbErr> {
    write.connection().execute_unprepared(&format!("INSERT INTO parent VALUES ({id})")).await.map(drop)
}

async fn keep(write: WriteTransaction, id: i64) {
    insert(&write, id).await.unwrap();
    write.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neighbours_survive_a_write_that_fails_panics_is_undone_goes_away_or_is_late() {
    let subject = Subject::new(64, 64).await;
    let before = subject.file.commits_in_log();
    let (first, verdict) = subject.begin().await;
    let mut turns = Vec::new();
    for _ in 0..8 {
        turns.push(subject.queue().await);
    }
    let late = subject.queue_until(Deadline::within(Duration::ZERO)).await;
    let mut turns = turns.into_iter();
    let mut verdicts = vec![verdict];
    keep(first, 1).await;

    let (failing, verdict) = turns.next().unwrap().await.unwrap();
    insert(&failing, 2).await.unwrap();
    insert(&failing, 1).await.unwrap_err();
    drop(failing);
    verdicts.push(verdict);

    let (kept, verdict) = turns.next().unwrap().await.unwrap();
    keep(kept, 3).await;
    verdicts.push(verdict);

    let panicking = turns.next().unwrap();
    let panicked = tokio::spawn(async move {
        let (write, _verdict) = panicking.await.unwrap();
        insert(&write, 4).await.unwrap();
        panic!("as a handler may");
    });
    assert!(panicked.await.unwrap_err().is_panic());

    let (undone, verdict) = turns.next().unwrap().await.unwrap();
    insert(&undone, 5).await.unwrap();
    undone.rollback().await.unwrap();
    verdicts.push(verdict);

    // One goes away before the turn comes, one in the middle of a statement.
    let (holding, verdict) = turns.next().unwrap().await.unwrap();
    turns.next().unwrap().abort();
    sleep(Duration::from_millis(20)).await;
    keep(holding, 6).await;
    verdicts.push(verdict);
    let leaving = turns.next().unwrap();
    let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) \
         INSERT INTO parent SELECT 100 FROM n WHERE i = 3000000";
    let gone = timeout(Duration::from_millis(20), async {
        let (write, _verdict) = leaving.await.unwrap();
        write.connection().execute_unprepared(endless).await.unwrap();
        std::future::pending::<()>().await;
    });
    gone.await.unwrap_err();

    let (last, verdict) = turns.next().unwrap().await.unwrap();
    keep(last, 7).await;
    verdicts.push(verdict);

    let (late, verdict) = late.await.unwrap();
    insert(&late, 8).await.unwrap();
    assert!(matches!(late.commit().await, Err(WriteError::DeadlineExceeded)));
    verdicts.push(verdict);
    for verdict in verdicts {
        verdict.wait().await.unwrap();
    }
    assert_eq!(subject.stored().await, [1, 3, 6, 7]);
    assert_eq!(subject.file.commits_in_log() - before, 1, "they were not committed together");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_write_that_fails_leaves_nothing_and_harms_nobody() {
    let subject = Subject::new(64, 64).await;
    let (first, first_verdict) = subject.begin().await;
    let second = subject.queue().await;
    insert(&first, 1).await.unwrap();
    drop(first);
    let (second, second_verdict) = second.await.unwrap();
    keep(second, 2).await;
    first_verdict.wait().await.unwrap();
    second_verdict.wait().await.unwrap();
    assert_eq!(subject.stored().await, [2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_committed_together_and_by_itself_if_so_set() {
    for (writes, most, least) in [(64, 16, 1), (1, 64, 64)] {
        let subject = Subject::new(writes, 64).await;
        let before = subject.file.commits_in_log();
        let (first, verdict) = subject.begin().await;
        let all = Arc::new(Barrier::new(64));
        let others = (2..=64).map(|id| {
            let (database, all) = (subject.database.clone(), Arc::clone(&all));
            tokio::spawn(async move {
                all.wait().await;
                let (write, verdict) = database.write(far()).await.unwrap();
                keep(write, id).await;
                verdict.wait().await
            })
        });
        let others: Vec<_> = others.collect();
        all.wait().await;
        keep(first, 1).await;
        verdict.wait().await.unwrap();
        for written in join_all(others).await {
            written.unwrap().unwrap();
        }
        assert_eq!(subject.stored().await, (1..=64).collect::<Vec<_>>());
        let commits = subject.file.commits_in_log() - before;
        assert!((least..=most).contains(&commits), "{commits} commits for groups of {writes}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_said_of_a_write_before_its_group_is_committed() {
    let subject = Subject::new(64, 64).await;
    let (first, first_verdict) = subject.begin().await;
    let second = subject.queue().await;
    keep(first, 1).await;
    let (second, second_verdict) = second.await.unwrap();
    // What it sees is not yet true for anybody else.
    insert(&second, 1).await.unwrap_err();
    let mut first_verdict = Box::pin(first_verdict.wait());
    assert!(timeout(Duration::from_millis(200), &mut first_verdict).await.is_err(), "told before the commit");
    assert!(subject.stored().await.is_empty());
    drop(second);
    first_verdict.await.unwrap();
    second_verdict.wait().await.unwrap();
    assert_eq!(subject.stored().await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_fails_for_everybody_and_the_next_group_goes_on() {
    let orphan = "INSERT INTO child VALUES (99)";
    // As SQLite does by itself when the disk is full or fails.
    let ended = "INSERT OR ROLLBACK INTO parent VALUES (1)";
    for trouble in [orphan, ended] {
        let subject = Subject::new(64, 64).await;
        let (first, first_verdict) = subject.begin().await;
        let (second, third) = (subject.queue().await, subject.queue().await);
        keep(first, 1).await;
        let (second, second_verdict) = second.await.unwrap();
        let outcome = second.connection().execute_unprepared(trouble).await;
        if outcome.is_ok() {
            second.commit().await.unwrap();
        } else {
            drop(second);
        }
        let third = third.await;
        if let Ok((third, verdict)) = third {
            keep(third, 3).await;
            assert!(matches!(verdict.wait().await, Err(WriteError::GroupLost(_))));
        }
        for verdict in [first_verdict, second_verdict] {
            assert!(matches!(verdict.wait().await, Err(WriteError::GroupLost(_))), "{trouble}");
        }
        assert!(subject.stored().await.is_empty(), "{trouble}");
        let (after, verdict) = subject.begin().await;
        keep(after, 4).await;
        verdict.wait().await.unwrap();
        assert_eq!(subject.stored().await, [4], "{trouble}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_commit_begins_after_a_deadline_and_its_neighbour_may_repeat() {
    let subject = Subject::new(64, 64).await;
    let hurried = Deadline::within(Duration::from_secs(2));
    let (first, first_verdict) = subject.database.write(hurried).await.unwrap();
    let second = subject.queue().await;
    keep(first, 1).await;
    let (second, second_verdict) = second.await.unwrap();
    insert(&second, 2).await.unwrap();
    tokio::time::sleep_until(hurried.at() + Duration::from_millis(10)).await;
    // The group is given up about now; this one may come too late to say that it is ready.
    drop(second.commit().await);
    for verdict in [first_verdict, second_verdict] {
        assert!(matches!(verdict.wait().await, Err(WriteError::GroupUndone)));
    }
    assert!(subject.stored().await.is_empty());

    let (late, verdict) = subject.database.write(Deadline::within(Duration::ZERO)).await.unwrap();
    insert(&late, 3).await.unwrap();
    assert!(matches!(late.commit().await, Err(WriteError::DeadlineExceeded)));
    verdict.wait().await.unwrap();
    assert!(subject.stored().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_with_a_near_deadline_takes_nobody_else() {
    let subject = Subject::new(64, 64).await;
    // On a busy machine the moment may be missed.
    for id in (1..).step_by(2) {
        let hurried = Deadline::within(Duration::from_millis(200));
        let (first, first_verdict) = subject.database.write(hurried).await.unwrap();
        let second = subject.queue().await;
        tokio::time::sleep_until(hurried.at() - Duration::from_millis(40)).await;
        insert(&first, id).await.unwrap();
        let kept = first.commit().await;
        let (second, second_verdict) = second.await.unwrap();
        insert(&second, id + 1).await.unwrap();
        if kept.is_ok() {
            // The second does not end its turn before the first is told.
            let told = timeout(Duration::from_secs(5), first_verdict.wait()).await.expect("it waits for the second");
            if told.is_ok() {
                assert!(subject.stored().await.contains(&id));
                second.commit().await.unwrap();
                return second_verdict.wait().await.unwrap();
            }
        }
        drop(second);
        second_verdict.wait().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_write_too_many_is_refused_at_once() {
    let subject = Subject::new(64, 3).await;
    let (first, verdict) = subject.begin().await;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(subject.queue().await);
    }
    let refused = timeout(Duration::from_secs(5), subject.database.write(far())).await.unwrap();
    assert!(matches!(refused, Err(WriteError::Overloaded)), "{refused:?}");
    keep(first, 1).await;
    for (turn, id) in waiting.into_iter().zip(2..) {
        let (write, verdict) = turn.await.unwrap();
        keep(write, id).await;
        drop(verdict);
    }
    verdict.wait().await.unwrap();
    let (write, verdict) = subject.begin().await;
    drop(write);
    verdict.wait().await.unwrap();
    assert_eq!(subject.stored().await, [1, 2, 3, 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_a_locked_file_is_refused_together() {
    let subject = Subject::new(64, 64).await;
    let other = Database::connect(&subject.file.settings).await.unwrap();
    let lock = other.begin().await.unwrap();
    let started = Instant::now();
    let refusals = join_all((0..5).map(|_| subject.database.write(far()))).await;
    // Five seconds for the lock, once and not for each of them.
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
    for refusal in refusals {
        let Err(WriteError::Database(cause)) = refusal else { panic!("begun: {refusal:?}") };
        assert!(service_runtime::database::is_unavailable(&cause), "{cause:?}");
    }
    lock.rollback().await.unwrap();
    let (write, verdict) = subject.begin().await;
    keep(write, 1).await;
    verdict.wait().await.unwrap();
}
