//! Listings at random against a simple evaluation in memory, which knows nothing of SQL.

mod filter;
pub(crate) mod order;

use chrono::{DateTime, Duration, Utc};
use fastrand::Rng;
use proto::task::v1::{CreateTaskRequest, ListTasksRequest, State, Task, TaskTime};
use service_runtime::{clock::Clock, on_both_databases};

use crate::support::{Service, client::User};

/// How many listings are compared on each database.
const LISTINGS: usize = 400;
const TASKS: usize = 90;

pub(crate) const ZONES: [&str; 4] = ["", "Europe/Vienna", "America/New_York", "Pacific/Kiritimati"];
pub(crate) const WORDS: [&str; 9] = ["milk", "MILK", "100%", "a_b", "Ärger", "ärger", "it's", "\"x\"", "back\\slash"];
pub(crate) const LABELS: [&str; 4] = ["home", "Home", "at work", "ü"];
/// In Vienna clocks are put back on the second of these days.
pub(crate) const DAYS: [&str; 4] = ["2026-10-24", "2026-10-25", "2026-10-26", "2027-01-01"];
pub(crate) const TIMES: [&str; 6] = ["00:00", "00:30", "02:30", "12:00", "23:59:59", "23:30"];

/// When the listings are asked for: in the hour that clocks in Vienna show for the second time.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-10-25T01:15:00.000001Z".parse().unwrap()
}

pub(crate) fn pick<'a, T: ?Sized>(random: &mut Rng, of: &[&'a T]) -> &'a T {
    of[random.usize(..of.len())]
}

fn some_time(random: &mut Rng) -> Option<TaskTime> {
    let date = pick(random, &DAYS).to_owned();
    let time_of_day = pick(random, &TIMES).to_owned();
    let time_zone = pick(random, &ZONES).to_owned();
    match random.u8(..4) {
        0 => None,
        1 => Some(TaskTime { date, ..Default::default() }),
        2 => Some(TaskTime { date, time_of_day, ..Default::default() }),
        _ => Some(TaskTime { date, time_of_day, time_zone }),
    }
}

pub(crate) fn some_task(random: &mut Rng) -> Task {
    Task {
        title: format!("{} {}", pick(random, &WORDS), random.u8(..3)),
        notes: if random.bool() { pick(random, &WORDS).to_owned() } else { String::new() },
        priority: random.i32(0..=5),
        due: some_time(random),
        start: some_time(random),
        labels: LABELS.iter().filter(|_| random.u8(..4) == 0).map(|label| (*label).to_owned()).collect(),
        ..Default::default()
    }
}

/// Makes tasks that are alike in much, so that many stand at one place, some done, some in the trash.
async fn fill(user: &User, clock: &Clock, random: &mut Rng) -> Vec<Task> {
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        if random.bool() {
            clock.advance(Duration::minutes(random.i64(1..30)));
        }
        let request = CreateTaskRequest { task: Some(some_task(random)), ..Default::default() };
        let mut task = user.try_create(request).await.unwrap();
        for state in [State::InProcess, State::Completed] {
            if random.u8(..3) == 0 && task.state != i32::from(State::Completed) {
                task = user.advance(&task.id, state, "").await.unwrap();
            }
        }
        if random.u8(..8) == 0 {
            task = user.delete(&task.id).await.unwrap();
        }
        tasks.push(task);
    }
    tasks
}

on_both_databases! {
    async fn every_listing_is_what_an_evaluation_in_memory_says(database: TestDatabase) {
        let seed = 20_261_121;
        let mut random = Rng::with_seed(seed);
        let clock = Clock::manual(now() - Duration::hours(40));
        let service = Service::start_at(&database, clock.clone()).await;
        let (user, neighbour) = (service.new_user(), service.new_user());
        fill(&neighbour, &clock, &mut random).await;
        let tasks = fill(&user, &clock, &mut random).await;
        clock.advance(now() - clock.now());
        let mut met = 0;
        for _ in 0..LISTINGS {
            let zone = pick(&mut random, &ZONES);
            let (filter, order) = (filter::some(&mut random, 3), order::some(&mut random));
            let request = ListTasksRequest {
                page_size: random.i32(1..40),
                filter: filter.text(),
                order_by: order.text(),
                show_deleted: random.bool(),
                time_zone: zone.to_owned(),
                ..Default::default()
            };
            let mut expected: Vec<&Task> = tasks
                .iter()
                .filter(|task| request.show_deleted || task.delete_time.is_none())
                .filter(|task| filter.matches(task, zone.parse().unwrap_or(chrono_tz::UTC)))
                .collect();
            expected.sort_by(|one, other| order.compare(one, other));
            let listed = user.walk(request.clone()).await.unwrap_or_else(|status| panic!("{request:?}: {status:?}"));
            let titles = |tasks: &[&Task]| tasks.iter().map(|task| (task.title.clone(), task.id.clone())).collect::<Vec<_>>();
            assert_eq!(titles(&listed.iter().collect::<Vec<_>>()), titles(&expected), "{request:?}");
            met += usize::from(!listed.is_empty() && listed.len() < tasks.len());
        }
        assert!(met > LISTINGS / 4, "only {met} listings had some of the tasks");
    }
}
