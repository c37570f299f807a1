//! The clips that chosen thresholds are only measured with.

use waymark_media::{Container, Gop};

use super::{Recipe, Sound, Timing};
use crate::corpus::scenery::{STAGE, USUAL, camera, cuts, mover, page, soft, texture};

/// A picture of which only windows are looked at for detail.
const LARGE: (u32, u32) = (1280, 720);
/// What such a source has.
const LARGE_BITRATE: u32 = 10_000_000;

/// The names say what is special.
pub(super) const RECIPES: &[Recipe] = &[
    // Cameras.
    Recipe::new("pan-fast", || camera(2, "30", "30+140*t", "100+40*t")).sound(Sound::Noise(2)),
    Recipe::new("handheld-25", || {
        camera(4, "25", "300+20*sin(6*t)+5*sin(31*t)", "180+9*sin(8*t+1)+4*sin(17*t)")
    })
    .rate(25, 1)
    .sound(Sound::Tone(523)),
    Recipe::new("zoom-out", || {
        format!(
            "{},zoompan=z='2.4-0.008*on':d=1:x='iw/5':y='ih/6':s=640x360:fps=30",
            texture(STAGE, "30", 6)
        )
    })
    .sound(Sound::Tone(587)),
    Recipe::new("turning", || {
        format!("{},rotate=a='0.15*t':bilinear=0,crop=640:360", texture((960, 720), "30", 7))
    })
    .sound(Sound::Noise(7)),
    Recipe::new("night", || {
        camera(10, "30", "250+30*sin(2*t)", "150+20*t") + ",eq=brightness=-0.40:contrast=0.22"
    })
    .sound(Sound::Noise(10)),
    Recipe::new("out-of-focus", || {
        format!("{},crop=640:360:x='100+50*t':y='100+20*t'", soft(STAGE, "30", 11))
    })
    .sound(Sound::Tone(698)),
    Recipe::new("colours-drift", || camera(13, "30", "300", "200+20*t") + ",hue=h='50*t'"),
    // Things that move before a background.
    Recipe::new("match-50", || {
        camera(15, "50", "300+220*sin(1.3*t)", "180")
            + &mover("white", (14, 14), "50", "320+280*sin(3.1*t)", "180+120*sin(5.3*t)", "a")
            + &mover("0xd02020", (18, 40), "50", "200+100*sin(2.2*t)", "150", "b")
            + &mover("0x2030d0", (18, 40), "50", "400+90*sin(1.7*t+1)", "190", "c")
    })
    .rate(50, 1)
    .sound(Sound::Noise(15)),
    Recipe::new("speaker", || {
        texture(USUAL, "30", 16)
            + &mover("0xb08060", (150, 190), "30", "240+5*sin(3*t)", "120+4*sin(4*t)", "a")
            + &mover("0x402018", (46, 12), "30", "292+5*sin(3*t)", "250+7*sin(14*t)", "b")
    })
    .sound(Sound::Tone(294)),
    Recipe::new("cursor", || {
        page(USUAL, "30", 8, 17)
            + &mover("0xff8000", (12, 18), "30", "300+90*sin(1.5*t)", "170+60*sin(2*t)", "a")
    })
    .sound(Sound::None),
    Recipe::new("two-in-one", || {
        let (a, b) = (camera(19, "30", "200+50*t", "100"), camera(20, "30", "500-60*t", "200"));
        format!("{b},scale=200:112[b];{a}[a];[a][b]overlay=x=424:y=16:shortest=1")
    }),
    // Cuts, fades, flashes.
    Recipe::new("cuts-fast", || cuts(7)).sound(Sound::Noise(22)),
    Recipe::new("fade-out", || {
        camera(24, "30", "300-30*t", "100") + ",fade=type=out:start_frame=75:nb_frames=40"
    })
    .sound(Sound::Tone(784)),
    Recipe::new("strobe", || {
        camera(28, "30", "250", "180+20*t") + ",drawbox=c=white@0.7:t=fill:enable='lt(mod(n,6),2)'"
    })
    .sound(Sound::Tone(880)),
    // Pages and patterns.
    Recipe::new("ticker", || {
        texture(USUAL, "30", 30)
            + "[bg];"
            + &page((640, 60), "30", 4, 31)
            + ",scroll=horizontal=0.008[t];[bg][t]overlay=y=290:shortest=1"
    }),
    Recipe::new("page-still", || page(USUAL, "30", 4, 32)).sound(Sound::Tone(415)),
    Recipe::new("testsrc2-60", || "testsrc2=s=640x360:r=60".to_owned())
        .rate(60, 1)
        .sound(Sound::Tone(1100)),
    Recipe::new("mandelbrot-deep", || {
        "mandelbrot=s=640x360:r=24:maxiter=600:start_scale=0.3:end_scale=0.03:end_pts=96".to_owned()
    })
    .rate(24, 1)
    .sound(Sound::Tone(494)),
    Recipe::new("sierpinski", || "sierpinski=s=640x360:r=30:seed=34:jump=60".to_owned()),
    Recipe::new("cellauto", || {
        "cellauto=s=320x180:r=30:seed=36:rule=110:scroll=1,scale=640:360:flags=neighbor".to_owned()
    }),
    Recipe::new("gradients-grain", || {
        // Colours that are not named are drawn anew each time, whatever the seed.
        "gradients=s=640x360:r=30:seed=38:speed=0.03:nb_colors=5:\
         c0=0x30a0c0:c1=0xf0e0a0:c2=0x602040:c3=0x40c060:c4=0x101830,noise=c0s=9:c0f=t+u:c0_seed=38"
            .to_owned()
    })
    .sound(Sound::Noise(38)),
    Recipe::new("bars-pal", || "pal75bars=s=640x360:r=25".to_owned())
        .rate(25, 1)
        .sound(Sound::Tone(1200)),
    Recipe::new("still-portrait", || texture((360, 640), "30", 41)).sound(Sound::Tone(392)),
    Recipe::new("flat-gray", || "color=c=gray:s=640x360:r=30".to_owned()).sound(Sound::None),
    Recipe::new("black", || "color=c=black:s=640x360:r=30".to_owned()).sound(Sound::Tone(330)),
    Recipe::new("white-noise", || {
        "color=c=gray:s=640x360:r=30,format=yuv420p,noise=alls=60:allf=t:all_seed=43".to_owned()
    })
    .sound(Sound::Noise(43)),
    // Rates, times, sizes, containers.
    Recipe::new("broadcast-2997", || camera(47, "30000/1001", "200+70*t", "150+30*t"))
        .rate(30_000, 1_001)
        .sound(Sound::Tone(622)),
    Recipe::new("fifteen", || camera(48, "15", "200+50*t", "180")).rate(15, 1),
    Recipe::new("jitter", || camera(51, "30", "500-80*t", "150+20*t"))
        .timing(Timing::Jitter)
        .sound(Sound::Tone(277)),
    Recipe::new("one-picture-silent", || texture(USUAL, "30", 53))
        .timing(Timing::Single)
        .sound(Sound::None),
    Recipe::new("wide", || {
        format!("{},crop=854:358:x='40+60*t':y='80+20*t'", texture((1280, 640), "30", 56))
    })
    .sound(Sound::Mp3(550)),
    Recipe::new("odd-size", || {
        format!("{},crop=638:346:x='90+70*t':y='60'", texture(STAGE, "30", 57))
    })
    .sound(Sound::Tone(208)),
    Recipe::new("large-25", || {
        format!("{},crop=1280:720:x='200-50*t':y='90+30*sin(t)'", texture((1600, 900), "25", 59))
    })
    .rate(25, 1)
    .sound(Sound::Tone(233)),
    Recipe::new("large-pan", || {
        format!("{},crop=1280:720:x='40+120*t':y='60+30*t'", texture((1760, 990), "30", 65))
    })
    .bitrate(LARGE_BITRATE)
    .sound(Sound::Noise(65)),
    Recipe::new("large-speaker", || {
        texture(LARGE, "30", 66)
            + &mover("0xb08060", (300, 380), "30", "480+10*sin(3*t)", "240+8*sin(4*t)", "a")
            + &mover("0x402018", (92, 24), "30", "584+10*sin(3*t)", "500+14*sin(14*t)", "b")
    })
    .bitrate(LARGE_BITRATE)
    .sound(Sound::Tone(262)),
    Recipe::new("large-page", || page(LARGE, "30", 5, 67) + ",scroll=vertical=0.004")
        .bitrate(LARGE_BITRATE)
        .sound(Sound::None),
    Recipe::new("large-match-50", || {
        format!("{},crop=1280:720:x='220+200*sin(1.3*t)':y='120'", texture((1760, 990), "50", 68))
            + &mover("white", (24, 24), "50", "640+560*sin(3.1*t)", "360+240*sin(5.3*t)", "a")
            + &mover("0xd02020", (36, 80), "50", "400+200*sin(2.2*t)", "300", "b")
    })
    .rate(50, 1)
    .bitrate(LARGE_BITRATE)
    .sound(Sound::Noise(68)),
    Recipe::new("large-evening", || {
        format!("{},crop=1280:720:x='300-70*t':y='100+20*t'", texture((1760, 990), "30", 69))
            + ",eq=brightness=-0.25:contrast=0.5"
    })
    .bitrate(LARGE_BITRATE)
    .sound(Sound::Tone(349)),
    Recipe::new("mp4", || camera(61, "30", "300+90*sin(1.5*t)", "190"))
        .container(Container::Mp4)
        .sound(Sound::Tone(247)),
    Recipe::new("many-keys", || camera(62, "30", "200+40*t", "110+30*t"))
        .gop(Gop::Seconds(0.25))
        .further(&[("bf", "0")]),
    Recipe::new("full-range", || {
        camera(63, "30", "250+50*t", "160") + ",scale=in_range=limited:out_range=full"
    })
    .further(&[("color_range", "pc")])
    .sound(Sound::Tone(185)),
];
