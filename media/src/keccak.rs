//! Keccak-256 of whole segments, as fast as the machine can: one message as a chain of vector
//! instructions, several messages side by side in the lanes of wider ones.
//!
//! Which kernels are used is decided once, by timing them for a few milliseconds: a processor that
//! has wide vectors may still be slower with them. Without any that help, `keccak-asm` does the
//! work. All of them give the same digests; they differ in nothing but time.

mod kernels;
#[cfg(target_arch = "x86_64")]
mod pairs;
mod plan;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::OnceLock;

use alloy_primitives::Keccak256;

use self::{
    kernels::{Absorb, State, scalar},
    plan::Plan,
};

/// Bytes absorbed at once.
const RATE: usize = 136;
/// Messages that can be hashed side by side; more gain nothing.
pub const LANES: usize = 8;

/// As much of a message as one permutation takes, as words.
type Block = [[u8; 8]; RATE / 8];

/// How messages are hashed on this machine.
#[derive(Debug)]
pub struct Keccak {
    one: One,
    four: Option<Absorb<4>>,
    eight: Option<Absorb<8>>,
    plan: Plan,
}

#[derive(Debug, Clone, Copy)]
enum One {
    /// `keccak-asm`, which keeps its state to itself.
    Asm,
    /// Our own with plain integers.
    Plain,
    Vector(Absorb<1>),
}

/// One message on its way to its digest.
#[derive(Debug)]
pub struct Hashing<M> {
    message: M,
    /// Whole blocks of the message that were absorbed.
    done: usize,
    state: Progress,
}

#[derive(Debug)]
enum Progress {
    Own(State),
    Asm(Keccak256),
}

/// The digest of a message that comes in pieces.
#[derive(Debug)]
pub struct Running(Pieces);

#[derive(Debug)]
enum Pieces {
    Own {
        absorb: Absorb<1>,
        state: State,
        /// The beginning of a block, of which `held` bytes came.
        tail: [u8; RATE],
        held: usize,
    },
    Asm(Keccak256),
}

impl Running {
    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        let (absorb, state, tail, held) = match &mut self.0 {
            Pieces::Asm(hasher) => return hasher.update(piece),
            Pieces::Own { absorb, state, tail, held } => (absorb, state, tail, held),
        };
        let (first, rest) = piece.split_at((RATE - *held).min(piece.len()));
        if *held > 0 || first.len() < RATE {
            for (to, from) in tail.iter_mut().skip(*held).zip(first) {
                *to = *from;
            }
            *held += first.len();
            if *held < RATE {
                return;
            }
            absorb([state], [blocks(tail).0]);
        } else {
            absorb([state], [blocks(first).0]);
        }
        let (whole, rest) = blocks(rest);
        absorb([state], [whole]);
        for (to, from) in tail.iter_mut().zip(rest) {
            *to = *from;
        }
        *held = rest.len();
    }

    /// The digest of all pieces.
    pub fn finish(self) -> [u8; 32] {
        match self.0 {
            Pieces::Asm(hasher) => hasher.finalize().0,
            Pieces::Own { mut state, tail, held, .. } => {
                pad(&mut state, tail.get(..held).unwrap_or_default())
            }
        }
    }
}

impl<M: AsRef<[u8]>> Hashing<M> {
    /// Nothing absorbed yet.
    pub fn new(message: M) -> Self {
        Self { message, done: 0, state: Progress::Own([0; 25]) }
    }

    /// Whether only [`finish`](Self::finish) is left to do.
    pub fn is_ready(&self) -> bool {
        self.left().is_empty()
    }

    /// The message and its digest. What was not absorbed yet is now.
    pub fn finish(self) -> (M, [u8; 32]) {
        let digest = match self.state {
            Progress::Asm(mut hasher) => {
                hasher.update(self.message.as_ref().get(self.done * RATE..).unwrap_or_default());
                hasher.finalize().0
            }
            Progress::Own(mut state) => {
                let (blocks, tail) = blocks(self.message.as_ref());
                scalar([&mut state], [blocks.get(self.done..).unwrap_or_default()]);
                pad(&mut state, tail)
            }
        };
        (self.message, digest)
    }

    /// Whole blocks that are still to be absorbed.
    fn left(&self) -> &[Block] {
        blocks(self.message.as_ref()).0.get(self.done..).unwrap_or_default()
    }
}

impl Keccak {
    /// The fastest way on this machine. The first call takes a few milliseconds.
    pub fn fastest() -> &'static Self {
        static FASTEST: OnceLock<Keccak> = OnceLock::new();
        FASTEST.get_or_init(plan::fastest)
    }

    /// Names of the kernels chosen for one, for up to four and for up to eight messages.
    pub fn names(&self) -> [&'static str; 3] {
        let one = match self.one {
            One::Asm => "keccak-asm",
            One::Plain => "plain integers",
            One::Vector(_) => "vectors",
        };
        let wide = |there: bool| if there { "lanes" } else { "one by one" };
        [one, wide(self.four.is_some()), wide(self.eight.is_some())]
    }

    /// Begins a message that comes in pieces.
    pub fn start(&self) -> Running {
        let absorb: Absorb<1> = match self.one {
            One::Asm => return Running(Pieces::Asm(Keccak256::new())),
            One::Plain => scalar,
            One::Vector(absorb) => absorb,
        };
        Running(Pieces::Own { absorb, state: [0; 25], tail: [0; RATE], held: 0 })
    }

    /// The digest of one message.
    pub fn hash(&self, message: &[u8]) -> [u8; 32] {
        let mut hashing = [Hashing::new(message)];
        self.advance(&mut hashing, usize::MAX);
        let [hashing] = hashing;
        hashing.finish().1
    }

    /// The digests of several messages, in their order.
    pub fn hash_all<M: AsRef<[u8]>>(&self, messages: &[M]) -> Vec<[u8; 32]> {
        let mut all: Vec<_> = messages.iter().map(|m| Hashing::new(m.as_ref())).collect();
        for lanes in all.chunks_mut(LANES) {
            while !lanes.iter().all(Hashing::is_ready) {
                self.advance(lanes, usize::MAX);
            }
        }
        all.into_iter().map(|hashing| hashing.finish().1).collect()
    }

    /// Absorbs at most `bytes` of each of the messages; fewer where another one of them ends before.
    /// Up to [`LANES`] of them run side by side.
    pub fn advance<M: AsRef<[u8]>>(&self, messages: &mut [Hashing<M>], bytes: usize) {
        let most = (bytes / RATE).max(1);
        let mut waiting: Vec<_> = messages.iter_mut().filter(|m| !m.is_ready()).collect();
        // A message that keccak-asm began it must also end.
        waiting.sort_unstable_by_key(|m| matches!(m.state, Progress::Asm(_)));
        let mut rest = waiting.as_mut_slice();
        while let Some((first, _)) = rest.split_first() {
            let own = rest.iter().filter(|m| matches!(m.state, Progress::Own(_))).count();
            let width = match first.state {
                Progress::Asm(_) => 1,
                Progress::Own(_) => self.plan.width(own),
            };
            let (group, others) = rest.split_at_mut(width.min(rest.len()));
            self.run(group, most);
            rest = others;
        }
    }

    fn run<M: AsRef<[u8]>>(&self, group: &mut [&mut Hashing<M>], most: usize) {
        match (group, self.four, self.eight) {
            ([one], ..) => self.alone(one, most),
            (few, Some(four), _) if few.len() <= 4 => together(few, most, four),
            (many, _, Some(eight)) => together(many, most, eight),
            (group, ..) => group.iter_mut().for_each(|one| self.alone(one, most)),
        }
    }

    fn alone<M: AsRef<[u8]>>(&self, hashing: &mut Hashing<M>, most: usize) {
        if matches!(self.one, One::Asm) && hashing.done == 0 {
            hashing.state = Progress::Asm(Keccak256::new());
        }
        let Hashing { message, done, state } = hashing;
        let left = blocks(message.as_ref()).0.get(*done..).unwrap_or_default();
        let now = left.get(..most).unwrap_or(left);
        match (state, self.one) {
            (Progress::Asm(hasher), _) => hasher.update(now.as_flattened().as_flattened()),
            (Progress::Own(state), One::Vector(absorb)) => absorb([state], [now]),
            (Progress::Own(state), One::Plain | One::Asm) => scalar([state], [now]),
        }
        *done += now.len();
    }
}

/// Absorbs as many blocks of each message of a group as all of them have. Lanes that are left over
/// repeat the first message into nothing.
fn together<const N: usize, M: AsRef<[u8]>>(
    group: &mut [&mut Hashing<M>],
    most: usize,
    absorb: Absorb<N>,
) {
    let most = group.iter().map(|m| m.left().len()).min().unwrap_or(0).min(most);
    let mut spare = [[0; 25]; N];
    let mut states = spare.each_mut();
    let mut data: [&[Block]; N] = [&[]; N];
    let used = group.len();
    for ((hashing, state), data) in group.iter_mut().zip(&mut states).zip(&mut data) {
        let Hashing { message, done, state: Progress::Own(own) } = &mut **hashing else { continue };
        let left = blocks(M::as_ref(message)).0.get(*done..).unwrap_or_default();
        *data = left.get(..most).unwrap_or(left);
        *state = own;
        *done += most;
    }
    let idle = data.first().copied().unwrap_or_default();
    for data in data.iter_mut().skip(used) {
        *data = idle;
    }
    absorb(states, data);
}

/// The whole blocks of a message, and what is left behind them.
fn blocks(message: &[u8]) -> (&[Block], &[u8]) {
    let blocks = message.as_chunks::<8>().0.as_chunks().0;
    (blocks, message.get(blocks.len() * RATE..).unwrap_or_default())
}

/// The last block with Keccak's own padding (not that of SHA-3), and the digest.
fn pad(state: &mut State, tail: &[u8]) -> [u8; 32] {
    let mut last = [0; RATE];
    for (to, from) in last.iter_mut().zip(tail.iter().chain(&[1])) {
        *to = *from;
    }
    if let Some(byte) = last.last_mut() {
        *byte |= 0x80;
    }
    scalar([state], [blocks(&last).0]);
    let mut digest = [0; 32];
    for (to, word) in digest.as_chunks_mut().0.iter_mut().zip(state.iter()) {
        *to = word.to_le_bytes();
    }
    digest
}
