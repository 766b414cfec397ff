//! Tasks under tasks.

use futures::future::join_all;
use proto::task::v1::{MoveTaskRequest, Task, UpdateTaskRequest};
use service_runtime::on_both_databases;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::{
    Service,
    client::{User, fields, reason, titled},
};

async fn move_under(user: &User, id: &str, parent: &str) -> Result<Task, Status> {
    let request = MoveTaskRequest { task_id: id.into(), parent_id: Some(parent.into()), ..Default::default() };
    user.move_task(request).await
}

on_both_databases! {
    async fn a_subtask_is_in_the_list_of_its_parent(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let list = user.new_list("Work").await.id;
        let top = user.create_in(&list, "top").await.unwrap();
        let under = user.create_under(&top.id, "under").await.unwrap();
        assert_eq!((under.task_list_id, under.parent_id.clone()), (list.clone(), top.id.clone()));
        assert_eq!(user.create_under(&top.id, "second").await.unwrap().position, "a1");
        let inbox = user.create("inbox").await;
        let task = Some(Task { task_list_id: inbox.task_list_id, parent_id: top.id.clone(), ..titled("torn") });
        let torn = proto::task::v1::CreateTaskRequest { task, ..Default::default() };
        assert_eq!(fields(&user.try_create(torn).await.unwrap_err()), ["task.parent_id"]);
        for unknown in [Uuid::now_v7().to_string(), { user.delete(&inbox.id).await.unwrap(); inbox.id }] {
            let refusal = user.create_under(&unknown, "lost").await.unwrap_err();
            assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::NotFound, "TASK_NOT_FOUND"));
        }
        // An update neither moves it nor refuses the field.
        let task = Some(Task { id: under.id.clone(), parent_id: String::new(), ..titled("renamed") });
        let update_mask = Some(prost_types::FieldMask { paths: vec!["title".into(), "parent_id".into()] });
        let updated = user.update(UpdateTaskRequest { task, update_mask, ..Default::default() }).await.unwrap();
        assert_eq!(updated.parent_id, under.parent_id);
        assert_eq!(move_under(&user, &under.id, "").await.unwrap().parent_id, "");
    }

    async fn a_task_never_comes_above_itself(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let top = user.create("top").await;
        let under = user.create_under(&top.id, "under").await.unwrap();
        let deeper = user.create_under(&under.id, "deeper").await.unwrap();
        for parent in [&top.id, &under.id, &deeper.id] {
            let refusal = move_under(&user, &top.id, parent).await.unwrap_err();
            assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::FailedPrecondition, "CYCLE"));
        }
        assert_eq!(user.get(&top.id).await.unwrap(), top);
        move_under(&user, &deeper.id, &top.id).await.unwrap();
        move_under(&user, &under.id, &deeper.id).await.unwrap();
    }

    async fn moves_at_once_make_no_cycle(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        for _ in 0..10 {
            let (one, other) = (user.create("one").await.id, user.create("other").await.id);
            let moved = join_all([move_under(&user, &one, &other), move_under(&user, &other, &one)]).await;
            let (done, refused): (Vec<_>, Vec<_>) = moved.into_iter().partition(Result::is_ok);
            assert_eq!((done.len(), reason(&refused[0].clone().unwrap_err()).as_str()), (1, "CYCLE"));
        }
    }

    async fn there_are_ten_levels(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let mut line = vec![user.create("1").await.id];
        for level in 2..=10 {
            line.push(user.create_under(line.last().unwrap(), &level.to_string()).await.unwrap().id);
        }
        let refusal = user.create_under(&line[9], "11").await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::FailedPrecondition, "TOO_DEEP"));
        let other = user.create("other").await.id;
        assert_eq!(reason(&move_under(&user, &line[0], &other).await.unwrap_err()), "TOO_DEEP");
        move_under(&user, &line[1], &other).await.unwrap();
        // What is in the trash counts: it may come back.
        user.delete(&line[9]).await.unwrap();
        let top = user.create("top").await.id;
        assert_eq!(reason(&move_under(&user, &other, &top).await.unwrap_err()), "TOO_DEEP");
        user.purge(&[&line[9]]).await.unwrap();
        move_under(&user, &other, &top).await.unwrap();
    }
}
