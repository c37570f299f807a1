//! `/stream/…`: playlists and segments for players.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, request::Parts};

use crate::{
    context::Context,
    deliver::{hls::HlsPath, playback},
    errors::{Problem, Reason},
    ingest::ManifestId,
    stream::Stream,
};

/// Answers a player.
pub(super) async fn play(context: &Context, parts: &Parts) -> Response<Bytes> {
    match parts.method {
        Method::GET | Method::HEAD => {}
        Method::OPTIONS => return playback::preflight(),
        _ => {
            let refused = Problem::method_not_allowed(&parts.method, playback::METHODS);
            return playback::problem(&refused);
        }
    }
    answer(context, parts).await.unwrap_or_else(|refused| playback::problem(&refused))
}

async fn answer(context: &Context, parts: &Parts) -> Result<Response<Bytes>, Problem> {
    let path = HlsPath::parse(&parts.uri).ok_or_else(|| {
        Problem::new(
            Reason::NotFound,
            "playlists are at /stream/{manifest}.m3u8 and /stream/{manifest}/{rendition}.m3u8",
        )
    })?;
    let current = path.is_current() && context.config.current_manifest;
    let latest = current.then(|| context.streams.latest()).flatten();
    let manifest = latest.as_ref().unwrap_or_else(|| path.manifest());
    let stream = stream(context, manifest)?;
    match &path {
        HlsPath::Master { .. } => {
            let text = stream.window.lock().master();
            text.map(playback::playlist).ok_or_else(|| {
                let detail = format!("{manifest} has no finished segment yet");
                Problem::new(Reason::StreamNotFound, detail)
            })
        }
        HlsPath::Media { rendition, .. } => {
            let text = stream.window.lock().media(rendition);
            text.map(playback::playlist).ok_or_else(|| {
                let detail = format!("{manifest} has no playlist {rendition}");
                Problem::new(Reason::RenditionNotFound, detail)
            })
        }
        HlsPath::Segment { rendition, seq, epoch, container, .. } => {
            let gone = || {
                let detail = format!("segment {seq} of {rendition} is not in the window");
                Problem::new(Reason::SegmentNotFound, detail)
            };
            if *container != stream.container {
                return Err(gone());
            }
            let segment = stream.window.lock().segment(rendition, *seq, *epoch);
            let bytes = segment.ok_or_else(gone)?.read().await.map_err(|error| {
                tracing::warn!(%manifest, rendition, seq, %error, "segment cannot be read back");
                gone()
            })?;
            Ok(playback::segment(bytes, *container))
        }
    }
}

fn stream(context: &Context, manifest: &ManifestId) -> Result<Arc<Stream>, Problem> {
    context.streams.playable(manifest).ok_or_else(|| {
        Problem::new(Reason::StreamNotFound, format!("no stream {manifest} is running"))
    })
}
