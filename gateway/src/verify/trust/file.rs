//! What is known of orchestrators, and the secret of the draws: `trust.sqlite3` in the data directory.
//!
//! A file of its own: the spend ledger's has one writer, which must never wait for anybody else, and a
//! gateway without a chain has no ledger.

use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension as _, params};
use waymark_verification::trust::Key;

const NAME: &str = "trust.sqlite3";
/// Marks the file as ours: `WMKT`.
const APPLICATION: i32 = 0x574d_4b54;
const VERSION: i32 = 1;
const SCHEMA: &str = "
    CREATE TABLE orchestrators (key TEXT PRIMARY KEY, entry TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;";
const SECRET: &str = "audit draws";

/// What is known of orchestrators cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The file cannot be made.
    #[error("{} cannot be opened", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// It is something else, or a newer version's.
    #[error(
        "{} is no trust file of version {VERSION}: it says application {application:#x}, version \
         {version}; move it away to begin with orchestrators nobody knows",
        path.display()
    )]
    Foreign {
        /// Its path.
        path: PathBuf,
        /// What it is, as it says.
        application: i32,
        /// Its version.
        version: i32,
    },
    /// The database refuses.
    #[error(
        "{} cannot be used; if it is damaged, move it away to begin with orchestrators nobody knows",
        path.display()
    )]
    Store {
        /// Its path.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// Metrics collide.
    #[error("the metrics of trust cannot be set up")]
    Metrics(#[from] prometheus::Error),
}

/// The open file.
#[derive(Debug)]
pub(super) struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    pub(super) fn open(folder: &Path) -> Result<Self, TrustError> {
        let path = folder.join(NAME);
        private(&path).map_err(|source| TrustError::File { path: path.clone(), source })?;
        let opened = Connection::open(&path).and_then(|connection| {
            connection.busy_timeout(Duration::from_secs(2))?;
            connection.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF;",
            )?;
            let number = |name| connection.pragma_query_value(None, name, |row| row.get(0));
            let (application, version): (i32, i32) =
                (number("application_id")?, number("user_version")?);
            let tables: i64 = connection
                .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            Ok((connection, application, version, tables))
        });
        let trouble = |source| TrustError::Store { path: path.clone(), source };
        let (mut connection, application, version, tables) = opened.map_err(trouble)?;
        match (application, version, tables) {
            (APPLICATION, VERSION, _) => {}
            (0, 0, 0) => create(&mut connection).map_err(trouble)?,
            _ => return Err(TrustError::Foreign { path, application, version }),
        }
        Ok(Self { connection, path })
    }

    /// The secret of the draws; made the first time.
    pub(super) fn secret(&mut self, make: fn() -> [u8; 32]) -> Result<[u8; 32], TrustError> {
        let select = "SELECT value FROM secrets WHERE name = ?1";
        let read = |connection: &Connection| {
            connection.query_row(select, [SECRET], |row| row.get(0)).optional()
        };
        let connection = &self.connection;
        let secret = read(connection).and_then(|found: Option<[u8; 32]>| {
            if let Some(secret) = found {
                return Ok(secret);
            }
            let secret = make();
            let insert = "INSERT INTO secrets (name, value) VALUES (?1, ?2)";
            connection.execute(insert, params![SECRET, secret])?;
            Ok(secret)
        });
        secret.map_err(|source| self.trouble(source))
    }

    /// Everything that is kept.
    pub(super) fn entries(&self) -> Result<Vec<(String, String)>, TrustError> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut select = self.connection.prepare("SELECT key, entry FROM orchestrators")?;
            select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        read().map_err(|source| self.trouble(source))
    }

    /// Writes all of it or nothing.
    pub(super) fn write(&mut self, changes: &[(Key, Option<String>)]) -> Result<(), TrustError> {
        let written = self.connection.transaction().and_then(|transaction| {
            {
                let mut put = transaction.prepare_cached(
                    "INSERT INTO orchestrators (key, entry) VALUES (?1, ?2)
                     ON CONFLICT (key) DO UPDATE SET entry = excluded.entry",
                )?;
                let mut delete =
                    transaction.prepare_cached("DELETE FROM orchestrators WHERE key = ?1")?;
                for (key, entry) in changes {
                    match entry {
                        Some(entry) => put.execute(params![key.as_str(), entry])?,
                        None => delete.execute([key.as_str()])?,
                    };
                }
            }
            transaction.commit()
        });
        written.map_err(|source| self.trouble(source))
    }

    fn trouble(&self, source: rusqlite::Error) -> TrustError {
        TrustError::Store { path: self.path.clone(), source }
    }
}

fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// Created here, so that SQLite never creates it readable by others; its side files follow.
fn private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    drop(file);
    Ok(())
}
