//! What tag does a job get?
//!
//! ```text
//! cargo run -p tag-a-job                        # what a pushed H.264 stream gets by default
//! cargo run -p tag-a-job -- ai/llm/chat         # what a tag of one's own is worth
//! ```
//!
//! Exit status 2 when the tag is not valid.
#![forbid(unsafe_code)]

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use waymark_tagging::{
    Codec, Container, Delivery, JobShape, Registry, RenditionShape, SourceShape, Tag, TagId,
    TagSource, TranscodeShape, nonce,
};

fn main() -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let Some(text) = env::args_os().nth(1) else {
        show_default(&mut out)?;
        return Ok(ExitCode::SUCCESS);
    };
    match Tag::parse(text.as_encoded_bytes()) {
        Ok(tag) => {
            writeln!(out, "{tag} is a valid tag\n")?;
            show_tag(&mut out, &tag, TagSource::Declared)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            writeln!(io::stderr(), "{error}")?;
            Ok(ExitCode::from(2))
        }
    }
}

/// A stream as a gateway sees it when somebody pushes 1080p30 H.264 in MPEG-TS.
fn pushed_stream() -> TranscodeShape {
    TranscodeShape {
        delivery: Delivery::Live,
        source: SourceShape {
            container: Some(Container::MpegTs),
            codec: Some(Codec::H264),
            height: 1080,
            fps: 30,
            bit_depth: 8,
        },
        renditions: [720, 480, 360]
            .map(|height| RenditionShape { codec: Codec::H264, height })
            .to_vec(),
    }
}

fn show_default(out: &mut impl Write) -> io::Result<()> {
    let registry = Registry::builtin();
    let stream = pushed_stream();
    let tag = registry.default_tag(&JobShape::Transcode(&stream));
    writeln!(out, "A pushed 1080p30 H.264 stream with 3 renditions, and nobody named a tag:\n")?;
    show_tag(out, &tag, TagSource::Mapped)?;
    writeln!(out, "\nIts records may say this much about its shape, and nothing else:\n")?;
    for (name, value) in registry.public_attributes(&tag, stream.facts()).iter() {
        writeln!(out, "  {name:<14} {value}")?;
    }
    Ok(())
}

fn show_tag(out: &mut impl Write, tag: &Tag, source: TagSource) -> io::Result<()> {
    let registry = Registry::builtin();
    let none = || "none: only its root is above it".to_owned();
    writeln!(out, "  tag            {tag}")?;
    writeln!(out, "  source         {source}")?;
    writeln!(
        out,
        "  parent         {}",
        tag.parent().map_or_else(none, |parent| parent.to_string())
    )?;
    writeln!(out, "  key            {}", tag.key())?;
    match (registry.get(tag), registry.nearest(tag)) {
        (Some(entry), _) => {
            writeln!(out, "  title          {}", entry.title)?;
            writeln!(out, "  paid by        {}", entry.work_unit)?;
        }
        (None, Some(above)) => {
            writeln!(
                out,
                "  title          not registered; treated as {} ({})",
                above.tag, above.title
            )?;
        }
        (None, None) => writeln!(out, "  title          not registered")?,
    }
    match registry.id(tag) {
        TagId::UNTAGGED => {
            writeln!(out, "  tickets        untagged: the tag has no number without a chain")
        }
        id => match nonce::encode(id, 1) {
            Ok(first) => writeln!(out, "  tickets        number {id}, first nonce {first}"),
            Err(error) => writeln!(out, "  tickets        number {id}, {error}"),
        },
    }
}
