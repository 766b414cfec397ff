//! `TokenService.WatchRevocations`: between the two streams and a [`Watcher`].

use std::{pin::Pin, sync::Arc, time::Duration};

use futures::{Stream, stream};
use proto::auth::v1::{
    RevocationList, WatchRevocationsRequest, WatchRevocationsResponse,
    watch_revocations_request::{Kind, Probe, Start},
    watch_revocations_response::{self as response, Echo},
};
use tokio::time::timeout;
use tonic::{Status, Streaming};

use super::convert;
use crate::{
    error::{Error, Result},
    revocations::{Revocations, Told, Watcher},
};

/// How long the first message may take.
const FIRST_MESSAGE: Duration = Duration::from_secs(10);

pub(crate) type Responses = Pin<Box<dyn Stream<Item = Result<WatchRevocationsResponse, Status>> + Send>>;

/// Begins a stream. It does nothing but when its reader asks for more, and ends when its reader goes away.
pub(super) async fn watch(
    revocations: &Arc<Revocations>,
    mut requests: Streaming<WatchRevocationsRequest>,
) -> Result<Responses, Status> {
    let first = timeout(FIRST_MESSAGE, requests.message()).await.unwrap_or(Ok(None))?;
    let Some(Kind::Start(Start { cursor })) = first.and_then(|first| first.kind) else {
        return Err(Error::Malformed("the first message must be `start`, and come within 10 s").into());
    };
    let talk = Talk { watcher: revocations.watch(&cursor)?, requests: Some(requests) };
    Ok(Box::pin(stream::unfold(Some(talk), |talk| async move {
        let mut talk = talk?;
        match talk.next().await {
            Ok(response) => Some((Ok(response), Some(talk))),
            Err(status) => Some((Err(status), None)),
        }
    })))
}

/// Both directions of a stream.
struct Talk {
    watcher: Watcher,
    /// None once the other side has nothing to say any more; it may listen all the same.
    requests: Option<Streaming<WatchRevocationsRequest>>,
}

impl Talk {
    async fn next(&mut self) -> Result<WatchRevocationsResponse, Status> {
        loop {
            tokio::select! {
                told = self.watcher.next() => return Ok(message(told, &self.watcher)),
                request = next_request(&mut self.requests) => match request? {
                    Some(WatchRevocationsRequest { kind: Some(Kind::Probe(Probe { id })) }) => self.watcher.probe(id)?,
                    Some(_) => return Err(Error::Malformed("after `start` each message must be a `probe`").into()),
                    None => self.requests = None,
                },
            }
        }
    }
}

async fn next_request(
    requests: &mut Option<Streaming<WatchRevocationsRequest>>,
) -> Result<Option<WatchRevocationsRequest>, Status> {
    match requests {
        Some(requests) => {
            requests.message().await.map_err(|_| Error::Malformed("the message cannot be decoded").into())
        }
        None => std::future::pending().await,
    }
}

fn message(told: Told, watcher: &Watcher) -> WatchRevocationsResponse {
    let list = |revocations: Vec<_>| RevocationList {
        revocations: revocations.into_iter().map(convert::revocation).collect(),
    };
    let kind = match told {
        Told::Snapshot(revocations) => response::Kind::Snapshot(list(revocations)),
        Told::News(revocations) => response::Kind::Revocations(list(revocations)),
        Told::Echo(id) => response::Kind::Echo(Echo { id }),
    };
    WatchRevocationsResponse { kind: Some(kind), cursor: watcher.cursor() }
}
