//! People of an application that has its users in the real Better Auth.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use e2e::BetterAuth;
use serde_json::Value;

fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).expect("a part");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn better_auth_gives_one_person_three_kinds_of_tokens() {
    let application = BetterAuth::start("ES256").await;
    let ada = application.sign_up("ada@example.org").await;
    let (token, cookie) = (application.token(&ada).await, application.session_cookie(&ada));
    let oauth = application.oauth_tokens(&ada).await;
    assert_eq!(part(&token, 0)["alg"], "ES256");
    assert_eq!(
        (&part(&token, 1)["sub"], &part(&token, 1)["iss"]),
        (&Value::from(&*ada.id), &application.origin().into())
    );
    assert_eq!(part(&oauth.access_token, 0)["typ"], "at+jwt");
    assert_eq!(part(&oauth.access_token, 1)["sub"], ada.id);
    assert_eq!(part(&oauth.id_token, 1)["sub"], ada.id);
    assert_eq!((&part(&cookie, 0)["alg"], &part(&cookie, 1)["user"]["id"]), (&"HS256".into(), &Value::from(&*ada.id)));
    assert_eq!(part(&application.mailed_token(&ada), 1)["email"], ada.email);
    assert_eq!(application.key_ids().await, [part(&token, 0)["kid"].as_str().unwrap()]);
    assert_eq!(application.sign_in(&ada.email).await.id, ada.id);
}
