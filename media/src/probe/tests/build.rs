//! Builds bit streams, transport streams and boxes for tests.

/// Writes bits, most significant first.
#[derive(Clone, Default)]
pub(crate) struct BitWriter {
    bits: Vec<bool>,
}

impl BitWriter {
    pub(crate) fn u(mut self, count: u32, value: u32) -> Self {
        self.bits.extend((0..count).rev().map(|at| (value >> at) & 1 == 1));
        self
    }

    pub(crate) fn ue(self, value: u32) -> Self {
        let bits = (value + 1).ilog2();
        self.u(bits, 0).u(bits + 1, value + 1)
    }

    /// `ue` of each value.
    pub(crate) fn ues(self, values: &[u32]) -> Self {
        values.iter().fold(self, |writer, value| writer.ue(*value))
    }

    /// The bytes behind `header`, with stop bit and emulation prevention.
    pub(crate) fn nal(self, header: &[u8]) -> Vec<u8> {
        let mut bits = self.u(1, 1).bits;
        bits.resize(bits.len().next_multiple_of(8), false);
        let mut nal = header.to_vec();
        for byte in
            bits.chunks(8).map(|bits| bits.iter().fold(0u8, |b, bit| b << 1 | u8::from(*bit)))
        {
            if byte <= 3 && nal.len() > header.len() + 1 && nal.ends_with(&[0, 0]) {
                nal.push(3);
            }
            nal.push(byte);
        }
        nal
    }
}

/// H.264 sequence parameter set of the high profile, 1920x1088 in macroblocks.
pub(crate) struct H264Sps {
    pub(crate) chroma_idc: u32,
    pub(crate) bit_depth: u32,
    /// left, right, top, bottom
    pub(crate) crop: Option<[u32; 4]>,
    pub(crate) frame_mbs_only: bool,
    /// ticks per field and per second
    pub(crate) timing: Option<(u32, u32)>,
    pub(crate) scaling_lists: bool,
}

impl Default for H264Sps {
    fn default() -> Self {
        Self {
            chroma_idc: 1,
            bit_depth: 8,
            crop: Some([0, 0, 0, 4]),
            frame_mbs_only: true,
            timing: Some((1, 60)),
            scaling_lists: false,
        }
    }
}

impl H264Sps {
    pub(crate) fn nal(&self) -> Vec<u8> {
        let mut w = BitWriter::default().u(8, 244).u(8, 0).u(8, 40).ue(0).ue(self.chroma_idc);
        if self.chroma_idc == 3 {
            w = w.u(1, 0);
        }
        w = w
            .ues(&[self.bit_depth - 8, self.bit_depth - 8])
            .u(1, 0)
            .u(1, self.scaling_lists.into());
        if self.scaling_lists {
            // the first list is given: 16 differences of 0; the others are absent
            w = w.u(1, 1).ues(&[0; 16]).u(if self.chroma_idc == 3 { 11 } else { 7 }, 0);
        }
        let rows = if self.frame_mbs_only { 68 } else { 34 };
        // frame number of 4 bits, order type 2, one reference, no gaps
        w = w.ues(&[0, 2, 1]).u(1, 0).ues(&[119, rows - 1]).u(1, self.frame_mbs_only.into());
        if !self.frame_mbs_only {
            w = w.u(1, 0);
        }
        w = w.u(1, 1).u(1, self.crop.is_some().into());
        if let Some(crop) = self.crop {
            w = w.ues(&crop);
        }
        w = w.u(1, self.timing.is_some().into());
        if let Some((units, scale)) = self.timing {
            // extended aspect ratio, overscan, full video signal, chroma location, then the timing
            w = w
                .u(1, 1)
                .u(8, 255)
                .u(32, 0x0010_000b)
                .u(2, 2 + 1)
                .u(1, 1)
                .u(4, 5)
                .u(1, 1)
                .u(24, 0x01_0101);
            w = w.u(1, 1).ues(&[0, 0]).u(1, 1).u(32, units).u(32, scale).u(1, 1);
            w = w.u(4, 0);
        }
        w.nal(&[0x67])
    }
}

/// Slice of picture type `kind` with a frame number and, if the sequence has fields, its parity.
pub(crate) fn h264_slice(
    header: u8,
    first_mb: u32,
    kind: u32,
    frame_num: u32,
    field: Option<bool>,
) -> Vec<u8> {
    let w = BitWriter::default().ues(&[first_mb, kind, 0]).u(4, frame_num);
    let w = match field {
        Some(bottom) => w.u(1, 1).u(1, bottom.into()),
        None => w.u(1, 0),
    };
    w.u(32, 0xdead_beef).nal(&[header])
}

/// An Annex B byte stream.
pub(crate) fn annex_b(nals: &[Vec<u8>]) -> Vec<u8> {
    nals.iter().flat_map(|nal| [&[0, 0, 0, 1], nal.as_slice()].concat()).collect()
}

/// Builder of a transport stream with one program.
pub(crate) struct Ts {
    pub(crate) bytes: Vec<u8>,
}

pub(crate) const VIDEO_PID: u16 = 0x100;
const MAP_PID: u16 = 0x1000;

impl Ts {
    /// Tables with these streams: type, PID, descriptors.
    pub(crate) fn new(streams: &[(u8, u16, &[u8])]) -> Self {
        let mut ts = Self { bytes: Vec::new() };
        let [high, low] = MAP_PID.to_be_bytes();
        ts.section(0, 0, &[0, 1, 0xe0 | high, low]);
        let mut map = vec![0xe1, 0x00, 0xf0, 0x00];
        for (kind, pid, descriptors) in streams {
            let [high, low] = pid.to_be_bytes();
            let len = u8::try_from(descriptors.len()).unwrap();
            map.extend([&[*kind, 0xe0 | high, low, 0xf0, len], *descriptors].concat());
        }
        ts.section(MAP_PID, 2, &map);
        ts
    }

    fn section(&mut self, pid: u16, table: u8, body: &[u8]) {
        let len = u16::try_from(5 + body.len() + 4).unwrap().to_be_bytes();
        let head = [0, table, 0xb0 | len[0], len[1], 0, 1, 0xc1, 0, 0];
        let section = [&head, body, &[0; 4]].concat();
        let mut starts = true;
        for part in section.chunks(184) {
            let mut payload = part.to_vec();
            payload.resize(184, 0xff);
            self.packet(pid, starts, &payload);
            starts = false;
        }
    }

    /// A PES packet with `data`, its last transport packet filled up by an adaptation field.
    pub(crate) fn pes(&mut self, pid: u16, stream_id: u8, pts: u64, data: &[u8]) {
        let pts = pts % (1 << 33);
        let byte = |value: u64| u8::try_from(value & 0xff).unwrap();
        let head = [
            0,
            0,
            1,
            stream_id,
            0,
            0,
            0x80,
            0x80,
            5,
            0x21 | byte(pts >> 29) & 0x0e,
            byte(pts >> 22),
            byte(pts >> 14) | 1,
            byte(pts >> 7),
            byte(pts << 1) | 1,
        ];
        let all = [&head, data].concat();
        let mut starts = true;
        for part in all.chunks(184) {
            self.packet(pid, starts, part);
            starts = false;
        }
    }

    pub(crate) fn packet(&mut self, pid: u16, starts: bool, payload: &[u8]) {
        let [high, low] = pid.to_be_bytes();
        let high = high | if starts { 0x40 } else { 0 };
        let stuffing = 184 - payload.len();
        self.bytes.extend([0x47, high, low, if stuffing == 0 { 0x10 } else { 0x30 }]);
        if stuffing > 0 {
            let mut field = vec![0xff; stuffing];
            field[0] = u8::try_from(stuffing - 1).unwrap();
            if let Some(flags) = field.get_mut(1) {
                *flags = 0;
            }
            self.bytes.extend(field);
        }
        self.bytes.extend(payload);
    }
}

/// A box of an ISO base media file.
pub(crate) fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len() + 8).unwrap();
    [&len.to_be_bytes(), kind.as_slice(), body].concat()
}

/// A box with version 0 and these 32-bit fields behind `flags`.
pub(crate) fn full(kind: [u8; 4], flags: u32, fields: &[u32]) -> Vec<u8> {
    let body: Vec<u8> =
        [flags].iter().chain(fields).flat_map(|field| field.to_be_bytes()).collect();
    boxed(kind, &body)
}
