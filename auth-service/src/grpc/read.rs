//! Requests as domain values; every broken rule is found before the first is answered.

use authn::SessionId;
use prost_types::FieldMask;
use proto::auth::v1 as pb;
use service_runtime::{
    page::{PageRequest, PageSize},
    status::Violations,
};

use crate::{
    deletions::Cursor,
    error::{Error, Result},
    user::DisplayName,
};

const DISPLAY_NAME: &str = "display_name";
/// What may stand in the mask of UpdateMe. What only the server sets changes nothing there (AIP-203).
const KNOWN: [&str; 6] = ["*", DISPLAY_NAME, "id", "create_time", "update_time", "last_login_time"];
/// The answer names no more of a wrong path than this.
const SHOWN_CHARACTERS: usize = 50;

pub(super) fn page(page_size: i32, page_token: String) -> Result<PageRequest> {
    match PageSize::parse(page_size) {
        Some(size) => Ok(PageRequest { size, token: page_token }),
        None => Err(invalid("page_size", "must not be negative")),
    }
}

pub(super) fn session_id(text: &str) -> Result<SessionId> {
    text.parse().map_err(|_| invalid("session_id", "must be a UUID"))
}

/// After which deletion to go on, and how far.
pub(super) fn deletions(cursor: &str, page_size: i32) -> Result<(Cursor, PageSize)> {
    let mut violations = Violations::default();
    let cursor = cursor.parse().unwrap_or_else(|_| {
        violations.add("cursor", "must be empty or the `next_cursor` of an answer before");
        Cursor::default()
    });
    match PageSize::parse_within(page_size, 100, 1000) {
        Some(size) if violations.is_empty() => Ok((cursor, size)),
        size => {
            if size.is_none() {
                violations.add("page_size", "must not be negative");
            }
            Err(Error::Invalid(violations))
        }
    }
}

/// The name that UpdateMe gives the caller; none if it changes nothing.
pub(super) fn new_display_name(user: Option<pb::User>, mask: Option<FieldMask>) -> Result<Option<DisplayName>> {
    let user = user.unwrap_or_default();
    let mut violations = Violations::default();
    let paths = mask.unwrap_or_default().paths;
    // One is enough to mend the mask, and keeps the answer short whatever was sent.
    if let Some(refused) = paths.iter().find(|path| !KNOWN.contains(&path.as_str())) {
        let shown: String = refused.chars().take(SHOWN_CHARACTERS).collect();
        violations.add("update_mask", format!("names {shown:?}, which is no field of a user that can be changed here"));
    }
    let named = match &paths[..] {
        [] => !user.display_name.is_empty(),
        paths => paths.iter().any(|path| path == "*" || path == DISPLAY_NAME),
    };
    let name = named.then(|| DisplayName::parse(user.display_name)).transpose().unwrap_or_else(|broken| {
        broken.into_iter().for_each(|rule| violations.add("user.display_name", rule));
        None
    });
    if violations.is_empty() { Ok(name) } else { Err(Error::Invalid(violations)) }
}

fn invalid(field: &str, rule: &str) -> Error {
    let mut violations = Violations::default();
    violations.add(field, rule);
    Error::Invalid(violations)
}

#[cfg(test)]
mod tests {
    use tonic::Status;
    use tonic_types::StatusExt;

    use super::*;

    fn read(name: &str, paths: &[&str]) -> Result<Option<DisplayName>> {
        let user = pb::User { display_name: name.to_owned(), ..pb::User::default() };
        new_display_name(Some(user), Some(FieldMask { paths: paths.iter().map(|&path| path.to_owned()).collect() }))
    }

    #[test]
    fn a_mask_says_what_changes_and_without_one_what_is_set_does() {
        let name = |read: Result<Option<DisplayName>>| read.unwrap().map(|name| name.as_str().to_owned());
        assert_eq!(name(read("Ada", &[])), Some("Ada".to_owned()));
        assert_eq!(name(read("", &[])), None);
        assert_eq!(name(read("", &["display_name"])), Some(String::new()));
        assert_eq!(name(read("Ada", &["*"])), Some("Ada".to_owned()));
        assert_eq!(name(read("Ada", &["id", "create_time"])), None);
        assert_eq!(name(new_display_name(None, None)), None);
    }

    #[test]
    fn every_broken_rule_is_named() {
        let broken = |read: Result<Option<DisplayName>>| Status::from(read.unwrap_err()).get_error_details();
        let fields = |read| {
            let details = broken(read);
            let violations = &details.bad_request().unwrap().field_violations;
            violations.iter().map(|violation| violation.field.clone()).collect::<Vec<_>>()
        };
        assert_eq!(fields(read("Ada", &["email"])), ["update_mask"]);
        assert_eq!(fields(read("Ada\n", &["password", "display_name", "Email"])), ["update_mask", "user.display_name"]);
    }
}
