//! The examples of docs/filtering.md, run as they are printed.

use proto::task::v1::{CreateTaskRequest, ListTasksRequest, Priority, State, Task, TaskTime};
use service_runtime::{clock::Clock, on_both_databases};
use tonic_types::StatusExt;

use crate::support::{
    Service,
    client::{User, reason},
};

const GUIDE: &str = include_str!("../../../docs/filtering.md");
const ZONE: &str = "Europe/Vienna";

/// The rows of the table that has this heading, cell by cell and without the backticks.
fn table(heading: &str) -> Vec<Vec<String>> {
    let rows = GUIDE.lines().skip_while(|line| *line != heading).skip(2).take_while(|line| line.starts_with('|'));
    let cells =
        |row: &str| row.trim_matches('|').split(" |").map(|cell| cell.trim().trim_matches('`').to_owned()).collect();
    let rows: Vec<_> = rows.map(cells).collect();
    assert!(!rows.is_empty(), "the guide has no table {heading}");
    rows
}

/// As the guide writes it: a day, and perhaps a time of day and a zone.
fn time(text: &str) -> Option<TaskTime> {
    let mut parts = text.split_whitespace().map(str::to_owned);
    let date = parts.next()?;
    let (time_of_day, time_zone) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    Some(TaskTime { date, time_of_day, time_zone })
}

async fn make(user: &User, row: &[String]) {
    let [title, state, priority, start, due, labels, notes] = row else { panic!("{row:?}") };
    let task = Task {
        title: title.clone(),
        notes: notes.clone(),
        priority: Priority::from_str_name(&format!("PRIORITY_{priority}")).unwrap_or_default().into(),
        start: time(start),
        due: time(due),
        labels: labels.split(", ").filter(|label| !label.is_empty()).map(str::to_owned).collect(),
        ..Default::default()
    };
    let made = user.try_create(CreateTaskRequest { task: Some(task), ..Default::default() }).await.unwrap();
    match State::from_str_name(&format!("STATE_{state}")).unwrap() {
        State::NeedsAction => {}
        state => drop(user.advance(&made.id, state, "").await.unwrap()),
    }
}

on_both_databases! {
    async fn the_guide_to_filtering_tells_the_truth(database: TestDatabase) {
        let service = Service::start_at(&database, Clock::manual("2026-11-21T10:00:00Z".parse().unwrap())).await;
        let user = service.new_user();
        for task in table("| Task | State | Priority | Start | Due | Labels | Notes |") {
            make(&user, &task).await;
        }
        for example in table("| Filter | Lets pass |") {
            let titles = user.filtered(&example[0], ZONE).await.unwrap_or_else(|status| panic!("{example:?}: {status:?}"));
            assert_eq!(titles.join(", "), example[1], "{}", example[0]);
        }
        for example in table("| Filter | Character | Expected |") {
            let refusal = user.filtered(&example[0], ZONE).await.unwrap_err();
            assert_eq!(reason(&refusal), "FILTER_INVALID");
            assert_eq!(refusal.get_details_error_info().unwrap().metadata["position"], example[1], "{example:?}");
            let expected = format!("at character {}: expected {}", example[1], example[2]);
            assert!(refusal.message().contains(&expected), "{}", refusal.message());
        }
        for example in table("| `order_by` | First to last |") {
            let request = ListTasksRequest { order_by: example[0].clone(), ..Default::default() };
            let titles: Vec<_> = user.walk(request).await.unwrap().into_iter().map(|task| task.title).collect();
            assert_eq!(titles.join(", "), example[1], "{}", example[0]);
        }
    }
}
