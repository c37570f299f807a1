//! Writes one file into memory: MPEG-TS or MP4, timestamps untouched.

use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

use bytes::Bytes;
use ffmpeg_next as ffmpeg;
use ffmpeg_next::codec::{self, Parameters};
use ffmpeg_next::format::context::{Output, StreamIo};
use ffmpeg_next::{Dictionary, Packet, Rational, encoder, format};
use parking_lot::Mutex;

use crate::Container;
use crate::av::{Fault, clear_codec_tag, failed};
use crate::faststart;

/// A file being written. Streams are added first, then [`Muxer::begin`], then packets.
pub(crate) struct Muxer {
    output: Output,
    file: MemoryFile,
    container: Container,
    streams: Vec<Track>,
}

struct Track {
    /// Clock of the packets handed in, and of the container's stream.
    from: Rational,
    to: Rational,
    last_dts: Option<i64>,
}

impl Muxer {
    pub(crate) fn new(container: Container) -> Result<Self, Fault> {
        let file = MemoryFile::default();
        let io =
            StreamIo::from_write_seek(file.clone()).map_err(failed("open memory for output"))?;
        let name = match container {
            Container::MpegTs => "mpegts",
            Container::Mp4 => "mp4",
        };
        let output =
            format::output_to_stream(io, None, Some(name)).map_err(|source| match source {
                ffmpeg::Error::MuxerNotFound => Fault::Missing("muxer for this container"),
                source => Fault::Failed { action: "open a muxer", source },
            })?;
        Ok(Self { output, file, container, streams: Vec::new() })
    }

    /// Adds an encoder's stream; its packets come in `time_base`.
    pub(crate) fn add_encoder(
        &mut self,
        encoder: &codec::Context,
        time_base: Rational,
    ) -> Result<usize, Fault> {
        self.add(parameters_of(encoder), time_base)
    }

    /// Adds a stream that is copied from an input; its packets come in `time_base`.
    pub(crate) fn add_copy(
        &mut self,
        parameters: &Parameters,
        time_base: Rational,
    ) -> Result<usize, Fault> {
        let mut parameters = parameters.clone();
        clear_codec_tag(&mut parameters);
        self.add(parameters, time_base)
    }

    fn add(&mut self, parameters: Parameters, time_base: Rational) -> Result<usize, Fault> {
        let mut stream = self
            .output
            .add_stream(encoder::find(codec::Id::None))
            .map_err(failed("add a stream"))?;
        stream.set_time_base(time_base);
        stream.set_parameters(parameters);
        self.streams.push(Track { from: time_base, to: time_base, last_dts: None });
        Ok(self.streams.len() - 1)
    }

    /// Writes the header; no stream can be added after.
    pub(crate) fn begin(&mut self) -> Result<(), Fault> {
        self.begin_with(&[])
    }

    /// As [`begin`](Self::begin), with further options of the muxer.
    pub(crate) fn begin_with(&mut self, further: &[(&str, &str)]) -> Result<(), Fault> {
        let mut options = Dictionary::new();
        for (name, value) in further {
            options.set(name, value);
        }
        // Negative decoding times are what streams have that start near 0 or across a wrap: they are
        // written as they are, so that a rendition's clock stays its source's.
        options.set("avoid_negative_ts", "disabled");
        if self.container == Container::Mp4 {
            options.set("movie_timescale", "90000");
        }
        self.output.write_header_with(options).map_err(failed("write a file header"))?;
        for (index, track) in self.streams.iter_mut().enumerate() {
            if let Some(stream) = self.output.stream(index) {
                track.to = stream.time_base();
            }
        }
        Ok(())
    }

    /// Writes a packet. One whose decoding time does not advance is dropped, as muxers refuse it.
    pub(crate) fn write(&mut self, stream: usize, mut packet: Packet) -> Result<(), Fault> {
        let Some(track) = self.streams.get_mut(stream) else { return Ok(()) };
        packet.rescale_ts(track.from, track.to);
        packet.set_stream(stream);
        packet.set_position(-1);
        if packet.pts().is_none() {
            packet.set_pts(packet.dts());
        }
        if packet.dts().is_none() {
            packet.set_dts(packet.pts());
        }
        let Some(dts) = packet.dts() else { return Ok(()) };
        if packet.size() == 0 || track.last_dts.is_some_and(|last| dts <= last) {
            return Ok(());
        }
        track.last_dts = Some(dts);
        packet.write_interleaved(&mut self.output).map_err(failed("write a packet"))
    }

    /// Ends the file and hands it out.
    pub(crate) fn finish(mut self) -> Result<Bytes, Fault> {
        self.output.write_trailer().map_err(failed("write a file trailer"))?;
        let bytes = self.file.take();
        Ok(Bytes::from(match self.container {
            Container::MpegTs => bytes,
            Container::Mp4 => faststart::index_first(bytes),
        }))
    }
}

/// What a muxer needs to know of an encoder's stream.
pub(crate) fn parameters_of(encoder: &codec::Context) -> Parameters {
    Parameters::from(ContextRef(encoder))
}

/// Lets a borrowed context be read for its parameters.
struct ContextRef<'a>(&'a codec::Context);

impl AsRef<codec::Context> for ContextRef<'_> {
    fn as_ref(&self) -> &codec::Context {
        self.0
    }
}

/// A file in memory that the muxer writes and its owner takes.
#[derive(Clone, Default)]
struct MemoryFile(Arc<Mutex<Contents>>);

#[derive(Default)]
struct Contents {
    bytes: Vec<u8>,
    at: usize,
}

impl MemoryFile {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().bytes)
    }
}

impl Write for MemoryFile {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut file = self.0.lock();
        let (at, end) = (file.at, file.at + data.len());
        if file.bytes.len() < end {
            file.bytes.resize(end, 0);
        }
        if let Some(place) = file.bytes.get_mut(at..end) {
            place.copy_from_slice(data);
        }
        file.at = end;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for MemoryFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let mut file = self.0.lock();
        let (base, offset) = match to {
            SeekFrom::Start(at) => (at, 0),
            SeekFrom::Current(by) => (file.at as u64, by),
            SeekFrom::End(by) => (file.bytes.len() as u64, by),
        };
        let at = base.checked_add_signed(offset).and_then(|at| usize::try_from(at).ok());
        // Nothing seeks beyond the end; a gap there would be memory that was never written.
        let at = at.filter(|at| *at <= file.bytes.len());
        file.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(file.at as u64)
    }
}
