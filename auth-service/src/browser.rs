//! Which pages may have their refresh tokens in a cookie.

use std::str::FromStr;

use axum::http::Uri;

/// The origins of the pages that this installation trusts. Ports separate neither sites nor cookies, so that a browser
/// also sends the cookie for a page of any other port of the same name: only the exact origin tells them apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrowserOrigins(Vec<String>);

impl BrowserOrigins {
    /// That of the issuer and, while that is on loopback, the same port of 127.0.0.1 and localhost. None if it is not
    /// an origin at which a browser keeps the cookie.
    pub fn of_issuer(issuer: &str) -> Self {
        let uri: Option<Uri> = issuer.parse().ok();
        let Some((scheme, host, port)) = uri.as_ref().and_then(parts) else { return Self::default() };
        let mut origins: Vec<String> = canonical(scheme, host, port).into_iter().collect();
        if is_loopback(host) {
            origins.extend(["127.0.0.1", "localhost"].iter().filter_map(|name| canonical(scheme, name, port)));
        }
        Self(origins)
    }

    /// Whether it is one of them, letter by letter as a browser writes it.
    pub(crate) fn allow(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed == origin)
    }
}

impl FromStr for BrowserOrigins {
    type Err = String;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(parse).collect::<Result<_, _>>().map(Self)
    }
}

fn parse(entry: &str) -> Result<String, String> {
    let uri: Option<Uri> = entry.parse().ok();
    let uri = uri.filter(|uri| uri.path() == "/" && uri.query().is_none() && !entry.ends_with('/'));
    let (scheme, host, port) = uri
        .as_ref()
        .and_then(parts)
        .ok_or_else(|| format!("`{entry}` is no origin such as https://duet.example.org"))?;
    canonical(scheme, host, port).ok_or_else(|| {
        format!("`{entry}` must be https: beyond 127.0.0.1 and localhost browsers keep the cookie over TLS only")
    })
}

/// Scheme, host and port, if there is nothing else in the authority.
fn parts(uri: &Uri) -> Option<(&str, &str, Option<u16>)> {
    let (authority, host) = (uri.authority()?, uri.host()?);
    let port = uri.port_u16();
    let written = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    (authority.as_str() == written).then_some((uri.scheme_str()?, host, port))
}

/// As a browser writes it: in lower case, and without the port that the scheme has anyway.
fn canonical(scheme: &str, host: &str, port: Option<u16>) -> Option<String> {
    let usual = match scheme {
        "https" => 443,
        "http" if is_loopback(host) => 80,
        _ => return None,
    };
    let port = port.filter(|port| *port != usual).map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{scheme}://{}{port}", host.to_ascii_lowercase()))
}

fn is_loopback(host: &str) -> bool {
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| host.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(list: &str) -> Vec<String> {
        list.parse::<BrowserOrigins>().unwrap().0
    }

    #[test]
    fn an_issuer_on_loopback_has_both_names_and_one_port() {
        let all = BrowserOrigins::of_issuer("http://127.0.0.1:8080");
        assert!(all.allow("http://127.0.0.1:8080") && all.allow("http://localhost:8080"));
        for other in [
            "http://127.0.0.1:8081",
            "http://127.0.0.1",
            "https://127.0.0.1:8080",
            "http://localhost:80800",
            "http://127.0.0.1:8080/",
            "http://127.0.0.1:8080.evil.example",
            "HTTP://127.0.0.1:8080",
            "null",
            "",
        ] {
            assert!(!all.allow(other), "{other}");
        }
        assert!(BrowserOrigins::of_issuer("http://localhost").allow("http://127.0.0.1"));
    }

    #[test]
    fn another_issuer_has_its_own_origin_alone() {
        let one = BrowserOrigins::of_issuer("https://Duet.example.org:443/auth");
        assert_eq!(one.0, ["https://duet.example.org"]);
        for none in ["http://duet.example.org", "duet", "https://user@duet.example.org"] {
            assert_eq!(BrowserOrigins::of_issuer(none).0, [""; 0], "{none}");
        }
    }

    #[test]
    fn reads_origins_as_browsers_write_them() {
        let read = origins("https://A.example, https://b.example:443 ,http://localhost:5173,http://[::1]:80,");
        assert_eq!(read, ["https://a.example", "https://b.example", "http://localhost:5173", "http://[::1]"]);
        assert_eq!(origins(""), [""; 0]);
    }

    #[test]
    fn refuses_what_is_no_origin_or_cannot_hold_the_cookie() {
        for refused in [
            "*",
            "null",
            "duet.example.org",
            "https://",
            "https://a.example/",
            "https://a.example/path",
            "https://a.example?x",
            "https://user@a.example",
            "https://a.example:",
            "https://a.example:99999",
            "ftp://a.example",
            "http://a.example",
            "http://localhost.evil.example",
            "https://*.a.example/x",
        ] {
            let error = refused.parse::<BrowserOrigins>().unwrap_err();
            assert!(error.contains(refused), "{error}");
        }
        assert!("http://a.example".parse::<BrowserOrigins>().unwrap_err().contains("must be https"));
    }
}
