//! Users who do at random whatever can be done, all at once, against a model of what each is to see.

use std::{
    collections::{HashMap, VecDeque},
    env,
    sync::Mutex,
    time::Instant,
};

use fastrand::Rng;
use futures::future::join_all;
use proto::task::v1::{ListTaskListsRequest, ListTasksRequest};
use service_runtime::on_both_databases;

use super::{
    Group, Item, Model,
    operation::{Answer, Operation, refused},
};
use crate::support::{Service, client::User};

/// How much is done on each database, by all users together; another number is for `DUET_MODEL_OPERATIONS`.
const OPERATIONS: usize = 4_000;
const USERS: u64 = 3;
/// Everything is looked at after so many requests.
const INTERVAL: usize = 40;

pub(super) struct Player<'a> {
    user: User,
    pub(super) rng: Rng,
    pub(super) model: Model,
    /// What took effect under a `request_id`.
    past: Vec<(Operation, Answer)>,
    last: VecDeque<(&'static str, Operation)>,
    /// The task chosen last.
    pub(super) before: String,
    /// Tasks of all users.
    pub(super) everybodys: &'a Mutex<Vec<String>>,
    seed: u64,
}

impl Player<'_> {
    async fn play(&mut self, operations: usize) {
        self.begin().await;
        let (mut done, mut requests) = (0, 0);
        while done < operations {
            done += if self.rng.u8(..) < 12 { self.repeat().await } else { self.act().await };
            requests += 1;
            if requests % INTERVAL == 0 {
                self.look().await;
            }
        }
        self.look().await;
    }

    async fn begin(&mut self) {
        let first = self.user.create("first").await;
        self.model.inbox.clone_from(&first.task_list_id);
        self.model.lists.push((first.task_list_id.clone(), false));
        self.model.order.insert(Group::Top(first.task_list_id.clone()), vec![first.id.clone()]);
        self.model.tasks.insert(first.id.clone(), Item::of(&first));
    }

    async fn act(&mut self) -> usize {
        let mut operation = self.choose();
        let request_id = if self.rng.u8(..) < 60 { self.uuid() } else { String::new() };
        operation.set_terms(request_id, self.rng.u8(..) < 12);
        self.note("once", &operation);
        let answer = operation.send(&self.user).await;
        let mut after = self.model.clone();
        let expected = operation.apply(&mut after, answer.as_ref().ok());
        match (&answer, &expected) {
            (Ok(answer), Ok(expected)) => self.check(answer.to_expected() == *expected, &(answer, expected)),
            (Err(status), Err((reason, index))) => {
                self.check(refused(status) == ((*reason).to_owned(), *index), &(status, expected));
            }
            _ => self.check(false, &(&answer, &expected)),
        }
        if let Some(answer) = answer.as_ref().ok().filter(|_| !operation.is_check()) {
            self.model = after;
            self.remember(&operation, answer);
        }
        operation.size()
    }

    fn remember(&mut self, operation: &Operation, answer: &Answer) {
        if let Answer::Tasks(tasks) = answer {
            self.everybodys.lock().unwrap().extend(tasks.iter().take(1).map(|task| task.id.clone()));
        }
        if operation.is_repeatable() {
            self.past.push((operation.clone(), answer.clone()));
        }
    }

    /// Sends a request again: it has the same answer and no effect.
    async fn repeat(&mut self) -> usize {
        let Some((operation, answer)) = self.rng.choice(&self.past).cloned() else { return 0 };
        self.note("again", &operation);
        let again = operation.send(&self.user).await;
        self.check(again.as_ref().is_ok_and(|again| *again == answer), &(again.as_ref(), &answer));
        operation.size()
    }

    /// Compares everything there is with the model.
    async fn look(&mut self) {
        let all = ListTasksRequest { page_size: 37, show_deleted: true, ..Default::default() };
        let all = self.user.walk(all).await.unwrap();
        let mut order: HashMap<Group, Vec<String>> = HashMap::new();
        for task in &all {
            let group = match task.parent_id.as_str() {
                "" => Group::Top(task.task_list_id.clone()),
                parent => Group::Under(parent.to_owned()),
            };
            order.entry(group).or_default().push(task.id.clone());
            let expected = self.model.tasks.get(&task.id).map(Item::as_answered);
            self.check(expected.as_ref() == Some(&Item::of(task)), &(task, expected));
        }
        self.check(all.len() == self.model.tasks.len(), &"as many tasks");
        self.model.order.retain(|_, siblings| !siblings.is_empty());
        self.check(order == self.model.order, &(&order, &self.model.order));
        let shown = self.user.walk(ListTasksRequest::default()).await.unwrap();
        let expected: Vec<_> = all.into_iter().filter(|task| task.delete_time.is_none()).collect();
        self.check(shown == expected, &(&shown, &expected));
        let request = ListTaskListsRequest { page_size: 200, show_deleted: true, ..Default::default() };
        let answer = self.user.lists.clone().list_task_lists(self.user.with_token(request)).await.unwrap();
        let lists = answer.into_inner().task_lists.into_iter();
        let lists: Vec<_> = lists.map(|list| (list.id, list.delete_time.is_some())).collect();
        self.check(lists == self.model.lists, &(&lists, &self.model.lists));
    }

    fn note(&mut self, how: &'static str, operation: &Operation) {
        self.last.push_back((how, operation.clone()));
        if self.last.len() > 12 {
            self.last.pop_front();
        }
    }

    fn check(&self, holds: bool, what: &dyn std::fmt::Debug) {
        if !holds {
            let (seed, last) = (self.seed, &self.last);
            panic!("DUET_MODEL_SEED={seed}\nthe last operations: {last:#?}\nthe service and the model: {what:#?}");
        }
    }
}

#[expect(clippy::print_stdout, reason = "how long it takes decides how much is done ordinarily")]
fn tell(operations: usize, begun: Instant, seed: u64) {
    println!("{operations} operations in {:?}, DUET_MODEL_SEED={seed}", begun.elapsed());
}

fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    env::var(variable).ok()?.parse().ok()
}

on_both_databases! {
    async fn whatever_people_do_they_see_what_they_did(database: TestDatabase) {
        let service = Service::start_with(&database, |settings| settings.request_limit = 1_000_000).await;
        let seed = number("DUET_MODEL_SEED").unwrap_or_else(|| fastrand::u64(..));
        let operations = number("DUET_MODEL_OPERATIONS").unwrap_or(OPERATIONS);
        let everybodys = Mutex::default();
        let player = |nth| Player {
            user: service.new_user(),
            rng: Rng::with_seed(seed.wrapping_add(nth)),
            model: Model::default(),
            past: Vec::new(),
            last: VecDeque::new(),
            before: String::new(),
            everybodys: &everybodys,
            seed,
        };
        let mut players: Vec<_> = (0..USERS).map(player).collect();
        let begun = Instant::now();
        join_all(players.iter_mut().map(|player| player.play(operations.div_ceil(USERS as usize)))).await;
        assert_eq!(service.tables().await.miscounted().await, 0, "DUET_MODEL_SEED={seed}");
        tell(operations, begun, seed);
    }
}
