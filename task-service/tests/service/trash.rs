//! What is deleted, comes back, and goes for good.

use chrono::Duration;
use proto::task::v1::{CreateTaskRequest, ListTasksRequest, MoveTaskRequest, PurgeTasksRequest};
use service_runtime::{clock::Clock, on_both_databases};
use tonic::Code;
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::support::{
    Service,
    client::{fields, reason, titled},
};

on_both_databases! {
    async fn subtasks_go_into_the_trash_and_come_back_together(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let top = user.create("top").await;
        let under = user.create_under(&top.id, "under").await.unwrap();
        let deeper = user.create_under(&under.id, "deeper").await.unwrap();
        let alone = user.create_under(&top.id, "alone").await.unwrap();
        let with_alone = user.create_under(&alone.id, "with alone").await.unwrap();
        user.create("other").await;
        user.delete(&alone.id).await.unwrap();
        let deleted = user.delete(&top.id).await.unwrap();
        assert_eq!(user.titles().await, ["other"]);
        let gone = user.get(&deeper.id).await.unwrap();
        assert_eq!((gone.delete_time, gone.purge_time, gone.revision), (deleted.delete_time, deleted.purge_time, deleted.revision));
        let all = ListTasksRequest { show_deleted: true, ..Default::default() };
        assert_eq!(user.tasks(all).await.unwrap().tasks.len(), 6);

        let restored = user.undelete(&top.id).await.unwrap();
        assert_eq!((restored.delete_time, restored.purge_time, restored.position), (None, None, top.position));
        let back = user.get(&deeper.id).await.unwrap();
        assert_eq!((back.delete_time, back.parent_id.as_str(), back.revision), (None, under.id.as_str(), restored.revision));
        for id in [&alone.id, &with_alone.id] {
            assert!(user.get(id).await.unwrap().delete_time.is_some(), "it went before");
        }
        assert_eq!(user.undelete(&alone.id).await.unwrap().parent_id, top.id);
        assert!(user.get(&with_alone.id).await.unwrap().delete_time.is_none());
    }

    async fn what_comes_back_alone_comes_to_where_there_is_something(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let list = user.new_list("Work").await.id;
        let top = user.create_in(&list, "top").await.unwrap();
        let under = user.create_under(&top.id, "under").await.unwrap();
        let deeper = user.create_under(&under.id, "deeper").await.unwrap();
        user.delete(&top.id).await.unwrap();
        // Its parent stays in the trash: it comes to the top of its list, with what is under it.
        let restored = user.undelete(&under.id).await.unwrap();
        assert_eq!((restored.task_list_id.as_str(), restored.parent_id.as_str()), (list.as_str(), ""));
        assert!(user.get(&deeper.id).await.unwrap().delete_time.is_none());
        user.delete_list(&list).await.unwrap();
        // So does its list: it comes into the inbox.
        let restored = user.undelete(&under.id).await.unwrap();
        assert_ne!(restored.task_list_id, list);
        assert_eq!(user.get(&deeper.id).await.unwrap().task_list_id, restored.task_list_id);
        user.undelete_list(&list).await.unwrap();
        assert!(user.titles_in(&list).await.is_empty());
        assert_eq!(user.titles_in(&restored.task_list_id).await, ["under", "deeper"]);
    }

    async fn only_what_is_in_the_trash_leaves_it(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let (live, gone) = (user.create("live").await.id, user.create("gone").await.id);
        user.delete(&gone).await.unwrap();
        let refusal = user.undelete(&live).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::FailedPrecondition, "NOT_DELETED"));
        let refusal = user.purge(&[&gone, &live]).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::FailedPrecondition, "NOT_DELETED"));
        assert_eq!(refusal.get_details_error_info().unwrap().metadata["index"], "1");
        let unknown = Uuid::now_v7().to_string();
        assert_eq!(reason(&user.purge(&[&unknown]).await.unwrap_err()), "TASK_NOT_FOUND");
        let broken = PurgeTasksRequest { task_ids: vec![gone.clone(), "no id".into()], ..Default::default() };
        let refusal = user.rpc.clone().purge_tasks(user.with_token(broken)).await.unwrap_err();
        assert_eq!(fields(&refusal), ["task_ids[1]"]);
        for both_or_none in [
            PurgeTasksRequest { task_ids: vec![gone.clone()], all_deleted: true, ..Default::default() },
            PurgeTasksRequest::default(),
            PurgeTasksRequest { task_ids: vec![gone.clone(); 101], ..Default::default() },
        ] {
            let refusal = user.rpc.clone().purge_tasks(user.with_token(both_or_none)).await.unwrap_err();
            assert_eq!(fields(&refusal), ["task_ids"]);
        }
        assert!(user.get(&gone).await.is_ok());
        assert_eq!(user.purge(&[&gone, &gone]).await.unwrap(), 1);
        assert_eq!(reason(&user.get(&gone).await.unwrap_err()), "TASK_NOT_FOUND");
        // Its id is free again.
        let request = CreateTaskRequest { task: Some(titled("again")), task_id: gone, ..Default::default() };
        user.try_create(request).await.unwrap();
    }

    async fn a_purge_takes_what_is_under_a_task_and_nothing_else(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, neighbour) = (service.new_user(), service.new_user());
        let top = user.create("top").await;
        let under = user.create_under(&top.id, "under").await.unwrap();
        let other = user.create("other").await;
        user.create("live").await;
        let foreign = neighbour.create("foreign").await;
        neighbour.delete(&foreign.id).await.unwrap();
        user.delete(&under.id).await.unwrap();
        user.delete(&top.id).await.unwrap();
        user.delete(&other.id).await.unwrap();
        assert_eq!(user.purge(&[&top.id, &under.id]).await.unwrap(), 2);
        let tables = service.tables().await;
        assert_eq!(tables.number("SELECT COUNT(*) AS number FROM task_change WHERE operation = 'PURGE'").await, 2);
        assert_eq!(user.purge(&[]).await.unwrap(), 1);
        assert_eq!(user.purge(&[]).await.unwrap(), 0);
        assert_eq!(user.titles().await, ["live"]);
        assert!(neighbour.get(&foreign.id).await.is_ok());
    }

    async fn the_service_empties_the_trash_when_its_time_is_over(database: TestDatabase) {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse().unwrap());
        let mut service = Service::start_at(&database, clock.clone()).await;
        let user = service.new_user();
        let list = user.new_list("Work").await.id;
        let top = user.create_in(&list, "top").await.unwrap();
        user.create_under(&top.id, "under").await.unwrap();
        user.delete_list(&list).await.unwrap();
        clock.advance(Duration::days(1));
        let later = user.create("later").await;
        user.delete(&later.id).await.unwrap();
        let tables = service.tables().await;
        clock.advance(Duration::days(29) - Duration::microseconds(1));
        service.restart().await;
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert_eq!(tables.number("SELECT COUNT(*) AS number FROM task").await, 3);
        clock.advance(Duration::microseconds(1));
        service.restart().await;
        while tables.number("SELECT COUNT(*) AS number FROM task_list").await > 1 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let user = service.caller(&user.token);
        assert_eq!(reason(&user.get(&top.id).await.unwrap_err()), "TASK_NOT_FOUND");
        assert!(user.get(&later.id).await.unwrap().delete_time.is_some());
        assert_eq!(tables.miscounted().await, 0);
        let logged = "SELECT COUNT(*) AS number FROM task_change WHERE operation = 'PURGE' AND revision = 7";
        assert_eq!(tables.number(logged).await, 3);
        let move_it = MoveTaskRequest { task_id: later.id, ..Default::default() };
        assert_eq!(reason(&user.move_task(move_it).await.unwrap_err()), "TASK_NOT_FOUND");
    }

    async fn what_could_not_be_removed_is_removed_soon(database: TestDatabase) {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse().unwrap());
        let mut service = Service::start_at(&database, clock.clone()).await;
        let user = service.new_user();
        let gone = user.create("gone").await;
        user.delete(&gone.id).await.unwrap();
        let tables = service.tables().await;
        clock.advance(Duration::days(31));
        // Nothing can be purged without it, and nothing says so.
        tables.try_execute("ALTER TABLE task_block RENAME TO hidden").await.unwrap();
        service.restart().await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(tables.number("SELECT COUNT(*) AS number FROM task").await, 1);
        tables.try_execute("ALTER TABLE hidden RENAME TO task_block").await.unwrap();
        let removed = async {
            while tables.number("SELECT COUNT(*) AS number FROM task").await > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), removed).await.unwrap();
    }
}
