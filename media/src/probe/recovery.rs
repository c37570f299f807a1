//! From which picture on an H.264 stream is right that is entered at a recovery point.

use super::h264::Slice;

/// What was said of a picture before it came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Announced {
    /// A sequence parameter set is before it.
    pub(crate) sps: bool,
    /// A recovery point message is, which states after how many frames pictures are right.
    pub(crate) recovery: Option<u32>,
}

/// A recovery that is under way, counted as libav does (libavcodec/h264_slice.c, `h264_field_start`).
#[derive(Debug, Default)]
pub(crate) struct Recovery {
    /// Number of the frame with which it ends.
    end: Option<u32>,
    /// A message was seen that is not of the kind some encoders write wrongly: with the number of their own frame.
    trusted: bool,
}

impl Recovery {
    /// Takes the first slice of a picture that is no instantaneous refresh, with the header of its NAL unit and what was
    /// said of it. Frame numbers begin again at `modulo`, a power of two. True where pictures are right from this one on.
    pub(crate) fn ends(
        &mut self,
        slice: &Slice,
        header: u8,
        announced: Announced,
        modulo: u32,
    ) -> bool {
        // An intra picture right behind its parameter sets is how broadcast encoders mark an entry point without a
        // recovery point message.
        let broadcast = announced.recovery.is_none() && announced.sps && slice.intra;
        self.count(slice, header, announced.recovery, modulo) || broadcast
    }

    /// Of several messages the one counts that ends first.
    fn count(&mut self, slice: &Slice, header: u8, stated: Option<u32>, modulo: u32) -> bool {
        // Without parameter sets nothing decodes, and nothing can be counted.
        let Some(number) = slice.frame_num else { return stated == Some(0) };
        let within = |number: u32| number & modulo.wrapping_sub(1);
        if let Some(frames) = stated {
            self.trusted |= frames != number || !slice.intra;
            let sooner = self.end.is_none_or(|end| within(end.wrapping_sub(number)) > frames);
            if sooner {
                let after = if self.trusted { frames } else { 0 };
                self.end = Some(within(number.wrapping_add(after)));
            }
        }
        let referred_to = header & 0x60 != 0;
        let ends = referred_to && self.end == Some(number);
        if ends {
            self.end = None;
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers of slices that other pictures refer to, and of one that none does.
    const REFERENCE: u8 = 0x41;
    const OTHER: u8 = 0x01;

    fn slice(number: u32, intra: bool) -> Slice {
        Slice { first_mb: 0, intra, frame_num: Some(number), field: None }
    }

    fn said(recovery: Option<u32>) -> Announced {
        Announced { sps: false, recovery }
    }

    /// Numbers of the pictures from which on pictures are right; each with what a message before it states.
    fn right(pictures: &[(u32, Option<u32>)]) -> Vec<u32> {
        let mut recovery = Recovery::default();
        let mut ends =
            |number, stated| recovery.ends(&slice(number, false), REFERENCE, said(stated), 16);
        let right = pictures.iter().filter(|(number, stated)| ends(*number, *stated));
        right.map(|(number, _)| *number).collect()
    }

    #[test]
    fn a_recovery_ends_after_the_frames_stated_and_numbers_begin_again() {
        assert_eq!(right(&[(14, Some(3)), (15, None), (0, None), (1, None), (2, None)]), [1]);
        assert_eq!(right(&[(3, Some(0)), (4, None)]), [3]);
        assert_eq!(right(&[(3, Some(9)), (4, None)]), []);
    }

    #[test]
    fn a_later_message_does_not_put_it_off() {
        assert_eq!(right(&[(0, Some(2)), (1, Some(5)), (2, Some(2)), (3, None)]), [2]);
        assert_eq!(right(&[(0, Some(9)), (1, Some(1)), (2, None)]), [2]);
    }

    #[test]
    fn the_number_of_its_own_frame_is_no_count() {
        let mut recovery = Recovery::default();
        assert!(!recovery.ends(&slice(5, true), OTHER, said(None), 16));
        assert!(recovery.ends(&slice(5, true), REFERENCE, said(Some(5)), 16));
        assert!(!recovery.ends(&slice(6, true), REFERENCE, said(Some(4)), 16));
        assert!(!recovery.ends(&slice(6, true), OTHER, said(Some(0)), 16));
        assert!(recovery.ends(&slice(6, true), REFERENCE, said(None), 16));
    }

    #[test]
    fn an_intra_picture_behind_its_parameter_sets_is_right_unless_a_message_says_when() {
        let sets = |recovery| Announced { sps: true, recovery };
        let right = |intra, recovery| {
            Recovery::default().ends(&slice(0, intra), REFERENCE, sets(recovery), 16)
        };
        assert!(right(true, None));
        assert!(!right(false, None));
        assert!(!right(true, Some(2)));
    }

    #[test]
    fn without_a_number_only_an_end_at_once_is_known() {
        let slice = Slice { frame_num: None, ..slice(0, true) };
        assert!(Recovery::default().ends(&slice, REFERENCE, said(Some(0)), 16));
        assert!(!Recovery::default().ends(&slice, REFERENCE, said(Some(1)), 16));
    }
}
