//! Pictures made from a prompt, or from a prompt and a picture.

use std::time::Duration;

use serde::Deserialize;

use super::memory::Earlier;
use super::picture::{Limits, Picture};
use super::{Fields, Job, Memory, Pipeline, ResultCheck, at_least, fact};
use crate::check::{Check, Kind};
use crate::number::many;
use crate::verdict::Verdict;

/// Checks of text-to-image and image-to-image.
#[derive(Clone, Copy, Debug)]
pub struct Images {
    /// A picture was sent, so what comes back must not be that picture.
    pub from_input: bool,
}

/// The document of pictures, and of video as an orchestrator returns it.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) images: Vec<Media>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Media {
    pub(super) url: String,
    #[serde(default)]
    pub(super) seed: Option<i64>,
    #[serde(default)]
    nsfw: Option<bool>,
}

impl ResultCheck for Images {
    fn pipeline(&self) -> Pipeline {
        if self.from_input { Pipeline::ImageToImage } else { Pipeline::TextToImage }
    }

    fn check(&self, job: &Job<'_>, memory: &mut Memory) -> Verdict {
        let answer: Answer = match job.parse("image.schema") {
            Ok(answer) => answer,
            Err(check) => return Verdict::from_iter([check]),
        };
        let mut checks = vec![Check::pass("image.schema", "")];
        let wanted = job.request.whole("num_images_per_prompt").unwrap_or(1).max(1);
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        checks.push(count(answer.images.len(), wanted));
        checks.push(seed(job.request, &answer.images));
        let (decoded, pictures) = pictures(job);
        checks.push(decoded);
        let input = job.input.filter(|_| self.from_input);
        let input = input.and_then(|bytes| Picture::measure(bytes, &Limits::default()).ok());
        checks.push(self.size(job.request, input.as_ref(), &pictures));
        checks.push(blank(job, &answer, &pictures));
        checks.push(of_input(job, input.as_ref(), &pictures));
        checks.push(batch(job, &answer, &pictures));
        checks.push(earlier(job, memory, &pictures));
        checks.into_iter().collect()
    }
}

impl Images {
    /// The size asked for. Runners that cannot make it round down to a multiple of 8 or 16.
    fn size(
        self,
        request: &Fields,
        input: Option<&Picture>,
        pictures: &[(usize, Picture)],
    ) -> Check {
        const ID: &str = "image.size";
        let of_input = input.map(|input| (input.width, input.height));
        let wanted = if self.from_input { of_input } else { request.size() };
        let Some(wanted) = wanted else { return Check::not_run(ID, "no size was asked for") };
        let Some((_, first)) = pictures.first() else { return Check::not_run(ID, "no picture") };
        let fits =
            |picture: &Picture| fits(picture.width, wanted.0) && fits(picture.height, wanted.1);
        let other = pictures.iter().map(|(_, picture)| picture).find(|picture| !fits(picture));
        let shown = other.unwrap_or(first);
        let check = fact(
            ID,
            other.is_none(),
            format!("{}x{}", shown.width, shown.height),
            format!("{}x{}", wanted.0, wanted.1),
        );
        // no document says what a model makes of the size of its input
        if self.from_input { check.kind(Kind::Soft) } else { check }
    }
}

pub(super) fn count(found: usize, wanted: usize) -> Check {
    fact("image.count", found == wanted, found.to_string(), wanted.to_string())
}

/// Every picture states the seed it was asked for: the same, or the next ones in a batch.
fn seed(request: &Fields, images: &[Media]) -> Check {
    const ID: &str = "image.seed";
    let Some(seed) = request.whole("seed") else { return Check::not_run(ID, "no seed was given") };
    let right = |(index, media): (i64, &Media)| {
        media.seed == Some(seed) || media.seed == seed.checked_add(index)
    };
    let wrong = (0..).zip(images).find(|image| !right((image.0, image.1)));
    let found = wrong.and_then(|(_, media)| media.seed);
    let found = found.map_or_else(|| "none".to_owned(), |seed| seed.to_string());
    match wrong {
        None => Check::pass(ID, "").threshold(seed.to_string()),
        Some(_) => fact(ID, false, found, seed.to_string()),
    }
}

/// Decodes the pictures that are at hand, each with its place in the answer.
pub(super) fn pictures(job: &Job<'_>) -> (Check, Vec<(usize, Picture)>) {
    const ID: &str = "image.decodes";
    let most = usize::try_from(job.bounds.pictures).unwrap_or(usize::MAX);
    let mut pictures = Vec::new();
    for (place, bytes) in job.media.iter().enumerate().take(most) {
        let Some(bytes) = bytes else { continue };
        match Picture::measure(bytes, &Limits::default()) {
            Ok(picture) => pictures.push((place, picture)),
            Err(error) => return (Check::fail(ID, format!("picture {place}: {error}")), pictures),
        }
    }
    if pictures.is_empty() {
        return (Check::not_run(ID, "no picture at hand"), pictures);
    }
    (Check::pass(ID, "").value(many(pictures.len())), pictures)
}

fn is_blank(picture: &Picture, job: &Job<'_>) -> bool {
    picture.sigma < job.bounds.blank_sigma || picture.colours < job.bounds.blank_colours
}

/// Nothing to see. A safety filter that was asked for paints over what it flags.
fn blank(job: &Job<'_>, answer: &Answer, pictures: &[(usize, Picture)]) -> Check {
    const ID: &str = "image.blank";
    let filter = job.request.flag("safety_check").unwrap_or(true);
    let flagged =
        |place: usize| answer.images.get(place).and_then(|media| media.nsfw) == Some(true);
    let least = pictures.iter().map(|(_, picture)| picture.sigma).min_by(f64::total_cmp);
    let Some(least) = least else { return Check::not_run(ID, "no picture") };
    let mut blank = pictures.iter().filter(|(_, picture)| is_blank(picture, job)).peekable();
    if blank.peek().is_none() {
        return at_least(ID, least, job.bounds.blank_sigma);
    }
    let excused = blank.all(|(place, _)| filter && flagged(*place));
    let check = Check::fail(ID, format!("a picture without content: luma varies by {least:.1}"))
        .value(least)
        .threshold(job.bounds.blank_sigma);
    check.kind(if excused { Kind::Hint } else { Kind::Soft })
}

/// The output is the input.
fn of_input(job: &Job<'_>, input: Option<&Picture>, pictures: &[(usize, Picture)]) -> Check {
    const ID: &str = "image.input";
    let Some(input) = input else { return Check::not_run(ID, "no input picture") };
    let nearest = pictures.iter().map(|(_, picture)| picture.distance(input)).min();
    let Some(nearest) = nearest else { return Check::not_run(ID, "no picture") };
    let weak = job.request.number("strength").is_some_and(|s| s < job.bounds.weak_strength);
    // a light change honestly keeps the hash: only a picture that is the same in detail says something
    let same = |picture: &Picture| {
        picture.pixels == input.pixels
            || picture.ssim(input).is_some_and(|ssim| ssim >= job.bounds.same_ssim)
    };
    let same = pictures.iter().any(|(_, picture)| same(picture));
    let kind = if weak || !same { Kind::Hint } else { Kind::Soft };
    differs(ID, nearest, job.bounds.same_bits).kind(kind)
}

/// Two pictures of a batch are the same one. Some orchestrators store a batch under one name: that is one address.
fn batch(job: &Job<'_>, answer: &Answer, pictures: &[(usize, Picture)]) -> Check {
    const ID: &str = "image.batch";
    let mut nearest: Option<(u32, bool)> = None;
    for (at, (place, picture)) in pictures.iter().enumerate() {
        for (other_place, other) in pictures.iter().skip(at + 1) {
            if is_blank(picture, job) && is_blank(other, job) {
                continue;
            }
            let url = |place: usize| answer.images.get(place).map(|media| media.url.as_str());
            let found = (picture.distance(other), url(*place) == url(*other_place));
            nearest = Some(nearest.map_or(found, |nearest| nearest.min(found)));
        }
    }
    let Some((bits, one_name)) = nearest else { return Check::not_run(ID, "no two pictures") };
    let kind = if one_name { Kind::Hint } else { Kind::Soft };
    differs(ID, bits, job.bounds.same_bits).kind(kind)
}

/// A picture this orchestrator returned before for another request.
pub(super) fn earlier(job: &Job<'_>, memory: &mut Memory, pictures: &[(usize, Picture)]) -> Check {
    const ID: &str = "image.earlier";
    let request = job.request.digest(job.input);
    let reach = (job.bounds.same_bits, Duration::from_hours(job.bounds.hours.into()));
    let mut nearest = None;
    for (_, picture) in pictures.iter().filter(|(_, picture)| !is_blank(picture, job)) {
        let seen = memory.see(job.orchestrator, (picture.hash, request), job.now, reach);
        if let Earlier::OtherRequest(bits) = seen {
            nearest = Some(nearest.map_or(bits, |nearest: u32| nearest.min(bits)));
        }
    }
    match nearest {
        _ if pictures.is_empty() => Check::not_run(ID, "no picture"),
        Some(bits) => differs(ID, bits, job.bounds.same_bits).kind(Kind::Soft),
        None => Check::pass(ID, "").kind(Kind::Soft),
    }
}

/// Passes where the nearest picture is further away than the same one would be.
fn differs(id: &'static str, bits: u32, same: u32) -> Check {
    let check = if bits > same {
        Check::pass(id, "")
    } else {
        Check::fail(id, format!("the same picture: {bits} of 64 bits differ"))
    };
    check.value(f64::from(bits)).threshold(f64::from(same))
}

/// A side as asked for, or rounded down to a multiple of 8 or 16 by a runner that has to.
pub(super) const fn fits(found: u32, wanted: u32) -> bool {
    found == wanted || found == wanted / 8 * 8 || found == wanted / 16 * 16
}
