//! What the claims of other issuers say.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Payload, Person, Profile};
use crate::{
    jwt::Object,
    token::{Grant, Holder, Life, Rejection},
};

/// The longest subject, in bytes.
const LONGEST_SUBJECT: usize = 255;
/// Registered claims that are text wherever they stand.
const TEXTS: [&str; 5] = ["sub", "jti", "client_id", "azp", "scope"];

/// Whose a token is, as its payload says it.
struct Said<'a> {
    subject: &'a str,
    name: Option<&'a str>,
    email: Option<&'a str>,
}

impl Profile {
    /// What verified claims say, if they say what is demanded of this issuer.
    pub(crate) fn grant(&self, claims: &Object, now: DateTime<Utc>) -> Result<Grant, Rejection> {
        // First of all what kind of thing it is: others are signed with the same key.
        let session_end = match self.payload {
            Payload::Claims => None,
            Payload::CookieCache => Some(CookieCache::of(claims)?.session_end()?),
        };
        self.check_audience(claims)?;
        self.check_required(claims)?;
        let said = match self.payload {
            Payload::Claims => registered(claims)?,
            Payload::CookieCache => CookieCache::of(claims)?.said()?,
        };
        let life = Life {
            issue: seconds(claims, "iat")?.ok_or(Rejection::InvalidClaims)?,
            begin: seconds(claims, "nbf")?,
            expire: seconds(claims, "exp")?.ok_or(Rejection::InvalidClaims)?,
        };
        let (issue_time, expire_time) = life.check(self.longest_life + super::CLOCK_READINGS, now)?;
        let client_id = claims.text("client_id").or_else(|| claims.text("azp")).unwrap_or_default();
        Ok(Grant {
            issuer: self.issuer().to_owned(),
            client_id: client_id.to_owned(),
            key_id: String::new(),
            scopes: self.scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            issue_time,
            expire_time: session_end.map_or(expire_time, |end| expire_time.min(end)),
            holder: Holder::Person(Person::new(self, said.subject, said.name, said.email)),
        })
    }

    fn check_audience(&self, claims: &Object) -> Result<(), Rejection> {
        let Some(wanted) = &self.audience else { return Ok(()) };
        let named = match claims.get("aud").ok_or(Rejection::InvalidClaims)? {
            Value::String(one) => one == wanted,
            Value::Array(several) => {
                let texts: Option<Vec<_>> = several.iter().map(Value::as_str).collect();
                texts.ok_or(Rejection::InvalidClaims)?.contains(&wanted.as_str())
            }
            _ => return Err(Rejection::InvalidClaims),
        };
        if named { Ok(()) } else { Err(Rejection::WrongAudience) }
    }

    fn check_required(&self, claims: &Object) -> Result<(), Rejection> {
        let is_there = |name: &String| claims.get(name).is_some_and(|value| !value.is_null());
        let is_text = |name: &&str| claims.get(name).is_none_or(Value::is_string);
        // Bound to a key that the bearer would have to prove (RFC 7800): nobody checks that here.
        let is_bound = claims.has("cnf");
        match !is_bound && self.required_claims.iter().all(is_there) && TEXTS.iter().all(is_text) {
            true => Ok(()),
            false => Err(Rejection::InvalidClaims),
        }
    }
}

fn registered(claims: &Object) -> Result<Said<'_>, Rejection> {
    let subject = subject(claims.get("sub"))?;
    // A client that acts for itself is no person (RFC 9068, 2.2).
    if ["client_id", "azp"].into_iter().any(|name| claims.text(name) == Some(subject)) {
        return Err(Rejection::InvalidClaims);
    }
    Ok(Said { subject, name: claims.text("name"), email: claims.text("email") })
}

fn subject(value: Option<&Value>) -> Result<&str, Rejection> {
    let text = value.and_then(Value::as_str).filter(|text| (1..=LONGEST_SUBJECT).contains(&text.len()));
    text.filter(|text| !text.chars().any(char::is_control)).ok_or(Rejection::InvalidClaims)
}

fn seconds(claims: &Object, name: &str) -> Result<Option<i64>, Rejection> {
    claims.get(name).map(|value| value.as_i64().ok_or(Rejection::InvalidClaims)).transpose()
}

/// The session and the user that Better Auth keeps in a cookie. It signs other things with the same secret, such as
/// what it sends to verify an e-mail address: those have neither.
struct CookieCache<'a> {
    session: &'a serde_json::Map<String, Value>,
    user: &'a serde_json::Map<String, Value>,
}

impl<'a> CookieCache<'a> {
    fn of(claims: &'a Object) -> Result<Self, Rejection> {
        let object = |name| claims.get(name).and_then(Value::as_object).ok_or(Rejection::WrongType);
        Ok(Self { session: object("session")?, user: object("user")? })
    }

    fn said(&self) -> Result<Said<'a>, Rejection> {
        let subject = subject(self.user.get("id"))?;
        if self.session.get("userId").and_then(Value::as_str) != Some(subject) {
            return Err(Rejection::InvalidClaims);
        }
        let text = |name| self.user.get(name).and_then(Value::as_str);
        Ok(Said { subject, name: text("name"), email: text("email") })
    }

    fn session_end(&self) -> Result<DateTime<Utc>, Rejection> {
        let text = self.session.get("expiresAt").and_then(Value::as_str).ok_or(Rejection::InvalidClaims)?;
        let end = DateTime::parse_from_rfc3339(text).map_err(|_| Rejection::InvalidClaims)?;
        Ok(end.with_timezone(&Utc))
    }
}
