//! Which pictures of a file a decoder shows that starts with this file alone.

use super::{UnitKind, VideoTrack};

impl VideoTrack {
    /// Indices into [`units`](Self::units) of the pictures that decoding this file alone shows, in presentation order.
    ///
    /// Decoding starts at the first key frame or entry point; what is before it is lost. If that is not an
    /// instantaneous refresh, so are pictures that are shown before it and may need what came earlier: the leading ones
    /// of an open group of pictures. What is shown after it is not, even where it is coded before: so are pictures next to
    /// the end of a refresh that takes many. Later entry points lose nothing.
    pub fn decodable(&self) -> Vec<usize> {
        let starts = |unit: &super::AccessUnit| unit.kind != UnitKind::Other;
        let Some(first) = self.units.iter().position(starts) else { return Vec::new() };
        let entry = self.units.get(first).filter(|unit| unit.kind == UnitKind::Entry);
        let (skipped, from) = entry.map_or((first, i64::MIN), |unit| (0, unit.pts));
        let after = self.units.iter().enumerate().skip(skipped);
        let mut shown: Vec<(i64, usize)> =
            after.filter(|(_, unit)| unit.pts >= from).map(|(at, unit)| (unit.pts, at)).collect();
        shown.sort_unstable();
        shown.into_iter().map(|(_, at)| at).collect()
    }
}
