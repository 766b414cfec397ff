//! Ten thousand tasks put at one spot, and the room that is made for them.

use std::time::Duration;

use service_runtime::{clock::Clock, on_both_databases};
use task_service::{
    id::{TaskId, TaskListId},
    place::Place,
    position::Position,
    store::Write,
    task::{Spot, Task},
    task_draft::{TaskDraft, TaskPatch},
    task_text::Title,
};

use crate::{
    support::tables::Tables,
    writes::{caller, intent, store},
};

async fn put(write: &mut Write, list: TaskListId, number: usize, place: Place<TaskId>) -> TaskId {
    let id = TaskId::generate(write.moment().time);
    let title = Title::parse(format!("{number:05}")).unwrap();
    let draft = TaskDraft { id: None, task_list_id: None, parent_id: None, title, fields: TaskPatch::default() };
    let position = write.place_task(id, list, None, place).await.unwrap();
    let task = Task::new(id, draft, Spot { task_list_id: list, parent_id: None, position }, write.moment());
    write.insert_task(&task).await.unwrap();
    id
}

/// The tasks' titles in the order of their places.
async fn in_order(tables: &Tables) -> Vec<String> {
    tables.texts("SELECT title AS text FROM task ORDER BY position, id").await
}

on_both_databases! {
    async fn ten_thousand_tasks_put_at_one_spot_keep_their_order(database: TestDatabase) {
        let (store, tables) = store(&database, Clock::system()).await;
        let work = |mut write: Write| async move {
            let list = write.inbox().await?;
            put(&mut write, list, 0, Place::Last).await;
            let last = put(&mut write, list, 10_000, Place::Last).await;
            for number in 1..10_000 {
                put(&mut write, list, number, Place::Before(last)).await;
            }
            Ok((write, ()))
        };
        store.for_user(&caller()).write(&intent(Duration::from_secs(600)), work).await.unwrap();
        let order = in_order(&tables).await;
        assert_eq!(order.len(), 10_001);
        assert!(order.is_sorted(), "{order:?}");
        assert_eq!(tables.number("SELECT COUNT(DISTINCT position) AS number FROM task").await, 10_001);
        let longest = tables.number("SELECT CAST(MAX(LENGTH(position)) AS BIGINT) AS number FROM task").await;
        assert!(longest as usize <= Position::MAX_BYTES, "{longest}");
        // Room was made, in the one revision that there is, and far from every time.
        let moved = "SELECT COUNT(*) AS number FROM task_change WHERE operation = 'UPDATE' AND revision = 1";
        assert!((1..10_000).contains(&tables.number(moved).await));
    }
}
