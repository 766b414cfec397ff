//! What filters mean, told by examples, and how wrong ones are answered.

use chrono::Duration;
use proto::task::v1::{CreateTaskRequest, ListTasksRequest, Priority, State, Task, TaskTime};
use service_runtime::{clock::Clock, on_both_databases};
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{
    Service,
    client::{User, bytes, fields, reason, titled},
};

fn at(date: &str, time_of_day: &str, time_zone: &str) -> Option<TaskTime> {
    Some(TaskTime { date: date.into(), time_of_day: time_of_day.into(), time_zone: time_zone.into() })
}

async fn make(user: &User, task: Task) -> Task {
    user.try_create(CreateTaskRequest { task: Some(task), ..Default::default() }).await.unwrap()
}

async fn assert_filters(user: &User, zone: &str, examples: &[(&str, &str)]) {
    for (filter, titles) in examples {
        let met = user.filtered(filter, zone).await.unwrap_or_else(|status| panic!("{filter}: {status:?}"));
        assert_eq!(met.join(" "), *titles, "{filter} in {zone:?}");
    }
}

on_both_databases! {
    async fn text_is_found_wherever_it_stands(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let notes = [("a", "Milk, 50% fat"), ("b", "under_score"), ("c", "ÄRGER mit it's \"x\""), ("d", "back\\slash")];
        for (title, notes) in notes {
            make(&user, Task { notes: notes.into(), ..titled(title) }).await;
        }
        make(&user, titled("MILKY way")).await;
        assert_filters(&user, "", &[
            ("text:milk", "MILKY way a"),
            ("text:\"50%\"", "a"),
            ("text:\"5_%\"", ""),
            ("text:\"%\"", "a"),
            ("text:\"r_s\"", "b"),
            ("text:\"_\"", "b"),
            ("text:\"ÄRGER\"", "c"),
            // Letters beyond A to Z match themselves only.
            ("text:\"ärger\"", ""),
            ("text:\"rGER MIT\"", "c"),
            ("text:'it\\'s \"X\"'", "c"),
            ("text:\"\\\\\"", "d"),
            ("title:milk", "MILKY way"),
            ("title:\"y W\"", "MILKY way"),
            ("NOT text:milk AND NOT title:b", "c d"),
            ("title = a OR title = \"MILKY way\"", "MILKY way a"),
            ("title = A", ""),
            ("title > Z AND title != b", "a c d"),
        ])
        .await;
    }

    async fn a_field_that_is_not_there_compares_with_nothing_and_not_means_everything_else(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        make(&user, titled("a")).await;
        make(&user, Task { due: at("2026-11-21", "", ""), labels: vec!["x".into()], ..titled("b") }).await;
        make(&user, Task { due: at("2026-11-23", "", ""), labels: vec!["x".into(), "y z".into()], ..titled("c") }).await;
        assert_filters(&user, "", &[
            ("", "a b c"),
            ("due < 2026-11-22", "b"),
            ("due >= 2026-11-22", "c"),
            ("due != 2026-11-21", "c"),
            ("NOT due = 2026-11-21", "a c"),
            ("NOT due < 2026-11-22", "a c"),
            ("-due >= 2026-11-22", "a b"),
            ("due:*", "b c"),
            ("NOT due:*", "a"),
            ("NOT (due < 2026-11-22 OR due >= 2026-11-22)", "a"),
            ("labels:x", "b c"),
            ("labels:\"y z\"", "c"),
            ("labels:y", ""),
            ("NOT labels:x", "a"),
            ("NOT labels:*", "a"),
            ("NOT complete_time > 2000-01-01", "a b c"),
            ("complete_time != 2000-01-01", ""),
            ("NOT (complete_time != 2000-01-01)", "a b c"),
            ("NOT parent_id = 018f3c1e-0000-7000-8000-00000000abcd", "a b c"),
            ("parent_id != 018f3c1e-0000-7000-8000-00000000abcd", ""),
            ("start:* OR delete_time:* OR parent_id:*", ""),
        ])
        .await;
    }

    async fn states_priorities_and_precedence(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        for (title, priority) in [("a", Priority::Unspecified), ("b", Priority::Low), ("c", Priority::High)] {
            make(&user, Task { priority: priority.into(), ..titled(title) }).await;
        }
        let done = make(&user, Task { priority: Priority::Urgent.into(), ..titled("d") }).await;
        user.advance(&done.id, State::Completed, "").await.unwrap();
        assert_filters(&user, "", &[
            ("priority >= HIGH", "c d"),
            ("priority > PRIORITY_HIGH", "d"),
            ("priority < LOW OR priority = \"URGENT\"", "a d"),
            ("priority != NONE", "b c d"),
            ("state = COMPLETED", "d"),
            ("state != STATE_COMPLETED", "a b c"),
            ("complete_time:*", "d"),
            ("state = NEEDS_ACTION AND priority = NONE OR priority = LOW", "a b"),
            ("state = COMPLETED AND priority = NONE OR priority = LOW", ""),
            ("(state = COMPLETED AND priority = NONE) OR priority = LOW", "b"),
            ("priority = LOW OR state = COMPLETED AND priority = URGENT", "d"),
        ])
        .await;
    }

    async fn tasks_are_found_by_their_list_their_parent_and_what_they_wait_for(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let top = user.create("a").await;
        make(&user, Task { parent_id: top.id.clone(), ..titled("b") }).await;
        for title in ["c", "d", "e"] {
            user.create(title).await;
        }
        let wait = "INSERT INTO task_block (user_id, task_id, blocker_id)
            SELECT task.user_id, task.id, blocker.id FROM task JOIN task AS blocker ON blocker.user_id = task.user_id
            WHERE task.title || blocker.title IN ('ac', 'cd', 'ce')";
        service.tables().await.try_execute(wait).await.unwrap();
        let list = &top.task_list_id;
        assert_filters(&user, "", &[
            (&format!("task_list_id = {list}"), "a b c d e"),
            (&format!("task_list_id != {list}"), ""),
            (&format!("parent_id = {}", top.id), "b"),
            (&format!("parent_id != {}", top.id), ""),
            (&format!("NOT parent_id = {}", top.id), "a c d e"),
            ("NOT parent_id:*", "a c d e"),
            (&format!("id = {} OR title = e", top.id), "a e"),
            ("blocked = true", "a c"),
            ("blocked = false AND NOT parent_id:*", "d e"),
            ("NOT blocked != true", "a c"),
        ])
        .await;
        let named = |title: &str| format!("title = {title}");
        let id_of = async |title: &str| {
            let request = ListTasksRequest { filter: named(title), ..Default::default() };
            user.walk(request).await.unwrap().remove(0).id
        };
        user.advance(&id_of("d").await, State::Completed, "").await.unwrap();
        assert_filters(&user, "", &[("blocked = true", "a c")]).await;
        user.delete(&id_of("e").await).await.unwrap();
        assert_filters(&user, "", &[("blocked = true", "a"), ("blocked = false", "b c d")]).await;
    }

    async fn today_and_now_follow_the_time_zone_over_the_days_when_clocks_change(database: TestDatabase) {
        // Half past one at night in Vienna, where this day has 25 hours; still the day before in New York.
        let start = "2026-10-24T23:30:00Z".parse().unwrap();
        let clock = Clock::manual(start);
        let service = Service::start_at(&database, clock.clone()).await;
        let user = service.new_user();
        make(&user, Task { due: at("2026-10-24", "", ""), ..titled("a") }).await;
        make(&user, Task { due: at("2026-10-25", "", ""), ..titled("b") }).await;
        make(&user, Task { due: at("2026-10-26", "", ""), ..titled("c") }).await;
        make(&user, Task { due: at("2026-10-25", "02:30", ""), ..titled("f") }).await;
        make(&user, Task { due: at("2026-10-24", "20:00", "America/New_York"), ..titled("z") }).await;
        let vienna = [
            ("due = today()", "b f z"),
            ("due < today()", "a"),
            ("due > today()", "c"),
            ("due = today() + 1d", "c"),
            ("due = today() - duration(\"1d\")", "a"),
            ("due < now()", "a"),
            // 24 hours after the day began it is 23 o'clock of the same day.
            ("due < today() + duration(\"24h\")", "a f z"),
            ("due < today() + 25h", "a b f z"),
            ("due <= now() + 30m AND NOT due <= now()", "z"),
            ("due < now() + 2h", "a f z"),
            ("create_time >= today()", "a b c f z"),
            ("create_time = 2026-10-25", "a b c f z"),
            ("create_time < now()", ""),
            ("create_time = now()", "a b c f z"),
            ("create_time = \"2026-10-24T23:30:00Z\"", "a b c f z"),
            ("create_time > 2026-10-25T01:30:00+02:00", ""),
        ];
        assert_filters(&user, "Europe/Vienna", &vienna).await;
        let new_york = [
            ("due = today()", "a z"),
            ("due < now()", ""),
            ("due = today() + 1d", "b f"),
            ("create_time = 2026-10-24", "a b c f z"),
            ("create_time = 2026-10-25", ""),
        ];
        assert_filters(&user, "America/New_York", &new_york).await;
        assert_filters(&user, "", &[("due = today()", "a"), ("due = 2026-10-25", "b f z")]).await;
        // The second time that clocks in Vienna show a quarter past two: half past two was over an hour ago.
        clock.advance(Duration::minutes(105));
        assert_filters(&user, "Europe/Vienna", &[("due < now()", "a f z"), ("due = now()", "")]).await;
    }

    async fn a_wrong_filter_is_refused_at_its_place(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        for (filter, position) in [
            ("colour = red", 1),
            ("user_id = 018f3c1e-0000-7000-8000-00000000abcd", 1),
            ("title = x AND (", 16),
            ("priority > 3", 12),
            ("title = \"\0\"", 10),
        ] {
            let refusal = user.filtered(filter, "").await.unwrap_err();
            assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::InvalidArgument, "FILTER_INVALID"), "{filter}");
            assert_eq!(fields(&refusal), ["filter"]);
            let info = refusal.get_details_error_info().unwrap();
            assert_eq!(info.metadata["position"], position.to_string(), "{filter}");
            assert!(refusal.message().contains(&format!("at character {position}: expected ")), "{refusal:?}");
        }
        let too_long = user.filtered(&format!("title = \"{}\"", "x".repeat(5000)), "").await.unwrap_err();
        assert_eq!(reason(&too_long), "FILTER_INVALID");
        let all_wrong = ListTasksRequest {
            page_size: -1,
            task_list_id: "inbox".into(),
            filter: "colour = red".into(),
            order_by: "colour".into(),
            time_zone: "here".into(),
            ..Default::default()
        };
        let refusal = user.tasks(all_wrong).await.unwrap_err();
        assert_eq!(reason(&refusal), "VALIDATION_FAILED");
        assert_eq!(fields(&refusal), ["page_size", "task_list_id", "order_by", "time_zone", "filter"]);
    }

    async fn a_filter_reaches_no_other_users_tasks(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (owner, stranger) = (service.new_user(), service.new_user());
        let secret = make(&owner, Task { labels: vec!["x".into()], notes: "secret".into(), ..titled("secret") }).await;
        // Under the same id, which is unique among one user's tasks only.
        let own = CreateTaskRequest { task: Some(titled("own")), task_id: secret.id.clone(), ..Default::default() };
        stranger.try_create(own).await.unwrap();
        let list = secret.task_list_id.clone();
        for filter in [
            format!("task_list_id = {list}"),
            format!("parent_id = {}", secret.id),
            "title = secret OR text:secret".to_owned(),
            "labels:x".to_owned(),
            "blocked = true".to_owned(),
            "title = own AND (labels:* OR text:secret)".to_owned(),
        ] {
            assert_eq!(stranger.filtered(&filter, "").await.unwrap(), [""; 0], "{filter}");
        }
        let all = stranger.filtered("title != \"\" OR NOT title != \"\" OR id != 018f3c1e-0000-7000-8000-00000000abcd", "");
        assert_eq!(all.await.unwrap(), ["own"]);
        let foreign = ListTasksRequest { task_list_id: list, ..Default::default() };
        let unknown = ListTasksRequest { task_list_id: uuid::Uuid::now_v7().to_string(), ..Default::default() };
        match (stranger.tasks(foreign).await, stranger.tasks(unknown).await) {
            (Ok(foreign), Ok(unknown)) => assert_eq!((foreign.tasks.len(), foreign), (0, unknown)),
            (Err(foreign), Err(unknown)) => assert_eq!(bytes(&foreign), bytes(&unknown)),
            (foreign, unknown) => panic!("{foreign:?} is told from {unknown:?}"),
        }
    }
}
