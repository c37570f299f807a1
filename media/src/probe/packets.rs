//! Packets of a transport stream, found through garbage and lost synchronisation.
//!
//! Every step moves forward, so a walk is linear in the input whatever it holds.

/// Bytes of a packet; some recordings put 4 or 16 more around each.
const PACKET: usize = 188;
const STRIDES: [usize; 3] = [PACKET, 192, 204];
const SYNC: u8 = 0x47;
/// Packets in a row that make a synchronisation believable.
const CONFIRM: usize = 5;

/// One packet's header and payload.
#[derive(Clone, Copy)]
pub(crate) struct Packet<'a> {
    pub(crate) pid: u16,
    /// A table section or PES packet starts in the payload.
    pub(crate) starts: bool,
    /// The adaptation field marks an entry point.
    pub(crate) random_access: bool,
    /// Empty if the packet has none, or if it is scrambled.
    pub(crate) payload: &'a [u8],
    /// Where the payload starts in the file.
    pub(crate) at: usize,
}

impl Packet<'_> {
    /// Where the packet starts in the file.
    pub(crate) const fn start(&self) -> usize {
        (self.at + self.payload.len()).saturating_sub(PACKET)
    }
}

/// Iterator over the packets of a stream.
#[derive(Clone)]
pub(crate) struct Packets<'a> {
    bytes: &'a [u8],
    at: usize,
    stride: usize,
    /// Bytes passed over: between packets, and of packets marked as damaged.
    skipped: u64,
}

impl<'a> Packets<'a> {
    /// `None` if the bytes have no transport stream's rhythm anywhere.
    pub(crate) fn find(bytes: &'a [u8]) -> Option<Self> {
        memchr::memchr_iter(SYNC, bytes).find_map(|at| {
            let stride = STRIDES.into_iter().find(|stride| {
                let hits =
                    bytes.get(at..).unwrap_or_default().iter().step_by(*stride).take(CONFIRM);
                let available = (bytes.len() - at).div_ceil(*stride).min(CONFIRM);
                // few packets only count where they are all there is
                let enough = available == CONFIRM || (available >= 2 && at < *stride);
                enough && hits.filter(|byte| **byte == SYNC).count() == available
            })?;
            // in a longer stride, what is before the first packet is not the stream's
            let skipped = if at + PACKET <= stride { 0 } else { at as u64 };
            Some(Self { bytes, at, stride, skipped })
        })
    }

    /// The whole file.
    pub(crate) const fn file(&self) -> &'a [u8] {
        self.bytes
    }

    /// Bytes of the file up to now, and behind the last packet, that are in none.
    pub(crate) fn skipped(&self) -> u64 {
        let rest = self.bytes.len().saturating_sub(self.at);
        // what is behind the packet of a longer stride is not the stream's
        self.skipped + if rest < PACKET { rest as u64 } else { 0 }
    }

    /// Moves to where two packets in a row begin, or one with nothing behind it.
    fn resync(&mut self) -> Option<()> {
        let from = self.at;
        let rest = self.bytes.get(from..)?;
        let at = memchr::memchr_iter(SYNC, rest)
            .find(|at| rest.get(at + self.stride).is_none_or(|byte| *byte == SYNC));
        let Some(at) = at else {
            self.skipped += rest.len() as u64;
            self.at = self.bytes.len();
            return None;
        };
        self.skipped += at as u64;
        self.at = from + at;
        Some(())
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    #[inline]
    fn next(&mut self) -> Option<Packet<'a>> {
        loop {
            if *self.bytes.get(self.at)? != SYNC {
                self.resync()?;
            }
            let end = self.at + PACKET;
            let raw = self.bytes.get(self.at..end)?;
            self.at += self.stride;
            if let Some(packet) = parse(raw, end) {
                return Some(packet);
            }
            self.skipped += PACKET as u64;
        }
    }
}

/// A packet of 188 bytes that ends at `end` in the file; `None` if it is marked as damaged.
#[inline]
fn parse(raw: &[u8], end: usize) -> Option<Packet<'_>> {
    let [_, high, low, control, body @ ..] = raw else { return None };
    if high & 0x80 != 0 {
        return None;
    }
    let (mut payload, mut random_access) = (body, false);
    if control & 0x20 != 0 {
        let [len, field @ ..] = body else { return None };
        random_access = *len > 0 && field.first().is_some_and(|flags| flags & 0x40 != 0);
        payload = field.get(usize::from(*len)..).unwrap_or_default();
    }
    if control & 0x10 == 0 || control & 0xc0 != 0 {
        payload = &[];
    }
    Some(Packet {
        pid: u16::from_be_bytes([high & 0x1f, *low]),
        starts: high & 0x40 != 0,
        random_access,
        payload,
        at: end - payload.len(),
    })
}

/// The header of a PES packet (ISO/IEC 13818-1 2.4.3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PesHeader {
    pub(crate) stream_id: u8,
    /// Presentation time in 90 kHz ticks, 33 bits.
    pub(crate) pts: Option<u64>,
    /// Decoding time, where it is another.
    pub(crate) dts: Option<u64>,
    /// Bytes before the elementary stream's data.
    pub(crate) len: usize,
    /// Bytes of that data, where the header says.
    pub(crate) body: Option<usize>,
}

/// Reads the header at the start of a payload.
pub(crate) fn pes_header(payload: &[u8]) -> Option<PesHeader> {
    let [0, 0, 1, stream_id, high, low, _, flags, header_len, fields @ ..] = payload else {
        return None;
    };
    let stamp = |flag: u8, at: usize| {
        let bytes = fields.get(at..).filter(|_| flags & flag == flag)?;
        bytes.first_chunk().copied().map(time_stamp)
    };
    let len = 9 + usize::from(*header_len);
    // counted from behind the length itself
    let all = usize::from(u16::from_be_bytes([*high, *low]));
    let body = (all > 0).then(|| (all + 6).saturating_sub(len));
    Some(PesHeader { stream_id: *stream_id, pts: stamp(0x80, 0), dts: stamp(0xc0, 5), len, body })
}

/// A time stamp: 3, 15 and 15 bits with a marker bit behind each.
fn time_stamp(bytes: [u8; 5]) -> u64 {
    let all = bytes.iter().fold(0u64, |all, byte| (all << 8) | u64::from(*byte));
    ((all >> 33 & 0x7) << 30) | ((all >> 17 & 0x7fff) << 15) | (all >> 1 & 0x7fff)
}
