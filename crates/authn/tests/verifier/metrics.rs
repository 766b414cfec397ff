//! What an operator sees.

use prometheus_client::encoding::text::encode;
use service_runtime::operations::Registry;

use crate::{REVOKED, double::Double, double::token, milliseconds, new_session, show, until, until_fresh, verifier};

#[tokio::test]
async fn counts_what_memory_answered_what_was_asked_and_how_late_revocations_come() {
    let double = Double::start();
    let verifier = verifier(&double.url(), milliseconds(3000));
    until_fresh(&verifier, &double.replica).await;
    let mut registry = Registry::default();
    verifier.register_metrics(&mut registry);
    let value = |name: &str| -> f64 {
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} in {text}")).parse().unwrap()
    };
    let names = ["authn_hits_total", "authn_misses_total", "authn_coalesced_total", "authn_upstream_calls_total"];
    let before = names.map(value);
    let session = new_session();
    double.replica.conduct().delay = milliseconds(50);
    let cold = token(session, 0);
    tokio::join!(show(&verifier, &cold), show(&verifier, &cold), show(&verifier, &cold));
    for _ in 0..10 {
        show(&verifier, &cold).await;
    }
    let counted = names.map(value);
    let counted: Vec<_> = counted.iter().zip(before).map(|(after, before)| after - before).collect();
    assert_eq!(counted, [10.0, 3.0, 2.0, 1.0]);

    assert!(value("authn_lease_age_seconds") < 2.0);
    double.replica.revoke(session);
    until("it is heard of", async || show(&verifier, &cold).await == REVOKED).await;
    assert_eq!(value("authn_revocation_delay_seconds_count"), 1.0);
    assert!(value("authn_revocation_delay_seconds_sum") < 1.0);
}
