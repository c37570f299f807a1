//! What an orchestrator's self-description says in the words that classes use.
//!
//! A description has one list of models for each capability, and a class is about one capability
//! and some models. So facts are those for a class: `model.warm` is that of the models the class
//! names, not of any. Everything here is declared; nothing is measured. What the protocol does not
//! carry (measurements, regions, terms) is left out, and so unknown.

use std::collections::BTreeSet;

use waymark_proto::net::{
    HardwareInformation, OrchestratorInfo, PriceInfo,
    capabilities::capability_constraints::ModelConstraint,
};
use waymark_tagging::{Facts, JobClass, Statement, UnitPrice, Value, predicate::Test};

use crate::capability::Capability;

/// Models and GPUs looked at; stock nodes have a handful.
const MOST: usize = 64;
/// Characters of a name.
const LONGEST: usize = 128;

const MIB: i64 = 1 << 20;

/// Codecs and the capability that says so.
const DECODE: [(Capability, &str); 9] = [
    (Capability::H264, "h264"),
    (Capability::HevcDecode, "hevc"),
    (Capability::Vp8Decode, "vp8"),
    (Capability::Vp9Decode, "vp9"),
    (Capability::H264Decode444Bits8, "h264-8bit-444"),
    (Capability::H264Decode422Bits8, "h264-8bit-422"),
    (Capability::H264Decode444Bits10, "h264-10bit-444"),
    (Capability::H264Decode422Bits10, "h264-10bit-422"),
    (Capability::H264Decode420Bits10, "h264-10bit-420"),
];
const ENCODE: [(Capability, &str); 4] = [
    (Capability::H264, "h264"),
    (Capability::HevcEncode, "hevc"),
    (Capability::Vp8Encode, "vp8"),
    (Capability::Vp9Encode, "vp9"),
];
const FEATURES: [(Capability, &str); 13] = [
    (Capability::MpegTs, "mpegts"),
    (Capability::Mp4, "mp4"),
    (Capability::FractionalFramerates, "fractional-framerates"),
    (Capability::StorageDirect, "storage-direct"),
    (Capability::StorageS3, "storage-s3"),
    (Capability::StorageGcs, "storage-gcs"),
    (Capability::ProfileH264Baseline, "profile-h264-baseline"),
    (Capability::ProfileH264Main, "profile-h264-main"),
    (Capability::ProfileH264High, "profile-h264-high"),
    (Capability::ProfileH264ConstrainedHigh, "profile-h264-constrained-high"),
    (Capability::Gop, "gop"),
    (Capability::Mpeg7VideoSignature, "mpeg7-video-signature"),
    (Capability::SegmentSlicing, "segment-slicing"),
];

/// What the description says of itself, as far as `class` is concerned.
pub fn facts(info: &OrchestratorInfo, class: &JobClass) -> Facts {
    let mut facts = Facts::new();
    let mut declare = |key: &str, values: Vec<Value>| {
        if let Ok(key) = key.parse() {
            facts.add(key, Statement::declared(values));
        }
    };
    if let Some(capabilities) = &info.capabilities {
        let bits = capabilities.bitstring.as_slice();
        declare("codec.decode", named(bits, &DECODE));
        declare("codec.encode", named(bits, &ENCODE));
        declare("feature", named(bits, &FEATURES));
        if !capabilities.version.is_empty() {
            declare("node.version", vec![text(&capabilities.version)]);
        }
    }
    let models = models(info, class);
    if let Some(models) = &models {
        let all =
            |value: fn(&(&str, &ModelConstraint)) -> Value| distinct(models.iter().map(value));
        declare("model.id", all(|(id, _)| text(id)));
        declare("model.warm", all(|(_, model)| model.warm.into()));
        let free = |(_, model): &(&str, &ModelConstraint)| {
            u64::from(model.capacity.saturating_sub(model.capacity_in_use))
        };
        declare("capacity.free", vec![models.iter().map(free).sum::<u64>().into()]);
        let runners = models.iter().filter(|(_, model)| !model.runner_version.is_empty());
        let runners = distinct(runners.map(|(_, model)| text(&model.runner_version)));
        if !runners.is_empty() {
            declare("runner.version", runners);
        }
    }
    let gpus: Vec<_> =
        hardware(info, class).flat_map(|hardware| hardware.gpu_info.values()).take(MOST).collect();
    if !gpus.is_empty() {
        let ids: BTreeSet<_> = gpus.iter().map(|gpu| gpu.id.as_str()).collect();
        let count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        declare("hw.gpu.count", vec![count.into()]);
        declare("hw.gpu.model", distinct(gpus.iter().map(|gpu| text(&gpu.name))));
        // Bytes. Less than a mebibyte of memory is no GPU.
        let memory = gpus.iter().map(|gpu| gpu.memory_total / MIB).filter(|mib| *mib > 0);
        let memory = distinct(memory.map(Value::from));
        if !memory.is_empty() {
            declare("hw.gpu.memory_mib", memory);
        }
        let arch = gpus.iter().filter(|gpu| gpu.major > 0);
        let arch = distinct(arch.map(|gpu| format!("sm_{}{}", gpu.major, gpu.minor).into()));
        if !arch.is_empty() {
            declare("hw.gpu.arch", arch);
        }
    }
    facts
}

/// What the orchestrator asks for the work of `class`: its price for the capability and one of the
/// models, else for the capability, else in general where the class is about transcoding.
pub fn offered_price(info: &OrchestratorInfo, class: &JobClass) -> Option<UnitPrice> {
    let capability = capability(class);
    let wanted = wanted_models(class);
    let mut found: Option<(u8, UnitPrice)> = None;
    for price in info.capabilities_prices.iter().take(4 * MOST) {
        if price.capability != capability {
            continue;
        }
        let fit = match price.constraint.as_str() {
            model if wanted.contains(&model) => 2,
            "" | "default" => 1,
            _ => continue,
        };
        if let Some(price) = unit_price(price)
            && found.is_none_or(|(best, _)| fit > best)
        {
            found = Some((fit, price));
        }
    }
    let general = || info.price_info.as_ref().filter(|_| capability == 0).and_then(unit_price);
    found.map(|(_, price)| price).or_else(general)
}

fn unit_price(price: &PriceInfo) -> Option<UnitPrice> {
    let wei = u64::try_from(price.price_per_unit).ok()?;
    UnitPrice::of(wei, u64::try_from(price.pixels_per_unit).ok()?)
}

/// The capability that models and prices are listed under. Transcoding has one price and no models,
/// whichever of its capabilities a class names.
fn capability(class: &JobClass) -> u32 {
    let named = class.interface.capability.map_or(0, u32::from);
    if named < Capability::TextToImage.id() { 0 } else { named }
}

/// The models that the class names: those of its `in` and `eq` over `model.id`.
fn wanted_models(class: &JobClass) -> Vec<&str> {
    let about_models = class.requires.iter().filter(|one| one.key.as_str() == "model.id");
    let values = about_models.flat_map(|one| match &one.test {
        Test::In(values) => values.as_slice(),
        Test::Equal(value) => std::slice::from_ref(value),
        _ => &[],
    });
    values
        .filter_map(|value| match value {
            Value::Text(text) => Some(&**text),
            Value::Number(_) | Value::Flag(_) => None,
        })
        .collect()
}

/// The models of the class's capability: those that the class names if any of them is there, else
/// all. `None` where the description has none of that capability, or the class is about transcoding.
fn models<'a>(
    info: &'a OrchestratorInfo,
    class: &JobClass,
) -> Option<Vec<(&'a str, &'a ModelConstraint)>> {
    let constraints = info.capabilities.as_ref()?.constraints.as_ref()?;
    let models = &constraints.per_capability.get(&capability(class))?.models;
    let wanted = wanted_models(class);
    let named: Vec<_> = wanted
        .iter()
        .filter_map(|name| models.get_key_value(*name))
        .map(|(name, model)| (name.as_str(), model))
        .collect();
    if !named.is_empty() {
        return Some(named);
    }
    let mut all: Vec<_> = models.iter().map(|(name, model)| (name.as_str(), model)).collect();
    all.sort_by_key(|(name, _)| *name);
    all.truncate(MOST);
    Some(all)
}

/// The hardware behind the class's pipeline and models; all of it where nothing says which.
fn hardware<'a>(
    info: &'a OrchestratorInfo,
    class: &'a JobClass,
) -> impl Iterator<Item = &'a HardwareInformation> {
    let wanted = wanted_models(class);
    let pipeline = class.interface.pipeline.as_deref();
    let fits = move |one: &HardwareInformation| {
        let same = |asked: Option<&str>, found: &str| {
            asked.is_none_or(|asked| found.is_empty() || found == asked)
        };
        let model =
            wanted.is_empty() || one.model_id.is_empty() || wanted.contains(&one.model_id.as_str());
        same(pipeline, &one.pipeline) && model
    };
    info.hardware.iter().take(MOST).filter(move |one| fits(one))
}

fn named(bits: &[u64], names: &[(Capability, &str)]) -> Vec<Value> {
    let has = |capability: Capability| {
        let (word, bit) = (capability.id() / 64, capability.id() % 64);
        let word = usize::try_from(word).ok().and_then(|word| bits.get(word));
        word.is_some_and(|word| word >> bit & 1 == 1)
    };
    names
        .iter()
        .filter(|(capability, _)| has(*capability))
        .map(|(_, name)| (*name).into())
        .collect()
}

fn distinct(values: impl IntoIterator<Item = Value>) -> Vec<Value> {
    values.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

fn text(name: &str) -> Value {
    name.chars().take(LONGEST).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use waymark_proto::net::{
        Capabilities, GpuComputeInfo,
        capabilities::{CapabilityConstraints, Constraints},
    };

    use super::*;

    fn class(capability: u16, pipeline: &str, requires: &str) -> JobClass {
        let text = format!(
            r#"{{"api":"lp.jobclass/v1","tag":"ai/text-to-image","rev":1,
            "gateway":"0x0000000000000000000000000000000000000000","issued_at":"2026-11-22T00:00:00Z",
            "expires_at":"2026-12-22T00:00:00Z","interface":{{"mode":"request","work_unit":"pixel",
            "capability":{capability},"pipeline":"{pipeline}"}},"requires":[{requires}]}}"#
        );
        JobClass::from_json("class", text.as_bytes()).unwrap()
    }

    fn model(warm: bool, capacity: u32, in_use: u32) -> ModelConstraint {
        ModelConstraint {
            warm,
            capacity,
            runner_version: "0.14.1".to_owned(),
            capacity_in_use: in_use,
        }
    }

    fn gpu(id: &str, name: &str, memory: i64) -> GpuComputeInfo {
        GpuComputeInfo {
            id: id.to_owned(),
            name: name.to_owned(),
            major: 8,
            minor: 9,
            memory_free: 0,
            memory_total: memory,
        }
    }

    /// An orchestrator with two models of text-to-image, one of them warm, on two GPUs.
    fn info() -> OrchestratorInfo {
        let models = HashMap::from([
            ("a/fast".to_owned(), model(true, 4, 1)),
            ("a/slow".to_owned(), model(false, 2, 2)),
        ]);
        let constraints = Constraints {
            min_version: String::new(),
            per_capability: HashMap::from([(27, CapabilityConstraints { models })]),
        };
        let bits = [0_u32, 1, 2, 7, 15, 16, 25, 26, 27].iter().map(|bit| 1_u64 << bit).sum();
        let hardware = |model: &str, gpu: GpuComputeInfo| HardwareInformation {
            pipeline: "text-to-image".to_owned(),
            model_id: model.to_owned(),
            gpu_info: HashMap::from([("0".to_owned(), gpu)]),
        };
        let price = |wei, capability, constraint: &str| PriceInfo {
            price_per_unit: wei,
            pixels_per_unit: 1,
            capability,
            constraint: constraint.to_owned(),
        };
        OrchestratorInfo {
            capabilities: Some(Capabilities {
                bitstring: vec![bits],
                version: "0.9.1-1f2e3d4c".to_owned(),
                constraints: Some(constraints),
                ..Capabilities::default()
            }),
            price_info: Some(price(1000, 0, "")),
            capabilities_prices: vec![
                price(9, 27, ""),
                price(7, 27, "a/fast"),
                price(-1, 27, "a/slow"),
            ],
            hardware: vec![
                hardware("a/fast", gpu("g0", "NVIDIA GeForce RTX 4090", 24_564 * MIB)),
                hardware("a/slow", gpu("g1", "NVIDIA GeForce RTX 3060", 12_288 * MIB)),
            ],
            ..OrchestratorInfo::default()
        }
    }

    fn said(class: &JobClass) -> String {
        serde_json::to_string_pretty(&facts(&info(), class)).unwrap()
    }

    #[test]
    fn a_description_says_what_the_models_of_a_class_run_on() {
        let one = r#"{"key":"model.id","op":"in","values":["a/fast"]}"#;
        insta::assert_snapshot!(said(&class(27, "text-to-image", one)));
    }

    #[test]
    fn a_class_without_a_model_is_about_all_of_them() {
        let all = facts(&info(), &class(27, "text-to-image", ""));
        let of =
            |key: &str| serde_json::to_string(&all.get(&key.parse().unwrap())[0].values).unwrap();
        assert_eq!(of("model.id"), r#"["a/fast","a/slow"]"#);
        assert_eq!(of("model.warm"), "[false,true]");
        assert_eq!(of("capacity.free"), "[3]");
        assert_eq!(of("hw.gpu.memory_mib"), "[12288,24564]");
        assert_eq!(of("hw.gpu.count"), "[2]");
    }

    #[test]
    fn a_model_that_is_not_there_is_known_not_to_be_there() {
        let other = r#"{"key":"model.id","op":"in","values":["b/other"]}"#;
        let known = facts(&info(), &class(27, "text-to-image", other));
        assert_eq!(known.get(&"model.id".parse().unwrap())[0].values.len(), 2);
        assert!(known.get(&"hw.gpu.model".parse().unwrap()).is_empty(), "no hardware for it");
    }

    #[test]
    fn the_price_is_that_of_the_model_then_of_the_capability_then_the_general_one() {
        let price = |class: &JobClass| offered_price(&info(), class).map(|price| price.to_string());
        let wants = |model: &str| format!(r#"{{"key":"model.id","op":"in","values":["{model}"]}}"#);
        assert_eq!(price(&class(27, "text-to-image", &wants("a/fast"))).as_deref(), Some("7"));
        // A negative price is none.
        assert_eq!(price(&class(27, "text-to-image", &wants("a/slow"))).as_deref(), Some("9"));
        assert_eq!(price(&class(27, "text-to-image", "")).as_deref(), Some("9"));
        assert_eq!(price(&class(16, "", "")).as_deref(), Some("1000"));
        assert_eq!(price(&class(33, "llm", "")), None);
    }

    #[test]
    fn an_orchestrator_that_says_nothing_is_unknown() {
        assert!(facts(&OrchestratorInfo::default(), &class(0, "", "")).is_empty());
    }
}
