//! Bounds of checks on what models return.
//!
//! None of them was fitted to results of real runners: they are starting values, so that a value beyond one is a
//! reason to ask a second orchestrator and never a proof. What is a fact (a size, a count, a token limit) has no bound
//! here.

use serde::{Deserialize, Serialize};

/// Bounds on pictures, sound, text and live video made by models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ai {
    /// Bytes of an answer's JSON, with masks and pictures inside of it.
    pub answer_bytes: u64,
    /// Pictures of one answer that are looked at.
    pub pictures: u32,
    /// Standard deviation of luma, in 8-bit steps, below which a picture is blank.
    pub blank_sigma: f64,
    /// Fewer colours than this are blank as well.
    pub blank_colours: u32,
    /// Pictures whose 64-bit hashes differ in at most this many bits are the same.
    pub same_bits: u32,
    /// SSIM of copies of 256x256 from which on a picture is its input, coded anew.
    pub same_ssim: f64,
    /// Hours for which outputs of an orchestrator are remembered.
    pub hours: u32,
    /// `strength` of an image-to-image job below which the output may be the input.
    pub weak_strength: f64,
    /// Least SSIM of an upscaled picture, scaled down again, with its input.
    pub upscale_ssim: f64,
    /// Least detail of an upscaled picture against plain interpolation of its input, as a ratio of energies.
    pub upscale_detail: f64,
    /// Mean difference of luma of a video's first picture from its input, in 8-bit steps: twice that of a transcode.
    pub first_mean: f64,
    /// Largest difference of one block's luma there.
    pub first_block: f64,
    /// Mean change of luma between pictures below which a video stands still, in 8-bit steps.
    pub still: f64,
    /// Share of pictures that may stand still.
    pub still_share: f64,
    /// Mean luma at or below which a picture is black, in 8-bit steps of the limited range.
    pub black: f64,
    /// Share of pictures that may be black.
    pub black_share: f64,
    /// Longest time between two pictures of live video, in milliseconds.
    pub live_gap_ms: f64,
    /// Median difference of luma from the closest input picture at or below which live video was not processed.
    pub passed_on: f64,
    /// Least and largest share of an input that a mask covers.
    pub mask_area: (f64, f64),
    /// Range of the scores of masks.
    pub mask_score: (f64, f64),
    /// Seconds by which a time in a transcript may be outside of the audio or go back.
    pub transcript_slack: f64,
    /// Characters of a transcript in a second of audio.
    pub transcript_rate: f64,
    /// Least and most letters that a voice reads in a second.
    pub speech_rate: (f64, f64),
    /// Root mean square of samples, of 1, below which sound is silent: -60 dB.
    pub silence: f64,
    /// Least and most bytes of text for a token, over texts of at least `token_text` bytes.
    pub token_bytes: (f64, f64),
    /// Bytes from which on tokens are counted.
    pub token_text: u32,
    /// Tokens that a model's template may add to a prompt.
    pub template_tokens: u32,
    /// Least share of different groups of four words in a text of 50 words or more.
    pub distinct: f64,
    /// Longest silence inside a stream of text, in milliseconds.
    pub text_gap_ms: f64,
    /// Most characters of a caption.
    pub caption: u32,
    /// Second opinion: bits of two pictures' hashes that may differ.
    pub second_bits: u32,
    /// Second opinion: least SSIM of two pictures.
    pub second_ssim: f64,
    /// Second opinion: least share of the area of two masks that both cover.
    pub second_overlap: f64,
    /// Second opinion: share of words that may differ between two transcripts.
    pub second_words: f64,
    /// Second opinion: the same where a transcript is compared with the text that was read.
    pub second_read: f64,
    /// Second opinion: least share of tokens that two texts of the same seed have in common at the same place.
    pub second_tokens: f64,
}

impl Default for Ai {
    fn default() -> Self {
        Self {
            answer_bytes: 256 << 20,
            pictures: 16,
            blank_sigma: 4.0,
            blank_colours: 16,
            same_bits: 4,
            same_ssim: 0.97,
            hours: 24,
            weak_strength: 0.2,
            upscale_ssim: 0.9,
            upscale_detail: 1.05,
            first_mean: 12.0,
            first_block: 60.0,
            still: 0.5,
            still_share: 0.5,
            black: 20.0,
            black_share: 0.2,
            live_gap_ms: 1_000.0,
            passed_on: 1.5,
            mask_area: (0.0, 0.999),
            mask_score: (-0.1, 1.1),
            transcript_slack: 1.0,
            transcript_rate: 40.0,
            speech_rate: (3.0, 40.0),
            silence: 0.001,
            token_bytes: (1.0, 10.0),
            token_text: 64,
            template_tokens: 256,
            distinct: 0.3,
            text_gap_ms: 10_000.0,
            caption: 4_096,
            second_bits: 10,
            second_ssim: 0.6,
            second_overlap: 0.9,
            second_words: 0.1,
            second_read: 0.15,
            second_tokens: 0.95,
        }
    }
}
