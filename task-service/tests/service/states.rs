//! How far a task has come, and the labels that come and go.

use std::collections::BTreeSet;

use futures::future::join_all;
use proto::task::v1::{CreateTaskRequest, ModifyTaskLabelsRequest, State, Task};
use service_runtime::on_both_databases;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{
    Service,
    client::{User, fields, reason, titled},
};

const STATES: [State; 4] = [State::NeedsAction, State::InProcess, State::Completed, State::Cancelled];

/// The steps by which a new task comes to each state.
fn way_to(state: State) -> &'static [State] {
    match state {
        State::InProcess => &[State::InProcess],
        State::Completed => &[State::Completed],
        State::Cancelled => &[State::InProcess, State::Cancelled],
        State::NeedsAction | State::Unspecified => &[],
    }
}

fn allowed(from: State, to: State) -> bool {
    let open = [State::NeedsAction, State::InProcess].contains(&from);
    match to {
        State::InProcess => from == State::NeedsAction,
        State::Completed | State::Cancelled => open,
        State::NeedsAction | State::Unspecified => !open,
    }
}

async fn relabel(user: &User, id: &str, add: &[&str], remove: &[&str]) -> Result<Task, tonic::Status> {
    let owned = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect();
    let request = ModifyTaskLabelsRequest {
        task_id: id.to_owned(),
        add_labels: owned(add),
        remove_labels: owned(remove),
        ..Default::default()
    };
    Ok(user.rpc.clone().modify_task_labels(user.with_token(request)).await?.into_inner().task.unwrap())
}

on_both_databases! {
    async fn a_task_takes_the_steps_there_are_and_no_others(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        for (from, to) in STATES.into_iter().flat_map(|from| STATES.map(|to| (from, to))) {
            let mut task = user.create("work").await;
            for step in way_to(from) {
                task = user.advance(&task.id, *step, &task.etag).await.unwrap();
            }
            let stepped = user.advance(&task.id, to, "").await;
            if allowed(from, to) {
                let stepped = stepped.unwrap();
                assert_eq!((stepped.state(), stepped.revision), (to, task.revision + 1), "{from:?} to {to:?}");
                assert_eq!(stepped.complete_time, stepped.update_time.filter(|_| to == State::Completed));
                assert_eq!(user.get(&task.id).await.unwrap(), stepped);
            } else {
                let refusal = stepped.unwrap_err();
                let told = (refusal.code(), reason(&refusal));
                assert_eq!(told, (Code::FailedPrecondition, "INVALID_TRANSITION".to_owned()), "{from:?} to {to:?}");
                assert_eq!(refusal.get_details_precondition_failure().unwrap().violations[0].subject, task.id);
                assert_eq!(user.get(&task.id).await.unwrap(), task);
            }
        }
    }

    async fn a_step_from_a_state_that_is_not_there_any_more_is_refused(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        for to in STATES {
            let made = user.create("work").await;
            let refusal = user.advance(&made.id, to, "stale").await.unwrap_err();
            assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::Aborted, "ETAG_MISMATCH"));
            user.delete(&made.id).await.unwrap();
            assert_eq!(reason(&user.advance(&made.id, to, "").await.unwrap_err()), "TASK_NOT_FOUND");
        }
    }

    async fn labels_changed_at_once_are_all_changed(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let old: Vec<String> = (0..10).map(|number| format!("old {number}")).collect();
        let task = Task { labels: old.clone(), ..titled("labelled") };
        let made = user.try_create(CreateTaskRequest { task: Some(task), ..Default::default() }).await.unwrap();
        let new: Vec<String> = (0..10).map(|number| format!("new {number}")).collect();
        let edits = old.iter().zip(&new).map(|(old, new)| async { relabel(&user, &made.id, &[new], &[old]).await });
        join_all(edits).await.into_iter().for_each(|edit| drop(edit.unwrap()));
        let task = user.get(&made.id).await.unwrap();
        assert_eq!(task.labels, new);
        let tables = service.tables().await;
        assert_eq!(tables.number("SELECT COUNT(*) AS number FROM task_label WHERE label LIKE 'new %'").await, 10);
        assert_eq!(tables.number("SELECT COUNT(*) AS number FROM task_label").await, 10);
        let same = relabel(&user, &made.id, &["new 0"], &["old 0", "never there"]).await.unwrap();
        assert_eq!(same.labels, new);
    }

    async fn labels_that_break_a_rule_are_refused(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let made = user.create("labelled").await;
        let refusal = relabel(&user, "no id", &["", "both"], &["both", "two\nlines"]).await.unwrap_err();
        let expected = ["task_id", "remove_labels[0]", "add_labels[0]", "remove_labels[1]"];
        assert_eq!(fields(&refusal).into_iter().collect::<BTreeSet<_>>(), expected.map(str::to_owned).into());
        let twenty: Vec<String> = (10..30).map(|number| number.to_string()).collect();
        let twenty: Vec<&str> = twenty.iter().map(String::as_str).collect();
        relabel(&user, &made.id, &twenty, &[]).await.unwrap();
        let refusal = relabel(&user, &made.id, &["one more"], &[]).await.unwrap_err();
        assert_eq!((reason(&refusal).as_str(), fields(&refusal)), ("VALIDATION_FAILED", vec!["add_labels".to_owned()]));
        assert_eq!(relabel(&user, &made.id, &["one more"], &["10"]).await.unwrap().labels.len(), 20);
    }
}
