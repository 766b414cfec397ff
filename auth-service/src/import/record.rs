//! One line of an import: what must stand there, and every rule that it breaks.

use std::{fmt, mem};

use authn::UserId;
use chrono::{DateTime, SubsecRound, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use crate::{email::Email, store::NewUser, stored_hash::StoredHash, user::DisplayName};

/// The report shows no more of an unknown field's name than this.
const SHOWN_CHARACTERS: usize = 50;

/// A user as another system knew one.
pub(super) struct Record {
    pub(super) email: Email,
    password_hash: StoredHash,
    display_name: DisplayName,
    create_time: Option<DateTime<Utc>>,
}

impl Record {
    /// Reads a line.
    ///
    /// # Errors
    /// Every rule that it breaks, with the field in front. Nothing that stands in a field is repeated.
    pub(super) fn parse(line: &[u8], now: DateTime<Utc>) -> Result<Self, Vec<String>> {
        let fields: Fields = serde_json::from_slice(line).map_err(|error| vec![complaint(&error)])?;
        let mut draft = Draft { fields: fields.0, broken: Vec::new() };
        let words = |rules: Vec<&str>| rules.into_iter().map(ToOwned::to_owned).collect();
        let email = draft.required("email", |text| Email::parse(&text).map_err(words));
        let password_hash = draft.required("password_hash", |text| StoredHash::parse(&text).map_err(|rule| vec![rule]));
        let name = draft.optional("display_name", |text| DisplayName::parse(text).map_err(words));
        let create_time = draft.optional("create_time", |text| past(&text, now).map_err(|rule| vec![rule.to_owned()]));
        draft.refuse_the_rest();
        match (email, password_hash, draft.broken) {
            (Some(email), Some(password_hash), broken) if broken.is_empty() => {
                let display_name = name.unwrap_or_default();
                Ok(Self { email, password_hash, display_name, create_time })
            }
            (_, _, broken) => Err(broken),
        }
    }

    /// The user to be made.
    pub(super) fn into_user(self, id: UserId, now: DateTime<Utc>) -> NewUser {
        NewUser {
            id,
            email: self.email,
            display_name: self.display_name,
            password_hash: self.password_hash,
            create_time: self.create_time.unwrap_or(now),
        }
    }
}

/// What is left of a line, and what is wrong with it.
struct Draft {
    fields: Vec<(String, Value)>,
    broken: Vec<String>,
}

impl Draft {
    fn required<T>(&mut self, name: &str, parse: impl FnOnce(String) -> Result<T, Vec<String>>) -> Option<T> {
        let before = self.broken.len();
        let value = self.optional(name, parse);
        if value.is_none() && self.broken.len() == before {
            self.broken.push(format!("{name}: is missing"));
        }
        value
    }

    fn optional<T>(&mut self, name: &str, parse: impl FnOnce(String) -> Result<T, Vec<String>>) -> Option<T> {
        let (mut own, others): (Vec<_>, Vec<_>) =
            mem::take(&mut self.fields).into_iter().partition(|(key, _)| key == name);
        self.fields = others;
        if own.len() > 1 {
            self.broken.push(format!("{name}: stands there more than once"));
            return None;
        }
        match own.pop()?.1 {
            Value::Null => None,
            Value::String(text) => match parse(text) {
                Ok(value) => Some(value),
                Err(rules) => {
                    self.broken.extend(rules.into_iter().map(|rule| format!("{name}: {rule}")));
                    None
                }
            },
            _ => {
                self.broken.push(format!("{name}: must be text"));
                None
            }
        }
    }

    fn refuse_the_rest(&mut self) {
        for (name, _) in mem::take(&mut self.fields) {
            let shown: String = name.chars().take(SHOWN_CHARACTERS).collect();
            self.broken.push(format!("{shown:?}: is no field of an import"));
        }
    }
}

fn past(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, &'static str> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| "must be a time such as 2024-05-01T12:00:00Z")?;
    match time.to_utc().trunc_subsecs(6) {
        time if time > now => Err("must not lie ahead"),
        time if time < DateTime::UNIX_EPOCH => Err("must not lie before 1970"),
        time => Ok(time),
    }
}

/// The parser's own words may repeat what stands in the line, which may be secret.
fn complaint(error: &serde_json::Error) -> String {
    match error.is_data() {
        true => "is no JSON object".to_owned(),
        false => format!("is not well-formed JSON, at byte {}", error.column()),
    }
}

/// The fields of an object, in order, those that stand there twice included.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Fields;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}
