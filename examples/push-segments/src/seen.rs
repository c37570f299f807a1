//! What came back by both ways, the replies and the playlists, and whether they agree.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
};

use crate::{play::Played, push::Pushed};

/// Prints of all renditions, by name and sequence number.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    replied: RefCell<BTreeMap<(String, u64), u64>>,
    played: RefCell<BTreeMap<(String, u64), u64>>,
    over: Cell<bool>,
}

impl Seen {
    /// A rendition came in a reply.
    pub(crate) fn replied(&self, rendition: &str, seq: u64, bytes: &[u8]) {
        self.replied.borrow_mut().insert((rendition.to_owned(), seq), print(bytes));
    }

    /// A rendition was fetched as a player does.
    pub(crate) fn played(&self, rendition: &str, seq: u64, bytes: &[u8]) {
        self.played.borrow_mut().insert((rendition.to_owned(), seq), print(bytes));
    }

    /// Whether the player has that segment.
    pub(crate) fn has_played(&self, rendition: &str, seq: u64) -> bool {
        self.played.borrow().contains_key(&(rendition.to_owned(), seq))
    }

    /// The stream was ended; playlists say so from now on.
    pub(crate) fn end(&self) {
        self.over.set(true);
    }

    /// Whether the stream was ended.
    pub(crate) fn ended(&self) -> bool {
        self.over.get()
    }

    /// Everything that is not as it should be, in words.
    pub(crate) fn faults(&self, pushed: &Pushed, played: &[Played]) -> Vec<String> {
        let mut faults = Vec::new();
        if pushed.delivered < pushed.segments {
            let lost = pushed.segments - pushed.delivered;
            faults.push(format!("{lost} of {} segments did not come back", pushed.segments));
        }
        let replied = self.replied.borrow();
        let listed = self.played.borrow();
        for ((rendition, seq), print) in replied.iter() {
            match listed.get(&(rendition.clone(), *seq)) {
                None => {
                    faults.push(format!("{rendition} {seq} came in a reply and was never listed"));
                }
                Some(other) if other != print => {
                    faults.push(format!("{rendition} {seq} differs between reply and playlist"));
                }
                Some(_) => {}
            }
        }
        for p in played {
            let expected = pushed.segments;
            if p.segments != expected {
                faults
                    .push(format!("{}: {} of {expected} segments played", p.rendition, p.segments));
            }
            faults.extend(p.faults.iter().map(|f| format!("{}: {f}", p.rendition)));
        }
        faults
    }
}

/// Two bodies with the same print are the same for our purpose: nobody here is an attacker.
fn print(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
