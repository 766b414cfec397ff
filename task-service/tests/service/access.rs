//! Who is let in.

use std::time::{Duration, Instant};

use proto::task::v1::{CreateTaskRequest, GetTaskRequest, ListTasksRequest};
use service_runtime::on_both_databases;
use tonic::{Code, Request};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::support::{
    Service,
    client::{reason, titled},
};

on_both_databases! {
    async fn whoever_shows_no_token_learns_nothing_of_the_arguments(database: TestDatabase) {
        let service = Service::start(&database).await;
        let mut rpc = service.new_user().rpc;
        for task_id in ["no id", "018f3c1e-0000-7000-8000-000000000000"] {
            let refusal = rpc.get_task(Request::new(GetTaskRequest { task_id: task_id.into() })).await.unwrap_err();
            assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::Unauthenticated, "TOKEN_MISSING"));
        }
        let refusal = service.caller("nobody").get("no id").await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::Unauthenticated, "TOKEN_INVALID"));
    }

    async fn a_scope_lets_do_what_it_says_and_no_more(database: TestDatabase) {
        let service = Service::start(&database).await;
        let id = Uuid::now_v7();
        let reader = service.caller(&format!("user:{id}:tasks.read"));
        let writer = service.caller(&format!("user:{id}:tasks.write"));
        let made = writer.create("written").await;
        assert_eq!(reader.get(&made.id).await.unwrap(), made);
        let create = CreateTaskRequest { task: Some(titled("x")), ..Default::default() };
        for (refusal, scope) in [
            (reader.try_create(create).await.unwrap_err(), "tasks.write"),
            (reader.delete(&made.id).await.unwrap_err(), "tasks.write"),
            (writer.get(&made.id).await.unwrap_err(), "tasks.read"),
            (writer.page(0, "").await.unwrap_err(), "tasks.read"),
        ] {
            assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::PermissionDenied, "SCOPE_MISSING"));
            assert_eq!(refusal.get_details_error_info().unwrap().metadata["scope"], scope);
        }
    }

    async fn while_nobody_can_tell_who_calls_nobody_is_let_in(database: TestDatabase) {
        let mut service = Service::start(&database).await;
        service.new_user().create("before").await;
        service.auth.stop().await;
        let user = service.new_user();
        let refusal = user.page(0, "").await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::Unavailable, "AUTH_UNAVAILABLE"));
        assert!(refusal.get_details_retry_info().is_some_and(|info| info.retry_delay.is_some()));
        service.auth.start_again().await;
        let start = Instant::now();
        while user.page(0, "").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    }

    async fn identity_that_a_client_claims_is_not_believed(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (owner, stranger) = (service.new_user(), service.new_user());
        owner.create("secret").await;
        let mut request = stranger.with_token(ListTasksRequest::default());
        let owner_id = owner.token.trim_start_matches("user:");
        for header in ["x-duet-user-id", "x-duet-caller", "x-user-id"] {
            request.metadata_mut().insert(header, owner_id.parse().unwrap());
        }
        let answer = stranger.rpc.clone().list_tasks(request).await.unwrap().into_inner();
        assert!(answer.tasks.is_empty());
    }
}
