//! Who is at the other end of a call, as far as the network tells.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use ipnet::IpNet;
use service_runtime::deadline::Deadline;

use crate::event::{Origin, Source};

/// One call: where it comes from, what it says of itself, and how long its caller waits.
#[derive(Clone, Debug)]
pub struct Call {
    /// The client's address.
    pub address: IpAddr,
    /// What the audit trail tells of it.
    pub origin: Origin,
    /// Nothing is begun after it.
    pub deadline: Deadline,
}

impl Call {
    /// What is kept of a `user-agent`.
    pub const MAX_USER_AGENT_BYTES: usize = 512;

    /// A call from `address`, with the `user-agent` cut to what is kept and the id that the logs have for it.
    pub fn new(address: IpAddr, user_agent: &str, request_id: String, deadline: Deadline) -> Self {
        let user_agent = user_agent[..user_agent.floor_char_boundary(Self::MAX_USER_AGENT_BYTES)].to_owned();
        let origin = Origin { source: Source::Rpc, ip_address: address.to_string(), user_agent, request_id };
        Self { address, origin, deadline }
    }

    /// The client that attempts are counted for: an IPv4 address, or an IPv6 network of 64 bits, because a household
    /// has all of those.
    pub fn client(&self) -> String {
        match self.address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }
    }
}

/// Proxies that are believed when they say for whom they call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// The client behind `peer`: the right-most entry of `x-forwarded-for` that is not itself trusted, if the peer is.
    /// What stands left of it was written by who knows whom; the same goes for all that is left of an entry that is no
    /// address.
    pub fn client_of<'a>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        forwarded
            .flat_map(|header| header.split(','))
            .rev()
            .map_while(parse_entry)
            .find(|address| !self.trusts(*address))
            .unwrap_or(peer)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let network = |entry: &str| {
            let single = || entry.parse::<IpAddr>().map(IpNet::from).ok();
            entry.parse().ok().or_else(single).ok_or_else(|| format!("`{entry}` is neither an address nor a network"))
        };
        entries.map(network).collect::<Result<_, _>>().map(Self)
    }
}

fn parse_entry(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let address = entry.parse().or_else(|_| entry.parse::<SocketAddr>().map(|address| address.ip())).ok()?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn client(trusted: &str, peer: &str, forwarded: &[&str]) -> IpAddr {
        trusted.parse::<TrustedProxies>().unwrap().client_of(ip(peer), forwarded.iter().copied())
    }

    #[test]
    fn believes_nobody_by_default() {
        assert_eq!(client("", "127.0.0.1", &["8.8.8.8"]), ip("127.0.0.1"));
        assert_eq!(client("10.0.0.0/8", "192.0.2.1", &["8.8.8.8"]), ip("192.0.2.1"));
    }

    #[test]
    fn takes_the_rightmost_entry_that_is_not_a_proxy() {
        let trusted = "10.0.0.0/8, 127.0.0.1";
        assert_eq!(client(trusted, "127.0.0.1", &["1.1.1.1, 8.8.8.8, 10.1.2.3"]), ip("8.8.8.8"));
        assert_eq!(client(trusted, "127.0.0.1", &["1.1.1.1", "8.8.8.8", "10.1.2.3"]), ip("8.8.8.8"));
        assert_eq!(client(trusted, "10.0.0.1", &["8.8.8.8:4711"]), ip("8.8.8.8"));
        assert_eq!(client(trusted, "::ffff:10.0.0.1", &["::ffff:8.8.8.8"]), ip("8.8.8.8"));
    }

    #[test]
    fn falls_back_to_the_peer() {
        let trusted = "10.0.0.0/8";
        assert_eq!(client(trusted, "10.0.0.1", &[]), ip("10.0.0.1"));
        assert_eq!(client(trusted, "10.0.0.1", &["10.0.0.2"]), ip("10.0.0.1"));
        assert_eq!(client(trusted, "10.0.0.1", &["8.8.8.8, nonsense"]), ip("10.0.0.1"));
    }

    #[test]
    fn refuses_what_is_no_network() {
        assert!("10.0.0.0/8,nonsense".parse::<TrustedProxies>().unwrap_err().contains("nonsense"));
    }

    #[test]
    fn counts_an_ipv6_network_as_one_client() {
        let client = |address| {
            let deadline = Deadline::within(Duration::ZERO);
            Call::new(ip(address), "", String::new(), deadline).client()
        };
        assert_eq!(client("2001:db8:1:2:3:4:5:6"), client("2001:db8:1:2::1"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
        assert_eq!(client("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
