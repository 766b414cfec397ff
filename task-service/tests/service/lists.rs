//! Lists of tasks, and the inbox.

use std::collections::BTreeSet;

use futures::future::join_all;
use prost_types::FieldMask;
use proto::task::v1::{
    CreateTaskListRequest, DeleteTaskListRequest, GetTaskListRequest, ListTaskListsRequest, ListTaskListsResponse,
    ListTasksRequest, MoveTaskListRequest, TaskList, UpdateTaskListRequest, move_task_list_request::Place,
};
use service_runtime::on_both_databases;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::{
    Service,
    client::{User, fields, reason},
};

async fn page(user: &User, request: ListTaskListsRequest) -> Result<ListTaskListsResponse, Status> {
    Ok(user.lists.clone().list_task_lists(user.with_token(request)).await?.into_inner())
}

async fn titles(user: &User) -> Vec<String> {
    let lists = page(user, ListTaskListsRequest::default()).await.unwrap().task_lists;
    lists.into_iter().map(|list| list.title).collect()
}

async fn get(user: &User, id: &str) -> Result<TaskList, Status> {
    let request = user.with_token(GetTaskListRequest { task_list_id: id.to_owned() });
    Ok(user.lists.clone().get_task_list(request).await?.into_inner().task_list.unwrap())
}

async fn update(user: &User, list: TaskList, paths: &[&str]) -> Result<TaskList, Status> {
    let mask = FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() };
    let request = UpdateTaskListRequest { task_list: Some(list), update_mask: Some(mask), ..Default::default() };
    Ok(user.lists.clone().update_task_list(user.with_token(request)).await?.into_inner().task_list.unwrap())
}

async fn move_list(user: &User, id: &str, place: Place) -> Result<TaskList, Status> {
    let request = MoveTaskListRequest { task_list_id: id.to_owned(), place: Some(place), ..Default::default() };
    Ok(user.lists.clone().move_task_list(user.with_token(request)).await?.into_inner().task_list.unwrap())
}

on_both_databases! {
    async fn a_list_is_made_renamed_and_read_back(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let made = user.new_list("Chores").await;
        assert_eq!((made.title.as_str(), made.inbox, made.revision), ("Chores", false, 1));
        assert_eq!(get(&user, &made.id).await.unwrap(), made);
        assert_eq!(titles(&user).await, ["Inbox", "Chores"]);
        let named = TaskList { id: made.id.clone(), title: "Work".into(), etag: made.etag.clone(), inbox: true, ..made.clone() };
        let renamed = update(&user, named.clone(), &["title", "inbox"]).await.unwrap();
        assert_eq!((renamed.title.as_str(), renamed.inbox, renamed.revision), ("Work", false, 2));
        assert_eq!(reason(&update(&user, named.clone(), &[]).await.unwrap_err()), "ETAG_MISMATCH");
        let empty = TaskList { id: made.id.clone(), ..Default::default() };
        assert_eq!(update(&user, empty.clone(), &[]).await.unwrap().title, "Work");
        assert_eq!(fields(&update(&user, empty.clone(), &["*"]).await.unwrap_err()), ["task_list.title"]);
        assert_eq!(fields(&update(&user, empty, &["colour"]).await.unwrap_err()), ["update_mask"]);
        let task_list = Some(TaskList { title: "t".repeat(201), ..Default::default() });
        let broken = CreateTaskListRequest {
            task_list, task_list_id: "no id".into(), request_id: "no id".into(), ..Default::default()
        };
        let refusal = user.lists.clone().create_task_list(user.with_token(broken)).await.unwrap_err();
        assert_eq!(fields(&refusal), ["request_id", "task_list_id", "task_list.title"]);
    }

    async fn an_id_of_the_clients_making_and_a_repeated_request_make_one_list(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let request = CreateTaskListRequest {
            task_list: Some(TaskList { title: "once".into(), ..Default::default() }),
            task_list_id: Uuid::now_v7().to_string(),
            request_id: Uuid::new_v4().to_string(),
            validate_only: false,
        };
        let create = |request| async { user.lists.clone().create_task_list(user.with_token(request)).await };
        let ask = CreateTaskListRequest { validate_only: true, ..request.clone() };
        create(ask).await.unwrap();
        assert!(titles(&user).await.is_empty());
        let answers = join_all((0..10).map(|_| create(request.clone()))).await;
        let ids: BTreeSet<String> =
            answers.into_iter().map(|answer| answer.unwrap().into_inner().task_list.unwrap().id).collect();
        assert_eq!(ids, [request.task_list_id.clone()].into());
        let other = CreateTaskListRequest { request_id: String::new(), ..request };
        let refusal = create(other).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::AlreadyExists, "TASK_LIST_EXISTS"));
        assert_eq!(titles(&user).await, ["Inbox", "once"]);
    }

    async fn tasks_go_where_they_are_told_or_into_the_inbox(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let list = user.new_list("Work").await;
        let (inbox, work) = (user.create("in the inbox").await, user.create_in(&list.id, "at work").await.unwrap());
        assert_eq!(work.task_list_id, list.id);
        assert!(get(&user, &inbox.task_list_id).await.unwrap().inbox);
        assert_eq!(user.titles_in(&list.id).await, ["at work"]);
        assert_eq!(user.titles_in(&inbox.task_list_id).await, ["in the inbox"]);
        assert_eq!(user.titles().await.len(), 2);
        user.create_in(&list.id, "at work too").await.unwrap();
        let first = ListTasksRequest { task_list_id: list.id.clone(), page_size: 1, ..Default::default() };
        let token = user.tasks(first.clone()).await.unwrap().next_page_token;
        // A token of one listing means nothing in another.
        for other in [
            ListTasksRequest { task_list_id: inbox.task_list_id, page_token: token.clone(), ..Default::default() },
            ListTasksRequest { task_list_id: list.id.clone(), show_deleted: true, page_token: token.clone(), ..Default::default() },
            ListTasksRequest { page_token: token.clone(), ..Default::default() },
        ] {
            assert_eq!(reason(&user.tasks(other).await.unwrap_err()), "PAGE_TOKEN_INVALID");
        }
        let next = ListTasksRequest { page_token: token, ..first };
        assert_eq!(user.tasks(next).await.unwrap().tasks[0].title, "at work too");
        let nowhere = user.create_in(&Uuid::now_v7().to_string(), "lost").await.unwrap_err();
        assert_eq!((nowhere.code(), reason(&nowhere).as_str()), (Code::NotFound, "TASK_LIST_NOT_FOUND"));
    }

    async fn lists_stand_where_they_are_put(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let mut lists = Vec::new();
        for title in ["a", "b", "c"] {
            lists.push(user.new_list(title).await.id);
        }
        move_list(&user, &lists[2], Place::First(true)).await.unwrap();
        assert_eq!(titles(&user).await, ["c", "Inbox", "a", "b"]);
        move_list(&user, &lists[2], Place::BeforeTaskListId(lists[1].clone())).await.unwrap();
        assert_eq!(titles(&user).await, ["Inbox", "a", "c", "b"]);
        move_list(&user, &lists[0], Place::AfterTaskListId(lists[1].clone())).await.unwrap();
        assert_eq!(titles(&user).await, ["Inbox", "c", "b", "a"]);
        move_list(&user, &lists[1], Place::Last(true)).await.unwrap();
        assert_eq!(titles(&user).await, ["Inbox", "c", "a", "b"]);
        let itself = move_list(&user, &lists[0], Place::AfterTaskListId(lists[0].clone())).await.unwrap_err();
        assert_eq!(fields(&itself), ["after_task_list_id"]);
        assert_eq!(fields(&move_list(&user, &lists[0], Place::First(false)).await.unwrap_err()), ["first"]);
        let unknown = move_list(&user, &lists[0], Place::BeforeTaskListId(Uuid::now_v7().to_string())).await.unwrap_err();
        assert_eq!(reason(&unknown), "TASK_LIST_NOT_FOUND");
    }

    async fn a_walk_through_lists_meets_each_once(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, stranger) = (service.new_user(), service.new_user());
        for number in 0..6 {
            user.new_list(&number.to_string()).await;
        }
        let (mut met, mut token) = (Vec::new(), String::new());
        loop {
            let request = ListTaskListsRequest { page_size: 2, page_token: token, ..Default::default() };
            let next = page(&user, request).await.unwrap();
            met.extend(next.task_lists.into_iter().map(|list| list.title));
            token = next.next_page_token;
            if token.is_empty() {
                break;
            }
            let foreign = ListTaskListsRequest { page_token: token.clone(), ..Default::default() };
            assert_eq!(reason(&page(&stranger, foreign).await.unwrap_err()), "PAGE_TOKEN_INVALID");
        }
        assert_eq!(met, ["Inbox", "0", "1", "2", "3", "4", "5"]);
        let negative = page(&user, ListTaskListsRequest { page_size: -1, ..Default::default() }).await.unwrap_err();
        assert_eq!(fields(&negative), ["page_size"]);
    }

    async fn a_deleted_list_takes_its_tasks_along_and_brings_them_back(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let list = user.new_list("Work").await;
        let kept = user.create_in(&list.id, "kept").await.unwrap();
        let under = user.create_under(&kept.id, "under").await.unwrap();
        let gone_before = user.create_in(&list.id, "gone before").await.unwrap();
        user.delete(&gone_before.id).await.unwrap();
        let deleted = user.delete_list(&list.id).await.unwrap();
        assert_eq!(deleted.purge_time.unwrap().seconds - deleted.delete_time.unwrap().seconds, 30 * 24 * 3600);
        assert_eq!(get(&user, &list.id).await.unwrap(), deleted);
        assert_eq!(titles(&user).await, ["Inbox"]);
        assert!(user.titles().await.is_empty());
        let task = user.get(&under.id).await.unwrap();
        assert_eq!((task.delete_time, task.purge_time, task.revision), (deleted.delete_time, deleted.purge_time, deleted.revision));
        for refusal in [
            user.create_in(&list.id, "new").await.unwrap_err(),
            user.delete_list(&list.id).await.unwrap_err(),
            update(&user, list.clone(), &[]).await.unwrap_err(),
        ] {
            assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::NotFound, "TASK_LIST_NOT_FOUND"));
        }
        let all = ListTaskListsRequest { show_deleted: true, ..Default::default() };
        assert_eq!(page(&user, all).await.unwrap().task_lists.len(), 2);
        let restored = user.undelete_list(&list.id).await.unwrap();
        assert_eq!((restored.delete_time, restored.purge_time), (None, None));
        assert_eq!(user.titles_in(&list.id).await, ["kept", "under"]);
        assert!(user.get(&gone_before.id).await.unwrap().delete_time.is_some());
        let again = user.undelete_list(&list.id).await.unwrap_err();
        assert_eq!((again.code(), reason(&again).as_str()), (Code::FailedPrecondition, "NOT_DELETED"));
    }

    async fn the_inbox_stays(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let inbox = user.create("task").await.task_list_id;
        for validate_only in [true, false] {
            let request = DeleteTaskListRequest { task_list_id: inbox.clone(), validate_only, ..Default::default() };
            let refusal = user.lists.clone().delete_task_list(user.with_token(request)).await.unwrap_err();
            assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::FailedPrecondition, "INBOX_UNDELETABLE"));
        }
        let renamed = update(&user, TaskList { id: inbox, title: "Eingang".into(), ..Default::default() }, &[]).await.unwrap();
        assert!(renamed.inbox);
        assert_eq!(user.titles().await, ["task"]);
    }
}
