//! BLAKE3 of a stream that comes in small pieces: they are gathered, since the hash is fast over kilobytes only.

/// Bytes gathered before they are hashed.
const BLOCK: usize = 16 * 1024;

pub(super) struct Digest {
    hasher: blake3::Hasher,
    block: Vec<u8>,
}

impl Digest {
    pub(super) fn new() -> Self {
        Self { hasher: blake3::Hasher::new(), block: Vec::new() }
    }

    pub(super) fn add(&mut self, piece: &[u8]) {
        if piece.len() >= BLOCK {
            self.flush();
            self.hasher.update(piece);
            return;
        }
        if self.block.len() + piece.len() > BLOCK {
            self.flush();
        }
        self.block.extend_from_slice(piece);
    }

    fn flush(&mut self) {
        self.hasher.update(&self.block);
        self.block.clear();
    }

    pub(super) fn end(mut self) -> [u8; 32] {
        self.flush();
        self.hasher.finalize().into()
    }
}

/// The first 16 bytes of the hash of a packet.
pub(super) fn short(bytes: &[u8]) -> [u8; 16] {
    let whole: [u8; 32] = blake3::hash(bytes).into();
    whole.first_chunk().copied().unwrap_or_default()
}
