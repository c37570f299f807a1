//! What each clip shows, and how it is timed and encoded. Neighbours in kind stand in different halves.

use waymark_media::{Container, Gop, Reel};

use super::Half;
use super::Half::{Training, Unseen};
use super::scenery::{mover, page, soft, texture};

/// How a clip is made.
pub(super) struct Recipe {
    pub(super) name: &'static str,
    pub(super) half: Half,
    /// A source graph.
    pub(super) scene: fn() -> String,
    pub(super) rate: (u32, u32),
    pub(super) timing: Timing,
    pub(super) sound: Sound,
    pub(super) bitrate: u32,
    pub(super) gop: Gop,
    pub(super) container: Container,
    pub(super) further: &'static [(&'static str, &'static str)],
}

/// When pictures are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Timing {
    /// At the nominal rate.
    Even,
    /// At it, but with pictures missing here and there.
    Gaps,
    /// Up to a third of a picture early or late.
    Jitter,
    /// One picture in all.
    Single,
}

/// What is heard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sound {
    None,
    /// A tone of this frequency with a beep a second, in AAC.
    Tone(u32),
    /// Coloured noise of this seed, in AAC.
    Noise(u32),
    /// A tone in MP3.
    Mp3(u32),
}

impl Recipe {
    const fn new(name: &'static str, half: Half, scene: fn() -> String) -> Self {
        Self {
            name,
            half,
            scene,
            rate: (30, 1),
            timing: Timing::Even,
            sound: Sound::Tone(440),
            bitrate: 4_000_000,
            gop: Gop::Default,
            container: Container::MpegTs,
            further: &[],
        }
    }

    const fn rate(self, num: u32, den: u32) -> Self {
        Self { rate: (num, den), ..self }
    }

    const fn timing(self, timing: Timing) -> Self {
        Self { timing, ..self }
    }

    const fn sound(self, sound: Sound) -> Self {
        Self { sound, ..self }
    }

    const fn container(self, container: Container) -> Self {
        Self { container, ..self }
    }

    const fn gop(self, gop: Gop) -> Self {
        Self { gop, ..self }
    }

    const fn further(self, further: &'static [(&'static str, &'static str)]) -> Self {
        Self { further, ..self }
    }

    /// The whole graph.
    pub(super) fn graph(&self) -> String {
        (self.scene)()
    }
}

impl Timing {
    pub(super) fn apply(self, reel: &Reel) -> Reel {
        match self {
            Self::Even => reel.part(0, reel.len()),
            Self::Gaps => reel.thin(|n| n % 7 != 3 && n % 11 != 5 && !(20..24).contains(&n)),
            Self::Jitter => reel.retimed(|n, at| {
                let wobble = i64::try_from(n * 7919 % 21).unwrap_or(0) - 10;
                if n == 0 { at } else { at + wobble * 100 }
            }),
            Self::Single => reel.part(0, 1),
        }
    }
}

impl Sound {
    /// Source graph and encoder.
    pub(super) fn source(self) -> Option<(String, &'static str)> {
        match self {
            Self::None => None,
            Self::Tone(hertz) => Some((format!("sine=frequency={hertz}:beep_factor=3"), "aac")),
            Self::Noise(seed) => {
                Some((format!("anoisesrc=color=pink:amplitude=0.4:seed={seed}"), "aac"))
            }
            Self::Mp3(hertz) => {
                Some((format!("sine=frequency={hertz}:beep_factor=3"), "libmp3lame"))
            }
        }
    }
}

/// The usual size.
const USUAL: (u32, u32) = (640, 360);
/// A stage for cameras that move over it.
const STAGE: (u32, u32) = (1280, 720);

/// A camera that looks at a part of a stage; `x` and `y` are expressions of the time.
fn camera(seed: u32, rate: &str, x: &str, y: &str) -> String {
    format!("{},crop=640:360:x='{x}':y='{y}'", texture(STAGE, rate, seed))
}

/// Two scenes one after the other, cut every `pictures`.
fn cuts(pictures: u32) -> String {
    let [a, b] =
        [camera(21, "30", "100+60*t", "80"), camera(22, "30", "400-50*t", "200+20*sin(3*t)")];
    format!("{a}[a];{b}[b];[a][b]overlay=enable='mod(floor(n/{pictures}),2)':shortest=1")
}

/// All clips. The names say what is special.
pub(super) const RECIPES: &[Recipe] = &[
    // Cameras.
    Recipe::new("pan-slow", Training, || camera(1, "30", "200+20*t", "150+8*t")),
    Recipe::new("pan-fast", Unseen, || camera(2, "30", "30+140*t", "100+40*t"))
        .sound(Sound::Noise(2)),
    Recipe::new("handheld", Training, || {
        camera(3, "30", "300+14*sin(9*t)+6*sin(23*t)", "180+11*sin(7*t+1)+5*sin(19*t)")
    })
    .sound(Sound::Noise(3)),
    Recipe::new("handheld-25", Unseen, || {
        camera(4, "25", "300+20*sin(6*t)+5*sin(31*t)", "180+9*sin(8*t+1)+4*sin(17*t)")
    })
    .rate(25, 1)
    .sound(Sound::Tone(523)),
    Recipe::new("zoom-in", Training, || {
        format!("{},zoompan=z='1+0.004*on':d=1:x='iw/4':y='ih/4':s=640x360:fps=30", texture(STAGE, "30", 5))
    }),
    Recipe::new("zoom-out", Unseen, || {
        format!("{},zoompan=z='2.4-0.008*on':d=1:x='iw/5':y='ih/6':s=640x360:fps=30", texture(STAGE, "30", 6))
    })
    .sound(Sound::Tone(587)),
    Recipe::new("turning", Unseen, || {
        format!("{},rotate=a='0.15*t':bilinear=0,crop=640:360", texture((960, 720), "30", 7))
    })
    .sound(Sound::Noise(7)),
    Recipe::new("slow-motion", Training, || {
        format!("{},crop=1200:674:x='20+8*t':y='10+3*t',scale=640:360", texture(STAGE, "30", 8))
    })
    .sound(Sound::Tone(660)),
    Recipe::new("dark-scene", Training, || {
        camera(9, "30", "200+40*t", "150") + ",eq=brightness=-0.33:contrast=0.35"
    }),
    Recipe::new("night", Unseen, || {
        camera(10, "30", "250+30*sin(2*t)", "150+20*t") + ",eq=brightness=-0.40:contrast=0.22"
    })
    .sound(Sound::Noise(10)),
    Recipe::new("out-of-focus", Unseen, || {
        format!("{},crop=640:360:x='100+50*t':y='100+20*t'", soft(STAGE, "30", 11))
    })
    .sound(Sound::Tone(698)),
    Recipe::new("monochrome", Training, || camera(12, "30", "100+70*t", "50+30*t") + ",hue=s=0"),
    Recipe::new("colours-drift", Unseen, || camera(13, "30", "300", "200+20*t") + ",hue=h='50*t'"),
    // Things that move before a background.
    Recipe::new("traffic", Training, || {
        texture(USUAL, "30", 14)
            + &mover("0xc04030", (90, 50), "30", "mod(170*t,730)-90", "200", "a")
            + &mover("0x3050c0", (70, 40), "30", "640-mod(230*t,720)", "260", "b")
            + &mover("0xe0d040", (60, 36), "30", "mod(90*t+200,700)-60", "140", "c")
    })
    .sound(Sound::Noise(14)),
    Recipe::new("match-50", Unseen, || {
        camera(15, "50", "300+220*sin(1.3*t)", "180")
            + &mover("white", (14, 14), "50", "320+280*sin(3.1*t)", "180+120*sin(5.3*t)", "a")
            + &mover("0xd02020", (18, 40), "50", "200+100*sin(2.2*t)", "150", "b")
            + &mover("0x2030d0", (18, 40), "50", "400+90*sin(1.7*t+1)", "190", "c")
    })
    .rate(50, 1)
    .sound(Sound::Noise(15)),
    Recipe::new("speaker", Unseen, || {
        texture(USUAL, "30", 16)
            + &mover("0xb08060", (150, 190), "30", "240+5*sin(3*t)", "120+4*sin(4*t)", "a")
            + &mover("0x402018", (46, 12), "30", "292+5*sin(3*t)", "250+7*sin(14*t)", "b")
    })
    .sound(Sound::Tone(294)),
    Recipe::new("cursor", Unseen, || {
        page(USUAL, "30", 8, 17)
            + &mover("0xff8000", (12, 18), "30", "300+90*sin(1.5*t)", "170+60*sin(2*t)", "a")
    })
    .sound(Sound::None),
    Recipe::new("game", Training, || {
        camera(18, "30", "300+200*sin(2*t)", "180+100*sin(1.6*t)")
            + ",drawbox=x=16:y=300:w=160:h=44:c=black:t=fill,drawbox=x=20:y=304:w=96:h=14:c=0x20c040:t=fill,\
               drawbox=x=530:y=12:w=96:h=72:c=0x303030:t=fill"
    })
    .sound(Sound::Noise(18)),
    Recipe::new("two-in-one", Unseen, || {
        let (a, b) = (camera(19, "30", "200+50*t", "100"), camera(20, "30", "500-60*t", "200"));
        format!("{b},scale=200:112[b];{a}[a];[a][b]overlay=x=424:y=16:shortest=1")
    }),
    // Cuts, fades, flashes.
    Recipe::new("cuts", Training, || cuts(17)).sound(Sound::Tone(350)),
    Recipe::new("cuts-fast", Unseen, || cuts(7)).sound(Sound::Noise(22)),
    Recipe::new("fade-in", Training, || {
        camera(23, "30", "200+30*t", "150") + ",fade=type=in:start_frame=62:nb_frames=40"
    }),
    Recipe::new("fade-out", Unseen, || {
        camera(24, "30", "300-30*t", "100") + ",fade=type=out:start_frame=75:nb_frames=40"
    })
    .sound(Sound::Tone(784)),
    Recipe::new("cross-fade", Training, || {
        let (a, b) = (camera(25, "30", "100+40*t", "90"), camera(26, "30", "400-40*t", "190"));
        format!("{a}[a];{b}[b];[a][b]xfade=transition=fade:duration=1.2:offset=2.3")
    })
    .sound(Sound::Noise(26)),
    Recipe::new("flashes", Training, || {
        camera(27, "30", "300+20*t", "180")
            + ",drawbox=c=white:t=fill:enable='eq(mod(n,13),5)'"
    }),
    Recipe::new("strobe", Unseen, || {
        camera(28, "30", "250", "180+20*t")
            + ",drawbox=c=white@0.7:t=fill:enable='lt(mod(n,6),2)'"
    })
    .sound(Sound::Tone(880)),
    // Pages and patterns.
    Recipe::new("page-scrolls", Training, || {
        page(USUAL, "30", 5, 29) + ",scroll=vertical=0.0056"
    })
    .sound(Sound::None),
    Recipe::new("ticker", Unseen, || {
        texture(USUAL, "30", 30)
            + "[bg];"
            + &page((640, 60), "30", 4, 31)
            + ",scroll=horizontal=0.008[t];[bg][t]overlay=y=290:shortest=1"
    }),
    Recipe::new("page-still", Unseen, || page(USUAL, "30", 4, 32)).sound(Sound::Tone(415)),
    Recipe::new("stripes", Training, || {
        "color=c=gray:s=64x16:r=30,format=yuv420p,trim=end_frame=1,noise=alls=100:all_seed=33,\
         scale=64:2:flags=area,eq=contrast=3:saturation=2,scale=960:360:flags=neighbor,\
         loop=loop=-1:size=1:start=0,setpts=N/30/TB,crop=640:360:x='140+120*sin(t)':y=0"
            .to_owned()
    })
    .sound(Sound::Tone(262)),
    Recipe::new("testsrc2", Training, || "testsrc2=s=640x360:r=30".to_owned())
        .sound(Sound::Tone(1000)),
    Recipe::new("testsrc2-60", Unseen, || "testsrc2=s=640x360:r=60".to_owned())
        .rate(60, 1)
        .sound(Sound::Tone(1100)),
    Recipe::new("mandelbrot", Training, || "mandelbrot=s=640x360:r=30:maxiter=1500".to_owned()),
    Recipe::new("mandelbrot-deep", Unseen, || {
        "mandelbrot=s=640x360:r=24:maxiter=600:start_scale=0.3:end_scale=0.03:end_pts=96".to_owned()
    })
    .rate(24, 1)
    .sound(Sound::Tone(494)),
    Recipe::new("sierpinski", Unseen, || "sierpinski=s=640x360:r=30:seed=34:jump=60".to_owned()),
    Recipe::new("life", Training, || {
        "life=s=160x90:r=30:seed=35:mold=12:life_color=0x40ff80:death_color=0x101030:mold_color=0x703020,\
         scale=640:360:flags=neighbor"
            .to_owned()
    }),
    Recipe::new("cellauto", Unseen, || {
        "cellauto=s=320x180:r=30:seed=36:rule=110:scroll=1,scale=640:360:flags=neighbor".to_owned()
    }),
    Recipe::new("gradients", Training, || {
        "gradients=s=640x360:r=30:seed=37:speed=0.02:nb_colors=4".to_owned()
    }),
    Recipe::new("gradients-grain", Unseen, || {
        "gradients=s=640x360:r=30:seed=38:speed=0.03:nb_colors=5,noise=c0s=9:c0f=t+u:c0_seed=38".to_owned()
    })
    .sound(Sound::Noise(38)),
    Recipe::new("film-grain", Training, || {
        camera(39, "24", "200+40*t", "150+10*t") + ",noise=c0s=12:c0f=t+u:c0_seed=39"
    })
    .rate(24, 1)
    .sound(Sound::Noise(39)),
    Recipe::new("bars", Training, || "smptebars=s=640x360:r=30".to_owned())
        .sound(Sound::Tone(1000)),
    Recipe::new("bars-pal", Unseen, || "pal75bars=s=640x360:r=25".to_owned())
        .rate(25, 1)
        .sound(Sound::Tone(1200)),
    Recipe::new("still", Training, || texture(USUAL, "30", 40)).sound(Sound::Tone(370)),
    Recipe::new("still-portrait", Unseen, || texture((360, 640), "30", 41)).sound(Sound::Tone(392)),
    Recipe::new("flat", Training, || "color=c=0x406080:s=640x360:r=30".to_owned())
        .sound(Sound::Tone(311)),
    Recipe::new("flat-gray", Unseen, || "color=c=gray:s=640x360:r=30".to_owned())
        .sound(Sound::None),
    Recipe::new("black", Unseen, || "color=c=black:s=640x360:r=30".to_owned())
        .sound(Sound::Tone(330)),
    Recipe::new("confetti", Training, || {
        "color=c=gray:s=80x45:r=30,format=yuv420p,noise=alls=100:allf=t:all_seed=42,\
         tmix=frames=3,scale=640:360:flags=neighbor"
            .to_owned()
    })
    .sound(Sound::Noise(42)),
    Recipe::new("white-noise", Unseen, || {
        "color=c=gray:s=640x360:r=30,format=yuv420p,noise=alls=60:allf=t:all_seed=43".to_owned()
    })
    .sound(Sound::Noise(43)),
    Recipe::new("snow", Training, || {
        texture(USUAL, "30", 44)
            + "[bg];color=c=gray:s=160x90:r=30,format=yuv420p,trim=end_frame=1,noise=c0s=100:c0_seed=45,\
               lutyuv=y='if(gt(val,174),225,16)',scale=640:360:flags=bicubic,loop=loop=-1:size=1:start=0,\
               setpts=N/30/TB,scroll=vertical=-0.013:horizontal=0.002[s];[bg][s]blend=all_mode=lighten,\
               format=yuv420p"
    }),
    // Rates, times, sizes, containers.
    Recipe::new("film-23976", Training, || camera(46, "24000/1001", "200+90*t", "150"))
        .rate(24_000, 1_001)
        .sound(Sound::Tone(554)),
    Recipe::new("broadcast-2997", Unseen, || camera(47, "30000/1001", "200+70*t", "150+30*t"))
        .rate(30_000, 1_001)
        .sound(Sound::Tone(622)),
    Recipe::new("fifteen", Unseen, || camera(48, "15", "200+50*t", "180")).rate(15, 1),
    Recipe::new("woven", Training, || {
        camera(49, "50", "100+160*t", "150") + ",tinterlace=mode=interleave_top"
    })
    .rate(25, 1)
    .sound(Sound::Tone(740)),
    Recipe::new("gaps", Training, || camera(50, "30", "100+80*t", "150+10*t"))
        .timing(Timing::Gaps)
        .sound(Sound::Tone(466)),
    Recipe::new("jitter", Unseen, || camera(51, "30", "500-80*t", "150+20*t"))
        .timing(Timing::Jitter)
        .sound(Sound::Tone(277)),
    Recipe::new("one-picture", Training, || texture(USUAL, "30", 52)).timing(Timing::Single),
    Recipe::new("one-picture-silent", Unseen, || texture(USUAL, "30", 53))
        .timing(Timing::Single)
        .sound(Sound::None),
    Recipe::new("portrait", Training, || {
        format!("{},crop=360:640:x='100+60*t':y='40+10*t'", texture((720, 800), "30", 54))
    })
    .sound(Sound::Noise(54)),
    Recipe::new("old-screen", Training, || {
        format!("{},crop=352:288:x='40+50*t':y='80'", texture((720, 480), "25", 55))
    })
    .rate(25, 1)
    .sound(Sound::Mp3(440)),
    Recipe::new("wide", Unseen, || {
        format!("{},crop=854:358:x='40+60*t':y='80+20*t'", texture((1280, 640), "30", 56))
    })
    .sound(Sound::Mp3(550)),
    Recipe::new("odd-size", Unseen, || {
        format!("{},crop=638:346:x='90+70*t':y='60'", texture(STAGE, "30", 57))
    })
    .sound(Sound::Tone(208)),
    Recipe::new("large", Training, || {
        format!("{},crop=1280:720:x='60+60*t':y='60+20*t'", texture((1600, 900), "30", 58))
    })
    .gop(Gop::Seconds(0.5)),
    Recipe::new("large-25", Unseen, || {
        format!("{},crop=1280:720:x='200-50*t':y='90+30*sin(t)'", texture((1600, 900), "25", 59))
    })
    .rate(25, 1)
    .sound(Sound::Tone(233)),
    Recipe::new("silent", Training, || camera(60, "30", "300+90*sin(t)", "150"))
        .sound(Sound::None),
    Recipe::new("mp4", Unseen, || camera(61, "30", "300+90*sin(1.5*t)", "190"))
        .container(Container::Mp4)
        .sound(Sound::Tone(247)),
    Recipe::new("many-keys", Unseen, || camera(62, "30", "200+40*t", "110+30*t"))
        .gop(Gop::Seconds(0.25))
        .further(&[("bf", "0")]),
    Recipe::new("full-range", Unseen, || {
        camera(63, "30", "250+50*t", "160") + ",scale=in_range=limited:out_range=full"
    })
    .further(&[("color_range", "pc")])
    .sound(Sound::Tone(185)),
];
