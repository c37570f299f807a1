//! Runs graphs of libavfilter on pictures and tones in memory.

use ffmpeg_next::filter::{self, Graph};
use ffmpeg_next::frame::{Audio, Video};
use ffmpeg_next::{Error, Rational, Rescale};

use super::{MAX_PICTURES, Reel, ready};
use crate::av::{Fault, failed};

/// Draws pictures with a graph that has no input; fewer when it ends.
pub(super) fn draw(text: &str, count: usize) -> Result<Vec<Video>, Fault> {
    ready()?;
    let mut graph = Graph::new();
    add(&mut graph, "buffersink", "out", "")?;
    let text = format!("{text},format=yuv420p");
    graph
        .input("out", 0)
        .and_then(|parser| parser.parse(&text))
        .and_then(|()| graph.validate())
        .map_err(failed("set up a filter graph"))?;
    let mut pictures = Vec::new();
    while pictures.len() < count {
        let Some((picture, _)) = pull(&mut graph)? else { break };
        pictures.push(picture);
    }
    Ok(pictures)
}

/// Sends the pictures of a reel, and of another beside it, through a graph.
pub(super) fn run(
    text: &str,
    reel: &Reel,
    other: Option<&Reel>,
) -> Result<(Vec<Video>, Vec<i64>), Fault> {
    ready()?;
    let other = match other {
        Some(other) => Some(reel.showing(other).map_err(|_| Fault::Missing("second pictures"))?),
        None => None,
    };
    let mut graph = Graph::new();
    let inputs = if other.is_some() { &["in", "other"][..] } else { &["in"][..] };
    for input in inputs {
        add(&mut graph, "buffer", input, &format_of(reel))?;
    }
    add(&mut graph, "buffersink", "end", "")?;
    let clock = reel.clock;
    let (num, den) = (clock.numerator(), clock.denominator());
    let text = format!("{text};[out]format=yuv420p,settb={num}/{den}[end]");
    let mut parser = filter::graph::Parser::new(&mut graph);
    for input in inputs {
        parser = parser.output(input, 0).map_err(failed("name an input"))?;
    }
    parser
        .input("end", 0)
        .and_then(|parser| parser.parse(&text))
        .and_then(|()| graph.validate())
        .map_err(failed("set up a filter graph"))?;
    let mut out = (Vec::new(), Vec::new());
    let others = other.iter().flat_map(|other| &other.pictures);
    let mut others = others.cycle();
    for (picture, time) in reel.pictures.iter().zip(&reel.times) {
        push(&mut graph, "in", picture, *time)?;
        if let Some(picture) = others.next() {
            push(&mut graph, "other", picture, *time)?;
        }
        drain(&mut graph, clock, &mut out)?;
    }
    for input in inputs {
        if let Some(mut context) = graph.get(input) {
            context.source().flush().map_err(failed("end a filter graph"))?;
        }
    }
    drain(&mut graph, clock, &mut out)?;
    Ok(out)
}

/// Tones of a graph without inputs, in mono of 48 kHz floats, `count` frames of `size` samples each.
pub(crate) fn tones(
    text: &str,
    size: usize,
    count: usize,
    packed: bool,
) -> Result<Vec<Audio>, Fault> {
    ready()?;
    let mut graph = Graph::new();
    add(&mut graph, "abuffersink", "out", "")?;
    let format = if packed { "flt" } else { "fltp" };
    let text =
        format!("{text},aformat=sample_rates=48000:channel_layouts=mono:sample_fmts={format}");
    graph
        .input("out", 0)
        .and_then(|parser| parser.parse(&text))
        .and_then(|()| graph.validate())
        .map_err(failed("set up a filter graph"))?;
    let mut frames = Vec::new();
    let Some(mut sink) = graph.get("out") else { return Ok(frames) };
    while frames.len() < count {
        let mut frame = Audio::empty();
        match sink.sink().samples(&mut frame, size) {
            Ok(()) => frames.push(frame),
            Err(_) => break,
        }
    }
    Ok(frames)
}

fn add(graph: &mut Graph, kind: &'static str, name: &str, arguments: &str) -> Result<(), Fault> {
    let kind = filter::find(kind).ok_or(Fault::Missing("buffer filters"))?;
    graph.add(&kind, name, arguments).map_err(failed("add to a filter graph"))?;
    Ok(())
}

/// Arguments of a buffer that takes a reel's pictures.
fn format_of(reel: &Reel) -> String {
    let (width, height) = reel.size();
    let (num, den) = (reel.clock.numerator(), reel.clock.denominator());
    let (rate, per) = (reel.rate.numerator(), reel.rate.denominator());
    format!(
        "video_size={width}x{height}:pix_fmt=yuv420p:time_base={num}/{den}:frame_rate={rate}/{per}:pixel_aspect=1/1"
    )
}

/// Hands a copy of a picture in: a graph keeps, and may change, what it is given.
fn push(graph: &mut Graph, input: &str, picture: &Video, time: i64) -> Result<(), Fault> {
    let Some(mut context) = graph.get(input) else { return Ok(()) };
    let mut picture = picture.clone();
    picture.set_pts(Some(time));
    context.source().add(&picture).map_err(failed("filter a picture"))
}

fn drain(
    graph: &mut Graph,
    clock: Rational,
    (pictures, times): &mut (Vec<Video>, Vec<i64>),
) -> Result<(), Fault> {
    while pictures.len() < MAX_PICTURES
        && let Some((picture, of)) = pull(graph)?
    {
        let at = picture.pts().unwrap_or(0).rescale(of, clock);
        let least = times.last().map_or(i64::MIN, |last: &i64| last.saturating_add(1));
        times.push(at.max(least));
        pictures.push(picture);
    }
    Ok(())
}

/// The next picture at a graph's end and its clock; `None` when there is none (yet).
fn pull(graph: &mut Graph) -> Result<Option<(Video, Rational)>, Fault> {
    let Some(mut context) = graph.get("end").or_else(|| graph.get("out")) else { return Ok(None) };
    let mut sink = context.sink();
    let mut picture = Video::empty();
    match sink.frame(&mut picture) {
        Ok(()) => Ok(Some((picture, sink.time_base()))),
        Err(Error::Eof | Error::Other { errno: ffmpeg_next::error::EAGAIN }) => Ok(None),
        Err(source) => Err(Fault::Failed { action: "filter a picture", source }),
    }
}
