//! Ports that nothing listens on.

use std::{
    net::{Ipv4Addr, TcpListener},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

/// Below the ports that systems give to outgoing connections: a client that keeps dialling a port of those while its
/// server is away may end up connected to itself.
const FIRST: u16 = 15_000;
const COUNT: u16 = 17_000;

/// A free port on 127.0.0.1, another one at each call.
///
/// # Panics
/// When 17,000 ports are in use.
pub fn free_port() -> u16 {
    static CALLS: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(process::id() % u32::from(COUNT)).unwrap_or(0);
    (0..COUNT)
        .map(|_| {
            let offset = u32::from(start) + 97 * u32::from(CALLS.fetch_add(1, Ordering::Relaxed));
            FIRST + u16::try_from(offset % u32::from(COUNT)).unwrap_or(0)
        })
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .unwrap_or_else(|| panic!("no port of 127.0.0.1 from {FIRST} on is free"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn never_gives_one_port_twice_nor_one_that_is_taken() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, free_port())).expect("a free port");
        let ports: Vec<u16> = (0..500).map(|_| free_port()).collect();
        assert_eq!(ports.iter().collect::<HashSet<_>>().len(), ports.len());
        assert!(!ports.contains(&taken.local_addr().expect("bound").port()));
        assert!(ports.iter().all(|port| (FIRST..FIRST + COUNT).contains(port)));
    }
}
