//! A transaction that was seen, as pgbench does it again and again.

use anyhow::{Context, bail};
use uuid::Uuid;

use crate::tap::{Parameter, Sent};

/// A user for each client, as SQL knows it by the client's number.
pub const USER: &str = "lpad(:client_id::text, 32, '0')::uuid";
/// A task that no other transaction makes.
const TASK: &str = "lpad(:task::text, 32, '0')::uuid";
/// The user's revision, which the transaction's own statement gave.
const REVISION: &str = ":revision";

/// What was in the answer to the transaction that was seen, and is another thing each time.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Whose transaction it was.
    pub user: Uuid,
    /// What it made.
    pub task: Uuid,
    /// What it was given by the statement that raises the user's revision.
    pub revision: i64,
}

/// Writes the script.
///
/// # Errors
/// When a value is of a type that nothing is known of.
pub fn write(statements: &[Sent], known: Known) -> anyhow::Result<String> {
    let mut script = "\\set task :task + 1\n".to_owned();
    for statement in statements {
        let values: Vec<_> = (statement.parameters.iter())
            .map(|parameter| literal(parameter, known))
            .collect::<anyhow::Result<_>>()
            .with_context(|| format!("cannot write {:?}", statement.text))?;
        script += &fill(&statement.text.replace('\n', " "), &values).context("a parameter is missing")?;
        script += if gives_revision(&statement.text) { " \\gset\n" } else { ";\n" };
    }
    Ok(script)
}

fn gives_revision(statement: &str) -> bool {
    statement.starts_with("INSERT INTO \"user_revision\"") && statement.contains("RETURNING")
}

/// Puts the values where their numbers stand.
fn fill(statement: &str, values: &[String]) -> Option<String> {
    let mut parts = statement.split('$');
    let mut filled = parts.next()?.to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = part[..digits].parse().ok()?;
        filled += values.get(number.checked_sub(1)?)?;
        filled += &part[digits..];
    }
    Some(filled)
}

/// By the numbers that PostgreSQL's catalogue gives its types.
fn literal(parameter: &Parameter, known: Known) -> anyhow::Result<String> {
    let Some(value) = &parameter.value else { return Ok("NULL".to_owned()) };
    let integer = || -> anyhow::Result<i64> {
        match **value {
            [high, low] => Ok(i16::from_be_bytes([high, low]).into()),
            [a, b, c, d] => Ok(i32::from_be_bytes([a, b, c, d]).into()),
            [a, b, c, d, e, f, g, h] => Ok(i64::from_be_bytes([a, b, c, d, e, f, g, h])),
            _ => bail!("a number of {} bytes", value.len()),
        }
    };
    Ok(match parameter.oid {
        // bool
        16 => (value[..] == [1]).to_string(),
        // int8: the revision among them
        20 if integer()? == known.revision => REVISION.to_owned(),
        // int8, int2, int4
        20 | 21 | 23 => integer()?.to_string(),
        // json, text, varchar
        114 | 25 | 1043 => quoted(value)?,
        // jsonb, behind the version of its form
        3802 => quoted(value.get(1..).context("a jsonb without a version")?)? + "::jsonb",
        // timestamptz: the time of the recording would do as well, but for the colons in it
        1184 => "now()".to_owned(),
        // uuid
        2950 => match Uuid::from_slice(value)? {
            id if id == known.user => USER.to_owned(),
            id if id == known.task => TASK.to_owned(),
            id => format!("'{id}'::uuid"),
        },
        oid => bail!("a parameter of type {oid}"),
    })
}

fn quoted(text: &[u8]) -> anyhow::Result<String> {
    Ok(format!("'{}'", str::from_utf8(text)?.replace('\'', "''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str, parameters: &[(u32, &[u8])]) -> Sent {
        let parameter = |(oid, value): &(u32, &[u8])| Parameter { oid: *oid, value: Some(value.to_vec()) };
        Sent { text: text.to_owned(), parameters: parameters.iter().map(parameter).collect() }
    }

    #[test]
    fn what_differs_from_one_transaction_to_the_next_is_a_variable() {
        let known = Known { user: Uuid::from_u128(1), task: Uuid::from_u128(2), revision: 9 };
        let (user, task, list) = (known.user.into_bytes(), known.task.into_bytes(), Uuid::from_u128(3).into_bytes());
        let (one, nine) = (1_i32.to_be_bytes(), 9_i64.to_be_bytes());
        let statements = [
            sent("BEGIN", &[]),
            sent("INSERT INTO \"user_revision\" VALUES ($1, $2) RETURNING \"revision\"", &[(2950, &user), (23, &one)]),
            sent(
                "INSERT INTO \"task\" VALUES ($1, $2, $3, $4, $5, $6, $7)",
                &[
                    (2950, &user),
                    (2950, &task),
                    (2950, &list),
                    (20, &nine),
                    (25, b"it's"),
                    (3802, b"\x01[]"),
                    (16, b"\x01"),
                ],
            ),
        ];
        let script = write(&statements, known).unwrap();
        let expected = [
            "\\set task :task + 1".to_owned(),
            "BEGIN;".to_owned(),
            format!("INSERT INTO \"user_revision\" VALUES ({USER}, 1) RETURNING \"revision\" \\gset"),
            format!(
                "INSERT INTO \"task\" VALUES ({USER}, {TASK}, '00000000-0000-0000-0000-000000000003'::uuid, :revision, \
                 'it''s', '[]'::jsonb, true);"
            ),
        ];
        assert_eq!(script.lines().collect::<Vec<_>>(), expected);
        assert!(write(&[sent("SELECT $1", &[(600, b"")])], known).is_err());
        assert!(write(&[sent("SELECT $2", &[(23, &one)])], known).is_err());
    }
}
