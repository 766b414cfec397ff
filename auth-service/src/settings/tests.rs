use clap::CommandFactory;

use super::*;

fn parse(arguments: &[&str]) -> Result<Settings, clap::Error> {
    CommandLine::try_parse_from([&["auth-service"], arguments].concat()).map(|line| line.settings)
}

fn refusal(arguments: &[&str]) -> String {
    parse(arguments).unwrap().check().unwrap_err().to_string()
}

#[test]
fn every_setting_has_a_flag_named_like_its_variable() {
    let command = CommandLine::command();
    command.clone().debug_assert();
    let mut settings = 0;
    for argument in command.get_arguments() {
        let (Some(flag), Some(variable)) = (argument.get_long(), argument.get_env()) else { continue };
        assert_eq!(flag.replace('-', "_").to_uppercase(), variable.to_str().unwrap());
        settings += 1;
    }
    assert_eq!(settings, 35);
}

#[test]
fn the_help_gives_every_default() {
    let help = CommandLine::command().render_long_help().to_string();
    for default in [
        "127.0.0.1:50051",
        "127.0.0.1:50061",
        "127.0.0.1:9464",
        "sqlite://data/auth.db",
        "http://127.0.0.1:8080",
        "duet",
        "24h",
        "90d",
        "365d",
        "5",
        "10",
        "1h",
        "19456",
        "2",
        "64",
        "composition",
        "10m",
    ] {
        assert!(help.contains(&format!("[default: {default}]")), "{default} in {help}");
    }
}

#[test]
fn refuses_what_would_switch_a_guard_off() {
    for refused in [
        ["--auth-login-limit", "0"],
        ["--auth-sign-up-limit", "0"],
        ["--auth-account-failures", "0"],
        ["--auth-account-failure-window", "0s"],
        ["--auth-account-failure-window", "25h"],
        ["--auth-account-retry-interval", "0s"],
        ["--auth-known-address-lifetime", "0s"],
        ["--auth-event-retention", "0s"],
        ["--auth-hash-threads", "0"],
        ["--auth-password-min-score", "5"],
        ["--auth-password-policy", "none"],
        ["--auth-access-token-lifetime", "8d"],
        ["--auth-access-token-lifetime", "0s"],
        ["--auth-audience", ""],
        ["--auth-key-lifetime", "0s"],
        ["--auth-key-publication", "1s"],
        ["--auth-key-publication", "8d"],
        ["--auth-trusted-proxies", "nobody"],
        ["--auth-browser-origins", "*"],
        ["--auth-browser-origins", "http://duet.example.org"],
    ] {
        assert!(parse(&refused).is_err(), "{refused:?}");
    }
    assert!(parse(&["--auth-trusted-proxies", "10.0.0.0/8,192.0.2.7"]).is_ok());
    assert!(parse(&[]).unwrap().check().is_ok());
}

#[test]
fn the_internal_port_stays_on_loopback() {
    for reachable in ["0.0.0.0:50061", "192.0.2.1:50061", "[::]:50061", "[::ffff:192.0.2.1]:50061"] {
        let message = refusal(&["--auth-internal-listen", reachable]);
        assert!(message.contains("AUTH_INTERNAL_LISTEN") && message.contains("127.0.0.1:50061"), "{message}");
    }
    assert!(parse(&["--auth-internal-listen", "[::1]:50061"]).unwrap().check().is_ok());
}

#[test]
fn the_issuer_is_https_once_others_reach_the_service() {
    let open = ["--auth-listen", "0.0.0.0:50051"];
    let message = refusal(&open);
    assert!(message.contains("AUTH_ISSUER") && message.contains("https"), "{message}");
    let secured = [&open[..], &["--auth-issuer", "https://duet.example.org"]].concat();
    assert!(parse(&secured).unwrap().check().is_ok());
    for odd in ["", "duet", "ftp://duet", "http://duet?query", "http://"] {
        assert!(refusal(&["--auth-issuer", odd]).contains("AUTH_ISSUER"), "{odd}");
    }
}

#[test]
fn secrets_are_not_printed() {
    let settings = parse(&[
        "--auth-master-key",
        "c2VjcmV0",
        "--auth-master-key-previous",
        "c2VjcmV0",
        "--auth-database-url",
        "postgres://duet:secret@db/auth",
    ])
    .unwrap();
    let printed = format!("{settings:?}");
    assert!(!printed.contains("c2VjcmV0") && !printed.contains("secret@"), "{printed}");
}

#[test]
fn a_key_is_published_in_time_to_take_over() {
    let refused = refusal(&["--auth-key-lifetime", "19m"]);
    assert!(refused.contains("AUTH_KEY_PUBLICATION"), "{refused}");
    parse(&["--auth-key-lifetime", "4s", "--auth-key-publication", "2s"]).unwrap().check().unwrap();
}

#[test]
fn an_account_cannot_be_made_to_keep_attempts_without_number() {
    let refused = refusal(&["--auth-account-failure-window", "1001s", "--auth-account-retry-interval", "1s"]);
    assert!(refused.contains("AUTH_ACCOUNT_RETRY_INTERVAL"), "{refused}");
    parse(&["--auth-account-failure-window", "1000s", "--auth-account-retry-interval", "1s"]).unwrap().check().unwrap();
}
