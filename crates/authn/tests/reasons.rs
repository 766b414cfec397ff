//! The reasons that the runtime gives on behalf of a service are in that service's contract.

use proto::{auth::v1 as auth, task::v1 as task};
use service_runtime::status::reason;

#[test]
fn each_contract_knows_every_reason_of_the_runtime() {
    for reason in reason::ALL {
        let name = format!("ERROR_REASON_{reason}");
        assert!(
            auth::ErrorReason::from_str_name(&name).is_some_and(|known| known.reason() == reason),
            "auth: {reason}"
        );
        assert!(
            task::ErrorReason::from_str_name(&name).is_some_and(|known| known.reason() == reason),
            "task: {reason}"
        );
    }
}
