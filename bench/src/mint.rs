//! Good tokens by the thousand, each another one: a session that asks for new tokens is given another access token each
//! time.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::Context;
use proto::auth::v1::{RefreshTokenRequest, auth_service_client::AuthServiceClient};
use tokio::task::JoinSet;
use tonic::transport::Channel;

use crate::{
    calls::{Credentials, connect},
    programs::AuthService,
};

/// Sessions that ask at once.
const SESSIONS: usize = 16;

/// Makes tokens of one user.
pub struct Mint {
    sessions: tokio::sync::Mutex<Vec<Session>>,
    last: Mutex<Arc<[String]>>,
    count: AtomicUsize,
}

struct Session {
    client: AuthServiceClient<Channel>,
    refresh_token: String,
}

impl Mint {
    /// Logs in, to make so many tokens at a time.
    ///
    /// # Errors
    /// When a login fails.
    pub async fn open(auth: &AuthService, credentials: &Credentials, count: usize) -> anyhow::Result<Self> {
        let mut sessions = Vec::new();
        for _ in 0..SESSIONS {
            let client = AuthServiceClient::new(connect(auth.public).await?);
            let refresh_token = auth.log_in(credentials).await?.refresh_token;
            sessions.push(Session { client, refresh_token });
        }
        Ok(Self {
            sessions: tokio::sync::Mutex::new(sessions),
            last: Mutex::new(Arc::new([])),
            count: AtomicUsize::new(count),
        })
    }

    /// Makes tokens that nobody has seen.
    ///
    /// # Errors
    /// When a session is refused a token.
    pub async fn fresh(&self) -> anyhow::Result<Tokens> {
        let mut sessions = self.sessions.lock().await;
        let (mut working, each) = (JoinSet::new(), self.count.load(Ordering::Relaxed).div_ceil(SESSIONS));
        for mut session in sessions.drain(..) {
            working.spawn(async move {
                let tokens = session.make(each).await?;
                anyhow::Ok((session, tokens))
            });
        }
        let mut all = Vec::with_capacity(each * SESSIONS);
        while let Some(done) = working.join_next().await {
            let (session, tokens) = done?.context("cannot make tokens")?;
            sessions.push(session);
            all.extend(tokens);
        }
        let all: Arc<[String]> = all.into();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&all);
        Ok(Tokens { all, next: AtomicUsize::new(0), again: false })
    }

    /// Has twice as many made from here on.
    pub fn double(&self) {
        let _ = self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_mul(2));
    }

    /// The tokens that were last made, without an end; made now if there are none.
    ///
    /// # Errors
    /// When they cannot be made.
    pub async fn known(&self) -> anyhow::Result<Tokens> {
        let last = Arc::clone(&self.last.lock().unwrap_or_else(PoisonError::into_inner));
        let known = if last.is_empty() { self.fresh().await? } else { Tokens { all: last, ..Tokens::default() } };
        Ok(Tokens { again: true, ..known })
    }
}

impl fmt::Debug for Mint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Mint").field("count", &self.count).finish_non_exhaustive()
    }
}

impl Session {
    async fn make(&mut self, count: usize) -> anyhow::Result<Vec<String>> {
        let mut tokens = Vec::with_capacity(count);
        for _ in 0..count {
            let request = RefreshTokenRequest { refresh_token: self.refresh_token.clone() };
            let answer = self.client.refresh_token(request).await?.into_inner();
            let new = answer.tokens.context("no tokens")?;
            self.refresh_token = new.refresh_token;
            tokens.push(new.access_token);
        }
        Ok(tokens)
    }
}

/// Tokens, to be taken one by one by all who share them.
#[derive(Default)]
pub struct Tokens {
    all: Arc<[String]>,
    next: AtomicUsize,
    again: bool,
}

impl Tokens {
    /// Whether more were wanted than there are.
    pub fn are_used_up(&self) -> bool {
        !self.again && self.next.load(Ordering::Relaxed) > self.all.len()
    }

    /// The next one, if there is one left.
    pub fn next(&self) -> Option<String> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        let next = if self.again { next.checked_rem(self.all.len())? } else { next };
        self.all.get(next).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_tokens_come_to_an_end_and_known_ones_come_again() {
        let all: Arc<[String]> = ["a", "b"].map(str::to_owned).into();
        let fresh = Tokens { all: Arc::clone(&all), ..Tokens::default() };
        let take = |tokens: &Tokens| (0..3).map(|_| tokens.next()).collect::<Vec<_>>();
        let [a, b] = ["a", "b"].map(|token| Some(token.to_owned()));
        assert!(!fresh.are_used_up());
        assert_eq!(take(&fresh), [a.clone(), b.clone(), None]);
        assert!(fresh.are_used_up());
        assert_eq!(take(&Tokens { all, again: true, ..Tokens::default() }), [a.clone(), b, a]);
        assert_eq!(take(&Tokens { again: true, ..Tokens::default() }), [None, None, None]);
    }
}
