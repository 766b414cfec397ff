//! Where everything that `cargo xtask up` starts will listen.

use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
};

use anyhow::{Result, anyhow, bail, ensure};
use xtask::envoy::Ports;

use super::variables::Variables;

/// An address and what to change to have another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    setting: &'static str,
    listen: SocketAddr,
}

impl Address {
    fn of(variables: &Variables, setting: &'static str, default: u16) -> Result<Self> {
        match variables.get(setting) {
            Some(value) => Self::parse(setting, &value),
            None => Ok(Self { setting, listen: (Ipv4Addr::LOCALHOST, default).into() }),
        }
    }

    fn parse(setting: &'static str, value: &str) -> Result<Self> {
        let listen: SocketAddr = value
            .parse()
            .map_err(|_| anyhow!("{setting} is {value:?}; it must be an address and a port, as 127.0.0.1:50051"))?;
        let reachable =
            listen.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) || listen.ip() == IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        ensure!(reachable, "{setting} is {value}; `cargo xtask up` reaches it on 127.0.0.1 only");
        ensure!(listen.port() != 0, "{setting} is {value}; `cargo xtask up` needs a port that it knows");
        Ok(Self { setting, listen })
    }

    /// Where a client on this machine reaches it.
    pub(crate) fn reachable(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.listen.port()).into()
    }

    fn check_free(&self) -> Result<()> {
        let Self { setting, listen } = self;
        match TcpListener::bind(listen) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                bail!("{listen} is in use; end what listens there, or set {setting} to another")
            }
            Err(error) => bail!("cannot listen on {listen} ({error}); set {setting} to another"),
        }
    }
}

/// All of them.
pub(crate) struct Addresses {
    pub(crate) auth: Address,
    pub(crate) auth_internal: Address,
    pub(crate) auth_operations: Address,
    pub(crate) task: Address,
    pub(crate) task_operations: Address,
    pub(crate) envoy: Address,
    pub(crate) envoy_admin: Address,
}

impl Addresses {
    /// From the services' settings and Envoy's two ports.
    pub(crate) fn read(variables: &Variables, envoy: u16, envoy_admin: u16) -> Result<Self> {
        Ok(Self {
            auth: Address::of(variables, "AUTH_LISTEN", 50051)?,
            auth_internal: Address::of(variables, "AUTH_INTERNAL_LISTEN", 50061)?,
            auth_operations: Address::of(variables, "AUTH_OPERATIONS_LISTEN", 9464)?,
            task: Address::of(variables, "TASK_LISTEN", 50052)?,
            task_operations: Address::of(variables, "TASK_OPERATIONS_LISTEN", 9465)?,
            envoy: Address::parse("--port", &format!("127.0.0.1:{envoy}"))?,
            envoy_admin: Address::parse("--admin-port", &format!("127.0.0.1:{envoy_admin}"))?,
        })
    }

    /// An error that names the first port in use, and how to choose another.
    pub(crate) fn check_free(&self) -> Result<()> {
        let all = self.all();
        for (index, one) in all.iter().enumerate() {
            if let Some(other) = all[..index].iter().find(|other| other.listen.port() == one.listen.port()) {
                bail!("{} and {} name the same port {}", other.setting, one.setting, one.listen.port());
            }
            one.check_free()?;
        }
        Ok(())
    }

    /// What Envoy's configuration names.
    pub(crate) fn envoy_ports(&self) -> Ports {
        let port = |address: &Address| address.listen.port();
        Ports {
            listener: port(&self.envoy),
            admin: port(&self.envoy_admin),
            auth: port(&self.auth),
            task: port(&self.task),
        }
    }

    fn all(&self) -> [&Address; 7] {
        [
            &self.auth,
            &self.auth_internal,
            &self.auth_operations,
            &self.task,
            &self.task_operations,
            &self.envoy,
            &self.envoy_admin,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(value: &str) -> String {
        Address::parse("AUTH_LISTEN", value).unwrap_err().to_string()
    }

    #[test]
    fn a_broken_address_is_refused_with_the_mend() {
        assert!(refusal("50051").contains("as 127.0.0.1:50051"));
        assert!(refusal("[::1]:50051").contains("on 127.0.0.1 only"));
        assert!(refusal("127.0.0.1:0").contains("a port that it knows"));
        let anywhere = Address::parse("AUTH_LISTEN", "0.0.0.0:7").expect("an address");
        assert_eq!(anywhere.reachable().to_string(), "127.0.0.1:7");
    }

    #[test]
    fn a_port_in_use_is_named_with_its_setting() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = taken.local_addr().expect("bound").to_string();
        let error = Address::parse("TASK_LISTEN", &address).expect("an address").check_free().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{address} is in use; end what listens there, or set TASK_LISTEN to another")
        );
    }
}
