//! The walk over the pool's linked list, as code that a node runs for one `eth_call`.
//!
//! Sent as creation code without a recipient, it runs on the newest state, asks the BondingManager
//! for the first orchestrator and then for the next of each, and "creates" a contract whose code is
//! the list of addresses. Nothing is written anywhere: an `eth_call` leaves no trace. The result
//! begins with a zero byte (of a padded address), so the rule against code that begins with 0xEF does
//! not apply, and 3,200 bytes for 100 orchestrators are far below the limit for code.

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolCall as _;
use waymark_contracts::BondingManager;

/// The most orchestrators walked over: the list then is 24,000 bytes of the 24,576 code may have.
pub(crate) const MAX: usize = 750;

/// Where the list begins in memory. Before it: calldata at 0, the answer of a call at [`ANSWER`].
const LIST: u8 = 0x80;
const ANSWER: u8 = 0x40;

/// The code. The stack holds the end of the list, in comments called `p`.
pub(crate) fn code(bonding: Address) -> Vec<u8> {
    let mut code = Code::default();
    code.selector(BondingManager::getFirstTranscoderInPoolCall::SELECTOR);
    code.ask(bonding, 4); // [ok]
    code.op(&[0x15, PUSH1, FAIL, 0x57]); // ISZERO, jump to FAIL if so
    code.selector(BondingManager::getNextTranscoderInPoolCall::SELECTOR);
    code.op(&[PUSH1, LIST]); // [p]
    code.label(LOOP);
    code.op(&[PUSH1, ANSWER, 0x51]); // [p, a]  MLOAD
    code.op(&[0x80, 0x15, PUSH1, LAST, 0x57]); // a is zero: the end
    code.op(&[0x80, 0x82, 0x52]); // memory[p] = a
    code.op(&[PUSH1, 4, 0x52]); // [p]  the argument of the next call = a
    code.op(&[PUSH1, 32, 0x01]); // p += 32
    let end = u16::try_from(usize::from(LIST) + MAX * 32).expect("the list fits 64 KiB");
    let [high, low] = end.to_be_bytes();
    code.op(&[0x80, PUSH2, high, low, 0x14, PUSH1, DONE, 0x57]); // p is the end: enough
    code.ask(bonding, 36); // [p, ok]
    code.op(&[0x15, PUSH1, FAIL, 0x57]);
    code.op(&[PUSH1, LOOP, 0x56]);
    code.label(LAST);
    code.op(&[0x50]); // [p]  drop the zero
    code.label(DONE);
    code.op(&[PUSH1, LIST, 0x90, 0x03]); // [p - LIST]
    code.op(&[PUSH1, LIST, 0xf3]); // RETURN
    code.label(FAIL);
    code.op(&[PUSH1, 0, 0x80, 0xfd]); // REVERT
    code.finish()
}

/// The addresses in what the code returns; nothing if it returned something else.
pub(crate) fn addresses(bytes: &[u8]) -> Option<Vec<Address>> {
    let (words, rest) = bytes.as_chunks::<32>();
    let clean = rest.is_empty() && words.len() <= MAX && words.iter().all(|w| w[..12] == [0; 12]);
    clean.then(|| words.iter().map(|word| Address::from_word(B256::from(*word))).collect())
}

const PUSH1: u8 = 0x60;
const PUSH2: u8 = 0x61;
const JUMPDEST: u8 = 0x5b;

/// Labels: replaced by positions when the code is finished. The values are names only.
const LOOP: u8 = 0;
const LAST: u8 = 1;
const DONE: u8 = 2;
const FAIL: u8 = 3;

/// Puts code together. A label is pushed by `PUSH1 label` right before a jump.
#[derive(Default)]
struct Code {
    bytes: Vec<u8>,
    labels: [u8; 4],
    jumps: Vec<usize>,
}

impl Code {
    fn op(&mut self, bytes: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        // JUMP and JUMPI come last, and their target in the byte before.
        if matches!(bytes, [.., PUSH1, _, 0x56 | 0x57]) {
            self.jumps.push(start + bytes.len() - 2);
        }
    }

    fn label(&mut self, label: u8) {
        let here = u8::try_from(self.bytes.len()).expect("the code is shorter than 256 bytes");
        self.labels[usize::from(label)] = here;
        self.bytes.push(JUMPDEST);
    }

    /// memory[0..4] = selector.
    fn selector(&mut self, selector: [u8; 4]) {
        self.bytes.push(0x63); // PUSH4
        self.bytes.extend_from_slice(&selector);
        self.op(&[PUSH1, 0xe0, 0x1b, PUSH1, 0, 0x52]); // SHL by 224, MSTORE
    }

    /// STATICCALL with `input` bytes from memory 0; one word of answer.
    fn ask(&mut self, to: Address, input: u8) {
        self.op(&[PUSH1, 32, PUSH1, ANSWER, PUSH1, input, PUSH1, 0, 0x73]);
        self.bytes.extend_from_slice(to.as_slice());
        self.op(&[0x5a, 0xfa]); // GAS, STATICCALL
    }

    fn finish(mut self) -> Vec<u8> {
        for jump in &self.jumps {
            self.bytes[*jump] = self.labels[usize::from(self.bytes[*jump])];
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;

    use super::*;

    /// Runs the few instructions that the walk uses, against a list kept here.
    fn run(code: &[u8], list: &[Address]) -> Vec<u8> {
        let mut memory = vec![0_u8; 64 << 10];
        let mut stack: Vec<U256> = Vec::new();
        let mut at = 0;
        loop {
            let op = code[at];
            at += 1;
            let mut pop = || stack.pop().expect("the stack is not empty");
            match op {
                0x60..=0x73 => {
                    let size = usize::from(op - 0x5f);
                    stack.push(U256::from_be_slice(&code[at..at + size]));
                    at += size;
                }
                0x1b => {
                    let (by, value) = (pop(), pop());
                    stack.push(value << by);
                }
                0x52 => {
                    let (to, value) = (pop().to::<usize>(), pop());
                    memory[to..to + 32].copy_from_slice(&value.to_be_bytes::<32>());
                }
                0x51 => {
                    let from = pop().to::<usize>();
                    stack.push(U256::from_be_slice(&memory[from..from + 32]));
                }
                0x5a => stack.push(U256::from(1_000_000)),
                0xfa => {
                    let (_gas, _to) = (pop(), pop());
                    let (input, size) = (pop().to::<usize>(), pop().to::<usize>());
                    let (out, _) = (pop().to::<usize>(), pop());
                    let data = &memory[input..input + size];
                    let answer = if size == 4 {
                        list.first().copied().unwrap_or_default()
                    } else {
                        let call = BondingManager::getNextTranscoderInPoolCall::abi_decode(data);
                        let asked = call.unwrap().transcoder;
                        let place = list.iter().position(|a| *a == asked).unwrap();
                        list.get(place + 1).copied().unwrap_or_default()
                    };
                    memory[out..out + 32].copy_from_slice(answer.into_word().as_slice());
                    stack.push(U256::from(1));
                }
                0x15 => {
                    let value = pop();
                    stack.push(U256::from(u8::from(value.is_zero())));
                }
                0x14 => {
                    let equal = pop() == pop();
                    stack.push(U256::from(u8::from(equal)));
                }
                0x01 => {
                    let sum = pop() + pop();
                    stack.push(sum);
                }
                0x03 => {
                    let (a, b) = (pop(), pop());
                    stack.push(a - b);
                }
                0x80 | 0x82 => {
                    let copy = stack[stack.len() - 1 - usize::from(op - 0x80)];
                    stack.push(copy);
                }
                0x90 => {
                    let top = stack.len() - 1;
                    stack.swap(top, top - 1);
                }
                0x50 => drop(pop()),
                0x56 | 0x57 => {
                    let to = pop().to::<usize>();
                    if op == 0x56 || !pop().is_zero() {
                        assert_eq!(code[to], JUMPDEST, "a jump to {to}");
                        at = to;
                    }
                }
                JUMPDEST => {}
                0xf3 => {
                    let (from, size) = (pop().to::<usize>(), pop().to::<usize>());
                    return memory[from..from + size].to_vec();
                }
                other => panic!("instruction {other:#x} at {}", at - 1),
            }
        }
    }

    fn list(count: usize) -> Vec<Address> {
        (1..=count).map(|i| Address::from_word(U256::from(i).into())).collect()
    }

    #[test]
    fn the_walk_returns_the_list_in_order() {
        let code = code(Address::repeat_byte(0xbb));
        for count in [0, 1, 2, 100] {
            assert_eq!(addresses(&run(&code, &list(count))), Some(list(count)), "{count}");
        }
    }

    #[test]
    fn a_list_that_is_too_long_ends() {
        let walked = addresses(&run(&code(Address::ZERO), &list(MAX + 10))).unwrap();
        assert_eq!(walked.len(), MAX);
    }

    #[test]
    fn something_else_is_no_list() {
        assert_eq!(addresses(&[1; 32]), None);
        assert_eq!(addresses(&[0; 33]), None);
    }
}
