//! The ledger's file: opened by one process at a time, readable by its owner only, and of a schema
//! this version knows.
//!
//! The lock is on a file beside the database, taken from the operating system, which frees it even
//! when the process is killed. The database itself stays open to readers (`sqlite3 -readonly`).

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::LedgerError;

/// Marks the file as ours: `WMK1`.
const APPLICATION: i32 = 0x574d_4b31;

/// One step of the schema each; `user_version` says how many were taken. A step never changes once
/// released.
const MIGRATIONS: &[&str] = &[include_str!("schema_1.sql"), include_str!("schema_2.sql")];

/// The file and what keeps others out of it. Fields drop in order: the lock goes last.
#[derive(Debug)]
pub(super) struct Opened {
    /// Writes; commits survive a crash of the process, not always one of the machine.
    pub(super) writer: Connection,
    /// Reports and checkpoints.
    pub(super) upkeep: Connection,
    pub(super) lock: File,
}

pub(super) fn open(path: &Path) -> Result<Opened, LedgerError> {
    let lock = private(&beside(path, ".lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(LedgerError::InUse { path: path.into() }),
        Err(TryLockError::Error(source)) => {
            return Err(LedgerError::File { path: path.into(), source });
        }
    }
    // Created here, so that SQLite never creates it readable by others; its side files follow.
    drop(private(path)?);
    let mut writer = connect(path)?;
    prepare(&mut writer, path)?;
    let upkeep = connect(path)?;
    Ok(Opened { writer, upkeep, lock })
}

fn connect(path: &Path) -> Result<Connection, LedgerError> {
    let connection = Connection::open(path).map_err(|source| trouble(path, source))?;
    connection.set_prepared_statement_cache_capacity(64);
    // Nobody else writes; whoever holds the file for a moment with a tool must not hold payments.
    let configured =
        connection.busy_timeout(std::time::Duration::from_millis(100)).and_then(|()| {
            connection.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
                 PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;
                 PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;
                 PRAGMA trusted_schema = OFF;",
            )
        });
    configured.map_err(|source| trouble(path, source))?;
    Ok(connection)
}

/// Brings the file to the newest schema, or says why not.
fn prepare(connection: &mut Connection, path: &Path) -> Result<(), LedgerError> {
    let number = |name: &str| -> Result<i32, LedgerError> {
        connection
            .pragma_query_value(None, name, |row| row.get(0))
            .map_err(|source| trouble(path, source))
    };
    let (application, found) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|source| trouble(path, source))?;
    let new = application == 0 && found == 0 && tables == 0;
    if application != APPLICATION && !new {
        return Err(LedgerError::Foreign { path: path.into(), found: application });
    }
    let supported = i32::try_from(MIGRATIONS.len()).expect("a handful of steps");
    if found > supported {
        return Err(LedgerError::Newer { path: path.into(), found, supported });
    }
    let taken = usize::try_from(found).map_err(|_| LedgerError::Newer {
        path: path.into(),
        found,
        supported,
    })?;
    for (step, sql) in (1_i32..).zip(MIGRATIONS).skip(taken) {
        let migrated = connection.transaction().and_then(|transaction| {
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", step)?;
            transaction.commit()
        });
        migrated.map_err(|source| trouble(path, source))?;
    }
    Ok(())
}

/// Opens the database of a ledger to look at it: nothing is created, locked or changed, whether or
/// not a gateway has it open.
pub(super) fn view(path: &Path) -> Result<Connection, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(std::time::Duration::from_secs(2))?;
        let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
        let (application, found): (i32, i32) = (number("application_id")?, number("user_version")?);
        Ok((connection, application, found))
    });
    let (connection, application, found) = opened.map_err(|source| trouble(path, source))?;
    if application != APPLICATION {
        return Err(LedgerError::Foreign { path: path.into(), found: application });
    }
    let supported = i32::try_from(MIGRATIONS.len()).expect("a handful of steps");
    // What is looked at has been there since the first step; the gateway takes the others.
    if (1..=supported).contains(&found) {
        return Ok(connection);
    }
    Err(LedgerError::Newer { path: path.into(), found, supported })
}

/// A file only its owner can read, created where it is missing.
fn private(path: &Path) -> Result<File, LedgerError> {
    let failed = |source| LedgerError::File { path: path.into(), source };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // It may have been there before, with other rights.
        file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    }
    Ok(file)
}

/// The path with something appended to the file's name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub(super) fn trouble(path: &Path, source: rusqlite::Error) -> LedgerError {
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            LedgerError::Corrupt { path: path.into(), source }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            LedgerError::InUse { path: path.into() }
        }
        _ => LedgerError::Store { action: "open its file", source },
    }
}
