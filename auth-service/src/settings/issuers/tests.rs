use std::{os::unix::fs::PermissionsExt, time::Duration};

use secrecy::ExposeSecret;

use super::*;
use crate::issuers::{KeyAlgorithm, KeySource, Payload};

const SECRET: &str = "c3VjaCBhIGxvbmcgYW5kIHNlY3JldCB0ZXh0";

fn variables(name: &str) -> Option<String> {
    let value = match name {
        "BETTER_AUTH_SECRET" => SECRET,
        "SHORT" => "0123456789abcdef0123456789abcde",
        "PLACEHOLDER" => "change-me-change-me-change-me-change-me",
        "DEFAULT" => "better-auth-secret-12345678901234567890",
        _ => return None,
    };
    Some(value.to_owned())
}

fn read(text: &str) -> Vec<Profile> {
    parse(text, variables).unwrap_or_else(|error| panic!("{error:#}: {text}"))
}

fn refusal(text: &str) -> String {
    match parse(text, variables) {
        Err(error) => format!("{error:#}"),
        Ok(profiles) => panic!("{profiles:?}"),
    }
}

const BETTER_AUTH: &str = r#"
[[issuer]]
preset = "better-auth"
origin = "https://app.example.org"
source = "app"
"#;

const OAUTH: &str = r#"
[[issuer]]
preset = "better-auth-oauth"
origin = "https://app.example.org"
source = "app"
"#;

const COOKIE: &str = r#"
[[issuer]]
preset = "better-auth-cookie"
source = "app"
secret_variable = "BETTER_AUTH_SECRET"
"#;

const ANY: &str = r#"
[[issuer]]
name = "corporate"
issuer = "https://id.example.org"
audience = "duet"
typ = "JWT"
required_claims = ["jti"]
longest_life = "1h"
source = "corporate"
scopes = ["tasks.read"]
algorithms = ["RS256", "PS256"]
jwks_url = "https://id.example.org/keys"
"#;

fn jwks(profile: &Profile) -> (String, &[KeyAlgorithm]) {
    let KeySource::Jwks { url, algorithms } = &profile.keys else { panic!("{profile:?}") };
    (url.to_string(), algorithms)
}

#[test]
fn without_a_list_there_is_nobody_else() {
    assert!(read("").is_empty());
    assert!(IssuerSettings { file: None, text: None }.profiles().unwrap().is_empty());
}

#[test]
fn a_preset_needs_the_origin_the_source_and_the_secret_at_most() {
    let profiles = read(&[BETTER_AUTH, OAUTH, COOKIE].concat());
    let [plugin, oauth, cookie] = &profiles[..] else { panic!("{profiles:?}") };
    assert_eq!(
        (plugin.name.as_str(), plugin.issuer.as_deref(), plugin.audience.as_deref(), plugin.token_type.as_deref()),
        ("better-auth", Some("https://app.example.org"), Some("https://app.example.org"), None)
    );
    assert_eq!(jwks(plugin), ("https://app.example.org/api/auth/jwks".to_owned(), &KeyAlgorithm::ALL[..]));
    assert_eq!((plugin.longest_life, &plugin.source), (Duration::from_secs(900), &"app".to_owned()));
    assert_eq!(plugin.scopes, ["account", "tasks.read", "tasks.write"]);
    assert_eq!(
        (oauth.name.as_str(), oauth.issuer.as_deref(), oauth.audience.as_deref(), oauth.token_type.as_deref()),
        (
            "better-auth-oauth",
            Some("https://app.example.org/api/auth"),
            Some("https://app.example.org/api/auth"),
            Some("at+jwt")
        )
    );
    assert_eq!(jwks(oauth).0, "https://app.example.org/api/auth/jwks");
    assert_eq!((oauth.longest_life, oauth.required_claims.len()), (Duration::from_secs(3600), 3));
    assert_eq!(
        (cookie.issuer(), &cookie.audience, cookie.payload),
        ("better-auth-cookie", &None, Payload::CookieCache)
    );
    assert_eq!(cookie.longest_life, Duration::from_secs(300));
    let KeySource::Secret(secret) = &cookie.keys else { panic!("{cookie:?}") };
    assert_eq!(secret.expose_secret(), SECRET);
    assert!(!format!("{profiles:?}").contains(SECRET));
}

#[test]
fn what_a_preset_supposes_can_be_said_otherwise() {
    let more = r#"
        name = "old"
        audience = "duet"
        longest_life = "1h"
        scopes = ["tasks.read"]
        algorithms = ["ES256"]
        jwks_url = "http://127.0.0.1:3000/keys"
    "#;
    let profile = &read(&format!("{BETTER_AUTH}{more}"))[0];
    assert_eq!((profile.name.as_str(), profile.audience.as_deref()), ("old", Some("duet")));
    assert_eq!((profile.longest_life, &profile.scopes[..]), (Duration::from_secs(3600), &["tasks.read"][..]));
    assert_eq!(jwks(profile), ("http://127.0.0.1:3000/keys".to_owned(), &[KeyAlgorithm::Es256][..]));
}

#[test]
fn an_issuer_can_be_described_without_a_preset() {
    let profile = &read(ANY)[0];
    assert_eq!((profile.issuer(), profile.token_type.as_deref()), ("https://id.example.org", Some("JWT")));
    assert_eq!(jwks(profile).1, [KeyAlgorithm::Rs256, KeyAlgorithm::Ps256]);
    assert_eq!(profile.required_claims, ["jti"]);
    let secret = ANY
        .replace("jwks_url = \"https://id.example.org/keys\"", "secret_variable = \"BETTER_AUTH_SECRET\"")
        .replace("algorithms = [\"RS256\", \"PS256\"]", "")
        .replace("typ = \"JWT\"", "typ = \"none\"");
    let profile = &read(&secret)[0];
    assert!(matches!(&profile.keys, KeySource::Secret(_)) && profile.token_type.is_none());
}

#[test]
fn every_error_names_the_issuer_and_the_mend() {
    let without = |text: &str, line: &str| {
        assert!(text.contains(line), "{line}");
        text.replace(line, "")
    };
    let with = |text: &str, line: &str| format!("{text}{line}\n");
    for (text, parts) in [
        (with(BETTER_AUTH, "orgin = 1"), &["line 6", "orgin", "expected one of", "origin"][..]),
        ("[[issuers]]".to_owned(), &["line 1", "issuers", "issuer"]),
        ("[[issuer]".to_owned(), &["line 1"]),
        (with(BETTER_AUTH, "algorithms = [\"HS256\"]"), &["line 6", "HS256", "EdDSA", "PS256"]),
        (with(BETTER_AUTH, "algorithms = [\"none\"]"), &["line 6", "none", "EdDSA"]),
        (with(BETTER_AUTH, "algorithms = []"), &["algorithms", "leave it out"]),
        (without(BETTER_AUTH, "source = \"app\""), &["number 1", "source", "share it"]),
        (without(BETTER_AUTH, "origin = \"https://app.example.org\""), &["number 1", "origin", "baseURL"]),
        (BETTER_AUTH.replace("https://app.example.org", "http://app.example.org"), &["origin", "https"]),
        (BETTER_AUTH.replace("https://app.example.org", "http://localhost.example.org"), &["origin", "https"]),
        (BETTER_AUTH.replace("https://app.example.org", "http://127.0.0.1.example.org"), &["origin", "https"]),
        (BETTER_AUTH.replace("https://app.example.org", "https://a@app.example.org"), &["origin", "no URL"]),
        (BETTER_AUTH.replace("https://app.example.org", "https://app.example.org/"), &["origin", "leave out"]),
        (BETTER_AUTH.replace("https://app.example.org", "https://app.example.org/api/auth"), &["origin", "leave out"]),
        (BETTER_AUTH.replace("https://app.example.org", "app.example.org"), &["origin", "https"]),
        (with(BETTER_AUTH, "issuer = \"https://other\""), &["issuer", "take `preset` out"]),
        (with(BETTER_AUTH, "typ = \"JWT\""), &["typ", "take `preset` out"]),
        (with(BETTER_AUTH, "secret_variable = \"BETTER_AUTH_SECRET\""), &["take the secret out"]),
        (with(BETTER_AUTH, "jwks_url = \"http://app.example.org/keys\""), &["jwks_url", "https"]),
        (with(BETTER_AUTH, "longest_life = \"8d\""), &["longest_life", "7d"]),
        (with(BETTER_AUTH, "longest_life = \"soon\""), &["longest_life", "30s"]),
        (with(BETTER_AUTH, "scopes = [\"admin\"]"), &["scopes", "admin", "tasks.read"]),
        (with(BETTER_AUTH, "scopes = []"), &["scopes", "allow nothing"]),
        (with(BETTER_AUTH, "name = \"Better Auth\""), &["name", "a-z"]),
        (with(BETTER_AUTH, "audience = \"\""), &["audience", "bytes"]),
        (with(COOKIE, "origin = \"https://app.example.org\""), &["origin", "take"]),
        (with(COOKIE, "algorithms = [\"RS256\"]"), &["algorithms", "take"]),
        (without(COOKIE, "secret_variable = \"BETTER_AUTH_SECRET\""), &["secret_file"]),
        (COOKIE.replace("BETTER_AUTH_SECRET", "UNSET"), &["secret_variable", "not set"]),
        (COOKIE.replace("BETTER_AUTH_SECRET", "SHORT"), &["31 bytes", "32", "openssl"]),
        (COOKIE.replace("BETTER_AUTH_SECRET", "PLACEHOLDER"), &["placeholder", "openssl"]),
        (COOKIE.replace("BETTER_AUTH_SECRET", "DEFAULT"), &["placeholder", "openssl"]),
        (without(ANY, "name = \"corporate\""), &["number 1", "name"]),
        (without(ANY, "typ = \"JWT\""), &["`corporate`", "typ", "none"]),
        (without(ANY, "audience = \"duet\""), &["`corporate`", "audience"]),
        (without(ANY, "longest_life = \"1h\""), &["`corporate`", "longest_life"]),
        (without(ANY, "jwks_url = \"https://id.example.org/keys\""), &["`corporate`", "jwks_url"]),
        (with(ANY, "origin = \"https://id.example.org\""), &["`corporate`", "origin", "preset"]),
        (with(ANY, "secret_variable = \"BETTER_AUTH_SECRET\""), &["`corporate`", "either"]),
        ([BETTER_AUTH, BETTER_AUTH].concat(), &["two issuers", "`better-auth`", "name"]),
        ([BETTER_AUTH, BETTER_AUTH, "name = \"second\""].concat(), &["two issuers", "https://app.example.org"]),
        ([COOKIE, COOKIE, "name = \"second\""].concat(), &["two issuers", "without `iss`"]),
        (BETTER_AUTH.repeat(17), &["17", "16"]),
    ] {
        let message = refusal(&text);
        assert!(parts.iter().all(|part| message.contains(part)), "{message}\n\n{text}");
    }
}

#[test]
fn a_name_is_no_other_ones_issuer() {
    let clash = [COOKIE, "name = \"clash\"\n", &ANY.replace("https://id.example.org\"\naud", "clash\"\naud")].concat();
    assert!(refusal(&clash).contains("issuer `clash`"));
}

#[test]
fn no_message_shows_a_secret() {
    for line in [
        format!("secret = \"{SECRET}\""),
        format!("secret_variable = \"{SECRET}\""),
        format!("{SECRET} = 1"),
        format!("secret_variable = {SECRET}"),
        format!("secret_variable = \"{SECRET}"),
    ] {
        let text = COOKIE.replace("secret_variable = \"BETTER_AUTH_SECRET\"", &line);
        let message = refusal(&text);
        let shown = message.contains(SECRET) && !line.ends_with("= 1");
        assert!(!shown && !message.is_empty(), "{message}");
    }
}

#[test]
fn a_secret_in_a_file_is_its_owners_alone() {
    let folder = env::temp_dir().join(format!("duet-{}", uuid::Uuid::new_v4()));
    fs::create_dir(&folder).unwrap();
    let (list, secret) = (folder.join("issuers.toml"), folder.join("secret"));
    let entry = COOKIE.replace("secret_variable = \"BETTER_AUTH_SECRET\"", &format!("secret_file = {secret:?}"));
    fs::write(&list, entry).unwrap();
    let settings = IssuerSettings { file: Some(list), text: None };
    let refused = |part: &str| {
        let message = format!("{:#}", settings.profiles().unwrap_err());
        assert!(message.contains("AUTH_ISSUERS_FILE") && message.contains(part), "{message}");
    };
    refused("cannot read the secret");
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    refused("chmod 600");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let profiles = settings.profiles().unwrap();
    let KeySource::Secret(read) = &profiles[0].keys else { panic!("{profiles:?}") };
    assert_eq!(read.expose_secret(), SECRET, "without the line's end");
    fs::write(&secret, "x".repeat(5000)).unwrap();
    refused("nothing else");
    fs::write(&secret, [0xff; 40]).unwrap();
    refused("cannot read the secret");
    fs::remove_dir_all(folder).unwrap();
}
