//! Memory in large pages.

/// What the largest pages of ordinary memory are a multiple of, bytes.
pub const HUGE_PAGE: usize = 2 << 20;

/// Asks the system for large pages behind `region`, where there are such and nobody touched it yet.
///
/// A segment in pages of 4 KiB is hundreds of entries in a table that the processor and each system
/// call go through again whenever the bytes are touched. What is not aligned to [`HUGE_PAGE`] at both
/// ends is left as it is; so is everything where the system has no large pages or refuses them.
pub fn prefer_huge_pages(region: &mut [u8]) {
    let before = region.as_ptr().align_offset(HUGE_PAGE);
    let Some(aligned) = region.get_mut(before..) else { return };
    let len = aligned.len() - aligned.len() % HUGE_PAGE;
    #[cfg(target_os = "linux")]
    #[allow(unsafe_code, reason = "of all advice this alone changes nothing that can be observed")]
    // SAFETY: the range is ours alone, begins at a page and is mapped; the advice changes neither its
    // content nor whether it may be accessed.
    unsafe {
        use rustix::mm::{Advice, madvise};
        // Refused where the kernel has none: then the pages stay small.
        madvise(aligned.as_mut_ptr().cast(), len, Advice::LinuxHugepage).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_region_stays_there_wherever_it_begins() {
        let mut memory = vec![5; 3 * HUGE_PAGE];
        for start in [0, 1, 4096, 2 * HUGE_PAGE, 3 * HUGE_PAGE] {
            prefer_huge_pages(&mut memory[start..]);
        }
        assert!(memory.iter().all(|byte| *byte == 5));
    }
}
