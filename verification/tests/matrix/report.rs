//! The figures that are published: tables and a picture for `docs/verification.md`.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use waymark_testkit::{
    attack::{Attack, Family, Tier},
    corpus::{self, Half},
};
use waymark_verification::thresholds::Thresholds;

use crate::{
    picture::{Curve, Panel, drawn},
    study::{self, Case, study},
};

/// Writes what was measured on all clips into `docs`. Takes some minutes; `make verification-report` runs it.
#[test]
#[ignore = "writes docs/verification.md and docs/verification-roc.svg"]
fn write() {
    let halves = [("training", Half::Training), ("unseen", Half::Unseen)]
        .map(|(name, half)| (name, study(half)));
    let path = document();
    let mut text = fs::read_to_string(&path).unwrap();
    replace(&mut text, "bounds", &bounds());
    replace(&mut text, "measured", &measured(&halves));
    fs::write(&path, text).unwrap();
    fs::write(path.with_file_name("verification-roc.svg"), roc(&halves)).unwrap();
}

#[test]
fn the_document_states_the_bounds_in_force() {
    let text = fs::read_to_string(document()).unwrap();
    let mut current = text.clone();
    replace(&mut current, "bounds", &bounds());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(document(), &current).unwrap();
        return;
    }
    assert!(current == text, "docs/verification.md states other bounds: make gen");
}

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verification.md")
}

/// Replaces what stands between `<!-- name -->` and `<!-- /name -->`.
fn replace(text: &mut String, name: &str, by: &str) {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let from = text.find(&open).expect("the mark that opens it") + open.len();
    let to = text.find(&close).expect("the mark that closes it");
    text.replace_range(from..to, &format!("\n{by}\n"));
}

fn bounds() -> String {
    let Thresholds { expected, packets, key, full, replay, .. } = Thresholds::default();
    let reference = full.reference;
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let rows: &[(&str, &str, &str, String)] = &[
        ("F01.bytes", "fact", "body", format!(
            "at most {} × bit rate × duration + audio + {} MB", packets.body_factor, packets.body_extra / 1_000_000)),
        ("F03.pixels", "fact", "pixels claimed", "width × height × pictures that came back, exactly".into()),
        ("F04.container, .video, .audio, .stray", "fact", "tracks", format!(
            "the container asked for; one video track; one audio track if the source has one; at most {} other bytes", packets.stray_bytes)),
        ("F05.codec, .profile, .format", "fact", "coding", "codec and profile asked for; 4:2:0, 8 bit".into()),
        ("F06.size, .crop, .stays", "fact", "size", format!(
            "what a stock transcoder makes of source and profile; at most {} rows and columns cropped; one size", packets.crop)),
        ("F07.frames", "fact", "pictures", format!(
            "as computed from the source, ± {} (± {} where a constant rate is made of a variable one)", expected.frames, expected.frames_variable)),
        ("F08.order, .start, .times, .gap, .duration, .sync", "fact", "times", format!(
            "each picture's within {} ms of the computed one; steps at most {} pictures; sound against picture within {} ms of the source's", packets.same_ms, packets.gap_frames, packets.sync_ms)),
        ("F09.first, .closed, .distance", "fact", "random access", "starts with an IDR picture and its parameter sets; IDR pictures at least as often as asked".into()),
        ("F10.bytes", "fact", "video bytes", format!("at most {} × bit rate × (duration + 1 s)", packets.byte_factor)),
        ("F10.few, .tiny, .filler", "hint", "video bytes", format!(
            "at least {} of the bit rate; pictures below {} bytes at most {} more than expected; at most {} filler",
            percent(packets.few_bytes), packets.tiny_unit, percent(packets.tiny_share), percent(packets.filler_share))),
        ("F11.audio, .times", "fact", "sound", format!("the source's packets, byte by byte; times equal within {} ms", packets.same_ms)),
        ("F12.source, .sizes", "fact", "source passed through", "another video stream than the source's, pictures of other sizes in bytes".into()),
        ("F13.replay", "soft", "replay", format!(
            "no video that came back in the last {} hours for another source (sources count as equal up to {} in the mean, {} in a block)", replay.hours, replay.luma_mean, replay.luma_block)),
        ("F13.before", "soft", "first key picture, earlier segments", format!(
            "at most {} of the way from the source's picture to that of an earlier segment which differs by {} or more in a block", percent(key.before), key.apart)),
        ("F14.luma_mean, .luma_block", "soft", "key pictures, luma", format!("difference at most {} in the mean, {} in a block", key.luma_mean, key.luma_block)),
        ("F14.chroma_mean, .chroma_block", "soft", "key pictures, colour", format!("at most {} in the mean, {} in a block", key.chroma_mean, key.chroma_block)),
        ("A.decode", "fact", "decoding", "no error that the source has not".into()),
        ("A.fy", "soft", "luma, worst picture", format!("difference at most {} in the mean", full.fy)),
        ("A.pbk", "soft", "luma, a block that lasts", format!("at most {}", full.pbk)),
        ("A.fbk", "soft", "luma, a block that passes", format!("at most {}", full.fbk)),
        ("A.fc, A.pck", "soft", "colour", format!("at most {} in the mean; {} in a block that lasts ({} in small renditions)", full.fc, full.pck, full.pck_coarse)),
        ("A.gain, A.offset", "soft", "contrast, brightness", format!("factor within {} of 1; at most {} steps", full.gain, full.offset)),
        ("A.hue, A.saturation", "soft", "colour, all of it", format!("turned by at most {} degrees; factor within {} of 1", full.hue, full.saturation)),
        ("A.order", "soft", "order", format!("at most {} of moving pictures show another one", percent(full.order))),
        ("A.late", "soft", "lateness", format!("at most {} pictures in a row that lie 75 % of the way to one of the ten before", full.late)),
        ("A.freeze, A.freeze_run", "soft", "standing still", format!("at most {} of pictures, {} in a row, while the source moves", percent(full.freeze), full.freeze_run)),
        ("A.sharp", "soft", "detail", format!("at least {} octaves of energy against the source, in each of four bands", full.sharp)),
        ("C.quality", "fact", "beside our own encoding", format!("SSIM lower by {} *and* PSNR by {} dB", reference.ssim, reference.psnr)),
        ("C.error", "fact", "beside our own encoding", format!("PSNR lower by {} dB, where below 48 dB, and SSIM by whatever little", reference.error)),
        ("C.struck", "fact", "the pictures a doubt points at", format!("SSIM lower by {} *and* PSNR by {} dB", reference.struck_ssim, reference.struck_psnr)),
        ("C.tile", "fact", "one tile of them", format!("SSIM lower by {} *and* PSNR by {} dB", reference.tile_ssim, reference.tile_psnr)),
        ("C.tone, C.colour, C.sharp", "fact", "tone, colour, detail", format!(
            "beyond the bound and beyond {} × our own, on other blocks; PSNR lower by {} dB for tone, {} dB for detail", reference.times, reference.tone_psnr, reference.sharp_psnr)),
    ];
    let mut text = String::from("| check | kind | what | bound |\n|---|---|---|---|\n");
    for (id, kind, what, bound) in rows {
        writeln!(text, "| {id} | {kind} | {what} | {bound} |").unwrap();
    }
    text
}

type Studies = [(&'static str, Vec<Case>); 2];

fn measured(halves: &Studies) -> String {
    let mut text = String::new();
    for (name, cases) in halves {
        let half = if *name == "training" { Half::Training } else { Half::Unseen };
        let clips = corpus::names(half).len();
        writeln!(text, "### {} clips: {clips}\n", capital(name)).unwrap();
        honest(&mut text, cases);
        attacks(&mut text, cases);
    }
    text
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

fn honest(text: &mut String, cases: &[Case]) {
    let mut names: Vec<&str> = cases.iter().filter_map(Case::honest).collect();
    names.sort_unstable();
    names.dedup();
    text.push_str(
        "| honest encoder | renditions | looked at again | soft alarms | worse than our own | after the dispute | refused |\n\
         |---|---|---|---|---|---|---|\n",
    );
    let mut row = |name: &str, cases: &[&Case]| {
        let count = |of: fn(&Case) -> bool| cases.iter().filter(|case| of(case)).count();
        let (again, soft) = (count(|case| !case.dispute_free()), count(Case::soft));
        let (after, refused) = (count(Case::alarms), count(Case::refused));
        let worse = count(|case| case.reference.hard);
        let n = cases.len();
        writeln!(text, "| {name} | {n} | {again} | {soft} | {worse} | {after} | {refused} |")
            .unwrap();
    };
    for name in names {
        let of: Vec<&Case> = cases.iter().filter(|case| case.honest() == Some(name)).collect();
        row(name, &of);
    }
    let normal = |case: &&Case| case.honest().is_some() && !case.starved;
    row("**all that are not starved**", &cases.iter().filter(normal).collect::<Vec<_>>());
    text.push('\n');
}

fn attacks(text: &mut String, cases: &[Case]) {
    text.push_str(
        "| attack | what a viewer gets | n | parsing | key pictures | all pictures | refused in the end |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for attack in study::attacks() {
        let of: Vec<&Case> = cases.iter().filter(|case| case.attack() == Some(attack)).collect();
        let count = |noticed: fn(&Case) -> bool| of.iter().filter(|case| noticed(case)).count();
        let mut tiers = [
            count(|case| case.packets.noticed()).to_string(),
            count(|case| case.key.noticed()).to_string(),
            count(|case| case.full.noticed()).to_string(),
        ];
        if let Some(named) = tiers.get_mut(attack.caught_by() as usize) {
            *named = format!("**{named}**");
        }
        let [packets, key, full] = tiers;
        let (id, what, n, refused) = (attack.id(), attack.text(), of.len(), count(Case::refused));
        writeln!(text, "| {id} | {what} | {n} | {packets} | {key} | {full} | {refused} |").unwrap();
    }
    text.push('\n');
    let gross = |case: &&Case| case.attack().map(Attack::family) == Some(Family::Gross);
    let gross: Vec<&Case> = cases.iter().filter(gross).collect();
    let full = gross.iter().filter(|case| case.full.noticed()).count();
    let fast = gross.iter().filter(|case| case.packets.noticed() || case.key.noticed()).count();
    let n = gross.len();
    let last = "looked at by parsing and key pictures alone";
    writeln!(text, "Gross attacks (A14, A15, A17 to A25, A27 to A29): {full} of {n} noticed by all pictures, {fast} when {last}.")
        .unwrap();
    text.push_str("Beside our own encoding, whether or not something called for it, these fail: ");
    let ours = |attack: Attack| {
        let of: Vec<_> = cases.iter().filter(|case| case.attack() == Some(attack)).collect();
        let failed = of.iter().filter(|case| case.reference.hard).count();
        format!("{attack} {failed} of {}", of.len())
    };
    let quality = study::attacks().filter(|attack| attack.caught_by() == Tier::Quality);
    let quality: Vec<String> = quality.map(ours).collect();
    writeln!(text, "{}.\n", quality.join(", ")).unwrap();
    let windows = |attack: Attack| {
        let of = cases.iter().filter(|case| case.large && case.attack() == Some(attack));
        let (noticed, missed): (Vec<_>, Vec<_>) = of.partition(|case| case.full.noticed());
        format!("{attack} {} of {}", noticed.len(), noticed.len() + missed.len())
    };
    let windows = study::DETAIL.map(windows).join(", ");
    writeln!(
        text,
        "In large pictures, where detail is looked at in windows, all pictures notice: {windows}.\n"
    )
    .unwrap();
}

fn roc(halves: &Studies) -> String {
    let panel = |title, of: fn(&Case) -> f64, aimed: fn(Attack) -> bool| {
        let curves = halves.iter().map(|(name, cases)| {
            let judged = |case: &&Case| !case.starved && !case.noise;
            let (honest, forged): (Vec<&Case>, Vec<&Case>) =
                cases.iter().filter(judged).partition(|case| case.honest().is_some());
            let aimed = forged.into_iter().filter(|case| case.attack().is_some_and(aimed));
            Curve {
                name,
                honest: honest.into_iter().map(of).collect(),
                forged: aimed.map(of).collect(),
            }
        });
        Panel { title, curves: curves.collect() }
    };
    drawn(&[
        panel(
            "Key pictures alone, attacks they must show",
            |case| case.key.ratio,
            |attack| attack.is_on_pictures() && attack.caught_by() == Tier::Key,
        ),
        panel(
            "All pictures, attacks that key or all pictures must show",
            |case| case.full.ratio,
            |attack| {
                attack.is_on_pictures() && matches!(attack.caught_by(), Tier::Key | Tier::Full)
            },
        ),
    ])
}
