//! How much one user may keep.

use proto::task::v1::{
    BatchCreateTasksRequest, CreateTaskListRequest, CreateTaskRequest, ModifyTaskLabelsRequest, Task, TaskList,
    UpdateTaskRequest,
};
use service_runtime::{on_both_databases, testing::TestDatabase};
use task_service::settings::UserQuotas;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::support::{
    Service,
    client::{User, reason, titled},
};

async fn start(database: &TestDatabase) -> Service {
    Service::start_with(database, |settings| settings.quotas = UserQuotas { tasks: 3, lists: 2, labels: 4 }).await
}

fn assert_full(refusal: &Status, subject: &str) {
    assert_eq!((refusal.code(), reason(refusal).as_str()), (Code::ResourceExhausted, "QUOTA_EXCEEDED"));
    assert_eq!(refusal.get_details_quota_failure().unwrap().violations[0].subject, subject);
}

async fn try_create(user: &User, task: Task) -> Result<Task, Status> {
    user.try_create(CreateTaskRequest { task: Some(task), ..Default::default() }).await
}

fn labelled(labels: &[&str]) -> Task {
    Task { labels: labels.iter().map(|label| (*label).to_owned()).collect(), ..titled("labelled") }
}

on_both_databases! {
    async fn there_is_room_for_so_many_tasks_and_no_more(database: TestDatabase) {
        let service = start(&database).await;
        let (user, neighbour) = (service.new_user(), service.new_user());
        let first = user.create("1").await;
        let requests = (2..=4).map(|_| CreateTaskRequest { task: Some(titled("x")), ..Default::default() }).collect();
        let batch = user.with_token(BatchCreateTasksRequest { requests, ..Default::default() });
        let refusal = user.rpc.clone().batch_create_tasks(batch).await.unwrap_err();
        assert_full(&refusal, "tasks");
        assert_eq!(refusal.get_details_error_info().unwrap().metadata["index"], "2");
        assert_eq!(user.titles().await, ["1"]);
        user.create("2").await;
        user.create("3").await;
        assert_full(&try_create(&user, titled("4")).await.unwrap_err(), "tasks");
        user.delete(&first.id).await.unwrap();
        assert_full(&try_create(&user, titled("4")).await.unwrap_err(), "tasks");
        user.purge(&[&first.id]).await.unwrap();
        user.create("4").await;
        neighbour.create("has room").await;
        assert_eq!(service.tables().await.miscounted().await, 0);
    }

    async fn there_is_room_for_so_many_lists_and_no_more(database: TestDatabase) {
        let service = start(&database).await;
        let user = service.new_user();
        user.new_list("beside the inbox").await;
        let task_list = Some(TaskList { title: "too many".into(), ..Default::default() });
        let request = user.with_token(CreateTaskListRequest { task_list, ..Default::default() });
        assert_full(&user.lists.clone().create_task_list(request).await.unwrap_err(), "lists");
    }

    async fn what_a_release_did_that_keeps_no_counts_is_counted(database: TestDatabase) {
        let service = start(&database).await;
        let user = service.new_user();
        user.create("1").await;
        user.create("2").await;
        let tables = service.tables().await;
        // What that release does, and what a migration leaves.
        let neglect = async |what: &str| {
            tables.try_execute("UPDATE user_revision SET revision = revision + 1").await.unwrap();
            tables.try_execute(what).await.unwrap();
            assert_eq!(tables.miscounted().await, 1, "{what}");
        };
        neglect("DELETE FROM task WHERE title = '2'").await;
        user.create("3").await;
        let last = user.create("4").await;
        assert_full(&try_create(&user, titled("5")).await.unwrap_err(), "tasks");
        neglect("UPDATE user_revision SET task_count = 0, list_count = 0, counted_revision = -1").await;
        assert_full(&try_create(&user, titled("5")).await.unwrap_err(), "tasks");
        user.delete(&last.id).await.unwrap();
        user.purge(&[]).await.unwrap();
        user.create("5").await;
        assert_full(&try_create(&user, titled("6")).await.unwrap_err(), "tasks");
        assert_eq!(tables.miscounted().await, 0);
    }

    async fn there_is_room_for_so_many_labels_and_no_more(database: TestDatabase) {
        let service = start(&database).await;
        let (user, neighbour) = (service.new_user(), service.new_user());
        let made = try_create(&user, labelled(&["a", "b", "c"])).await.unwrap();
        assert_full(&try_create(&user, labelled(&["c", "d", "e"])).await.unwrap_err(), "labels");
        try_create(&user, labelled(&["a", "b", "c", "d"])).await.unwrap();
        let add = |label: &str| ModifyTaskLabelsRequest {
            task_id: made.id.clone(), add_labels: vec![label.to_owned()], ..Default::default()
        };
        assert_full(&user.rpc.clone().modify_task_labels(user.with_token(add("e"))).await.unwrap_err(), "labels");
        let task = Some(Task { id: made.id.clone(), ..labelled(&["e"]) });
        assert_full(&user.update(UpdateTaskRequest { task, ..Default::default() }).await.unwrap_err(), "labels");
        user.rpc.clone().modify_task_labels(user.with_token(add("d"))).await.unwrap();
        try_create(&neighbour, labelled(&["e", "f", "g", "h"])).await.unwrap();
    }
}
