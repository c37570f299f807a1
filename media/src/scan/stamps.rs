//! Which time of a PES packet belongs to which frame in it (ISO/IEC 13818-1 2.4.3.7): to the first that starts there.

use std::collections::VecDeque;

/// Packets remembered that no frame started in yet. A frame that spans more loses none but its own time.
const MOST: usize = 64;

/// Times with the place in the stream from which on they hold.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    waiting: VecDeque<Stamp>,
}

/// Times of one PES packet, unwrapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Bytes of the elementary stream before the packet.
    pub(super) from: u64,
    pub(super) pts: Option<i64>,
    pub(super) dts: Option<i64>,
    /// Marked as an entry point.
    pub(super) entry: bool,
}

impl Stamps {
    pub(super) fn add(&mut self, stamp: Stamp) {
        if self.waiting.len() >= MOST {
            self.waiting.remove(1);
        }
        self.waiting.push_back(stamp);
    }

    /// The packet in which a frame starts, `at` bytes into the stream; only the first frame in it gets its times.
    pub(super) fn take(&mut self, at: u64) -> Stamp {
        while self.waiting.get(1).is_some_and(|next| next.from <= at) {
            self.waiting.pop_front();
        }
        match self.waiting.front_mut() {
            Some(stamp) if stamp.from <= at => {
                std::mem::replace(stamp, Stamp { from: stamp.from, ..Stamp::default() })
            }
            _ => Stamp::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_frame_that_starts_in_a_packet_has_its_time() {
        let mut stamps = Stamps::default();
        for (from, pts) in [(0, 10), (100, 20), (200, 30)] {
            stamps.add(Stamp { from, pts: Some(pts), ..Stamp::default() });
        }
        assert_eq!(stamps.take(0).pts, Some(10));
        assert_eq!(stamps.take(50).pts, None, "the second in a packet");
        assert_eq!(stamps.take(210).pts, Some(30), "one that starts inside of a packet");
    }

    #[test]
    fn a_stream_of_packets_without_frames_takes_no_memory() {
        let mut stamps = Stamps::default();
        (0..100_000).for_each(|from| stamps.add(Stamp { from, ..Stamp::default() }));
        assert!(stamps.waiting.len() <= MOST);
        assert_eq!(stamps.take(0).from, 0);
    }
}
