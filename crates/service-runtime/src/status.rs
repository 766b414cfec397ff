//! Refusals in one shape: every status that is not OK carries `google.rpc.ErrorInfo`, and where it helps
//! `BadRequest`, `RetryInfo`, `PreconditionFailure` or `RequestInfo` (AIP-193).

use std::{collections::HashMap, error::Error, time::Duration};

use sea_orm::DbErr;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::database;

/// Reasons that the runtime itself gives, under each service's own domain.
pub mod reason {
    /// A field broke a rule.
    pub const VALIDATION_FAILED: &str = "VALIDATION_FAILED";
    /// The database cannot be reached.
    pub const DATABASE_UNAVAILABLE: &str = "DATABASE_UNAVAILABLE";
    /// There is more to do than the server can.
    pub const OVERLOADED: &str = "OVERLOADED";
    /// Too late.
    pub const DEADLINE_EXCEEDED: &str = "DEADLINE_EXCEEDED";
    /// The server is about to stop.
    pub const SHUTTING_DOWN: &str = "SHUTTING_DOWN";
    /// A message or its metadata is too large.
    pub const MESSAGE_TOO_LARGE: &str = "MESSAGE_TOO_LARGE";
    /// No such RPC on this port.
    pub const METHOD_UNKNOWN: &str = "METHOD_UNKNOWN";
    /// Not well-formed gRPC.
    pub const REQUEST_MALFORMED: &str = "REQUEST_MALFORMED";
    /// Our fault.
    pub const INTERNAL: &str = "INTERNAL";

    /// All of them: each service's contract has to know them.
    pub const ALL: [&str; 9] = [
        VALIDATION_FAILED,
        DATABASE_UNAVAILABLE,
        OVERLOADED,
        DEADLINE_EXCEEDED,
        SHUTTING_DOWN,
        MESSAGE_TOO_LARGE,
        METHOD_UNKNOWN,
        REQUEST_MALFORMED,
        INTERNAL,
    ];
}

/// A status in the making.
#[derive(Debug)]
pub struct Refusal {
    domain: &'static str,
    code: Code,
    reason: String,
    message: String,
    metadata: HashMap<String, String>,
    details: ErrorDetails,
}

impl Refusal {
    /// A refusal whose `ErrorInfo` says `reason` in `domain`. The message is for people and names the mend.
    pub fn new(domain: &'static str, code: Code, reason: &str, message: impl Into<String>) -> Self {
        Self {
            domain,
            code,
            reason: reason.to_owned(),
            message: message.into(),
            metadata: HashMap::new(),
            details: ErrorDetails::new(),
        }
    }

    /// Adds a field that broke a rule (`BadRequest`).
    #[must_use]
    pub fn violation(mut self, field: impl Into<String>, description: impl Into<String>) -> Self {
        self.details.add_bad_request_violation(field, description);
        self
    }

    /// Says which quota is used up (`QuotaFailure`).
    #[must_use]
    pub fn quota(mut self, subject: impl Into<String>, description: impl Into<String>) -> Self {
        self.details.add_quota_failure_violation(subject, description);
        self
    }

    /// Says when it is worth trying again (`RetryInfo`).
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.details.set_retry_info(Some(delay));
        self
    }

    /// Adds to the metadata of `ErrorInfo`.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Adds what must be different first (`PreconditionFailure`).
    #[must_use]
    pub fn precondition(
        mut self,
        kind: impl Into<String>,
        subject: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        self.details.add_precondition_failure_violation(kind, subject, description);
        self
    }

    /// The status to answer.
    pub fn into_status(mut self) -> Status {
        self.details.set_error_info(self.reason, self.domain, self.metadata);
        Status::with_error_details(self.code, self.message, self.details)
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        refusal.into_status()
    }
}

/// Every field that broke a rule, gathered so that all are answered at once.
#[derive(Debug, Default)]
pub struct Violations(Vec<(String, String)>);

impl Violations {
    /// Adds one.
    pub fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        self.0.push((field.into(), description.into()));
    }

    /// Whether all rules were kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// VALIDATION_FAILED with every violation, or nothing to say.
    ///
    /// # Errors
    /// When there is at least one violation.
    pub fn into_result(self, domain: &'static str) -> Result<(), Status> {
        if self.0.is_empty() { Ok(()) } else { Err(self.into_status(domain)) }
    }

    /// VALIDATION_FAILED with every violation.
    pub fn into_status(self, domain: &'static str) -> Status {
        let mut fields: Vec<&str> = self.0.iter().map(|(field, _)| field.as_str()).collect();
        fields.dedup();
        let message = format!("the request breaks a rule in: {}", fields.join(", "));
        let refusal = Refusal::new(domain, Code::InvalidArgument, reason::VALIDATION_FAILED, message);
        self.0.into_iter().fold(refusal, |refusal, (field, description)| refusal.violation(field, description)).into()
    }
}

/// Logs the cause of our own failure once and answers INTERNAL without it. The server adds the `RequestInfo`.
pub fn internal(domain: &'static str, cause: &dyn Error) -> Status {
    tracing::error!(cause = %chain(cause), "a call failed by our fault");
    Refusal::new(domain, Code::Internal, reason::INTERNAL, "internal error").into()
}

/// What a database error means to a caller: UNAVAILABLE while it cannot be reached, else our own fault.
pub fn database(domain: &'static str, error: &DbErr) -> Status {
    if database::is_unavailable(error) { unavailable(domain, error) } else { internal(domain, error) }
}

/// Logs why the database cannot be used now and answers UNAVAILABLE without it.
pub fn unavailable(domain: &'static str, cause: &DbErr) -> Status {
    tracing::warn!(cause = %chain(cause), "the database cannot be used");
    Refusal::new(domain, Code::Unavailable, reason::DATABASE_UNAVAILABLE, "the database cannot be reached; try again")
        .retry_after(Duration::from_secs(1))
        .into()
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
