//! tmp
use waymark_media::*;
fn main() {
    let t = std::time::Instant::now();
    let s = TestPattern { bitrate: 3_100_000, ..Default::default() }.segments(5).unwrap();
    println!("720p30 ultrafast 10 s in {:?}", t.elapsed());
    std::fs::write("/tmp/seg.ts", &s[1].bytes).unwrap();
    let t = std::time::Instant::now();
    let m = TestPattern {
        bitrate: 3_100_000,
        container: Container::Mp4,
        speed: Speed::Superfast,
        ..Default::default()
    }
    .segments(5)
    .unwrap();
    println!("720p30 superfast 10 s in {:?}", t.elapsed());
    std::fs::write("/tmp/seg.mp4", &m[1].bytes).unwrap();
    println!(
        "{:?} {:?}",
        s.iter().map(|s| s.bytes.len()).collect::<Vec<_>>(),
        m.iter().map(|s| s.bytes.len()).collect::<Vec<_>>()
    );
    let t = std::time::Instant::now();
    let o = transcode(
        &s[1].bytes,
        &[Target::new(640, 360, 1_200_000), Target::new(426, 240, 600_000)],
        &Limits::default(),
    )
    .unwrap();
    println!(
        "transcode 2 s to 2 in {:?}: {:?}",
        t.elapsed(),
        o.iter().map(|o| o.bytes.len()).collect::<Vec<_>>()
    );
    let t = std::time::Instant::now();
    for _ in 0..50 {
        probe(&s[1].bytes, Container::MpegTs).unwrap();
    }
    println!("dev probe {:?}", t.elapsed() / 50);
}
