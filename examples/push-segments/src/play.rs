//! The playing half: a player that comes early and fetches each segment of every rendition once.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use m3u8_rs::{MasterPlaylist, MediaPlaylist, MediaSegment};
use reqwest::{Client, StatusCode};
use serde::Serialize;
use tokio::time::{Instant, sleep};
use url::Url;

use crate::{ANSWER, event::Reporter, seen::Seen};

/// After the stream was ended, every playlist has to say so within this time.
const LAST: Duration = Duration::from_secs(15);

/// A player.
#[derive(Debug)]
pub(crate) struct Player {
    /// Connections to the gateway.
    pub(crate) client: Client,
    /// The master playlist.
    pub(crate) master: Url,
    /// How often playlists are read.
    pub(crate) poll: Duration,
    /// Where to keep segments.
    pub(crate) save: Option<PathBuf>,
}

/// One rendition as it was played.
#[derive(Debug, Serialize)]
pub(crate) struct Played {
    /// Its name; `source` is what was pushed.
    pub(crate) rendition: String,
    /// Segments fetched.
    pub(crate) segments: u64,
    /// Sum of their EXTINF, seconds.
    pub(crate) seconds: f32,
    /// What no player should meet.
    pub(crate) faults: Vec<String>,
}

/// Where playing one rendition stands.
#[derive(Debug, Default)]
struct Track {
    /// Media sequence number of the next segment to fetch; `None` before the first.
    next: Option<u64>,
    segments: u64,
    seconds: f32,
    ended: bool,
    faults: Vec<String>,
}

impl Player {
    /// Plays until every playlist says that it ended.
    pub(crate) async fn play(
        self,
        reporter: &Reporter,
        seen: &Seen,
    ) -> anyhow::Result<Vec<Played>> {
        let mut tracks: BTreeMap<String, Track> = BTreeMap::new();
        let mut deadline = None;
        loop {
            let was_over = seen.ended();
            for (name, url) in self.variants().await? {
                let track = tracks.entry(name.clone()).or_default();
                if !track.ended {
                    self.advance(&name, &url, track, reporter, seen).await?;
                }
            }
            if !tracks.is_empty() && tracks.values().all(|t| t.ended) {
                break;
            }
            if was_over && Instant::now() > *deadline.get_or_insert_with(|| Instant::now() + LAST) {
                let open: Vec<_> =
                    tracks.iter().filter(|(_, t)| !t.ended).map(|(n, _)| n.as_str()).collect();
                anyhow::bail!(
                    "the stream was ended {} s ago and these playlists have no ENDLIST: {}",
                    LAST.as_secs(),
                    open.join(", ")
                );
            }
            sleep(self.poll).await;
        }
        Ok(tracks.into_iter().map(|(name, track)| track.played(name)).collect())
    }

    /// Names and playlists of the renditions; none before the first segment is listed.
    async fn variants(&self) -> anyhow::Result<Vec<(String, Url)>> {
        let Some(text) = self.get(&self.master).await? else { return Ok(Vec::new()) };
        let playlist: MasterPlaylist = m3u8_rs::parse_master_playlist_res(&text)
            .map_err(|e| anyhow::anyhow!("the master playlist cannot be read: {e}"))?;
        let variants = playlist.variants.iter().map(|variant| {
            let url = self.master.join(&variant.uri)?;
            Ok((stem(&url)?.to_owned(), url))
        });
        variants.collect()
    }

    /// Reads a rendition's playlist and fetches what is new.
    async fn advance(
        &self,
        name: &str,
        url: &Url,
        track: &mut Track,
        reporter: &Reporter,
        seen: &Seen,
    ) -> anyhow::Result<()> {
        let text = self.get(url).await?.with_context(|| format!("{url} is gone"))?;
        let playlist: MediaPlaylist = m3u8_rs::parse_media_playlist_res(&text)
            .map_err(|e| anyhow::anyhow!("the playlist of {name} cannot be read: {e}"))?;
        track.check(&playlist);
        for (number, segment) in (playlist.media_sequence..).zip(&playlist.segments) {
            if track.next.is_some_and(|next| number < next) {
                continue;
            }
            track.meet(number, segment);
            let url = url.join(&segment.uri)?;
            let seq = stem(&url)?.parse().context("a segment's name is not its number")?;
            let bytes =
                self.get(&url).await?.with_context(|| format!("{url} is listed and gone"))?;
            if seen.has_played(name, seq) {
                track.faults.push(format!("segment {seq} is listed twice"));
            }
            seen.played(name, seq, &bytes);
            self.keep(name, seq, &bytes).await?;
            reporter.fetched(name, seq, bytes.len(), segment.duration);
        }
        track.ended = playlist.end_list;
        Ok(())
    }

    /// A body; `None` for 404.
    async fn get(&self, url: &Url) -> anyhow::Result<Option<Bytes>> {
        let reply = self.client.get(url.clone()).timeout(ANSWER).send().await;
        let reply = reply.with_context(|| format!("{url} cannot be fetched"))?;
        match reply.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => {
                let body = reply.bytes().await;
                Ok(Some(body.with_context(|| format!("{url} broke off"))?))
            }
            status => anyhow::bail!("{url} was answered with {status}"),
        }
    }

    async fn keep(&self, name: &str, seq: u64, bytes: &Bytes) -> anyhow::Result<()> {
        let Some(root) = &self.save else { return Ok(()) };
        let dir = root.join(name);
        tokio::fs::create_dir_all(&dir).await?;
        tokio::fs::write(dir.join(format!("{seq}.ts")), bytes).await?;
        Ok(())
    }
}

impl Track {
    /// What holds for a whole playlist: it begins no later than where we are.
    fn check(&mut self, playlist: &MediaPlaylist) {
        if let Some(next) = self.next.filter(|next| playlist.media_sequence > *next) {
            let lost = playlist.media_sequence - next;
            self.faults.push(format!("{lost} segments left the playlist before they were fetched"));
        }
    }

    /// What holds for each new segment.
    fn meet(&mut self, number: u64, segment: &MediaSegment) {
        if segment.discontinuity && self.segments > 0 {
            self.faults.push(format!("discontinuity before {}", segment.uri));
        }
        self.next = Some(number + 1);
        self.segments += 1;
        self.seconds += segment.duration;
    }

    fn played(self, rendition: String) -> Played {
        let Self { segments, seconds, faults, .. } = self;
        Played { rendition, segments, seconds, faults }
    }
}

/// The last part of a path, without its extension.
fn stem(url: &Url) -> anyhow::Result<&str> {
    let name = url.path().rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    anyhow::ensure!(!stem.is_empty(), "{url} names no file");
    Ok(stem)
}
