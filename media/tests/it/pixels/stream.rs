//! A transport stream written by hand, so that it can say what no multiplexer would write.

const PACKET: usize = 188;
const VIDEO: u16 = 0x101;

/// A stream under construction: tables first, then pictures.
#[derive(Debug)]
pub(crate) struct Stream {
    bytes: Vec<u8>,
    video: u16,
    counter: u8,
}

impl Stream {
    /// Where the program's table is.
    pub(crate) const TABLE: u16 = 0x100;

    /// With so many video streams declared, of which the first has the pictures.
    pub(crate) fn new(streams: u16) -> Self {
        Self::declaring(&(VIDEO..VIDEO + streams).collect::<Vec<_>>())
    }

    /// With its video on a PID that may be taken.
    pub(crate) fn with_video_at(pid: u16) -> Self {
        Self::declaring(&[pid])
    }

    fn declaring(pids: &[u16]) -> Self {
        let mut stream = Self { bytes: Vec::new(), video: pids[0], counter: 0 };
        let [high, low] = (0xe000 | Self::TABLE).to_be_bytes();
        stream.table(0, 0, &[0, 1, high, low]);
        let [high, low] = (0xe000 | pids[0]).to_be_bytes();
        let mut program = vec![high, low, 0xf0, 0];
        for pid in pids {
            let [high, low] = (0xe000 | pid).to_be_bytes();
            program.extend([0x1b, high, low, 0xf0, 0]);
        }
        stream.table(Self::TABLE, 2, &program);
        stream
    }

    fn table(&mut self, pid: u16, id: u8, body: &[u8]) {
        let length = u8::try_from(body.len() + 9).unwrap_or_else(|_| panic!("too long"));
        let mut section = vec![id, 0xb0, length, 0, 1, 0xc1, 0, 0];
        section.extend(body);
        section.extend(crc(&section).to_be_bytes());
        section.insert(0, 0);
        section.resize(PACKET - 4, 0xff);
        self.packets(pid, &section);
    }

    /// Adds a picture of these NAL units, in a PES packet of its own.
    pub(crate) fn picture(&mut self, pts: u64, units: &[&[u8]]) {
        let byte = |shift: u32| pts.wrapping_shr(shift).to_le_bytes()[0];
        let last = (pts << 1).to_le_bytes()[0] | 1;
        let stamp = [0x21 | byte(29) & 0xe, byte(22), byte(14) | 1, byte(7), last];
        let mut pes = vec![0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5];
        pes.extend(stamp);
        pes.extend([0, 0, 0, 1, 9, 0xf0]);
        for unit in units {
            pes.extend([0, 0, 0, 1]);
            pes.extend(*unit);
        }
        self.packets(self.video, &pes);
    }

    fn packets(&mut self, pid: u16, payload: &[u8]) {
        for (n, piece) in payload.chunks(PACKET - 4).enumerate() {
            let [high, low] = pid.to_be_bytes();
            let start = if n == 0 { 0x40 } else { 0 };
            let stuffing = PACKET - 4 - piece.len();
            let control = if stuffing > 0 { 0x30 } else { 0x10 } | self.counter & 0xf;
            self.bytes.extend([0x47, start | high, low, control]);
            if pid == self.video {
                self.counter = self.counter.wrapping_add(1);
            }
            if stuffing > 0 {
                self.bytes.push(u8::try_from(stuffing - 1).unwrap_or(0));
                self.bytes.extend((1..stuffing).map(|n| if n == 1 { 0 } else { 0xff }));
            }
            self.bytes.extend(piece);
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// CRC-32 of sections (ISO/IEC 13818-1 annex A).
fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            if crc >> 31 == 1 { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 }
        })
    })
}

/// A sequence parameter set of the baseline profile for pictures of this size.
pub(crate) fn sps(width: u32, height: u32) -> Vec<u8> {
    // number of the set, frame numbers of 4 bits, order by decoding, one reference picture, no gaps; then the size
    let sides = [width / 16 - 1, height / 16 - 1].map(code);
    let mut bits = format!("{}{}{}{}0{}{}", code(0), code(0), code(2), code(1), sides[0], sides[1]);
    // frames only, 8x8 inference, neither cropping nor usability information, the end
    bits.push_str("11001");
    let mut nal = vec![0x67, 66, 0xc0, 51];
    while bits.len() % 8 != 0 {
        bits.push('0');
    }
    for byte in bits.as_bytes().chunks(8) {
        let byte = byte.iter().fold(0u8, |byte, bit| byte << 1 | (bit - b'0'));
        nal.push(byte);
    }
    nal
}

/// A number in Exp-Golomb code.
fn code(value: u32) -> String {
    let digits = format!("{:b}", value + 1);
    "0".repeat(digits.len() - 1) + &digits
}
