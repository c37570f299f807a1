//! Pieces of filter graphs: textures with detail at every scale, as camera pictures have, and cheaper things.

/// A still texture of `size` at `rate` pictures a second, computed once: light and dark regions with sharp borders,
/// detail at every scale, soft colours.
pub(super) fn texture(size: (u32, u32), rate: &str, seed: u32) -> String {
    let (w, h) = size;
    let octave = |cells: u32, n: u32| {
        let (cw, ch) = ((w / cells).max(4), (h / cells).max(4));
        let seed = seed * 10 + n;
        format!(
            "color=c=gray:s={cw}x{ch}:r={rate},format=yuv420p,trim=end_frame=1,\
             noise=c0s=100:c1s=45:c2s=45:all_seed={seed},scale={w}:{h}:flags=bicubic"
        )
    };
    let [large, middle, small, fine] = [octave(150, 1), octave(36, 2), octave(9, 3), octave(2, 4)];
    let regions = octave(110, 5);
    let hue = seed * 47 % 360;
    format!(
        "{large}[t{seed}a];{middle}[t{seed}b];{small}[t{seed}c];{fine}[t{seed}d];\
         {regions},lutyuv=y='if(gt(val,126),255,0)':u=128:v=128[t{seed}m];\
         [t{seed}a][t{seed}b]blend=all_mode=average[t{seed}e];[t{seed}c][t{seed}d]blend=all_mode=average[t{seed}f];\
         [t{seed}e][t{seed}f]blend=all_expr='A*0.75+B*0.25',eq=contrast=1.8,hue=h={hue},split[t{seed}g][t{seed}h];\
         [t{seed}g]eq=brightness=0.12[t{seed}i];[t{seed}h]eq=brightness=-0.2:contrast=0.8[t{seed}j];\
         [t{seed}i][t{seed}j][t{seed}m]maskedmerge=planes=1,trim=end_frame=1,\
         loop=loop=-1:size=1:start=0,setpts=N/({rate})/TB"
    )
}

/// The same without fine detail: a picture out of focus.
pub(super) fn soft(size: (u32, u32), rate: &str, seed: u32) -> String {
    let (w, h) = size;
    format!(
        "color=c=gray:s=16x9:r={rate},format=yuv420p,trim=end_frame=1,noise=alls=100:all_seed={seed},\
         scale={w}:{h}:flags=bicubic,loop=loop=-1:size=1:start=0,setpts=N/({rate})/TB"
    )
}

/// A page of black and white blocks as small as letters' strokes.
pub(super) fn page(size: (u32, u32), rate: &str, stroke: u32, seed: u32) -> String {
    let (w, h) = size;
    let (cw, ch) = (w / stroke, h / stroke);
    format!(
        "color=c=gray:s={cw}x{ch}:r={rate},format=yuv420p,trim=end_frame=1,noise=alls=100:all_seed={seed},\
         lutyuv=y='if(gt(val,118),228,24)':u=128:v=128,scale={w}:{h}:flags=neighbor,\
         loop=loop=-1:size=1:start=0,setpts=N/({rate})/TB"
    )
}

/// A box of colour that moves over what comes before, in lines of a graph: `x` and `y` are expressions of the time t.
pub(super) fn mover(
    colour: &str,
    (w, h): (u32, u32),
    rate: &str,
    x: &str,
    y: &str,
    tag: &str,
) -> String {
    format!(
        "[m{tag}];color=c={colour}:s={w}x{h}:r={rate}[o{tag}];[m{tag}][o{tag}]overlay=x='{x}':y='{y}':shortest=1"
    )
}

/// The usual size.
pub(super) const USUAL: (u32, u32) = (640, 360);
/// A stage for cameras that move over it.
pub(super) const STAGE: (u32, u32) = (1280, 720);

/// A camera that looks at a part of a stage; `x` and `y` are expressions of the time.
pub(super) fn camera(seed: u32, rate: &str, x: &str, y: &str) -> String {
    format!("{},crop=640:360:x='{x}':y='{y}'", texture(STAGE, rate, seed))
}

/// Two scenes one after the other, cut every `pictures`.
pub(super) fn cuts(pictures: u32) -> String {
    let [a, b] =
        [camera(21, "30", "100+60*t", "80"), camera(22, "30", "400-50*t", "200+20*sin(3*t)")];
    format!("{a}[a];{b}[b];[a][b]overlay=enable='mod(floor(n/{pictures}),2)':shortest=1")
}
