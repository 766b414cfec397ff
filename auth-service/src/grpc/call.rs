//! Who is at the other end of a call.

use service_runtime::{
    deadline::Deadline,
    request::{PeerAddr, RequestId},
};
use tonic::{Request, Status};

use crate::{
    client::{Call, TrustedProxies},
    error::{DOMAIN, Error},
};

/// Reads what the transport knows of calls.
pub(crate) struct Calls(pub(crate) TrustedProxies);

impl Calls {
    pub(super) fn of<T>(&self, request: &Request<T>) -> Result<Call, Status> {
        let extensions = request.extensions();
        let peer = PeerAddr::of(extensions).ok_or_else(no_peer)?;
        let forwarded = request.metadata().get_all("x-forwarded-for");
        // An entry that is not even text ends the walk like any other that is no address.
        let forwarded: Vec<&str> = forwarded.iter().map(|value| value.to_str().unwrap_or("?")).collect();
        let address = self.0.client_of(peer.0.ip(), forwarded.into_iter());
        let user_agent = request.metadata().get("user-agent").and_then(|value| value.to_str().ok());
        let request_id = RequestId::of(extensions).to_string();
        Ok(Call::new(address, user_agent.unwrap_or_default(), request_id, Deadline::of(extensions)))
    }
}

fn no_peer() -> Status {
    service_runtime::status::internal(DOMAIN, &Error::internal("a call came without its peer's address"))
}
