//! Where auth-service is: one address, or several replicas.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use http::Uri;
use proto::auth::v1::{ErrorReason, token_service_client::TokenServiceClient};
use tokio::time::Instant;
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;

use crate::{
    backoff::pause,
    refusal::DOMAIN,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How long auth-service may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The addresses of auth-service's internal port. One that fails is left alone for a while; then one call tries it.
#[derive(Debug)]
pub(crate) struct Endpoints {
    all: Vec<Address>,
    next: AtomicUsize,
}

/// No address of auth-service.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is no address of auth-service; it must be a URL as http://127.0.0.1:50061, or several with commas between"
)]
pub struct MalformedAddress(String);

#[derive(Debug)]
struct Address {
    endpoint: Endpoint,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Connects when it is first used, and again when the connection is lost.
    client: Option<TokenServiceClient<Channel>>,
    trouble: Option<Trouble>,
}

/// An address that has failed.
#[derive(Debug)]
struct Trouble {
    failures: u32,
    until: Instant,
    on_trial: bool,
}

/// One call to one address, whose outcome is to be told.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    address: &'a Address,
    index: usize,
    trial: bool,
    client: TokenServiceClient<Channel>,
}

impl Endpoints {
    /// Reads URLs with commas between.
    ///
    /// # Errors
    /// When one is not of the form `http://<host>` or `http://<host>:<port>`.
    pub(crate) fn parse(urls: &str) -> Result<Self, MalformedAddress> {
        let all = urls.split(',').map(str::trim).map(Address::parse).collect::<Result<Vec<_>, _>>()?;
        // Who starts does not ask the same replica as all others do.
        let next = AtomicUsize::new(fastrand::usize(..all.len()));
        Ok(Self { all, next })
    }

    /// An address to ask, in turns; none if all of them have failed a moment ago. `except` has been asked already.
    pub(crate) fn pick(&self, except: Option<usize>) -> Option<Turn<'_>> {
        let (first, now) = (self.next.fetch_add(1, Ordering::Relaxed), Instant::now());
        let indexes = (0..self.all.len()).map(|step| first.wrapping_add(step) % self.all.len());
        indexes.filter(|index| Some(*index) != except).find_map(|index| self.all[index].turn(index, now))
    }

    /// A connection of its own to one address, for a stream, and another address for each number up to their count.
    pub(crate) fn connect(&self, number: usize) -> TokenServiceClient<Channel> {
        self.all[number % self.all.len()].connect()
    }

    /// Somebody has had an answer from this address.
    pub(crate) fn is_back(&self, number: usize) {
        self.all[number % self.all.len()].state().trouble = None;
    }

    /// Which address that is, to people.
    pub(crate) fn name(&self, number: usize) -> &Uri {
        self.all[number % self.all.len()].endpoint.uri()
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }
}

impl Address {
    fn parse(url: &str) -> Result<Self, MalformedAddress> {
        let malformed = || MalformedAddress(url.to_owned());
        let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|_| malformed())?;
        let uri = endpoint.uri();
        let has_credentials = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if uri.scheme_str() != Some("http") || uri.path() != "/" || has_credentials {
            return Err(malformed());
        }
        let endpoint = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(Duration::from_secs(10))
            .keep_alive_timeout(Duration::from_secs(5))
            .keep_alive_while_idle(true);
        Ok(Self { endpoint, state: Mutex::default() })
    }

    fn connect(&self) -> TokenServiceClient<Channel> {
        TokenServiceClient::new(self.endpoint.connect_lazy())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn, if it has not failed a moment ago. After that, one call at a time finds out whether it is back.
    fn turn(&self, index: usize, now: Instant) -> Option<Turn<'_>> {
        let mut state = self.state();
        let trial = match &mut state.trouble {
            None => false,
            Some(trouble) if trouble.until <= now && !trouble.on_trial => {
                trouble.on_trial = true;
                true
            }
            Some(_) => return None,
        };
        let client = state.client.get_or_insert_with(|| self.connect()).clone();
        Some(Turn { address: self, index, trial, client })
    }
}

impl Turn<'_> {
    pub(crate) fn client(&self) -> TokenServiceClient<Channel> {
        self.client.clone()
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn name(&self) -> &Uri {
        self.address.endpoint.uri()
    }

    /// It has answered.
    pub(crate) fn answered(&self) {
        self.address.state().trouble = None;
    }

    /// It has not. Whoever comes next asks elsewhere, and this address, when it is tried again, over a new connection.
    pub(crate) fn failed(&self) {
        let (mut state, now) = (self.address.state(), Instant::now());
        let failures = match &state.trouble {
            // Others have failed together with this one.
            Some(trouble) if !self.trial && now < trouble.until => return,
            Some(trouble) => trouble.failures.saturating_add(1),
            None => 0,
        };
        let until = now + pause(failures, fastrand::f64());
        *state = State { client: None, trouble: Some(Trouble { failures, until, on_trial: false }) };
    }
}

impl Drop for Turn<'_> {
    /// A trial whose outcome nobody has told is one that another may make.
    fn drop(&mut self) {
        if self.trial
            && let Some(trouble) = &mut self.address.state().trouble
        {
            trouble.on_trial = false;
        }
    }
}

/// Whether a call failed for want of somebody who can answer, and not by what was asked. That an issuer cannot be
/// reached is an answer.
pub(crate) fn is_trouble(status: &Status) -> bool {
    use std::error::Error;
    // What the connection says about itself has a source; what came over it has none.
    let by_the_connection = status.source().is_some();
    let by_an_issuer = || {
        let info = status.get_details_error_info();
        info.is_some_and(|info| info.domain == DOMAIN && info.reason == ErrorReason::IssuerUnavailable.reason())
    };
    by_the_connection
        || !by_an_issuer()
            && matches!(
                status.code(),
                Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::ResourceExhausted
            )
}

#[cfg(test)]
mod tests {
    use service_runtime::status::Refusal;
    use tokio::time::advance;

    use super::*;

    fn endpoints(count: usize) -> Endpoints {
        let urls: Vec<_> = (1..=count).map(|port| format!("http://127.0.0.1:{port}")).collect();
        Endpoints::parse(&urls.join(", ")).unwrap()
    }

    #[test]
    fn reads_one_address_or_several_and_refuses_what_cannot_be_called() {
        for (urls, count) in [("http://127.0.0.1:50061", 1), ("http://a:1,http://b:2, http://[::1]:3", 3)] {
            assert_eq!(Endpoints::parse(urls).unwrap().len(), count, "{urls}");
        }
        for refused in [
            "",
            "not a url",
            "127.0.0.1:50061",
            "https://a:1",
            "http://a:1,",
            "http://a:1/path",
            "http://user:secret@a:1",
        ] {
            assert!(Endpoints::parse(refused).is_err(), "{refused}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_failed_is_left_alone_and_then_tried_by_one_call() {
        let endpoints = endpoints(1);
        let turns = [endpoints.pick(None).unwrap(), endpoints.pick(None).unwrap()];
        turns.iter().for_each(Turn::failed);
        assert!(endpoints.pick(None).is_none());
        advance(Duration::from_millis(101)).await;
        let trial = endpoints.pick(None).unwrap();
        assert!(endpoints.pick(None).is_none(), "one finds out");
        trial.failed();
        drop(trial);
        advance(Duration::from_millis(99)).await;
        assert!(endpoints.pick(None).is_none(), "the second pause is twice as long");
        advance(Duration::from_millis(102)).await;
        drop(endpoints.pick(None).unwrap());
        let trial = endpoints.pick(None).expect("the one before has told nothing");
        trial.answered();
        assert!(endpoints.pick(None).is_some() && endpoints.pick(None).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn others_are_asked_meanwhile_in_turns() {
        let endpoints = endpoints(3);
        endpoints.pick(None).unwrap().failed();
        let mut asked = [0; 3];
        for _ in 0..30 {
            asked[endpoints.pick(None).unwrap().index()] += 1;
        }
        asked.sort_unstable();
        assert!(asked[0] == 0 && asked[1] >= 10, "{asked:?}");
        let turn = endpoints.pick(None).unwrap();
        assert_ne!(endpoints.pick(Some(turn.index())).unwrap().index(), turn.index());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_had_an_answer_brings_it_back_for_all() {
        let endpoints = endpoints(1);
        endpoints.pick(None).unwrap().failed();
        assert!(endpoints.pick(None).is_none());
        endpoints.is_back(0);
        assert!(endpoints.pick(None).is_some());
    }

    #[test]
    fn tells_trouble_from_an_answer() {
        let by_the_connection = Status::from_error(Box::new(std::io::Error::other("cut")));
        assert!(is_trouble(&by_the_connection) && is_trouble(&Status::unavailable("")));
        let issuer = Refusal::new(DOMAIN, Code::Unavailable, ErrorReason::IssuerUnavailable.reason(), "");
        assert!(!is_trouble(&issuer.into()));
        assert!(!is_trouble(&Status::internal("")) && !is_trouble(&Status::invalid_argument("")));
    }
}
