//! Fifty people who log in, refresh their tokens, have them judged, and work with their tasks, without pause.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use e2e::{Clients, Person, Program, web};
use futures::future::join_all;
use proto::auth::v1::{
    ValidateTokenRequest, token_service_client::TokenServiceClient, validate_token_response::Verdict,
};
use tokio::{sync::Semaphore, task::JoinSet};
use tonic::transport::{Channel, Endpoint};

const PEOPLE: usize = 50;
/// How many of them wait for an answer at once. With all fifty a busy machine's disk is what fails.
const AT_ONCE: usize = 10;

/// The id of the key that signed a token.
pub(crate) fn kid(token: &str) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).expect("base64");
    let header: serde_json::Value = serde_json::from_slice(&header).expect("a header");
    header["kid"].as_str().expect("a key id").to_owned()
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) calls: usize,
    /// Whatever was refused, or answered wrongly.
    pub(crate) failures: Vec<String>,
    /// The keys that tokens were signed with.
    pub(crate) keys: BTreeSet<String>,
}

/// An auth-service with the services behind it.
#[derive(Clone)]
struct Replica {
    clients: Clients,
    judge: TokenServiceClient<Channel>,
    public: SocketAddr,
}

/// Where people call.
pub(crate) struct Load(Vec<Replica>);

/// People who are calling.
pub(crate) struct Running {
    ending: Arc<AtomicBool>,
    calling: JoinSet<()>,
    tally: Arc<Mutex<Tally>>,
}

impl Load {
    pub(crate) fn on(programs: &[&Program], clients: Vec<Clients>) -> Self {
        let replica = |(program, clients): (&&Program, Clients)| {
            let url = format!("http://{}", program.address("AUTH_INTERNAL_LISTEN"));
            let channel = Endpoint::from_shared(url).expect("a URL").tcp_nodelay(true).connect_lazy();
            Replica { clients, judge: TokenServiceClient::new(channel), public: program.address("AUTH_LISTEN") }
        };
        Self(programs.iter().zip(clients).map(replica).collect())
    }

    /// Everybody signs up, and goes on until the end. With `offline`, they also look whether each token's key stands in
    /// the key set that they keep, for as long as it may be kept.
    pub(crate) async fn start(&self, offline: bool) -> Running {
        let (ending, tally) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Tally::default())));
        let mut people = Vec::new();
        while people.len() < PEOPLE {
            let next = people.len()..people.len() + AT_ONCE;
            people.extend(join_all(next.map(|number| self.0[number % self.0.len()].clients.sign_up())).await);
        }
        let (mut calling, places) = (JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
        for (number, person) in people.into_iter().enumerate() {
            let mut replicas = self.0.clone();
            replicas.rotate_left(number % self.0.len());
            let keys = offline.then(|| KeySet { address: replicas[0].public, until: None, keys: String::new() });
            let one = Caller { replicas, person, keys, tally: Arc::clone(&tally) };
            calling.spawn(one.go_on(Arc::clone(&ending), Arc::clone(&places)));
        }
        Running { ending, calling, tally }
    }
}

impl Running {
    /// Nobody begins anything new.
    pub(crate) async fn end(self) -> Tally {
        self.ending.store(true, Ordering::SeqCst);
        self.calling.join_all().await;
        std::mem::take(&mut self.tally.lock().unwrap())
    }
}

/// A key set that is kept as long as it may be.
struct KeySet {
    address: SocketAddr,
    until: Option<Instant>,
    keys: String,
}

impl KeySet {
    async fn has(&mut self, kid: &str) -> bool {
        if self.until.is_none_or(|until| until <= Instant::now()) {
            let answer = web::request(self.address, "GET", "/.well-known/jwks.json", &[], b"").await;
            let max_age =
                answer.header("cache-control").and_then(|value| value.split_once("max-age=")).expect("max-age");
            self.until = Some(Instant::now() + Duration::from_secs(max_age.1.parse().expect("seconds")));
            self.keys = answer.text();
        }
        self.keys.contains(kid)
    }
}

struct Caller {
    replicas: Vec<Replica>,
    person: Person,
    keys: Option<KeySet>,
    tally: Arc<Mutex<Tally>>,
}

impl Caller {
    async fn go_on(mut self, ending: Arc<AtomicBool>, places: Arc<Semaphore>) {
        let mut round = 0;
        while !ending.load(Ordering::SeqCst) {
            let _place = places.acquire().await.expect("a place");
            if let Err(failure) = self.round(round).await {
                self.tally.lock().unwrap().failures.push(failure);
            }
            round += 1;
        }
    }

    async fn round(&mut self, round: usize) -> Result<(), String> {
        let replicas = &self.replicas;
        let (here, there) = (&replicas[round % replicas.len()], &replicas[(round + 1) % replicas.len()]);
        let failed = |what: &'static str| move |status: tonic::Status| format!("{what}: {status:?}");
        if round % 4 == 3 {
            self.person = here.clients.log_in(&self.person).await.map_err(failed("Login"))?;
        } else {
            self.person = here.clients.refresh(&self.person).await.map_err(failed("RefreshToken"))?;
        }
        let kid = kid(&self.person.token);
        if let Some(keys) = &mut self.keys
            && !keys.has(&kid).await
        {
            return Err(format!("{kid} signs and was not published in time"));
        }
        let message = ValidateTokenRequest { token: self.person.token.clone(), audience: String::new() };
        let answer = there.judge.clone().validate_token(message).await.map_err(failed("ValidateToken"))?;
        match answer.into_inner().verdict {
            Some(Verdict::Caller(caller)) if caller.key_id == kid => {}
            other => return Err(format!("ValidateToken: {other:?}")),
        }
        let task = there.clients.create(&self.person, "a task").await.map_err(failed("CreateTask"))?;
        let read = there.clients.get(&self.person, &task.id).await.map_err(failed("GetTask"))?;
        let mut tally = self.tally.lock().unwrap();
        tally.calls += 4;
        tally.keys.insert(kid);
        if read.title == "a task" { Ok(()) } else { Err(format!("GetTask: {read:?}")) }
    }
}
