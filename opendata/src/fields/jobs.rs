//! The columns of the `jobs` table, one a line: name, type, unit, semantic name, privacy class,
//! note, and how it is read from a row.

use super::{Field, JOBS_PUBLISHED_FROM};
use crate::LogicalType::{
    Bool, Decimal38, Enum, F32, Fixed, I64, Map, Text, TimestampMs, U8, U16, U32, U64,
};
use crate::PrivacyClass::{Evidence, Label, Measure, Money, Operator, Quasi};
use crate::{
    Blame, Continent, ErrorNative, ErrorType, JobRow, LogicalType, PrivacyClass, SessionPseudonym,
    Value,
};

type Read = for<'a> fn(&'a JobRow) -> Value<'a>;

const fn required(
    name: &'static str,
    logical: LogicalType,
    unit: &'static str,
    semantic: &'static str,
    class: PrivacyClass,
    note: &'static str,
    read: Read,
) -> Field {
    let published_from = JOBS_PUBLISHED_FROM;
    Field { name, logical, nullable: false, unit, semantic, class, published_from, note, read }
}

const fn optional(
    name: &'static str,
    logical: LogicalType,
    unit: &'static str,
    semantic: &'static str,
    class: PrivacyClass,
    note: &'static str,
    read: Read,
) -> Field {
    let published_from = JOBS_PUBLISHED_FROM;
    Field { name, logical, nullable: true, unit, semantic, class, published_from, note, read }
}

/// The columns of the `jobs` table, in order.
#[rustfmt::skip] // a table: one column a line
pub static JOBS: [Field; 66] = [
    required("job_id", Fixed(8), "", "lp.job.id", Measure, "random; same for all attempts of one job", |row| (&row.job_id).into()),
    required("attempt_index", U8, "", "lp.attempt.index", Measure, "0 = first orchestrator tried", |row| row.attempt_index.into()),
    required("is_final", Bool, "", "lp.attempt.final", Measure, "true on the attempt that decided the job", |row| row.is_final.into()),
    optional("session_id", Fixed(8), "", "session.id", Quasi, "HMAC under a key destroyed after the day closes", |row| row.session_id.as_ref().map(SessionPseudonym::as_bytes).into()),
    required("origin", Enum(&["production", "probe"]), "", "lp.origin", Label, "", |row| row.origin.as_str().into()),
    required("sample_weight", U32, "", "lp.sample.weight", Measure, "inverse inclusion probability", |row| row.sample_weight.into()),
    required("gateway", Text, "", "lp.gateway.address", Operator, "ticket sender, lower-case hex", |row| row.gateway.into()),
    required("gateway_version", Text, "", "service.version", Label, "", |row| (&row.gateway_version).into()),
    required("gateway_region", Text, "", "lp.gateway.region", Operator, "IATA metro of the node that served the job", |row| row.gateway_region.into()),
    optional("client_continent", Text, "", "geo.continent.code", Quasi, "two letters; null unless enabled", |row| row.client_continent.map(Continent::as_str).into()),
    optional("orchestrator", Text, "", "lp.orchestrator.address", Operator, "ticket recipient; null = nobody selected", |row| row.orchestrator.into()),
    optional("orchestrator_instance", Text, "", "lp.orchestrator.instance", Operator, "12 hex of SHA-256(host:port)", |row| row.orchestrator_instance.into()),
    optional("orchestrator_version", Text, "", "lp.orchestrator.version", Label, "", |row| row.orchestrator_version.as_ref().into()),
    optional("runner_version", Text, "", "lp.runner.version", Label, "", |row| row.runner_version.as_ref().into()),
    required("started_at", TimestampMs, "", "(record time)", Quasi, "truncated by policy, default 1 min", |row| row.started_at.into()),
    required("round", U32, "", "lp.round", Measure, "", |row| row.round.into()),
    required("tag", Text, "", "lp.job.tag", Label, "no version in the tag", |row| row.tag.as_str().into()),
    required("tag_source", Enum(&["declared", "configured", "mapped"]), "", "lp.job.tag_source", Label, "", |row| row.tag_source.as_str().into()),
    required("tag_generalised", Bool, "", "lp.job.tag_generalised", Measure, "true if k-anonymity replaced the tag by its parent", |row| row.tag_generalised.into()),
    optional("requirements_hash", Fixed(32), "", "lp.requirements.hash", Label, "JobClass in force", |row| row.requirements_hash.as_ref().into()),
    optional("capability_id", U16, "", "lp.capability.id", Label, "go-livepeer number", |row| row.capability_id.into()),
    optional("pipeline", Text, "", "lp.pipeline", Label, "", |row| row.pipeline.as_ref().into()),
    optional("model", Text, "", "gen_ai.request.model", Label, "only values in the registry or above k", |row| row.model.as_ref().into()),
    optional("app", Text, "", "lp.app", Quasi, "null unless the gateway opts in", |row| row.app.as_ref().into()),
    required("mode", Enum(&["request", "stream", "segment", "session"]), "", "lp.job.mode", Label, "", |row| row.mode.as_str().into()),
    required("attrs", Map, "", "lp.attr.*", Label, "registry-declared public attributes only", |row| (&row.attrs).into()),
    required("outcome", Enum(&["ok", "failed", "rejected", "timeout", "cancelled", "no_orchestrator", "price_exceeded", "verification_failed"]), "", "lp.outcome", Measure, "ok failed rejected timeout cancelled no_orchestrator price_exceeded verification_failed", |row| row.outcome.as_str().into()),
    optional("error_type", Text, "", "error.type", Measure, "closed vocabulary", |row| row.error_type.map(ErrorType::as_str).into()),
    optional("error_native", Text, "", "lp.error.native", Measure, "go-livepeer error code, enum only", |row| row.error_native.map(ErrorNative::as_str).into()),
    optional("blame", Enum(&["orchestrator", "gateway", "client", "network", "unknown"]), "", "lp.error.blame", Measure, "", |row| row.blame.map(Blame::as_str).into()),
    optional("http_status", U16, "", "http.response.status_code", Measure, "", |row| row.http_status.into()),
    optional("queue_us", I64, "us", "lp.time.queue", Measure, "arrival to first send", |row| row.queue_us.into()),
    optional("accept_us", I64, "us", "lp.time.accept", Measure, "send to first proof the orchestrator took it", |row| row.accept_us.into()),
    optional("upload_us", I64, "us", "lp.time.upload", Measure, "", |row| row.upload_us.into()),
    optional("first_output_us", I64, "us", "gen_ai.client.operation.time_to_first_chunk (LLM), else lp.time.first_output", Measure, "", |row| row.first_output_us.into()),
    optional("compute_us", I64, "us", "lp.time.compute", Measure, "remote compute, by subtraction or claim", |row| row.compute_us.into()),
    optional("download_us", I64, "us", "lp.time.download", Measure, "", |row| row.download_us.into()),
    required("total_us", I64, "us", "http.client.request.duration / gen_ai.client.operation.duration", Measure, "", |row| row.total_us.into()),
    optional("media_us", I64, "us", "lp.media.duration", Measure, "media time covered", |row| row.media_us.into()),
    optional("slo_us", I64, "us", "lp.slo.deadline", Measure, "", |row| row.slo_us.into()),
    required("work_unit", Enum(&["pixel", "second", "token", "image", "character", "fixed", "other"]), "", "lp.work.unit", Label, "", |row| row.work_unit.as_str().into()),
    required("work_units", U64, "{unit}", "lp.work.units", Measure, "what the gateway paid for", |row| row.work_units.into()),
    optional("claimed_units", U64, "{unit}", "lp.work.claimed", Evidence, "seller's own count when it sends one", |row| row.claimed_units.into()),
    optional("input_bytes", U64, "By", "http.request.body.size", Measure, "2 significant figures", |row| row.input_bytes.into()),
    optional("output_bytes", U64, "By", "http.response.body.size", Measure, "2 significant figures", |row| row.output_bytes.into()),
    optional("input_tokens", U32, "{token}", "gen_ai.usage.input_tokens", Measure, "2 significant figures", |row| row.input_tokens.into()),
    optional("output_tokens", U32, "{token}", "gen_ai.usage.output_tokens", Measure, "2 significant figures", |row| row.output_tokens.into()),
    optional("pixels", U64, "{pixel}", "lp.media.pixels", Measure, "", |row| row.pixels.into()),
    optional("output_fps", F32, "{frame}/s", "lp.media.output_fps", Measure, "", |row| row.output_fps.into()),
    optional("price_num", Decimal38, "wei", "lp.price.numerator", Money, "charged price", |row| row.price_num.into()),
    optional("price_den", U64, "{unit}", "lp.price.denominator", Money, "", |row| row.price_den.into()),
    optional("price_quote_num", Decimal38, "wei", "lp.price.quote_numerator", Money, "quote at selection time", |row| row.price_quote_num.into()),
    optional("price_quote_den", U64, "{unit}", "lp.price.quote_denominator", Money, "", |row| row.price_quote_den.into()),
    required("fee_wei", Decimal38, "wei", "lp.fee", Money, "sum of ticket expected values", |row| row.fee_wei.into()),
    required("tickets", U32, "", "lp.tickets", Money, "", |row| row.tickets.into()),
    optional("candidates", U16, "", "lp.selection.candidates", Measure, "", |row| row.candidates.into()),
    optional("eligible", U16, "", "lp.selection.eligible", Measure, "", |row| row.eligible.into()),
    required("verify_mode", Enum(&["none", "fast", "full", "fast+full"]), "", "lp.verify.mode", Measure, "", |row| row.verify_mode.as_str().into()),
    required("verify_result", Enum(&["not_run", "pass", "fail", "inconclusive"]), "", "lp.verify.result", Measure, "", |row| row.verify_result.as_str().into()),
    optional("verify_method", Text, "", "lp.verify.method", Label, "", |row| row.verify_method.as_ref().into()),
    optional("verify_score", F32, "", "lp.verify.score", Measure, "", |row| row.verify_score.into()),
    optional("gpu_model", Text, "", "hw.name (hw.gpu)", Operator, "as claimed in the session info", |row| row.gpu_model.as_ref().into()),
    optional("gpu_memory_mib", U32, "MiBy", "hw.gpu.memory.limit", Operator, "", |row| row.gpu_memory_mib.into()),
    optional("warm", Bool, "", "lp.model.warm", Measure, "", |row| row.warm.into()),
    optional("result_sig_ok", Bool, "", "lp.evidence.result_signature", Evidence, "orchestrator signature over results verified", |row| row.result_sig_ok.into()),
    optional("settlement_hash", Fixed(32), "", "lp.evidence.settlement", Evidence, "hash of a signed settlement envelope", |row| row.settlement_hash.as_ref().into()),
];
