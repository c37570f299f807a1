//! The operator's class files: which there are, whether they changed, and what is in them.

use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use waymark_tagging::{
    Problems,
    class::{ClassFile, MAX_CLASS_FILE_BYTES},
};

/// Most files of one gateway.
const MOST_FILES: usize = 1024;
/// Most bytes of all files together.
const MOST_BYTES: usize = 32 << 20;

/// How files looked at one time. Whatever writes to a file changes one of these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stamps(Vec<Stamp>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    /// `None` where it cannot be looked at.
    state: Option<(u64, Option<SystemTime>)>,
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Text {
    label: String,
    text: String,
}

impl Text {
    pub(super) fn as_class_file(&self) -> ClassFile<'_> {
        ClassFile { label: &self.label, text: &self.text }
    }
}

/// How the files that the settings name look now.
pub(super) fn stamps(named: &[PathBuf]) -> Stamps {
    let mut problems = Problems::default();
    let stamp = |path: PathBuf| {
        let state = fs::metadata(&path).ok();
        let state = state.map(|data| (data.len(), data.modified().ok()));
        Stamp { path, state }
    };
    let mut stamps: Vec<_> = expand(named, &mut problems).into_iter().map(stamp).collect();
    // A directory that cannot be read is a state as well.
    let unread = problems.iter().map(|p| Stamp { path: p.label.as_ref().into(), state: None });
    stamps.extend(unread);
    Stamps(stamps)
}

/// Reads all of them, or says everything that is wrong with reading them.
pub(super) fn read(named: &[PathBuf]) -> Result<Vec<Text>, Problems> {
    let mut problems = Problems::default();
    let mut texts = Vec::new();
    let mut bytes = 0_usize;
    for path in expand(named, &mut problems) {
        let label = path.display().to_string();
        match text(&path) {
            Ok(text) => {
                bytes = bytes.saturating_add(text.len());
                texts.push(Text { label, text });
            }
            Err(error) => problems.refuse(&Arc::from(label), unreadable(&error)),
        }
        if bytes > MOST_BYTES {
            let text = format!("is one file too many; accepted: {MOST_BYTES} bytes in all files");
            problems.refuse(&Arc::from(path.display().to_string()), text);
            break;
        }
    }
    if problems.is_empty() { Ok(texts) } else { Err(problems) }
}

/// Files as they are named, directories as the class files in them, by name.
fn expand(named: &[PathBuf], problems: &mut Problems) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in named {
        let mut refuse = |error: &io::Error| {
            problems.refuse(&Arc::from(path.display().to_string()), unreadable(error));
        };
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        match fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => {
                let mut found: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
                found.retain(|path| is_class_file(path));
                found.sort();
                files.extend(found);
            }
            Err(error) => refuse(&error),
        }
    }
    if files.len() > MOST_FILES {
        let count = files.len();
        files.truncate(MOST_FILES);
        let label = Arc::from("requirements.files");
        problems.refuse(&label, format!("{count} files are named; accepted: at most {MOST_FILES}"));
    }
    files
}

/// Editors leave hidden files and copies beside the one they write.
fn is_class_file(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    let extension = path.extension().and_then(|extension| extension.to_str());
    !hidden && matches!(extension, Some("yaml" | "yml")) && !path.is_dir()
}

/// One byte more than is accepted is enough to see that there is too much.
fn text(path: &Path) -> io::Result<String> {
    let limit = u64::try_from(MAX_CLASS_FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes);
    text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

fn unreadable(error: &io::Error) -> String {
    format!("cannot be read: {error}; name a file, or a directory of *.yaml files")
}
