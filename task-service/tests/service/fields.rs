//! What fields may hold, and which of them an update changes.

use prost_types::FieldMask;
use proto::task::v1::{
    CreateTaskRequest, GetTaskRequest, Priority, Reminder, Task, TaskTime, UpdateTaskRequest, reminder::Trigger,
};
use service_runtime::on_both_databases;
use tonic::Code;

use crate::support::{
    Service,
    client::{User, fields, reason, titled},
};

fn time(date: &str, time_of_day: &str, time_zone: &str) -> TaskTime {
    TaskTime { date: date.into(), time_of_day: time_of_day.into(), time_zone: time_zone.into() }
}

fn before_due(seconds: i64) -> Reminder {
    let lead = prost_types::Duration { seconds, nanos: 0 };
    Reminder { trigger: Some(Trigger::BeforeDue(lead)), remind_time: None }
}

fn full() -> Task {
    Task {
        title: "title".into(),
        notes: "notes".into(),
        priority: Priority::High.into(),
        start: Some(time("2026-12-01", "08:00", "")),
        due: Some(time("2026-12-24", "", "")),
        reminders: vec![
            before_due(3600),
            Reminder { trigger: Some(Trigger::At(time("2026-12-23", "09:00", ""))), remind_time: None },
        ],
        labels: vec!["label".into()],
        annotations: [("example.org/colour".into(), "green".into())].into(),
        ..Default::default()
    }
}

/// What an update of `full()` leaves behind, without what the server sets.
async fn updated(user: &User, change: Task, paths: &[&str]) -> Result<Task, tonic::Status> {
    let made = user.try_create(CreateTaskRequest { task: Some(full()), ..Default::default() }).await.unwrap();
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = UpdateTaskRequest {
        task: Some(Task { id: made.id, ..change }),
        update_mask: Some(FieldMask { paths }),
        ..Default::default()
    };
    let task = user.update(request).await?;
    let Task { title, notes, priority, start, due, mut reminders, labels, annotations, .. } = task;
    // When they are due is told by a test of its own.
    reminders.iter_mut().for_each(|reminder| reminder.remind_time = None);
    Ok(Task { title, notes, priority, start, due, reminders, labels, annotations, ..Default::default() })
}

fn broken() -> Task {
    Task {
        title: "two\nlines".into(),
        notes: "n".repeat(16 * 1024 + 1),
        priority: 77,
        start: Some(time("", "08:00", "")),
        due: Some(time("soon", "late", "here")),
        reminders: vec![
            Reminder::default(),
            Reminder { trigger: Some(Trigger::At(time("2026-12-24", "", ""))), remind_time: None },
            Reminder { trigger: Some(Trigger::At(time("soon", "", ""))), remind_time: None },
            before_due(-1),
        ],
        labels: vec!["twice".into(), "twice".into(), String::new()],
        annotations: [("two words".into(), String::new()), ("long".into(), "v".repeat(513))].into(),
        ..Default::default()
    }
}

const BROKEN_FIELDS: [&str; 15] = [
    "task.title",
    "task.notes",
    "task.priority",
    "task.start.date",
    "task.due.date",
    "task.due.time_of_day",
    "task.due.time_zone",
    "task.reminders[0].trigger",
    "task.reminders[1].at.time_of_day",
    "task.reminders[2].at.date",
    "task.reminders[3].before_due",
    "task.labels[1]",
    "task.labels[2]",
    "task.annotations[long]",
    "task.annotations",
];

on_both_databases! {
    async fn every_broken_rule_is_told_at_once(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let create = CreateTaskRequest {
            task: Some(broken()),
            task_id: "no id".into(),
            request_id: "no id".into(),
            ..Default::default()
        };
        let refusal = user.try_create(create).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::InvalidArgument, "VALIDATION_FAILED"));
        assert_eq!(fields(&refusal), [&["request_id", "task_id"][..], &BROKEN_FIELDS].concat());

        let update = UpdateTaskRequest {
            task: Some(broken()),
            update_mask: Some(FieldMask { paths: vec!["*".into(), "colour".into()] }),
            request_id: "no id".into(),
            ..Default::default()
        };
        let refusal = user.update(update).await.unwrap_err();
        assert_eq!(fields(&refusal), [&["request_id", "task.id", "update_mask"][..], &BROKEN_FIELDS].concat());
    }

    async fn what_is_missing_is_told(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        assert_eq!(fields(&user.try_create(CreateTaskRequest::default()).await.unwrap_err()), ["task.title"]);
        assert_eq!(fields(&user.update(UpdateTaskRequest::default()).await.unwrap_err()), ["task.id"]);
        assert_eq!(fields(&user.delete("").await.unwrap_err()), ["task_id"]);
        assert_eq!(fields(&user.get("").await.unwrap_err()), ["task_id"]);
    }

    async fn the_longest_of_everything_is_kept(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let task = Task {
            title: "\u{1f384}".repeat(500),
            notes: "n".repeat(16 * 1024),
            labels: (10..30).map(|number| format!("{number}{}", "\u{1f384}".repeat(48))).collect(),
            reminders: (0..10).map(before_due).collect(),
            annotations: (10..30).map(|number| (number.to_string().repeat(31), "\u{1f384}".repeat(128))).collect(),
            ..Default::default()
        };
        let made = user.try_create(CreateTaskRequest { task: Some(task.clone()), ..Default::default() }).await.unwrap();
        let texts = (made.title, made.notes, made.labels, made.reminders, made.annotations);
        assert_eq!(texts, (task.title, task.notes, task.labels, task.reminders, task.annotations));
    }

    async fn a_message_far_beyond_that_is_refused(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let task = Some(Task { notes: "n".repeat(70 * 1024), ..titled("x") });
        let refusal = user.try_create(CreateTaskRequest { task, ..Default::default() }).await.unwrap_err();
        assert!(matches!(refusal.code(), Code::OutOfRange | Code::ResourceExhausted), "{refusal:?}");
        assert!(user.titles().await.is_empty());
    }

    async fn without_a_mask_only_what_is_set_changes(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let change = Task { notes: "new".into(), labels: vec!["b".into(), "a".into()], ..Default::default() };
        let expected = Task { notes: "new".into(), labels: vec!["a".into(), "b".into()], ..full() };
        assert_eq!(updated(&user, change, &[]).await.unwrap(), expected);
        assert_eq!(updated(&user, Task::default(), &[]).await.unwrap(), full());
        let annotations = [("other".into(), "value".into())].into();
        let change = Task { start: Some(time("2027-01-01", "", "")), annotations, ..Default::default() };
        let expected = Task { start: change.start.clone(), annotations: change.annotations.clone(), ..full() };
        assert_eq!(updated(&user, change, &[]).await.unwrap(), expected);
        let change = Task { priority: Priority::None.into(), ..Default::default() };
        let expected = Task { priority: Priority::None.into(), ..full() };
        assert_eq!(updated(&user, change, &[]).await.unwrap(), expected);
    }

    async fn what_a_mask_names_and_the_task_lacks_is_cleared(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let change = Task { title: "not named".into(), ..Default::default() };
        let expected = Task { due: None, labels: vec![], ..full() };
        assert_eq!(updated(&user, change, &["due", "labels"]).await.unwrap(), expected);
        let expected = Task { start: None, reminders: vec![], annotations: [].into(), ..full() };
        assert_eq!(updated(&user, Task::default(), &["start", "reminders", "annotations"]).await.unwrap(), expected);
        let expected = Task { notes: String::new(), priority: Priority::None.into(), ..full() };
        assert_eq!(updated(&user, Task::default(), &["notes", "priority"]).await.unwrap(), expected);
        assert_eq!(fields(&updated(&user, Task::default(), &["title"]).await.unwrap_err()), ["task.title"]);
    }

    async fn a_star_replaces_everything_that_can_change(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let expected = Task { priority: Priority::None.into(), ..titled("new") };
        assert_eq!(updated(&user, titled("new"), &["*"]).await.unwrap(), expected);
    }

    async fn a_mask_ignores_what_the_server_sets_and_refuses_what_is_unknown(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let change = Task { position: "zz".into(), revision: 99, ..titled("new") };
        let paths = ["title", "position", "revision", "create_time", "state"];
        assert_eq!(updated(&user, change, &paths).await.unwrap(), Task { title: "new".into(), ..full() });
        let unknown = updated(&user, titled("new"), &["title", "colour"]).await.unwrap_err();
        assert_eq!((reason(&unknown).as_str(), fields(&unknown)), ("VALIDATION_FAILED", vec!["update_mask".to_owned()]));
    }

    async fn a_reminder_says_when_it_is_due_and_follows_what_it_counts_from(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let task = Task {
            due: Some(time("2026-03-29", "03:30", "Europe/Vienna")),
            reminders: vec![before_due(3600), before_due(0)],
            ..titled("change of clocks")
        };
        let made = user.try_create(CreateTaskRequest { task: Some(task), ..Default::default() }).await.unwrap();
        let told = |task: &Task| task.reminders.iter().map(|reminder| reminder.remind_time.clone()).collect::<Vec<_>>();
        let at = |time_of_day: &str| Some(time("2026-03-29", time_of_day, "Europe/Vienna"));
        assert_eq!(told(&made), [at("01:30"), at("03:30")]);
        let moved = Task { id: made.id.clone(), due: Some(time("2026-04-01", "", "")), ..Default::default() };
        let moved = user.update(UpdateTaskRequest { task: Some(moved), ..Default::default() }).await.unwrap();
        assert_eq!(told(&moved), [Some(time("2026-03-31", "23:00", "")), Some(time("2026-04-01", "00:00", ""))]);
        let mask = Some(FieldMask { paths: vec!["due".into()] });
        let cleared = Task { id: made.id.clone(), ..Default::default() };
        let cleared = user.update(UpdateTaskRequest { task: Some(cleared), update_mask: mask, ..Default::default() });
        assert_eq!(told(&cleared.await.unwrap()), [None, None]);
        assert_eq!(told(&user.get(&made.id).await.unwrap()), [None, None]);
    }

    async fn what_a_task_is_found_by_follows_it(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let tables = service.tables().await;
        let with_label = async |label: &str| {
            tables.number(&format!("SELECT COUNT(*) AS number FROM task_label WHERE label = '{label}'")).await
        };
        let change = Task { labels: vec!["label".into(), "new".into()], ..Default::default() };
        updated(&user, change, &["labels", "due"]).await.unwrap();
        assert_eq!([with_label("label").await, with_label("new").await], [1, 1]);
        let orders = "SELECT COUNT(*) AS number FROM task WHERE state_rank = 1 AND complete_order = 9223372036854775807 \
            AND due_order = 9223372036854775807 AND start_order = 1796112000";
        assert_eq!(tables.number(orders).await, 1);
        updated(&user, Task::default(), &["labels"]).await.unwrap();
        assert_eq!([with_label("label").await, with_label("new").await], [1, 1]);
        assert_eq!(tables.number("SELECT COUNT(*) AS number FROM task WHERE due_order = 1798070400").await, 1);
    }

    async fn a_refusal_stays_small_whatever_was_sent(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let refusal = updated(&user, titled("x"), &["colour".repeat(1000).as_str(); 9]).await.unwrap_err();
        assert!(refusal.details().len() < 1024, "{}", refusal.details().len());
        let request = user.with_token(GetTaskRequest { task_id: "x".repeat(60_000) });
        let refusal = user.rpc.clone().get_task(request).await.unwrap_err();
        assert!(refusal.details().len() < 1024, "{}", refusal.details().len());
    }
}
