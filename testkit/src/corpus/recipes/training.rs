//! The clips that thresholds may be chosen with.

use waymark_media::Gop;

use super::{Recipe, Sound, Timing};
use crate::corpus::scenery::{STAGE, USUAL, camera, cuts, mover, page, texture};

/// The names say what is special.
pub(super) const RECIPES: &[Recipe] = &[
    // Cameras.
    Recipe::new("pan-slow", || camera(1, "30", "200+20*t", "150+8*t")),
    Recipe::new("handheld", || {
        camera(3, "30", "300+14*sin(9*t)+6*sin(23*t)", "180+11*sin(7*t+1)+5*sin(19*t)")
    })
    .sound(Sound::Noise(3)),
    Recipe::new("zoom-in", || {
        format!("{},zoompan=z='1+0.004*on':d=1:x='iw/4':y='ih/4':s=640x360:fps=30", texture(STAGE, "30", 5))
    }),
    Recipe::new("slow-motion", || {
        format!("{},crop=1200:674:x='20+8*t':y='10+3*t',scale=640:360", texture(STAGE, "30", 8))
    })
    .sound(Sound::Tone(660)),
    Recipe::new("dark-scene", || {
        camera(9, "30", "200+40*t", "150") + ",eq=brightness=-0.33:contrast=0.35"
    }),
    Recipe::new("monochrome", || camera(12, "30", "100+70*t", "50+30*t") + ",hue=s=0"),
    // Things that move before a background.
    Recipe::new("traffic", || {
        texture(USUAL, "30", 14)
            + &mover("0xc04030", (90, 50), "30", "mod(170*t,730)-90", "200", "a")
            + &mover("0x3050c0", (70, 40), "30", "640-mod(230*t,720)", "260", "b")
            + &mover("0xe0d040", (60, 36), "30", "mod(90*t+200,700)-60", "140", "c")
    })
    .sound(Sound::Noise(14)),
    Recipe::new("game", || {
        camera(18, "30", "300+200*sin(2*t)", "180+100*sin(1.6*t)")
            + ",drawbox=x=16:y=300:w=160:h=44:c=black:t=fill,drawbox=x=20:y=304:w=96:h=14:c=0x20c040:t=fill,\
               drawbox=x=530:y=12:w=96:h=72:c=0x303030:t=fill"
    })
    .sound(Sound::Noise(18)),
    // Cuts, fades, flashes.
    Recipe::new("cuts", || cuts(17)).sound(Sound::Tone(350)),
    Recipe::new("fade-in", || {
        camera(23, "30", "200+30*t", "150") + ",fade=type=in:start_frame=62:nb_frames=40"
    }),
    Recipe::new("cross-fade", || {
        let (a, b) = (camera(25, "30", "100+40*t", "90"), camera(26, "30", "400-40*t", "190"));
        format!("{a}[a];{b}[b];[a][b]xfade=transition=fade:duration=1.2:offset=2.3")
    })
    .sound(Sound::Noise(26)),
    Recipe::new("flashes", || {
        camera(27, "30", "300+20*t", "180")
            + ",drawbox=c=white:t=fill:enable='eq(mod(n,13),5)'"
    }),
    // Pages and patterns.
    Recipe::new("page-scrolls", || {
        page(USUAL, "30", 5, 29) + ",scroll=vertical=0.0056"
    })
    .sound(Sound::None),
    Recipe::new("stripes", || {
        "color=c=gray:s=64x16:r=30,format=yuv420p,trim=end_frame=1,noise=alls=100:all_seed=33,\
         scale=64:2:flags=area,eq=contrast=3:saturation=2,scale=960:360:flags=neighbor,\
         loop=loop=-1:size=1:start=0,setpts=N/30/TB,crop=640:360:x='140+120*sin(t)':y=0"
            .to_owned()
    })
    .sound(Sound::Tone(262)),
    Recipe::new("testsrc2", || "testsrc2=s=640x360:r=30".to_owned())
        .sound(Sound::Tone(1000)),
    Recipe::new("mandelbrot", || "mandelbrot=s=640x360:r=30:maxiter=1500".to_owned()),
    Recipe::new("life", || {
        "life=s=160x90:r=30:seed=35:mold=12:life_color=0x40ff80:death_color=0x101030:mold_color=0x703020,\
         scale=640:360:flags=neighbor"
            .to_owned()
    }),
    Recipe::new("gradients", || {
        // Colours that are not named are drawn anew each time, whatever the seed.
        "gradients=s=640x360:r=30:seed=37:speed=0.02:nb_colors=4:\
         c0=0x2040a0:c1=0xe0b040:c2=0x208060:c3=0xc05070"
            .to_owned()
    }),
    Recipe::new("film-grain", || {
        camera(39, "24", "200+40*t", "150+10*t") + ",noise=c0s=12:c0f=t+u:c0_seed=39"
    })
    .rate(24, 1)
    .sound(Sound::Noise(39)),
    Recipe::new("bars", || "smptebars=s=640x360:r=30".to_owned())
        .sound(Sound::Tone(1000)),
    Recipe::new("still", || texture(USUAL, "30", 40)).sound(Sound::Tone(370)),
    Recipe::new("flat", || "color=c=0x406080:s=640x360:r=30".to_owned())
        .sound(Sound::Tone(311)),
    Recipe::new("confetti", || {
        "color=c=gray:s=80x45:r=30,format=yuv420p,noise=alls=100:allf=t:all_seed=42,\
         tmix=frames=3,scale=640:360:flags=neighbor"
            .to_owned()
    })
    .sound(Sound::Noise(42)),
    Recipe::new("snow", || {
        texture(USUAL, "30", 44)
            + "[bg];color=c=gray:s=160x90:r=30,format=yuv420p,trim=end_frame=1,noise=c0s=100:c0_seed=45,\
               lutyuv=y='if(gt(val,174),225,16)',scale=640:360:flags=bicubic,loop=loop=-1:size=1:start=0,\
               setpts=N/30/TB,scroll=vertical=-0.013:horizontal=0.002[s];[bg][s]blend=all_mode=lighten,\
               format=yuv420p"
    }),
    // Rates, times, sizes, containers.
    Recipe::new("film-23976", || camera(46, "24000/1001", "200+90*t", "150"))
        .rate(24_000, 1_001)
        .sound(Sound::Tone(554)),
    Recipe::new("woven", || {
        camera(49, "50", "100+160*t", "150") + ",tinterlace=mode=interleave_top"
    })
    .rate(25, 1)
    .sound(Sound::Tone(740)),
    Recipe::new("gaps", || camera(50, "30", "100+80*t", "150+10*t"))
        .timing(Timing::Gaps)
        .sound(Sound::Tone(466)),
    Recipe::new("one-picture", || texture(USUAL, "30", 52)).timing(Timing::Single),
    Recipe::new("portrait", || {
        format!("{},crop=360:640:x='100+60*t':y='40+10*t'", texture((720, 800), "30", 54))
    })
    .sound(Sound::Noise(54)),
    Recipe::new("old-screen", || {
        format!("{},crop=352:288:x='40+50*t':y='80'", texture((720, 480), "25", 55))
    })
    .rate(25, 1)
    .sound(Sound::Mp3(440)),
    Recipe::new("large", || {
        format!("{},crop=1280:720:x='60+60*t':y='60+20*t'", texture((1600, 900), "30", 58))
    })
    .gop(Gop::Seconds(0.5)),
    Recipe::new("silent", || camera(60, "30", "300+90*sin(t)", "150"))
        .sound(Sound::None),
];
