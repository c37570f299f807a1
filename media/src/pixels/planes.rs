//! Which planes a decoded picture has, and how to get at them.

use ffmpeg_next::color::Range;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;

use super::blocks::Plane;
use super::limits::PixelError;

/// How a planar picture of luma and two chroma planes lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Bits of a sample.
    depth: u32,
    /// Chroma width and height are the luma's divided by two to the power of these; `None` without chroma.
    chroma: Option<(u32, u32)>,
}

impl Layout {
    /// `None` for formats that have to be converted first.
    pub(super) const fn of(format: Pixel) -> Option<Self> {
        use Pixel as P;
        let (depth, chroma) = match format {
            P::GRAY8 => (8, None),
            P::GRAY10LE => (10, None),
            P::GRAY12LE => (12, None),
            P::YUV420P => (8, Some((1, 1))),
            P::YUV422P => (8, Some((1, 0))),
            P::YUV444P => (8, Some((0, 0))),
            P::YUV440P => (8, Some((0, 1))),
            P::YUV420P9LE => (9, Some((1, 1))),
            P::YUV422P9LE => (9, Some((1, 0))),
            P::YUV444P9LE => (9, Some((0, 0))),
            P::YUV420P10LE => (10, Some((1, 1))),
            P::YUV422P10LE => (10, Some((1, 0))),
            P::YUV444P10LE => (10, Some((0, 0))),
            P::YUV440P10LE => (10, Some((0, 1))),
            P::YUV420P12LE => (12, Some((1, 1))),
            P::YUV422P12LE => (12, Some((1, 0))),
            P::YUV444P12LE => (12, Some((0, 0))),
            P::YUV440P12LE => (12, Some((0, 1))),
            P::YUV420P14LE => (14, Some((1, 1))),
            P::YUV422P14LE => (14, Some((1, 0))),
            P::YUV444P14LE => (14, Some((0, 0))),
            _ => return None,
        };
        Some(Self { depth, chroma })
    }

    pub(super) const fn is_8_bit(self) -> bool {
        self.depth == 8
    }

    /// The format of a picture that has this one's luma plane only; `None` where there is none of this depth.
    pub(super) const fn grey(self) -> Option<Pixel> {
        Some(match self.depth {
            8 => Pixel::GRAY8,
            9 => Pixel::GRAY9LE,
            10 => Pixel::GRAY10LE,
            12 => Pixel::GRAY12LE,
            14 => Pixel::GRAY14LE,
            _ => return None,
        })
    }

    /// The luma plane.
    pub(super) fn luma(self, picture: &Video) -> Option<Plane<'_>> {
        plane(picture, 0, (picture.width(), picture.height()), self.depth)
    }

    /// A chroma plane, 1 or 2; `None` if the format has none.
    pub(super) fn chroma(self, picture: &Video, index: usize) -> Option<Plane<'_>> {
        let (across, down) = self.chroma?;
        let size = (halved(picture.width(), across), halved(picture.height(), down));
        plane(picture, index, size, self.depth)
    }
}

/// `side` divided by two to the power of `times`, rounded up.
const fn halved(side: u32, times: u32) -> u32 {
    side.saturating_add((1 << times) - 1) >> times
}

fn plane(picture: &Video, index: usize, size: (u32, u32), depth: u32) -> Option<Plane<'_>> {
    if index >= picture.planes() {
        return None;
    }
    let stride = picture.stride(index);
    // a negative stride, which no decoder in use here makes, comes out as an absurd one
    if stride > 1 << 20 {
        return None;
    }
    Some(Plane { data: picture.data(index), stride, width: size.0, height: size.1, depth })
}

/// Whether samples use the full range. The picture's format forgets it, so that nothing further on maps the samples
/// to another range unasked.
pub(super) fn take_range(picture: &mut Video) -> bool {
    use Pixel as P;
    let plain = match picture.format() {
        P::YUVJ420P => P::YUV420P,
        P::YUVJ422P => P::YUV422P,
        P::YUVJ444P => P::YUV444P,
        P::YUVJ440P => P::YUV440P,
        _ => return picture.color_range() == Range::JPEG,
    };
    picture.set_format(plain);
    true
}

/// The error for a picture in this format.
pub(super) fn unsupported(picture: &Video) -> PixelError {
    PixelError::Format { format: format!("{:?}", picture.format()).to_lowercase() }
}
