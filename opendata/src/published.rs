//! Data files as they are published: which are complete, and what says that one is unchanged.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use sha2::{Digest as _, Sha256};

/// Levels of directories that are looked through: table, date, gateway, root of the tag, and some.
const DEEPEST: usize = 8;

/// What stands for a data file in a signed or committed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedFile {
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Its size.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
}

impl PublishedFile {
    /// Reads all of a file below `<data_dir>/data/v1`, a piece at a time.
    pub fn read(data_dir: &Path, path: &str) -> io::Result<Self> {
        let path = root(data_dir).join(path);
        let mut file = File::open(&path)?;
        let mut hash = Sha256::new();
        let bytes = io::copy(&mut file, &mut hash)?;
        let reader = SerializedFileReader::new(file).map_err(io::Error::other)?;
        let rows = reader.metadata().file_metadata().num_rows();
        Ok(Self { sha256: hash.finalize().into(), bytes, rows: u64::try_from(rows).unwrap_or(0) })
    }
}

/// Every complete Parquet file below `<data_dir>/data/v1`, as paths from there with `/` between names,
/// in order. Files are complete from the moment they have their name.
pub fn closed_files(data_dir: &Path) -> io::Result<Vec<String>> {
    let root = root(data_dir);
    let mut files = Vec::new();
    collect(&root, "", DEEPEST, &mut files)?;
    files.sort_unstable();
    Ok(files)
}

fn root(data_dir: &Path) -> std::path::PathBuf {
    data_dir.join("data/v1")
}

fn collect(
    directory: &Path,
    prefix: &str,
    deeper: usize,
    files: &mut Vec<String>,
) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        // The recorder's names are ASCII; others are not its files.
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() && deeper > 0 {
            collect(&entry.path(), &path, deeper - 1, files)?;
        } else if kind.is_file() && name.ends_with(".parquet") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete_files_are_found_wherever_they_are() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(closed_files(dir.path()).unwrap(), Vec::<String>::new());
        for path in
            ["jobs/date=2/b.parquet", "jobs/date=1/a.parquet", "rounds/1.json", "jobs/.x/c.parquet"]
        {
            let path = root(dir.path()).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "not really").unwrap();
        }
        let found = closed_files(dir.path()).unwrap();
        assert_eq!(found, ["jobs/date=1/a.parquet", "jobs/date=2/b.parquet"]);
        assert!(PublishedFile::read(dir.path(), &found[0]).is_err(), "no Parquet");
    }
}
