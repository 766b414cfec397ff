//! What a failure of the database means to whoever asked for something.

use std::sync::Arc;

use sea_orm::{DbErr, RuntimeErr, SqlxError};

/// What went wrong on a connection of one's own, as it is told of any other.
pub fn sqlx_error(error: SqlxError) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

/// Whether the database cannot be reached or cannot store, so that trying again later may help.
pub fn is_unavailable(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            SqlxError::Database(error) => error.code().is_some_and(|code| is_outage(&code)),
            SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::Protocol(_)
            | SqlxError::PoolTimedOut
            | SqlxError::PoolClosed
            | SqlxError::WorkerCrashed => true,
            _ => false,
        },
        _ => false,
    }
}

/// Whether PostgreSQL gave a transaction up because of another one, so that it may be tried again: a serialization
/// failure, a deadlock, or a lock that was not to be had.
pub fn is_conflict(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| matches!(&*code, "40001" | "40P01" | "55P03"))
}

/// PostgreSQL: connection exceptions (08), too many connections (53), shutdown or crash (57P). SQLite, by its primary
/// code: busy, I/O error, corrupt disk answers, full, cannot open.
fn is_outage(code: &str) -> bool {
    let postgres = code.len() == 5 && ["08", "53", "57P"].iter().any(|class| code.starts_with(class));
    let sqlite = code.len() < 5 && code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 10 | 13 | 14));
    postgres || sqlite
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_outages_from_mistakes() {
        for outage in ["08006", "57P01", "57P03", "53300", "5", "10", "13", "522"] {
            assert!(is_outage(outage), "{outage}");
        }
        for mistake in ["23505", "42P01", "40001", "1", "19", "1555", "2067"] {
            assert!(!is_outage(mistake), "{mistake}");
        }
    }
}
