use waymark_media::Container;

use super::*;

fn words(needs: &JobNeeds<'_>) -> Vec<u64> {
    job_capabilities(needs).unwrap().bitstring.words().to_vec()
}

fn h264() -> Input {
    Input { codec: Some(VideoCodec::H264), chroma: Some(Chroma::C420), bit_depth: Some(8) }
}

fn preset(container: Container) -> Profile {
    let profile = Profile::preset("P240p30fps16x9").unwrap();
    Profile { container: Some(container), ..profile }
}

#[test]
fn a_push_of_h264_to_mpeg_ts_needs_four_capabilities() {
    let profiles = [preset(Container::MpegTs)];
    let push = JobNeeds { input: h264(), profiles: &profiles, push: true, ..JobNeeds::default() };
    assert_eq!(words(&push), [0x0400_1003]);
}

#[test]
fn rtmp_does_not_ask_for_clips() {
    let profiles = [preset(Container::MpegTs)];
    let rtmp = JobNeeds { profiles: &profiles, ..JobNeeds::default() };
    assert_eq!(words(&rtmp), [0x1003]);
}

#[test]
fn a_rendition_without_a_container_is_mpeg_ts() {
    let profiles = [Profile::preset("P240p30fps16x9").unwrap()];
    assert_eq!(words(&JobNeeds { profiles: &profiles, ..JobNeeds::default() }), [0x1003]);
}

#[test]
fn mp4_main_with_key_frame_distance_and_fractional_rate() {
    let profiles = [Profile {
        fps: 30000,
        fps_den: 1001,
        encoder_profile: EncoderProfile::H264Main,
        gop: Gop::Millis(2000),
        ..preset(Container::Mp4)
    }];
    let push = JobNeeds { input: h264(), profiles: &profiles, push: true, ..JobNeeds::default() };
    assert_eq!(words(&push), [0x0400_190d]);
}

#[test]
fn hevc_in_and_out() {
    let profiles = [Profile { encoder: Encoder::Hevc, ..preset(Container::MpegTs) }];
    let input = Input { codec: Some(VideoCodec::Hevc), ..h264() };
    let push = JobNeeds { input, profiles: &profiles, push: true, ..JobNeeds::default() };
    assert_eq!(words(&push), [0x0401_9002]);
}

#[test]
fn everything_that_outputs_and_storage_can_ask_for() {
    let profiles = [
        Profile {
            fps_den: 1,
            encoder_profile: EncoderProfile::H264Main,
            ..preset(Container::MpegTs)
        },
        Profile {
            encoder_profile: EncoderProfile::H264High,
            gop: Gop::Intra,
            ..preset(Container::Mp4)
        },
    ];
    let needs = JobNeeds {
        input: h264(),
        profiles: &profiles,
        storage: StreamStorage::S3,
        ..JobNeeds::default()
    };
    assert_eq!(words(&needs), [0x1b2f]);
}

#[test]
fn other_profiles_storage_and_verification_have_bits_of_their_own() {
    let has = |needs: JobNeeds<'_>, capability| {
        job_capabilities(&needs).unwrap().bitstring.contains(capability)
    };
    let profile = |encoder_profile| [Profile { encoder_profile, ..preset(Container::MpegTs) }];
    let baseline = profile(EncoderProfile::H264Baseline);
    let constrained = profile(EncoderProfile::H264ConstrainedHigh);
    let needs = JobNeeds::default();
    assert!(has(JobNeeds { profiles: &baseline, ..needs }, Capability::ProfileH264Baseline));
    assert!(has(
        JobNeeds { profiles: &constrained, ..needs },
        Capability::ProfileH264ConstrainedHigh
    ));
    assert!(has(JobNeeds { storage: StreamStorage::Direct, ..needs }, Capability::StorageDirect));
    assert!(has(JobNeeds { storage: StreamStorage::Gcs, ..needs }, Capability::StorageGcs));
    assert!(has(JobNeeds { verification_freq: 10, ..needs }, Capability::Mpeg7VideoSignature));
    assert!(!has(needs, Capability::Mpeg7VideoSignature));
}

#[test]
fn vp8_and_vp9_have_bits_for_each_direction() {
    for (codec, encoder, bits) in [
        (VideoCodec::Vp8, Encoder::Vp8, 1 << 12 | 1 << 1 | 1 << 17 | 1 << 19),
        (VideoCodec::Vp9, Encoder::Vp9, 1 << 12 | 1 << 1 | 1 << 18 | 1 << 20),
    ] {
        let profiles = [Profile { encoder, ..preset(Container::MpegTs) }];
        let input = Input { codec: Some(codec), ..Input::default() };
        assert_eq!(words(&JobNeeds { input, profiles: &profiles, ..JobNeeds::default() }), [bits]);
    }
}

/// The table of core/capabilities_test.go:202-214, by chroma and depth.
#[test]
fn h264_sampling_decides_about_one_more_capability() {
    let base = 1 << 12 | 1;
    for (chroma, bit_depth, extra) in [
        (Chroma::C420, 8, 0),
        (Chroma::C422, 8, 1 << 22),
        (Chroma::C444, 8, 1 << 21),
        (Chroma::C420, 10, 1 << 25),
        (Chroma::C422, 10, 1 << 24),
        (Chroma::C444, 10, 1 << 23),
        (Chroma::C420, 9, 0),
    ] {
        let input = Input { chroma: Some(chroma), bit_depth: Some(bit_depth), ..h264() };
        let needs = JobNeeds { input, ..JobNeeds::default() };
        assert_eq!(words(&needs), [base | extra], "{chroma:?} {bit_depth}");
    }
    let unknown = Input { chroma: None, bit_depth: Some(12), ..h264() };
    assert_eq!(words(&JobNeeds { input: unknown, ..JobNeeds::default() }), [base]);
}

#[test]
fn sampling_of_other_codecs_is_not_looked_at() {
    let input =
        Input { codec: Some(VideoCodec::Hevc), chroma: Some(Chroma::C444), bit_depth: Some(12) };
    assert_eq!(words(&JobNeeds { input, ..JobNeeds::default() }), [1 << 12 | 1 << 15]);
}

#[test]
fn h264_of_12_or_16_bits_is_refused_with_the_way_out() {
    for bit_depth in [12, 16] {
        let input = Input { chroma: Some(Chroma::C422), bit_depth: Some(bit_depth), ..h264() };
        let error = job_capabilities(&JobNeeds { input, ..JobNeeds::default() }).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the video has {bit_depth} bits per sample (4:2:2), which no orchestrator decodes: \
                 send H.264 with 8 or 10 bits"
            )
        );
    }
}

#[test]
fn codecs_that_nobody_takes_are_refused_by_name() {
    for (codec, name) in
        [(VideoCodec::Av1, "AV1"), (VideoCodec::Mpeg2, "MPEG-2"), (VideoCodec::Other, "such")]
    {
        let input = Input { codec: Some(codec), ..Input::default() };
        let error = job_capabilities(&JobNeeds { input, ..JobNeeds::default() }).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("no orchestrator takes {name} video: send H.264, HEVC, VP8 or VP9")
        );
    }
}

#[test]
fn the_message_carries_nothing_but_the_set_and_its_constraints() {
    let profiles = [preset(Container::MpegTs)];
    let push = JobNeeds { input: h264(), profiles: &profiles, push: true, ..JobNeeds::default() };
    let message = job_capabilities(&push).unwrap().to_wire();
    assert_eq!(prost::Message::encode_to_vec(&message), hex::decode("0a0483a080202a00").unwrap());

    let minimum = JobNeeds { min_version: Some("0.9.0"), ..push };
    let message = job_capabilities(&minimum).unwrap().to_wire();
    assert_eq!(
        prost::Message::encode_to_vec(&message),
        hex::decode("0a0483a080202a070a05302e392e30").unwrap()
    );
}

#[test]
fn an_empty_minimum_version_is_none() {
    let needs = JobNeeds { min_version: Some(""), ..JobNeeds::default() };
    assert_eq!(job_capabilities(&needs).unwrap().min_version, None);
}
