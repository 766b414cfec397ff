//! Tokens as an attacker would make them, shown to the real service: each is refused for what is wrong with it, and
//! the service goes on.

mod claims;
mod foreign;
mod form;
mod header;
mod signature;
use std::collections::HashSet;

use crate::support::{MASTER_KEY, Service, bearer, forger::Forger, reason};
use chrono::DateTime;
use foreign::Application;
use proto::auth::v1::{
    GetMeRequest, LogoutRequest, RejectionReason, ValidateTokenRequest, validate_token_response::Verdict,
};
use service_runtime::{clock::Clock, on_both_databases, testing::TestDatabase};
use tonic::{Code, Request, Status, metadata::AsciiMetadataValue};

const NOW: i64 = 1_800_000_000;

/// A token that must be refused.
struct Forgery {
    what: String,
    token: String,
    expected: RejectionReason,
}

fn forgery(what: impl Into<String>, token: impl Into<String>, expected: RejectionReason) -> Forgery {
    Forgery { what: what.into(), token: token.into(), expected }
}

/// A good token, and what makes bad ones of it.
struct Material {
    good: String,
    forger: Forger,
}

impl Material {
    fn parts(&self) -> [&str; 3] {
        self.good.split('.').collect::<Vec<_>>().try_into().unwrap()
    }
}

fn corpus(material: &Material) -> Vec<Forgery> {
    let corpus = [form::all(material), header::all(material), signature::all(material), claims::all(material)];
    corpus.into_iter().flatten().collect()
}

/// What is wrong about the answer of a handler behind the layer: nobody is let in, and nobody is told why.
async fn shown_to_get_me(service: &Service, Forgery { token, expected, .. }: &Forgery) -> Option<String> {
    // What no header can hold does not come that way; spaces around a token are not part of it.
    let value = AsciiMetadataValue::try_from(format!("Bearer {token}").as_bytes()).ok()?;
    if token.trim() != token || token.len() > 8 * 1024 {
        return None;
    }
    let mut request = Request::new(GetMeRequest {});
    request.metadata_mut().insert("authorization", value);
    let expected = if *expected == RejectionReason::Expired { "TOKEN_EXPIRED" } else { "TOKEN_INVALID" };
    match service.auth().await.get_me(request).await {
        Err(refused) if refused.code() == Code::Unauthenticated && reason(&refused) == expected => None,
        other => Some(format!("{other:?}")),
    }
}

async fn refuses_all(service: &Service, corpus: &[Forgery], least: usize) {
    let names: HashSet<_> = corpus.iter().map(|forgery| &forgery.what).collect();
    assert_eq!(names.len(), corpus.len(), "each stands for something of its own");
    assert!(corpus.len() >= least, "{}", corpus.len());
    let mut wrong = Vec::new();
    for forgery in corpus {
        let Forgery { what, token, expected } = forgery;
        // Twice: the second answer may come from memory.
        for _ in 0..2 {
            match service.judge(token, "").await.expect(what) {
                Verdict::Rejection(rejection) if rejection.reason() == *expected => {}
                other => wrong.push(format!("{what}: {other:?} instead of {expected:?}: {token}")),
            }
        }
        if let Some(answer) = shown_to_get_me(service, forgery).await {
            wrong.push(format!("{what}: GetMe answers {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// With a master key that the forger knows, and the application among the issuers.
fn trusting(database: &TestDatabase, application: &Application) -> Vec<&'static str> {
    let issuers = application.issuers(database.folder());
    vec!["--auth-master-key", MASTER_KEY, "--auth-issuers", issuers.leak()]
}

async fn user_id(service: &Service, token: &str) -> Result<String, Status> {
    let answer = service.auth().await.get_me(bearer(token, GetMeRequest {})).await?;
    Ok(answer.into_inner().user.unwrap().id)
}

on_both_databases! {
    async fn every_forged_token_is_refused_for_what_is_wrong_with_it(database: TestDatabase) {
        let clock = Clock::manual(DateTime::from_timestamp(NOW, 0).unwrap());
        let service = Service::start_with(&database, clock, &["--auth-master-key", MASTER_KEY]).await;
        let (_, good) = service.signed_up("ada@example.org").await;
        let forger = Forger::of(&database, &good).await;
        assert!(service.accepts(&forger.sign(&forger.header, &forger.claims)).await, "it signs as the service does");
        let corpus = corpus(&Material { good: good.clone(), forger });
        refuses_all(&service, &corpus, 300).await;
        assert!(service.accepts(&good).await, "it goes on");
        service.stop().await;
    }

    async fn every_forged_token_in_another_issuers_name_is_refused(database: TestDatabase) {
        let clock = Clock::manual(DateTime::from_timestamp(NOW, 0).unwrap());
        let application = Application::start().await;
        let service = Service::start_with(&database, clock, &trusting(&database, &application)).await;
        let (ada, own) = service.signed_up("ada@example.org").await;
        let mut users = HashSet::new();
        for good in application.good() {
            users.insert(user_id(&service, &good).await.unwrap());
        }
        assert_eq!(users.len(), 1, "one person");
        assert!(!users.contains(&ada.id), "an address makes nobody the same");
        let corpus = foreign::all(&application, &Forger::of(&database, &own).await);
        refuses_all(&service, &corpus, 120).await;
        for good in application.good() {
            assert!(users.contains(&user_id(&service, &good).await.unwrap()), "it goes on");
        }
        service.stop().await;
    }

    async fn a_token_that_was_revoked_does_not_come_back_with_another_signature(database: TestDatabase) {
        let clock = Clock::manual(DateTime::from_timestamp(NOW, 0).unwrap());
        let application = Application::start().await;
        let service = Service::start_with(&database, clock, &trusting(&database, &application)).await;
        let [good, by_rsa, ..] = application.good();
        let twin = foreign::with_other_signature(&good);
        assert_eq!(foreign::with_other_signature(&twin), good);
        assert!(service.accepts(&good).await);
        service.auth().await.logout(bearer(&good, LogoutRequest::default())).await.unwrap();
        service.soon_refuses(&good).await;
        assert_eq!(service.rejection(&good).await, RejectionReason::Revoked);
        assert_eq!(service.rejection(&twin).await, RejectionReason::Revoked, "as good a signature of the same");
        assert!(service.accepts(&by_rsa).await, "another token");
        service.stop().await;
    }

    async fn a_token_of_any_size_is_refused_and_the_service_goes_on(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, good) = service.signed_up("ada@example.org").await;
        for size in [8 * 1024 + 1, 30 * 1024, 100 * 1024, 3 * 1024 * 1024] {
            for filling in ["A", ".", "é"] {
                let token = format!("{good}{}", filling.repeat(size / filling.len()));
                match service.judge(&token, "").await {
                    Ok(_) => assert_eq!(service.rejection(&token).await, RejectionReason::Malformed),
                    // No message with it is read to its end.
                    Err(status) => {
                        assert!(size > 30 * 1024, "{status:?}");
                        assert_eq!(reason(&status), "MESSAGE_TOO_LARGE", "{size}");
                    }
                }
                let mut request = Request::new(GetMeRequest {});
                let value = AsciiMetadataValue::try_from(format!("Bearer {token}").as_bytes()).unwrap();
                request.metadata_mut().insert("authorization", value);
                let refused = service.auth().await.get_me(request).await.expect_err("a header of that size");
                assert!(refused.code() != Code::Internal, "{refused:?}");
            }
        }
        for audience in ["x".repeat(20_000), "\u{0}".to_owned(), "../duet".to_owned()] {
            let request = ValidateTokenRequest { token: good.clone(), audience };
            let answer = service.tokens().await.validate_token(request).await.unwrap().into_inner();
            let shown = format!("{:?}", answer.verdict);
            assert!(shown.contains("WrongAudience"), "{shown}");
        }
        assert!(service.accepts(&good).await, "it goes on");
        service.stop().await;
    }
}
