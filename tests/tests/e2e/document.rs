//! Pages of the documentation, taken as a reader would take them and run by bash: whatever one says is in an answer, is
//! there.

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use e2e::provided;
use tokio::process::Command;
use xtask::workspace;

/// What a line begins with that says what the answer above it names.
const ARROW: &str = "# → ";

/// A page, or the part of it under one heading.
pub(crate) struct Document(String);

impl Document {
    pub(crate) fn read(path: &str) -> Self {
        Self(fs::read_to_string(workspace::root().join(path)).unwrap())
    }

    /// What stands under a heading, until the next of its level.
    pub(crate) fn section(&self, heading: &str) -> Self {
        let (_, section) = self.0.split_once(&format!("\n## {heading}\n")).expect("the section");
        Self(section.split("\n## ").next().expect("its text").to_owned())
    }

    /// What is to be written in this language: `sh`, `toml`.
    pub(crate) fn blocks(&self, language: &str) -> Vec<String> {
        let opened = format!("```{language}\n");
        let blocks = self.0.split(&opened).skip(1);
        blocks.map(|block| block.split_once("```").expect("its end").0.to_owned()).collect()
    }

    /// The only one.
    pub(crate) fn block(&self, language: &str) -> String {
        let [block] = self.blocks(language).try_into().expect("one block");
        block
    }
}

/// Bash in a folder of its own, for which the addresses in the documentation lead to those of the test.
pub(crate) struct Shell {
    folder: PathBuf,
    addresses: Vec<(&'static str, String)>,
}

impl Shell {
    pub(crate) fn new(folder: &Path, addresses: Vec<(&'static str, String)>) -> Self {
        let tools = folder.join("tools");
        if fs::create_dir(&tools).is_ok() {
            symlink(provided("DUET_GRPCURL"), tools.join("grpcurl")).unwrap();
        }
        Self { folder: folder.to_owned(), addresses }
    }

    /// The text with the addresses of the test.
    pub(crate) fn translate(&self, text: &str) -> String {
        self.addresses.iter().fold(text.to_owned(), |text, (written, real)| text.replace(written, real))
    }

    /// Runs a script and finds in each answer what the arrow below it says.
    pub(crate) async fn run(&self, script: &str) {
        let expected: Vec<&str> = script.lines().filter_map(|line| line.strip_prefix(ARROW)).collect();
        let answers = self.answers(script).await;
        for (expected, answer) in expected.iter().zip(&answers) {
            assert!(holds(expected, answer), "expected {expected}, not\n{answer}");
        }
        assert_eq!(answers.len(), expected.len() + 1, "{:?}", answers.last());
    }

    /// What bash answers to each piece that ends in an arrow.
    async fn answers(&self, script: &str) -> Vec<String> {
        let script = self.translate(script).replace(ARROW, "printf '\\0' # ");
        let path = format!("{}:{}", self.folder.join("tools").display(), env::var("PATH").unwrap());
        let mut bash = Command::new("bash");
        bash.arg("-c").arg(format!("exec 2>&1\n{script}")).env("PATH", path).current_dir(&self.folder);
        let said = bash.output().await.unwrap().stdout;
        String::from_utf8(said).unwrap().split('\0').map(ToOwned::to_owned).collect()
    }
}

/// Whether the answer names all that is expected, one behind the other, and nothing that is not.
fn holds(expected: &str, answer: &str) -> bool {
    let mut rest = answer;
    expected.split(", ").all(|part| match part.strip_prefix("not ") {
        Some(part) => !answer.contains(part),
        None => rest.split_once(part).map(|(_, behind)| rest = behind).is_some(),
    })
}
