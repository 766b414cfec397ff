//! People who write without pause, and remember what was acknowledged.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use e2e::{Clients, Person};
use futures::future::{join, join_all};
use proto::task::v1::{CreateTaskRequest, Task};
use tonic::{Request, Status};
use uuid::Uuid;

/// Makes tasks with ids of its own.
pub(crate) struct Writer {
    person: Person,
    acknowledged: Vec<String>,
    /// Sent, and not answered: it may have happened or not.
    open: Option<CreateTaskRequest>,
    checked: usize,
}

/// Everybody who writes to a pair.
pub(crate) struct Crowd {
    writers: Vec<Writer>,
    signed_up: Vec<Person>,
    acknowledged_sign_ups: Arc<AtomicUsize>,
    checked: usize,
}

fn with_id(person: &Person) -> Request<CreateTaskRequest> {
    let task_id = Uuid::now_v7().to_string();
    person.request(CreateTaskRequest {
        task: Some(Task { title: format!("task {task_id}"), ..Task::default() }),
        task_id,
        request_id: Uuid::new_v4().to_string(),
        ..CreateTaskRequest::default()
    })
}

impl Writer {
    async fn write_until_refused(&mut self, clients: &Clients) -> Status {
        loop {
            let request = with_id(&self.person);
            let message = request.get_ref().clone();
            match clients.tasks().create_task(request).await {
                Ok(_) => self.acknowledged.push(message.task_id),
                Err(status) => {
                    self.open = Some(message);
                    return status;
                }
            }
        }
    }

    /// The request that was not answered is sent again: whether it had happened or not, it has now, once.
    async fn check(&mut self, clients: &Clients) {
        if let Some(open) = self.open.take() {
            clients.tasks().create_task(self.person.request(open.clone())).await.expect("to repeat a request");
            self.acknowledged.push(open.task_id);
        }
        for task_id in &self.acknowledged[self.checked..] {
            let found = clients.get(&self.person, task_id).await;
            assert!(found.is_ok(), "task {task_id} was acknowledged and is lost: {found:?}");
        }
        self.checked = self.acknowledged.len();
    }

    async fn check_all(&self, clients: &Clients) {
        let mut listed: Vec<String> =
            clients.list(&self.person).await.unwrap().into_iter().map(|task| task.id).collect();
        let mut expected = self.acknowledged.clone();
        listed.sort();
        expected.sort();
        assert_eq!(listed, expected, "every write is there once, and nothing else");
    }
}

impl Crowd {
    pub(crate) async fn gather(clients: &Clients, writers: usize) -> Self {
        let people = join_all((0..writers).map(|_| clients.sign_up())).await;
        let writer = |person| Writer { person, acknowledged: Vec::new(), open: None, checked: 0 };
        let writers = people.into_iter().map(writer).collect();
        Self { writers, signed_up: Vec::new(), acknowledged_sign_ups: Arc::default(), checked: 0 }
    }

    /// Rises with every sign-up that is acknowledged.
    pub(crate) fn acknowledged_sign_ups(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.acknowledged_sign_ups)
    }

    /// All write until `trouble`, which must have begun when the first of them is refused; what they were told.
    pub(crate) async fn write(&mut self, clients: &Clients, trouble: &AtomicBool) -> Vec<Status> {
        let refused = |status: Status| {
            assert!(trouble.load(Ordering::SeqCst), "refused without cause: {status:?}");
            status
        };
        let (signed_up, acknowledged) = (&mut self.signed_up, &self.acknowledged_sign_ups);
        let signing_up = async {
            loop {
                match clients.try_sign_up().await {
                    Ok(person) => {
                        signed_up.push(person);
                        acknowledged.fetch_add(1, Ordering::SeqCst);
                    }
                    Err(status) => return refused(status),
                }
            }
        };
        let writing = self.writers.iter_mut().map(async |writer| refused(writer.write_until_refused(clients).await));
        let (mut told, by_sign_up) = join(join_all(writing), signing_up).await;
        told.push(by_sign_up);
        told
    }

    /// Whatever was acknowledged since the last check is there.
    pub(crate) async fn check(&mut self, clients: &Clients) {
        join_all(self.writers.iter_mut().map(|writer| writer.check(clients))).await;
        for person in &self.signed_up[self.checked..] {
            let logged_in = clients.log_in(person).await;
            assert!(logged_in.is_ok(), "a sign-up was acknowledged and is lost: {logged_in:?}");
        }
        self.checked = self.signed_up.len();
    }

    /// Whatever was ever acknowledged is there, and nothing else; how many tasks and sign-ups that are.
    pub(crate) async fn check_all(&self, clients: &Clients) -> (usize, usize) {
        join_all(self.writers.iter().map(|writer| writer.check_all(clients))).await;
        for person in &self.signed_up {
            clients.log_in(person).await.expect("a sign-up that was acknowledged");
        }
        (self.writers.iter().map(|writer| writer.acknowledged.len()).sum(), self.signed_up.len())
    }
}
