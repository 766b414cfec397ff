//! A verifier that follows the revocations.

use std::time::Duration;

use proto::auth::v1::{
    Revocation, WatchRevocationsRequest, WatchRevocationsResponse,
    revocation::Subject,
    watch_revocations_request::{Kind as Ask, Probe, Start},
    watch_revocations_response::Kind,
};
use tokio::{sync::mpsc, time::timeout};
use tonic::{Status, Streaming};

use super::Service;

pub struct Watching {
    asks: Option<mpsc::Sender<WatchRevocationsRequest>>,
    answers: Streaming<WatchRevocationsResponse>,
    /// The newest.
    pub cursor: String,
}

pub fn ask(kind: Ask) -> WatchRevocationsRequest {
    WatchRevocationsRequest { kind: Some(kind) }
}

pub fn start(cursor: &str) -> WatchRevocationsRequest {
    ask(Ask::Start(Start { cursor: cursor.to_owned() }))
}

pub fn probe(id: u64) -> WatchRevocationsRequest {
    ask(Ask::Probe(Probe { id }))
}

/// The session that a revocation names.
pub fn session(revocation: &Revocation) -> &str {
    let Some(Subject::SessionId(session)) = &revocation.subject else { panic!("{revocation:?}") };
    session
}

impl Watching {
    pub async fn begin(service: &Service, cursor: &str) -> Result<Self, Status> {
        Self::begin_with(service, start(cursor)).await
    }

    pub async fn begin_with(service: &Service, first: WatchRevocationsRequest) -> Result<Self, Status> {
        let (asks, outgoing) = mpsc::channel(100);
        asks.send(first).await.unwrap();
        let outgoing = futures::stream::unfold(outgoing, |mut outgoing| async {
            let next = outgoing.recv().await?;
            Some((next, outgoing))
        });
        let channel = tonic::transport::Channel::from_shared(format!("http://{}", service.internal)).unwrap();
        let mut client =
            proto::auth::v1::token_service_client::TokenServiceClient::new(channel.connect().await.unwrap());
        let answers = client.watch_revocations(outgoing).await?.into_inner();
        Ok(Self { asks: Some(asks), answers, cursor: String::new() })
    }

    pub async fn send(&self, request: WatchRevocationsRequest) {
        let _gone = self.asks.as_ref().unwrap().send(request).await;
    }

    pub fn say_no_more(&mut self) {
        self.asks = None;
    }

    pub async fn next(&mut self) -> Result<Kind, Status> {
        let answer = timeout(Duration::from_secs(10), self.answers.message()).await.unwrap();
        let answer = answer?.unwrap();
        self.cursor = answer.cursor;
        Ok(answer.kind.unwrap())
    }

    pub async fn is_silent_for(&mut self, time: Duration) -> bool {
        timeout(time, self.answers.message()).await.is_err()
    }

    pub async fn snapshot(&mut self) -> Vec<Revocation> {
        match self.next().await.unwrap() {
            Kind::Snapshot(part) => part.revocations,
            other => panic!("{other:?}"),
        }
    }

    /// The next news, of whatever.
    pub async fn told(&mut self) -> Vec<Revocation> {
        match self.next().await.unwrap() {
            Kind::Revocations(news) => news.revocations,
            other => panic!("{other:?}"),
        }
    }

    /// The sessions of the next news.
    pub async fn news(&mut self) -> Vec<String> {
        match self.next().await.unwrap() {
            Kind::Revocations(news) => news.revocations.iter().map(|told| session(told).to_owned()).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// The keys of the next news.
    pub async fn keys(&mut self) -> Vec<String> {
        let Kind::Revocations(news) = self.next().await.unwrap() else { panic!("no news") };
        let key = |told: &Revocation| match &told.subject {
            Some(Subject::KeyId(key)) => key.clone(),
            other => panic!("{other:?}"),
        };
        news.revocations.iter().map(key).collect()
    }

    pub async fn echo(&mut self) -> u64 {
        match self.next().await.unwrap() {
            Kind::Echo(echo) => echo.id,
            other => panic!("{other:?}"),
        }
    }

    /// How the stream ends.
    pub async fn end(&mut self) -> Status {
        loop {
            if let Err(status) = self.next().await {
                return status;
            }
        }
    }
}
