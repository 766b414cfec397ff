//! How many requests one user may make in a second.

use std::time::Duration;

use proto::task::v1::{BatchDeleteTasksRequest, ListTaskListsRequest};
use service_runtime::{clock::Clock, on_both_databases};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::support::{
    Service,
    client::{User, reason},
};

/// When the next request is let in.
fn wait(refusal: &Status) -> Duration {
    assert_eq!((refusal.code(), reason(refusal).as_str()), (Code::ResourceExhausted, "RATE_LIMITED"));
    assert_eq!(refusal.get_details_error_info().unwrap().domain, "task.duet");
    refusal.get_details_retry_info().unwrap().retry_delay.unwrap()
}

async fn lists(user: &User) -> Result<(), Status> {
    user.lists.clone().list_task_lists(user.with_token(ListTaskListsRequest::default())).await.map(drop)
}

on_both_databases! {
    async fn one_request_too_many_is_refused_until_the_time_it_names(database: TestDatabase) {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse().unwrap());
        let service = Service::start_with_at(&database, clock.clone(), |settings| settings.request_limit = 4).await;
        let (user, neighbour) = (service.new_user(), service.new_user());
        user.create("1").await;
        user.titles().await;
        lists(&user).await.unwrap();
        user.get("no id").await.unwrap_err();
        for _ in 0..2 {
            assert_eq!(wait(&user.get("no id").await.unwrap_err()), Duration::from_millis(250));
            assert_eq!(wait(&lists(&user).await.unwrap_err()), Duration::from_millis(250));
            let batch = user.with_token(BatchDeleteTasksRequest::default());
            assert_eq!(
                wait(&user.rpc.clone().batch_delete_tasks(batch).await.unwrap_err()), Duration::from_millis(250)
            );
        }
        neighbour.create("has requests of its own").await;
        clock.advance(chrono::Duration::milliseconds(249));
        assert_eq!(wait(&lists(&user).await.unwrap_err()), Duration::from_millis(1));
        clock.advance(chrono::Duration::milliseconds(1));
        assert_eq!(user.titles().await, ["1"]);
        wait(&lists(&user).await.unwrap_err());
        let refusal = service.caller("nobody").get("no id").await.unwrap_err();
        assert_eq!(reason(&refusal), "TOKEN_INVALID");
    }

    async fn who_waits_as_long_as_told_is_let_in(database: TestDatabase) {
        let service = Service::start_with(&database, |settings| settings.request_limit = 2).await;
        let user = service.new_user();
        for _ in 0..3 {
            let mut refusal = None;
            for _ in 0..1_000 {
                refusal = lists(&user).await.err();
                if refusal.is_some() {
                    break;
                }
            }
            let wait = wait(&refusal.unwrap());
            assert!(wait <= Duration::from_millis(500), "{wait:?}");
            tokio::time::sleep(wait).await;
            lists(&user).await.unwrap();
        }
    }
}
