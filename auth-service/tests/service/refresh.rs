//! Refresh tokens: races, lost answers, thieves, forgers, and how long it can go on.

use crate::support::{PASSWORD, Service, column, dump, events, execute, reason};
use authn::SessionId;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64},
};
use chrono::{DateTime, TimeDelta, Utc};
use proto::auth::v1::{RejectionReason, Tokens};
use service_runtime::{clock::Clock, on_both_databases, sealed::SealingKey, testing::TestDatabase};
use tonic::{Code, Status};

const PREFIX: &str = "duet_rt_";

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

/// A session of the user of that address, who is made on the first call.
async fn session(service: &Service, email: &str) -> Tokens {
    match service.sign_up(email).await {
        Ok(answer) => answer.tokens.unwrap(),
        Err(_) => service.log_in(email, PASSWORD).await.unwrap().1,
    }
}

fn refused(answer: Result<Tokens, Status>) {
    let status = answer.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "REFRESH_TOKEN_INVALID"));
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// The 68 bytes of a token: session id, secret, tag, checksum.
fn bytes(token: &str) -> Vec<u8> {
    BASE64.decode(token.strip_prefix(PREFIX).unwrap()).unwrap()
}

fn secret(token: &str) -> [u8; 32] {
    bytes(token)[16..48].try_into().unwrap()
}

/// A token of right form and checksum.
fn forge(parts: &[&[u8]]) -> String {
    let unchecked = parts.concat();
    format!("{PREFIX}{}", BASE64.encode([&unchecked[..], &sha256(&unchecked)[..4]].concat()))
}

async fn count(database: &TestDatabase, event: &str) -> usize {
    events(database).await.into_iter().filter(|found| found == event).count()
}

on_both_databases! {
    async fn a_token_is_replaced_and_the_session_goes_on(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let first = session(&service, "ada@example.org").await;
        assert_eq!((first.refresh_token.len(), &first.refresh_token[..8]), (99, PREFIX));
        assert_eq!(first.refresh_token_expire_time.unwrap().seconds, 1_800_000_000 + 30 * 24 * 3600);
        clock.advance(TimeDelta::hours(23));
        let second = service.refresh(&first.refresh_token).await.unwrap();
        assert_ne!(second.refresh_token, first.refresh_token);
        assert_eq!(second.token_type, "Bearer");
        assert_eq!(second.access_token_expire_time.unwrap().seconds, 1_800_000_000 + 47 * 3600);
        assert_eq!(second.refresh_token_expire_time.unwrap().seconds, 1_800_000_000 + 30 * 24 * 3600 + 23 * 3600);
        assert!(service.accepts(&first.access_token).await && service.accepts(&second.access_token).await);
        clock.advance(TimeDelta::hours(2));
        assert_eq!(service.rejection(&first.access_token).await, RejectionReason::Expired);
        assert!(service.accepts(&second.access_token).await);
        assert_eq!(events(&database).await, ["SIGNED_UP"], "it is no event");
        service.stop().await;
    }

    async fn within_the_grace_old_and_new_are_answered_with_the_same_successor(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let first = session(&service, "ada@example.org").await.refresh_token;
        let second = service.refresh(&first).await.unwrap().refresh_token;
        let before = dump(&database, "session").await;
        let mut moment = TimeDelta::zero();
        for next in [TimeDelta::zero(), TimeDelta::seconds(1), TimeDelta::seconds(30) - TimeDelta::microseconds(1)] {
            clock.advance(next - moment);
            moment = next;
            for shown in [&first, &second] {
                let answer = service.refresh(shown).await.unwrap();
                assert_eq!(answer.refresh_token, second, "{next}");
                assert!(service.accepts(&answer.access_token).await);
            }
        }
        assert_eq!(dump(&database, "session").await, before, "who asks again changes nothing");
        clock.advance(TimeDelta::microseconds(1));
        let third = service.refresh(&second).await.unwrap().refresh_token;
        assert!(third != second && third != first);
        service.stop().await;
    }

    async fn a_token_shown_after_the_grace_ends_its_session(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        for round in 1..=20 {
            let stolen = session(&service, "ada@example.org").await;
            let rightful = service.refresh(&stolen.refresh_token).await.unwrap();
            clock.advance(TimeDelta::seconds(30));
            refused(service.refresh(&stolen.refresh_token).await);
            assert_eq!(count(&database, "REFRESH_REUSED").await, round);
            for tokens in [&stolen, &rightful] {
                refused(service.refresh(&tokens.refresh_token).await);
                assert_eq!(service.rejection(&tokens.access_token).await, RejectionReason::Revoked);
            }
            assert_eq!(count(&database, "REFRESH_REUSED").await, round, "a session ends once");
        }
        let told = "SELECT count(*) FROM auth_event JOIN session ON session.id = session_id \
                    AND session.user_id = auth_event.user_id WHERE type = 'REFRESH_REUSED' AND end_time = auth_event.create_time";
        assert_eq!(column::<i64>(&database, told).await, [20]);
        service.stop().await;
    }

    async fn any_older_token_ends_the_session_at_any_time(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        for older in 0..4 {
            let mut tokens = vec![session(&service, "ada@example.org").await];
            for _ in 0..5 {
                clock.advance(TimeDelta::seconds(31));
                tokens.push(service.refresh(&tokens.last().unwrap().refresh_token).await.unwrap());
            }
            assert!(service.refresh(&tokens[4].refresh_token).await.is_ok(), "the previous one is still answered");
            refused(service.refresh(&tokens[older].refresh_token).await);
            refused(service.refresh(&tokens[5].refresh_token).await);
            assert_eq!(service.rejection(&tokens[5].access_token).await, RejectionReason::Revoked);
            assert_eq!(count(&database, "REFRESH_REUSED").await, older + 1);
        }
        service.stop().await;
    }

    async fn thieves_who_come_together_end_it_once(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let first = session(&service, "ada@example.org").await.refresh_token;
        service.refresh(&first).await.unwrap();
        clock.advance(TimeDelta::seconds(31));
        let client = service.auth().await;
        let racing: Vec<_> = (0..64).map(|_| tokio::spawn(crate::support::refreshed(client.clone(), first.clone()))).collect();
        for one in racing {
            refused(one.await.unwrap());
        }
        assert_eq!(events(&database).await, ["SIGNED_UP", "REFRESH_REUSED"]);
        service.stop().await;
    }

    async fn without_grace_a_token_is_good_once(database: TestDatabase) {
        let service = Service::start_with(&database, manual_clock(), &["--auth-refresh-grace", "0s"]).await;
        let first = session(&service, "ada@example.org").await.refresh_token;
        let second = service.refresh(&first).await.unwrap().refresh_token;
        let third = service.refresh(&second).await.unwrap().refresh_token;
        refused(service.refresh(&second).await);
        refused(service.refresh(&third).await);
        assert_eq!(events(&database).await, ["REFRESH_REUSED", "SIGNED_UP"]);
        service.stop().await;
    }

    async fn a_forged_token_ends_nothing(database: TestDatabase) {
        let service = Service::start_with(&database, manual_clock(), &[]).await;
        let tokens = session(&service, "ada@example.org").await;
        let stranger = session(&service, "eve@example.org").await;
        let (right, strange) = (bytes(&tokens.refresh_token), bytes(&stranger.refresh_token));
        assert_eq!(forge(&[&right[..64]]), tokens.refresh_token, "the forger writes as the service does");
        let before = [dump(&database, "session").await, dump(&database, "auth_event").await];
        let mut forged = vec![
            forge(&[&right[..16], &[7; 32], &right[48..64]]),
            forge(&[&right[..16], &strange[16..64]]),
            forge(&[&right[..48], &strange[48..64]]),
            forge(&[&strange[..16], &right[16..64]]),
            forge(&[&right[..16], &sha256(tokens.refresh_token.as_bytes()), &right[48..64]]),
            String::new(),
            PREFIX.to_owned(),
            tokens.access_token.clone(),
            format!("{}=", tokens.refresh_token),
            "A".repeat(20_000),
        ];
        forged.extend((0..64).map(|index| {
            let mut changed = right[..64].to_vec();
            changed[index] ^= 1;
            forge(&[&changed])
        }));
        for forged in &forged {
            refused(service.refresh(forged).await);
        }
        assert_eq!([dump(&database, "session").await, dump(&database, "auth_event").await], before);
        execute(&database, "ALTER TABLE session RENAME TO session_away").await;
        for forged in &forged {
            refused(service.refresh(forged).await);
        }
        assert_eq!(service.refresh(&tokens.refresh_token).await.unwrap_err().code(), Code::Internal, "a right one costs a query");
        execute(&database, "ALTER TABLE session_away RENAME TO session").await;
        assert!(service.accepts(&tokens.access_token).await);
        assert!(service.refresh(&tokens.refresh_token).await.is_ok());
        service.stop().await;
    }

    async fn a_copy_of_the_database_yields_no_token(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let mut issued = vec![session(&service, "ada@example.org").await.refresh_token];
        for _ in 0..3 {
            clock.advance(TimeDelta::seconds(31));
            issued.push(service.refresh(issued.last().unwrap()).await.unwrap().refresh_token);
        }
        issued.push(session(&service, "eve@example.org").await.refresh_token);
        service.stop().await;

        let mut copy = Vec::new();
        for table in ["session", "auth_event", "user_account"] {
            copy.extend(dump(&database, table).await);
        }
        let found = |bytes: &[u8]| {
            let hexadecimal = hex(bytes);
            let text = std::str::from_utf8(bytes).unwrap_or("\0").to_lowercase();
            copy.iter().any(|row| row.contains(&hexadecimal) || row.contains(&hex(hexadecimal.as_bytes())) || row.contains(&text))
        };
        assert!(found(&sha256(issued[3].as_bytes())), "the copy that is searched holds the hash of the current token");
        for token in &issued {
            let secret = secret(token);
            let whole = token.strip_prefix(PREFIX).unwrap();
            // In the token itself the secret does not begin where a group of characters does.
            for form in [&secret[..], BASE64.encode(secret).as_bytes(), BASE64_STANDARD.encode(secret).as_bytes(), &whole.as_bytes()[24..60]] {
                assert!(!found(form), "{token}");
            }
        }

        let sealed: Vec<Vec<u8>> =
            column(&database, "SELECT sealed_refresh_secret FROM session WHERE sealed_refresh_secret IS NOT NULL").await;
        let id: SessionId = column::<uuid::Uuid>(&database, "SELECT id FROM session WHERE rotate_time IS NOT NULL").await[0].into();
        let open = |key: &[u8; 32]| {
            let key = SealingKey::from_secret(key, "auth-service refresh token successors").unwrap();
            key.open(&sealed[0], id.as_uuid().as_bytes())
        };
        assert_eq!(open(&secret(&issued[2])).unwrap().as_slice(), secret(&issued[3]), "the predecessor opens it");
        let mut tried = 0;
        for column_name in ["refresh_hash", "previous_refresh_hash", "sealed_refresh_secret"] {
            let sql = format!("SELECT {column_name} FROM session WHERE {column_name} IS NOT NULL");
            for value in column::<Vec<u8>>(&database, &sql).await {
                for window in value.windows(32) {
                    assert!(open(window.try_into().unwrap()).is_none(), "opened by what stands in {column_name}");
                    tried += 1;
                }
            }
        }
        assert!(tried > 30, "only {tried} keys were tried");
    }

    async fn a_session_ends_when_nobody_asks_and_at_the_latest(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let idle = session(&service, "ada@example.org").await;
        clock.advance(TimeDelta::days(30) - TimeDelta::microseconds(1));
        let again = service.refresh(&idle.refresh_token).await.unwrap();
        clock.advance(TimeDelta::days(30));
        refused(service.refresh(&again.refresh_token).await);
        refused(service.refresh(&idle.refresh_token).await);
        assert_eq!(events(&database).await, ["SIGNED_UP"], "nobody ended it, and nobody is a thief");

        let mut tokens = session(&service, "ada@example.org").await;
        let last = tokens.refresh_token_expire_time.unwrap().seconds + 60 * 24 * 3600;
        for _ in 0..4 {
            clock.advance(TimeDelta::days(20));
            tokens = service.refresh(&tokens.refresh_token).await.unwrap();
            assert!(tokens.refresh_token_expire_time.unwrap().seconds <= last);
        }
        clock.advance(TimeDelta::days(10) - TimeDelta::hours(1));
        tokens = service.refresh(&tokens.refresh_token).await.unwrap();
        assert_eq!(tokens.refresh_token_expire_time.unwrap().seconds, last);
        assert_eq!(tokens.access_token_expire_time.unwrap().seconds, last, "no token outlives its session");
        clock.advance(TimeDelta::hours(1));
        refused(service.refresh(&tokens.refresh_token).await);
        assert_eq!(service.rejection(&tokens.access_token).await, RejectionReason::Expired);
        service.stop().await;
    }

    async fn a_row_goes_a_week_after_its_session(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let check = async |end: &str| {
            let kept: Vec<DateTime<Utc>> = column(&database, "SELECT purge_time FROM session").await;
            let ends: Vec<DateTime<Utc>> = column(&database, &format!("SELECT {end} FROM session")).await;
            assert_eq!(kept[0] - ends[0], TimeDelta::days(7));
        };
        let first = session(&service, "ada@example.org").await.refresh_token;
        check("expire_time").await;
        clock.advance(TimeDelta::days(1));
        service.refresh(&first).await.unwrap();
        check("expire_time").await;
        clock.advance(TimeDelta::days(1));
        refused(service.refresh(&first).await);
        check("end_time").await;
        service.stop().await;
    }

    async fn a_session_from_before_there_were_refresh_tokens_is_no_trouble(database: TestDatabase) {
        let service = Service::start_with(&database, manual_clock(), &[]).await;
        let tokens = session(&service, "ada@example.org").await;
        let rotated = service.refresh(&tokens.refresh_token).await.unwrap();
        execute(&database, "UPDATE session SET latest_expire_time = NULL, purge_time = NULL").await;
        assert!(service.refresh(&tokens.refresh_token).await.is_ok());
        execute(&database, "UPDATE session SET rotate_time = NULL, sealed_refresh_secret = NULL, previous_refresh_hash = NULL").await;
        let next = service.refresh(&rotated.refresh_token).await.unwrap();
        assert_eq!(next.refresh_token_expire_time, tokens.refresh_token_expire_time, "it ends as it would have");
        execute(&database, "UPDATE session SET refresh_hash = NULL").await;
        refused(service.refresh(&next.refresh_token).await);
        assert!(service.accepts(&tokens.access_token).await);
        assert_eq!(events(&database).await, ["SIGNED_UP"]);
        service.stop().await;
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
