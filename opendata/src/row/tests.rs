//! Rows for the tests of the whole crate: one with everything, one with nothing optional, and any.

use proptest::prelude::*;
use waymark_tagging::{Fact, Registry};

use super::*;
use crate::{DayKey, SelectedBy, VerifyReason};

fn label(text: &str) -> Label {
    Label::from_untrusted(text).unwrap()
}

fn moment() -> Timestamp {
    "2026-11-22T10:41:00.125Z".parse().unwrap()
}

/// A row of which nothing optional is known.
pub(crate) fn least_row() -> JobRow {
    let tag: Tag = "transcode/live/abr".parse().unwrap();
    let version = label("0.1.0");
    JobRow::new([7; 8], Address::ZERO, version, moment(), tag, TagSource::Mapped)
}

/// A row with a value in every column.
pub(crate) fn full_row() -> JobRow {
    let tag: Tag = "transcode/live/abr".parse().unwrap();
    let facts = [("src.height", Fact::Number(1080)), ("out.count", Fact::Number(2))];
    JobRow {
        attempt_index: 1,
        is_final: true,
        // Any 8 bytes do: the pseudonym of a key nobody has.
        session_id: Some(fixed_session()),
        sample_weight: 1,
        gateway: Address::new([0xa0; 20]),
        gateway_region: "FRA".parse().unwrap(),
        client_continent: Some(Continent::Europe),
        orchestrator: Some(Address::new([0xb1; 20])),
        orchestrator_instance: Some(OrchestratorInstance::of("127.0.0.1:8935")),
        orchestrator_version: Some(label("0.9.1")),
        runner_version: Some(label("1.2.0")),
        round: 4123,
        requirements_hash: Some([0x5d; 32]),
        capability_id: Some(0),
        pipeline: Some(label("text-to-image")),
        model: Some(label("stabilityai/sdxl-turbo")),
        app: Some(label("acme")),
        attrs: Registry::builtin().public_attributes(&tag, facts),
        outcome: Outcome::VerificationFailed,
        error_type: Some(ErrorType::Verification),
        error_native: Some(ErrorNative::Transcode),
        blame: Some(Blame::Orchestrator),
        http_status: Some(200),
        queue_us: Some(1_870),
        accept_us: Some(41_200),
        upload_us: Some(118_000),
        first_output_us: Some(500_000),
        compute_us: Some(402_000),
        download_us: Some(96_500),
        total_us: 620_000,
        media_us: Some(2_000_000),
        slo_us: Some(4_000_000),
        work_units: 186_624_000,
        claimed_units: Some(186_624_000),
        input_bytes: Some(800_000),
        output_bytes: Some(600_000),
        input_tokens: Some(1),
        output_tokens: Some(2),
        pixels: Some(186_624_000),
        output_fps: Some(29.97),
        price_num: Some(Wei::from(1000)),
        price_den: Some(1),
        price_quote_num: Some(Wei::MAX),
        price_quote_den: Some(u64::MAX),
        fee_wei: Wei::from(186_624_000_000),
        tickets: 1,
        candidates: Some(23),
        eligible: Some(7),
        verify_mode: VerifyMode::FastAndFull,
        verify_result: VerifyResult::Fail,
        verify_method: Some(label("mpeg7-signature")),
        verify_score: Some(0.25),
        gpu_model: Some(label("NVIDIA GeForce RTX 4090")),
        gpu_memory_mib: Some(24_564),
        warm: Some(true),
        result_sig_ok: Some(true),
        settlement_hash: Some([0xee; 32]),
        ..least_row()
    }
}

/// A verification with every value given.
pub(crate) fn verification_row() -> VerificationRow {
    VerificationRow {
        job_id: [1, 2, 3, 4, 5, 6, 7, 8],
        attempt_index: 1,
        run_at: moment(),
        gateway: Address::new([0x11; 20]),
        orchestrator: Address::new([0x22; 20]),
        tag: "transcode/live/abr".parse().unwrap(),
        verify_method: label("waymark/0.1.0"),
        verify_mode: VerifyMode::FastAndFull,
        result: VerifyResult::Fail,
        score: Some(7.27),
        threshold: Some(12.0),
        reason: Some(VerifyReason::Picture),
        selected_by: SelectedBy::Random,
        cost_us: 203_400,
        evidence_hash: Some([0xab; 32]),
    }
}

fn fixed_session() -> SessionPseudonym {
    DayKey::fixed(jiff::civil::date(2026, 11, 22)).session_pseudonym(b"stream")
}

/// A day of 2026 as a moment, with fractions of a millisecond, which records do not keep.
fn any_moment() -> impl Strategy<Value = Timestamp> {
    (1_767_225_600_000_000_i64..1_798_761_600_000_000)
        .prop_map(|micros| Timestamp::from_microsecond(micros).unwrap())
}

fn any_tag() -> impl Strategy<Value = Tag> {
    prop::sample::select(vec!["transcode/live/abr", "ai/llm/chat", "x-acme/a", "compute/other"])
        .prop_map(|text| text.parse().unwrap())
}

fn any_label() -> impl Strategy<Value = Option<Label>> {
    "\\PC{0,40}".prop_map(|text| Label::from_untrusted(&text))
}

prop_compose! {
    /// Any row: random in one column of each type, and in all that may be null.
    pub(crate) fn any_row()(
        job_id in any::<[u8; 8]>(),
        started_at in any_moment(),
        tag in any_tag(),
        known in any::<bool>(),
        attempt_index in any::<u8>(),
        is_final in any::<bool>(),
        model in any_label(),
        http_status in any::<Option<u16>>(),
        total_us in any::<i64>(),
        queue_us in any::<Option<i64>>(),
        work_units in any::<u64>(),
        input_tokens in any::<Option<u32>>(),
        output_fps in any::<Option<f32>>(),
        fee in 0_u128..=u128::try_from(Wei::MAX.get()).unwrap(),
        height in any::<u64>(),
        hash in any::<Option<[u8; 32]>>(),
        outcome in prop::sample::select(Outcome::ALL.to_vec()),
    ) -> JobRow {
        let base = if known { full_row() } else { least_row() };
        let facts = [("src.height", Fact::Number(height))];
        JobRow {
            job_id,
            started_at,
            attempt_index,
            is_final,
            model,
            http_status,
            total_us,
            queue_us,
            work_units,
            input_tokens,
            output_fps,
            fee_wei: Wei::new(fee).unwrap(),
            attrs: Registry::builtin().public_attributes(&tag, facts),
            settlement_hash: hash,
            outcome,
            tag,
            ..base
        }
    }
}
