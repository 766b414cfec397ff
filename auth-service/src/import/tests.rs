use super::*;
use crate::import::record::Record;

fn reasons(line: &str) -> Vec<String> {
    let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    Record::parse(line.as_bytes(), now).err().unwrap_or_default()
}

/// A line that would be taken, but for what is put before its end.
fn with(more: &str) -> String {
    format!(
        r#"{{"email": "ada@example.org", "password_hash": "$2b$04$abcdefghijklmnopqrstuuiTjh60Fj08ZRbcy5SzqvPyx0QR8W3xi"{more}}}"#
    )
}

#[test]
fn takes_users_with_and_without_what_may_be_left_out() {
    for more in [
        "",
        r#", "display_name": null, "create_time": null"#,
        r#", "display_name": "", "create_time": "2024-05-01T12:00:00Z""#,
        r#", "create_time": "1970-01-01T00:00:00+00:00""#,
    ] {
        assert_eq!(reasons(&with(more)), Vec::<String>::new(), "{more}");
    }
}

#[test]
fn names_every_reason_and_repeats_no_secret() {
    assert_eq!(reasons("{}"), ["email: is missing", "password_hash: is missing"]);
    assert_eq!(
        reasons(r#"{"email": null, "password_hash": []}"#),
        ["email: is missing", "password_hash: must be text"]
    );
    assert_eq!(reasons(&with(r#", "email": "eve@example.org""#)), ["email: stands there more than once"]);
    assert_eq!(
        reasons(&with(r#", "Email": "x", "id": 1"#)),
        [r#""Email": is no field of an import"#, r#""id": is no field of an import"#]
    );
    assert_eq!(reasons(&with(r#", "create_time": "2099-01-01T00:00:00Z""#)), ["create_time: must not lie ahead"]);
    assert_eq!(reasons(&with(r#", "create_time": "1969-12-31T23:59:59Z""#)), ["create_time: must not lie before 1970"]);
    for secret in [r#""secret""#, r#"["secret"]"#, r#"{"email": "secret"#, "secret", r#"{"password_hash": "secret"} x"#]
    {
        let reasons = reasons(secret);
        assert!(reasons.len() == 1 && !reasons[0].contains("secret"), "{secret}: {reasons:?}");
    }
    let long = reasons(&with(&format!(r#", "{}": 1"#, "x".repeat(5000))));
    assert!(long[0].len() < 100, "{long:?}");
}

#[test]
fn nothing_that_a_line_may_hold_is_a_panic() {
    let line = with(r#", "display_name": "Ada", "create_time": "2024-05-01T12:00:00Z""#);
    for length in 0..line.len() {
        assert!(!reasons(&line[..length]).is_empty(), "cut at {length}");
    }
    for index in 0..line.len() {
        for byte in [0, b'"', b'{', b'9', 0xff] {
            let mut changed = line.clone().into_bytes();
            changed[index] = byte;
            drop(Record::parse(&changed, chrono::DateTime::UNIX_EPOCH));
        }
    }
    assert_eq!(reasons(&"[".repeat(10_000)).len(), 1);
}

#[test]
fn other_keys_have_other_fingerprints() {
    let fingerprints: std::collections::HashSet<_> =
        (0..10_000).map(|number| fingerprint(&number.to_string())).collect();
    assert_eq!(fingerprints.len(), 10_000);
}
