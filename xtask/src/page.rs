//! The built page as routes of Envoy's: one for each file, and the index for every other address of the page.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

/// The deployed configuration takes no larger file.
const MAX_FILE_BYTES: u64 = 2 * 1024 * 1024;
const MAX_FILES: usize = 500;
const INDEX: &str = "index.html";
/// What the page's own build puts here has its content's hash in its name.
const HASHED: &str = "assets/";
const FOREVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// The routes for what `folder` holds, with an index among it. Addresses of the page have no dot in them; those of
/// RPCs and of files have.
///
/// # Errors
/// When there is no index, a file is too large, of a kind that no page has, or has a name that no build gives.
pub fn routes(folder: &Path) -> Result<String> {
    let folder = folder.canonicalize().with_context(|| format!("the page's folder {}", folder.display()))?;
    let mut files = Vec::new();
    collect(&folder, &folder, &mut files)?;
    files.sort();
    ensure!(files.iter().any(|name| name == INDEX), "{} has no {INDEX}", folder.display());
    let mut routes = String::new();
    for name in &files {
        let (matched, control) = match name.as_str() {
            INDEX => ("path: /".to_owned(), ASK_AGAIN),
            name => (format!("path: \"/{name}\""), if name.starts_with(HASHED) { FOREVER } else { ASK_AGAIN }),
        };
        route(&mut routes, &matched, "", &folder.join(name), content_type(name)?, control)?;
    }
    routes
        .push_str("                        - match: { prefix: /assets/ }\n                          direct_response: ");
    routes.push_str("{ status: 404, body: { inline_string: nothing is served under this name } }\n");
    let accepts = ", { name: accept, string_match: { contains: text/html } }";
    let matched = r#"safe_regex: { regex: "(/[^/.]*)+" }"#;
    route(&mut routes, matched, accepts, &folder.join(INDEX), content_type(INDEX)?, ASK_AGAIN)?;
    Ok(routes)
}

/// The names of the files in it, `/` between their parts.
fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let metadata = fs::symlink_metadata(&path)?;
        if metadata.is_dir() {
            collect(root, &path, files)?;
            continue;
        }
        let name = path.strip_prefix(root)?.to_str().unwrap_or("?");
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
        ensure!(metadata.is_file() && name.chars().all(plain), "{} is no file that a page has", path.display());
        ensure!(metadata.len() <= MAX_FILE_BYTES, "{} is larger than {MAX_FILE_BYTES} bytes", path.display());
        files.push(name.to_owned());
        ensure!(files.len() <= MAX_FILES, "{} holds more than {MAX_FILES} files", root.display());
    }
    Ok(())
}

/// Appends a route. The names with `*` are the deployed configuration's.
fn route(
    routes: &mut String,
    matched: &str,
    more: &str,
    file: &PathBuf,
    content_type: &str,
    control: &str,
) -> Result<()> {
    write!(
        routes,
        r#"                        - match: {{ {matched}, headers: [{{ name: ":method", string_match: {{ safe_regex: {{ regex: GET|HEAD }} }} }}{more}] }}
                          direct_response: {{ status: 200, body: {{ filename: {file:?} }} }}
                          response_headers_to_add:
                            - *content
                            - *nosniff
                            - *referrer
                            - *opener
                            - *permissions
                            - header: {{ key: content-type, value: {content_type} }}
                              append_action: OVERWRITE_IF_EXISTS_OR_ADD
                            - header: {{ key: cache-control, value: "{control}" }}
                              append_action: OVERWRITE_IF_EXISTS_OR_ADD
"#
    )?;
    Ok(())
}

fn content_type(name: &str) -> Result<&'static str> {
    Ok(match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => bail!("{name} is of a kind that the page is not served with; add it to xtask/src/page.rs"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn page(files: &[(&str, usize)]) -> (Scratch, Result<String>) {
        let scratch = Scratch::create("page-test").expect("a folder");
        fs::create_dir(scratch.path().join("assets")).expect("a folder");
        for (name, length) in files {
            fs::write(scratch.path().join(name), "x".repeat(*length)).expect("written");
        }
        let routes = routes(scratch.path());
        (scratch, routes)
    }

    #[test]
    fn each_file_has_a_route_and_what_is_no_file_has_the_index() {
        let (folder, routes) = page(&[("index.html", 1), ("assets/a-0_Z.js", 1), ("favicon.svg", 1)]);
        let routes = routes.expect("routes");
        let line = |text: &str| routes.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}"));
        let paths = ["\"/assets/a-0_Z.js\"", "\"/favicon.svg\"", "path: /,", "prefix: /assets/", "(/[^/.]*)+"];
        assert!(paths.map(line).is_sorted(), "{routes}");
        assert_eq!(routes.matches("immutable").count(), 1);
        assert_eq!(routes.matches("no-cache").count(), 3);
        let index = folder.path().canonicalize().expect("a path").join("index.html");
        assert_eq!(routes.matches(&format!("{index:?}")).count(), 2);
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for (files, said) in [
            (&[("assets/a.js", 1)][..], "has no index.html"),
            (&[("index.html", 1), ("assets/a.exe", 1)], "xtask/src/page.rs"),
            (&[("index.html", 1), ("assets/a\" b.js", 1)], "no file that a page has"),
            (&[("index.html", 3 * 1024 * 1024)], "larger than"),
        ] {
            let error = page(files).1.unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
