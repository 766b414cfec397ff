//! Deleting an account takes the tasks along.

use std::time::Duration;

use e2e::{Clients, Engine, Pair, Person, connect, eventually, on_both_engines};
use futures::future::join_all;
use proto::auth::v1::DeleteMeRequest;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use tokio::time::sleep;
use tonic::Code;

/// What the services promise, once both of them run.
const WITHIN: Duration = Duration::from_secs(60);

async fn delete_account(clients: &Clients, person: &Person) {
    let message = DeleteMeRequest { password: person.password.clone() };
    clients.auth().delete_me(person.request(message)).await.expect("to delete the account");
}

async fn count(tables: &DatabaseConnection, what: &str) -> i64 {
    let query = Statement::from_string(tables.get_database_backend(), format!("SELECT COUNT(*) AS number FROM {what}"));
    tables.query_one_raw(query).await.unwrap().unwrap().try_get("", "number").unwrap()
}

/// Waits until one user is buried and so many tasks and lists are left, which are others'.
async fn until_gone(tables: &DatabaseConnection, others: i64) {
    let gone = async || {
        let buried = count(tables, "user_revision WHERE delete_time IS NOT NULL AND revision = 0").await == 1;
        let left = count(tables, "task").await + count(tables, "task_list").await;
        (buried && left == others).then_some(())
    };
    eventually("the tasks of a deleted user are gone", WITHIN, gone).await;
}

on_both_engines! {
    async fn deleting_an_account_takes_its_tasks_along_whatever_was_down(engine: Engine) {
        let mut pair = Pair::on(engine).await.start().await;
        let clients = pair.direct();
        let (leaving, staying) = (clients.sign_up().await, clients.sign_up().await);
        for title in ["one", "two", "three"] {
            clients.create(&leaving, title).await.unwrap();
        }
        let kept = clients.create(&staying, "stays").await.unwrap();
        pair.task.stop().await;
        delete_account(&clients, &leaving).await;
        // auth-service goes before task-service can ask it.
        pair.auth.stop().await;
        pair.task.start().await;
        sleep(Duration::from_secs(10)).await;
        let log = pair.task.log();
        assert_eq!(log.matches("the deletions of users cannot be followed").count(), 1, "{log}");
        pair.auth.start().await;

        let tables = connect(pair.task.setting("TASK_DATABASE_URL")).await;
        until_gone(&tables, 2).await;
        assert_eq!(count(&tables, "user_revision").await, 2);
        let refusal = clients.create(&leaving, "late").await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
        assert_eq!(clients.get(&staying, &kept.id).await.unwrap(), kept);
    }

    async fn tasks_made_while_their_account_is_deleted_go_too(engine: Engine) {
        let pair = Pair::on(engine).await.start().await;
        let clients = pair.direct();
        let leaving = clients.sign_up().await;
        let creating = async || {
            let mut made = 0;
            loop {
                match clients.create(&leaving, "racing").await {
                    Ok(_) => made += 1,
                    Err(refusal) => return (made, refusal.code()),
                }
            }
        };
        let deleting = async {
            sleep(Duration::from_millis(500)).await;
            delete_account(&clients, &leaving).await;
        };
        let (outcomes, ()) = tokio::join!(join_all((0..8).map(|_| creating())), deleting);
        for (made, refusal) in outcomes {
            assert!(made > 0, "it came too late to race");
            assert_eq!(refusal, Code::Unauthenticated);
        }
        let tables = connect(pair.task.setting("TASK_DATABASE_URL")).await;
        until_gone(&tables, 0).await;
    }
}
