//! The command `doctor`: looks at everything that a service needs, changes nothing, and says what is wrong and how to
//! mend it. Each service has checks of its own; [`checks`] are those that both have.

pub mod checks;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Args;
use serde_json::json;

/// How the findings are told.
#[derive(Args, Clone, Copy, Debug)]
pub struct DoctorOptions {
    /// One JSON object a line: check, status (ok, failed or skipped), message
    #[arg(long)]
    pub json: bool,
}

/// What was found, in the order in which it was looked for.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

#[derive(Debug)]
struct Finding {
    check: &'static str,
    status: Status,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Ok,
    Failed,
    /// It could not be looked at, because something else has failed.
    Skipped,
}

impl Findings {
    /// Takes down what a check found; an error says what is wrong and how to mend it.
    pub fn add(&mut self, check: &'static str, found: anyhow::Result<impl Into<String>>) {
        self.keep(check, found.map(|message| ((), message.into())));
    }

    /// As [`add`](Self::add), for a check that yields something that others need.
    pub fn keep<T>(&mut self, check: &'static str, found: anyhow::Result<(T, String)>) -> Option<T> {
        let (status, message, kept) = match found {
            Ok((kept, message)) => (Status::Ok, message, Some(kept)),
            Err(error) => (Status::Failed, format!("{error:#}"), None),
        };
        self.0.push(Finding { check, status, message });
        kept
    }

    /// Takes down that checks could not be made, because of something that has failed.
    pub fn skip(&mut self, checks: &[&'static str], because: &str) {
        let skipped = |check: &&'static str| Finding { check, status: Status::Skipped, message: because.to_owned() };
        self.0.extend(checks.iter().map(skipped));
    }

    /// Tells all of it on standard output. The exit status is 0 if nothing is wrong, else 1.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn tell(&self, options: DoctorOptions) -> io::Result<ExitCode> {
        let mut output = io::stdout().lock();
        let told = self.0.iter().try_for_each(|finding| match options.json {
            true => writeln!(output, "{}", finding.as_json()),
            false => writeln!(output, "{}", finding.as_line()),
        });
        match told.and_then(|()| output.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
        let well = self.0.iter().all(|finding| finding.status == Status::Ok);
        Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl Finding {
    fn as_line(&self) -> String {
        let status = if self.status == Status::Failed { "FAILED" } else { self.status.name() };
        // What a database or another server says may have several lines.
        let message = self.message.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{status:8}{:16}{message}", self.check)
    }

    fn as_json(&self) -> serde_json::Value {
        json!({ "check": self.check, "status": self.status.name(), "message": self.message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Findings {
        let mut findings = Findings::default();
        findings.add("settings", Ok("they are in order"));
        findings.add("database", Err::<String, _>(anyhow::anyhow!("no route\n to host").context("see TEST_URL")));
        findings.skip(&["clock"], "the database cannot be asked");
        findings
    }

    #[test]
    fn each_finding_is_one_line_with_its_causes() {
        let lines: Vec<_> = findings().0.iter().map(Finding::as_line).collect();
        assert_eq!(lines[0], "ok      settings        they are in order");
        assert_eq!(lines[1], "FAILED  database        see TEST_URL: no route to host");
        assert_eq!(lines[2], "skipped clock           the database cannot be asked");
        let line = findings().0[1].as_json();
        assert_eq!((&line["check"], &line["status"]), (&json!("database"), &json!("failed")));
    }

    #[test]
    fn only_a_clean_sheet_is_success() {
        let options = DoctorOptions { json: true };
        assert_eq!(findings().tell(options).unwrap(), ExitCode::FAILURE);
        let mut skipped = Findings::default();
        skipped.skip(&["clock"], "nobody knows");
        assert_eq!(skipped.tell(options).unwrap(), ExitCode::FAILURE);
        assert_eq!(Findings::default().tell(options).unwrap(), ExitCode::SUCCESS);
    }

    #[test]
    fn what_others_need_is_kept_if_it_is_there() {
        let mut findings = Findings::default();
        assert_eq!(findings.keep("one", Ok((1, "there".to_owned()))), Some(1));
        assert_eq!(findings.keep::<u8>("two", Err(anyhow::anyhow!("not there"))), None);
    }
}
