//! The page as Envoy serves it: files, headers, and addresses that are the page's own.

use std::{fs, path::Path};

use e2e::{Engine, Pair, web};
use tempfile::TempDir;

const SCRIPT: &str = "/assets/index-4f3c2b1a.js";
const INDEX: &str = "<!doctype html><title>Duet</title><div id=page></div>";
/// What a page and every error must say, word for word.
const HEADERS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// A page of the greatest size, as its build leaves it.
fn built() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, content: &str| {
        let path = folder.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write("index.html", INDEX);
    write(SCRIPT, &script());
    write("/assets/index-77aa.css", &"body { color: inherit }\n".repeat(100));
    write("/favicon.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>");
    folder
}

fn script() -> String {
    let lines = (0..).map(|line: u32| format!("console.log({});\n", line.wrapping_mul(2_654_435_761)));
    let mut script: String = lines.take(90_000).collect();
    script.truncate(2 * 1024 * 1024);
    script
}

async fn pair(page: &Path) -> Pair {
    Pair::on(Engine::Sqlite).await.page(page).start().await
}

async fn get(pair: &Pair, path: &str, headers: &[(&str, &str)]) -> web::Answer {
    web::request(pair.edge(), "GET", path, headers, b"").await
}

#[track_caller]
fn has_every_header(answer: &web::Answer) {
    let values = |name: &str| {
        let found = answer.headers.iter().filter(|(other, _)| other == name);
        found.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    for (name, value) in HEADERS {
        assert_eq!(values(name), [value], "{} {}", answer.status, answer.text());
    }
    let [policy] = &values("permissions-policy")[..] else { panic!("{:?}", answer.headers) };
    let mut features = policy.split(", ");
    assert!(features.all(|feature| feature.ends_with("=()")) && policy.contains("camera=()"), "{policy}");
    assert_eq!(values("strict-transport-security"), [""; 0], "there is no TLS");
    assert_eq!(values("access-control-allow-credentials"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_its_files_and_every_error_of_envoy_have_all_headers() {
    let folder = built();
    let mut pair = pair(folder.path()).await;
    let page = get(&pair, "/", &[]).await;
    assert_eq!((page.status, page.text().as_str()), (200, INDEX));
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    has_every_header(&page);

    for (path, kind, control) in [
        (SCRIPT, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/assets/index-77aa.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/favicon.svg", "image/svg+xml", "no-cache"),
    ] {
        let file = get(&pair, path, &[]).await;
        assert_eq!(file.status, 200, "{path}");
        assert_eq!((file.header("content-type"), file.header("cache-control")), (Some(kind), Some(control)), "{path}");
        assert_eq!(file.body, fs::read(folder.path().join(&path[1..])).unwrap(), "{path}");
        has_every_header(&file);
        let head = web::request(pair.edge(), "HEAD", path, &[], b"").await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
    }

    let long = "x".repeat(17 * 1024);
    for (status, path, headers) in [
        (404, "/assets/index-00000000.js", &[][..]),
        (404, "/nothing.here", &[("accept", "text/html")]),
        (431, "/", &[("x-long", long.as_str())]),
        (400, "/", &[("x_under_score", "x")]),
        (400, "/assets%2f..", &[]),
    ] {
        let answer = get(&pair, path, headers).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        has_every_header(&answer);
    }
    pair.auth.kill();
    let answer = get(&pair, "/.well-known/jwks.json", &[]).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    has_every_header(&answer);
    let page = get(&pair, "/", &[]).await;
    assert_eq!(page.status, 200, "the page needs no service");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_of_the_page_is_the_page_and_nothing_else_is() {
    let folder = built();
    let pair = pair(folder.path()).await;
    let html = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    for path in
        ["/tasks", "/tasks/0190b0b0-0000-7000-8000-00000000002a", "/lists/inbox?filter=a.b", "/account/sessions/"]
    {
        let answer = get(&pair, path, &[html]).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, INDEX), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
        has_every_header(&answer);
        assert_eq!(web::request(pair.edge(), "HEAD", path, &[html], b"").await.status, 200, "{path}");
        // A script that asks for something else must not take the page for it.
        assert_eq!(get(&pair, path, &[("accept", "application/json")]).await.status, 404, "{path}");
        assert_eq!(get(&pair, path, &[]).await.status, 404, "{path}");
        assert_eq!(web::request(pair.edge(), "POST", path, &[html], b"").await.status, 404, "{path}");
    }
    for path in [
        "/assets/",
        "/assets/nothing",
        "/assets/index-4f3c2b1a.jsx",
        "/index.html",
        "/robots.txt",
        "/duet.auth.v1.TokenService/ValidateToken",
        "/duet.auth.v1.Nothing/AtAll",
        "/grpc.nothing/Here",
    ] {
        let answer = get(&pair, path, &[html]).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        assert!(!answer.text().contains("<!doctype"), "{path}");
    }
    assert_eq!(web::request(pair.edge(), "POST", SCRIPT, &[], b"").await.status, 404);
    assert_eq!(
        get(&pair, "/.well-known/jwks.json", &[html]).await.header("content-type"),
        Some("application/jwk-set+json")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_compressed() {
    let folder = built();
    let pair = pair(folder.path()).await;
    let plain = get(&pair, SCRIPT, &[]).await;
    assert_eq!((plain.header("content-encoding"), plain.body.len()), (None, script().len()));
    for (accepted, encoding) in [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0.1, gzip;q=0", "br")] {
        let answer = get(&pair, SCRIPT, &[("accept-encoding", accepted)]).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (200, Some(encoding)), "{accepted}");
        assert!(answer.body.len() < plain.body.len() / 2, "{accepted}: {}", answer.body.len());
        assert!(answer.header("vary").is_some_and(|vary| vary.to_lowercase().contains("accept-encoding")));
        has_every_header(&answer);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_page_the_port_says_what_is_missing() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let page = get(&pair, "/", &[]).await;
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(text.contains("has not been built") && text.contains("Node") && text.contains("cargo xtask up"), "{text}");
    assert!(text.contains(&pair.edge().to_string()), "{text}");
    has_every_header(&page);
    assert_eq!(get(&pair, "/tasks", &[("accept", "text/html")]).await.status, 404);
}
