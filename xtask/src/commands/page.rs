//! `cargo xtask page`.

use std::{
    collections::HashMap,
    path::PathBuf,
    process::{Command, ExitCode},
    thread,
};

use anyhow::{Result, anyhow, ensure};
use clap::{Args, Subcommand};
use xtask::{
    port::free_port,
    process::{Child, Output},
    scratch::Scratch,
    tools, workspace,
};

use super::{
    addresses::Addresses,
    pair::{self, Pair},
    variables::Variables,
};

/// The settings that say where a service listens.
const LISTENERS: [&str; 5] =
    ["AUTH_LISTEN", "AUTH_INTERNAL_LISTEN", "AUTH_OPERATIONS_LISTEN", "TASK_LISTEN", "TASK_OPERATIONS_LISTEN"];

/// Use the page in Chromium, with a pair of its own: release builds on new databases, ports that are free
#[derive(Args)]
pub(crate) struct Page {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Copy, Subcommand)]
enum What {
    /// Measure it: the JavaScript it loads, the time to the first tasks, frames and keys with 10,000 tasks
    Figures,
    /// Take the pictures of docs/quickstart.md anew, into docs/images
    Pictures,
}

impl What {
    /// The script of `web/tests` that does it.
    fn script(self) -> &'static str {
        match self {
            Self::Figures => "figures",
            Self::Pictures => "tour",
        }
    }

    /// Where it may leave pictures.
    fn pictures(self) -> PathBuf {
        match self {
            Self::Figures => workspace::target_folder().join("pictures"),
            Self::Pictures => workspace::root().join("docs/images"),
        }
    }
}

impl Page {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let (node, chromium) = (tools::node()?, tools::chromium()?);
        let page = thread::spawn(tools::page);
        pair::build(&pair::SERVICES)?;
        let page = page.join().unwrap_or_else(|_| Err(anyhow!("its build was cut short")))?;
        tools::envoy()?;

        let folder = Scratch::create("page")?;
        let settings = LISTENERS.map(|name| (name, format!("127.0.0.1:{}", free_port())));
        let variables = Variables::Only(HashMap::from(settings));
        let addresses = Addresses::read(&variables, free_port(), free_port())?;
        let mut pair = Pair::start(folder.path(), &variables, &addresses, true, Some(&page))?;
        let outcome = pair.wait_until_ready(&addresses).and_then(|ready| {
            ensure!(ready, "interrupted");
            let mut script = Command::new(node);
            script.arg(format!("tests/{}.mjs", self.what.script())).current_dir(workspace::root().join("web"));
            script.env("DUET_CHROMIUM", chromium).env("DUET_PICTURES", self.what.pictures());
            script.env("DUET_ORIGIN", format!("http://{}", addresses.envoy.reachable()));
            script.env("DUET_AUTH", format!("http://{}", addresses.auth.reachable()));
            let status = Child::spawn_group("node", &mut script, Output::Inherit)?.finish()?;
            ensure!(status.success(), "the script ended with {status}");
            Ok(())
        });
        pair.end().and(outcome).map(|()| ExitCode::SUCCESS)
    }
}
