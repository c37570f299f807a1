use super::*;

mod invariants;
mod recorded;

const SECOND: Duration = Duration::from_secs(1);

/// A window whose segments are texts such as `source:7#0`: rendition, number, how many before it.
pub(super) struct Stream {
    pub(super) window: Window<String>,
    pub(super) now: Duration,
    pushes: usize,
}

impl Stream {
    pub(super) fn new(manifest: &str, source_resolution: (u32, u32)) -> Self {
        let variant = |name: &str, bandwidth, resolution| Variant {
            name: name.into(),
            bandwidth,
            resolution,
        };
        let window = Window::new(WindowConfig {
            manifest: ManifestId::parse(manifest).unwrap(),
            size: WINDOW_SIZE,
            container: Container::MpegTs,
            source_resolution,
            renditions: vec![
                variant("P240p30fps16x9", 600_000, (426, 240)),
                variant("P360p30fps16x9", 1_200_000, (640, 360)),
            ],
        });
        Self { window, now: Duration::ZERO, pushes: 0 }
    }

    fn admit(&mut self, seq: u64) -> Admission {
        self.window.admit(seq)
    }

    fn finish(&mut self, admission: &Admission) -> Published {
        self.finish_with(admission, 2 * SECOND)
    }

    pub(super) fn finish_with(&mut self, admission: &Admission, duration: Duration) -> Published {
        let media = |name: &str| format!("{name}:{}#{}", admission.seq(), self.pushes);
        let (source, one, two) = (media(SOURCE), media("P240p30fps16x9"), media("P360p30fps16x9"));
        self.pushes += 1;
        self.window.publish(admission, duration, source, vec![one, two], self.now).unwrap()
    }

    /// Arrives and is finished at once.
    fn push(&mut self, seq: u64) -> Published {
        let admission = self.admit(seq);
        self.finish(&admission)
    }

    fn push_all(&mut self, seqs: impl IntoIterator<Item = u64>) {
        for seq in seqs {
            self.push(seq);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.window.tick(self.now);
    }

    /// The playlist in short: `2 | 12 13 ~ 14?e=1` is media sequence 2 and a break before 14.
    fn list(&self) -> String {
        let text = self.window.media(SOURCE).unwrap_or_default();
        let mut words = Vec::new();
        for line in text.lines() {
            if let Some(n) = line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:") {
                words.extend([n.to_owned(), "|".to_owned()]);
            } else if line == "#EXT-X-DISCONTINUITY" {
                words.push("~".to_owned());
            } else if line == "#EXT-X-ENDLIST" {
                words.push("end".to_owned());
            } else if let Some(path) = line.strip_prefix("/stream/") {
                words.push(path.rsplit('/').next().unwrap().replace(".ts", ""));
            }
        }
        words.join(" ")
    }
}

fn stream() -> Stream {
    Stream::new("golden1", (320, 180))
}

#[test]
fn nothing_is_served_before_the_first_segment() {
    let stream = stream();
    assert_eq!(stream.window.master(), None);
    assert_eq!(stream.window.media(SOURCE), None);
    assert_eq!(stream.window.segment(SOURCE, 0, 0), None);
}

#[test]
fn the_window_slides_and_old_segments_can_be_fetched_for_one_more_window() {
    let mut stream = stream();
    stream.push_all(0..20);
    assert_eq!(stream.list(), "14 | 14 15 16 17 18 19");
    for seq in 8..20 {
        assert!(stream.window.segment("P360p30fps16x9", seq, 0).is_some(), "{seq}");
    }
    assert_eq!(stream.window.segment(SOURCE, 7, 0), None);
}

#[test]
fn every_rendition_lists_the_same_segments_with_its_own_bytes() {
    let mut stream = stream();
    stream.push_all(0..3);
    let source = stream.window.media(SOURCE).unwrap();
    for name in ["P240p30fps16x9", "P360p30fps16x9"] {
        let media = stream.window.media(name).unwrap();
        assert_eq!(media.replace(name, SOURCE), source);
        assert_eq!(stream.window.segment(name, 1, 0).unwrap(), format!("{name}:1#1"));
    }
    assert_eq!(stream.window.media("none"), None);
    assert_eq!(stream.window.segment("none", 1, 0), None);
}

#[test]
fn pain_19_the_same_number_again_changes_nothing() {
    let mut stream = stream();
    stream.push_all(10..18);
    let before = stream.list();
    let published = stream.push(17);
    assert_eq!(published, Published { placement: Placement::Repeated, epoch: Some(0) });
    assert_eq!(stream.list(), before);
    assert_eq!(stream.window.segment(SOURCE, 17, 0).unwrap(), "source:17#7");
    stream.push(18);
    assert_eq!(stream.list(), "3 | 13 14 15 16 17 18");
}

#[test]
fn pain_19_a_late_segment_is_answered_and_not_listed() {
    let mut stream = stream();
    stream.push_all(10..18);
    let before = stream.list();
    let published = stream.push(3);
    assert_eq!(published, Published { placement: Placement::Late, epoch: None });
    assert_eq!(stream.list(), before);
    stream.push(18);
    assert_eq!(stream.list(), "3 | 13 14 15 16 17 18");
}

#[test]
fn pain_19_after_an_encoder_restart_the_playlist_goes_on() {
    let mut stream = stream();
    stream.push_all(0..8);
    stream.push_all([0, 1, 2]);
    assert_eq!(stream.list(), "5 | 5 6 7 ~ 0?e=1 1?e=1 2?e=1");
    assert_eq!(stream.window.segment(SOURCE, 0, 1).unwrap(), "source:0#8");
    assert_eq!(stream.window.segment(SOURCE, 2, 0).unwrap(), "source:2#2");
    stream.push_all(3..9);
    assert_eq!(stream.list(), "11 | 3?e=1 4?e=1 5?e=1 6?e=1 7?e=1 8?e=1");
    assert!(
        stream.window.media(SOURCE).unwrap().contains("#EXT-X-DISCONTINUITY-SEQUENCE:1\n"),
        "the tag that left the list is counted"
    );
}

#[test]
fn a_restart_right_after_the_start_is_seen_with_its_second_segment() {
    let mut stream = stream();
    stream.push_all([0, 1, 2, 0]);
    assert_eq!(stream.list(), "0 | 0 1 2");
    stream.push(1);
    assert_eq!(stream.list(), "0 | 0 1 2 ~ 0?e=1 1?e=1");
}

#[test]
fn zero_is_a_restart_at_once_where_it_can_be_nothing_else() {
    let mut stream = stream();
    stream.push_all(10..14);
    stream.push(0);
    assert_eq!(stream.list(), "0 | 10 11 12 13 ~ 0?e=1");
}

#[test]
fn a_restart_from_one_loses_nothing() {
    let mut stream = stream();
    stream.push_all(100..103);
    stream.push_all([1, 2, 3]);
    assert_eq!(stream.list(), "0 | 100 101 102 ~ 1?e=1 2?e=1 3?e=1");
}

#[test]
fn restarts_can_follow_each_other() {
    let mut stream = stream();
    for _ in 0..3 {
        stream.push_all([0, 1, 2]);
    }
    assert_eq!(stream.list(), "3 | ~ 0?e=1 1?e=1 2?e=1 ~ 0?e=2 1?e=2 2?e=2");
    stream.push(3);
    assert_eq!(stream.list(), "4 | 1?e=1 2?e=1 ~ 0?e=2 1?e=2 2?e=2 3?e=2");
}

#[test]
fn a_restart_is_told_by_arrival_even_when_work_ends_in_another_order() {
    let mut stream = stream();
    stream.push_all(0..8);
    let zero = stream.admit(0);
    let one = stream.admit(1);
    assert_eq!(stream.finish(&one).placement, Placement::Waiting);
    assert_eq!(stream.list(), "2 | 2 3 4 5 6 7");
    assert_eq!(stream.finish(&zero), Published { placement: Placement::Listed, epoch: Some(1) });
    assert_eq!(stream.list(), "4 | 4 5 6 7 ~ 0?e=1 1?e=1");
}

#[test]
fn what_the_old_encoder_left_is_listed_before_the_restart() {
    let mut stream = stream();
    stream.push_all([0, 1, 2, 4]);
    assert_eq!(stream.list(), "0 | 0 1 2");
    stream.push_all([0, 1]);
    assert_eq!(stream.list(), "0 | 0 1 2 ~ 4 ~ 0?e=1 1?e=1");
}

#[test]
fn work_of_the_old_encoder_that_ends_after_the_restart_is_not_listed() {
    let mut stream = stream();
    stream.push_all(0..8);
    let straggler = stream.admit(8);
    stream.push_all([0, 1]);
    let before = stream.list();
    assert_eq!(stream.finish(&straggler).placement, Placement::Late);
    assert_eq!(stream.list(), before);
}

#[test]
fn segments_that_finish_out_of_order_are_listed_in_order() {
    let mut stream = stream();
    let admissions: Vec<_> = (0..4).map(|seq| stream.admit(seq)).collect();
    for index in [2, 1, 3] {
        assert_eq!(stream.finish(&admissions[index]).placement, Placement::Waiting);
        assert_eq!(stream.list(), "");
    }
    assert!(stream.finish(&admissions[0]).listed());
    assert_eq!(stream.list(), "0 | 0 1 2 3");
}

#[test]
fn a_stream_can_begin_out_of_order() {
    let mut stream = stream();
    let one = stream.admit(1);
    let zero = stream.admit(0);
    assert_eq!(stream.finish(&one).placement, Placement::Waiting);
    assert!(stream.finish(&zero).listed());
    assert_eq!(stream.list(), "0 | 0 1");
}

#[test]
fn a_waiting_segment_can_be_fetched_already() {
    let mut stream = stream();
    stream.push(0);
    let published = stream.push(2);
    assert_eq!(published, Published { placement: Placement::Waiting, epoch: Some(0) });
    assert_eq!(stream.window.segment(SOURCE, 2, 0).unwrap(), "source:2#1");
}

#[test]
fn a_missing_number_is_waited_for_two_segment_durations() {
    let mut stream = stream();
    stream.push_all([0, 1]);
    stream.now = SECOND;
    stream.push(3);
    assert_eq!(stream.window.next_deadline(), Some(5 * SECOND));
    stream.pass(Duration::from_millis(3999));
    assert_eq!(stream.list(), "0 | 0 1");
    stream.pass(Duration::from_millis(1));
    assert_eq!(stream.list(), "0 | 0 1 ~ 3");
    assert_eq!(stream.window.next_deadline(), None);
}

#[test]
fn a_number_that_comes_in_time_leaves_no_gap() {
    let mut stream = stream();
    stream.push_all([0, 2]);
    stream.pass(3 * SECOND);
    assert!(stream.push(1).listed());
    assert_eq!(stream.list(), "0 | 0 1 2");
}

#[test]
fn a_number_that_comes_after_its_time_is_answered_and_not_listed() {
    let mut stream = stream();
    stream.push_all([0, 2]);
    stream.pass(4 * SECOND);
    assert_eq!(stream.push(1).placement, Placement::Late);
    assert_eq!(stream.list(), "0 | 0 ~ 2");
    stream.push(3);
    assert_eq!(stream.list(), "0 | 0 ~ 2 3");
}

#[test]
fn each_gap_has_a_time_of_its_own() {
    let mut stream = stream();
    stream.push_all([0, 2]);
    stream.pass(2 * SECOND);
    stream.push(5);
    stream.pass(2 * SECOND);
    assert_eq!(stream.list(), "0 | 0 ~ 2");
    stream.pass(2 * SECOND);
    assert_eq!(stream.list(), "0 | 0 ~ 2 ~ 5");
}

#[test]
fn no_more_waits_than_the_window_holds() {
    let mut stream = stream();
    stream.push(0);
    stream.push_all(2..8);
    assert_eq!(stream.list(), "0 | 0");
    stream.push(8);
    assert_eq!(stream.list(), "2 | 3 4 5 6 7 8");
}

#[test]
fn late_segments_in_a_row_fill_no_gap_and_are_no_restart() {
    let mut stream = stream();
    stream.push(0);
    stream.push(4);
    stream.pass(4 * SECOND);
    stream.push_all([1, 2, 3]);
    stream.push(5);
    assert_eq!(stream.list(), "0 | 0 ~ 4 5");
}

#[test]
fn a_stray_number_ahead_does_not_freeze_the_stream() {
    let mut stream = stream();
    stream.push_all([0, 1, 20]);
    stream.pass(4 * SECOND);
    stream.push_all(2..14);
    assert_eq!(stream.list(), "9 | 8?e=1 9?e=1 10?e=1 11?e=1 12?e=1 13?e=1");
}

#[test]
fn a_retry_of_a_segment_in_work_counts_once() {
    let mut stream = stream();
    stream.push_all([0, 1]);
    let (first, second) = (stream.admit(2), stream.admit(2));
    assert!(stream.finish(&second).listed());
    assert_eq!(stream.finish(&first).placement, Placement::Repeated);
    assert_eq!(stream.list(), "0 | 0 1 2");
    assert_eq!(stream.window.segment(SOURCE, 2, 0).unwrap(), "source:2#2");
}

#[test]
fn retries_after_failures_are_no_restart() {
    let mut stream = stream();
    stream.push_all([0, 1]);
    for seq in [2, 3] {
        let failed = stream.admit(seq);
        stream.window.abandon(&failed);
    }
    stream.push_all([2, 3, 4]);
    assert_eq!(stream.list(), "0 | 0 1 2 3 4");
}

#[test]
fn the_end_lists_what_waits_and_stops_the_list() {
    let mut stream = stream();
    stream.push_all([0, 1, 3]);
    stream.window.end();
    assert_eq!(stream.list(), "0 | 0 1 ~ 3 end");
    assert_eq!(stream.push(4).placement, Placement::Late);
    assert_eq!(stream.list(), "0 | 0 1 ~ 3 end");
    assert!(stream.window.has_ended());
}

#[test]
fn a_segment_with_another_number_of_renditions_is_refused() {
    let mut stream = stream();
    let admission = stream.admit(0);
    let error = stream
        .window
        .publish(&admission, SECOND, "s".into(), vec!["one".into()], SECOND)
        .unwrap_err();
    assert_eq!(error, RenditionCountError { expected: 2, given: 1 });
    assert_eq!(stream.list(), "");
}

#[test]
fn the_target_duration_covers_every_segment_and_never_shrinks() {
    let mut stream = stream();
    let target = |stream: &Stream| {
        let text = stream.window.media(SOURCE).unwrap();
        text.lines().find_map(|l| l.strip_prefix("#EXT-X-TARGETDURATION:").map(str::to_owned))
    };
    for (seq, millis, expected) in
        [(0, 0, "1"), (1, 2000, "2"), (2, 2001, "3"), (3, 500, "3"), (4, 10_400, "11")]
    {
        let admission = stream.admit(seq);
        stream.finish_with(&admission, Duration::from_millis(millis));
        assert_eq!(target(&stream).unwrap(), expected, "{millis} ms");
    }
    assert!(stream.window.media(SOURCE).unwrap().contains("#EXTINF:10.400,\n"));
}

#[test]
fn the_highest_number_there_is_can_be_pushed() {
    let mut stream = stream();
    stream.push_all([u64::MAX - 1, u64::MAX]);
    let again = stream.admit(u64::MAX);
    assert_eq!(stream.finish(&again).placement, Placement::Repeated);
    assert_eq!(stream.list(), format!("0 | {} {}", u64::MAX - 1, u64::MAX));
}

#[test]
fn mp4_segments_are_listed_with_their_extension() {
    let mut stream = stream();
    stream.window.config.container = Container::Mp4;
    stream.push(0);
    assert!(stream.window.media(SOURCE).unwrap().ends_with("/stream/golden1/source/0.mp4\n"));
}

#[test]
fn a_manifest_with_a_colon_is_still_a_relative_reference() {
    let mut stream = Stream::new("a:b", (0, 0));
    stream.push(0);
    let master = stream.window.master().unwrap();
    assert!(master.contains("RESOLUTION=0x0\n./a:b/source.m3u8\n"), "{master}");
}
