//! Which blocks of the file are free.

use std::{collections::BTreeSet, io};

/// Free blocks looked at in search of some that follow one another.
const LOOKED_AT: usize = 4096;

/// Which blocks hold nothing.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Blocks the file has.
    count: u32,
    /// Those of them that are free.
    free: BTreeSet<u32>,
}

impl Blocks {
    /// Takes so many blocks, in one piece if there is one.
    pub(super) fn take(&mut self, wanted: usize) -> io::Result<Vec<u32>> {
        if let Some(run) = self.run(wanted) {
            return Ok(run);
        }
        let mut taken = Vec::with_capacity(wanted);
        while taken.len() < wanted {
            let block = if let Some(block) = self.free.pop_first() {
                block
            } else {
                let next = self.count.checked_add(1).ok_or(io::ErrorKind::StorageFull)?;
                std::mem::replace(&mut self.count, next)
            };
            taken.push(block);
        }
        Ok(taken)
    }

    /// Takes blocks that follow one another: free ones, or new ones where there are not enough of
    /// those. Otherwise the file would grow with pieces too small for anything.
    pub(super) fn piece(&mut self, wanted: usize) -> Option<Vec<u32>> {
        let run = self.run(wanted);
        if run.is_some() || self.free.len() >= wanted {
            return run;
        }
        let end = self.count.checked_add(u32::try_from(wanted).ok()?)?;
        Some((std::mem::replace(&mut self.count, end)..end).collect())
    }

    /// Takes the first free blocks that follow one another, if so many do: what is in one piece is one
    /// request to the disk.
    fn run(&mut self, wanted: usize) -> Option<Vec<u32>> {
        let mut run: Vec<u32> = Vec::with_capacity(wanted);
        for block in self.free.iter().copied().take(LOOKED_AT) {
            if run.last().is_some_and(|last| last.checked_add(1) != Some(block)) {
                run.clear();
            }
            run.push(block);
            if run.len() == wanted {
                for block in &run {
                    self.free.remove(block);
                }
                return Some(run);
            }
        }
        None
    }

    /// Takes blocks back.
    pub(super) fn give(&mut self, blocks: impl Iterator<Item = u32>) {
        self.free.extend(blocks);
    }

    /// Forgets the free blocks at the end; how many blocks are left.
    pub(super) fn trim(&mut self) -> u32 {
        while self.count.checked_sub(1).is_some_and(|last| self.free.remove(&last)) {
            self.count -= 1;
        }
        self.count
    }
}
