//! Whatever is pushed, in whatever order, a player never sees the playlist go wrong.

use std::collections::HashMap;

use m3u8_rs::{MediaPlaylist, Playlist};
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    /// A segment arrives and its work ends at once.
    Push(u64, u64),
    Arrive(u64),
    /// One of the segments in work ends well.
    Finish(prop::sample::Index),
    /// One of the segments in work fails.
    Fail(prop::sample::Index),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let seq = || prop_oneof![9 => 0u64..40, 1 => any::<u64>(), 1 => (u64::MAX - 3)..=u64::MAX];
    prop_oneof![
        6 => (seq(), 0u64..8000).prop_map(|(seq, millis)| Step::Push(seq, millis)),
        4 => seq().prop_map(Step::Arrive),
        4 => any::<prop::sample::Index>().prop_map(Step::Finish),
        1 => any::<prop::sample::Index>().prop_map(Step::Fail),
        2 => (0u64..6000).prop_map(Step::Pass),
    ]
}

/// Mostly ascending numbers with restarts, repetitions and gaps: what encoders do.
fn encoder() -> impl Strategy<Value = Vec<Step>> {
    let habit = prop_oneof![
        12 => Just(None),
        1 => (0u64..5).prop_map(Some),
    ];
    prop::collection::vec((habit, 0u64..4, step()), 1..80).prop_map(|habits| {
        let mut next = 0u64;
        let mut steps = Vec::new();
        for (restart, odd, other) in habits {
            next = restart.unwrap_or(next);
            match odd {
                0 => steps.push(other),
                1 => next += 1,
                _ => {}
            }
            steps.push(Step::Push(next, 2000));
            next += 1;
        }
        steps
    })
}

/// What a player remembers between two loads of the playlist.
#[derive(Default)]
struct Player {
    media_sequence: u64,
    target_duration: u64,
    /// Content behind every URI ever seen, with its position and discontinuity number.
    seen: HashMap<String, (String, u64, u64)>,
}

impl Player {
    fn load(&mut self, window: &Window<String>) -> Result<(), TestCaseError> {
        let Some(text) = window.media(SOURCE) else { return Ok(()) };
        let playlist = match m3u8_rs::parse_playlist_res(text.as_bytes()) {
            Ok(Playlist::MediaPlaylist(playlist)) => playlist,
            other => return Err(TestCaseError::fail(format!("{other:?}\n{text}"))),
        };
        prop_assert!((1..=WINDOW_SIZE).contains(&playlist.segments.len()));
        prop_assert!(playlist.media_sequence >= self.media_sequence);
        prop_assert!(playlist.target_duration >= self.target_duration);
        self.media_sequence = playlist.media_sequence;
        self.target_duration = playlist.target_duration;
        self.look_at_segments(window, &playlist)
    }

    fn look_at_segments(
        &mut self,
        window: &Window<String>,
        playlist: &MediaPlaylist,
    ) -> Result<(), TestCaseError> {
        let mut discontinuities = playlist.discontinuity_sequence;
        for (position, segment) in (playlist.media_sequence..).zip(&playlist.segments) {
            discontinuities += u64::from(segment.discontinuity);
            let bound = f64::from(u32::try_from(playlist.target_duration).unwrap());
            prop_assert!(f64::from(segment.duration).round() <= bound);
            let path = HlsPath::parse(&segment.uri.parse().unwrap());
            let Some(HlsPath::Segment { seq, epoch, rendition, .. }) = path else {
                return Err(TestCaseError::fail(format!("{} leads nowhere", segment.uri)));
            };
            let content = window.segment(&rendition, seq, epoch);
            let Some(content) = content else {
                return Err(TestCaseError::fail(format!("{} is listed and lost", segment.uri)));
            };
            let fact = (content, position, discontinuities);
            let known = self.seen.entry(segment.uri.clone()).or_insert_with(|| fact.clone());
            prop_assert_eq!(&*known, &fact, "{} changed", segment.uri);
        }
        Ok(())
    }
}

fn check(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut stream = stream();
    let mut player = Player::default();
    let mut in_work: Vec<Admission> = Vec::new();
    for step in steps {
        match step {
            Step::Push(seq, millis) => {
                let admission = stream.window.admit(seq);
                let published = stream.finish_with(&admission, Duration::from_millis(millis));
                if let Some(epoch) = published.epoch {
                    prop_assert!(stream.window.segment(SOURCE, seq, epoch).is_some());
                }
            }
            Step::Arrive(seq) => in_work.push(stream.window.admit(seq)),
            Step::Finish(index) if !in_work.is_empty() => {
                let admission = in_work.swap_remove(index.index(in_work.len()));
                stream.finish(&admission);
            }
            Step::Fail(index) if !in_work.is_empty() => {
                let admission = in_work.swap_remove(index.index(in_work.len()));
                stream.window.abandon(&admission);
            }
            Step::Finish(_) | Step::Fail(_) => {}
            Step::Pass(millis) => stream.pass(Duration::from_millis(millis)),
        }
        player.load(&stream.window)?;
        prop_assert!(stream.window.waiting.len() <= WINDOW_SIZE);
        prop_assert!(stream.window.suspected.len() <= WINDOW_SIZE);
        prop_assert!(stream.window.retired.len() <= WINDOW_SIZE);
    }
    stream.window.end();
    player.load(&stream.window)?;
    prop_assert_eq!(stream.window.next_deadline(), None);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn pain_19_players_never_see_the_playlist_go_wrong(
        steps in prop::collection::vec(step(), 0..80),
    ) {
        check(steps)?;
    }

    #[test]
    fn pain_19_nor_with_an_encoder_that_restarts_repeats_and_skips(steps in encoder()) {
        check(steps)?;
    }
}
