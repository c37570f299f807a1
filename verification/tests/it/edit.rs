//! Transport streams taken apart, altered and put together again.

pub(crate) mod nal;
pub(crate) mod sps;

/// Bytes of a transport stream packet.
const PACKET: usize = 188;

/// A transport stream as its elementary streams' packets, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stream {
    /// Number of the programme map's packets.
    pmt: u16,
    pub(crate) tracks: Vec<Track>,
    pub(crate) packets: Vec<Pes>,
}

/// A declared elementary stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Track {
    /// Number of its packets.
    pub(crate) pid: u16,
    /// `stream_type` of ISO/IEC 13818-1.
    pub(crate) kind: u8,
}

/// One packetised access unit or group of audio frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pes {
    pub(crate) pid: u16,
    /// `stream_id`.
    pub(crate) id: u8,
    pub(crate) pts: i64,
    pub(crate) dts: i64,
    pub(crate) data: Vec<u8>,
}

/// `stream_type` of H.264.
pub(crate) const H264: u8 = 0x1b;
/// `stream_type` of HEVC.
pub(crate) const HEVC: u8 = 0x24;

impl Stream {
    /// Takes a stream apart. Only for streams known to be whole.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut stream = Self::default();
        let mut open: Vec<(u16, Vec<u8>)> = Vec::new();
        let mut done = Vec::new();
        for packet in bytes.chunks_exact(PACKET) {
            let pid = u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
            let starts = packet[1] & 0x40 != 0;
            let skip = if packet[3] & 0x20 == 0 { 4 } else { 5 + usize::from(packet[4]) };
            if packet[3] & 0x10 == 0 {
                continue;
            }
            let payload = &packet[skip..];
            if pid == 0 && starts {
                stream.pmt = u16::from_be_bytes([payload[11] & 0x1f, payload[12]]);
            } else if pid == stream.pmt && starts && stream.tracks.is_empty() {
                stream.tracks = tracks(&payload[1..]);
            } else if stream.tracks.iter().any(|track| track.pid == pid) {
                if starts {
                    if let Some(at) = open.iter().position(|(other, _)| *other == pid) {
                        done.push(open.remove(at));
                    }
                    open.push((pid, Vec::new()));
                }
                if let Some((_, data)) = open.iter_mut().find(|(other, _)| *other == pid) {
                    data.extend_from_slice(payload);
                }
            }
        }
        done.extend(open);
        stream.packets = done.iter().map(|(pid, bytes)| Pes::read(*pid, bytes)).collect();
        stream.packets.sort_by_key(|pes| pes.dts);
        stream
    }

    /// The file again.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut counters = std::collections::HashMap::new();
        section(&mut out, 0, &pat(self.pmt));
        section(&mut out, self.pmt, &pmt(&self.tracks));
        for pes in &self.packets {
            let bytes = pes.write();
            let counter = counters.entry(pes.pid).or_insert(0u8);
            for (i, chunk) in bytes.chunks(PACKET - 4).enumerate() {
                packet(&mut out, pes.pid, i == 0, *counter, chunk);
                *counter = (*counter + 1) & 0xf;
            }
        }
        out
    }

    /// The number of the first track of this kind.
    pub(crate) fn pid(&self, kind: u8) -> u16 {
        self.tracks.iter().find(|track| track.kind == kind).expect("a track").pid
    }

    /// The packets of the H.264 track.
    pub(crate) fn video(&mut self) -> impl Iterator<Item = &mut Pes> {
        let pid = self.pid(H264);
        self.packets.iter_mut().filter(move |pes| pes.pid == pid)
    }

    /// The packets of all other tracks.
    pub(crate) fn others(&mut self) -> impl Iterator<Item = &mut Pes> {
        let pid = self.pid(H264);
        self.packets.iter_mut().filter(move |pes| pes.pid != pid)
    }
}

impl Pes {
    fn read(pid: u16, bytes: &[u8]) -> Self {
        let stamp = |at: usize| {
            let b = &bytes[at..at + 5];
            i64::from(b[0] >> 1 & 7) << 30
                | i64::from(b[1]) << 22
                | i64::from(b[2] >> 1) << 15
                | i64::from(b[3]) << 7
                | i64::from(b[4] >> 1)
        };
        let pts = stamp(9);
        let dts = if bytes[7] & 0x40 == 0 { pts } else { stamp(14) };
        let data = bytes[9 + usize::from(bytes[8])..].to_vec();
        Self { pid, id: bytes[3], pts, dts, data }
    }

    fn write(&self) -> Vec<u8> {
        let mut out = vec![0, 0, 1, self.id, 0, 0, 0x80, 0xc0, 10];
        for (mark, time) in [(0x30, self.pts), (0x10, self.dts)] {
            let time = time.rem_euclid(1 << 33);
            let bits = |from: u32, mask: i64| u8::try_from(time >> from & mask).expect("bits");
            out.extend([mark | bits(30, 7) << 1 | 1, bits(22, 0xff), bits(15, 0x7f) << 1 | 1]);
            out.extend([bits(7, 0xff), bits(0, 0x7f) << 1 | 1]);
        }
        out.extend_from_slice(&self.data);
        // Audio packets state their length, video packets need not.
        let len = u16::try_from(out.len() - 6).unwrap_or(0);
        let len = if self.id & 0xf0 == 0xe0 { 0 } else { len };
        out[4..6].copy_from_slice(&len.to_be_bytes());
        out
    }
}

fn packet(out: &mut Vec<u8>, pid: u16, starts: bool, counter: u8, payload: &[u8]) {
    let stuffing = PACKET - 4 - payload.len();
    let [high, low] = pid.to_be_bytes();
    let adaptation = if stuffing == 0 { 0x10 } else { 0x30 };
    out.extend([0x47, high | if starts { 0x40 } else { 0 }, low, adaptation | counter]);
    if stuffing > 0 {
        out.push(u8::try_from(stuffing - 1).expect("a byte"));
        if stuffing > 1 {
            out.push(0);
            out.extend(std::iter::repeat_n(0xff, stuffing - 2));
        }
    }
    out.extend_from_slice(payload);
}

fn section(out: &mut Vec<u8>, pid: u16, body: &[u8]) {
    let mut bytes = vec![0];
    bytes.extend_from_slice(body);
    bytes.extend(crc(body).to_be_bytes());
    bytes.resize(PACKET - 4, 0xff);
    packet(out, pid, true, 0, &bytes);
}

fn pat(pmt: u16) -> Vec<u8> {
    let [high, low] = pmt.to_be_bytes();
    vec![0, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xe0 | high, low]
}

fn pmt(tracks: &[Track]) -> Vec<u8> {
    let [high, low] = tracks.first().map_or(0x1fff, |track| track.pid).to_be_bytes();
    let len = u8::try_from(13 + 5 * tracks.len()).expect("few tracks");
    let mut out = vec![2, 0xb0, len, 0, 1, 0xc1, 0, 0, 0xe0 | high, low, 0xf0, 0];
    for track in tracks {
        let [high, low] = track.pid.to_be_bytes();
        out.extend([track.kind, 0xe0 | high, low, 0xf0, 0]);
    }
    out
}

fn tracks(section: &[u8]) -> Vec<Track> {
    let end = 3 + usize::from(u16::from_be_bytes([section[1] & 0xf, section[2]])) - 4;
    let mut at = 12 + usize::from(u16::from_be_bytes([section[10] & 0xf, section[11]]));
    let mut found = Vec::new();
    while at < end {
        let pid = u16::from_be_bytes([section[at + 1] & 0x1f, section[at + 2]]);
        found.push(Track { kind: section[at], pid });
        at += 5 + usize::from(u16::from_be_bytes([section[at + 3] & 0xf, section[at + 4]]));
    }
    found
}

/// CRC-32 of MPEG-2 sections.
fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
            if crc >> 31 == 0 { crc << 1 } else { crc << 1 ^ 0x04c1_1db7 }
        })
    })
}
