//! What people do with their sessions: begin one, carry it on, look at them, end them.

use std::sync::Arc;

use authn::{Caller, SessionId, TokenHash, UserId};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use service_runtime::{clock::Clock, page::PageRequest};

use crate::{
    client::Call,
    contention::{Changing, Tries},
    error::{Error, Result},
    event::EventType,
    identifier::new_id,
    issuers::{Issuers, Person},
    pages::{List, Pages},
    refresh_token::{RefreshToken, RefreshTokens},
    rotation::{Decision, SessionState, decide},
    settings::TokenSettings,
    signing::SigningKeys,
    store::{NewSession, Rotation, Store},
    token::{AccessToken, Holder, LONGEST_LIFETIME},
};

/// What a session's owner goes on with.
pub(crate) struct TokenPair {
    pub(crate) access: AccessToken,
    pub(crate) refresh: SecretString,
    pub(crate) refresh_expire_time: DateTime<Utc>,
}

/// How a new session's refresh tokens reach its owner.
pub(crate) enum Delivery {
    /// In the answer.
    Message,
    /// In the browser's cookie. If it holds another session's token now, that session ends once the new one has begun.
    Cookie { replaces: Option<SecretString> },
}

impl Delivery {
    pub(crate) fn is_cookie(&self) -> bool {
        matches!(self, Self::Cookie { .. })
    }
}

/// A session as its owner sees it.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) user_agent: String,
    pub(crate) ip_address: String,
    pub(crate) create_time: DateTime<Utc>,
    pub(crate) last_seen_time: DateTime<Utc>,
}

/// A token that says which session ends.
pub(crate) enum Shown {
    Access(SecretString),
    Refresh(SecretString),
}

/// People's sessions.
pub(crate) struct Sessions {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) keys: Arc<SigningKeys>,
    pub(crate) issuers: Arc<Issuers>,
    pub(crate) tokens: TokenSettings,
    pub(crate) refresh_tokens: RefreshTokens,
    pub(crate) changing: Changing,
    pub(crate) pages: Pages,
}

impl Sessions {
    /// A session of a user who has just shown who it is, and its first tokens. The store begins it.
    pub(crate) async fn begin(
        &self,
        user: UserId,
        delivery: &Delivery,
        now: DateTime<Utc>,
    ) -> Result<(NewSession, TokenPair)> {
        let id = SessionId::from(new_id(now));
        let refresh = self.refresh_tokens.make(id).map_err(Error::internal)?;
        let latest_expire_time = now + self.tokens.session_lifetime;
        let expire_time = self.expire_time(latest_expire_time, now);
        let (in_cookie, replaces) = match delivery {
            Delivery::Message => (false, None),
            Delivery::Cookie { replaces } => (true, replaces.as_ref().and_then(|token| self.session_of(token))),
        };
        let session = NewSession {
            id,
            create_time: now,
            expire_time,
            latest_expire_time,
            refresh_hash: refresh.hash,
            in_cookie,
            replaces,
        };
        Ok((session, self.pair(user, &refresh, expire_time, now).await?))
    }

    /// New tokens for whoever shows a refresh token.
    pub(crate) async fn refresh(&self, token: &SecretString, call: &Call) -> Result<TokenPair> {
        let shown = self.refresh_tokens.read(token.expose_secret()).ok_or(Error::RefreshTokenInvalid)?;
        let mut tries = Tries::until(call.deadline);
        loop {
            if let Some(tokens) = self.try_refresh(&shown, call).await? {
                return Ok(tokens);
            }
            tries.pause().await?;
        }
    }

    /// Decides and does it; nothing, if another call is in the way of what was decided.
    async fn try_refresh(&self, shown: &RefreshToken, call: &Call) -> Result<Option<TokenPair>> {
        let session = self.store.session(shown.session).await?.ok_or(Error::RefreshTokenInvalid)?;
        let (user, now) = (session.user_id, self.clock.now());
        match decide(&session, &shown.hash, self.tokens.refresh_grace, now) {
            Decision::Refuse => Err(Error::RefreshTokenInvalid),
            Decision::Keep { first_shown } => {
                if first_shown && !self.note_shown(shown, call).await? {
                    return Ok(None);
                }
                self.pair(user, shown, session.life.expire_time, now).await.map(Some)
            }
            Decision::Repeat { sealed_successor } => {
                let successor = self.refresh_tokens.successor(shown, sealed_successor);
                let successor = successor.ok_or_else(|| Error::internal("a sealed refresh token does not open"))?;
                self.pair(user, &successor, session.life.expire_time, now).await.map(Some)
            }
            Decision::Rotate => self.rotate(&session, shown, call, now).await,
            Decision::End { current } => {
                let Some(_in_hand) = self.changing.take(shown.session) else { return Ok(None) };
                let ended = self.store.end_reused(user, shown.session, current, call, now).await?;
                if ended { Err(Error::RefreshTokenInvalid) } else { Ok(None) }
            }
        }
    }

    /// Writes down that the current token has been shown; `false` if another call is in the way.
    async fn note_shown(&self, shown: &RefreshToken, call: &Call) -> Result<bool> {
        let Some(_in_hand) = self.changing.take(shown.session) else { return Ok(false) };
        self.store.note_shown(shown.session, &shown.hash, call.deadline).await
    }

    async fn rotate(
        &self,
        session: &SessionState,
        shown: &RefreshToken,
        call: &Call,
        now: DateTime<Utc>,
    ) -> Result<Option<TokenPair>> {
        let Some(_in_hand) = self.changing.take(shown.session) else { return Ok(None) };
        let successor = self.refresh_tokens.make(shown.session).map_err(Error::internal)?;
        let rotation = Rotation {
            session: shown.session,
            from: shown.hash,
            to: successor.hash,
            sealed_secret: shown.seal(&successor).map_err(Error::internal)?,
            rotate_time: now,
            // However short the settings have become since: no token outlives its session.
            expire_time: self.expire_time(session.latest_expire_time, now).max(last_token_expiry(session, now)),
        };
        let tokens = self.pair(session.user_id, &successor, rotation.expire_time, now).await?;
        Ok(self.store.rotate(rotation, call).await?.then_some(tokens))
    }

    /// Ends the session of a token, which need not be good for anything else any more; another issuer's token itself.
    pub(crate) async fn log_out(&self, shown: Shown, call: &Call) -> Result<()> {
        let (user, session) = match shown {
            Shown::Access(token) => {
                let token = token.expose_secret();
                let grant = self.issuers.read(token, "", self.clock.now()).await?;
                match grant.holder {
                    Holder::Session(user, session) => (user, session),
                    Holder::Person(person) => return self.revoke_token(token, &person, grant.expire_time, call).await,
                }
            }
            Shown::Refresh(token) => {
                let token = self.refresh_tokens.read(token.expose_secret()).ok_or(Error::RefreshTokenInvalid)?;
                let Some(session) = self.store.session(token.session).await? else { return Ok(()) };
                (session.user_id, token.session)
            }
        };
        // One that is gone for good has ended, too.
        self.end(user, session, EventType::LoggedOut, call).await.map(drop)
    }

    /// Whether a refresh token is good for nothing any more: no session of its name lives.
    pub(crate) async fn is_over(&self, token: &SecretString) -> Result<bool> {
        let Some(session) = self.session_of(token) else { return Ok(true) };
        let session = self.store.session(session).await?;
        Ok(session.is_none_or(|session| !session.life.lasts(self.clock.now())))
    }

    /// The session of a refresh token, be it the newest one or not, if this installation made it.
    fn session_of(&self, token: &SecretString) -> Option<SessionId> {
        self.refresh_tokens.read(token.expose_secret()).map(|token| token.session)
    }

    /// Has another issuer's token refused until it expires.
    async fn revoke_token(&self, token: &str, person: &Person, expire_time: DateTime<Utc>, call: &Call) -> Result<()> {
        let now = self.clock.now();
        if expire_time <= now {
            return Ok(());
        }
        let user = self.store.identity(&person.identity).await?.map(|known| known.user_id);
        self.store.revoke_token(TokenHash::of(token), expire_time, user, call, now).await
    }

    /// The caller's sessions that live, the newest first, and the token of the next page.
    pub(crate) async fn list(&self, caller: &Caller, page: &PageRequest) -> Result<(Vec<Session>, String)> {
        let user = caller.user_id;
        let below = self.pages.below(List::Sessions, user, page)?;
        let found = self.store.sessions(user, below, page.size.get() + 1, self.clock.now()).await?;
        self.pages.cut(List::Sessions, user, page, found, |session| session.id.as_uuid())
    }

    /// Ends one of the caller's sessions.
    pub(crate) async fn revoke(&self, caller: &Caller, session: SessionId, call: &Call) -> Result<()> {
        match self.end(caller.user_id, session, EventType::SessionRevoked, call).await? {
            true => Ok(()),
            false => Err(Error::SessionNotFound),
        }
    }

    /// Ends all of the caller's sessions but this one.
    pub(crate) async fn revoke_others(&self, caller: &Caller, call: &Call) -> Result<()> {
        // Whoever comes with another issuer's token has no sessions here.
        let Some(session) = caller.session_id else { return Ok(()) };
        let mut tries = Tries::until(call.deadline);
        while !self.store.end_other_sessions(caller.user_id, session, call, self.clock.now()).await? {
            tries.pause().await?;
        }
        Ok(())
    }

    /// Ends a session, unless it has ended before. Tells whether the user has one of that name.
    async fn end(&self, user: UserId, session: SessionId, event: EventType, call: &Call) -> Result<bool> {
        let mut tries = Tries::until(call.deadline);
        loop {
            let now = self.clock.now();
            match self.store.session_life(user, session).await? {
                None => return Ok(false),
                Some(life) if !life.lasts(now) => return Ok(true),
                Some(_) => {}
            }
            if self.store.end_session(user, session, event, call, now).await? {
                return Ok(true);
            }
            tries.pause().await?;
        }
    }

    /// When a session ends that is seen now and not again.
    fn expire_time(&self, latest: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        latest.min(now + self.tokens.session_idle_lifetime)
    }

    /// Tokens that are good from `now` on, which is before the key is asked for: whatever takes its time meanwhile, they
    /// expire before the key retires.
    async fn pair(
        &self,
        user: UserId,
        refresh: &RefreshToken,
        refresh_expire_time: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<TokenPair> {
        let signer = self.keys.signer().await?;
        let access = self.tokens.issue(&signer, (user, refresh.session), now, refresh_expire_time)?;
        Ok(TokenPair { access, refresh: refresh.text.clone(), refresh_expire_time })
    }
}

/// When the last of the session's tokens expires, at the latest.
fn last_token_expiry(session: &SessionState, now: DateTime<Utc>) -> DateTime<Utc> {
    session.life.expire_time.min(now + LONGEST_LIFETIME)
}
