//! The one way to write, below the RPCs.

use std::time::{Duration, SystemTime};

use authn::{Caller, SessionId, UserId};
use proto::task::v1::UpdateTaskRequest;
use sea_orm::ConnectionTrait;
use service_runtime::{
    clock::Clock,
    database::Database,
    deadline::Deadline,
    on_both_databases,
    testing::{Engine, TestDatabase},
};
use task_service::{
    error::Error,
    intent::{Intent, Method, PayloadHash},
    migration::Migrator,
    store::{Quotas, Store, Write},
};
use tonic::Code;
use uuid::Uuid;

use crate::support::{Service, client::titled, tables::Tables};

pub(crate) async fn store(database: &TestDatabase, clock: Clock) -> (Store, Tables) {
    let connected = Database::connect(&database.settings).await.unwrap();
    connected.migrate::<Migrator>().await.unwrap();
    let tables = Tables::open(&database.settings.url).await;
    let quotas = Quotas { tasks: 100_000, lists: 1_000, labels: 1_000 };
    (Store::new(connected, clock, chrono::Duration::hours(24), quotas), tables)
}

pub(crate) fn caller() -> Caller {
    Caller {
        user_id: UserId::from(Uuid::now_v7()),
        session_id: Some(SessionId::from(Uuid::now_v7())),
        issuer: String::new(),
        subject: String::new(),
        client_id: String::new(),
        key_id: String::new(),
        scopes: Vec::new(),
        issue_time: SystemTime::UNIX_EPOCH,
        expire_time: SystemTime::UNIX_EPOCH,
    }
}

pub(crate) fn intent(deadline: Duration) -> Intent {
    Intent {
        method: Method::CreateTask,
        request_id: Some(Uuid::new_v4()),
        payload: PayloadHash::of(b"payload"),
        validate_only: false,
        deadline: Deadline::within(deadline),
    }
}

/// The smallest change there is: the inbox.
async fn inbox(mut write: Write) -> Result<(Write, String), Error> {
    let list = write.inbox().await?;
    Ok((write, list.to_string()))
}

on_both_databases! {
    async fn no_commit_begins_after_the_deadline(database: TestDatabase) {
        let (store, tables) = store(&database, Clock::system()).await;
        let late = store.for_user(&caller()).write(&intent(Duration::ZERO), inbox).await;
        assert!(matches!(late, Err(Error::DeadlineExceeded)), "{late:?}");
        assert_eq!(tables.counts().await.iter().map(|(_, count)| count).sum::<i64>(), 0);
        store.for_user(&caller()).write(&intent(Duration::from_secs(10)), inbox).await.unwrap();
        assert_eq!(tables.counts().await.iter().map(|(_, count)| count).sum::<i64>(), 4);
    }

    async fn a_write_that_waits_beyond_the_deadline_changes_nothing(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let made = user.create("held").await;
        let tables = service.tables().await;
        let held = tables.begin().await;
        held.execute_unprepared("UPDATE user_revision SET revision = revision").await.unwrap();
        let task = Some(proto::task::v1::Task { id: made.id.clone(), ..titled("late") });
        let mut request = user.with_token(UpdateTaskRequest { task, ..Default::default() });
        request.metadata_mut().insert("grpc-timeout", "300m".parse().unwrap());
        let refusal = user.rpc.clone().update_task(request).await.unwrap_err();
        // tonic's client gives up by itself at the same moment.
        assert!(matches!(refusal.code(), Code::DeadlineExceeded | Code::Cancelled), "{refusal:?}");
        held.rollback().await.unwrap();
        user.create("after").await;
        assert_eq!(user.get(&made.id).await.unwrap(), made);
        assert_eq!(tables.number("SELECT revision AS number FROM user_revision").await, 2);
    }

    async fn every_change_is_in_the_log_at_its_revision(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let made = user.create("logged").await;
        let task = Some(proto::task::v1::Task { id: made.id.clone(), ..titled("new") });
        user.update(UpdateTaskRequest { task, ..Default::default() }).await.unwrap();
        user.delete(&made.id).await.unwrap();
        user.delete(&made.id).await.unwrap_err();
        let tables = service.tables().await;
        let number = async |revision: i64, n: i64, kind: &str, operation: &str| {
            let row = format!("revision = {revision} AND n = {n} AND kind = '{kind}' AND operation = '{operation}'");
            tables.number(&format!("SELECT COUNT(*) AS number FROM task_change WHERE {row}")).await
        };
        assert_eq!(number(1, 0, "TASK_LIST", "CREATE").await, 1);
        assert_eq!(number(1, 1, "TASK", "CREATE").await, 1);
        assert_eq!(number(2, 0, "TASK", "UPDATE").await, 1);
        assert_eq!(number(3, 0, "TASK", "DELETE").await, 1);
        assert_eq!(tables.number("SELECT COUNT(*) AS number FROM task_change").await, 4);
        assert_eq!(tables.number("SELECT revision AS number FROM user_revision").await, 3);
    }

    async fn answers_are_forgotten_when_their_time_is_over(database: TestDatabase) {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse().unwrap());
        let (store, tables) = store(&database, clock.clone()).await;
        for _ in 0..3 {
            store.for_user(&caller()).write(&intent(Duration::from_secs(10)), inbox).await.unwrap();
        }
        clock.advance(chrono::Duration::hours(1));
        store.for_user(&caller()).write(&intent(Duration::from_secs(10)), inbox).await.unwrap();
        clock.advance(chrono::Duration::hours(23) - chrono::Duration::microseconds(1));
        assert_eq!(store.system().purge_request_records(2).await.unwrap(), 0);
        clock.advance(chrono::Duration::microseconds(1));
        assert_eq!(store.system().purge_request_records(2).await.unwrap(), 2);
        assert_eq!(store.system().purge_request_records(2).await.unwrap(), 1);
        assert_eq!(store.system().purge_request_records(2).await.unwrap(), 0);
        assert_eq!(tables.number("SELECT COUNT(*) AS number FROM request_record").await, 1);
    }

    async fn a_table_cannot_hold_what_belongs_to_no_user_or_to_another(database: TestDatabase) {
        let (store, tables) = store(&database, Clock::system()).await;
        let (one, other) = (caller(), caller());
        store.for_user(&one).write(&intent(Duration::from_secs(10)), inbox).await.unwrap();
        store.for_user(&other).write(&intent(Duration::from_secs(10)), inbox).await.unwrap();
        // Each user's task would stand in the other's inbox.
        let swapped = "INSERT INTO task (user_id, id, task_list_id, title, notes, state, priority, labels, position, create_time, \
             update_time, revision) SELECT r.user_id, r.user_id, l.id, 't', '', 'NEEDS_ACTION', 0, '[]', 'a0', l.create_time, \
             l.create_time, 1 FROM user_revision r JOIN task_list l ON l.user_id <> r.user_id";
        assert!(tables.try_execute(swapped).await.is_err());
        let own = swapped.replace("<>", "=");
        tables.try_execute(&own).await.unwrap();
        let second = "INSERT INTO task_list SELECT user_id, user_id, 'second inbox', inbox, position, create_time, \
             update_time, NULL, NULL, 1 FROM task_list";
        assert!(tables.try_execute(second).await.is_err());
    }
}

/// Waits until a statement of this database waits for a lock.
async fn until_one_waits(tables: &Tables) {
    let waiting = "SELECT COUNT(*) AS number FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while tables.number(waiting).await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_renewed_meanwhile_is_not_forgotten() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let clock = Clock::manual("2026-11-21T12:00:00Z".parse().unwrap());
    let (store, tables) = store(&database, clock.clone()).await;
    store.for_user(&caller()).write(&intent(Duration::from_secs(10)), inbox).await.unwrap();
    clock.advance(chrono::Duration::hours(24));
    let held = tables.begin().await;
    held.execute_unprepared("UPDATE request_record SET expire_time = expire_time + interval '1 day'").await.unwrap();
    let system = store.system();
    let purge = tokio::spawn(async move { system.purge_request_records(10).await });
    until_one_waits(&tables).await;
    held.commit().await.unwrap();
    assert_eq!(purge.await.unwrap().unwrap(), 0);
    assert_eq!(tables.number("SELECT COUNT(*) AS number FROM request_record").await, 1);
}

/// When two are in each other's way, PostgreSQL chooses which of them ends; here a trigger says that it is the write,
/// once in either way.
#[tokio::test]
async fn a_write_that_must_give_way_is_done_anew() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let service = Service::start(&database).await;
    let user = service.new_user();
    let made = user.create("contested").await;
    let tables = service.tables().await;
    // What a sequence has given is not taken back with the transaction.
    tables.try_execute("CREATE SEQUENCE tries").await.unwrap();
    let function = "CREATE FUNCTION give_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN CASE nextval('tries') \
         WHEN 1 THEN RAISE EXCEPTION 'could not serialize access' USING ERRCODE = 'serialization_failure'; \
         WHEN 2 THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected'; \
         ELSE RETURN NEW; END CASE; END $$";
    tables.try_execute(function).await.unwrap();
    let trigger = "CREATE TRIGGER give_way BEFORE UPDATE ON task FOR EACH ROW EXECUTE FUNCTION give_way()";
    tables.try_execute(trigger).await.unwrap();

    let task = Some(proto::task::v1::Task { id: made.id, ..titled("by the user") });
    let updated = user.update(UpdateTaskRequest { task, ..Default::default() }).await.unwrap();
    assert_eq!((updated.title.as_str(), updated.revision), ("by the user", 2));
    assert_eq!(tables.number("SELECT last_value AS number FROM tries").await, 3, "there was nothing to give way to");
}

#[tokio::test]
async fn postgres_orders_places_titles_and_labels_bytewise() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let (_store, tables) = store(&database, Clock::system()).await;
    let bytewise = "SELECT COUNT(*) AS number FROM information_schema.columns \
         WHERE table_schema = 'public' AND column_name IN ('position', 'title', 'label') AND collation_name = 'C'";
    assert_eq!(tables.number(bytewise).await, 5);
}
