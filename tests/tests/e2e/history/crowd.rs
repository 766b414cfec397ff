//! People who call with all their sessions, ended ones too, while their sessions end and others begin.

use std::{
    collections::VecDeque,
    error::Error as _,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use e2e::{Clients, History, Outcome, Person, SessionNumber};
use fastrand::Rng;
use futures::future::join_all;
use proto::{
    auth::v1::{LogoutRequest, RevokeOtherSessionsRequest, RevokeSessionRequest},
    task::v1::{CreateTaskRequest, Task},
};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};
use tonic::{Code, Status, transport};
use tonic_types::StatusExt;
use uuid::Uuid;

const PEOPLE: usize = 32;
/// How many sessions a person has at once.
const SESSIONS: usize = 3;
/// How many sessions that have ended a person goes on calling with.
const ENDED: usize = 8;
/// How often a person ends sessions, in milliseconds between two times.
const LIFE: std::ops::Range<u64> = 500..4_000;

/// How many calls are always waiting for their answer.
const ALWAYS: usize = 8;
/// How many may be, when no answers come: one more at each pause, so that they are sent at all times.
const MOST: usize = 512;
const PAUSE: Duration = Duration::from_millis(5);
/// How long a call that was unavailable keeps its place: nobody asks again at once.
const RETRY: Duration = Duration::from_millis(10);

/// Everybody, and what they have lived to see.
pub(crate) struct Crowd {
    people: Vec<Mutex<Sessions>>,
    task_id: String,
    pub(crate) history: History,
    ending: AtomicBool,
}

/// One person's sessions.
struct Sessions {
    person: Person,
    living: Vec<Session>,
    ended: VecDeque<Session>,
}

#[derive(Clone)]
struct Session {
    number: SessionNumber,
    /// The person, with this session's tokens.
    owner: Arc<Person>,
    /// Its end has been asked for, and nobody knows whether it has ended.
    doubtful: bool,
}

impl Session {
    /// The session's id, which its access token tells.
    fn id(&self) -> String {
        let payload = self.owner.token.split('.').nth(1).expect("a JWT");
        let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64");
        let claims: serde_json::Value = serde_json::from_slice(&payload).expect("claims");
        claims["sid"].as_str().expect("a session").to_owned()
    }
}

impl Crowd {
    /// Signs everybody up. Each has one task, all of the same id, that names its owner.
    pub(crate) async fn gather(clients: &Clients) -> Arc<Self> {
        let (task_id, history) = (Uuid::now_v7().to_string(), History::default());
        let people = join_all((0..PEOPLE).map(async |_| {
            let person = clients.sign_up().await;
            let message = CreateTaskRequest {
                task: Some(Task { title: person.id.clone(), ..Task::default() }),
                task_id: task_id.clone(),
                ..CreateTaskRequest::default()
            };
            clients.tasks().create_task(person.request(message)).await.expect("a task");
            let first = Session { number: history.begin(), owner: Arc::new(person.clone()), doubtful: false };
            Mutex::new(Sessions { person, living: vec![first], ended: VecDeque::new() })
        }))
        .await;
        let crowd = Self { people, task_id, history, ending: AtomicBool::new(false) };
        join_all((0..PEOPLE).map(|who| crowd.log_in(who, clients))).await;
        Arc::new(crowd)
    }

    /// From now on everybody calls task-service and ends sessions at any of the auth-services, until [`Self::end`].
    pub(crate) fn act(self: &Arc<Self>, callers: &[Clients], revokers: &[Clients], rng: &mut Rng) -> JoinSet<()> {
        let mut acting = JoinSet::new();
        for who in 0..self.people.len() {
            acting.spawn(Arc::clone(self).end_sessions(who, revokers.to_vec(), rng.fork()));
        }
        acting.spawn(Arc::clone(self).call(callers.to_vec(), rng.fork()));
        acting
    }

    /// Nobody begins anything new.
    pub(crate) async fn end(&self, acting: JoinSet<()>) {
        self.ending.store(true, Ordering::SeqCst);
        acting.join_all().await;
    }

    fn goes_on(&self) -> bool {
        !self.ending.load(Ordering::SeqCst)
    }

    fn sessions(&self, who: usize) -> MutexGuard<'_, Sessions> {
        self.people[who].lock().unwrap()
    }

    async fn call(self: Arc<Self>, callers: Vec<Clients>, mut rng: Rng) {
        let (always, most) = (Arc::new(Semaphore::new(ALWAYS)), Arc::new(Semaphore::new(MOST)));
        let mut calls = JoinSet::new();
        while self.goes_on() {
            let place = timeout(PAUSE, Arc::clone(&always).acquire_owned()).await;
            let room = Arc::clone(&most).acquire_owned().await;
            let session = self.any_session(&mut rng);
            let (crowd, clients) = (Arc::clone(&self), callers[rng.usize(..callers.len())].clone());
            calls.spawn(async move {
                if crowd.call_once(&clients, &session).await == Outcome::Unavailable {
                    sleep(RETRY).await;
                }
                drop((place, room));
            });
            while let Some(done) = calls.try_join_next() {
                done.expect("a call");
            }
        }
        calls.join_all().await;
    }

    /// A session of anybody's: as likely one that has ended as one that has not, and then as likely the last one that
    /// did as any.
    fn any_session(&self, rng: &mut Rng) -> Session {
        let sessions = self.sessions(rng.usize(..self.people.len()));
        let (living, ended) = (rng.choice(&sessions.living), rng.choice(&sessions.ended));
        let ended = if rng.bool() { sessions.ended.back() } else { ended };
        let chosen = if rng.bool() { living.or(ended) } else { ended.or(living) };
        chosen.expect("a person with a session").clone()
    }

    async fn call_once(&self, clients: &Clients, session: &Session) -> Outcome {
        let sent = Instant::now();
        let answer = clients.get(&session.owner, &self.task_id).await;
        let answered = Instant::now();
        let outcome = match answer {
            Ok(task) if task.title == session.owner.id => Outcome::Accepted,
            Ok(_) => Outcome::Foreign,
            Err(status) => refused(&status),
        };
        self.history.called(session.number, sent, answered, outcome.clone());
        outcome
    }

    async fn end_sessions(self: Arc<Self>, who: usize, revokers: Vec<Clients>, mut rng: Rng) {
        while self.goes_on() {
            let clients = &revokers[rng.usize(..revokers.len())];
            self.log_in(who, clients).await;
            sleep(Duration::from_millis(rng.u64(LIFE))).await;
            let clients = &revokers[rng.usize(..revokers.len())];
            self.end_some(who, clients, &mut rng).await;
        }
    }

    /// Until the person has as many sessions as everybody has, or it fails.
    async fn log_in(&self, who: usize, clients: &Clients) {
        while self.sessions(who).living.len() < SESSIONS {
            let person = self.sessions(who).person.clone();
            let owner = match clients.log_in(&person).await {
                Ok(owner) => Arc::new(owner),
                Err(status) => return assert_is_trouble(&status),
            };
            let session = Session { number: self.history.begin(), owner, doubtful: false };
            self.sessions(who).living.push(session);
        }
    }

    /// Ends one of the person's sessions, or all but one. One whose end was asked for without an answer comes first.
    async fn end_some(&self, who: usize, clients: &Clients, rng: &mut Rng) {
        let mut living = self.sessions(who).living.clone();
        rng.shuffle(&mut living);
        living.sort_by_key(|session| !session.doubtful);
        let (Some(first), Some(last)) = (living.first().cloned(), living.last().cloned()) else { return };
        let (mut auth, only) = (clients.auth(), [first]);
        match rng.u8(..4) {
            0 if !last.doubtful => {
                let request = last.owner.request(RevokeOtherSessionsRequest {});
                self.witness(who, &living[..living.len() - 1], auth.revoke_other_sessions(request)).await;
            }
            1 if !last.doubtful => {
                let request = last.owner.request(RevokeSessionRequest { session_id: only[0].id() });
                self.witness(who, &only, auth.revoke_session(request)).await;
            }
            2 => {
                let request = only[0].owner.request(LogoutRequest::default());
                self.witness(who, &only, auth.logout(request)).await;
            }
            _ => {
                let request = LogoutRequest { refresh_token: only[0].owner.refresh_token.clone() };
                self.witness(who, &only, auth.logout(request)).await;
            }
        }
    }

    /// Asks for the end of these sessions and notes when that was and when the answer arrived.
    async fn witness<T>(&self, who: usize, ending: &[Session], asking: impl Future<Output = Result<T, Status>>) {
        let is_ending = |session: &Session| ending.iter().any(|other| other.number == session.number);
        ending.iter().for_each(|session| self.history.asked(session.number, Instant::now()));
        let answer = asking.await;
        let answered = Instant::now();
        let mut sessions = self.sessions(who);
        match answer {
            Ok(_) => {
                ending.iter().for_each(|session| self.history.acknowledged(session.number, answered));
                let ended: Vec<_> = sessions.living.extract_if(.., |session| is_ending(session)).collect();
                sessions.ended.extend(ended);
                let surplus = sessions.ended.len().saturating_sub(ENDED);
                sessions.ended.drain(..surplus);
            }
            Err(status) => {
                assert_is_trouble(&status);
                sessions.living.iter_mut().filter(|session| is_ending(session)).for_each(|s| s.doubtful = true);
            }
        }
    }
}

/// What a refusal of task-service comes to.
fn refused(status: &Status) -> Outcome {
    let reason = status.get_details_error_info().map(|info| info.reason);
    match (status.code(), reason.as_deref()) {
        (Code::Unauthenticated, Some("TOKEN_REVOKED")) => Outcome::Refused,
        (Code::Unavailable, Some("AUTH_UNAVAILABLE")) => Outcome::Unavailable,
        _ if status.source().is_some_and(|cause| cause.is::<transport::Error>()) => Outcome::Broken,
        _ => Outcome::Odd(format!("{status:?}").into()),
    }
}

/// An auth-service that is in trouble may break off or refuse, but never for the tokens' or the password's sake.
#[track_caller]
fn assert_is_trouble(status: &Status) {
    let trouble = [Code::Unavailable, Code::Unknown, Code::Cancelled, Code::Internal, Code::DeadlineExceeded];
    assert!(trouble.contains(&status.code()), "{status:?}");
}
