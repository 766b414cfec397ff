//! Tasks that wait for others.

use futures::future::join_all;
use prost_types::FieldMask;
use proto::task::v1::{CreateTaskRequest, State, Task, UpdateTaskRequest};
use service_runtime::on_both_databases;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::{
    Service,
    client::{User, fields, reason, titled},
};

async fn waiting(user: &User, blockers: &[&str]) -> Result<Task, Status> {
    let task = Task { blocked_by: owned(blockers), ..titled("waiting") };
    user.try_create(CreateTaskRequest { task: Some(task), ..Default::default() }).await
}

async fn wait_for(user: &User, id: &str, blockers: &[&str]) -> Result<Task, Status> {
    let task = Task { id: id.to_owned(), blocked_by: owned(blockers), ..Default::default() };
    let update_mask = Some(FieldMask { paths: vec!["blocked_by".into()] });
    user.update(UpdateTaskRequest { task: Some(task), update_mask, ..Default::default() }).await
}

fn owned(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

on_both_databases! {
    async fn a_task_is_blocked_while_one_that_it_waits_for_is_open(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let (one, other) = (user.create("one").await.id, user.create("other").await.id);
        let task = waiting(&user, &[&other, &one]).await.unwrap();
        assert_eq!((task.blocked_by.clone(), task.blocked), (vec![one.clone(), other.clone()], true));
        let blocked = async || {
            let found = user.get(&task.id).await.unwrap();
            let listed = user.page(0, "").await.unwrap().tasks.into_iter().find(|listed| listed.id == task.id);
            assert_eq!(listed.as_ref(), Some(&found));
            assert_eq!(found.etag, task.etag, "what it waits for does not change it");
            found.blocked
        };
        user.advance(&one, State::Completed, "").await.unwrap();
        assert!(blocked().await);
        user.advance(&other, State::InProcess, "").await.unwrap();
        assert!(blocked().await);
        user.advance(&other, State::Cancelled, "").await.unwrap();
        assert!(!blocked().await);
        user.advance(&one, State::NeedsAction, "").await.unwrap();
        assert!(blocked().await);
        user.delete(&one).await.unwrap();
        assert!(!blocked().await);
        user.undelete(&one).await.unwrap();
        assert!(blocked().await);
        let free = wait_for(&user, &task.id, &[&other]).await.unwrap();
        assert_eq!((free.blocked_by, free.blocked), (vec![other], false));
        assert!(wait_for(&user, &task.id, &[&one]).await.unwrap().blocked);
        assert!(!wait_for(&user, &task.id, &[]).await.unwrap().blocked);
    }

    async fn a_task_never_waits_for_itself(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let first = user.create("first").await;
        let second = waiting(&user, &[&first.id]).await.unwrap();
        let third = waiting(&user, &[&second.id]).await.unwrap();
        for blocker in [&first.id, &second.id, &third.id] {
            let refusal = wait_for(&user, &first.id, &[blocker]).await.unwrap_err();
            assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::FailedPrecondition, "CYCLE"));
        }
        assert_eq!(user.get(&first.id).await.unwrap(), first);
        wait_for(&user, &second.id, &[]).await.unwrap();
        assert!(wait_for(&user, &first.id, &[&third.id]).await.unwrap().blocked);
    }

    async fn changes_at_once_make_no_circle(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        for _ in 0..10 {
            let (one, other) = (user.create("one").await.id, user.create("other").await.id);
            let waits = async |id: &str, blocker: &str| wait_for(&user, id, &[blocker]).await;
            let changed = join_all([waits(&one, &other), waits(&other, &one)]).await;
            let (done, refused): (Vec<_>, Vec<_>) = changed.into_iter().partition(Result::is_ok);
            assert_eq!((done.len(), reason(&refused[0].clone().unwrap_err()).as_str()), (1, "CYCLE"));
        }
    }

    async fn what_cannot_be_waited_for_is_refused(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, stranger) = (service.new_user(), service.new_user());
        let foreign = stranger.create("foreign").await.id;
        let gone = user.create("gone").await.id;
        user.delete(&gone).await.unwrap();
        for blocker in [Uuid::now_v7().to_string(), foreign, gone] {
            let refusal = waiting(&user, &[&blocker]).await.unwrap_err();
            assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::NotFound, "TASK_NOT_FOUND"));
        }
        let task = user.create("task").await.id;
        let refusal = waiting(&user, &[&task, "no id"]).await.unwrap_err();
        assert_eq!(fields(&refusal), ["task.blocked_by[1]"]);
        assert_eq!(fields(&waiting(&user, &[&task, &task]).await.unwrap_err()), ["task.blocked_by[1]"]);
        let many: Vec<String> = (0..51).map(|_| Uuid::now_v7().to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(fields(&waiting(&user, &many).await.unwrap_err()), ["task.blocked_by"]);
        assert_eq!(user.titles().await, ["task"]);
    }

    async fn a_task_that_is_purged_is_waited_for_no_longer(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let (one, other) = (user.create("one").await.id, user.create("other").await.id);
        let task = waiting(&user, &[&one, &other]).await.unwrap();
        user.delete(&one).await.unwrap();
        assert_eq!(user.get(&task.id).await.unwrap().blocked_by.len(), 2);
        user.purge(&[&one]).await.unwrap();
        let after = user.get(&task.id).await.unwrap();
        assert_eq!((after.blocked_by.clone(), after.blocked), (vec![other], true));
        assert!(after.revision > task.revision && after.etag != task.etag);
        let tables = service.tables().await;
        assert_eq!(tables.number("SELECT COUNT(*) AS number FROM task_block").await, 1);
    }
}
