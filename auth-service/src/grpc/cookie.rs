//! The cookie that holds a page's refresh token, out of reach of the page's scripts.
//!
//! It is set, read and cleared here and nowhere else, and only for a page of an allowed origin: the browser also sends
//! it for pages of other ports of the same host, which it takes for the same site.

use http::header::{COOKIE, HeaderMap, HeaderValue, ORIGIN, SET_COOKIE};
use proto::auth::v1::{RefreshTokenDelivery, Tokens};
use secrecy::{ExposeSecret, SecretString};
use service_runtime::{clock::Clock, status::Violations};
use tonic::{
    Response, Status,
    metadata::{AsciiMetadataValue, MetadataMap},
};

use crate::{
    browser::BrowserOrigins,
    error::{Error, Result},
    sessions::{Delivery, TokenPair},
};

/// `__Host-`: a browser takes it only from this very host, over TLS or on loopback, and for all paths.
const NAME: &str = "__Host-duet-refresh";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// Sets, reads and clears the cookie.
pub(crate) struct Cookies {
    pub(crate) origins: BrowserOrigins,
    pub(crate) clock: Clock,
}

impl Cookies {
    /// How the refresh tokens of a session that is asked for will travel. To be asked before the attempt is counted: who
    /// is refused here tries no password, and otherwise any page could use up the attempts of whoever looks at it.
    ///
    /// # Errors
    /// `OriginNotAllowed` when it is to be the cookie, and the page may not have it; `Malformed` as
    /// [`shown`](Self::shown); `Invalid` for a way that is not known.
    pub(super) fn delivery(&self, metadata: &MetadataMap, wanted: i32) -> Result<Delivery> {
        match RefreshTokenDelivery::try_from(wanted) {
            Ok(RefreshTokenDelivery::Unspecified | RefreshTokenDelivery::Message) => Ok(Delivery::Message),
            Ok(RefreshTokenDelivery::Cookie) => {
                self.check_origin(metadata.as_ref())?;
                Ok(Delivery::Cookie { replaces: read(metadata.as_ref())? })
            }
            Err(_) => {
                let mut violations = Violations::default();
                violations.add("refresh_token_delivery", "must be MESSAGE or COOKIE");
                Err(Error::Invalid(violations))
            }
        }
    }

    /// The token in the cookie, if the call has one.
    ///
    /// # Errors
    /// `OriginNotAllowed` when it was not shown by a page that may; `Malformed` when there are several.
    pub(super) fn shown(&self, metadata: &MetadataMap) -> Result<Option<SecretString>> {
        let headers = metadata.as_ref();
        if tokens(headers).next().is_some() {
            self.check_origin(headers)?;
        }
        read(headers)
    }

    /// An answer with new tokens: the refresh token in the message, or in the cookie.
    pub(super) fn answer<T>(
        &self,
        in_cookie: bool,
        pair: TokenPair,
        message: impl FnOnce(Tokens) -> T,
    ) -> Result<Response<T>, Status> {
        let cookie = in_cookie.then(|| {
            let life = (pair.refresh_expire_time - self.clock.now()).num_seconds().max(0);
            format!("{NAME}={}; {ATTRIBUTES}; Max-Age={life}", pair.refresh.expose_secret())
        });
        let mut tokens = Tokens::from(pair);
        if in_cookie {
            tokens.refresh_token.clear();
        }
        let mut response = Response::new(message(tokens));
        if let Some(cookie) = cookie {
            set(response.metadata_mut(), &cookie)?;
        }
        Ok(response)
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<()> {
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next().map(HeaderValue::to_str), origins.next()) {
            (Some(Ok(origin)), None) if self.origins.allow(origin) => Ok(()),
            _ => Err(Error::OriginNotAllowed),
        }
    }
}

/// Has the browser forget the cookie.
pub(super) fn clear(metadata: &mut MetadataMap) -> Result<(), Status> {
    set(metadata, &format!("{NAME}=; {ATTRIBUTES}; Max-Age=0"))
}

fn set(metadata: &mut MetadataMap, cookie: &str) -> Result<(), Status> {
    let mut value = AsciiMetadataValue::try_from(cookie).map_err(Error::internal)?;
    // Not printed, and not kept by HPACK.
    value.set_sensitive(true);
    metadata.insert(SET_COOKIE.as_str(), value);
    Ok(())
}

fn read(headers: &HeaderMap) -> Result<Option<SecretString>> {
    let mut tokens = tokens(headers);
    let token = tokens.next().map(SecretString::from);
    match tokens.next() {
        None => Ok(token),
        // Which of them the page was given, nobody can tell.
        Some(_) => Err(Error::Malformed("the refresh token's cookie came twice; clear the cookies of this site")),
    }
}

/// What all cookies of the name hold. HTTP/2 may send each cookie as a header of its own.
fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let pairs = headers.get_all(COOKIE).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| {
        let (name, value) = std::str::from_utf8(pair).ok()?.split_once('=')?;
        (name.trim() == NAME).then_some(value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(values: &[&str]) -> Result<Option<String>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(COOKIE, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        read(&headers).map(|token| token.map(|token| token.expose_secret().to_owned()))
    }

    #[test]
    fn finds_the_one_cookie_among_others() {
        for none in [&[][..], &[""], &["a=b"], &["__Host-duet-refresh"], &["__host-duet-refresh=x"], &["é=1; a"]] {
            assert_eq!(found(none).unwrap(), None, "{none:?}");
        }
        for one in [
            &["__Host-duet-refresh=x"][..],
            &["a=b; __Host-duet-refresh=x; c=é"],
            &["a=b;__Host-duet-refresh= x ;"],
            &["a=b", "__Host-duet-refresh=x"],
            &["x__Host-duet-refresh=y; __Host-duet-refresh=x; __Host-duet-refreshx=z"],
        ] {
            assert_eq!(found(one).unwrap().as_deref(), Some("x"), "{one:?}");
        }
        assert_eq!(found(&["__Host-duet-refresh="]).unwrap().as_deref(), Some(""), "it is there, and empty");
    }

    #[test]
    fn chooses_between_none() {
        for two in [
            &["__Host-duet-refresh=x; __Host-duet-refresh=x"][..],
            &["__Host-duet-refresh=x", "__Host-duet-refresh=y"],
            &["__Host-duet-refresh=; __Host-duet-refresh=y"],
        ] {
            assert!(matches!(found(two), Err(Error::Malformed(_))), "{two:?}");
        }
    }
}
