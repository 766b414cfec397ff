//! Envoy with the configuration that is deployed, on other ports and with the page.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    http, page,
    process::{Child, Output},
    tools,
};

/// The deployed configuration.
const DEPLOYED: &str = include_str!("../../deploy/envoy/envoy.yaml");
const PAGE_BEGINS: &str = "                        # page: begin\n";
const PAGE_ENDS: &str = "                        # page: end\n";
const PATIENCE: Duration = Duration::from_secs(20);

/// Ports of 127.0.0.1. The defaults are those of the deployed configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// What clients use.
    pub listener: u16,
    /// Envoy's own `/ready` and `/clusters`.
    pub admin: u16,
    /// auth-service's public port.
    pub auth: u16,
    /// task-service's public port.
    pub task: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { listener: 8080, admin: 9901, auth: 50051, task: 50052 }
    }
}

impl Ports {
    fn all(self) -> [u16; 4] {
        [self.listener, self.admin, self.auth, self.task]
    }

    /// The address that clients use.
    pub fn listener_address(self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.listener).into()
    }

    /// Whether Envoy serves its page and says that it is ready.
    pub fn are_served(self) -> bool {
        http::is_ok(self.listener_address(), "/") && http::is_ok((Ipv4Addr::LOCALHOST, self.admin).into(), "/ready")
    }

    /// Whether Envoy has found both services healthy.
    pub fn have_healthy_services(self) -> bool {
        let clusters = http::get((Ipv4Addr::LOCALHOST, self.admin).into(), "/clusters").unwrap_or_default();
        let healthy = |line: &&str| line.trim_end().ends_with("::health_flags::healthy");
        clusters.lines().filter(healthy).count() == 2
    }
}

/// The deployed configuration with other ports and, if it has been built, the page in this folder.
///
/// # Errors
/// When the file does not name each default port exactly once as a `port_value`, or has no place for the page; when the
/// folder holds no page.
pub fn configuration(ports: Ports, page: Option<&Path>) -> Result<String> {
    let text = render(DEPLOYED, ports)?;
    page.map_or(Ok(text.clone()), |folder| with_page(&text, &page::routes(folder)?))
}

/// The routes stand between two lines.
fn with_page(text: &str, routes: &str) -> Result<String> {
    let place = text.split_once(PAGE_BEGINS).and_then(|(before, rest)| Some((before, rest.split_once(PAGE_ENDS)?.1)));
    let (before, after) = place.context("deploy/envoy/envoy.yaml has no place for the page")?;
    Ok(format!("{before}{PAGE_BEGINS}{routes}{PAGE_ENDS}{after}"))
}

/// In two steps by way of marks, so that one's new port may be another's old one.
fn render(template: &str, ports: Ports) -> Result<String> {
    let mut text = template.to_owned();
    for (index, default) in Ports::default().all().into_iter().enumerate() {
        let named = text.matches(&format!("port_value: {default} ")).count();
        ensure!(named == 1, "deploy/envoy/envoy.yaml has {named} times `port_value: {default} `; it must be once");
        text = text.replace(&format!("port_value: {default} "), &format!("port_value: \0{index} "));
        text = text.replace(&format!("127.0.0.1:{default}"), &format!("127.0.0.1:\0{index}"));
    }
    for (index, port) in ports.all().into_iter().enumerate() {
        text = text.replace(&format!("\0{index}"), &port.to_string());
    }
    Ok(text)
}

/// The command that runs Envoy with the configuration in `folder`, which it writes, and the page in another.
///
/// # Errors
/// As [`configuration`]; when Envoy is missing or the configuration cannot be written.
pub fn command(ports: Ports, page: Option<&Path>, folder: &Path) -> Result<Command> {
    let file = folder.join("envoy.yaml");
    fs::write(&file, configuration(ports, page)?).with_context(|| format!("cannot write {}", file.display()))?;
    let mut command = Command::new(tools::envoy()?);
    // A hot restart would make Envoy ask the kernel to be ended with the thread that started it.
    command.args(["--disable-hot-restart", "--log-level", "warn", "-c"]).arg(file);
    Ok(command)
}

/// Starts Envoy and waits until it is ready; its configuration goes to `folder`.
///
/// # Errors
/// When Envoy is missing, ends, or is not ready within 20 s.
pub fn start(ports: Ports, page: Option<&Path>, folder: &Path, output: Output) -> Result<Child> {
    let mut envoy = Child::spawn("envoy", &mut command(ports, page, folder)?, output)?;
    let end = Instant::now() + PATIENCE;
    while !ports.are_served() {
        if let Some(status) = envoy.try_wait()? {
            bail!("Envoy ended ({status}); its output says why");
        }
        ensure!(Instant::now() < end, "Envoy is not ready on port {} after {PATIENCE:?}", ports.listener);
        thread::sleep(Duration::from_millis(50));
    }
    Ok(envoy)
}

/// Lets Envoy itself check the deployed configuration.
///
/// # Errors
/// When Envoy is missing or cannot be started.
pub fn validation() -> Result<Command> {
    let mut command = Command::new(tools::envoy()?);
    command.args(["--mode", "validate", "--log-level", "error", "-c", "deploy/envoy/envoy.yaml"]);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_ports_leave_the_deployed_configuration_as_it_is() {
        assert_eq!(configuration(Ports::default(), None).expect("rendered"), DEPLOYED);
    }

    #[test]
    fn the_page_stands_where_its_absence_was_told() {
        let text = with_page(DEPLOYED, "routes\n").expect("rendered");
        assert!(text.contains("begin\nroutes\n") && !text.contains("has not been built"));
        assert!(text.contains("- name: task\n"), "what follows is still there");
        assert!(with_page("- match: x\n", "routes\n").is_err());
    }

    #[test]
    fn ports_may_change_places() {
        let ports = Ports { listener: 50051, admin: 8080, auth: 50052, task: 9901 };
        let text = configuration(ports, None).expect("rendered");
        let named: Vec<&str> = text.match_indices("port_value: ").map(|(at, _)| &text[at + 12..at + 17]).collect();
        assert_eq!(named, ["8080 ", "50051", "50052", "9901 "]);
        assert!(text.contains("list</code>\n") && text.contains("<code>grpcurl -plaintext 127.0.0.1:50051 list"));
        assert!(!text.contains('\0'));
    }

    #[test]
    fn a_template_that_has_lost_a_port_is_an_error() {
        let template = DEPLOYED.replace("port_value: 50052", "port_value: 50053");
        let error = render(&template, Ports::default()).unwrap_err().to_string();
        assert_eq!(error, "deploy/envoy/envoy.yaml has 0 times `port_value: 50052 `; it must be once");
    }
}
