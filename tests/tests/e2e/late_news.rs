//! News of an ended session may reach one auth-service late; task-service does not believe it meanwhile, and nothing is
//! lost.

use std::time::{Duration, Instant};

use e2e::{Clients, Engine, PROMPT, Person, Program, eventually};
use proto::auth::v1::{
    RejectionReason, RevokeOtherSessionsRequest, ValidateTokenRequest, token_service_client::TokenServiceClient,
    validate_token_response::Verdict,
};
use sea_orm::ConnectionTrait;
use tokio::time::sleep;
use tonic::{Code, Status, transport::Channel};

use crate::linked::Linked;

const PATIENCE: Duration = Duration::from_secs(10);

/// For how long a replica may answer without having read the database.
const TRUST: Duration = Duration::from_secs(1);

async fn ask(auth: &mut TokenServiceClient<Channel>, person: &Person) -> Result<Verdict, Status> {
    let message = ValidateTokenRequest { token: person.token.clone(), audience: String::new() };
    Ok(auth.validate_token(message).await?.into_inner().verdict.expect("a verdict"))
}

async fn judge_of(auth: &Program) -> TokenServiceClient<Channel> {
    TokenServiceClient::connect(format!("http://{}", auth.address("AUTH_INTERNAL_LISTEN"))).await.unwrap()
}

fn is_accepted(answer: &Result<Verdict, Status>) -> bool {
    matches!(answer, Ok(Verdict::Caller(_)))
}

/// Waits until task-service follows that auth-service alone.
async fn followed(auth: &Program) {
    let watched = async || (auth.metric("auth_revocation_watchers ").await > 0.0).then_some(());
    eventually("task-service follows this auth-service", PATIENCE, watched).await;
}

async fn questions(auth: &Program) -> f64 {
    auth.metric("auth_tokens_cold_total ").await + auth.metric("auth_tokens_warm_total ").await
}

/// Ends nine sessions at the first auth-service, while the second one does not hear of it, and shows their tokens to
/// task-service. Whether the second one was asked about them and still believed in them.
async fn is_deceived(linked: &mut Linked, clients: &Clients, keeper: &Person) -> bool {
    let sessions = clients.log_in_often(keeper, 9).await;
    let (warm, cold) = sessions.split_first().unwrap();
    clients.list(warm).await.unwrap();
    let second = linked.second();
    let mut judge = judge_of(&second.auth).await;
    let asked = questions(&second.auth).await;
    second.database.hold();
    let held = Instant::now();
    clients.auth().revoke_other_sessions(keeper.request(RevokeOtherSessionsRequest {})).await.unwrap();
    clients.revoked_within(PROMPT, warm).await;
    for session in cold {
        clients.revoked_within(Duration::ZERO, session).await;
    }
    let believed = is_accepted(&ask(&mut judge, warm).await);
    let deceived = believed && questions(&second.auth).await > asked + 1.0;

    sleep((TRUST + Duration::from_millis(100)).saturating_sub(held.elapsed())).await;
    let status = ask(&mut judge, warm).await.expect_err("a replica that cannot read the database knows nothing");
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    second.database.heal().await;
    let again = async || ask(&mut judge, warm).await.ok();
    let (verdict, _) = eventually("an answer of the replica", PATIENCE, again).await;
    assert!(matches!(verdict, Verdict::Rejection(rejection) if rejection.reason() == RejectionReason::Revoked));
    deceived
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_auth_service_that_has_not_heard_yet_is_not_believed() {
    let mut linked = Linked::on(Engine::Postgres).await;
    let clients = linked.pair.direct();
    let keeper = clients.sign_up().await;
    linked.second().link.cut().await;
    followed(&linked.pair.auth).await;
    linked.second().link.heal().await;
    for _ in 0..20 {
        if is_deceived(&mut linked, &clients, &keeper).await {
            return;
        }
    }
    panic!("the second auth-service was never asked while it believed in an ended session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_is_committed_after_later_ones_is_heard_of() {
    const LOCK: &str = "pg_advisory_lock(4711)";
    let mut linked = Linked::on(Engine::Postgres).await;
    // What task-service hears of comes from the second auth-service, and it from the database.
    linked.link.cut().await;
    followed(&linked.second().auth).await;
    let clients = linked.pair.direct();
    let (slow, mut quick) = (clients.sign_up().await, Vec::new());
    for _ in 0..10 {
        quick.push(clients.sign_up().await);
    }
    let database = linked.auth_database().await;
    let wait = format!(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM {}; RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON auth_event DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW WHEN (NEW.user_id = '{}') EXECUTE FUNCTION wait(); SELECT {LOCK}",
        LOCK.replace("lock", "xact_lock"),
        slow.id,
    );
    database.execute_unprepared(&wait).await.unwrap();
    let ending = tokio::spawn({
        let (clients, slow) = (clients.clone(), slow.clone());
        async move { clients.log_out(&slow).await }
    });
    let waits = async || {
        let waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        (database.execute_unprepared(waiting).await.unwrap().rows_affected() > 0).then_some(())
    };
    eventually("a transaction that waits before its end", PATIENCE, waits).await;
    for person in &quick {
        clients.list(person).await.unwrap();
        clients.log_out(person).await.unwrap();
        clients.revoked_within(PROMPT, person).await;
        sleep(Duration::from_millis(200)).await;
        clients.list(&slow).await.expect("a session whose end is not committed");
    }
    assert!(!ending.is_finished());
    database.execute_unprepared(&format!("SELECT {}", LOCK.replace("lock", "unlock"))).await.unwrap();
    ending.await.unwrap().expect("to log out");
    clients.revoked_within(PROMPT, &slow).await;
}
