//! Deleting oneself, and what other services are told of it.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::support::{PASSWORD, Service, bearer, column, connection, details, events, execute, reason};
use proto::auth::v1::{
    ChangePasswordRequest, DeleteMeRequest, GetMeRequest, ListUserDeletionsRequest, ListUserDeletionsResponse,
    LogoutRequest, RefreshTokenRequest, RejectionReason,
};
use service_runtime::{on_both_databases, testing::Engine};
use tonic::{Code, Status};

async fn delete(service: &Service, token: &str, password: &str) -> Result<(), Status> {
    let request = DeleteMeRequest { password: password.into() };
    service.auth().await.delete_me(bearer(token, request)).await.map(drop)
}

async fn deletions(service: &Service, cursor: &str, page_size: i32) -> Result<ListUserDeletionsResponse, Status> {
    let request = ListUserDeletionsRequest { cursor: cursor.into(), page_size };
    Ok(service.tokens().await.list_user_deletions(request).await?.into_inner())
}

/// Reads on from a cursor until there is nothing new, as a service does that follows the deletions.
async fn follow(service: &Service, cursor: &mut String, page_size: i32) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        let answer = deletions(service, cursor, page_size).await.unwrap();
        *cursor = answer.next_cursor;
        if answer.deletions.is_empty() {
            return found;
        }
        found.extend(answer.deletions.into_iter().map(|deletion| deletion.user_id));
    }
}

/// Takes the next number as a slow transaction would, and keeps it for a while before it commits.
async fn delete_slowly(database: &service_runtime::testing::TestDatabase, user: &str, patience: Duration) {
    use sea_orm::{ConnectionTrait, TransactionTrait};
    let connection = connection(database).await;
    let transaction = connection.begin().await.unwrap();
    let literal = match database.engine {
        Engine::Sqlite => format!("X'{}'", user.replace('-', "")),
        Engine::Postgres => format!("'{user}'"),
    };
    let sql = format!(
        "UPDATE user_deletion_counter SET last_number = last_number + 1; INSERT INTO user_deletion \
         SELECT last_number, {literal}, '2026-11-21 00:00:00+00:00' FROM user_deletion_counter"
    );
    transaction.execute_unprepared(&sql).await.unwrap();
    tokio::time::sleep(patience).await;
    transaction.commit().await.unwrap();
}

on_both_databases! {
    async fn a_user_who_is_deleted_is_gone_at_once(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, first) = service.signed_up("Ada@example.org").await;
        let (_, second) = service.log_in("ada@example.org", PASSWORD).await.unwrap();
        let (_, bystander) = service.signed_up("eve@example.org").await;
        delete(&service, &first, PASSWORD).await.unwrap();

        for token in [&first, &second.access_token] {
            assert_eq!(service.rejection(token).await, RejectionReason::Revoked);
            let status = service.auth().await.get_me(bearer(token, GetMeRequest {})).await.unwrap_err();
            assert_eq!(reason(&status), "TOKEN_REVOKED");
            service.auth().await.logout(bearer(token, LogoutRequest::default())).await.unwrap();
        }
        let refresh = RefreshTokenRequest { refresh_token: second.refresh_token.clone() };
        let refused = service.auth().await.refresh_token(refresh).await.unwrap_err();
        assert_eq!(reason(&refused), "REFRESH_TOKEN_INVALID");
        service.auth().await.logout(LogoutRequest { refresh_token: second.refresh_token }).await.unwrap();
        assert_eq!(reason(&service.log_in("ada@example.org", PASSWORD).await.unwrap_err()), "INVALID_CREDENTIALS");
        assert!(service.accepts(&bystander).await);

        let (again, _) = service.signed_up("ada@example.org").await;
        assert_ne!(again.id, user.id);
        let list = deletions(&service, "", 0).await.unwrap();
        assert_eq!(list.deletions.iter().map(|one| &one.user_id).collect::<Vec<_>>(), [&user.id]);
        assert!(list.deletions[0].delete_time.is_some());
        service.stop().await;
        let service = Service::start(&database).await;
        assert_eq!(deletions(&service, "", 0).await.unwrap(), list, "it stays there for ever");
        service.stop().await;
    }

    async fn nothing_is_kept_that_tells_of_the_person(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, token) = service.signed_up("ada@example.org").await;
        service.log_in("ada@example.org", "Wrong-7-password").await.unwrap_err();
        let (other, _) = service.signed_up("eve@example.org").await;
        let limits = "SELECT count(*) FROM attempt_window WHERE kind IN ('account', 'known-address')";
        assert_eq!(column::<i64>(&database, limits).await, [1]);
        delete(&service, &token, PASSWORD).await.unwrap();

        let kept = async |sql: &str| column::<i64>(&database, sql).await[0];
        assert_eq!(kept("SELECT count(*) FROM user_account").await, 1);
        assert_eq!(kept("SELECT count(*) FROM session").await, 1);
        assert_eq!(kept("SELECT count(*) FROM known_address").await, 1, "another's");
        assert_eq!(kept(limits).await, 0);
        let gone = "SELECT count(*) FROM auth_event WHERE ip_address = '' AND user_agent = '' AND request_id = ''";
        assert_eq!(kept(gone).await, 2, "SIGNED_UP and LOGIN_FAILED stay, without where they came from");
        let whole = "SELECT type FROM auth_event WHERE ip_address <> '' AND user_agent <> '' AND request_id <> '' ORDER BY id";
        assert_eq!(column::<String>(&database, whole).await, ["SIGNED_UP", "USER_DELETED"], "another's, and its own");
        assert_eq!(events(&database).await, ["SIGNED_UP", "LOGIN_FAILED", "SIGNED_UP", "USER_DELETED"]);
        let whose = column::<uuid::Uuid>(&database, "SELECT user_id FROM auth_event ORDER BY create_time").await;
        let whose: Vec<String> = whose.iter().map(ToString::to_string).collect();
        assert_eq!(whose, [&user.id, &user.id, &other.id, &user.id].map(Clone::clone));
        service.stop().await;
    }

    async fn it_needs_the_password(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, token) = service.signed_up("ada@example.org").await;
        for wrong in ["", "Xk4mPq9Z"] {
            let status = delete(&service, &token, wrong).await.unwrap_err();
            assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "INVALID_CREDENTIALS"));
        }
        assert_eq!(reason(&service.auth().await.delete_me(DeleteMeRequest::default()).await.unwrap_err()), "TOKEN_MISSING");
        assert!(service.accepts(&token).await);
        assert_eq!(service.log_in("ada@example.org", PASSWORD).await.unwrap().0.id, user.id);
        assert_eq!(deletions(&service, "", 0).await.unwrap(), ListUserDeletionsResponse::default());
        service.stop().await;
    }

    async fn racing_calls_delete_once(database: TestDatabase) {
        let service = Arc::new(Service::start(&database).await);
        let (_, token) = service.signed_up("ada@example.org").await;
        let racing: Vec<_> = (0..8)
            .map(|_| {
                let (service, token) = (Arc::clone(&service), token.clone());
                tokio::spawn(async move { delete(&service, &token, PASSWORD).await })
            })
            .collect();
        let mut done = 0;
        for one in racing {
            match one.await.unwrap() {
                Ok(()) => done += 1,
                Err(status) => assert_eq!(reason(&status), "TOKEN_REVOKED"),
            }
        }
        assert_eq!(done, 1);
        assert_eq!(events(&database).await, ["SIGNED_UP", "USER_DELETED"]);
        assert_eq!(column::<i64>(&database, "SELECT number FROM user_deletion").await, [1]);
    }

    async fn a_password_that_was_just_replaced_deletes_nobody(database: TestDatabase) {
        let service = Arc::new(Service::start(&database).await);
        for round in 0..8 {
            let (_, token) = service.signed_up(&format!("ada{round}@example.org")).await;
            let change = ChangePasswordRequest {
                current_password: PASSWORD.into(),
                new_password: "Tr7wLb2v-new".into(),
                revoke_other_sessions: None,
            };
            let deleting = { let (service, token) = (Arc::clone(&service), token.clone());
                tokio::spawn(async move { delete(&service, &token, PASSWORD).await }) };
            let changed = service.auth().await.change_password(bearer(&token, change)).await;
            let deleted = deleting.await.unwrap();
            assert!(changed.is_ok() != deleted.is_ok(), "one of them came first: {changed:?} {deleted:?}");
        }
    }

    async fn without_its_audit_row_nobody_is_deleted(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, token) = service.signed_up("ada@example.org").await;
        for table in ["auth_event", "user_deletion"] {
            execute(&database, &format!("ALTER TABLE {table} RENAME TO {table}_away")).await;
            assert_eq!(reason(&delete(&service, &token, PASSWORD).await.unwrap_err()), "INTERNAL", "{table}");
            execute(&database, &format!("ALTER TABLE {table}_away RENAME TO {table}")).await;
            assert!(service.accepts(&token).await);
        }
        assert_eq!(column::<i64>(&database, "SELECT last_number FROM user_deletion_counter").await, [0]);
        delete(&service, &token, PASSWORD).await.unwrap();
        assert_eq!(follow(&service, &mut String::new(), 0).await, [user.id]);
        service.stop().await;
    }

    async fn whoever_follows_misses_none_of_many_at_once(database: TestDatabase) {
        let replicas = if database.engine == Engine::Postgres { 2 } else { 1 };
        let mut services = Vec::new();
        for _ in 0..replicas {
            services.push(Arc::new(Service::start(&database).await));
        }
        let mut users = HashSet::new();
        let mut tokens = Vec::new();
        for number in 0..50 {
            let (user, token) = services[0].signed_up(&format!("user{number}@example.org")).await;
            users.insert(user.id);
            tokens.push(token);
        }
        let over = Arc::new(AtomicBool::new(false));
        let followers: Vec<_> = services
            .iter()
            .map(|service| {
                let (service, over) = (Arc::clone(service), Arc::clone(&over));
                tokio::spawn(async move {
                    let (mut cursor, mut found) = (String::new(), Vec::new());
                    loop {
                        let last = over.load(Ordering::SeqCst);
                        found.extend(follow(&service, &mut cursor, 3).await);
                        if last {
                            return found;
                        }
                    }
                })
            })
            .collect();
        let deleting: Vec<_> = tokens
            .into_iter()
            .enumerate()
            .map(|(number, token)| {
                let service = Arc::clone(&services[number % services.len()]);
                tokio::spawn(async move { delete(&service, &token, PASSWORD).await })
            })
            .collect();
        for one in deleting {
            one.await.unwrap().unwrap();
        }
        over.store(true, Ordering::SeqCst);
        for follower in followers {
            let found = follower.await.unwrap();
            assert_eq!(found.len(), 50, "each once");
            assert_eq!(found.into_iter().collect::<HashSet<_>>(), users);
        }
        let numbers = column::<i64>(&database, "SELECT number FROM user_deletion ORDER BY number").await;
        assert_eq!(numbers, (1..=50).collect::<Vec<_>>());
    }

    async fn a_slow_deletion_is_not_overtaken(database: TestDatabase) {
        let database = Arc::new(database);
        let service = Arc::new(Service::start(&database).await);
        let (quick, token) = service.signed_up("ada@example.org").await;
        let slow = "0190b0b0-0000-7000-8000-00000000002a";
        let held = {
            let database = Arc::clone(&database);
            tokio::spawn(async move { delete_slowly(&database, slow, Duration::from_secs(2)).await })
        };
        tokio::time::sleep(Duration::from_millis(500)).await;
        let deleting = {
            let service = Arc::clone(&service);
            tokio::spawn(async move { delete(&service, &token, PASSWORD).await })
        };
        let (mut cursor, mut found) = (String::new(), Vec::new());
        while !(held.is_finished() && deleting.is_finished()) {
            found.extend(follow(&service, &mut cursor, 0).await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        held.await.unwrap();
        deleting.await.unwrap().unwrap();
        found.extend(follow(&service, &mut cursor, 0).await);
        assert_eq!(found, [slow, quick.id.as_str()]);
    }

    async fn a_cursor_leads_on_in_its_own_list_only(database: TestDatabase) {
        let service = Service::start(&database).await;
        let mut users = Vec::new();
        for number in 0..5 {
            let (user, token) = service.signed_up(&format!("user{number}@example.org")).await;
            delete(&service, &token, PASSWORD).await.unwrap();
            users.push(user.id);
        }
        let first = deletions(&service, "", 2).await.unwrap();
        let second = deletions(&service, &first.next_cursor, 2).await.unwrap();
        let third = deletions(&service, &second.next_cursor, 1000).await.unwrap();
        let found = [first, second.clone(), third.clone()].map(|answer| answer.deletions).concat();
        assert_eq!(found.iter().map(|one| one.user_id.clone()).collect::<Vec<_>>(), users);
        let end = deletions(&service, &third.next_cursor, i32::MAX).await.unwrap();
        assert_eq!((end.deletions.len(), &end.next_cursor), (0, &third.next_cursor), "to go on from later");

        let refused = deletions(&service, "garbage", -1).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "VALIDATION_FAILED"));
        assert_eq!(details(&refused).bad_request().unwrap().field_violations.len(), 2);
        // A backup is restored that knows less, and others are deleted under the same numbers.
        execute(&database, "DELETE FROM user_deletion WHERE number > 3").await;
        execute(&database, "UPDATE user_deletion_counter SET last_number = 3").await;
        let lost = deletions(&service, &third.next_cursor, 0).await.unwrap_err();
        assert_eq!((lost.code(), reason(&lost).as_str()), (Code::OutOfRange, "CURSOR_EXPIRED"));
        for number in 5..8 {
            let (_, token) = service.signed_up(&format!("user{number}@example.org")).await;
            delete(&service, &token, PASSWORD).await.unwrap();
        }
        assert_eq!(reason(&deletions(&service, &third.next_cursor, 0).await.unwrap_err()), "CURSOR_EXPIRED");
        assert_eq!(reason(&deletions(&service, &second.next_cursor, 0).await.unwrap_err()), "CURSOR_EXPIRED");
        assert_eq!(follow(&service, &mut String::new(), 0).await.len(), 6);
        service.stop().await;
    }

    async fn a_refused_login_that_was_under_way_is_not_written_to_the_deleted_user(database: TestDatabase) {
        use sea_orm::{ConnectionTrait, TransactionTrait};
        let service = Arc::new(Service::start(&database).await);
        service.signed_up("ada@example.org").await;
        let deletion = connection(&database).await.begin().await.unwrap();
        deletion.execute_unprepared("DELETE FROM user_account").await.unwrap();
        let refused = {
            let service = Arc::clone(&service);
            tokio::spawn(async move { service.log_in("ada@example.org", "wrong").await.unwrap_err() })
        };
        // Long enough to have checked the password; on SQLite it waits before that.
        tokio::time::sleep(Duration::from_millis(500)).await;
        deletion.commit().await.unwrap();
        assert_eq!(reason(&refused.await.unwrap()), "INVALID_CREDENTIALS");
        let query = "SELECT count(*) FROM auth_event WHERE type = 'LOGIN_FAILED' AND user_id IS NULL";
        assert_eq!(column::<i64>(&database, query).await, [1]);
    }
}
