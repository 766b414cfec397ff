//! What the parts of the service may know of each other.

use std::{fs, path::Path};

/// Where gRPC and SQL meet the rules: the composition, the errors, and the crate's own map.
const MAY_KNOW_BOTH: [&str; 4] = ["app.rs", "error.rs", "lib.rs", "main.rs"];

fn source_files(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| (path.file_name().unwrap().display().to_string(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn the_rules_know_neither_grpc_nor_sql() {
    let rules = source_files("").into_iter().filter(|(name, _)| !MAY_KNOW_BOTH.contains(&name.as_str()));
    let mut checked = 0;
    for (name, text) in rules {
        for word in ["tonic", "proto::", "prost", "sea_orm"] {
            assert!(!text.contains(word), "{name} names {word}");
        }
        checked += 1;
    }
    assert!(checked >= 10, "the rules have moved: this test looks at the wrong place");
}

#[test]
fn grpc_and_sql_do_not_know_each_other() {
    for (folder, words) in [("grpc", &["sea_orm", "crate::store"][..]), ("store", &["tonic", "proto::", "prost"])] {
        for (name, text) in source_files(folder) {
            for word in words {
                assert!(!text.contains(word), "{folder}/{name} names {word}");
            }
        }
    }
}

/// Clippy reads the nearest configuration only: what the workspace forbids, this crate has to repeat.
#[test]
fn what_the_workspace_forbids_is_forbidden_here_too() {
    let own_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = fs::read_to_string(own_folder.join("clippy.toml")).unwrap();
    let workspace = fs::read_to_string(own_folder.join("../clippy.toml")).unwrap();
    for line in workspace.lines().filter(|line| !line.starts_with('#')) {
        assert!(own.lines().any(|repeated| repeated == line), "clippy.toml lacks: {line}");
    }
}
