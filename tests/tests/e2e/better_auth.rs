//! People of an application that has its users in the real Better Auth, with tokens as its endpoints give them.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use e2e::{BetterAuth, Clients, Engine, Pair, Person, RESOURCE, Refusal, eventually, on_both_engines};
use proto::auth::v1::{
    GetMeRequest, LogoutRequest, RejectionReason, ValidateTokenRequest, token_service_client::TokenServiceClient,
    validate_token_response::Verdict,
};
use serde_json::Value;
use tonic::{Code, Status};

/// What auth-service is told of an application: all three kinds of its tokens are one source's.
fn issuers(application: &BetterAuth) -> String {
    let (origin, resource) = (application.origin(), RESOURCE);
    format!(
        "{}[[issuer]]\npreset = \"better-auth-oauth\"\norigin = \"{origin}\"\naudience = \"{resource}\"\nsource = \"app\"\n\n\
         [[issuer]]\npreset = \"better-auth-cookie\"\nsecret_variable = \"BETTER_AUTH_SECRET\"\nsource = \"app\"\n",
        plugin(application, "app")
    )
}

/// The tokens of the `jwt` plugin alone.
fn plugin(application: &BetterAuth, source: &str) -> String {
    let origin = application.origin();
    format!(
        "[[issuer]]\nname = \"{source}\"\npreset = \"better-auth\"\norigin = \"{origin}\"\nsource = \"{source}\"\n\n"
    )
}

fn bearer(token: &str) -> Person {
    Person { token: token.to_owned(), ..Person::default() }
}

async fn user_id(clients: &Clients, token: &str) -> Result<String, Status> {
    let answer = clients.auth().get_me(bearer(token).request(GetMeRequest {})).await?;
    Ok(answer.into_inner().user.unwrap().id)
}

async fn titles(clients: &Clients, token: &str) -> Vec<String> {
    let tasks = clients.list(&bearer(token)).await.expect("to list tasks");
    tasks.into_iter().map(|task| task.title).collect()
}

async fn rejection(pair: &Pair, token: &str) -> RejectionReason {
    let request = ValidateTokenRequest { token: token.to_owned(), audience: String::new() };
    let mut client = TokenServiceClient::new(pair.channel("AUTH_INTERNAL_LISTEN"));
    match client.validate_token(request).await.expect("an answer").into_inner().verdict {
        Some(Verdict::Rejection(rejection)) => rejection.reason(),
        other => panic!("{other:?}"),
    }
}

fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).expect("a part");
    serde_json::from_slice(&BASE64.decode(part).expect("base64url")).expect("JSON")
}

/// The token with another value in its header, and the signature that it had.
fn with_header(token: &str, name: &str, value: &str) -> String {
    let mut header = part(token, 0);
    header[name] = value.into();
    format!("{}.{}", BASE64.encode(header.to_string()), token.split_once('.').expect("parts").1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn better_auth_gives_one_person_three_kinds_of_tokens() {
    let application = BetterAuth::start("ES256").await;
    let ada = application.sign_up("ada@example.org").await;
    let (token, cookie) = (application.token(&ada).await, application.session_cookie(&ada));
    let oauth = application.oauth_tokens(&ada).await;
    let text = |value: &str| Value::from(value);
    assert_eq!((&part(&token, 0)["alg"], &part(&token, 0)["typ"]), (&text("ES256"), &Value::Null));
    assert_eq!((&part(&token, 1)["sub"], &part(&token, 1)["iss"]), (&text(&ada.id), &text(&application.origin())));
    assert_eq!(
        (&part(&oauth.access_token, 0)["typ"], &part(&oauth.access_token, 1)["sub"]),
        (&text("at+jwt"), &text(&ada.id))
    );
    assert_eq!(part(&oauth.id_token, 1)["sub"], ada.id);
    assert_eq!((&part(&cookie, 0)["alg"], &part(&cookie, 1)["user"]["id"]), (&text("HS256"), &text(&ada.id)));
    assert_eq!(part(&application.mailed_token(&ada), 1)["email"], ada.email);
    assert_eq!(application.key_ids().await, [part(&token, 0)["kid"].as_str().unwrap()]);
    assert_eq!(application.sign_in(&ada.email).await.id, ada.id);
}

on_both_engines! {
    async fn tokens_in_every_algorithm_reach_tasks_directly_and_through_envoy(engine: Engine) {
        let algorithms = ["EdDSA", "ES256", "RS256"];
        let mut applications = Vec::new();
        for algorithm in algorithms {
            applications.push(BetterAuth::start(algorithm).await);
        }
        let list: Vec<_> = applications.iter().zip(["one", "two", "three"]).map(|(app, source)| plugin(app, source)).collect();
        let pair = Pair::on(engine).await.set("AUTH_ISSUERS", list.concat()).edge().start().await;
        let mut users = Vec::new();
        for (application, algorithm) in applications.iter().zip(algorithms) {
            let ada = application.sign_up("ada@example.org").await;
            let token = application.token(&ada).await;
            assert_eq!(part(&token, 0)["alg"], algorithm);
            pair.direct().create(&bearer(&token), algorithm).await.expect("a task");
            assert_eq!(titles(&pair.through_edge(), &token).await, [algorithm]);
            pair.through_edge().create(&bearer(&token), "by Envoy").await.expect("a task");
            assert_eq!(titles(&pair.direct(), &token).await, [algorithm, "by Envoy"]);
            let again = application.token(&application.sign_in(&ada.email).await).await;
            assert_eq!(titles(&pair.direct(), &again).await, [algorithm, "by Envoy"]);
            users.push(user_id(&pair.direct(), &token).await.unwrap());
        }
        users.sort();
        users.dedup();
        assert_eq!(users.len(), 3, "one address with three applications is three people");
    }

    async fn after_better_auth_has_made_another_key_old_and_new_tokens_are_good(engine: Engine) {
        let application = BetterAuth::with("ES256").set("BETTER_AUTH_ROTATION", "3").run().await;
        let pair = Pair::on(engine).await.set("AUTH_ISSUERS", plugin(&application, "app")).edge().start().await;
        let ada = application.sign_up("ada@example.org").await;
        let old = application.token(&ada).await;
        let user = user_id(&pair.direct(), &old).await.expect("the first key");
        let (new, _) = eventually("another key", Duration::from_secs(15), async || {
            let token = application.token(&ada).await;
            (part(&token, 0)["kid"] != part(&old, 0)["kid"]).then_some(token)
        })
        .await;
        // Keys are not asked for more often than so.
        let (found, _) = eventually("the second key", Duration::from_secs(30), async || {
            user_id(&pair.through_edge(), &new).await.ok()
        })
        .await;
        assert_eq!(found, user);
        assert_eq!(user_id(&pair.direct(), &application.token(&ada).await).await.ok(), Some(user.clone()));
        assert_eq!(user_id(&pair.direct(), &old).await.expect("a key that is still published"), user);
    }

    async fn one_person_with_three_kinds_of_tokens_is_one_user_and_an_address_makes_nobody_the_same(engine: Engine) {
        let application = BetterAuth::start("EdDSA").await;
        let settings = Pair::on(engine).await.set("AUTH_ISSUERS", issuers(&application));
        let pair = settings.set("BETTER_AUTH_SECRET", application.secret()).edge().start().await;
        let clients = pair.direct();
        // Somebody was quicker, with an address that is not verified.
        let mallory = clients.sign_up().await;
        clients.create(&mallory, "wait for the victim").await.unwrap();
        let ada = application.sign_up(&mallory.email).await;
        let tokens = [
            application.token(&ada).await,
            application.oauth_tokens(&ada).await.access_token,
            application.session_cookie(&ada),
        ];
        let mut users = Vec::new();
        for (number, token) in tokens.iter().enumerate() {
            users.push(user_id(&clients, token).await.unwrap_or_else(|refused| panic!("{number}: {refused:?}")));
            clients.create(&bearer(token), &format!("by token {number}")).await.unwrap();
        }
        for token in &tokens {
            assert_eq!(titles(&pair.through_edge(), token).await, ["by token 0", "by token 1", "by token 2"]);
        }
        users.dedup();
        assert_eq!(users.len(), 1, "{users:?}");
        assert_ne!(users[0], mallory.id);
        assert_eq!(titles(&clients, &mallory.token).await, ["wait for the victim"]);
        let mallory = clients.log_in(&mallory).await.expect("the password still opens the account that it was made for");
        assert_eq!(user_id(&clients, &mallory.token).await.unwrap(), mallory.id);

        // One token less, and nobody else's.
        clients.auth().logout(bearer(&tokens[0]).request(LogoutRequest::default())).await.unwrap();
        clients.revoked_within(Duration::from_secs(3), &bearer(&tokens[0])).await;
        assert_eq!(titles(&clients, &tokens[1]).await.len(), 3);
    }

    async fn what_better_auth_never_meant_for_duet_is_refused_for_its_reason(engine: Engine) {
        use RejectionReason as R;
        let application = BetterAuth::with("ES256").set("BETTER_AUTH_LIFETIME", "5s").run().await;
        let stranger = BetterAuth::start("ES256").await;
        let list = issuers(&application).replace(RESOURCE, "https://other.example.org");
        let settings = Pair::on(engine).await.set("AUTH_ISSUERS", list);
        let pair = settings.set("BETTER_AUTH_SECRET", application.secret()).edge().start().await;
        let ada = application.sign_up("ada@example.org").await;
        let oauth = application.oauth_tokens(&ada).await;
        let unlisted = stranger.sign_up("ada@example.org").await;
        let token = application.token(&ada).await;
        assert_eq!(titles(&pair.direct(), &token).await.len(), 0, "it is good");
        let altered = {
            let mut claims = part(&token, 1);
            claims["sub"] = "somebody".into();
            let parts: Vec<_> = token.split('.').collect();
            format!("{}.{}.{}", parts[0], BASE64.encode(claims.to_string()), parts[2])
        };
        for (what, bad, expected) in [
            ("for another service", oauth.access_token.clone(), R::WrongAudience),
            ("an ID token", oauth.id_token, R::WrongType),
            ("what verifies an address", application.mailed_token(&ada), R::WrongType),
            ("HS256 in the header", with_header(&token, "alg", "HS256"), R::UnsupportedAlgorithm),
            ("another algorithm than the key's", with_header(&token, "alg", "EdDSA"), R::UnsupportedAlgorithm),
            ("no algorithm", with_header(&token, "alg", "none"), R::UnsupportedAlgorithm),
            ("a cookie's algorithm for a key's", with_header(&application.session_cookie(&ada), "alg", "ES256"), R::UnsupportedAlgorithm),
            ("the type of the other tokens", with_header(&token, "typ", "at+jwt"), R::WrongType),
            ("a key that never was", with_header(&token, "kid", "AAAA"), R::UnknownKey),
            ("another subject", altered, R::BadSignature),
            ("of an issuer that is not listed", stranger.token(&unlisted).await, R::WrongIssuer),
            ("a cookie under another secret", stranger.session_cookie(&unlisted), R::BadSignature),
        ] {
            assert_eq!(rejection(&pair, &bad).await, expected, "{what}: {bad}");
            for clients in [pair.direct(), pair.through_edge()] {
                Refusal::expect(clients.list(&bearer(&bad)).await).assert(Code::Unauthenticated, "TOKEN_INVALID");
                Refusal::expect(user_id(&clients, &bad).await).assert(Code::Unauthenticated, "TOKEN_INVALID");
            }
        }
        let over = async || Refusal::of(&pair.direct().list(&bearer(&token)).await.err()?).into();
        let (refusal, _): (Refusal, _) = eventually("the token's end", Duration::from_secs(15), over).await;
        refusal.assert(Code::Unauthenticated, "TOKEN_EXPIRED");
        assert_eq!(rejection(&pair, &token).await, R::Expired);
    }

    async fn while_the_application_is_away_its_known_keys_are_good_and_unknown_ones_our_trouble(engine: Engine) {
        let mut application = BetterAuth::start("ES256").await;
        let mut pair = Pair::on(engine).await.set("AUTH_ISSUERS", plugin(&application, "app")).start().await;
        let ada = application.sign_up("ada@example.org").await;
        let (first, second) = (application.token(&ada).await, application.token(&application.sign_in(&ada.email).await).await);
        let user = user_id(&pair.direct(), &first).await.expect("a good token");
        application.kill();
        assert_eq!(user_id(&pair.direct(), &second).await.expect("its key is known"), user);
        pair.auth.stop().await;
        pair.auth.start().await;
        let refusal = Refusal::expect(user_id(&pair.direct(), &first).await);
        refusal.assert(Code::Unavailable, "AUTH_UNAVAILABLE");
        assert!(refusal.retry_after().is_some(), "{refusal:?}");
    }
}
