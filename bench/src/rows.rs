//! What is compared with what.

use std::net::SocketAddr;

use crate::{
    calls::{Credentials, Target},
    cpu::Process,
    programs::Served,
};

/// Two variants under the same calls. The ratios are the first one's figures by the second one's.
pub struct Row {
    /// What it tells.
    pub name: String,
    /// The ratios to reach.
    pub goal: &'static str,
    /// What is measured, and what it is compared with.
    pub variants: [Variant; 2],
}

/// One side of a row.
pub struct Variant {
    /// What it is.
    pub name: &'static str,
    /// What is called.
    pub target: Target,
    /// Where; at replicas in turn.
    pub addresses: Vec<SocketAddr>,
    /// The servers that work for a call: what it costs is what they spend together.
    pub servers: Vec<(&'static str, Process)>,
    /// Where a server tells how often it was asked to validate a token, if it is not the one called.
    pub validations: Option<SocketAddr>,
    /// How many calls are made in a second; as many as are answered, unless it is said.
    pub calls_per_second: Option<f64>,
    /// How many calls are in flight; as many as the options say, unless it is said.
    pub streams: Option<u16>,
    /// The logins that come meanwhile.
    pub storm: Option<StormShape>,
}

impl Variant {
    /// One server, which takes every call that it can answer.
    pub fn plain(name: &'static str, target: Target, address: SocketAddr, server: Process) -> Self {
        Self {
            name,
            target,
            addresses: vec![address],
            servers: vec![(name, server)],
            validations: None,
            calls_per_second: None,
            streams: None,
            storm: None,
        }
    }

    /// The same of a server of one port.
    pub fn of(name: &'static str, target: Target, served: &Served) -> Self {
        Self::plain(name, target, served.address, served.server.process())
    }
}

/// How hard a storm is.
pub struct StormShape {
    /// Where it goes.
    pub address: SocketAddr,
    /// Who logs in.
    pub credentials: Credentials,
    /// How often.
    pub logins_per_second: f64,
}
