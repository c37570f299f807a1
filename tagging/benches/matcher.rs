//! Every class against every orchestrator of a network far larger than today's: 64 classes of eleven
//! gateways, 10,000 orchestrators, one core. What is wanted: under 100 ms.
//!
//! The classes are the six of the specification with other bounds and models; of the orchestrators
//! some do everything, some miss something, and of some little is known.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "the mix of answers is part of the result")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use waymark_tagging::class::{Authoring, ClassFile, ClassSet};
use waymark_tagging::predicate::Test;
use waymark_tagging::{
    Admission, Candidate, Facts, JobClass, Matcher, Number, Registry, Statement, UnitPrice, Value,
    Window,
};

const EXAMPLES: &str = include_str!("../tests/vectors/jobclass.examples.yaml");
const CLASSES: usize = 64;
const ORCHESTRATORS: u64 = 10_000;

/// The same numbers with every run: SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 29)) % sides
    }

    fn number(&mut self, low: f64, high: f64) -> Value {
        let share = f64::from(u32::try_from(self.roll(1 << 20)).unwrap_or(0)) / f64::from(1 << 20);
        Number::from_f64(low + share * (high - low)).expect("finite").into()
    }

    fn some_of(&mut self, words: &[&str]) -> Vec<Value> {
        words.iter().filter(|_| self.roll(3) > 0).map(|word| Value::from(*word)).collect()
    }
}

fn classes() -> Vec<Arc<JobClass>> {
    let now = "2026-11-27T00:00:00Z".parse().expect("a time");
    let rules = Authoring { registry: Registry::builtin(), now, gateway: None };
    let file = ClassFile { label: "examples", text: EXAMPLES };
    let examples = ClassSet::from_yaml(&[file], &rules).expect("the examples are valid");
    let mut dice = Dice(1);
    examples.classes().iter().cycle().take(CLASSES).map(|class| varied(class, &mut dice)).collect()
}

/// The class as another gateway would have it.
fn varied(class: &JobClass, dice: &mut Dice) -> Arc<JobClass> {
    let mut class = class.clone();
    for predicate in &mut class.requires {
        match &mut predicate.test {
            Test::AtLeast(bound) | Test::AtMost(bound) => {
                let changed = dice.number(0.8 * bound.to_f64(), 1.2 * bound.to_f64());
                if let Value::Number(changed) = changed {
                    *bound = changed;
                }
            }
            Test::In(values) if predicate.key.as_str() == "model.id" => {
                values.push(format!("another/model-{}", dice.roll(8)).into());
            }
            _ => {}
        }
    }
    Arc::new(class)
}

fn orchestrator(dice: &mut Dice) -> Facts {
    let mut facts = Facts::new();
    let mut add = |key: &str, statement: Statement| {
        facts.add(key.parse().expect("a key"), statement);
    };
    let models = [
        "ByteDance/SDXL-Lightning",
        "meta-llama/Llama-3.1-8B-Instruct",
        "streamdiffusion-sdxl",
        "openai/whisper-large-v3",
        "another/model-3",
        "another/model-5",
    ];
    let gpus = ["NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 3080", "NVIDIA H100 80GB HBM3"];
    let gpu = gpus.get(usize::try_from(dice.roll(3)).unwrap_or(0)).copied().unwrap_or_default();
    let versions = ["0.8.9", "0.8.10", "0.9.1", "0.9.1-1f2e3d4c"];
    let version = versions.get(usize::try_from(dice.roll(4)).unwrap_or(0)).copied();
    add(
        "codec.decode",
        Statement::declared(dice.some_of(&["h264", "hevc", "h264-10bit-420", "vp9"])),
    );
    add("codec.encode", Statement::declared(dice.some_of(&["h264", "hevc"])));
    add("node.version", Statement::declared(version.map(Value::from)));
    add("hw.gpu.model", Statement::declared([gpu.into()]));
    add("hw.gpu.count", Statement::declared([(1 + dice.roll(8)).into()]));
    add("hw.gpu.memory_mib", Statement::declared([(8192 * (1 + dice.roll(8))).into()]));
    add("capacity.free", Statement::declared([dice.roll(5).into()]));
    add("stake.active", Statement::declared([(dice.roll(2) == 0).into()]));
    add("model.id", Statement::declared(dice.some_of(&models)));
    add("model.warm", Statement::declared([(dice.roll(4) > 0).into()]));
    add("model.precision", Statement::declared(dice.some_of(&["fp8", "fp16"])));
    add("model.context_tokens", Statement::declared([(16_384_u64 << dice.roll(4)).into()]));
    add("region.metro", Statement::declared(dice.some_of(&["FRA", "NYC", "SIN"])));
    add("region.jurisdiction", Statement::attested(dice.some_of(&["EU"])));
    add("terms.data_retention", Statement::declared(dice.some_of(&["none"])));
    add("terms.gdpr_dpa", Statement::declared([(dice.roll(3) == 0).into()]));
    let day = Window::hours(24);
    for (key, low, high) in [
        ("slo.realtime_ratio.p5", 1.0, 4.0),
        ("slo.success_rate", 0.97, 1.0),
        ("slo.total_s.p95", 2.0, 90.0),
        ("slo.total_s.p50", 1.0, 9.0),
        ("slo.first_output_s.p95", 0.2, 1.4),
        ("slo.output_rate.p50", 30.0, 160.0),
        ("slo.output_fps.p10", 12.0, 30.0),
        ("slo.swap_rate", 0.0, 0.1),
        ("net.up_mbps", 50.0, 1000.0),
        ("net.rtt_ms.p50", 5.0, 150.0),
    ] {
        if dice.roll(4) > 0 {
            let window = if key.starts_with("net.rtt") { Window::hours(1) } else { day };
            add(key, Statement::observed(dice.number(low, high), dice.roll(1500), window));
        }
    }
    facts
}

fn matching(criterion: &mut Criterion) {
    let matcher = Matcher::new(classes());
    let mut dice = Dice(7);
    let known: Vec<_> = (0..ORCHESTRATORS).map(|_| orchestrator(&mut dice)).collect();
    let prepared: Vec<_> = known.iter().map(|facts| matcher.candidate(facts)).collect();
    let offer = UnitPrice::of(1000, 1);
    let offer = offer.expect("some units");
    let count = |wanted: Admission| decided(&matcher, &prepared, &offer, wanted);
    println!(
        "{ORCHESTRATORS} orchestrators, {CLASSES} classes: yes {}, probe {}, no {}",
        count(Admission::Yes),
        count(Admission::Probe),
        count(Admission::No)
    );
    let mut group = criterion.benchmark_group("10,000 orchestrators, 64 classes");
    group.sample_size(20);
    group.bench_function("verdicts alone", |bench| {
        bench.iter(|| decided(&matcher, black_box(&prepared), &offer, Admission::Yes));
    });
    group.bench_function("explained", |bench| {
        bench.iter(|| explained(&matcher, black_box(&prepared), &offer));
    });
    group.bench_function("facts prepared", |bench| {
        bench.iter(|| {
            black_box(&known).iter().map(|facts| matcher.candidate(facts)).collect::<Vec<_>>()
        });
    });
    group.finish();
}

fn decided(matcher: &Matcher, known: &[Candidate], offer: &UnitPrice, wanted: Admission) -> usize {
    let fits = |candidate: &Candidate| {
        let all = matcher.classes().map(|class| class.decide(candidate, Some(offer)));
        all.filter(|decision| decision.admission == wanted).count()
    };
    known.iter().map(fits).sum()
}

/// Every check of every class, as a report needs them.
fn explained(matcher: &Matcher, known: &[Candidate], offer: &UnitPrice) -> usize {
    let gaps = |candidate: &Candidate| -> usize {
        let all = matcher.classes().map(|class| class.explain(candidate, Some(*offer)));
        all.map(|found| black_box(found).gaps().count()).sum()
    };
    known.iter().map(gaps).sum()
}

criterion_group!(benches, matching);
criterion_main!(benches);
