//! `POST` and `PUT /live/…`: from request to job, and from result to reply. `DELETE` ends a stream.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{StatusCode, header::HOST, request::Parts, uri::Authority};
use http_body_util::Full;
use waymark_media::{Container, Probe, ProbeError, Video, VideoCodec};
use waymark_proto::net::JobTag;
use waymark_tagging::{
    Codec, Delivery, JobShape, RenditionShape, SourceShape, Tag, TagId, TagSource, TranscodeShape,
};

use super::{
    body::{self, Body, Received},
    media::{Reply, boxed, empty, problem},
};
use crate::{
    advertise::{Draw, Qualification},
    authorisation::{Asking, Authoriser},
    capability::{Input, JobNeeds, StreamStorage, job_capabilities},
    context::Context,
    deliver::{
        hls::{Variant, Window, WindowConfig},
        multipart,
        store::SegmentRef,
        summary::{Summary, SummaryRendition, SummaryTag},
    },
    errors::{Problem, Reason},
    ingest::http_push::{ManifestId, PushRequest, ReplyForm},
    job::{Delivered, Job},
    lifecycle::Phase,
    orchestrator::session::{Opener, Sessions},
    payments::Paying,
    profile::{Encoder, Profile},
    stream::{self, Stream},
    verify::trust::Trusting,
    wire,
};

/// Longest wait for the first word from the orchestrators, right after start.
const FIRST_PROBES: Duration = Duration::from_secs(3);

/// Answers one push.
pub(super) async fn push(context: Arc<Context>, parts: Parts, body: Body<'_>) -> Reply {
    match received(&context, &parts, body).await {
        Ok(reply) => reply,
        Err(Some(refused)) => {
            context.metrics.refused(refused.reason());
            let reason = refused.reason().name();
            tracing::info!(
                path = parts.uri.path(),
                reason,
                detail = refused.detail(),
                "push refused"
            );
            problem(&refused)
        }
        // The client is gone; hyper drops what is returned.
        Err(None) => {
            context.metrics.client_gone();
            problem(&Problem::new(Reason::BodyIncomplete, "the body ended early"))
        }
    }
}

/// Ends a stream at the client's word.
pub(super) fn end(context: &Context, manifest: &ManifestId) -> Reply {
    let known = match &context.authoriser {
        // Only who knows where it is pushed ends it.
        Some(authoriser) => authoriser.running(&context.streams, manifest),
        None => Some(manifest.clone()),
    };
    if known.is_some_and(|known| context.streams.end(&known, context.clock.now())) {
        empty(StatusCode::NO_CONTENT)
    } else {
        problem(&Problem::new(Reason::StreamNotFound, format!("no stream {manifest} is running")))
    }
}

async fn received(
    context: &Arc<Context>,
    parts: &Parts,
    body: Body<'_>,
) -> Result<Reply, Option<Problem>> {
    let arrived = context.clock.now();
    if *context.phase.borrow() != Phase::Running {
        let detail = "the gateway is shutting down; push to another one";
        return Err(Some(Problem::new(Reason::Draining, detail)));
    }
    let mut push = PushRequest::parse(parts).map_err(Problem::from)?;
    unsupported(&push)?;
    let explicit = explicit_tag(context, &push)?;
    let pushed = push.manifest.clone();
    let running = authorised(context, parts, &pushed, &mut push).await?;
    context.streams.would_take(&push.manifest)?;
    let lasting = body.outlives_client();
    let received = body::receive(context, body).await?;
    let lost = |a: &Authoriser| !a.holds(&pushed, &push.manifest);
    let ended = running && context.streams.live(&push.manifest).is_none();
    if ended || context.authoriser.as_ref().is_some_and(lost) {
        // While the body arrived its stream ended, or somebody else was allowed the name.
        push = PushRequest::parse(parts).map_err(Problem::from)?;
        authorised(context, parts, &pushed, &mut push).await?;
    }
    let media = look(context, &push, &received.bytes).map_err(media_problem)?;
    let patience = context.config.discovery_timeout.max(FIRST_PROBES);
    context.directory.settled(patience).await;
    let stream = stream_of(context, &push, &media, explicit)?;
    let form = push.accept;
    let delivered = run(context, push, received, &media.video, (stream, arrived), lasting).await?;
    Ok(reply(form, context, &delivered))
}

/// Asks whether the push may go on, and under which name and with which settings; whether its stream
/// runs already.
async fn authorised(
    context: &Context,
    parts: &Parts,
    pushed: &ManifestId,
    push: &mut PushRequest,
) -> Result<bool, Problem> {
    let Some(authoriser) = &context.authoriser else { return Ok(false) };
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| parts.uri.authority().map(Authority::as_str)).unwrap_or_default();
    let url = format!("http://{host}{}", parts.uri.path());
    let asking = Asking { pushed, url: &url, settings: push.transcode_config.as_ref() };
    let started = context.clock.now();
    let admitted = authoriser.admit(&context.streams, asking, || context.clock.now()).await?;
    push.manifest = admitted.manifest;
    if !admitted.running {
        context.metrics.authorised(context.clock.now().saturating_sub(started));
        push.transcode_config = admitted.settings;
    }
    Ok(admitted.running)
}

/// What the configuration header may ask for and this gateway does not do is refused, not ignored.
fn unsupported(push: &PushRequest) -> Result<(), Problem> {
    let Some(settings) = &push.transcode_config else { return Ok(()) };
    let stores = [&settings.object_store, &settings.record_object_store];
    let what = if stores.iter().any(|s| s.as_ref().is_some_and(|s| !s.is_empty())) {
        "objectStore and recordObjectStore"
    } else if settings.manifest_id.as_ref().is_some_and(|m| *m != push.manifest) {
        "a manifestID other than the path's"
    } else {
        return Ok(());
    };
    let detail = format!("{what} cannot be used with this gateway; leave it out of the header");
    Err(Problem::new(Reason::InvalidConfiguration, detail))
}

/// What a pushed segment holds.
struct Media {
    bytes: Bytes,
    video: Video,
    /// Only looked for where a stream may have to be made from it.
    whole: Option<Probe>,
}

/// Probes a segment: the first one of a stream whole, the others as far as their format is known.
fn look(context: &Context, push: &PushRequest, bytes: &Bytes) -> Result<Media, ProbeError> {
    let bytes = bytes.clone();
    if context.streams.live(&push.manifest).is_some() {
        let video = waymark_media::outline(&bytes, push.container)?;
        return Ok(Media { bytes, video, whole: None });
    }
    let probe = waymark_media::probe(&bytes, push.container)?;
    Ok(Media { bytes, video: probe.video, whole: Some(probe) })
}

fn media_problem(error: ProbeError) -> Problem {
    let reason = match error {
        ProbeError::Empty => Reason::EmptyBody,
        ProbeError::NoVideo => Reason::NoVideo,
        ProbeError::NoKeyFrame => Reason::NoKeyFrame,
        ProbeError::NoDecodableFrame => Reason::NoDecodableFrame,
        _ => Reason::NotMedia,
    };
    Problem::new(reason, error.to_string())
}

/// Runs the job where nobody who stops waiting stops it: here if this task is a lasting one, which
/// keeps the segment in the caches of the core that received it, else as a task of its own.
async fn run(
    context: &Arc<Context>,
    push: PushRequest,
    received: Received,
    video: &Video,
    (stream, arrived): (Arc<Stream>, waymark_selection::Moment),
    lasting: bool,
) -> Result<Delivered, Problem> {
    // Before a place in the window is taken: whoever stops waiting here leaves nothing behind.
    let hash = received.hash.digest().await;
    let reinit = stream.format_changed(video)
        || stream.always_reinit
        || push.transcode_config.as_ref().is_some_and(|c| c.force_session_reinit);
    let in_use = stream.in_use(context.clock.clone());
    let admission = stream.window.lock().admit(push.seq);
    let job = Job {
        id: stream.sessions.paying().map_or_else(rand::random, |paying| paying.job_id()),
        stream,
        seq: push.seq,
        duration: push.duration,
        source: received.bytes,
        hash,
        clip: push.clip,
        reinit,
        admission,
        arrived,
        memory: received.memory,
    };
    if lasting {
        let _in_use = in_use;
        return job.run(context).await;
    }
    let context_of_job = Arc::clone(context);
    let running = context.tasks.job("segment", async move {
        let _in_use = in_use;
        job.run(&context_of_job).await
    });
    match running.await {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "a segment's task ended without a result");
            Err(Problem::new(Reason::Internal, "the segment was lost inside the gateway"))
        }
    }
}

/// The stream this push belongs to; its first segment makes it.
fn stream_of(
    context: &Arc<Context>,
    push: &PushRequest,
    media: &Media,
    explicit: Option<Tag>,
) -> Result<Arc<Stream>, Problem> {
    let stream = context.streams.live_or(&push.manifest, |serial| {
        if let Some(probe) = &media.whole {
            return first_segment(context, push, probe, explicit.clone(), serial);
        }
        // The stream ended between the look at it and now.
        let probe = waymark_media::probe(&media.bytes, push.container).map_err(media_problem)?;
        first_segment(context, push, &probe, explicit.clone(), serial)
    })?;
    match explicit {
        Some(tag) if tag != stream.tag => Err(Problem::new(
            Reason::TagChanged,
            format!(
                "the first segment of {} fixed its tag as {}; this push says {tag}. End the stream \
                 or leave the tag out",
                push.manifest, stream.tag
            ),
        )),
        _ => Ok(stream),
    }
}

fn first_segment(
    context: &Arc<Context>,
    push: &PushRequest,
    probe: &Probe,
    explicit: Option<Tag>,
    serial: u64,
) -> Result<Stream, Problem> {
    let settings = push.transcode_config.as_ref();
    let profiles = match settings {
        Some(settings) => settings.profiles(&context.config.profiles).map_err(Problem::from)?,
        None => context.config.profiles.clone(),
    };
    let profiles: Arc<[Profile]> =
        profiles.into_iter().map(|p| Profile { container: Some(push.container), ..p }).collect();
    let verification_freq = settings.map_or(0, |settings| settings.verification_freq);
    let capabilities = job_capabilities(&JobNeeds {
        input: Input::from(&probe.video),
        profiles: &profiles,
        push: true,
        verification_freq,
        storage: StreamStorage::Memory,
        min_version: context.config.min_orchestrator_version.as_deref(),
    })
    .map_err(|e| Problem::new(Reason::CodecNotSupported, e.to_string()))?;
    let shape = shape(probe, &profiles);
    let (tag, tag_source) = tag_of(context, push, &shape, explicit);
    let attributes = context.tags.public_attributes(&tag, shape.facts());
    let paying = context
        .payments
        .as_ref()
        .map(|payments| Arc::new(Paying::new(Arc::clone(payments), tag.clone(), &profiles)));
    let tag_id = paying.as_ref().map_or_else(|| context.tags.id(&tag), |p| p.tag_id());
    let carried = context.config.tags.carry.then(|| job_tag(context, &tag, tag_id));
    let qualification = context
        .advertiser
        .as_ref()
        .map(|advertiser| Qualification::new(Arc::clone(advertiser), tag.clone()));
    let trusting =
        Trusting::new(Arc::clone(&context.trust), tag.to_string(), &profiles, Draw::random());
    let mut request = context.identity.clone();
    request.capabilities = Some(capabilities.to_wire());
    let sessions = Sessions::new(Opener {
        directory: context.directory.clone(),
        clock: context.clock.clone(),
        tasks: context.tasks.clone(),
        request,
        capabilities: Arc::new(capabilities),
        tag_header: carried.as_ref().map(wire::tag_header),
        tag: carried,
        qualification,
        trusting,
        silent: Arc::clone(&context.silent),
        extra_nodes: context.config.extra_nodes,
        blocked: Arc::clone(&context.blocked),
        transport: context.transport.clone(),
        paying,
    });
    let parts = stream::Parts {
        manifest: push.manifest.clone(),
        window: window(context, push, probe, &profiles),
        profiles,
        container: push.container,
        tag,
        tag_source,
        attributes,
        timeout_multiplier: settings.map_or(1, |s| s.timeout_multiplier.max(1)),
        always_reinit: false,
        verification_freq,
        sessions,
        serial,
    };
    Ok(Stream::new(parts, context.clock.now()))
}

/// What orchestrators are told of the tag: its number, and which class of which state applies.
fn job_tag(context: &Context, tag: &Tag, tag_id: TagId) -> JobTag {
    let class = context.advertiser.as_ref().and_then(|a| a.published().carried(tag));
    JobTag {
        tag_id: tag_id.get(),
        tag: tag.to_string(),
        requirements_hash: class
            .map(|c| Bytes::copy_from_slice(c.hash.as_slice()))
            .unwrap_or_default(),
        seq: class.map_or(0, |class| class.seq),
    }
}

fn window(
    context: &Context,
    push: &PushRequest,
    probe: &Probe,
    profiles: &[Profile],
) -> Window<SegmentRef> {
    let side = |n: i32| u32::try_from(n).unwrap_or(0);
    let variants = profiles.iter().map(|p| Variant {
        name: p.name.clone(),
        bandwidth: u64::try_from(p.bitrate).unwrap_or(0),
        resolution: (side(p.width), side(p.height)),
    });
    Window::new(WindowConfig {
        manifest: push.manifest.clone(),
        size: context.config.hls.window,
        container: push.container,
        source_resolution: push.resolution.unwrap_or((probe.video.width, probe.video.height)),
        renditions: variants.collect(),
    })
}

fn explicit_tag(context: &Context, push: &PushRequest) -> Result<Option<Tag>, Problem> {
    let Some(text) = &push.explicit_tag else { return Ok(None) };
    let tag: Tag = text.parse().map_err(|e| Problem::new(Reason::InvalidTag, format!("{e}")))?;
    let allowed = context.config.tags.allowed.as_ref();
    if allowed.is_some_and(|patterns| !patterns.iter().any(|p| p.matches(&tag))) {
        let detail = format!("the tag {tag} is not among those this gateway's operator allows");
        return Err(Problem::new(Reason::TagNotAllowed, detail));
    }
    Ok(Some(tag))
}

fn tag_of(
    context: &Context,
    push: &PushRequest,
    shape: &TranscodeShape,
    explicit: Option<Tag>,
) -> (Tag, TagSource) {
    if let Some(tag) = explicit {
        return (tag, TagSource::Declared);
    }
    let mut routes = context.config.tags.routes.iter();
    if let Some(route) = routes.find(|r| r.manifest.matches(push.manifest.as_str())) {
        return (route.tag.clone(), TagSource::Configured);
    }
    (context.tags.default_tag(&JobShape::Transcode(shape)), TagSource::Mapped)
}

fn shape(probe: &Probe, profiles: &[Profile]) -> TranscodeShape {
    let video = &probe.video;
    let (num, den) = video.frame_rate.unwrap_or((0, 1));
    TranscodeShape {
        delivery: Delivery::Live,
        source: SourceShape {
            container: Some(match probe.container {
                Container::MpegTs => waymark_tagging::Container::MpegTs,
                Container::Mp4 => waymark_tagging::Container::Mp4,
            }),
            codec: Some(match video.codec {
                VideoCodec::H264 => Codec::H264,
                VideoCodec::Hevc => Codec::Hevc,
                VideoCodec::Vp8 => Codec::Vp8,
                VideoCodec::Vp9 => Codec::Vp9,
                VideoCodec::Av1 => Codec::Av1,
                _ => Codec::Other,
            }),
            height: video.height,
            fps: num.div_ceil(den.max(1)),
            bit_depth: video.bit_depth.unwrap_or(0),
        },
        renditions: profiles
            .iter()
            .map(|p| RenditionShape {
                codec: match p.encoder {
                    Encoder::H264 => Codec::H264,
                    Encoder::Hevc => Codec::Hevc,
                    Encoder::Vp8 => Codec::Vp8,
                    Encoder::Vp9 => Codec::Vp9,
                },
                height: u32::try_from(p.height).unwrap_or(0),
            })
            .collect(),
    }
}

fn reply(form: ReplyForm, context: &Context, delivered: &Delivered) -> Reply {
    let Delivered { stream, seq, renditions, uris } = delivered;
    let named = stream.profiles.iter().zip(renditions);
    match form {
        ReplyForm::Multipart if !renditions.is_empty() => {
            let parts =
                named.map(|(p, b)| multipart::Part { name: p.name.clone(), bytes: b.clone() });
            let boundary = multipart::Boundary::random(&mut rand::rng());
            boxed(multipart::response(&boundary, *seq, stream.container, parts))
        }
        _ => {
            let summary = Summary {
                manifest: stream.manifest.as_str(),
                seq: *seq,
                tag: Some(SummaryTag {
                    name: stream.tag.as_str(),
                    id: context.tags.id(&stream.tag).get(),
                }),
                renditions: named
                    .enumerate()
                    .map(|(i, (p, b))| SummaryRendition {
                        name: &p.name,
                        uri: uris.get(i).cloned(),
                        bytes: b.len() as u64,
                    })
                    .collect(),
            };
            boxed(summary.response().map(Full::new))
        }
    }
}
