//! Messages in the JSON form in which the recordings show them: fields at their default are absent,
//! 64-bit numbers are text, bytes are base64.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use waymark_proto::net::{
    AuthToken, Capabilities, EndTranscodingSessionRequest, OrchestratorInfo, OrchestratorRequest,
    PingPong, SegData, TranscodeResult, VideoProfile, transcode_result::Result as Outcome,
};

fn object(fields: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    let present = fields.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v?)));
    Value::Object(present.collect::<Map<_, _>>())
}

fn bytes(value: &[u8]) -> Option<Value> {
    (!value.is_empty()).then(|| STANDARD.encode(value).into())
}

fn text(value: &str) -> Option<Value> {
    (!value.is_empty()).then(|| value.into())
}

fn long(value: i64) -> Option<Value> {
    (value != 0).then(|| value.to_string().into())
}

fn number(value: impl Into<i64>) -> Option<Value> {
    let value = value.into();
    (value != 0).then(|| value.into())
}

fn flag(value: bool) -> Option<Value> {
    value.then_some(Value::Bool(true))
}

fn list(values: Vec<Value>) -> Option<Value> {
    (!values.is_empty()).then_some(Value::Array(values))
}

fn words(values: &[u64]) -> Option<Value> {
    list(values.iter().map(|w| w.to_string().into()).collect())
}

pub(crate) fn ping(message: &PingPong) -> Value {
    object([("value", bytes(&message.value))])
}

pub(crate) fn token(message: &AuthToken) -> Value {
    assert_eq!(message.job_tag, None, "no stock node knows the tag");
    assert!(message.unknown_fields.is_empty(), "every recorded field is known");
    object([
        ("token", bytes(&message.token)),
        ("session_id", text(&message.session_id)),
        ("expiration", long(message.expiration)),
    ])
}

pub(crate) fn end_session(message: &EndTranscodingSessionRequest) -> Value {
    object([("auth_token", message.auth_token.as_ref().map(token))])
}

pub(crate) fn capabilities(message: &Capabilities) -> Value {
    let capacities = message.capacities.iter().map(|(k, v)| (k.to_string(), json!(v)));
    let constraints = message.constraints.as_ref().map(|c| {
        assert!(c.per_capability.is_empty(), "no AI model was served");
        object([("minVersion", text(&c.min_version))])
    });
    object([
        ("bitstring", words(&message.bitstring)),
        ("mandatories", words(&message.mandatories)),
        (
            "capacities",
            (!message.capacities.is_empty()).then(|| Value::Object(capacities.collect())),
        ),
        ("version", text(&message.version)),
        ("constraints", constraints),
    ])
}

pub(crate) fn request(message: &OrchestratorRequest) -> Value {
    assert_eq!(message.job_tag, None, "no stock node knows the tag");
    object([
        ("address", bytes(&message.address)),
        ("sig", bytes(&message.sig)),
        ("capabilities", message.capabilities.as_ref().map(capabilities)),
        ("ignoreCapacityCheck", flag(message.ignore_capacity_check)),
    ])
}

pub(crate) fn info(message: &OrchestratorInfo) -> Value {
    assert!(message.ticket_params.is_none() && message.price_info.is_none(), "off-chain");
    assert!(message.hardware.is_empty() && message.storage.is_empty());
    assert!(message.capabilities_prices.is_empty() && message.nodes.is_empty());
    object([
        ("transcoder", text(&message.transcoder)),
        ("address", bytes(&message.address)),
        ("capabilities", message.capabilities.as_ref().map(capabilities)),
        ("auth_token", message.auth_token.as_ref().map(token)),
    ])
}

fn profile(message: &VideoProfile) -> Value {
    object([
        ("name", text(&message.name)),
        ("width", number(message.width)),
        ("height", number(message.height)),
        ("bitrate", number(message.bitrate)),
        ("fps", number(message.fps)),
        ("format", number(message.format)),
        ("fpsDen", number(message.fps_den)),
        ("profile", number(message.profile)),
        ("gop", number(message.gop)),
        ("encoder", number(message.encoder)),
        ("colorDepth", number(message.color_depth)),
        ("chromaFormat", number(message.chroma_format)),
        ("quality", number(message.quality)),
    ])
}

pub(crate) fn seg_data(message: &SegData) -> Value {
    assert_eq!(message.job_tag, None, "no stock node knows the tag");
    assert!(message.storage.is_empty(), "renditions stayed with the orchestrator");
    let profiles = |list_of: &[VideoProfile]| list(list_of.iter().map(profile).collect());
    let clip = message.segment_parameters.as_ref();
    object([
        ("manifestId", bytes(&message.manifest_id)),
        ("seq", long(message.seq)),
        ("hash", bytes(&message.hash)),
        ("profiles", bytes(&message.profiles)),
        ("sig", bytes(&message.sig)),
        ("duration", number(message.duration)),
        ("capabilities", message.capabilities.as_ref().map(capabilities)),
        ("auth_token", message.auth_token.as_ref().map(token)),
        ("calc_perceptual_hash", flag(message.calc_perceptual_hash)),
        ("fullProfiles", profiles(&message.full_profiles)),
        ("fullProfiles2", profiles(&message.full_profiles2)),
        ("fullProfiles3", profiles(&message.full_profiles3)),
        ("segment_parameters", clip.map(|c| json!({"from": c.from, "to": c.to}))),
        ("ForceSessionReinit", flag(message.force_session_reinit)),
    ])
}

pub(crate) fn result(message: &TranscodeResult) -> Value {
    let (error, data) = match &message.result {
        Some(Outcome::Error(error)) => (text(error), None),
        Some(Outcome::Data(data)) => {
            let segments = data.segments.iter().map(|s| {
                object([
                    ("url", text(&s.url)),
                    ("pixels", long(s.pixels)),
                    ("perceptual_hash_url", text(&s.perceptual_hash_url)),
                ])
            });
            let segments = list(segments.collect());
            (None, Some(object([("segments", segments), ("sig", bytes(&data.sig))])))
        }
        None => (None, None),
    };
    object([
        ("seq", long(message.seq)),
        ("error", error),
        ("data", data),
        ("info", message.info.as_ref().map(info)),
    ])
}
