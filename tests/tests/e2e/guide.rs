//! The way from an application with Better Auth to tasks, as the page describes it.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command, time::Duration};

use e2e::{Engine, Pair, eventually, on_both_engines, provided, web};
use tokio::net::TcpStream;
use xtask::{
    port::free_port,
    process::{Child, Output},
};

use crate::document::{Document, Shell};

/// Writes a block into the file that its first line names, and says which.
fn write(folder: &Path, block: &str, comment: &str) -> String {
    let name = block.lines().next().and_then(|line| line.strip_prefix(comment)).expect("the name of the file");
    fs::write(folder.join(name), block).unwrap();
    name.to_owned()
}

on_both_engines! {
    async fn from_better_auth_to_tasks_in_the_five_steps_of_the_page(engine: Engine) {
        let page = Document::read("docs/better-auth.md");
        let steps = ["1. Have Better Auth make tokens", "2. Tell Duet whose tokens to take", "3. Start Duet", "4. Get a token", "5. Use it"];
        let [make, tell, start, get, using] = steps.map(|step| page.section(step));
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let origin = [("127.0.0.1:3000", format!("127.0.0.1:{port}")), ("listen(3000", format!("listen({port}"))];
        let reader = Shell::new(folder.path(), origin.to_vec());

        symlink(format!("{}/node_modules", provided("DUET_BETTER_AUTH")), folder.path().join("node_modules")).unwrap();
        let application = write(folder.path(), &reader.translate(&make.block("js")), "// ");
        assert!(make.block("sh").ends_with(&format!(" node {application}\n")), "the page starts it");
        let mut node = Command::new(provided("DUET_NODE"));
        node.arg(&application).env("BETTER_AUTH_SECRET", "w/Fm6hC4VUg0dHv1mQ0lFbWJ8tZ8Zf2p").current_dir(folder.path());
        let log = folder.path().join("application.log");
        let _application = Child::spawn("node", &mut node, Output::File(log)).expect("the application");
        let listening = async || TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop);
        eventually("the application listens", Duration::from_secs(30), listening).await;

        let list = write(folder.path(), &reader.translate(&tell.block("toml")), "# ");
        assert!(start.block("sh").contains(&format!("AUTH_ISSUERS_FILE=$PWD/{list} cargo xtask up")), "the page reads it");
        let list = folder.path().join(list).display().to_string();
        let pair = Pair::on(engine).await.set("AUTH_ISSUERS_FILE", list).edge().start().await;

        let addresses = [&origin[..], &[("127.0.0.1:8080", pair.edge().to_string())]].concat();
        let shell = Shell::new(folder.path(), addresses);
        shell.run(&[get.block("sh"), using.block("sh")].concat()).await;
        assert_eq!(web::request(pair.auth.operations(), "GET", "/readyz", &[], b"").await.status, 200);
    }
}
