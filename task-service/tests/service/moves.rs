//! Tasks that change places.

use std::collections::BTreeSet;

use futures::future::join_all;
use proto::task::v1::{MoveTaskRequest, Task, move_task_request::Place};
use service_runtime::on_both_databases;
use tonic::Status;
use uuid::Uuid;

use crate::support::{
    Service,
    client::{User, fields, reason},
};

async fn place(user: &User, id: &str, place: Place) -> Result<Task, Status> {
    user.move_task(MoveTaskRequest { task_id: id.to_owned(), place: Some(place), ..Default::default() }).await
}

async fn tasks(user: &User, titles: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for title in titles {
        ids.push(user.create(title).await.id);
    }
    ids
}

on_both_databases! {
    async fn a_task_stands_where_it_is_put(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let ids = tasks(&user, &["a", "b", "c", "d"]).await;
        place(&user, &ids[3], Place::First(true)).await.unwrap();
        assert_eq!(user.titles().await, ["d", "a", "b", "c"]);
        place(&user, &ids[0], Place::Last(true)).await.unwrap();
        assert_eq!(user.titles().await, ["d", "b", "c", "a"]);
        place(&user, &ids[0], Place::BeforeTaskId(ids[2].clone())).await.unwrap();
        assert_eq!(user.titles().await, ["d", "b", "a", "c"]);
        let moved = place(&user, &ids[3], Place::AfterTaskId(ids[2].clone())).await.unwrap();
        assert_eq!(user.titles().await, ["b", "a", "c", "d"]);
        assert_eq!(user.get(&ids[3]).await.unwrap(), moved);
        // Where it is already.
        place(&user, &ids[1], Place::BeforeTaskId(ids[0].clone())).await.unwrap();
        place(&user, &ids[1], Place::First(true)).await.unwrap();
        assert_eq!(user.titles().await, ["b", "a", "c", "d"]);
    }

    async fn a_place_that_is_none_is_refused(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let ids = tasks(&user, &["a", "b", "gone"]).await;
        let list = user.new_list("Work").await.id;
        let elsewhere = user.create_in(&list, "elsewhere").await.unwrap().id;
        user.delete(&ids[2]).await.unwrap();
        let before = user.titles().await;
        for neighbour in [&ids[0], &elsewhere] {
            let refusal = place(&user, &ids[0], Place::AfterTaskId(neighbour.clone())).await.unwrap_err();
            assert_eq!((reason(&refusal).as_str(), fields(&refusal)), ("VALIDATION_FAILED", vec!["after_task_id".to_owned()]));
        }
        for neighbour in [&ids[2], &Uuid::now_v7().to_string()] {
            let refusal = place(&user, &ids[0], Place::BeforeTaskId(neighbour.clone())).await.unwrap_err();
            assert_eq!(reason(&refusal), "TASK_NOT_FOUND");
        }
        let broken = MoveTaskRequest {
            task_id: "no id".into(),
            task_list_id: "no id".into(),
            parent_id: Some("no id".into()),
            place: Some(Place::Last(false)),
            request_id: "no id".into(),
            ..Default::default()
        };
        let refusal = user.move_task(broken).await.unwrap_err();
        assert_eq!(fields(&refusal), ["request_id", "task_id", "task_list_id", "parent_id", "last"]);
        let stale = MoveTaskRequest { task_id: ids[0].clone(), etag: "stale".into(), ..Default::default() };
        assert_eq!(reason(&user.move_task(stale).await.unwrap_err()), "ETAG_MISMATCH");
        assert_eq!(user.titles().await, before);
    }

    async fn a_task_moves_to_another_list_with_everything_under_it(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let list = user.new_list("Work").await.id;
        user.create_in(&list, "already there").await.unwrap();
        let top = user.create("top").await;
        let under = user.create_under(&top.id, "under").await.unwrap();
        let deeper = user.create_under(&under.id, "deeper").await.unwrap();
        user.delete(&deeper.id).await.unwrap();
        let request = MoveTaskRequest { task_id: top.id.clone(), task_list_id: list.clone(), ..Default::default() };
        let moved = user.move_task(request).await.unwrap();
        assert_eq!(moved.task_list_id, list);
        for id in [&under.id, &deeper.id] {
            let task = user.get(id).await.unwrap();
            assert_eq!((task.task_list_id.as_str(), task.revision), (list.as_str(), moved.revision));
        }
        assert!(user.titles_in(&top.task_list_id).await.is_empty());
        // A subtask that moves alone comes to the top.
        let request = MoveTaskRequest { task_id: under.id, task_list_id: top.task_list_id, ..Default::default() };
        assert_eq!(user.move_task(request).await.unwrap().parent_id, "");
    }

    async fn moves_at_once_never_share_a_place(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let titles: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        let ids = tasks(&user, &titles.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let moves = (0..48).map(|number: usize| {
            let (task, neighbour) = (ids[2 + number % 10].clone(), ids[number % 2].clone());
            let to = if number.is_multiple_of(3) { Place::BeforeTaskId(neighbour) } else { Place::AfterTaskId(neighbour) };
            let user = &user;
            async move { place(user, &task, to).await }
        });
        join_all(moves).await.into_iter().for_each(|moved| drop(moved.unwrap()));
        let tasks = user.page(200, "").await.unwrap().tasks;
        assert_eq!(tasks.iter().map(|task| &task.position).collect::<BTreeSet<_>>().len(), 12);
        assert_eq!(tasks.iter().map(|task| &task.id).collect::<BTreeSet<_>>(), ids.iter().collect());
    }
}
