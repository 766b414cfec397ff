//! Users who are no more.

use std::time::{Duration, Instant, SystemTime};

use authn::UserDeletion;
use futures::future::join_all;
use proto::task::v1::{CreateTaskRequest, Task, UpdateTaskRequest};
use service_runtime::{clock::Clock, database::Database, on_both_databases};
use task_service::store::{Quotas, Store};
use tonic::Code;
use uuid::Uuid;

use crate::support::{
    Service,
    client::{User, reason, titled},
    tables::Tables,
};

/// What the service promises.
const WITHIN: Duration = Duration::from_secs(60);

/// The tables that belong to no user.
const UNOWNED: [&str; 2] = ["deletion_cursor", "seaql_migrations"];

/// Leaves something of the user in every table.
async fn fill(user: &User, tables: &Tables) {
    for n in 0..3 {
        let task = Task { labels: vec!["a".to_owned(), format!("b{n}")], ..titled("one of three") };
        let request_id = Uuid::new_v4().to_string();
        let request = CreateTaskRequest { task: Some(task), request_id, ..Default::default() };
        user.try_create(request).await.unwrap();
    }
    let trashed = user.create("in the trash").await;
    user.delete(&trashed.id).await.unwrap();
    let id = tables.user(&user.token);
    let newest = format!("(SELECT id FROM task WHERE user_id = {id} ORDER BY id DESC LIMIT 1)");
    for sql in [
        format!(
            "INSERT INTO task_block (user_id, task_id, blocker_id) SELECT user_id, {newest}, id FROM task WHERE user_id = {id} AND id <> {newest}"
        ),
        format!("UPDATE task SET parent_id = {newest} WHERE user_id = {id} AND id <> {newest}"),
    ] {
        tables.try_execute(&sql).await.unwrap();
    }
    for (table, owned) in tables.all().await {
        if owned {
            assert!(tables.rows_of(&table, &user.token).await > 0, "the test leaves nothing in {table}");
        } else {
            assert!(UNOWNED.contains(&table.as_str()), "{table} belongs to nobody");
        }
    }
}

/// How many rows there are of the user, beside the tombstone.
async fn remains(user: &User, tables: &Tables) -> i64 {
    let mut remains = 0;
    for (table, _) in tables.all().await.into_iter().filter(|(_, owned)| *owned) {
        remains += tables.rows_of(&table, &user.token).await;
    }
    let id = tables.user(&user.token);
    let tombstone = "SELECT COUNT(*) AS number FROM user_revision WHERE revision = 0 AND delete_time IS NOT NULL";
    remains - tables.number(&format!("{tombstone} AND user_id = {id}")).await
}

async fn until_nothing_remains(user: &User, tables: &Tables) {
    let begun = Instant::now();
    let tombstone = format!("user_revision WHERE delete_time IS NOT NULL AND user_id = {}", tables.user(&user.token));
    while tables.number(&format!("SELECT COUNT(*) AS number FROM {tombstone}")).await == 0
        || remains(user, tables).await > 0
    {
        assert!(begun.elapsed() < WITHIN, "{} rows remain", remains(user, tables).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn refused_for_good(user: &User, task_id: &str) {
    let task = Task { id: task_id.to_owned(), ..titled("late") };
    let refusals = [
        user.try_create(CreateTaskRequest { task: Some(titled("late")), ..Default::default() }).await,
        user.try_create(CreateTaskRequest { task: Some(titled("late")), validate_only: true, ..Default::default() })
            .await,
        user.update(UpdateTaskRequest { task: Some(task), ..Default::default() }).await,
        user.delete(task_id).await,
    ];
    for refusal in refusals.map(Result::unwrap_err) {
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::Unauthenticated, "TOKEN_REVOKED"));
    }
    assert_eq!(user.get(task_id).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(user.titles().await, [""; 0]);
}

on_both_databases! {
    async fn nothing_of_a_deleted_user_remains_but_the_tombstone(database: TestDatabase) {
        let mut service = Service::start(&database).await;
        let (leaving, staying, never_here) = (service.new_user(), service.new_user(), service.new_user());
        let tables = service.tables().await;
        fill(&leaving, &tables).await;
        fill(&staying, &tables).await;
        let (known, stays) = (leaving.create("known").await, remains(&staying, &tables).await);
        // The service learns of it when it is back.
        service.stop().await;
        service.auth.delete(&leaving.token);
        service.auth.delete(&never_here.token);
        service.start_again().await;
        let (leaving, never_here) = (service.caller(&leaving.token), service.caller(&never_here.token));
        until_nothing_remains(&leaving, &tables).await;
        until_nothing_remains(&never_here, &tables).await;
        refused_for_good(&leaving, &known.id).await;
        refused_for_good(&never_here, &known.id).await;
        assert_eq!(remains(&leaving, &tables).await + remains(&never_here, &tables).await, 0);
        assert_eq!(remains(&staying, &tables).await, stays);
        assert_eq!(tables.miscounted().await, 0);
    }

    async fn rows_go_a_few_at_a_time_subtasks_or_not(database: TestDatabase) {
        let service = Service::start(&database).await;
        let leaving = service.new_user();
        let tables = service.tables().await;
        fill(&leaving, &tables).await;
        let connected = Database::connect(&database.settings).await.unwrap();
        let quotas = Quotas { tasks: 1, lists: 1, labels: 1 };
        let store = Store::new(connected, Clock::system(), chrono::Duration::hours(24), quotas).system();
        let user_id = leaving.token.strip_prefix("user:").unwrap().parse().unwrap();
        store.bury(&UserDeletion { user_id, delete_time: SystemTime::now() }).await.unwrap();
        let mut before = remains(&leaving, &tables).await;
        while store.remove_some(user_id, 2).await.unwrap() {
            let after = remains(&leaving, &tables).await;
            assert!(before - after <= 2, "{} rows in one transaction", before - after);
            before = after;
        }
        assert_eq!(before, 0);
    }

    async fn tasks_made_while_their_user_is_deleted_go_too(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (leaving, staying) = (service.new_user(), service.new_user());
        let tables = service.tables().await;
        let first = leaving.create("first").await;
        let creating = async |user: &User| {
            let mut made = 0;
            loop {
                let request = CreateTaskRequest { task: Some(titled("racing")), ..Default::default() };
                match user.try_create(request).await {
                    Ok(_) => made += 1,
                    Err(refusal) => return (made, refusal),
                }
            }
        };
        let deleting = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            service.auth.delete(&leaving.token);
        };
        let racing = async { tokio::join!(join_all((0..8).map(|_| creating(&leaving))), deleting).0 };
        let (outcomes, kept) = tokio::join!(racing, staying.create("stays"));
        for (made, refusal) in outcomes {
            assert!(made > 0, "it came too late to race");
            assert_eq!(reason(&refusal), "TOKEN_REVOKED");
        }
        until_nothing_remains(&leaving, &tables).await;
        refused_for_good(&leaving, &first.id).await;
        assert_eq!(staying.get(&kept.id).await.unwrap(), kept);
    }

    async fn a_second_deletion_changes_nothing_nor_does_beginning_again(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (leaving, staying) = (service.new_user(), service.new_user());
        let tables = service.tables().await;
        leaving.create("goes").await;
        let kept = staying.create("stays").await;
        service.auth.delete(&leaving.token);
        until_nothing_remains(&leaving, &tables).await;
        let stones = "SELECT COUNT(DISTINCT delete_time) AS number FROM user_revision WHERE delete_time = \
             (SELECT kept FROM stone)";
        tables.try_execute("CREATE TABLE stone AS SELECT delete_time AS kept FROM user_revision WHERE delete_time IS NOT NULL").await.unwrap();
        assert_eq!(tables.number(stones).await, 1);
        // A cursor that auth-service does not know, and the same user once more.
        tables.try_execute("UPDATE deletion_cursor SET cursor = '777'").await.unwrap();
        service.auth.delete(&leaving.token);
        let third = service.new_user();
        third.create("goes too").await;
        service.auth.delete(&third.token);
        until_nothing_remains(&third, &tables).await;
        assert_eq!(remains(&leaving, &tables).await, 0);
        assert_eq!(tables.number(stones).await, 1, "the time of the first deletion was lost");
        assert_eq!(staying.get(&kept.id).await.unwrap(), kept);
        let cursor = "SELECT COUNT(*) AS number FROM deletion_cursor WHERE cursor = '3'";
        let begun = Instant::now();
        while tables.number(cursor).await == 0 {
            assert!(begun.elapsed() < WITHIN, "the cursor stands still");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn several_replicas_may_follow_at_once(database: TestDatabase) {
        let mut one = Service::start(&database).await;
        let mut two = one.replica().await;
        let tables = one.tables().await;
        let leaving: Vec<User> = (0..4).map(|_| one.new_user()).collect();
        for user in &leaving {
            for _ in 0..6 {
                join_all((0..10).map(|_| user.create("goes"))).await;
            }
        }
        one.stop().await;
        two.stop().await;
        leaving.iter().for_each(|user| one.auth.delete(&user.token));
        tokio::join!(one.start_again(), two.start_again());
        for user in &leaving {
            until_nothing_remains(user, &tables).await;
        }
        assert!(one.auth.asked() >= 2);
    }

    async fn health_does_not_depend_on_learning_of_deletions(database: TestDatabase) {
        let mut service = Service::start(&database).await;
        let leaving = service.new_user();
        leaving.create("goes").await;
        service.auth.stop().await;
        let asked = service.auth.asked();
        tokio::time::sleep(Duration::from_secs(8)).await;
        assert!(service.is_healthy().await);
        assert_eq!(service.auth.asked(), asked);
        service.auth.delete(&leaving.token);
        service.auth.start_again().await;
        until_nothing_remains(&leaving, &service.tables().await).await;
        // Neither a storm nor silence.
        assert!((1..10).contains(&(service.auth.asked() - asked)), "{} times", service.auth.asked() - asked);
    }
}
