//! The attacks by number: names, what they are about, who must notice them, and what was measured first.

use super::{Counts, Family, Tier};

macro_rules! catalogue {
    ($($id:literal $variant:ident $name:literal $family:ident $tier:ident [$($count:literal)*] $text:literal;)*) => {
        /// One way to cheat.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Attack {
            $(#[doc = $text] $variant,)*
        }

        impl Attack {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Number in the matrix, A01 to A64.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// Name in lower case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What a viewer or a gateway gets, in a sentence.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What it is about.
            pub const fn family(self) -> Family {
                match self { $(Self::$variant => Family::$family,)* }
            }

            /// What must notice it at the latest.
            pub const fn caught_by(self) -> Tier {
                match self { $(Self::$variant => Tier::$tier,)* }
            }

            /// What was measured first, for attacks on pictures.
            pub fn counts(self) -> Option<Counts> {
                let counts: &[u32] = match self { $(Self::$variant => &[$($count),*],)* };
                let [clips, packets, key, full] = *counts else { return None };
                Some(Counts { clips, packets, key, full })
            }
        }
    };
}

catalogue! {
    "A01" SourcePassthrough "source-passthrough" Bitstream Packets [18 18 0 0] "The source as it came: no work was done.";
    "A02" UpscaledQuarter "upscaled-quarter" Quality Full [15 0 0 14] "Encoded from a quarter of the size.";
    "A03" UpscaledHalf "upscaled-half" Quality Full [12 0 0 12] "Encoded from half the size.";
    "A04" UpscaledTwoThirds "upscaled-two-thirds" Quality Full [9 0 0 9] "Encoded from two thirds of the size.";
    "A05" Blurred "blurred" Quality Full [15 0 0 15] "Blurred to save bits.";
    "A06" Starved "starved" Quality Quality [17 16 0 15] "A twenty-fifth of the bit rate.";
    "A07" Meagre "meagre" Quality Quality [16 14 0 9] "An eighth of the bit rate.";
    "A08" Careless "careless" Quality Quality [15 0 0 1] "Half the bit rate with the least effort.";
    "A09" Grain "grain" Quality Quality [17 0 0 0] "Grain added.";
    "A10" HalfRate "half-rate" Temporal Packets [18 18 0 18] "Every second picture dropped.";
    "A11" PicturesCut "pictures-cut" Temporal Packets [18 18 0 18] "A tenth of the pictures cut out.";
    "A12" TailMissing "tail-missing" Temporal Packets [18 17 0 17] "The last quarter missing.";
    "A13" Doubled "doubled" Temporal Full [13 0 0 10] "Half the pictures, each twice.";
    "A14" Frozen "frozen" Gross Full [13 8 0 13] "The first picture all the time.";
    "A15" FrozenHalf "frozen-half" Gross Full [13 4 0 12] "The second half frozen.";
    "A16" FrozenShort "frozen-short" Temporal Full [13 0 0 12] "Eight pictures frozen.";
    "A17" Black "black" Gross Key [17 16 17 17] "Black from the start to the end.";
    "A18" BlackHalf "black-half" Gross Full [17 15 0 17] "A good head, a black tail.";
    "A19" BlackShort "black-short" Gross Full [17 0 0 17] "Ten black pictures inside.";
    "A20" OtherStream "other-stream" Gross Key [18 7 18 18] "Another stream's pictures with the right sound and times.";
    "A21" Stale "stale" Gross Key [8 0 8 8] "The previous segment's pictures with the right sound and times.";
    "A22" OtherHalf "other-half" Gross Full [18 2 0 18] "Another stream in the second half.";
    "A23" Splice "splice" Gross Full [18 2 0 18] "Ten pictures of another stream inside.";
    "A24" Reversed "reversed" Gross Full [13 0 12 12] "Backwards.";
    "A25" Shuffled "shuffled" Gross Full [13 1 10 12] "Each ten pictures in reverse order.";
    "A26" Late "late" Temporal Full [13 2 0 12] "Five pictures late.";
    "A27" Mirrored "mirrored" Gross Key [17 0 16 17] "Mirrored.";
    "A28" Letterboxed "letterboxed" Gross Key [17 0 17 17] "A tenth smaller, with bars around.";
    "A29" Zoomed "zoomed" Gross Full [17 0 15 16] "A tenth cut off around.";
    "A30" ZoomedSlightly "zoomed-slightly" Overlay Full [17 0 11 16] "Three hundredths cut off around.";
    "A31" CropTrick "crop-trick" Bitstream Packets [] "A larger picture that claims to be cropped to the size asked for.";
    "A32" Banner "banner" Overlay Key [18 0 18 18] "A banner at the bottom.";
    "A33" Logo "logo" Overlay Key [18 0 18 18] "A white box in the corner.";
    "A34" PictureInPicture "picture-in-picture" Overlay Key [18 2 18 18] "Another stream in the corner.";
    "A35" Subtitles "subtitles" Overlay Full [18 0 16 18] "Subtitles of somebody else.";
    "A36" Watermark "watermark" Overlay Full [18 0 0 18] "Large letters that shine through.";
    "A37" FaintText "faint-text" Overlay Full [14 0 0 5] "Small letters that shine through.";
    "A38" Blend "blend" Overlay Key [18 2 18 18] "Three tenths of another stream mixed in.";
    "A39" Censored "censored" Overlay Key [18 0 18 18] "A gray block in the middle.";
    "A40" Monochrome "monochrome" Tone Full [17 0 13 17] "No colour.";
    "A41" HueTurned "hue-turned" Tone Full [17 0 16 17] "Colours turned by 60 degrees.";
    "A42" Brighter "brighter" Tone Key [18 0 18 18] "Brighter by 0.08.";
    "A43" Gamma "gamma" Tone Key [17 0 17 17] "Gamma 1.3.";
    "A44" InflatedClaim "inflated-claim" Protocol Packets [] "Twice the pixels claimed.";
    "A45" WrongCodec "wrong-codec" Bitstream Packets [] "HEVC in place of H.264.";
    "A46" WrongSize "wrong-size" Bitstream Packets [] "Half the size.";
    "A47" Corrupted "corrupted" Bitstream Full [] "Bytes inside pictures changed.";
    "A48" Truncated "truncated" Bitstream Packets [] "The file ends in the middle.";
    "A49" NoKeyFrame "no-key-frame" Bitstream Packets [] "Key frames removed.";
    "A50" Padded "padded" Bitstream Key [] "Black, with filler to the bit rate.";
    "A51" TimeShifted "time-shifted" Bitstream Packets [] "All times ten seconds late.";
    "A52" OutOfSync "out-of-sync" Bitstream Packets [] "Sound 0.3 s late.";
    "A53" HiddenStream "hidden-stream" Bitstream Packets [] "A third track.";
    "A54" NoSound "no-sound" Bitstream Packets [] "No sound.";
    "A55" OtherSound "other-sound" Bitstream Packets [] "Silence in place of the sound.";
    "A56" Swapped "swapped" Protocol Packets [] "Renditions in another order, or the rendition of another profile.";
    "A57" BadSignature "bad-signature" Protocol Protocol [] "A signature with a bit changed, none, or by another key.";
    "A58" HonestHash "honest-hash" Protocol Key [] "The perceptual hash of the right pictures with another stream's.";
    "A59" HugeHash "huge-hash" Protocol Protocol [] "A perceptual hash that is missing, empty or endless.";
    "A60" CheatAlone "cheat-alone" Protocol Statistics [] "Another stream's pictures, but only for segments that nobody else was sent.";
    "A61" CheatLater "cheat-later" Protocol Statistics [] "Honest for long, then another stream's pictures now and then.";
    "A62" DecoderBomb "decoder-bomb" Bitstream Packets [] "Headers and tables made to exhaust a decoder.";
    "A63" LateOrPartial "late-or-partial" Protocol Protocol [] "The last rendition is missing, and the answer is late.";
    "A64" ThresholdHugging "threshold-hugging" Overlay Statistics [] "One block changed as much as a threshold just allows.";
}

impl Attack {
    /// Whether it changes the pictures of a rendition.
    pub fn is_on_pictures(self) -> bool {
        self.counts().is_some() && self != Self::SourcePassthrough || self == Self::ThresholdHugging
    }
}
