//! What task-service's way of keeping tasks is compared with. Each row has servers and databases of its own, which are
//! gone with it; nobody is asked who calls, so that nothing but the storage differs.

mod commits;
mod pages;

use std::{env, net::SocketAddr, path::Path, process::Command};

use crate::{
    options::Options,
    rounds::Measured,
    server::{Server, free_address},
};

/// PostgreSQL has no folder in which a key would be made.
const PAGE_TOKEN_KEY: &str = "YSBrZXkgZm9yIHRoZSBwYWdlcyBvZiB0aGUgYmVuY2g=";

/// Measures those of the rows that are wanted and can be.
///
/// # Errors
/// When a server does not start, a call fails or a server is gone.
pub async fn measure(options: &Options) -> anyhow::Result<Vec<Measured>> {
    let mut measured = Vec::new();
    if options.wants(commits::NAME) {
        measured.push(commits::measure(options).await?);
    }
    measured.extend(pages::measure(options).await?);
    Ok(measured)
}

/// task-service where a token is the id of its user, and where it listens.
struct OpenTasks {
    server: Server,
    address: SocketAddr,
}

impl OpenTasks {
    async fn start(name: &str, folder: &Path, database_url: &str, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let [address, operations] = [(); 2].map(|()| free_address());
        let mut command = Command::new(env::current_exe()?);
        command
            .arg("serve-tasks-open")
            .env("TASK_DATABASE_URL", database_url)
            .env("TASK_LISTEN", address.to_string())
            .env("TASK_OPERATIONS_LISTEN", operations.to_string())
            .env("TASK_PAGE_TOKEN_KEY", PAGE_TOKEN_KEY)
            .envs(settings.iter().copied());
        let server = Server::start(name, command, folder)?.ready(operations).await?;
        Ok(Self { server, address })
    }
}
