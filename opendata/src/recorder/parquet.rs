//! Parquet: parts of rows, one partition per UTC day, gateway and tag root.
//!
//! A part is encoded in memory (about 40 bytes a row) and goes to disk in one piece when it is
//! full, old, or the recorder ends: first under a temporary name, then renamed. So no reader ever
//! sees a part without its footer, and a disk that refuses can be tried again. Closed parts that
//! wait for the disk are bounded in bytes; then the oldest is given up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow_schema::SchemaRef;
use jiff::Timestamp;
use jiff::civil::Date;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterPropertiesPtr};
use parquet::schema::types::ColumnPath;

use super::layout::{Layout, date_of};
use super::writer::Progress;
use crate::{Address, Row, record_batch, schema_of};

/// Rows that are turned into columns at once.
const BATCH_ROWS: usize = 1024;

/// Rows in a page.
const PAGE_ROWS: usize = 2048;

/// Parts open at once; one more closes the oldest.
const MAX_OPEN_PARTS: usize = 16;

/// Tag roots that get a directory on one day. Clients may choose `x-` roots, and must not be able
/// to fill the disk with directories.
const MAX_TAG_ROOTS: usize = 32;

/// Where the tag roots beyond that go.
const OTHER_TAG_ROOTS: &str = "other";

/// Bytes of closed parts that may wait for the disk.
const MAX_WAITING_BYTES: usize = 64 << 20;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Partition {
    date: Date,
    gateway: Address,
    tag_root: String,
}

struct OpenPart<R> {
    opened_at: Timestamp,
    first_row: Timestamp,
    writer: ArrowWriter<Vec<u8>>,
    /// Rows not yet given to the encoder.
    pending: Vec<R>,
    rows: u64,
}

struct ClosedPart {
    directory: PathBuf,
    name: String,
    bytes: Vec<u8>,
    rows: u64,
}

pub(super) struct Parquet<R> {
    layout: Layout,
    schema: SchemaRef,
    properties: WriterPropertiesPtr,
    max_rows: u64,
    max_age: Duration,
    open: BTreeMap<Partition, OpenPart<R>>,
    closed: VecDeque<ClosedPart>,
    tag_roots: BTreeMap<Date, BTreeSet<String>>,
    given_up: u64,
    defect: Option<String>,
}

impl<R: Row> Parquet<R> {
    pub(super) fn new(layout: Layout, max_rows: usize, max_age: Duration) -> Self {
        Self {
            layout,
            schema: schema_of::<R>(),
            properties: Arc::new(properties::<R>(max_rows)),
            max_rows: max_rows.try_into().unwrap_or(u64::MAX),
            max_age,
            open: BTreeMap::new(),
            closed: VecDeque::new(),
            tag_roots: BTreeMap::new(),
            given_up: 0,
            defect: None,
        }
    }

    pub(super) fn append(&mut self, rows: impl Iterator<Item = R>, now: Timestamp) {
        for row in rows {
            if let Err(error) = self.append_one(row, now) {
                self.given_up = self.given_up.saturating_add(1);
                self.defect = Some(error.to_string());
            }
        }
    }

    fn append_one(&mut self, row: R, now: Timestamp) -> Result<(), ParquetError> {
        let partition = self.partition_of(&row);
        if !self.open.contains_key(&partition) {
            self.make_room();
            let (schema, properties) = (Arc::clone(&self.schema), (*self.properties).clone());
            let writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties))?;
            let part = OpenPart {
                opened_at: now,
                first_row: row.moment(),
                writer,
                pending: Vec::new(),
                rows: 0,
            };
            self.open.insert(partition.clone(), part);
        }
        let Some(part) = self.open.get_mut(&partition) else { return Ok(()) };
        part.first_row = part.first_row.min(row.moment());
        part.pending.push(row);
        part.rows = part.rows.saturating_add(1);
        if part.rows >= self.max_rows {
            self.close(&partition);
        } else if part.pending.len() >= BATCH_ROWS
            && let Err(error) = part.encode(&self.schema)
        {
            self.lose(&partition, &error);
        }
        Ok(())
    }

    fn partition_of(&mut self, row: &R) -> Partition {
        let date = date_of(row.moment());
        let root = row.tag_root();
        while self.tag_roots.len() > 2 {
            self.tag_roots.pop_first();
        }
        let roots = self.tag_roots.entry(date).or_default();
        if roots.len() < MAX_TAG_ROOTS && !roots.contains(root) {
            roots.insert(root.to_owned());
        }
        let tag_root = if roots.contains(root) { root } else { OTHER_TAG_ROOTS }.to_owned();
        Partition { date, gateway: row.gateway(), tag_root }
    }

    fn make_room(&mut self) {
        while self.open.len() >= MAX_OPEN_PARTS {
            let oldest = self.open.iter().min_by_key(|(_, part)| part.opened_at);
            let Some(oldest) = oldest.map(|(partition, _)| partition.clone()) else { return };
            self.close(&oldest);
        }
    }

    pub(super) fn has_open_parts(&self) -> bool {
        !self.open.is_empty()
    }

    /// Closes parts that are old enough and writes every closed one.
    pub(super) fn write(&mut self, now: Timestamp) -> Progress {
        let old: Vec<_> = self
            .open
            .iter()
            .filter(|(_, part)| {
                // A clock that went back would otherwise keep a part open for ever.
                now < part.opened_at
                    || now.duration_since(part.opened_at).unsigned_abs() >= self.max_age
            })
            .map(|(partition, _)| partition.clone())
            .collect();
        for partition in &old {
            self.close(partition);
        }
        self.write_closed()
    }

    pub(super) fn close_all(&mut self) {
        let all: Vec<_> = self.open.keys().cloned().collect();
        for partition in &all {
            self.close(partition);
        }
    }

    fn close(&mut self, partition: &Partition) {
        let Some(mut part) = self.open.remove(partition) else { return };
        let encoded = part.encode(&self.schema);
        match encoded.and_then(|()| part.writer.into_inner()) {
            Ok(bytes) => {
                let Partition { date, gateway, tag_root } = partition;
                let start = part.first_row.as_millisecond();
                self.closed.push_back(ClosedPart {
                    directory: self.layout.partition(*date, *gateway, tag_root),
                    name: format!("part-{start}-{:016x}.parquet", rand::random::<u64>()),
                    bytes,
                    rows: part.rows,
                });
            }
            Err(error) => {
                self.given_up = self.given_up.saturating_add(part.rows);
                self.defect = Some(error.to_string());
            }
        }
    }

    /// Gives up a part whose rows the encoder refused; that would be a defect of ours.
    fn lose(&mut self, partition: &Partition, error: &ParquetError) {
        let rows = self.open.remove(partition).map_or(0, |part| part.rows);
        self.given_up = self.given_up.saturating_add(rows);
        self.defect = Some(error.to_string());
    }

    /// Rows of closed parts that wait for the disk.
    pub(super) fn waiting(&self) -> u64 {
        self.closed.iter().map(|part| part.rows).fold(0, u64::saturating_add)
    }

    /// Writes closed parts, oldest first, until none waits or the disk refuses.
    pub(super) fn write_closed(&mut self) -> Progress {
        let mut progress = Progress { failure: self.defect.take(), ..Progress::default() };
        while let Some(part) = self.closed.front() {
            if let Err(error) = part.write(&self.layout) {
                progress.failure = Some(format!("{}: {error}", part.directory.display()));
                break;
            }
            progress.written = progress.written.saturating_add(part.rows);
            self.closed.pop_front();
        }
        let mut waiting: usize =
            self.closed.iter().map(|part| part.bytes.len()).fold(0, usize::saturating_add);
        while waiting > MAX_WAITING_BYTES
            && let Some(part) = self.closed.pop_front()
        {
            waiting = waiting.saturating_sub(part.bytes.len());
            self.given_up = self.given_up.saturating_add(part.rows);
        }
        progress.dropped = std::mem::take(&mut self.given_up);
        progress
    }
}

impl<R: Row> OpenPart<R> {
    fn encode(&mut self, schema: &SchemaRef) -> Result<(), ParquetError> {
        if !self.pending.is_empty() {
            let batch = record_batch(schema, &self.pending)?;
            self.writer.write(&batch)?;
            self.pending.clear();
        }
        Ok(())
    }
}

impl ClosedPart {
    /// Writes the part under a temporary name and renames it when it is complete and synced.
    fn write(&self, layout: &Layout) -> io::Result<()> {
        let temporary = layout.temporary();
        fs::create_dir_all(&temporary)?;
        fs::create_dir_all(&self.directory)?;
        let incomplete = temporary.join(&self.name);
        let mut file = File::create(&incomplete)?;
        file.write_all(&self.bytes)?;
        file.sync_all()?;
        fs::rename(&incomplete, self.directory.join(&self.name))
    }
}

fn properties<R: Row>(max_rows: usize) -> WriterProperties {
    let builder = WriterProperties::builder()
        .set_created_by(concat!("waymark ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(max_rows))
        // Rows of an unfinished page are held unencoded, about 1 kB each.
        .set_data_page_row_count_limit(PAGE_ROWS);
    let without_dictionary = |builder: WriterPropertiesBuilder, column: &&str| {
        builder.set_column_dictionary_enabled(ColumnPath::from(*column), false)
    };
    R::RANDOM.iter().fold(builder, without_dictionary).build()
}
