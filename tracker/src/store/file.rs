//! Opening a state: the right program's, a version that is known, of the contracts that are asked for,
//! and nobody else's at the moment.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use alloy_primitives::Address;
use rusqlite::{Connection, OptionalExtension as _};

use super::{Identity, Store, StoreError};

/// Marks the file as ours: `WMKD`.
const APPLICATION: i32 = 0x574d_4b44;

/// One step of the schema each; `user_version` says how many were taken. A step never changes once
/// released.
const MIGRATIONS: &[&str] = &[include_str!("schema_1.sql")];

impl Store {
    /// Opens a state, or begins one.
    pub fn open(path: &Path, identity: Identity) -> Result<Self, StoreError> {
        let lock = lock(path)?;
        let connection = Connection::open(path);
        let connection = connection.map_err(|source| trouble(path, source))?;
        let setup = connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768;
             PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = FILE;
             PRAGMA trusted_schema = OFF;",
        );
        setup.map_err(|source| trouble(path, source))?;
        Self::prepare(connection, path, identity, Some(lock))
    }

    /// Begins a state that ends with the process. It is a file as well, so memory stays bounded.
    pub fn temporary(identity: Identity) -> Result<Self, StoreError> {
        let path = Path::new("");
        let connection = Connection::open(path).map_err(|source| trouble(path, source))?;
        let setup = connection.execute_batch(
            "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;
             PRAGMA temp_store = FILE; PRAGMA trusted_schema = OFF;",
        );
        setup.map_err(|source| trouble(path, source))?;
        Self::prepare(connection, path, identity, None)
    }

    fn prepare(
        mut connection: Connection,
        path: &Path,
        identity: Identity,
        lock: Option<File>,
    ) -> Result<Self, StoreError> {
        connection.set_prepared_statement_cache_capacity(64);
        migrate(&mut connection, path)?;
        let store = Self { connection, path: path.into(), identity, _lock: lock };
        store.identify()?;
        Ok(store)
    }

    /// The contracts of a state never change; the chain's id is filled in once it is known.
    fn identify(&self) -> Result<(), StoreError> {
        let Identity { contracts, chain_id } = self.identity;
        let shown = |address: Option<Address>| {
            address.map_or_else(|| "none".to_owned(), |address| format!("{address:#x}"))
        };
        let mut entries = vec![
            ("broker", shown(Some(contracts.broker))),
            ("registry", shown(contracts.registry)),
            ("bonding", shown(contracts.bonding)),
        ];
        entries.extend(chain_id.map(|id| ("chain", id.to_string())));
        for (what, asked) in entries {
            let stored: Option<String> = self
                .connection
                .query_row("SELECT value FROM meta WHERE key = ?1", [what], |row| row.get(0))
                .optional()
                .map_err(|source| self.trouble(source))?;
            match stored {
                Some(stored) if stored != asked => {
                    return Err(StoreError::Other { path: self.path.clone(), what, stored, asked });
                }
                Some(_) => {}
                None => {
                    self.connection
                        .execute("INSERT INTO meta (key, value) VALUES (?1, ?2)", (what, asked))
                        .map_err(|source| self.trouble(source))?;
                }
            }
        }
        Ok(())
    }
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let number = |name: &str| -> Result<i32, StoreError> {
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
        return Err(StoreError::Foreign { path: path.into(), found: application });
    }
    let supported = i32::try_from(MIGRATIONS.len()).expect("a handful of steps");
    let newer = || StoreError::Newer { path: path.into(), found, supported };
    let taken = usize::try_from(found).map_err(|_| newer())?;
    if found > supported {
        return Err(newer());
    }
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

/// A lock on a file beside the state, which the operating system frees even when the process is killed.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let beside = PathBuf::from(name);
    let failed = |source| StoreError::Lock { path: beside.clone(), source };
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&beside);
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.into() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn trouble(path: &Path, source: rusqlite::Error) -> StoreError {
    StoreError::Database { path: path.into(), source }
}
