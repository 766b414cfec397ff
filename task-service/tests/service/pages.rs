//! Walking through a listing while it changes.

use chrono::Duration;
use proto::task::v1::{CreateTaskRequest, ListTasksRequest, Task};
use service_runtime::{
    clock::Clock,
    on_both_databases,
    testing::{Engine, TestDatabase},
};
use tonic::Code;

use crate::support::{
    Service,
    client::{User, bytes, fields, reason, titled},
};

async fn fill(user: &User, count: usize) -> Vec<Task> {
    let mut tasks = Vec::new();
    for number in 0..count {
        tasks.push(user.create(&format!("task {number}")).await);
    }
    tasks
}

on_both_databases! {
    async fn a_walk_meets_every_untouched_task_once(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, neighbour) = (service.new_user(), service.new_user());
        let tasks = fill(&user, 40).await;
        neighbour.create("another user's").await;
        // Tasks at one place are told apart by their ids.
        let one_place = "UPDATE task SET position = 'a7' WHERE position BETWEEN 'a3' AND 'aT'";
        service.tables().await.try_execute(one_place).await.unwrap();

        let (mut met, mut token, mut step) = (Vec::new(), String::new(), 0);
        loop {
            let page = user.page([3, 1, 7, 2][step % 4], &token).await.unwrap();
            met.extend(page.tasks.into_iter().map(|task| task.id));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
            // Behind the walk, ahead of it, and at its feet: none of these may shift it.
            user.delete(met.last().unwrap()).await.unwrap();
            if step < 5 {
                user.delete(&tasks[39 - step].id).await.unwrap();
            }
            user.create("new at the end").await;
            step += 1;
        }
        let mut once = met.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), met.len(), "a task was met twice");
        for task in &tasks[..35] {
            assert!(met.contains(&task.id), "{} was skipped", task.title);
        }
    }

    async fn pages_are_as_long_as_asked_for_within_bounds(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        assert_eq!(user.page(0, "").await.unwrap(), Default::default());
        fill(&user, 203).await;
        for (asked, given) in [(0, 50), (1, 1), (200, 200), (201, 200), (i32::MAX, 200)] {
            assert_eq!(user.page(asked, "").await.unwrap().tasks.len(), given, "{asked}");
        }
        let negative = user.page(-1, "").await.unwrap_err();
        assert_eq!((negative.code(), fields(&negative)), (Code::InvalidArgument, vec!["page_size".to_owned()]));
        let last = user.page(200, "").await.unwrap().next_page_token;
        let last = user.page(3, &last).await.unwrap();
        assert_eq!((last.tasks.len(), last.next_page_token.as_str()), (3, ""));
    }

    async fn a_page_of_long_tasks_still_fits_into_a_message(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        for _ in 0..200 {
            let task = Some(Task { notes: "n".repeat(16 * 1024), ..titled(&"\u{1f384}".repeat(500)) });
            user.try_create(CreateTaskRequest { task, ..Default::default() }).await.unwrap();
        }
        let page = user.page(200, "").await.unwrap();
        assert!((100..200).contains(&page.tasks.len()), "{}", page.tasks.len());
        let rest = user.page(200, &page.next_page_token).await.unwrap();
        assert_eq!(page.tasks.len() + rest.tasks.len(), 200);
    }

    async fn now_stands_still_from_the_first_page_to_the_last(database: TestDatabase) {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse().unwrap());
        let service = Service::start_at(&database, clock.clone()).await;
        let user = service.new_user();
        fill(&user, 5).await;
        let filter = "create_time <= now()".to_owned();
        let mut request = ListTasksRequest { page_size: 2, filter, ..Default::default() };
        request.page_token = user.tasks(request.clone()).await.unwrap().next_page_token;
        clock.advance(Duration::seconds(1));
        user.create("later").await;
        clock.advance(Duration::days(1));
        let rest: Vec<_> = user.walk(request).await.unwrap().into_iter().map(|task| task.title).collect();
        assert_eq!(rest, ["task 2", "task 3", "task 4"]);
    }

    async fn a_page_token_is_good_for_its_user_and_for_nothing_else(database: TestDatabase) {
        let mut service = Service::start(&database).await;
        let user = service.new_user();
        fill(&user, 3).await;
        let token = user.page(1, "").await.unwrap().next_page_token;
        let stranger = service.new_user();
        stranger.create("own").await;
        let foreign = stranger.page(1, &token).await.unwrap_err();
        assert_eq!((foreign.code(), reason(&foreign).as_str()), (Code::InvalidArgument, "PAGE_TOKEN_INVALID"));
        assert_eq!(bytes(&foreign), bytes(&stranger.page(1, "never a token").await.unwrap_err()));
        for at in [0, token.len() / 2, token.len() - 1] {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let refusal = user.page(1, std::str::from_utf8(&changed).unwrap()).await.unwrap_err();
            assert_eq!(bytes(&refusal), bytes(&foreign), "changed at {at}");
        }
        for changed in [
            ListTasksRequest { filter: "title:task".into(), ..Default::default() },
            ListTasksRequest { filter: " ".into(), ..Default::default() },
            ListTasksRequest { order_by: "position".into(), ..Default::default() },
            ListTasksRequest { show_deleted: true, ..Default::default() },
            ListTasksRequest { time_zone: "UTC".into(), ..Default::default() },
            ListTasksRequest { task_list_id: user.create("x").await.task_list_id, ..Default::default() },
        ] {
            let refusal = user.tasks(ListTasksRequest { page_token: token.clone(), ..changed }).await.unwrap_err();
            assert_eq!(bytes(&refusal), bytes(&foreign));
        }
        let before = user.page(1, &token).await.unwrap().tasks;
        service.restart().await;
        let same = service.caller(&user.token);
        assert_eq!(same.page(1, &token).await.unwrap().tasks, before);
    }
}

#[tokio::test]
async fn replicas_on_one_postgres_take_each_others_page_tokens() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let service = Service::start(&database).await;
    let user = service.new_user();
    let tasks = fill(&user, 4).await;
    let replica = service.replica().await;
    let there = replica.caller(&user.token);
    let first = user.page(1, "").await.unwrap();
    let second = there.page(1, &first.next_page_token).await.unwrap();
    let third = user.page(2, &second.next_page_token).await.unwrap();
    let met: Vec<Task> = [first.tasks, second.tasks, third.tasks].concat();
    assert_eq!(met, tasks);
}
