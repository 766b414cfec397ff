//! Walking through listings in any order while tasks come and go.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use fastrand::Rng;
use proto::task::v1::{CreateTaskRequest, ListTasksRequest, Task};
use service_runtime::on_both_databases;

use crate::{
    queries::{order::Order, some_task},
    support::{Service, client::User},
};

const GONE: &str = "gone soon";

/// What is added at the end is met too: a walk must be able to get there.
const MOST: usize = 1000;

async fn make(user: &User, task: Task) -> Task {
    user.try_create(CreateTaskRequest { task: Some(task), ..Default::default() }).await.unwrap()
}

/// Makes tasks and takes them away again until it is told to stop; says how many.
async fn churn(user: User, seed: u64, stop: Arc<AtomicBool>) -> usize {
    let mut random = Rng::with_seed(seed);
    let mut made = Vec::new();
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) && count < MOST {
        let task = Task { labels: vec![GONE.into()], ..some_task(&mut random) };
        made.push(make(&user, task).await.id);
        if random.bool() {
            let id = made.swap_remove(random.usize(..made.len()));
            // The walk may have been faster.
            let _ = user.delete(&id).await;
        }
        count += 1;
    }
    count
}

async fn assert_walk(user: &User, untouched: &[Task], order: &Order, random: &mut Rng) {
    let mut request = ListTasksRequest { order_by: order.text(), ..Default::default() };
    let mut met: Vec<Task> = Vec::new();
    loop {
        request.page_size = random.i32(1..6);
        let page = user.tasks(request.clone()).await.unwrap();
        met.extend(page.tasks);
        // At the walk's feet: what it has just met goes, and the place with it.
        let last = met.last().filter(|last| last.labels == [GONE] && last.delete_time.is_none());
        if let Some(last) = last {
            // The churn may have been faster.
            let _ = user.delete(&last.id).await;
        }
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    for pair in met.windows(2) {
        assert!(order.compare(&pair[0], &pair[1]).is_lt(), "{}: {pair:?}", order.text());
    }
    let mut expected: Vec<&Task> = untouched.iter().collect();
    expected.sort_by(|one, other| order.compare(one, other));
    let met: Vec<&Task> = met.iter().filter(|task| task.labels != [GONE]).collect();
    assert_eq!(met, expected, "{}", order.text());
}

on_both_databases! {
    async fn no_untouched_task_is_skipped_or_repeated_in_any_order(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let mut random = Rng::with_seed(7);
        let mut untouched = Vec::new();
        for _ in 0..50 {
            untouched.push(make(&user, Task { labels: vec![], ..some_task(&mut random) }).await);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let churn = tokio::spawn(churn(user.clone(), 8, stop.clone()));
        for order in [
            &[][..],
            &[("priority", false)],
            &[("priority", true), ("due", true)],
            &[("due", false), ("start", true), ("title", false)],
            &[("complete_time", false), ("state", true)],
            &[("start", true), ("id", true)],
            &[("title", true), ("create_time", false)],
        ] {
            assert_walk(&user, &untouched, &Order::of(order), &mut random).await;
        }
        stop.store(true, Ordering::Relaxed);
        assert!(churn.await.unwrap() > 20, "nothing came or went meanwhile");
    }
}
