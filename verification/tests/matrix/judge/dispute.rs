//! The dispute: a rendition beside our own encoding.

use std::rc::Rc;

use waymark_media::{
    Scaling, Target,
    pixels::{Lattice, Luma, PixelLimits, Pixels, ReferenceRequest, reference},
};
use waymark_verification::{
    Check, Verdict,
    expect::Wanted,
    full::{self, Dispute, Features, Quality, Summary, settle, struck},
    thresholds::Thresholds,
};

use super::{
    Ours, Shown, Source,
    compare::{Measured, decoded},
};
use crate::Failed;

impl Source {
    /// Beside our own encoding, on another lattice and other pictures.
    pub(super) fn dispute(
        &mut self,
        shown: &Shown<'_>,
        verdict: &Verdict,
        features: &Features,
        bounds: &Thresholds,
        made: &mut Vec<Check>,
    ) -> Result<Verdict, Failed> {
        let lattice = Lattice { shift: self.choice.shift("dispute"), ..shown.expected.lattice };
        let count = u32::try_from(shown.times().len())?;
        let drawn = shown.choice.frames("dispute", shown.choice.depth(), count);
        let pointed = struck(verdict.checks(), features);
        let found = decoded(shown, lattice, &[drawn.as_slice(), &pointed].concat())?;
        // How it scales is a node's own choice: the method that the rendition resembles more is taken.
        let mut both = Vec::new();
        for scaling in [Scaling::Bicubic, Scaling::Bilinear] {
            let theirs = self.compared(shown, &found.grids, &found.lumas, scaling)?;
            both.push((
                Summary::of(&theirs.quality).map_or(0.0, |mean| mean.psnr),
                scaling,
                theirs,
            ));
        }
        let nearest = both.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
        let (_, scaling, theirs) = nearest.ok_or("nothing to compare")?;
        let ours = self.our_own(shown, scaling, &found)?;
        let some = |of: &[Quality], frames: &[u32]| -> Vec<Quality> {
            of.iter().filter(|quality| frames.contains(&quality.frame)).cloned().collect()
        };
        let of = |frames: &[u32]| (some(&theirs.quality, frames), some(&ours.quality, frames));
        let (secret, worst) = (of(&drawn), of(&pointed));
        let dispute = Dispute {
            checks: verdict.checks(),
            theirs: &theirs.features,
            ours: &ours.features,
            drawn: (&secret.0, &secret.1),
            struck: (&worst.0, &worst.1),
        };
        *made = full::compare(dispute, &bounds.full);
        let all: Verdict = verdict.checks().iter().chain(made.iter()).cloned().collect();
        Ok(settle(&all, Some(dispute), &bounds.full))
    }

    /// Our own encoding of the pictures of a rendition, on the same lattice and with the same planes.
    fn our_own(
        &mut self,
        shown: &Shown<'_>,
        scaling: Scaling,
        theirs: &Pixels,
    ) -> Result<Measured, Failed> {
        let (pts, shows): (Vec<i64>, Vec<i64>) = shown.pairs().into_iter().unzip();
        let (wanted, size, lattice) = (shown.wanted, theirs.grids.size, theirs.grids.lattice);
        let same = |known: &Ours| {
            known.wanted == *wanted
                && (known.size, known.scaling) == (size, scaling)
                && known.pts == pts
                && known.encoding.grids.lattice == lattice
        };
        let known = self.references.iter().find(|known| same(known));
        let encoding = if let Some(known) = known {
            Rc::clone(&known.encoding)
        } else {
            let request = ReferenceRequest {
                target: &target(wanted),
                size,
                pts: &pts,
                shows: &shows,
                lumas: &pts,
                scaling,
                lattice,
            };
            let limits = PixelLimits::default();
            let made = reference(&self.bytes, self.scan.container, &request, &limits)?;
            let encoding = Rc::new(made);
            let (wanted, known) = (wanted.clone(), Rc::clone(&encoding));
            self.references.push(Ours { wanted, size, scaling, pts, encoding: known });
            encoding
        };
        let of = |theirs: &Luma| encoding.encoded.iter().find(|luma| luma.pts == theirs.pts);
        let planes: Vec<Luma> = theirs.lumas.iter().filter_map(of).cloned().collect();
        self.compared(shown, &encoding.grids, &planes, scaling)
    }
}

/// What our own encoder is asked for.
fn target(wanted: &Wanted) -> Target {
    Target {
        fps: wanted.fps,
        gop: wanted.gop,
        container: wanted.container,
        h264_profile: wanted.h264_profile,
        quality: wanted.quality,
        ..Target::new(wanted.width, wanted.height, wanted.bitrate)
    }
}
