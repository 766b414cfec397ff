//! What people change about themselves, as callers see it.

use crate::support::{Service, bearer, column, details, events, execute, reason};
use chrono::{DateTime, TimeDelta};
use prost_types::FieldMask;
use proto::auth::v1::{GetMeRequest, UpdateMeRequest, User};
use service_runtime::{clock::Clock, on_both_databases};
use tonic::Status;

async fn rename(service: &Service, token: &str, name: &str, paths: &[&str]) -> Result<User, Status> {
    let user = User { display_name: name.into(), ..User::default() };
    let mask = FieldMask { paths: paths.iter().map(|&path| path.into()).collect() };
    let request = UpdateMeRequest { user: Some(user), update_mask: Some(mask) };
    Ok(service.auth().await.update_me(bearer(token, request)).await?.into_inner().user.unwrap())
}

async fn me(service: &Service, token: &str) -> User {
    service.auth().await.get_me(bearer(token, GetMeRequest {})).await.unwrap().into_inner().user.unwrap()
}

on_both_databases! {
    async fn a_new_name_is_kept_and_written_down(database: TestDatabase) {
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let (user, token) = service.signed_up("ada@example.org").await;
        clock.advance(TimeDelta::seconds(7));
        let renamed = rename(&service, &token, "Ada Lovelace", &[]).await.unwrap();
        assert_eq!(renamed.display_name, "Ada Lovelace");
        assert_eq!(renamed.update_time.unwrap().seconds, user.update_time.unwrap().seconds + 7);
        assert_eq!(User { display_name: user.display_name, update_time: user.update_time, ..renamed.clone() }, User { display_name: "Ada".into(), ..user });
        assert_eq!(me(&service, &token).await, renamed);
        let told = "SELECT count(*) FROM auth_event e JOIN session s ON s.id = e.session_id AND s.user_id = e.user_id \
             WHERE e.type = 'USER_UPDATED' AND e.source = 'RPC' AND e.ip_address = '127.0.0.1' AND e.request_id <> ''";
        assert_eq!(column::<i64>(&database, told).await, [1]);
        assert_eq!(rename(&service, &token, "", &["display_name"]).await.unwrap().display_name, "");
        service.stop().await;
    }

    async fn what_changes_nothing_leaves_no_trace(database: TestDatabase) {
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let (user, token) = service.signed_up("ada@example.org").await;
        clock.advance(TimeDelta::seconds(7));
        for (name, paths) in [("Ada", &[][..]), ("Ada", &["*"]), ("", &[]), ("Eve", &["id", "update_time"])] {
            assert_eq!(rename(&service, &token, name, paths).await.unwrap(), user, "{name} {paths:?}");
        }
        assert_eq!(events(&database).await, ["SIGNED_UP"]);
        service.stop().await;
    }

    async fn of_racing_calls_with_one_name_one_changes_it(database: TestDatabase) {
        let service = std::sync::Arc::new(Service::start(&database).await);
        let (_, token) = service.signed_up("ada@example.org").await;
        let racing: Vec<_> = (0..16)
            .map(|_| {
                let (service, token) = (std::sync::Arc::clone(&service), token.clone());
                tokio::spawn(async move { rename(&service, &token, "Countess", &[]).await })
            })
            .collect();
        let mut seen = Vec::new();
        for one in racing {
            seen.push(one.await.unwrap().unwrap());
        }
        seen.dedup();
        assert_eq!(seen, [me(&service, &token).await], "every one of them is told the same");
        assert_eq!(events(&database).await, ["SIGNED_UP", "USER_UPDATED"]);
    }

    async fn a_name_that_breaks_rules_changes_nothing(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, token) = service.signed_up("ada@example.org").await;
        let status = rename(&service, &token, &"\n".repeat(101), &["display_name", "email"]).await.unwrap_err();
        assert_eq!(reason(&status), "VALIDATION_FAILED");
        let details = details(&status);
        let fields: Vec<_> =
            details.bad_request().unwrap().field_violations.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(fields, ["update_mask", "user.display_name", "user.display_name"]);
        let missing = service.auth().await.update_me(UpdateMeRequest::default()).await.unwrap_err();
        assert_eq!(reason(&missing), "TOKEN_MISSING");
        assert_eq!(me(&service, &token).await, user);
        service.stop().await;
    }

    async fn without_its_audit_row_the_name_stays(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, token) = service.signed_up("ada@example.org").await;
        execute(&database, "ALTER TABLE auth_event RENAME TO auth_event_away").await;
        assert_eq!(reason(&rename(&service, &token, "Countess", &[]).await.unwrap_err()), "INTERNAL");
        assert_eq!(me(&service, &token).await, user);
        service.stop().await;
    }
}
