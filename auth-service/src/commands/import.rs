//! `auth-service users import`.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;

use super::output::{Output, Progress};
use crate::{
    event::Origin,
    import::{Import, Lines, Tally},
    users::Users,
};

/// Whom to import, and whether.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Each line is one user:
  {\"email\": \"ada@example.org\", \"password_hash\": \"<as the other system keeps it>\", \"display_name\": \"Ada\",
   \"create_time\": \"2024-05-01T12:00:00Z\"}
The last two may be left out. Password hashes may be those of Better Auth (scrypt), bcrypt or argon2; each is replaced
by Duet's own when the user next logs in.

A line that cannot be taken is reported with its number and every reason, and the others are imported. A user whose
address is here already is left as it is, so that the same file may be imported again. The exit status is 1 if a line
was refused.

Examples:
  auth-service users import --dry-run people.jsonl
  auth-service users import people.jsonl > refused.txt
  ssh old-server export-users | auth-service users import -")]
pub struct ImportUsers {
    /// A file of JSON lines, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Check every line, also against the users who are here, and write nothing
    #[arg(long)]
    dry_run: bool,
}

impl ImportUsers {
    pub(super) async fn run(&self, users: &Users) -> anyhow::Result<ExitCode> {
        let shown = self.file.display();
        let reader: Box<dyn BufRead> = match self.file.as_os_str() {
            name if name == "-" => Box::new(io::stdin().lock()),
            name => Box::new(BufReader::new(File::open(name).with_context(|| format!("cannot open {shown}"))?)),
        };
        let origin = Origin::command("auth-service users import");
        let mut import = Import::new(users.store.clone(), users.clock.clone(), origin, self.dry_run);
        let mut output = Output::new();
        let outcome = self.import(&mut import, Lines::new(reader), &mut output).await;
        let tally = import.tally();
        self.sum_up(tally, outcome.is_ok(), &mut output)?;
        outcome.with_context(|| format!("the import of {shown} stopped; import it again to go on"))?;
        Ok(if tally.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn import<R: BufRead>(
        &self,
        import: &mut Import,
        mut lines: Lines<R>,
        output: &mut Output,
    ) -> anyhow::Result<()> {
        let mut progress = Progress::new();
        while let Some((number, line)) = lines.next()? {
            if let Err(reasons) = import.take(number, &line) {
                progress.clear();
                output.line(format_args!("line {number}: {}", reasons.join("; ")))?;
            }
            if import.is_full() {
                import.write().await?;
                output.flush()?;
                progress.tell(number, format_args!("{number} lines, {}", self.words(import.tally())));
            }
        }
        progress.clear();
        Ok(import.write().await?)
    }

    fn sum_up(&self, tally: Tally, whole: bool, output: &mut Output) -> io::Result<()> {
        let lines = tally.lines;
        let end = match (whole, self.dry_run) {
            (false, _) => "; the rest was not looked at",
            (true, true) => "; nothing was written",
            (true, false) => "",
        };
        output.line(format_args!("{lines} lines: {}{end}", self.words(tally)))?;
        output.flush()
    }

    fn words(&self, Tally { imported, unchanged, refused, .. }: Tally) -> String {
        let made = if self.dry_run { "to be imported" } else { "imported" };
        format!("{imported} {made}, {unchanged} unchanged, {refused} refused")
    }
}
