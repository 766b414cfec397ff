//! What becomes of a session when one of its refresh tokens is shown: the decision, without the deed.

use std::time::Duration;

use authn::UserId;
use chrono::{DateTime, Utc};

use crate::refresh_token::TokenHash;

/// When a session ends by itself, and when it was ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionLife {
    pub(crate) expire_time: DateTime<Utc>,
    pub(crate) end_time: Option<DateTime<Utc>>,
}

impl SessionLife {
    /// Whether it still lives.
    pub(crate) fn lasts(self, now: DateTime<Utc>) -> bool {
        self.end_time.is_none() && now < self.expire_time
    }
}

/// A session as it is kept.
#[derive(Clone)]
pub(crate) struct SessionState {
    pub(crate) user_id: UserId,
    pub(crate) life: SessionLife,
    /// No rotation moves the end beyond it.
    pub(crate) latest_expire_time: DateTime<Utc>,
    /// None of a session that began before there were refresh tokens.
    pub(crate) refresh: Option<RefreshState>,
}

/// What is kept of a session's refresh tokens.
#[derive(Clone)]
pub(crate) struct RefreshState {
    /// The token to go on with.
    pub(crate) current: TokenHash,
    /// None as long as the first token is the current one.
    pub(crate) previous: Option<Predecessor>,
    /// Whether a browser keeps them in a cookie.
    pub(crate) in_cookie: bool,
    /// Whether the current token has been shown. It is kept up to date in a cookie only.
    pub(crate) current_shown: bool,
}

/// The token before the current one.
#[derive(Clone)]
pub(crate) struct Predecessor {
    pub(crate) hash: TokenHash,
    /// When it was replaced.
    pub(crate) rotate_time: DateTime<Utc>,
    /// The current token, for whoever shows this one.
    pub(crate) sealed_successor: Vec<u8>,
}

/// What to do about a token that this installation made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision<'a> {
    /// Its session is over: it is refused, and nothing changes.
    Refuse,
    /// It is too young to be replaced, and stays. If this is the first time that it is shown, and that matters, it is
    /// written down.
    Keep { first_shown: bool },
    /// It was replaced just now, and two tabs asked at once, or the answer was lost. It is answered with its successor.
    Repeat { sealed_successor: &'a [u8] },
    /// It is replaced.
    Rotate,
    /// It was replaced longer ago, so somebody has a copy. Nobody can tell the thief from the owner: the session ends.
    End { current: &'a TokenHash },
}

/// Decides about a token by its hash.
///
/// The time of a rotation is that of the replica that did it, and `now` may be another's whose clock runs ahead or
/// behind. Ahead, the window closes that much earlier: a second tab in the last moments of it is taken for a thief, so
/// the window must be far longer than clocks differ. Behind, it closes that much later; a rotation in this replica's
/// future is taken as one just made, but only as far ahead as the window is long, lest a clock that was once hours
/// wrong leave old tokens good for hours. Whatever the clocks say, only the current token leads on, and each is
/// replaced once, because the write is made only on what was read.
///
/// Without any grace each token is good once: of two tabs the second ends the session.
///
/// In a cookie the token before the current one also counts as a lost answer, however late it is shown, as long as the
/// current one has never been shown: a reload cuts a request off, and a browser that crashed comes back with an older
/// cookie. Whoever has stolen the cookie and always is the second to show it is not found out by this.
pub(crate) fn decide<'a>(
    session: &'a SessionState,
    shown: &TokenHash,
    grace: Duration,
    now: DateTime<Utc>,
) -> Decision<'a> {
    let Some(tokens) = session.refresh.as_ref().filter(|_| session.life.lasts(now)) else { return Decision::Refuse };
    let is_recent = |time: DateTime<Utc>| (now - time).abs().to_std().is_ok_and(|distance| distance < grace);
    let replaced_just_now = tokens.previous.as_ref().is_some_and(|previous| is_recent(previous.rotate_time));
    let perhaps_lost = tokens.in_cookie && !tokens.current_shown;
    match &tokens.previous {
        _ if tokens.current == *shown && replaced_just_now => Decision::Keep { first_shown: perhaps_lost },
        _ if tokens.current == *shown => Decision::Rotate,
        Some(previous) if previous.hash == *shown && (replaced_just_now || perhaps_lost) => {
            Decision::Repeat { sealed_successor: &previous.sealed_successor }
        }
        _ => Decision::End { current: &tokens.current },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: TokenHash = [1; 32];
    const SECOND: TokenHash = [2; 32];
    const THIRD: TokenHash = [3; 32];
    const GRACE: Duration = Duration::from_secs(30);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn session(refresh: Option<RefreshState>) -> SessionState {
        let life = SessionLife { expire_time: at(1000), end_time: None };
        let user_id = UserId::from(uuid::Uuid::from_u128(7));
        SessionState { user_id, life, latest_expire_time: at(2000), refresh }
    }

    /// With the first token still.
    fn fresh() -> SessionState {
        session(Some(RefreshState { current: FIRST, previous: None, in_cookie: false, current_shown: false }))
    }

    /// At time 0 the second token was replaced by the third.
    fn rotated() -> SessionState {
        let previous = Predecessor { hash: SECOND, rotate_time: at(0), sealed_successor: vec![9] };
        let (in_cookie, current_shown) = (false, false);
        session(Some(RefreshState { current: THIRD, previous: Some(previous), in_cookie, current_shown }))
    }

    /// The same in a cookie.
    fn rotated_in_cookie(current_shown: bool) -> SessionState {
        let rotated = rotated();
        let refresh = rotated.refresh.map(|tokens| RefreshState { in_cookie: true, current_shown, ..tokens });
        SessionState { refresh, ..rotated }
    }

    fn ended(session: SessionState) -> SessionState {
        SessionState { life: SessionLife { end_time: Some(at(-1)), ..session.life }, ..session }
    }

    #[test]
    fn each_state_token_and_time_has_its_decision() {
        const ROTATE: Decision<'_> = Decision::Rotate;
        const KEEP: Decision<'_> = Decision::Keep { first_shown: false };
        const REPEAT: Decision<'_> = Decision::Repeat { sealed_successor: &[9] };
        const END: Decision<'_> = Decision::End { current: &THIRD };
        let times = [-31, -30, -29, 0, 29, 30, 31, 999, 1000, 1001];
        let table = [
            // A clock far behind; one a little behind; within the window; after it; after the session.
            (THIRD, [ROTATE, ROTATE, KEEP, KEEP, KEEP, ROTATE, ROTATE, ROTATE]),
            (SECOND, [END, END, REPEAT, REPEAT, REPEAT, END, END, END]),
            (FIRST, [END; 8]),
        ];
        for (shown, decisions) in table {
            let refused = [Decision::Refuse, Decision::Refuse];
            for (time, expected) in times.into_iter().zip(decisions.into_iter().chain(refused)) {
                assert_eq!(decide(&rotated(), &shown, GRACE, at(time)), expected, "{} at {time}", shown[0]);
                assert_eq!(decide(&ended(rotated()), &shown, GRACE, at(time)), Decision::Refuse);
                assert_eq!(decide(&session(None), &shown, GRACE, at(time)), Decision::Refuse);
            }
        }
    }

    #[test]
    fn in_a_cookie_an_answer_may_be_lost_until_its_token_is_shown() {
        const REPEAT: Decision<'_> = Decision::Repeat { sealed_successor: &[9] };
        const END: Decision<'_> = Decision::End { current: &THIRD };
        for grace in [GRACE, Duration::ZERO] {
            for time in [-31, -1, 0, 29, 30, 999] {
                let recent = (-29..30).contains(&time) && !grace.is_zero();
                let unshown = rotated_in_cookie(false);
                assert_eq!(decide(&unshown, &SECOND, grace, at(time)), REPEAT, "{time}");
                let shown = rotated_in_cookie(true);
                assert_eq!(decide(&shown, &SECOND, grace, at(time)), if recent { REPEAT } else { END }, "{time}");
                for session in [&unshown, &shown] {
                    assert_eq!(decide(session, &FIRST, grace, at(time)), END, "{time}");
                }
                let expected = |first_shown| if recent { Decision::Keep { first_shown } } else { Decision::Rotate };
                assert_eq!(decide(&unshown, &THIRD, grace, at(time)), expected(true), "{time}");
                assert_eq!(decide(&shown, &THIRD, grace, at(time)), expected(false), "{time}");
            }
            let unshown = rotated_in_cookie(false);
            assert_eq!(decide(&unshown, &SECOND, grace, at(1000)), Decision::Refuse, "the session is over");
            assert_eq!(decide(&ended(unshown), &SECOND, grace, at(0)), Decision::Refuse);
        }
    }

    #[test]
    fn the_first_token_is_replaced_at_once() {
        for time in [0, 29, 999] {
            assert_eq!(decide(&fresh(), &FIRST, GRACE, at(time)), Decision::Rotate);
            assert_eq!(decide(&fresh(), &SECOND, GRACE, at(time)), Decision::End { current: &FIRST });
        }
        assert_eq!(decide(&fresh(), &FIRST, GRACE, at(1000)), Decision::Refuse);
        assert_eq!(decide(&ended(fresh()), &SECOND, GRACE, at(0)), Decision::Refuse);
    }

    #[test]
    fn without_grace_each_token_is_good_once() {
        for time in [-1, 0, 1] {
            assert_eq!(decide(&rotated(), &THIRD, Duration::ZERO, at(time)), Decision::Rotate);
            assert_eq!(decide(&rotated(), &SECOND, Duration::ZERO, at(time)), Decision::End { current: &THIRD });
        }
    }

    #[test]
    fn a_session_lives_until_its_end_and_not_at_it() {
        let life = SessionLife { expire_time: at(10), end_time: None };
        assert!(life.lasts(at(9)) && !life.lasts(at(10)));
        assert!(
            !SessionLife { end_time: Some(at(99)), ..life }.lasts(at(5)),
            "ended is ended, whatever the clock says"
        );
    }
}
