//! From a picture to its grid.

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling;

use super::blocks::Divider;
use super::decode::Shown;
use super::limits::PixelError;
use super::planes::{Layout, unsupported};
use super::{Grid, Lattice};

/// Value of chroma where a picture has none.
const GREY: u16 = 128 << 8;

/// Reduces pictures to grids.
pub(super) struct Reducer {
    lattice: Lattice,
    luma: Option<Divider>,
    chroma: Option<Divider>,
}

impl Reducer {
    pub(super) const fn new(lattice: Lattice) -> Self {
        Self { lattice, luma: None, chroma: None }
    }

    pub(super) fn grid(&mut self, picture: &Video, shown: Shown) -> Result<Grid, PixelError> {
        match Layout::of(picture.format()) {
            Some(layout) => self.reduce(picture, layout, shown),
            None => self.converted(picture, shown),
        }
    }

    fn reduce(
        &mut self,
        picture: &Video,
        layout: Layout,
        shown: Shown,
    ) -> Result<Grid, PixelError> {
        let Shown { pts, key, damaged, .. } = shown;
        let luma = layout.luma(picture).ok_or_else(|| unsupported(picture))?;
        let y = divider(&mut self.luma, (luma.width, luma.height), self.lattice).means(&luma);
        let mut chroma = |index| match layout.chroma(picture, index) {
            Some(plane) => {
                divider(&mut self.chroma, (plane.width, plane.height), self.lattice).means(&plane)
            }
            None => vec![GREY; self.lattice.cells()],
        };
        let (u, v) = (chroma(1), chroma(2));
        Ok(Grid { pts, key, damaged, y, u, v })
    }

    /// By way of 8-bit 4:2:0, as a transcoder does it.
    fn converted(&mut self, picture: &Video, shown: Shown) -> Result<Grid, PixelError> {
        let (width, height) = (picture.width(), picture.height());
        let plain = Pixel::YUV420P;
        let mut context = scaling::Context::get(
            picture.format(),
            width,
            height,
            plain,
            width,
            height,
            scaling::Flags::BICUBIC,
        )
        .map_err(|_| unsupported(picture))?;
        let mut converted = Video::empty();
        context.run(picture, &mut converted).map_err(|_| unsupported(picture))?;
        let layout = Layout::of(plain).ok_or_else(|| unsupported(picture))?;
        self.reduce(&converted, layout, shown)
    }
}

/// The divider for planes of this size, a new one where the last was of another.
fn divider(slot: &mut Option<Divider>, size: (u32, u32), lattice: Lattice) -> &mut Divider {
    if slot.as_ref().is_none_or(|divider| divider.size() != size) {
        *slot = None;
    }
    slot.get_or_insert_with(|| Divider::new(size, lattice))
}
