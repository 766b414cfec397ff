//! Many at once.

use std::collections::BTreeSet;

use futures::future::join_all;
use proto::task::v1::{CreateTaskRequest, Task, UpdateTaskRequest};
use service_runtime::on_both_databases;

use crate::support::{
    Service,
    client::{reason, titled},
};

on_both_databases! {
    async fn of_fifty_changes_with_one_etag_one_succeeds(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let made = user.create("contested").await;
        let changes = (0..50).map(|number| {
            let task = Task { id: made.id.clone(), etag: made.etag.clone(), ..titled(&format!("by {number}")) };
            user.update(UpdateTaskRequest { task: Some(task), ..Default::default() })
        });
        let (won, lost): (Vec<_>, Vec<_>) = join_all(changes).await.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 49));
        for refusal in lost.into_iter().map(Result::unwrap_err) {
            assert_eq!((refusal.code(), reason(&refusal).as_str()), (tonic::Code::Aborted, "ETAG_MISMATCH"));
        }
        let after = user.get(&made.id).await.unwrap();
        assert_eq!(Some(&after), won[0].as_ref().ok());
        assert_eq!(after.revision, made.revision + 1);
    }

    async fn first_tasks_made_at_once_share_one_inbox_and_no_place(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let request = || CreateTaskRequest { task: Some(titled("first")), ..Default::default() };
        let made = join_all((0..20).map(|_| user.try_create(request()))).await;
        let made: Vec<Task> = made.into_iter().map(Result::unwrap).collect();
        let different = |part: fn(&Task) -> String| made.iter().map(part).collect::<BTreeSet<_>>().len();
        assert_eq!(different(|task| task.task_list_id.clone()), 1);
        assert_eq!(different(|task| task.position.clone()), 20);
        assert_eq!(made.iter().map(|task| task.revision).collect::<BTreeSet<_>>(), (1..=20).collect());
        let tables = service.tables().await;
        assert_eq!(tables.number("SELECT COUNT(*) AS number FROM task_list WHERE inbox").await, 1);
        assert_eq!(tables.number("SELECT COUNT(DISTINCT revision) AS number FROM task_change").await, 20);
    }
}
