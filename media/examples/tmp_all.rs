use waymark_media::*;
fn main() {
    let dir = "/work/shared/vectors/renditions";
    let d: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(format!("{dir}/index.json")).unwrap()).unwrap();
    let (mut n, mut bad) = (0, 0);
    println!("{}", version());
    for s in d["segments"].as_array().unwrap() {
        let mut files = vec![s["source"].clone()];
        files.extend(s["renditions"].as_array().unwrap().iter().cloned());
        for f in files {
            let name = f["file"].as_str().unwrap();
            let b = std::fs::read(format!("{dir}/{name}")).unwrap();
            let c = Container::from_ext(name.rsplit_once('.').unwrap().1).unwrap();
            let p = probe(&b, c).unwrap();
            let v = &f["video"];
            let au = v["access_units"].as_u64().unwrap() as u32;
            let crop = (v["cropped"][0].as_u64().unwrap() as u32, v["cropped"][1].as_u64().unwrap() as u32);
            let idr = v["idr"].as_array().unwrap().len() as u32;
            let a = f["audio"].as_array().unwrap().len() > 0;
            let i = inspect(&b).unwrap();
            n += 1;
            let dd = i.duration.as_secs_f64() - p.duration.map_or(0.0, |d| d.as_secs_f64());
            if p.frames != au || (p.video.width, p.video.height) != crop || p.key_frames != idr || a != p.audio.is_some() || i.key_frames != p.key_frames || dd.abs() > 0.01 {
                bad += 1;
                println!("{name}: {p:?} vs au {au} {crop:?} idr {idr} audio {a} inspect {} {} dur {:?}", i.frames, i.key_frames, i.duration);
            }
        }
        // sizes and counts of renditions as stock
        let set = &d["profiles"][s["profile_set"].as_str().unwrap()];
        let src = s["source"]["file"].as_str().unwrap();
        let b = std::fs::read(format!("{dir}/{src}")).unwrap();
        let targets: Vec<Target> = set.as_array().unwrap().iter().map(|p| Target {
            fps: match p["fps"].as_u64().unwrap() as u32 { 0 => None, n => Some((n, p["fpsDen"].as_u64().unwrap_or(1) as u32)) },
            gop: match p["gop"].as_str().unwrap() { "" => Gop::Default, "intra" => Gop::Intra, s => Gop::Seconds(s.parse().unwrap()) },
            ..Target::new(p["width"].as_i64().unwrap() as i32, p["height"].as_i64().unwrap() as i32, p["bitrate"].as_u64().unwrap() as u32) }).collect();
        let o = transcode(&b, &targets, &Limits::default()).unwrap();
        for (r, o) in s["renditions"].as_array().unwrap().iter().zip(&o) {
            let v = &r["video"];
            let au = v["access_units"].as_u64().unwrap() as u32;
            let crop = (v["cropped"][0].as_u64().unwrap() as u32, v["cropped"][1].as_u64().unwrap() as u32);
            if o.frames != au || (o.width, o.height) != crop || o.pixels != r["reported_pixels"].as_i64().unwrap() {
                println!("{}: ours {} {}x{} stock {au} {crop:?}", r["file"], o.frames, o.width, o.height);
            }
        }
    }
    println!("{n} files, {bad} differ");
}
